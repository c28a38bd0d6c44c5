package token

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"lkdoctor/checks/finding"
)

func TestVerify(t *testing.T) {
	good := claimed(goodClaims)
	for _, tt := range []struct {
		name, raw, key, secret string
		want                   Verdict
	}{
		{"verified", good, testKey, testSecret, Verified},
		{"no key configured", good, "", testSecret, Verified},
		{"wrapped", `"` + good + `"`, testKey, testSecret, Verified},
		{"other key", good, "APIother", testSecret, OtherKey},
		{"mismatch", good, testKey, "x", Mismatch},
		{"no secret", good, testKey, "", Unknown},
		{"opaque", "lk_demo_abcdefghijklmnopqr", testKey, testSecret, Unknown},
		{"RS256", sign(`{"alg":"RS256"}`, filled(goodClaims, now), testSecret), testKey, testSecret, Unknown},
		{"HS512", hs512(goodClaims, testSecret), testKey, testSecret, Verified},
		{"HS512, wrong", hs512(goodClaims, "x"), testKey, testSecret, Mismatch},
		{"long secret", sign(hs256, filled(goodClaims, now), strings.Repeat(testSecret, 5)), testKey, strings.Repeat(testSecret, 5), Verified},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tok, _ := Parse(tt.raw)
			if got := Verify(tok, tt.key, tt.secret); got != tt.want {
				t.Errorf("Verify = %s, want %s", got, tt.want)
			}
		})
	}
	if Verify(nil, testKey, testSecret) != Unknown {
		t.Error("nil token")
	}
}

func hs512(claims, secret string) string {
	input := b64(`{"alg":"HS512"}`) + "." + b64(filled(claims, now))
	mac := hmac.New(sha512.New, []byte(secret))
	mac.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestExplain(t *testing.T) {
	const s = testSecret
	std := base64.StdEncoding.EncodeToString
	for _, tt := range []struct {
		// signer signed the token; here is the local secret.
		signer, here string
		id           string
		side         Side
	}{
		{s + "\n", s, "trailing-newline", SideSigner},
		{s, s + "\n", "trailing-newline", SideHere},
		{s + "\r\n", s, "trailing-crlf", SideSigner},
		{s, s + "\r", "trailing-cr", SideHere},
		{s + " ", s, "trailing-space", SideSigner},
		{s, "  " + s + "   ", "trimmed", SideHere},
		{s + "\t", s, "trailing-tab", SideSigner},
		{`"` + s + `"`, s, "double-quotes", SideSigner},
		{s, `"` + s + `"`, "double-quotes", SideHere},
		{s, "'" + s + "'", "single-quotes", SideHere},
		{"`" + s + "`", s, "backticks", SideSigner},
		{"“" + s + "”", s, "smart-quotes", SideSigner},
		{s + ":", s, "trailing-colon", SideSigner},
		{s + ",", s, "trailing-comma", SideSigner},
		{s, s + ";", "trailing-semicolon", SideHere},
		{"=" + s, s, "leading-equals", SideSigner},
		{std([]byte(s)), s, "base64", SideSigner},
		{s, std([]byte(s)), "base64", SideHere},
		{base64.RawStdEncoding.EncodeToString([]byte(s)), s, "base64url", SideSigner},
		{std([]byte(s + "\n")), s, "trailing-newline+base64", SideSigner},
		{s, std([]byte(s + "\n")), "trailing-newline+base64", SideHere},
		{s + "\n", std([]byte(s)), "base64+trailing-newline", SideSigner},
		{hex.EncodeToString([]byte(s)), s, "hex", SideSigner},
		{s, strings.ToUpper(hex.EncodeToString([]byte(s))), "hex", SideHere},
		{string(decodedHex()), "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "hex-decoded", SideSigner},
		{"\xffbinary\x00\x01\x02", base64.RawURLEncoding.EncodeToString([]byte("\xffbinary\x00\x01\x02")), "base64-decoded", SideSigner},
		{url.QueryEscape("a+b/c=" + s), "a+b/c=" + s, "url-encoded", SideSigner},
		{"a+b/c=" + s, url.QueryEscape("a+b/c=" + s), "url-encoded", SideHere},
		{"a b/c=" + s, "a+b/c=" + s, "url-decoded", SideSigner},
		{"abc", "abc#" + s, "cut-at-hash", SideSigner},
		{"abc", "abc #" + s, "cut-at-hash", SideSigner},
		{"abcdefgh", "abcdefgh$" + s, "dollar-expanded", SideSigner},
		{"abcdefgh", "abcdefgh$" + s + "-x", "cut-at-dollar", SideSigner},
		{"abcdefgh-x", "abcdefgh$" + s + "-x", "dollar-expanded", SideSigner},
		{"abcdefgh", "abcdefgh " + s, "cut-at-space", SideSigner},
		{"abc$def-" + s, "abc$$def-" + s, "dollar-doubled", SideHere},
		{"abc$$def-" + s, "abc$def-" + s, "dollar-doubled", SideSigner},
		{`abc\$def-` + s, "abc$def-" + s, "dollar-escaped", SideSigner},
		{"abc$def-" + s, `abc\$def-` + s, "dollar-escaped", SideHere},
		{`abcdef-` + s, `abc\def-` + s, "backslashes-removed", SideSigner},
		{`a\"b` + s, `a"b` + s, "json-escaped", SideSigner},
		{"a\nb" + s, `a\nb` + s, "json-escaped", SideHere},
		{testKey, s, "key-as-secret", SideSigner},
		{testKey + ": " + s, s, "key-and-secret", SideSigner},
		{s, testKey + ": " + s, "key-and-secret", SideHere},
		{testKey + ":" + s, s, "key-colon-secret", SideSigner},
		{"LIVEKIT_API_SECRET=" + s, s, "env-line", SideSigner},
		{"${LIVEKIT_API_SECRET}", s, "placeholder-secret", SideOther},
		{"$LIVEKIT_API_SECRET", s, "placeholder-secret", SideOther},
		{"<your_api_secret>", s, "placeholder-secret", SideOther},
		{"undefined", s, "placeholder-secret", SideOther},
		{"", s, "empty-secret", SideOther},
		{"secret", s, "well-known-secret", SideOther},
		{"devsecret", s, "well-known-secret", SideOther},
		{"\ufeff" + s, s, "leading-bom", SideSigner},
		{s, s + "\u200b", "trailing-zero-width", SideHere},
		{s, s[:9] + "\u200b" + s[9:] + "\u200b", "hidden-removed", SideHere},
		{s + "\u00a0", s, "trailing-nbsp", SideSigner},
		{s, s[:9] + " " + s[9:20] + " " + s[20:], "blanks-removed", SideHere},
		{(s + s)[:32], s + s[:7], "cut-at-end", SideSigner},
		{s[:16], s, "cut-at-end", SideSigner},
		{s[3:], s, "cut-at-start", SideSigner},
		{strings.ToLower(s), s, "lower-case", SideSigner},
		{strings.ToUpper(s), s, "upper-case", SideSigner},
		{s + s, s, "doubled", SideSigner},
		{s, s + s, "doubled", SideHere},
		{s[:5] + s[6:], s, "character-missing", SideSigner},
		{s, s[:5] + s[6:7] + s[5:6] + s[7:], "characters-exchanged", SideSigner},
		{s, strings.Replace(s, "0", "O", 1), "character-mistaken", SideSigner},
		{s + "x", s, "character-added-at-end", SideSigner},
		{s, s[:len(s)-1], "character-added-at-end", SideSigner},
		{`"` + s + `"` + "\n", s, "double-quotes+trailing-newline", SideSigner},
		{s, "'" + s + "\n'", "trailing-newline+single-quotes", SideHere},
		{s + "\r\n", `"` + s + `"`, "double-quotes+trailing-crlf", SideSigner},
		{"of another file, long enough", s, "other-secret", SideOther},
		{"of another file, long enough\n", s, "other-secret+trailing-newline", SideOther},
	} {
		t.Run(tt.id+" "+string(tt.side), func(t *testing.T) {
			raw := sign(hs256, filled(goodClaims, now), tt.signer)
			tok, _ := Parse(raw)
			others := []Candidate{{Label: ".env.production", Secret: func() string { return "of another file, long enough" }}, {Label: "nothing"}}
			v, ok := Explain(tok, testKey, tt.here, others)
			if !ok || v.ID != tt.id || v.Side != tt.side {
				t.Fatalf("Explain = %q %q %v (%s)", v.ID, v.Side, ok, v.What)
			}
			verdict, found := Signature(tok, testKey, tt.here, others)
			if verdict != Mismatch || codes(found) != "SIGNATURE_SECRET_VARIANT:fail" || found[0].Sentences["cure"].IsZero() {
				t.Errorf("Signature = %s %v", verdict, found)
			}
			t.Log(found[0].Message, v.Cause, v.Cure)
			text := fmt.Sprint(found[0].Message.String(), found[0].Facts, found[0].Sentences["cure"].String(), v, v.Cure.String())
			for _, secret := range []string{tt.signer, tt.here} {
				if len(secret) > 12 && !strings.Contains(secret, "API_SECRET=") && tt.id != "placeholder-secret" && !strings.HasPrefix(secret, testKey) && strings.Contains(text, secret[:12]) {
					t.Errorf("shows a secret: %s", text)
				}
			}
			if strings.Contains(text, "%!") || strings.Contains(v.Cure.String(), "%s") || v.Cause.IsZero() {
				t.Errorf("bad text: %s", text)
			}
		})
	}
}

func decodedHex() []byte {
	b, err := hex.DecodeString("0f1e2d3c4b5a69788796a5b4c3d2e1f0")
	if err != nil {
		panic(err)
	}
	return b
}

func TestSignature(t *testing.T) {
	good := claimed(goodClaims)
	others := []Candidate{
		{Label: "lk project staging", Key: "APIstaging", Secret: func() string { return "staging-secret" }},
		{Label: "lk project demo", Key: testKey, Secret: func() string { return testSecret }},
	}
	for _, tt := range []struct {
		name, raw, key, secret string
		want, message          string
		variant                any
	}{
		{"verified", good, testKey, testSecret, "", "", nil},
		{"no secret", sign(hs256, filled(goodClaims, now), "unheard-of"), testKey, "", "SIGNATURE_NOT_CHECKED:info", "no API secret is configured here", nil},
		{"no secret, dev", sign(hs256, filled(goodClaims, now), "secret"), "", "", "SIGNATURE_NOT_CHECKED:info", "the well-known text “secret”", "well-known-secret"},
		{"no HMAC", sign(`{"alg":"RS256"}`, filled(goodClaims, now), "x"), testKey, testSecret, "SIGNATURE_NOT_CHECKED:info", "has none", nil},
		{"mismatch", sign(hs256, filled(goodClaims, now), "unheard-of"), testKey, testSecret, "SIGNATURE_MISMATCH:fail", "not signed with the secret configured here (32 bytes)", nil},
		{"other key", sign(hs256, filled(goodClaims, now), "unheard-of"), "APIother", "another-secret", "SIGNATURE_OTHER_KEY:fail", "made for another LiveKit server", nil},
		{"other key, same secret", good, "APIother", testSecret, "SIGNATURE_OTHER_KEY:fail", "the secret is the same", nil},
		{"other key, known pair", good, "APIother", "another-secret", "SIGNATURE_OTHER_KEY:fail", "key and secret of lk project demo", "other-secret"},
		{"key with a blank", good, testKey + " ", testSecret, "SIGNATURE_OTHER_KEY:fail", "only in blanks", nil},
		{"variant", sign(hs256, filled(goodClaims, now), testSecret+"\n"), testKey, testSecret, "SIGNATURE_SECRET_VARIANT:fail", `a line feed (\n) at its end`, "trailing-newline"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tok, _ := Parse(tt.raw)
			_, found := Signature(tok, tt.key, tt.secret, others)
			noLeak(t, tt.raw, found)
			if got := codes(found); got != tt.want {
				t.Fatalf("found %s, want %s", got, tt.want)
			}
			if len(found) > 0 && (!strings.Contains(found[0].Message.String(), tt.message) || found[0].Facts["variant"] != tt.variant) {
				t.Errorf("%s %v", found[0].Message, found[0].Facts)
			}
		})
	}
	tok, _ := Parse(sign(hs256, filled(goodClaims, now), testSecret))
	if _, found := Signature(tok, testKey, testSecret+"\n", nil); found[0].Party != finding.OwnerConfig {
		t.Errorf("owner %q", found[0].Owner)
	}
}

// BenchmarkExplainNothing measures the slowest case: a secret that no change explains.
func BenchmarkExplainNothing(b *testing.B) {
	tok, _ := Parse(sign(hs256, filled(goodClaims, now), "something else altogether"))
	others := []Candidate{{Label: "a", Secret: func() string { return "one-other-secret-of-some-length" }}, {Label: "b", Secret: func() string { return "another-other-secret-of-a-length" }}}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Explain(tok, testKey, testSecret, others); ok {
			b.Fatal("explained")
		}
	}
}

func BenchmarkExplainMegabyte(b *testing.B) {
	tok, _ := Parse(sign(hs256, `{"metadata":"`+strings.Repeat("x", 700<<10)+`"}`, "something else altogether"))
	for b.Loop() {
		Explain(tok, testKey, testSecret, nil)
	}
}

func BenchmarkExplainNewline(b *testing.B) {
	tok, _ := Parse(sign(hs256, filled(goodClaims, now), testSecret+"\n"))
	for b.Loop() {
		Explain(tok, testKey, testSecret, nil)
	}
}

// BenchmarkChecks measures all token checks on a good token and on two with a wrong secret.
func BenchmarkChecks(b *testing.B) {
	for name, secret := range map[string]string{"good": testSecret, "wrong": "something else altogether", "quoted": `"` + testSecret + `"`} {
		raw := sign(hs256, filled(goodClaims, now), secret)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tok, _ := Parse(raw)
				Lint(tok)
				Time(tok, Clocks{Local: now, Server: clockAt(0, 0)})
				Signature(tok, testKey, testSecret, nil)
			}
		})
	}
}
