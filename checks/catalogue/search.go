package catalogue

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"lkdoctor/checks/finding"
)

// Search returns the pages that have every word of query, in this order: in their code,
// in their code or titles, in an error text of LiveKit's SDKs that leads to them. If
// there is none, it returns the pages of the texts that FindText finds. For a query
// without a word, it returns all pages.
func Search(pages []Page, texts []SDKText, query string) []Page {
	wanted := textWords(query)
	if len(wanted) == 0 {
		return pages
	}
	var out []Page
	add := func(p Page) {
		if !slices.ContainsFunc(out, func(o Page) bool { return o.Code == p.Code }) {
			out = append(out, p)
		}
	}
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
			if holds(p) {
				add(p)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, text := range FindText(query) {
		for _, code := range text.Codes {
			if i := slices.IndexFunc(pages, func(p Page) bool { return p.Code == code }); i >= 0 {
				add(pages[i])
			}
		}
	}
	return out
}

// titles returns the page's code, its title and those of its variants.
func (p Page) titles() string {
	out := string(p.Code) + " " + p.Title
	for _, v := range p.Variants {
		out += " " + v.Name + " " + v.Title
	}
	return out
}

// hasAll reports whether words of text begin with each of wanted. In languages without
// spaces between words, they may occur anywhere.
func hasAll(text string, wanted []string) bool {
	has := textWords(text)
	return !slices.ContainsFunc(wanted, func(w string) bool {
		return !slices.ContainsFunc(has, func(word string) bool {
			return strings.HasPrefix(word, w) || w[0] >= utf8.RuneSelf && strings.Contains(word, w)
		})
	})
}

// SDKText is an error text of one of LiveKit's SDKs, or of its server, and the codes
// of what may cause it.
type SDKText struct {
	// SDK, Language and Version are of the program with the text, Source is its file.
	SDK      string `json:"sdk"`
	Language string `json:"language"`
	Version  string `json:"version"`
	Source   string `json:"source"`
	// Text has {} in place of what differs from case to case.
	Text string `json:"text"`
	// Codes are the codes that it may mean, the most likely first.
	Codes []finding.Code `json:"codes"`
}

//go:embed texts.json
var textsJSON []byte

// SDKTexts lists the error texts that are known.
func SDKTexts() []SDKText {
	var list []SDKText
	if err := json.Unmarshal(textsJSON, &list); err != nil {
		panic(fmt.Sprintf("the table of error texts: %v", err)) // embedded
	}
	return list
}

// maxPastedText is how much of a pasted text is searched, in bytes.
const maxPastedText = 16 << 10

// FindText returns the known texts in a pasted line, at most five, the longest first.
// A text matches if all its words occur in order; if none does, if most of them do, so
// that a misremembered text is found.
func FindText(pasted string) []SDKText {
	given := textWords(pasted[:min(len(pasted), maxPastedText)])
	type match struct {
		text   SDKText
		length int
	}
	var whole, near []match
	for _, t := range SDKTexts() {
		want := textWords(t.Text)
		switch held := inOrder(given, want); {
		case held == len(want):
			whole = append(whole, match{t, len(want)})
		case len(want) >= 3 && held*4 >= len(want)*3 && held >= 3:
			near = append(near, match{t, held})
		}
	}
	found := whole
	if len(found) == 0 {
		found = near
	}
	slices.SortStableFunc(found, func(a, b match) int { return b.length - a.length })
	var out []SDKText
	for _, m := range found[:min(len(found), 5)] {
		out = append(out, m.text)
	}
	return out
}

// textWords returns the words of a text in lower case, without {}.
func textWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\''
	})
}

// inOrder counts how many of want occur in given in order, with at most eight other
// words between two of them, because {} replaces a short text.
func inOrder(given, want []string) int {
	best := 0
	for start, word := range given {
		if len(want) == 0 || word != want[0] && (len(want) < 2 || word != want[1]) {
			continue
		}
		held, at := 0, start
		for _, w := range want {
			if i := slices.Index(given[at:min(len(given), at+9)], w); i >= 0 {
				held, at = held+1, at+i+1
			}
		}
		best = max(best, held)
	}
	return best
}
