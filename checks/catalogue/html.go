package catalogue

import (
	_ "embed"
	"fmt"
	"html"
	"strings"

	"lkdoctor/checks/finding"
)

//go:embed html/style.css
var htmlStyle string

//go:embed html/search.js
var htmlSearch string

// HTMLMark begins style.css of every site of HTML, so that only such folders are
// overwritten.
const HTMLMark = "/* lkdoctor codes --html */"

// HTML returns the whole catalogue as static pages, by path: index.html, style.css, and
// for each language LANG/index.html and LANG/CODE.html. They need no server, load nothing
// from other sites, and link to each other relatively.
func HTML() map[string][]byte {
	site := map[string][]byte{"style.css": []byte(HTMLMark + "\n" + htmlStyle)}
	en, _ := labelsOf(English)
	zh, _ := labelsOf("zh")
	site["index.html"] = htmlFront(en, zh)
	for _, lang := range [][2]string{{English, "zh"}, {"zh", English}} {
		w, _ := labelsOf(lang[0])
		pages := Pages(lang[0])
		for _, page := range pages {
			site[lang[0]+"/"+string(page.Code)+".html"] = htmlPage(page, w, lang[1])
		}
		site[lang[0]+"/index.html"] = htmlList(pages, w, lang[1])
	}
	return site
}

// markup is HTML, which [htmlText] does not escape.
type markup string

// htmlText is a document that is being written. It uses no template package: those call
// methods by name, and a program that does so keeps all methods of all of its types
// (7 MB of lkdoctor).
type htmlText struct{ strings.Builder }

// add appends a line in the format of [fmt.Sprintf]. It escapes all arguments that are not
// markup.
func (t *htmlText) add(format string, args ...any) {
	for i, arg := range args {
		if _, ok := arg.(markup); !ok {
			args[i] = html.EscapeString(fmt.Sprint(arg))
		}
	}
	fmt.Fprintf(t, format+"\n", args...)
}

// head appends the beginning of a document in the language tag. up is the way from its
// folder to the style sheet's: "" or "../".
func (t *htmlText) head(tag, up, title string) {
	t.add(`<!doctype html>
<html lang="%s">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<link rel="stylesheet" href="%sstyle.css">`, tag, title, up)
}

// related ends the head with a description for search engines and a link to the same
// file in the other language.
func (t *htmlText) related(description, other, file string) {
	t.add(`<meta name="description" content="%s">
<link rel="alternate" hreflang="%s" href="../%s/%s">
</head>
<body>`, description, other, other, file)
}

// end ends the document and returns it.
func (t *htmlText) end() []byte {
	t.add("</body>\n</html>")
	return []byte(t.String())
}

// htmlFront returns the page at which the reader chooses a language.
func htmlFront(en, zh labels) []byte {
	t := &htmlText{}
	t.head(en.Tag, "", en.Site)
	t.add(`</head>
<body>
<main>
<h1>lkdoctor</h1>
<p lang="%s"><a href="en/index.html">English</a> — %s</p>
<p lang="%s"><a href="zh/index.html">中文</a> — %s</p>
</main>`, en.Tag, en.Intro, zh.Tag, zh.Intro)
	return t.end()
}

// htmlList returns the list of all pages, with a field to search them.
func htmlList(pages []Page, w labels, other string) []byte {
	t := &htmlText{}
	t.head(w.Tag, "../", w.Site)
	t.related(w.Intro, other, "index.html")
	t.add(`<nav><a href="../%s/index.html" lang="%s">%s</a></nav>
<main>
<h1>%s</h1>
<p>%s</p>
<p><input id="q" type="search" aria-label="%s" placeholder="%s"></p>
<ul class="codes">`, other, other, w.Other, w.Site, w.Intro, w.Search, w.Search)
	for _, p := range pages {
		t.add(`<li data-text="%s"><a href="%s.html"><code>%s</code></a> <span class="%s">%s</span> %s</li>`,
			searched(p), p.Code, p.Code, p.Severity, p.Severity, p.Title)
	}
	t.add("</ul>\n</main>\n<script>\n%s</script>", markup(htmlSearch))
	return t.end()
}

// htmlPage returns the page of a code.
func htmlPage(p Page, w labels, other string) []byte {
	t := &htmlText{}
	file := string(p.Code) + ".html"
	t.head(w.Tag, "../", fmt.Sprintf("%s — %s — lkdoctor", p.Title, p.Code))
	first, _, _ := strings.Cut(strings.ReplaceAll(p.Means, "`", ""), "\n")
	t.related(first, other, file)
	t.add(`<nav><a href="index.html">%s</a> <a href="../%s/%s" lang="%s">%s</a></nav>
<main>
<h1>%s</h1>
<p class="facts"><code>%s</code> <span class="%s">%s</span>
%s: <code>%s</code> · %s: %s</p>`, w.All, other, file, other, w.Other,
		p.Title, p.Code, p.Severity, p.Severity, w.Check, p.Check, w.Owner, w.owner(p))
	t.add("<h2>%s</h2>\n%s", w.Headings[0], htmlProse(p.Means))
	t.add("<h2>%s</h2>\n%s", w.Headings[1], htmlProse(p.Why))
	t.add("<h2>%s</h2>\n%s", w.Headings[2], htmlProse(p.Confirm.Text))
	if len(p.Confirm.Variables) > 0 {
		t.add("<p>%s</p>\n<ul>", w.SetFirst)
		for _, v := range p.Confirm.Variables {
			t.add("<li><code>%s</code>: %s</li>", v.Name, htmlInline(v.Text))
		}
		t.add("</ul>")
	}
	t.add("<pre><code>%s</code></pre>\n<p>%s</p>\n<pre><code>%s</code></pre>", p.Confirm.Command, w.Prints, p.Confirm.Prints)
	t.add("<h2>%s</h2>", w.Headings[3])
	for _, v := range p.Variants {
		switch {
		case v.Title != "":
			t.add("<h3>%s</h3>", htmlInline(v.Title))
		case v.Name != "":
			t.add("<h3>%s</h3>", w.Always)
		}
		t.add("<ul>")
		for _, f := range v.Fixes {
			t.add("<li>%s", htmlInline(f.Text.String()))
			if f.Command != "" {
				t.add("<pre><code>%s</code></pre>", finding.Fill(f.Command, nil))
			}
			for _, block := range f.Code {
				t.add("<p>%s</p>\n<pre><code>%s</code></pre>", BlockTitle(block.Lang), finding.Fill(block.Text, nil))
			}
			t.add("</li>")
		}
		t.add("</ul>")
	}
	t.add(`<p class="facts">%s <code>lkdoctor explain %s</code></p>
</main>`, w.Terminal, p.Code)
	return t.end()
}

// searched returns a page's text in lower case, for the search of the list.
func searched(p Page) string {
	parts := []string{string(p.Code), p.Title, p.Means, p.Why, p.Confirm.Text, p.Confirm.Prints}
	for _, v := range p.Variants {
		parts = append(parts, v.Title)
	}
	for _, f := range p.Fixes() {
		parts = append(parts, f.Text.String())
	}
	text := strings.ReplaceAll(strings.Join(parts, " "), "`", "")
	return strings.ToLower(strings.Join(strings.Fields(text), " "))
}

// htmlInline escapes text, and makes what is between backticks code.
func htmlInline(text string) markup {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		if part = html.EscapeString(part); i%2 == 1 {
			part = "<code>" + part + "</code>"
		}
		b.WriteString(part)
	}
	return markup(b.String())
}

// htmlProse returns the paragraphs and lists of a section.
func htmlProse(text string) markup {
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
		kind := "ol"
		if mark == "- " {
			kind = "ul"
		}
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
	return markup(strings.TrimSuffix(b.String(), "\n"))
}
