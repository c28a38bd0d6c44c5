package clean

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// The parts of a synthetic token. Payload and signature hold text to look for.
const (
	header    = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
	payload   = "eyJpc3MiOiJBUElDQU5BUlkiLCJzdWIiOiJjYW5hcnkifQ"
	signature = "CaNaRySigNaTuRe0123456789abcdefghijklmnopqr"
	jwt       = header + "." + payload + "." + signature
)

func TestRedactHides(t *testing.T) {
	spaced := base64.RawURLEncoding.EncodeToString([]byte("{ \"alg\":\"HS256\"}")) + "." + payload + "." + signature
	for name, in := range map[string]string{
		"server's echo":       "invalid token: " + jwt + ", error: token signature is invalid",
		"quoted":              `"` + jwt + `"`,
		"two parts":           "got " + header + "." + payload,
		"cut in signature":    "got " + jwt[:len(jwt)-20] + "…",
		"payload.signature":   payload + "." + signature,
		"spaced header":       "x " + spaced,
		"percent-encoded":     strings.ReplaceAll(jwt, ".", "%2E"),
		"percent, twice":      strings.ReplaceAll(jwt, ".", "%252e"),
		"all percent":         percentAll(jwt),
		"JSON-escaped":        strings.ReplaceAll(jwt, ".", `\u002e`),
		"split by colour":     header + ".\x1b[31m" + payload + "\x1b[0m." + signature[:20] + "\x1b[1m" + signature[20:],
		"split by C1":         header + "\u009b1m." + payload + "." + signature[:9] + "\u009b0m" + signature[9:],
		"split by NUL":        header + "." + payload + "\x00." + signature[:9] + "\x00" + signature[9:],
		"split by zero width": header + "\u200b." + payload + "." + signature[:9] + "\ufeff" + signature[9:],
		"in a link":           "\x1b]8;;https://h/?access_token=" + jwt + "\x07link\x1b]8;;\x07",
		"access_token":        "GET /rtc?access_token=CaNaRy-opaque&auto_subscribe=1",
		"token=":              "/x?token=CaNaRy%20opaque%26more",
		"env line":            "LIVEKIT_API_SECRET=CaNaRy#with$signs",
		"env line, quoted":    `LIVEKIT_API_SECRET="CaNaRy with blanks"`,
		"env line, spaced":    `SECRET = CaNaRy`,
		"bearer":              "Authorization: Bearer CaNaRyopaque",
		"bearer alone":        "sent Bearer CaNaRyopaque to it",
		"basic":               "Authorization: Basic Q2FOYVJ5OkNhTmFSeQ==, CaNaRy",
		"header in JSON":      `{"Authorization":"Bearer CaNaRy"}`,
		"header, own scheme":  "authorization: CaNaRy",
		"cookie":              "Set-Cookie: sid=CaNaRy; Path=/",
		"userinfo":            "redis://user:CaNaRy@host:6379/0",
		"userinfo with @":     "redis://user:CaN@aRy@host:6379/0",
		"opaque in JSON":      `{"token":"lk_demo_CaNaRy", "room": "r"}`,
		"opaque, camel":       `{"participantToken": "CaNaRy"}`,
		"opaque, Python":      `{'token': 'CaNaRy'}`,
		"opaque, bytes":       `{'token': b'CaNaRy'}`,
		"opaque, unfinished":  `{"token":"CaNaRy`,
		"opaque, escapes":     `{"token":"CaN\"aRy"}`,
		"JSON in JSON":        `{"detail":"{\"token\":\"CaNaRy\"}"}`,
		"JSON in JSON twice":  `"{\\\"token\\\":\\\"CaNaRy\\\"}"`,
		"opaque alone":        "got lk_demo_CaNaRy0123456789",
		"credential":          `{"urls":["turn:h"],"username":"u","credential":"CaNaRy"}`,
		"turnPassword":        `{"turnPassword" : "CaNaRy"}`,
		"password":            `{"password":"CaNaRy"}`,
		"numeric":             `{"password":123456789,"x":1}`,
		"api_secret":          `{"api_secret":"CaNaRy"}`,
		"YAML":                "api_secret: CaNaRy",
		"SDP":                 "a=ice-pwd:CaNaRy",
	} {
		t.Run(name, func(t *testing.T) {
			got := Redact(in)
			if !strings.Contains(got, Hidden) {
				t.Errorf("Redact(%q) = %q hides nothing", in, got)
			}
			for _, canary := range []string{"CaNaRy", "aRy", signature[9:20], signature[30:], payload[10:], "123456789", "Q2FOY", percentAll(signature[5:10])} {
				if strings.Contains(got, canary) {
					t.Errorf("Redact(%q) = %q: %q leaks", in, got, canary)
				}
			}
			if again := Redact(got); again != got {
				t.Errorf("not idempotent: %q then %q", got, again)
			}
		})
	}
}

func percentAll(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

func TestRedactKeeps(t *testing.T) {
	for _, in := range []string{
		"",
		"invalid authorization header. Must start with Bearer ",
		"invalid API key: APIabcdefghijk",
		"token signature is invalid: signature is invalid",
		`{"detail":"Not Found"}`,
		`{"token":{}}`,
		`{"token":null,"url":"wss://demo.example.com"}`,
		`{"token":"undefined"}`,
		`{"token":""}`,
		"Basic authentication required",
		"wss://demo.example.com/rtc?room=a",
		"mail me@example.com",
		"survey-platform.example.com ewoks.example.com",
		"100% of 5%2F3",
	} {
		if got := Redact(in); got != in {
			t.Errorf("Redact(%q) = %q", in, got)
		}
	}
}

func TestRedactorKnowsValues(t *testing.T) {
	const secret = `s3cr/et+"with$&<signs>\and%41more`
	r := NewRedactor(secret, jwt, "short77", "", "secret", "a")
	for name, in := range map[string]string{
		"raw":             "x" + secret + "y",
		"query":           url.QueryEscape(secret),
		"path":            url.PathEscape(secret),
		"query twice":     url.QueryEscape(url.QueryEscape(secret)),
		"base64":          base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64url":       base64.URLEncoding.EncodeToString([]byte(secret)),
		"basic auth":      base64.StdEncoding.EncodeToString([]byte("key:" + secret + "tail")),
		"basic auth, 2":   base64.RawStdEncoding.EncodeToString([]byte("ab:" + secret)),
		"hex":             hex.EncodeToString([]byte(secret)),
		"Go quoted":       strconv.Quote(secret),
		"ASCII quoted":    strconv.QuoteToASCII(secret),
		"JSON":            mustJSON(secret),
		"JSON twice":      mustJSON(mustJSON(secret)),
		"split":           secret[:10] + "\x1b[1m" + secret[10:],
		"start of it":     "begins with " + secret[:20],
		"end of it":       "ends with " + secret[len(secret)-14:],
		"its middle":      secret[8:24],
		"signature alone": signature,
		"most of it":      signature[:30],
		"short":           "pass short77, wrong",
	} {
		t.Run(name, func(t *testing.T) {
			got := r.Clean(in, 500)
			if !strings.Contains(got, Hidden) {
				t.Errorf("%q stays %q", in, got)
			}
			for _, canary := range []string{"signs", "s3cr", "short77", signature[:8], in[5 : len(in)-5]} {
				if strings.Contains(got, canary) {
					t.Errorf("%q of %q leaks in %q", canary, in, got)
				}
			}
		})
	}
	if got := r.Clean("the secret differs; shorter77 is another", 80); got != "the secret differs; shorter77 is another" {
		t.Errorf("garbled: %q", got)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, r); got != Hidden {
			t.Errorf("%s prints %q", verb, got)
		}
	}
	if got := (*Redactor)(nil).With("abcdefghijkl").Clean("is abcdefghijkl", 80); got != "is "+Hidden {
		t.Errorf("With: %q", got)
	}
	if got := r.URL("https://h/" + url.PathEscape(secret) + "/x?y=1"); strings.Contains(got, "signs") {
		t.Errorf("URL: %q", got)
	}
}

func mustJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// TestCleanAtTheCut checks that no part of a secret remains where a long text is cut.
func TestCleanAtTheCut(t *testing.T) {
	r := NewRedactor(jwt)
	for limit := range 200 {
		if got := r.Clean("the server said: invalid token: "+jwt+", error", limit); strings.Contains(got, "eyJ") {
			t.Fatalf("limit %d: %q", limit, got)
		}
	}
	for pad := 16<<10 - 100; pad < 16<<10+800; pad += 7 {
		if got := r.Clean(strings.Repeat(" ", pad)+jwt, 1<<20); strings.Contains(got, signature[:10]) {
			t.Fatalf("pad %d leaks", pad)
		}
	}
}

func FuzzRedact(f *testing.F) {
	const canary = "Zq9CanaryZq9Zq9CanaryZq9Zq9Canary"
	for _, s := range []string{"%s", "token=%s", `{"a":"%s"}`, "\x1b]8;;%s\x07", "%%%s", `\%s`, `\u00%s`, "\x9b%s", "eyJ%s.%s"} {
		f.Add(strings.Replace(s, "%s", "", 1), s, 100)
	}
	r := NewRedactor(canary)
	f.Fuzz(func(t *testing.T, before, after string, limit int) {
		got := r.Clean(before+canary+after, limit)
		safe(t, got, false)
		if strings.Contains(got, canary[:16]) {
			t.Errorf("leaks: %q", got)
		}
		token := Redact(before + " " + jwt + " " + after)
		if strings.Contains(token, signature) {
			t.Errorf("leaks: %q", token)
		}
	})
}

func BenchmarkCleanErrorBody(b *testing.B) {
	r := NewRedactor(jwt, "a-secret-of-thirty-two-characters")
	body := "invalid token: " + jwt + ", error: token signature is invalid: signature is invalid"
	for b.Loop() {
		r.Clean(body, 300)
	}
}

func BenchmarkRedactMegabyte(b *testing.B) {
	r := NewRedactor(jwt, "a-secret-of-thirty-two-characters")
	body := strings.Repeat(`{"error": "nothing to see", "n": 12}`+"\n", 1<<20/37)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		r.Redact(body)
	}
}

// TestLearnFrom checks that a credential from a server is redacted afterwards, unless it
// is an address or too short or long, and that the number of them is bounded.
func TestLearnFrom(t *testing.T) {
	r := NewRedactor()
	for _, s := range []string{"Zq7turn-credential", "https://evil.example/x", "203.0.113.7", "203.0.113.7:443", "short", strings.Repeat("x", 5000)} {
		r.LearnFrom(s)
	}
	const text = "https://evil.example/x at 203.0.113.7:443 for Zq7turn-credential, in short"
	if got, want := r.Hide(text), "https://evil.example/x at 203.0.113.7:443 for [hidden], in short"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for i := range 2 * maxLearnt {
		r.LearnFrom(fmt.Sprintf("credential-%08d", i))
	}
	if n := len(r.known.Load().values); n > maxLearnt {
		t.Errorf("%d values are known", n)
	}
	(*Redactor)(nil).LearnFrom("Zq7turn-credential")
}
