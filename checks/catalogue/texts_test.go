package catalogue

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/finding"
)

func TestSDKTextsAreComplete(t *testing.T) {
	known := finding.Codes()
	languages := map[string]bool{}
	for _, s := range SDKTexts() {
		languages[s.Language] = true
		if s.SDK == "" || s.Version == "" || s.Source == "" || s.Text == "" || len(s.Codes) == 0 {
			t.Errorf("%+v is not complete", s)
		}
		for _, code := range s.Codes {
			if !slices.Contains(known, code) {
				t.Errorf("%s: there is no code %s", s.Text, code)
			}
		}
		if found := FindText("ERROR 12:00 [app] " + strings.ReplaceAll(s.Text, "{}", "403 Forbidden") + " at line 3"); !slices.ContainsFunc(found, func(f SDKText) bool { return f.Text == s.Text }) {
			t.Errorf("%q is not found in a line that holds it", s.Text)
		}
	}
	for _, language := range []string{"JavaScript", "Swift", "Kotlin", "Dart", "Python", "Go", "Rust"} {
		if !languages[language] {
			t.Errorf("no text of the SDK for %s", language)
		}
	}
}

func TestFindText(t *testing.T) {
	for pasted, want := range map[string]string{
		"could not establish pc connection": "could not establish pc connection",
		"ConnectionError: could not establish signal connection: invalid token: eyJ…, error: token has invalid claims: token is expired": "token has invalid claims: token is expired",
		"Uncaught (in promise) ConnectionError: WS closed unexpectedly with code 1006":                                                   "WS closed unexpectedly with code {}",
		"could not establish peer connection":                                                 "could not establish pc connection",
		"LiveKit Exception: [TimeoutException] Timed out waiting for SignalJoinResponseEvent": "Timed out waiting for SignalJoinResponseEvent",
		"":                          "",
		"hello":                     "",
		"connection":                "",
		"the cat sat on the mat":    "",
		"TypeError: x is undefined": "",
	} {
		got := ""
		if found := FindText(pasted); len(found) > 0 {
			got = found[0].Text
		}
		if got != want && (want == "" || !slices.ContainsFunc(FindText(pasted), func(s SDKText) bool { return s.Text == want })) {
			t.Errorf("%q: %q, want %q", pasted, got, want)
		}
	}
}

func TestFindTextIsBounded(t *testing.T) {
	began := time.Now()
	for _, word := range []string{"could ", "a", "not could ", "\x00", "é "} {
		FindText(strings.Repeat(word, 1<<20))
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}
