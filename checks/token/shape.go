package token

import (
	"regexp"
	"strings"
	"sync"

	"lkdoctor/checks/finding"
)

// maxShaped is the number of bytes from which a Shape is derived.
const maxShaped = 4096

// shapeOf describes a text without revealing it.
func shapeOf(raw string) Shape {
	s := Shape{Length: len(raw), Dots: strings.Count(raw, "."), kind: "random"}
	text := raw[:min(len(raw), maxShaped)]
	s.Prefix = prefixOf(text)
	rest := strings.TrimPrefix(text, s.Prefix)
	s.Alphabet = alphabetOf(rest)
	if len(raw) <= maxShaped {
		s.Looks, s.kind = looksLike(text, rest, s)
	}
	return s
}

var (
	// urlsafeBytes maps the length of base64url to the number of random bytes.
	urlsafeBytes = map[int]int{11: 8, 16: 12, 22: 16, 27: 20, 32: 24, 43: 32, 64: 48, 86: 64}
	prefixes     = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:[a-z]{2,8}[_-]){1,2}`)
	})
)

// prefixOf returns a literal prefix such as "lk_demo_" before at least 16 other
// characters, "" if there is none. It prefers the prefix that leaves a well-known
// length.
func prefixOf(s string) string {
	longest := prefixes().FindString(s)
	if longest == "" || strings.ContainsAny(s, " .{<") || len(s)-len(longest) < 8 {
		return ""
	}
	first := longest[:strings.IndexAny(longest, "_-")+1]
	for _, p := range []string{longest, first} {
		if rest := s[len(p):]; urlsafeBytes[len(rest)] != 0 || alphabetOf(rest) == "hex" || alphabetOf(rest) == "uuid" {
			return p
		}
	}
	return first
}

// alphabetOf returns the smallest well-known alphabet that s fits.
func alphabetOf(s string) string {
	switch {
	case s == "":
		return "nothing"
	case uuidLike(s):
		return "uuid"
	case only(s, "0123456789"):
		return "digits"
	case only(s, "0123456789abcdef"), only(s, "0123456789ABCDEF"):
		return "hex"
	case only(s, base62):
		return "letters and digits"
	case only(s, base62+"-_"):
		return "base64url"
	case only(s, base62+"+/="):
		return "base64"
	case only(s, base62+"-_.~+/="):
		return "letters, digits, punctuation"
	}
	return "text"
}

const base62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func only(s, alphabet string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune(alphabet, r) }) < 0
}

func uuidLike(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(strings.ToLower(s)) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !strings.ContainsRune("0123456789abcdef", rune(c)) {
			return false
		}
	}
	return true
}

// looksLike recognises values that are often returned instead of a token, and gives
// the variant of TOKEN_OPAQUE.
func looksLike(text, rest string, s Shape) (looks finding.Text, variant string) {
	lower := strings.ToLower(strings.TrimSpace(text))
	switch {
	case strings.HasPrefix(lower, "<"):
		return finding.Textf("an HTML or XML page"), "web-page"
	case strings.HasPrefix(lower, "{"), strings.HasPrefix(lower, "["):
		return finding.Textf("JSON without a token in it"), "refusal"
	case strings.Contains(lower, "://"):
		return finding.Textf("a URL without a token in it"), "refusal"
	case strings.ContainsAny(lower, " \t\r\n"):
		return finding.Textf("a sentence or message, not a token"), "refusal"
	case strings.HasPrefix(text, "API") && s.Length == 15 && s.Dots == 0:
		return finding.Textf("a LiveKit API key; the token is made from the key and the secret"), "key"
	case s.Prefix == "tkt_":
		return finding.Textf("a ticket: it has to be traded for a token"), "ticket"
	case strings.HasPrefix(text, "v2.local."), strings.HasPrefix(text, "v4.local."), strings.HasPrefix(text, "v2.public."), strings.HasPrefix(text, "v4.public."):
		return finding.Textf("a PASETO token, another format"), "other-service"
	case (strings.HasPrefix(text, "006") || strings.HasPrefix(text, "007")) && s.Length > 60:
		return finding.Textf("a token of Agora, another video service"), "other-service"
	case s.Alphabet == "uuid":
		return finding.Textf("a UUID, as uuid.uuid4() makes"), "id"
	case s.Alphabet == "hex" && len(rest)%2 == 0 && len(rest) >= 16:
		return finding.Textf("%d random bytes in hex, as secrets.token_hex(%d) makes", len(rest)/2, len(rest)/2), "random"
	case s.Dots == 0 && urlsafeBytes[len(rest)] != 0 && only(rest, base62+"-_"):
		n := urlsafeBytes[len(rest)]
		return finding.Textf("%d random bytes in base64url, as secrets.token_urlsafe(%d) makes", n, n), "random"
	case s.Alphabet == "digits":
		return finding.Textf("a number"), "id"
	case s.Alphabet == "letters and digits", s.Alphabet == "base64url", s.Alphabet == "base64":
		return finding.Textf("a random string of %d characters", len(rest)), "random"
	}
	return finding.Text{}, "random"
}
