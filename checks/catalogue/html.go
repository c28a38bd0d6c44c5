package catalogue

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"

	"lkdoctor/checks/finding"
)

//go:embed html
var htmlFiles embed.FS

// htmlWords are the words around a page in one language.
type htmlWords struct {
	Tag                              string // as HTML's lang has it
	Site, Intro, Search, All, Other  string
	Check, Owner, Severity, Terminal string
}

func htmlWordsOf(lang string) htmlWords {
	if lang == "zh" {
		return htmlWords{
			Tag: "zh-CN", Site: "lkdoctor：LiveKit 连接错误", All: "全部代码", Other: "English",
			Intro:  "lkdoctor 能发现的每一种 LiveKit 连接问题：含义、原因、如何确认、如何修复。",
			Search: "搜索代码或错误信息", Check: "检查项", Owner: "责任方", Severity: "严重程度", Terminal: "在终端中查看本页：",
		}
	}
	return htmlWords{
		Tag: "en", Site: "lkdoctor: LiveKit connection errors", All: "All codes", Other: "中文",
		Intro:  "Every way in which lkdoctor knows a LiveKit connection to fail: what it means, why it happens, how to confirm it, how to fix it.",
		Search: "Search for a code or an error's text", Check: "Check", Owner: "Owner", Severity: "Severity", Terminal: "This page in a terminal:",
	}
}

// HTMLMark begins style.css of every site of HTML, so that only such folders are
// overwritten.
const HTMLMark = "/* lkdoctor codes --html */"

// HTML is the whole catalogue as static pages, by path: index.html, style.css,
// and for each language LANG/index.html and LANG/CODE.html. They need no server,
// load nothing from elsewhere, and link to each other relatively.
func HTML() (map[string][]byte, error) {
	templates, err := template.New("").Funcs(template.FuncMap{"prose": htmlProse, "inline": htmlInline, "heading": htmlHeading,
		"blockTitle": BlockTitle, "filled": func(s string) string { return finding.Fill(s, nil) }}).ParseFS(htmlFiles, "html/*.html")
	if err != nil {
		return nil, err
	}
	style, err := htmlFiles.ReadFile("html/style.css")
	if err != nil {
		return nil, err
	}
	site := map[string][]byte{"style.css": append([]byte(HTMLMark+"\n"), style...)}
	render := func(path, name string, data any) error {
		var out bytes.Buffer
		if err := templates.ExecuteTemplate(&out, name, data); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		site[path] = out.Bytes()
		return nil
	}
	if err := render("index.html", "front.html", []htmlWords{htmlWordsOf(English), htmlWordsOf("zh")}); err != nil {
		return nil, err
	}
	for lang, other := range map[string]string{English: "zh", "zh": English} {
		var pages []htmlPage
		for _, code := range finding.Codes() {
			page, ok := LookupIn(lang, code)
			if !ok {
				continue
			}
			w, _ := labelsOf(lang)
			p := htmlPage{Page: page, Words: htmlWordsOf(lang), Lang: lang, Other: other, Prints: w.prints, SetFirst: w.setFirst, OwnerName: string(page.Owner), Always: w.always}
			if page.Owner == finding.OwnerMaker {
				p.OwnerName = w.maker
			}
			pages = append(pages, p)
			if err := render(lang+"/"+string(code)+".html", "page.html", p); err != nil {
				return nil, err
			}
		}
		if err := render(lang+"/index.html", "list.html", map[string]any{"Words": htmlWordsOf(lang), "Lang": lang, "Other": other, "Pages": pages}); err != nil {
			return nil, err
		}
	}
	return site, nil
}

// htmlPage is what the template of a page gets.
type htmlPage struct {
	Page
	Words                       htmlWords
	Lang, Other                 string
	Prints, SetFirst, OwnerName string
	// Always heads the fixes that help in every variant.
	Always string
}

// Description is the first sentences of a page, for search engines.
func (p htmlPage) Description() string {
	text, _, _ := strings.Cut(strings.ReplaceAll(p.Means, "`", ""), "\n")
	return text
}

// Text is all of a page's text in lower case, for the search of the list.
func (p htmlPage) Text() string {
	parts := []string{string(p.Code), p.Title, p.Means, p.Why, p.Confirm.Text, p.Confirm.Prints}
	for _, v := range p.Variants {
		parts = append(parts, v.Title)
	}
	for _, f := range p.Fixes() {
		parts = append(parts, f.Text.String())
	}
	return strings.ToLower(strings.Join(strings.Fields(strings.ReplaceAll(strings.Join(parts, " "), "`", "")), " "))
}

func htmlHeading(lang string, which int) string {
	w, _ := labelsOf(lang)
	return w.headings[which]
}

// htmlInline escapes text and sets what stands between backticks as code.
func htmlInline(text string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		if part = template.HTMLEscapeString(part); i%2 == 1 {
			part = "<code>" + part + "</code>"
		}
		b.WriteString(part)
	}
	return template.HTML(b.String())
}

// htmlProse sets paragraphs and lists.
func htmlProse(text string) template.HTML {
	var b strings.Builder
	list := ""
	end := func() {
		if list != "" {
			b.WriteString("</" + list + ">\n")
			list = ""
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		mark := marker(line)
		kind := map[bool]string{true: "ul", false: "ol"}[mark == "- "]
		switch {
		case line == "":
			end()
		case mark == "":
			end()
			b.WriteString("<p>" + string(htmlInline(line)) + "</p>\n")
		default:
			if list != kind {
				end()
				list = kind
				b.WriteString("<" + kind + ">\n")
			}
			b.WriteString("<li>" + string(htmlInline(strings.TrimPrefix(line, mark))) + "</li>\n")
		}
	}
	end()
	return template.HTML(b.String())
}
