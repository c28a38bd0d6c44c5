package catalogue

import (
	"slices"
	"strings"
	"testing"

	"lkdoctor/checks/finding"
)

func TestSearch(t *testing.T) {
	pages, texts := All(), SDKTexts()
	for _, test := range []struct {
		query string
		want  finding.Code
		first bool
	}{
		{"opaque", finding.TokenOpaque, true},              // part of a code
		{"TOKEN_TIME_UNIT", finding.TokenTimeUnit, true},   // a whole code
		{"wrong unit", finding.TokenTimeUnit, true},        // in a title
		{"milliseconds", finding.TokenTimeUnit, false},     // in a variant's title
		{"establish signal", finding.ServerRefused, false}, // part of an error text
		{"ConnectionError: could not establish signal connection: Failed to fetch (at x.js:3)", finding.ServerRefused, false}, // an error text and more
		{"token  Has-expired !", finding.TokenExpired, true},                                                                  // other case and punctuation
	} {
		got := Search(pages, texts, test.query)
		at := slices.IndexFunc(got, func(p Page) bool { return p.Code == test.want })
		if at < 0 || test.first && at > 0 {
			t.Errorf("%q finds %s at place %d of %d", test.query, test.want, at, len(got))
		}
	}
	if got := Search(pages, texts, " - "); len(got) != len(pages) {
		t.Errorf("no word finds %d of %d pages", len(got), len(pages))
	}
	if got := Search(pages, texts, "zzzz"); len(got) != 0 {
		t.Errorf("nonsense finds %d pages", len(got))
	}
	seen := map[finding.Code]bool{}
	for _, p := range Search(pages, texts, "token") {
		if seen[p.Code] {
			t.Errorf("%s is found twice", p.Code)
		}
		seen[p.Code] = true
	}
	if got := Search(Pages("zh"), texts, "毫秒"); len(got) == 0 {
		t.Error("nothing is found in Chinese")
	}
}

// TestDocs checks that Docs returns a page of LiveKit's documentation. Only codes of
// stage env and of every check may have none.
func TestDocs(t *testing.T) {
	for _, page := range All() {
		docs := page.Docs()
		stage, _, _ := strings.Cut(page.Check, ".")
		if docs == "" && stage != "env" && stage != AnyCheck || docs != "" && !strings.HasPrefix(docs, "https://docs.livekit.io/") {
			t.Errorf("%s (%s): %q", page.Code, page.Check, docs)
		}
	}
}
