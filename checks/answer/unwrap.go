package answer

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"lkdoctor/checks/finding"
)

const maxWrappings = 6

// maxUnwrapped is the length in bytes above which Unwrap returns a text unchanged.
const maxUnwrapped = 2 << 20

// Unwrap extracts a token from pasted text: quotes, white space, "Bearer", a URL with
// access_token, a browser's error message, a JSON response, an env line. It returns
// the token and the wrappings, outermost first. Without wrappings it returns s
// unchanged.
func Unwrap(s string) (token string, wrappings []Wrapping) {
	if len(s) > maxUnwrapped {
		return s, nil
	}
	for range maxWrappings {
		inner, around := unwrapOnce(s)
		if around.Kind == "" || inner == s {
			break
		}
		wrappings = append(wrappings, around)
		s = inner
	}
	return s, wrappings
}

// Wrapping is one thing around a token.
type Wrapping struct {
	// Kind is stable: quotes, bytes, bearer, json, url, setting, encoded, blanks or
	// other. It is the variant of TOKEN_WRAPPED.
	Kind string
	Text finding.Text
}

func wrapping(kind, format string, args ...any) Wrapping {
	return Wrapping{Kind: kind, Text: finding.Textf(format, args...)}
}

func unwrapOnce(s string) (string, Wrapping) {
	if trimmed := strings.TrimSpace(s); trimmed != s {
		if strings.TrimRight(s, "\r\n") == trimmed {
			return trimmed, wrapping("blanks", "a final line break")
		}
		return trimmed, wrapping("blanks", "white space")
	}
	if trimmed := TrimHidden(s); trimmed != s {
		return trimmed, wrapping("blanks", "invisible characters")
	}
	if inner, ok := pythonBytes(s); ok {
		return inner, wrapping("bytes", "b'…', the way Python prints bytes")
	}
	if inner, ok := withoutQuotes(s); ok {
		return inner, wrapping("quotes", "quotes")
	}
	if inner, ok := afterWord(s, "authorization:"); ok {
		return inner, wrapping("bearer", "an Authorization header")
	}
	for _, word := range []string{"bearer ", "bearer:", "bearer%20", "token ", "jwt "} {
		if inner, ok := afterWord(s, word); ok {
			return inner, wrapping("bearer", "a leading “%s”", strings.Trim(word, " :%20"))
		}
	}
	if s != "" && beginsJSON([]byte(s)) {
		a := Find([]byte(s), "", TicketService)
		if !a.Token.Empty() {
			return a.Token.Reveal(), wrapping("json", "a JSON document")
		}
		if inside := jwts(s); len(inside) > 0 {
			return inside[0], wrapping("json", "a JSON document")
		}
	}
	if m := queryPattern().FindStringSubmatch(s); m != nil {
		value, err := url.QueryUnescape(m[1])
		if err != nil {
			value = m[1]
		}
		return value, wrapping("url", "a URL or text with access_token=")
	}
	if m := settingPattern().FindStringSubmatch(s); m != nil && !beginsAsJWT(s) {
		return m[2], wrapping("setting", "a setting (NAME=value)")
	}
	return unwrapRare(s)
}

// unwrapRare removes rare wrappings, if a JWT results.
func unwrapRare(s string) (string, Wrapping) {
	if strings.HasPrefix(s, "<") && strings.HasSuffix(s, ">") && LooksSigned(s[1:len(s)-1]) {
		return s[1 : len(s)-1], wrapping("other", "angle brackets")
	}
	if cut := strings.TrimRight(s, ",;"); cut != s && LooksSigned(cut) {
		return cut, wrapping("other", "a final comma or semicolon")
	}
	if strings.Contains(s, "%") {
		if plain, err := url.QueryUnescape(s); err == nil && LooksSigned(strings.Trim(TrimHidden(plain), `"'`)) {
			return plain, wrapping("encoded", "percent-encoding")
		}
	}
	if strings.HasPrefix(s, "ZXlK") {
		if plain, err := base64.StdEncoding.DecodeString(s); err == nil && LooksSigned(string(plain)) {
			return string(plain), wrapping("encoded", "base64 once more")
		}
	}
	if joined := joinedJWT(s); joined != "" && joined != s {
		return joined, wrapping("blanks", "line breaks or blanks between its characters")
	}
	if strings.ContainsFunc(s, unicode.IsSpace) {
		if inside := jwts(s); len(inside) > 0 {
			return inside[0], wrapping("other", "other text")
		}
	}
	return s, Wrapping{}
}

var (
	// queryPattern matches a parameter of a query that holds a token, group 1.
	queryPattern = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)(?:^|[?&#\s"'])(?:access_token|token|jwt)=([^&\s"'#]+)`)
	})
	// settingPattern matches NAME=value or NAME: value, groups 1 and 2.
	settingPattern = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]{2,40})(?:\s*=\s*|:\s+)(\S.*)$`)
	})
)

// TrimHidden trims white space and invisible characters.
func TrimHidden(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Cc)
	})
}

func afterWord(s, word string) (string, bool) {
	if len(s) > len(word) && strings.EqualFold(s[:len(word)], word) {
		return s[len(word):], true
	}
	return s, false
}

func pythonBytes(s string) (string, bool) {
	if len(s) >= 3 && (s[0] == 'b' || s[0] == 'B') && (s[1] == '\'' || s[1] == '"') {
		return strings.TrimSuffix(s[2:], s[1:2]), true
	}
	return s, false
}

var quotePairs = [][2]string{{`\"`, `\"`}, {`"`, `"`}, {`'`, `'`}, {"`", "`"}, {"“", "”"}, {"‘", "’"}, {"«", "»"}, {"„", "“"}}

// withoutQuotes removes a quote from each end that has one.
func withoutQuotes(s string) (string, bool) {
	for _, q := range quotePairs {
		opened, closed := strings.HasPrefix(s, q[0]), strings.HasSuffix(s, q[1])
		if len(s) < len(q[0])+len(q[1]) || !opened && !closed {
			continue
		}
		if opened {
			s = s[len(q[0]):]
		}
		if closed {
			s = s[:len(s)-len(q[1])]
		}
		return s, true
	}
	return s, false
}

// LooksSigned reports whether s looks like a JWT, whole or damaged: the first part
// decodes to the beginning of a JSON object, or there are three parts, and one of the
// first two begins as JSON in base64 or the whole is long. PASETO tokens (v2., v3., v4.)
// do not count.
func LooksSigned(s string) bool {
	if beginsAsJWT(s) {
		return true
	}
	first, rest, dotted := strings.Cut(s, ".")
	if !dotted || strings.HasPrefix(s, "v2.") || strings.HasPrefix(s, "v3.") || strings.HasPrefix(s, "v4.") {
		return false
	}
	return strings.Count(rest, ".") == 1 && (strings.HasPrefix(first, "ey") || strings.HasPrefix(rest, "ey") ||
		len(s) > 80 && !strings.ContainsAny(s, " /:<{"))
}

// beginsAsJWT reports whether the first part of s decodes to the beginning of a JSON
// object.
func beginsAsJWT(s string) bool {
	first, _, _ := strings.Cut(s[:min(len(s), 4096)], ".")
	head, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(first[:len(first)/4*4], "="))
	return err == nil && len(head) > 1 && head[0] == '{' && strings.IndexByte("\" \t\r\n}", head[1]) >= 0
}
