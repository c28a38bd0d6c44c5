package answer

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// seeds returns response bodies and pasted texts of every kind.
func seeds() []string {
	list := []string{"", "null", "{}", "[]", `""`, `"x"`, "{", `{"token"`, `{"token":{}}`, `{"token":null,"url":1}`,
		`{"token":"OPAQUE","url":"wss://lk.example","room":{"name":"r"},"identity":"i"}`, `{"data":{"token":"VIDEO"}}`,
		`{"body":"{\"token\":\"VIDEO\"}"}`, `"{\"token\":\"VIDEO\"}"`, `[{"a":[1,true,null,-1.5e3,{"jwt":"LOGIN"}]}]`,
		`{"data":{"token":"a"},"data":{}}`, `{"u":"wss://h/rtc?access_token=VIDEO"}`, `{"\ud800":"\udfff","a\u0000":"\\\""}`,
		`{"detail":[{"loc":["body",0],"msg":"m","type":"t"}]}`, `{"error":{"code":1,"message":"m"}}`, "VIDEO", "Bearer VIDEO",
		"<title>x</title><h1>y</h1>", "<", "curl 'https://h/rtc/validate' -H 'Authorization: Bearer VIDEO'",
		"wss://h/rtc?access_token=%5Bobject+Promise%5D", "LIVEKIT_TOKEN='VIDEO'", "b'VIDEO'", "\ufeff{\"token\":\"VIDEO\"}",
		strings.Repeat("[", 150), strings.Repeat(`{"data":`, 99) + "1" + strings.Repeat("}", 99), "\xff\xfe{\x00}", "a\x00b", "{\"\xff\":\"\xff\"}"}
	for i := range list {
		list[i] = fill(list[i])
	}
	return list
}

func FuzzFind(f *testing.F) {
	for i, seed := range seeds() {
		f.Add([]byte(seed), []string{"application/json", "text/html", ""}[i%3], i%3)
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string, profile int) {
		a := Find(body, contentType, Profile(profile))
		if a.TokenKind == Text == a.Token.Empty() {
			t.Errorf("token of kind %q, empty %v", a.TokenKind, a.Token.Empty())
		}
		if a.TokenKind == Missing != (a.TokenPath == "") {
			t.Errorf("token of kind %q at %q", a.TokenKind, a.TokenPath)
		}
		if len(a.Fields) > maxFields || len(a.Said.Items) > maxItems {
			t.Error("more than is kept")
		}
		if !a.Token.Empty() && strings.TrimSpace(a.Token.Reveal()) == "" {
			t.Error("a blank token")
		}
		checkWhole(t, a)
		checkWhole(t, ErrorText(body, contentType))
		if diff := cmp.Diff(a, Find(body, contentType, Profile(profile))); diff != "" {
			t.Error(diff)
		}
	})
}

func FuzzPasted(f *testing.F) {
	for _, seed := range seeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input string) {
		p := Pasted(input)
		if p.Said.IsZero() {
			t.Error("nothing is said")
		}
		if !utf8.ValidString(p.URL) || strings.Contains(p.Said.String(), "%!") {
			t.Errorf("URL %q, said %q", p.URL, p.Said)
		}
		checkWhole(t, p)
		if diff := cmp.Diff(p, Pasted(input)); diff != "" {
			t.Error(diff)
		}
	})
}
