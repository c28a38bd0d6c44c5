package clean

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

type span struct{ start, end int }

// The ends of the names of settings, claims and fields whose value is a credential, as
// in LIVEKIT_API_SECRET and participantToken; and the characters of a JWT.
const (
	secretNames = `(?:secret(?:[_-]?key)?|passw(?:or)?d|passwd|pwd|passphrase|credentials?|private[_-]?key|access[_-]?key|ice-pwd)`
	tokenNames  = `(?:token|jwt|bearer)`
	jwtChars    = `[A-Za-z0-9_\-+/=]`
)

// secretHints and tokenHints are what every one of those names contains.
var (
	secretHints = []string{"secret", "passw", "pwd", "passphrase", "credential", "private", "access", "ice-pwd"}
	tokenHints  = []string{"token", "jwt", "bearer"}
)

// patterns find credentials by look or by name. Group 1 is what gets hidden; a
// pattern without groups hides the whole match. They are compiled on first use.
var patterns = sync.OnceValue(func() []pattern {
	hints := slices.Concat(secretHints, tokenHints)
	list := []pattern{
		// A JWT, whole or cut: "eyJ" is base64 of {" .
		{re: `eyJ` + jwtChars + `{5,}(?:\.` + jwtChars + `*)*`, needs: []string{"eyj"}},
		// One whose header has a blank after the brace.
		{re: `\be(?:yA|wo|wk|w0)` + jwtChars + `{4,}\.e[yw]` + jwtChars + `+(?:\.` + jwtChars + `*)*`,
			needs: []string{"eya", "ewo", "ewk", "ew0"}},
		// LiveKit-like opaque tokens: lk_demo_…
		{re: `\blk_[A-Za-z0-9]{2,12}_[A-Za-z0-9_\-+/=]{8,}`, needs: []string{"lk_"}},
		// name=value, in URLs, env files, command lines.
		{re: `(?i)(?:` + secretNames + `|` + tokenNames + `)[ \t]*=[ \t]*("[^"\r\n]*"?|'[^'\r\n]*'?|[^\s&"'<>]+)`, needs: hints},
		// "name": "value" in JSON, 'name': 'value' in Python.
		{re: `(?i)(?:` + secretNames + `|` + tokenNames +
			`)["']\s*:\s*[bu]?("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|-?[0-9][\w.+\-]*)`, needs: hints},
		// secret: value in YAML and log lines.
		{re: `(?i)` + secretNames + `[ \t]*:[ \t]*("[^"\r\n]*"?|'[^'\r\n]*'?|[^\s"',}]+)`, needs: secretHints},
		{re: `(?i)` + tokenNames + `[ \t]*:[ \t]*([\w\-.~+/=]{16,})`, needs: tokenHints},
		// Header lines.
		{re: `(?i)authorization["']?\s*[:=]\s*["']?(?:(?:bearer|basic|digest|token|negotiate)[ \t]+)*([^"'\r\n]+)`,
			needs: []string{"authorization"}},
		{re: `(?i)(?:cookie|x-api-key|x-auth-token)["']?\s*:\s*["']?([^"'\r\n]+)`,
			needs: []string{"cookie", "x-api-key", "x-auth-token"}},
		{re: `(?i)\b(?:bearer|basic)[ \t]+([\w\-.~+/=]{4,})`, needs: []string{"bearer", "basic"}, keep: isWord},
		// scheme://user:password@host
		{re: `[A-Za-z][A-Za-z0-9+.\-]*://([^/\s"'<>?#]+)@`, needs: []string{"@"}},
	}
	for i := range list {
		list[i].compiled = regexp.MustCompile(list[i].re)
	}
	return list
})

type pattern struct {
	re string
	// needs are lower-case texts of which one must occur for a match: most
	// texts hold none, and looking for them is cheap.
	needs []string
	// keep reports whether a match is no credential. It may be nil.
	keep     func(value string) bool
	compiled *regexp.Regexp
}

// noCredential are values that show what went wrong and are no secret.
var noCredential = []string{"", "undefined", "null", "none", "{}", "[object promise]", "[object object]", Hidden}

// Redact replaces every credential in s by Hidden. It recognises them by their form
// (JWTs, also cut, percent-encoded or split by escapes; lk_demo_ tokens; Bearer and
// Basic; userinfo of URLs) or by their name (access_token=, "token":, secret,
// password, credential, …). A Redactor also hides known values.
func Redact(s string) string {
	var spans []span
	for _, v := range views(s) {
		spans = v.find(spans)
	}
	return hideSpans(s, spans)
}

// find adds the spans of the original that hold credentials.
func (v view) find(spans []span) []span {
	lower := strings.ToLower(v.text)
	for _, p := range patterns() {
		if !slices.ContainsFunc(p.needs, func(hint string) bool { return strings.Contains(lower, hint) }) {
			continue
		}
		for _, m := range p.compiled.FindAllStringSubmatchIndex(v.text, -1) {
			start, end := m[0], m[1]
			if len(m) > 2 {
				start, end = m[2], m[3]
			}
			start, end = unquote(v.text, start, end)
			value := v.text[start:end]
			if slices.Contains(noCredential, strings.ToLower(value)) || p.keep != nil && p.keep(value) {
				continue
			}
			spans = append(spans, v.origin(start, end))
		}
	}
	return spans
}

func unquote(s string, start, end int) (int, int) {
	if end > start && (s[start] == '"' || s[start] == '\'') {
		q := s[start]
		start++
		if end > start && s[end-1] == q {
			end--
		}
	}
	return start, end
}

// isWord reports whether value is a word of a sentence ("Bearer authentication").
func isWord(value string) bool {
	value = strings.TrimRight(value, ".")
	return len(value) < 20 && !strings.ContainsFunc(value[min(1, len(value)):], func(r rune) bool {
		return r < 'a' || r > 'z'
	})
}

// hideSpans replaces each run of overlapping spans by Hidden.
func hideSpans(s string, spans []span) string {
	if len(spans) == 0 {
		return s
	}
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	var b strings.Builder
	from := 0
	for i := 0; i < len(spans); {
		start, end := spans[i].start, spans[i].end
		for i++; i < len(spans) && spans[i].start <= end; i++ {
			end = max(end, spans[i].end)
		}
		b.WriteString(s[from:start])
		b.WriteString(Hidden)
		from = end
	}
	b.WriteString(s[from:])
	return b.String()
}
