package answer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPasted(t *testing.T) {
	half := len(videoToken) / 2
	for _, test := range []struct {
		name, input string
		token, url  string
		said        string
	}{
		{"bare", "VIDEO", "VIDEO", "", "The paste was a bare token."},
		{"bare, newline", " VIDEO\r\n", "VIDEO", "", "The paste was a bare token."},
		{"opaque", "OPAQUE\n", "OPAQUE", "", "The paste was a bare token."},
		{"bytes of Python", "b'VIDEO'", "b'VIDEO'", "", "The paste was a bare token."},
		{"JSON text", `"VIDEO"`, "VIDEO", "", "The paste was a token in quotes; the quotes were taken off."},
		{"single quotes", `'VIDEO'`, "VIDEO", "", "The paste was a token in quotes; the quotes were taken off."},
		{"setting", `LIVEKIT_TOKEN="VIDEO"`, "VIDEO", "", "The paste was a setting, LIVEKIT_TOKEN; its value was taken as the token."},
		{"setting in YAML", "token:VIDEO", "VIDEO", "", "The paste was a setting, token; its value was taken as the token."},
		{"end of a sentence", "VIDEO.", "VIDEO", "", "The paste was a text; the one token that it holds was taken."},
		{"parameter", `access_token=VIDEO&sdk=js`, "VIDEO", "", "The paste was a URL; the token was taken from its access_token."},
		{"broken lines", videoToken[:half] + "\n" + videoToken[half:], "VIDEO", "", "The paste was a token with line breaks or spaces in it; they were taken out."},
		{"bearer", "Bearer VIDEO", "VIDEO", "", "The paste was “Bearer” and a token; the token after “Bearer” was taken."},
		{"bearer opaque", "bearer  OPAQUE", "OPAQUE", "", "The paste was “Bearer” and a token; the token after “Bearer” was taken."},
		{"header", "Authorization: Bearer VIDEO", "VIDEO", "", "The paste held an Authorization header; the token was taken from it."},
		{"header opaque", "authorization: bearer OPAQUE", "OPAQUE", "", "The paste held an Authorization header; the token was taken from it."},
		{"URL", "wss://lk.example/rtc?access_token=VIDEO&auto_subscribe=1&sdk=js", "VIDEO", "wss://lk.example", "The paste was a URL; the token was taken from its access_token."},
		{"URL v1", "wss://lk.example:7443/sfu/rtc/v1?join_request=x&access_token=VIDEO", "VIDEO", "wss://lk.example:7443/sfu", "The paste was a URL; the token was taken from its access_token."},
		{"URL, promise", "ws://127.0.0.1:7880/rtc?access_token=%5Bobject+Promise%5D&x=1", "[object Promise]", "ws://127.0.0.1:7880", "The paste was a URL; the token was taken from its access_token."},
		{"validate", "https://lk.example/rtc/validate?access_token=VIDEO", "VIDEO", "https://lk.example", "The paste was a URL; the token was taken from its access_token."},
		{"meet", "https://meet.example/custom?liveKitUrl=wss%3A%2F%2Flk.example&token=VIDEO", "VIDEO", "wss://lk.example", "The paste was a URL; the token was taken from its token."},
		{"curl header", "curl 'https://lk.example/rtc/validate' \\\n  -H 'Authorization: Bearer VIDEO' --compressed", "VIDEO", "https://lk.example", "The paste was a curl command; the token was taken from it."},
		{"curl URL", `curl -i "https://lk.example/rtc/validate?access_token=VIDEO"`, "VIDEO", "https://lk.example", "The paste was a curl command; the token was taken from it."},
		{"curl of cmd.exe", `curl ^"https://lk.example/rtc/validate^" -H ^"authorization: Bearer VIDEO^"`, "VIDEO", "https://lk.example", "The paste was a curl command; the token was taken from it."},
		{"curl, cookie first", "curl 'https://app.example/x' -b 's=LOGIN' -H 'Authorization: Bearer VIDEO'", "VIDEO", "", "The paste was a curl command; the token was taken from it."},
		{"Chrome", "WebSocket connection to 'wss://lk.example/rtc?access_token=VIDEO&auto_subscribe=1' failed: ", "VIDEO", "wss://lk.example", "The paste was a text with a URL in it; the token was taken from the URL's access_token."},
		{"Firefox", "Firefox can’t establish a connection to the server at wss://lk.example/rtc?access_token=VIDEO.", "VIDEO", "wss://lk.example", "The paste was a text with a URL in it; the token was taken from the URL's access_token."},
		{"Chrome, opaque", "WebSocket connection to 'wss://lk.example/rtc?access_token=OPAQUE&sdk=js' failed", "OPAQUE", "wss://lk.example", "The paste was a text with a URL in it; the token was taken from the URL's access_token."},
		{"server's log", "invalid token: VIDEO, error: go-jose/go-jose: error in cryptographic primitive", "VIDEO", "", "The paste was a text; the one token that it holds was taken."},
		{"two in a text", "first LOGIN then VIDEO", "VIDEO", "", "The paste was a text with 2 tokens in it; the likeliest was taken."},
		{"answer", `{"token":"VIDEO","url":"wss://lk.example","room":"r1"}`, "VIDEO", "wss://lk.example", "The paste was JSON; the token was taken from token."},
		{"wrapped answer", `{"data":{"accessToken":"OPAQUE"}}`, "OPAQUE", "", "The paste was JSON; the token was taken from data.accessToken."},
		{"answer with headers", "HTTP/1.1 200 OK\ncontent-type: application/json\n\n{\"token\":\"OPAQUE\",\"url\":\"wss://lk.example\"}", "OPAQUE", "wss://lk.example", "The paste was JSON; the token was taken from token."},
		{"error that quotes it", `{"error":"invalid token: VIDEO, error: x"}`, "VIDEO", "", "The paste was a text; the one token that it holds was taken."},
		{"fetch", `fetch("https://lk.example/rtc/validate", {"headers": {"authorization": "Bearer OPAQUE"}})`, "OPAQUE", "https://lk.example", "The paste held an Authorization header; the token was taken from it."},
		{"promise", `{"token":{}}`, "", "", "The paste was JSON; the value at token is not a token."},
		{"no token", `{"detail":"Not Found"}`, "", "", "The paste was JSON without a token in it."},
		{"Python", "{'token': 'VIDEO'}", "VIDEO", "", "The paste was a text; the one token that it holds was taken."},
		{"too deep", strings.Repeat(`[`, 200_000), "", "", "The paste was JSON, nested too deeply to be an answer with a token."},
		{"nothing", " \n", "", "", "Nothing was pasted."},
		{"words", "it does not work", "", "", "Nothing in the pasted text looks like a token."},
		{"URL without one", "wss://lk.example/rtc", "", "wss://lk.example", "Nothing in the pasted text looks like a token."},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := Pasted(fill(test.input))
			type seen struct {
				Token, URL, Said string
			}
			if diff := cmp.Diff(seen{fill(test.token), test.url, test.said}, seen{p.Token.Reveal(), p.URL, p.Said.String()}); diff != "" {
				t.Error(diff)
			}
			checkShown(t, p)
		})
	}
}

func TestUnwrap(t *testing.T) {
	for in, want := range map[string]string{
		`{"token":"lk_demo_abc","url":"x"}`: "lk_demo_abc",
		"Bearer lk_demo_abc\n":              "lk_demo_abc",
		"plain":                             "plain",
		`{"url":"x"}`:                       `{"url":"x"}`,
		"":                                  "",
	} {
		got, wrappings := Unwrap(in)
		if got != want || (got == in) != (len(wrappings) == 0) {
			t.Errorf("Unwrap(%q) = %q, %v", in, got, wrappings)
		}
	}
}
