package catalogue

import (
	"cmp"
	"fmt"
	"strings"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/wrap"
)

// The least, greatest and default width of Render, in columns.
const (
	minWidth     = 60
	maxWidth     = 100
	defaultWidth = 80
)

// Ink colours the parts of a page; a nil function does not change its part.
type Ink struct {
	Title, Heading, Code func(string) string
}

func (i Ink) use(paint func(string) string, text string) string {
	if paint == nil || text == "" {
		return text
	}
	return paint(text)
}

// Render lays out a page for a terminal of that many columns, at least 60 and at most
// 100; 0 is 80. Commands and code are not wrapped, so that they can be copied.
func Render(page Page, columns int, ink Ink) string {
	if columns == 0 {
		columns = defaultWidth
	}
	w, ok := labelsOf(page.Lang)
	if !ok {
		w, _ = labelsOf(English)
	}
	r := renderer{width: min(max(columns, minWidth), maxWidth), ink: ink}
	for _, line := range wrap.Lines(string(page.Code)+" — "+page.Title, r.width) {
		r.b.WriteString(ink.use(ink.Title, line) + "\n")
	}
	r.para("", fmt.Sprintf(w.head, page.Check, w.owner(page), page.Severity))

	r.heading(w.Headings[0])
	r.prose("  ", page.Means)
	r.heading(w.Headings[1])
	r.prose("  ", page.Why)

	r.heading(w.Headings[2])
	r.prose("  ", page.Confirm.Text)
	if len(page.Confirm.Variables) > 0 {
		r.blank()
		r.para("  ", w.SetFirst)
		for _, v := range page.Confirm.Variables {
			r.hang("    ", "- ", v.Name+": "+v.Text)
		}
	}
	r.code("    ", page.Confirm.Command)
	r.blank()
	r.para("  ", w.Prints)
	r.code("    ", page.Confirm.Prints)

	r.heading(w.Headings[3])
	for _, v := range page.Variants {
		if len(page.Variants) > 1 {
			title := v.Title
			if v.Name == EveryVariant {
				title = w.Always
			}
			r.blank()
			r.para("  ", title)
		}
		r.fixes(v.Fixes)
	}
	if docs := page.Docs(); docs != "" {
		r.heading(w.docs)
		r.b.WriteString("  " + docs + "\n")
	}
	return strings.TrimRight(r.b.String(), "\n") + "\n"
}

// fixes writes the actions of one variant, each with its command and code.
func (r *renderer) fixes(fixes []finding.Fix) {
	for _, fix := range fixes {
		r.hang("  ", "- ", fix.Text.String())
		if fix.Command != "" {
			r.code("      ", finding.Fill(fix.Command, nil))
			r.blank()
		}
		for _, block := range fix.Code {
			r.blank()
			r.para("    ", BlockTitle(block.Lang)+":")
			r.code("      ", finding.Fill(block.Text, nil))
			r.blank()
		}
	}
}

// BlockTitle returns the name of the language or program of a block, for people.
func BlockTitle(name string) string {
	titles := map[string]string{"python": "Python", "node": "Node.js", "go": "Go", "env": ".env.local", "apache": "Apache",
		"haproxy": "HAProxy", "vite": "vite.config.js", "caddy": "Caddy", "traefik": "Traefik"}
	return cmp.Or(titles[name], name)
}

type renderer struct {
	b     strings.Builder
	width int
	ink   Ink
}

func (r *renderer) heading(text string) {
	r.blank()
	r.b.WriteString(r.ink.use(r.ink.Heading, text) + "\n")
}

// blank writes a blank line, unless there is one.
func (r *renderer) blank() {
	if !strings.HasSuffix(r.b.String(), "\n\n") {
		r.b.WriteString("\n")
	}
}

func (r *renderer) prose(indent, text string) {
	for i, part := range strings.Split(text, "\n\n") {
		if i > 0 {
			r.blank()
		}
		for item := range strings.SplitSeq(part, "\n") {
			mark := marker(item)
			r.hang(indent, mark, item[len(mark):])
		}
	}
}

func (r *renderer) para(indent, text string) { r.hang(indent, "", text) }

// hang writes a mark and wrapped text. Further lines begin below the text.
func (r *renderer) hang(indent, mark, text string) {
	under := indent + strings.Repeat(" ", wrap.Width(mark))
	for i, line := range wrap.Lines(text, r.width-len(under)) {
		if i == 0 {
			r.b.WriteString(indent + mark + line + "\n")
			continue
		}
		r.b.WriteString(under + line + "\n")
	}
}

func (r *renderer) code(indent, text string) {
	r.blank()
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		line = r.ink.use(r.ink.Code, strings.TrimRight(line, " "))
		r.b.WriteString(strings.TrimRight(indent+line, " ") + "\n")
	}
}
