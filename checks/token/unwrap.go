package token

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"lkdoctor/checks/finding"
)

// maxWrappings bounds how many layers are taken off.
const maxWrappings = 6

// maxUnwrapped: a longer text is taken as it is.
const maxUnwrapped = 2 << 20

// Unwrap takes a token out of what people paste: quotes, white space, "Bearer",
// a URL with access_token, a browser's error message, a JSON answer, an env
// line. It returns the token and the names of the wrappings, outermost first;
// no wrappings means that s is returned as it is.
func Unwrap(s string) (token string, wrappings []finding.Text) {
	if len(s) > maxUnwrapped {
		return s, nil
	}
	for range maxWrappings {
		inner, name := unwrapOnce(s)
		if name.IsZero() || inner == s {
			break
		}
		wrappings = append(wrappings, name)
		s = inner
	}
	return s, wrappings
}

func unwrapOnce(s string) (string, finding.Text) {
	if trimmed := strings.TrimSpace(s); trimmed != s {
		if strings.TrimRight(s, "\r\n") == trimmed {
			return trimmed, finding.Textf("a final line break")
		}
		return trimmed, finding.Textf("white space")
	}
	if trimmed := trimHidden(s); trimmed != s {
		return trimmed, finding.Textf("invisible characters")
	}
	if inner, ok := pythonBytes(s); ok {
		return inner, finding.Textf("b'…', the way Python prints bytes")
	}
	if inner, ok := unquoted(s); ok {
		return inner, finding.Textf("quotes")
	}
	if inner, ok := afterWord(s, "authorization:"); ok {
		return inner, finding.Textf("an Authorization header")
	}
	for _, word := range []string{"bearer ", "bearer:", "bearer%20", "token ", "jwt "} {
		if inner, ok := afterWord(s, word); ok {
			return inner, finding.Textf("a leading “%s”", strings.Trim(word, " :%20"))
		}
	}
	if strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
		if inner, ok := inJSON(s); ok {
			return inner, finding.Textf("a JSON document")
		}
	}
	if m := queried().FindStringSubmatch(s); m != nil {
		value, err := url.QueryUnescape(m[1])
		if err != nil {
			value = m[1]
		}
		return value, finding.Textf("a URL or text with access_token=")
	}
	if m := assigned().FindStringSubmatch(s); m != nil {
		return m[1], finding.Textf("a setting (NAME=value)")
	}
	return unwrapRare(s)
}

// unwrapRare takes off what is seen seldom; only where a JWT comes out.
func unwrapRare(s string) (string, finding.Text) {
	if strings.HasPrefix(s, "<") && strings.HasSuffix(s, ">") && looksSigned(s[1:len(s)-1]) {
		return s[1 : len(s)-1], finding.Textf("angle brackets")
	}
	if cut := strings.TrimRight(s, ",;"); cut != s && looksSigned(cut) {
		return cut, finding.Textf("a final comma or semicolon")
	}
	if strings.Contains(s, "%") {
		if plain, err := url.QueryUnescape(s); err == nil && looksSigned(trimEnds(plain)) {
			return plain, finding.Textf("percent-encoding")
		}
	}
	if strings.HasPrefix(s, "ZXlK") {
		if plain, err := base64.StdEncoding.DecodeString(s); err == nil && looksSigned(string(plain)) {
			return string(plain), finding.Textf("base64 once more")
		}
	}
	if strings.ContainsFunc(s, unicode.IsSpace) {
		if joined := strings.Join(strings.Fields(s), ""); whole().MatchString(joined) && beginsAsJSON(joined) {
			return joined, finding.Textf("line breaks or blanks between its characters")
		}
		if m := embedded().FindString(s); m != "" {
			return m, finding.Textf("other text")
		}
	}
	return s, finding.Text{}
}

var (
	queried = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)(?:^|[?&#\s"'])(?:access_token|token|jwt)=([^&\s"'#]+)`)
	})
	assigned = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:export\s+)?[A-Za-z_][A-Za-z0-9_]{2,40}(?:\s*=\s*|:\s+)(\S.*)$`)
	})
	embedded = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`)
	})
	whole = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)
	})
)

// trimHidden trims blanks and what cannot be seen.
func trimHidden(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Cc)
	})
}

func trimEnds(s string) string { return strings.Trim(trimHidden(s), `"'`) }

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

// quotePairs are what people and tools quote with.
var quotePairs = [][2]string{{`\"`, `\"`}, {`"`, `"`}, {`'`, `'`}, {"`", "`"}, {"“", "”"}, {"‘", "’"}, {"«", "»"}, {"„", "“"}}

// unquoted takes a quote off each end that has one.
func unquoted(s string) (string, bool) {
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

// tokenFields are the names under which services hand out a token, lower case.
var tokenFields = []string{"token", "accesstoken", "access_token", "participanttoken", "participant_token", "jwt", "livekit_token", "livekittoken"}

// inJSON finds the token in a JSON document: the value under a usual name, else
// any text that looks like a JWT. The document may be cut.
func inJSON(s string) (string, bool) {
	dec := json.NewDecoder(strings.NewReader(s))
	var field, named, signed string
	// A name and its value come in turn only inside an object.
	var objects []bool
	isName := false
	for range 10_000 {
		tok, err := dec.Token()
		if err != nil {
			break
		}
		switch v := tok.(type) {
		case json.Delim:
			switch v {
			case '{', '[':
				objects = append(objects, v == '{')
				isName = v == '{'
			default:
				objects = objects[:len(objects)-1]
				isName = len(objects) > 0 && objects[len(objects)-1]
			}
			continue
		case string:
			if isName {
				field, isName = strings.ToLower(v), false
				continue
			}
			if named == "" && v != "" && slices.Contains(tokenFields, field) {
				named = v
			}
			if signed == "" && looksSigned(v) {
				signed = v
			}
		}
		isName = len(objects) > 0 && objects[len(objects)-1]
	}
	if named != "" {
		return named, true
	}
	return signed, signed != ""
}
