package catalogue

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Search returns the pages that have every word of query, in this order: in
// their code, in their code or titles, in an error text of LiveKit's SDKs that
// leads to them. Where there is none, they are those that FindText leads to. A
// query without a word returns all pages.
func Search(pages []Page, texts []SDKText, query string) []Page {
	wanted := textWords(query)
	if len(wanted) == 0 {
		return pages
	}
	var out []Page
	for _, holds := range []func(Page) bool{
		func(p Page) bool { return hasAll(string(p.Code), wanted) },
		func(p Page) bool { return hasAll(p.titles(), wanted) },
		func(p Page) bool {
			return slices.ContainsFunc(texts, func(t SDKText) bool {
				return slices.Contains(t.Codes, p.Code) && hasAll(t.Text, wanted)
			})
		},
	} {
		for _, p := range pages {
			if holds(p) && !slices.ContainsFunc(out, func(o Page) bool { return o.Code == p.Code }) {
				out = append(out, p)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, text := range FindText(query) {
		for _, code := range text.Codes {
			if i := slices.IndexFunc(pages, func(p Page) bool { return p.Code == code }); i >= 0 && !slices.ContainsFunc(out, func(o Page) bool { return o.Code == code }) {
				out = append(out, pages[i])
			}
		}
	}
	return out
}

// titles are the page's code, its title and those of its variants.
func (p Page) titles() string {
	out := string(p.Code) + " " + p.Title
	for _, v := range p.Variants {
		out += " " + v.Name + " " + v.Title
	}
	return out
}

// hasAll reports whether words of text begin with each of wanted. In languages without
// blanks between words they may occur anywhere.
func hasAll(text string, wanted []string) bool {
	has := textWords(text)
	return !slices.ContainsFunc(wanted, func(w string) bool {
		return !slices.ContainsFunc(has, func(word string) bool {
			return strings.HasPrefix(word, w) || w[0] >= utf8.RuneSelf && strings.Contains(word, w)
		})
	})
}
