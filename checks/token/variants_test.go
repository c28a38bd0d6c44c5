package token

import (
	"encoding/hex"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// TestExplainUnusual covers rarer changes. A row is the signer's secret, the local
// secret, the variant, and the side whose copy was changed.
func TestExplainUnusual(t *testing.T) {
	const s, marked, letters = testSecret, `p@ss#w0rd$1 & "q'uo<te>" 100%!`, "pässwörd-é-0123456789"
	const other = "old-secret-of-another-file-0123456789"
	both := func(changed, plain, id string) [][4]string {
		return [][4]string{{changed, plain, id, "signer"}, {plain, changed, id, "here"}}
	}
	var rows [][4]string
	for _, list := range [][][4]string{
		both(s+")", s, "trailing-parenthesis"), both(s+"\u2060", s, "trailing-word-joiner"), both("- "+s, s, "leading-list-hyphen"), both(s+"。", s, "trailing-wide-stop"),
		both(s+"%0A", s, "trailing-encoded-newline"), both(s+"\\\n", s, "trailing-backslash-newline"), both(s+`\r\n`, s, "trailing-escaped-crlf"),
		both("b'"+s+"'", s, "python-bytes"), both(`"'`+s+`'"`, s, "single-in-double-quotes"), both(`{"LIVEKIT_API_SECRET":"`+s+`"}`, s, "json-object"), both("\x1b[200~"+s+"\x1b[201~", s, "paste-marks"),
		both("&quot;"+s+"&quot;", s, "html-quotes"), both("LIVEKIT_API_SECRET: "+s, s, "named"), both(`export LIVEKIT_API_SECRET="`+s+`"`, s, "export-line-quoted"),
		both("'"+testKey+": "+s+"'", s, "key-and-secret+single-quotes"), both("{"+testKey+": "+s+"}", s, "key-and-secret+braces"), both(s+":"+testKey, s, "key-behind-secret"),
		both(strings.ReplaceAll(marked, "$", "$$$$"), marked, "dollar-doubled-twice"), both(strings.ReplaceAll(marked, "!", `\!`), marked, "exclamation-escaped"),
		both(s+"\n"+s, s, "repeated"), both(s+s+s, s, "repeated"), both(s+other, s, "joined-with-other"), both(other+"\n"+s, s, "joined-with-other"),
		{
			{toBase64(toBase64(s+"\n") + "\n"), s, "base64-twice-newlines", "signer"}, {s, toBase64(toBase64(s + "\n")), "trailing-newline+base64+base64", "here"},
			{toBase64(testKey + ":" + s), s, "pair-base64", "signer"}, {s, toBase64(testKey + ":" + s), "key-colon-secret+base64", "here"},
			{"0x" + hex.EncodeToString([]byte(s)), s, "hex-0x", "signer"}, {s, `\x` + hex.EncodeToString([]byte(s)), "hex-bytea", "here"},
			{s, toBase64(letters + "\n"), "", ""}, {letters, toBase64(letters + "\n"), "trailing-newline+base64", "here"},
			{s, `"` + s + `" # the secret`, "double-quotes+comment-kept", "here"}, {s, s + "\nLIVEKIT_URL=ws://x", "next-line-kept", "here"}, {s, s + "LIVEKIT_URL=ws://x", "next-line-glued", "here"},
			{s, `$env:LIVEKIT_API_SECRET = "` + s + `"`, "double-quotes+name-kept", "here"}, {s, "\x1b[32m" + s + "\x1b[0m", "terminal-codes", "here"},
			{s, s[:9] + "\\\n" + s[9:], "lines-joined", "here"}, {s[:9] + "\n" + s[9:], s, "stray-inside", "signer"}, {s, strings.Replace(s, "a", "а", 1), "foreign-letters", "here"},
			{norm.NFD.String(letters), letters, "unicode-decomposed", "signer"}, {letters, norm.NFD.String(letters), "unicode-composed", "signer"},
			{strings.NewReplacer("'", "’", `"`, "”").Replace(marked), marked, "typographic-quotes", "signer"}, {letters, strings.ReplaceAll(letters, "-", "–"), "en-dash", "here"},
			{"&amp;lt;" + s, "&lt;" + s, "html-escaped", "signer"}, {strings.ReplaceAll("&<"+s, "&", "&amp;"), "&<" + s, "html-ampersand", "signer"},
			{s[:4] + "..." + s[len(s)-4:], s, "shortened", "signer"}, {strings.Repeat("*", len(s)), s, "shortened", "signer"}, {"**********", s, "placeholder-secret", "other"},
			{"${{ secrets.LIVEKIT_API_SECRET }}", s, "placeholder-secret", "other"}, {testKey + "\n", s, "key-as-secret+trailing-newline", "signer"},
			{"abc", "abc&def=ghi-" + s, "cut-at-character", "signer"}, {s + "x", s + "x==", "padding-removed", "signer"}, {"ghi-" + s, "abc=ghi-" + s, "cut-after-character", "signer"},
			{"1.2345678901234567e+31", "12345678901234567890123456789012", "number-float", "signer"}, {"8759594", "0x85A92A", "number", "signer"},
			{`"` + s + `"`, s + "\n", "trailing-newline+double-quotes", "signer"}, {s, "'" + toBase64(s+"\n") + "'", "trailing-newline+base64+single-quotes", "here"},
			{toBase64(other + "\n"), s, "", ""}, {other, s, "other-secret", "other"}, {"docker's reading of it", s, "loader-reading", "signer"}, {"as it is written here", s, "as-written", "signer"},
		},
	} {
		rows = append(rows, list...)
	}
	others := []Candidate{
		{Label: "LIVEKIT_API_SECRET in .env", Reader: "docker --env-file", Secret: func() string { return "docker's reading of it" }},
		{Label: "LIVEKIT_API_SECRET in .env", Reader: AsWritten, Secret: func() string { return "as it is written here" }},
		{Label: "LIVEKIT_API_SECRET in .env.old", Secret: func() string { return other }},
	}
	for _, r := range rows {
		t.Run(fmt.Sprintf("%s %s %q", r[2], r[3], r[0]), func(t *testing.T) {
			tok, _ := Parse(sign(hs256, filled(goodClaims, now), r[0]))
			v, ok := Explain(tok, testKey, r[1], others)
			if ok != (r[2] != "") || v.ID != r[2] || string(v.Side) != r[3] {
				t.Fatalf("Explain = %q %q %v (%s), want %q %q", v.ID, v.Side, ok, v.What, r[2], r[3])
			}
			text := fmt.Sprint(v.What, v.Cause, v.Cure)
			if strings.Contains(text, "%!") || strings.Contains(text, s[:8]) || strings.ContainsAny(text, "\x1b\n\r\x00") {
				t.Errorf("bad text: %q", text)
			}
		})
	}
}

// TestNothingIsExplainedFalsely checks that Explain never relates two random secrets.
func TestNothingIsExplainedFalsely(t *testing.T) {
	r := rand.New(rand.NewSource(7))
	random := func() string {
		alphabet := []string{base62, "0123456789abcdef", base62 + "+/=#$-_!@% '\""}[r.Intn(3)]
		b := make([]byte, 12+r.Intn(50))
		for i := range b {
			b[i] = alphabet[r.Intn(len(alphabet))]
		}
		return string(b)
	}
	rounds := 200
	if os.Getenv("LKDOCTOR_MANGLED") != "" {
		rounds = 21_500
	}
	for range rounds {
		signer, here, other := random(), random(), random()
		tok, _ := Parse(sign(hs256, filled(goodClaims, now), signer))
		if v, ok := Explain(tok, testKey, here, []Candidate{{Label: "other", Secret: func() string { return other }}}); ok {
			t.Errorf("%q, signed with %q, is explained by %s", here, signer, v.ID)
		}
	}
}
