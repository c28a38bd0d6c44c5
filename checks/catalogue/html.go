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

// HTMLMark begins style.css of every site of HTML, so that only such folders are
// overwritten.
const HTMLMark = "/* lkdoctor codes --html */"

// HTML returns the whole catalogue as static pages, by path: index.html, style.css, and
// for each language LANG/index.html and LANG/CODE.html. They need no server, load nothing
// from other sites, and link to each other relatively.
func HTML() (map[string][]byte, error) {
	templates, err := template.New("").Funcs(template.FuncMap{"prose": htmlProse, "inline": htmlInline,
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
	front := []labels{}
	for _, lang := range [][2]string{{English, "zh"}, {"zh", English}} {
		w, _ := labelsOf(lang[0])
		front = append(front, w)
		list := htmlList{Words: w, Lang: lang[0], Other: lang[1]}
		for _, page := range Pages(list.Lang) {
			p := htmlPage{Page: page, Words: w, Other: list.Other, OwnerName: w.owner(page)}
			list.Pages = append(list.Pages, p)
			if err := render(list.Lang+"/"+string(page.Code)+".html", "page.html", p); err != nil {
				return nil, err
			}
		}
		if err := render(list.Lang+"/index.html", "list.html", list); err != nil {
			return nil, err
		}
	}
	return site, render("index.html", "front.html", front)
}

// htmlList is the data of the list of the pages in a language, htmlPage that of a page.
type htmlList struct {
	Words       labels
	Lang, Other string
	Pages       []htmlPage
}

type htmlPage struct {
	Page
	Words            labels
	Other, OwnerName string
}

// Description returns the first sentences of a page, for search engines.
func (p htmlPage) Description() string {
	text, _, _ := strings.Cut(strings.ReplaceAll(p.Means, "`", ""), "\n")
	return text
}

// Text returns a page's text in lower case, for the search of the list.
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

// htmlInline escapes text, and makes what is between backticks code.
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

// htmlProse returns paragraphs and lists.
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
