package checks

import (
	"regexp"
	"strings"
	"sync"
	"unicode"

	"lkdoctor/checks/finding"
)

// placeholders are what a template says where a value belongs, in lower case and
// without quotes. Sources: the .env.example files of LiveKit's starters, their
// READMEs and the docs (your_api_key, <your_api_secret>, APIxxxx,
// wss://<project-subdomain>…).
var placeholders = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(strings.Join([]string{
		`<[a-z0-9 _-]+>`,
		`^(https?|wss?)://(your|my|example|project|<)[a-z0-9_-]*([._-]|$)(livekit|server|project|subdomain|domain|url|cloud|host)`,
		`^(https?|wss?)://(your|my)[-_]`,
		`^(your|my|insert|enter|replace|put|add)[-_ ]?.*(key|secret|token|url|here|this|me)$`,
		`^api[-_]?(x{3,}|\.{3,}|\*{3,})$`,
		`^(x{4,}|\*{3,}|\.{3,}|-{3,})$`,
		`^(change[-_ ]?me|changeme|todo|fixme|tbd|replaceme|placeholder|api[-_]?key|api[-_]?secret|livekit[-_]api[-_](key|secret)|apikey|apisecret)$`,
	}, "|"))
})

// references are what was to be replaced by a value and was not, what programs
// write where there is none, and what stands for a hidden one.
var references = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(strings.Join([]string{
		`^(\$\{[^}]*\}|\$\{\{.*\}\}|\{\{.*\}\}|\$\([A-Z_][A-Z0-9_]*\)|\$(env:)?[A-Z_][A-Z0-9_]{3,}|%[A-Z_][A-Z0-9_]*%)$`,
		`^(process\.env|import\.meta\.env|os\.environ|os\.getenv)\b`,
		`^(?i:op://|arn:aws:|@microsoft\.keyvault\()`,
		`^(?i:undefined|null|none|nil|<nil>|\[object \w+\]|\[?redacted\]?|\[hidden\]|\(sensitive( value)?\)|[•●]{3,})$`,
	}, "|"))
})

// placeholderIn tells whether value was never replaced after a template was
// copied. What it returns is the template's own text, which is no secret.
func placeholderIn(value string) (string, bool) {
	v := strings.Trim(strings.TrimSpace(value), `"'`)
	if v == "" || !placeholders().MatchString(strings.ToLower(v)) && !references().MatchString(v) {
		return "", false
	}
	if len(value) > 60 {
		value = value[:60]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, value), true
}

// firstQuote finds the first quotation mark of any kind, as a count of
// characters from the start; -1 when there is none.
func firstQuote(value string) (int, Text) {
	for i, r := range []rune(value) {
		switch r {
		case '"':
			return i, finding.Textf("a double quote")
		case '\'':
			return i, finding.Textf("a single quote")
		case '`':
			return i, finding.Textf("a backtick")
		case '“', '”', '‘', '’', '„', '«', '»', '‚', '‹', '›':
			return i, finding.Textf("a typographic quote (%U)", r)
		}
	}
	return -1, Text{}
}

// firstSpace finds the first white space, control or invisible character.
func firstSpace(value string) (int, Text) {
	for i, r := range []rune(value) {
		switch {
		case r == ' ':
			return i, finding.Textf("a space")
		case r == '\t':
			return i, finding.Textf("a tab")
		case r == '\n':
			return i, finding.Textf("a line feed")
		case r == '\r':
			return i, finding.Textf("a carriage return")
		case r == '\u00a0':
			return i, finding.Textf("a no-break space (U+00A0)")
		case r == '\ufeff':
			return i, finding.Textf("a byte order mark (U+FEFF)")
		case unicode.IsSpace(r), unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return i, finding.Textf("an invisible character (%U)", r)
		}
	}
	return -1, Text{}
}
