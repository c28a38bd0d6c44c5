// Package placeholder recognises text in place of a value: the example of a template,
// an unreplaced reference, the text of a missing value, asterisks. It is pure.
// Settings, claims and addresses all use it.
package placeholder

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// Kind is the kind of a placeholder.
type Kind string

// The kinds.
const (
	Template  Kind = "template"      // your_api_key
	Reference Kind = "reference"     // ${LIVEKIT_URL}
	Missing   Kind = "missing-value" // undefined
	Object    Kind = "object"        // [object Object]
	Masked    Kind = "masked"        // ••••••••
)

// Found is a placeholder in a value.
type Found struct {
	Kind Kind
	// Text is the placeholder in a form that is safe to show: printable, at most 60 bytes,
	// and no part of a secret.
	Text string
}

// missing are the texts of a missing value in JavaScript, JSON and SQL, Python, Go and
// Ruby, C and Java.
var missing = map[string]bool{
	"undefined": true, "null": true, "none": true, "nil": true, "nan": true, "<nil>": true, "<null>": true, "(null)": true,
	"<no value>": true, "%!s(<nil>)": true, "%!v(<nil>)": true, "[object undefined]": true, "[object null]": true,
}

// patterns are compiled on first use.
type patterns struct{ template, reference, inside, claim, object, masked, segment *regexp.Regexp }

var compiled = sync.OnceValue(func() patterns {
	either := func(alternatives ...string) *regexp.Regexp {
		return regexp.MustCompile(strings.Join(alternatives, "|"))
	}
	return patterns{
		// Sources: the .env.example files of LiveKit's starters, their READMEs and the
		// docs (your_api_key, <your_api_secret>, APIxxxx, wss://<project-subdomain>…).
		// A project on LiveKit Cloud has digits in its name: my-app-1a2b3c4d is one.
		template: either(
			`<[a-z0-9 _-]+>`,
			`^(https?|wss?)://your([-_.]|(livekit|project|server|domain|host|app|site|company|url|subdomain))`,
			`^(https?|wss?)://(my|example|project|subdomain)[a-z_-]*\.livekit\.cloud`,
			`^(https?|wss?)://(project|subdomain|server|host|domain)[-_](name|url|subdomain)`,
			`^(your|my|insert|enter|replace|put|add)[-_ ]?.*(key|secret|token|url|here|this|me)$`,
			`^api[-_]?(x{3,}|\.{3,})$`,
			`^(x{4,}|\.{3,}|-{3,})$`,
			`^(change[-_ ]?me|todo|fixme|tbd|replaceme|placeholder|api[-_]?key|api[-_]?secret|livekit[-_]api[-_](key|secret))$`,
		),
		reference: either(
			`^(\$\{[^}]*\}|\$\{\{.*\}\}|\{\{.*\}\}|`+
				`#\{[^}]*\}|\$\([A-Z_][A-Z0-9_]*\)|\$(env:)?[A-Z_][A-Z0-9_]{3,}|%[A-Za-z_][A-Za-z0-9_]*%)$`,
			`^(process\.env|import\.meta\.env|os\.environ|os\.getenv)\b`,
			`^(?i:op://|arn:aws:|@microsoft\.keyvault\()`,
		),
		// References inside other text. A percent-encoded path has two characters between two
		// %.
		inside: either(`\$?\{\{[^}]+\}\}`, `[$#]\{[^}]+\}`, `\$\([A-Z_][A-Z0-9_]*\)`, `\$[A-Z_][A-Z0-9_]{2,}`, `%[A-Z_][A-Z0-9_]{2,}%`),
		// A Python string without its f prefix.
		claim:  either(`\{[A-Za-z_][A-Za-z0-9_.]*\}`, `^<[A-Za-z][A-Za-z0-9 _-]*>$`),
		object: either(`\[object \w+\]`),
		masked: either(`^(\*{3,}|(?i:api)?\*{3,}|[•●]{3,}|(?i:\[?redacted\]?|\[hidden\]|\(sensitive( value)?\)))$`),
		// A missing value at the end of a composed name.
		segment: either(`(?:^|[-_:/.])(undefined|null|None|NaN)$`),
	}
})

// In examines a whole setting: an address, a key or a secret.
func In(value string) (Found, bool) {
	v, p := strings.Trim(strings.TrimSpace(value), `"'`), compiled()
	lower := strings.ToLower(v)
	switch {
	case v == "":
		return Found{}, false
	case missing[lower]:
		return found(Missing, v)
	case p.masked.MatchString(v):
		return found(Masked, v)
	case p.reference.MatchString(v):
		return found(Reference, v)
	}
	if at := p.object.FindStringIndex(v); at != nil && at[0] == 0 && at[1] == len(v) {
		return found(Object, v)
	}
	if at := p.template.FindStringIndex(lower); at != nil && len(lower) == len(v) {
		if at[0] > 0 {
			v = v[at[0]:at[1]]
		}
		return found(Template, v)
	}
	return Found{}, false
}

// InURL examines an address: as a whole, its host and port, and references anywhere in
// it.
func InURL(raw string) (Found, bool) {
	if f, is := In(raw); is {
		return f, true
	}
	p := compiled()
	if m := p.inside.FindString(raw); m != "" {
		return found(Reference, m)
	}
	if m := p.object.FindString(raw); m != "" {
		return found(Object, m)
	}
	_, rest, has := strings.Cut(raw, "://")
	if !has {
		rest = raw
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	host, port, _ := strings.Cut(rest[strings.LastIndex(rest, "@")+1:], ":")
	label, _, _ := strings.Cut(host, ".")
	for _, part := range []string{host, label, port} {
		if missing[strings.ToLower(part)] {
			return found(Missing, part)
		}
	}
	return Found{}, false
}

// InClaim examines a name in a token: a participant's identity, a room. Such names are
// free text and often composed ("user-undefined"), so of templates only <name> counts,
// and of missing values only their exact spelling.
func InClaim(value string) (Found, bool) {
	v, p := strings.TrimSpace(value), compiled()
	if m := p.object.FindString(v); m != "" {
		return found(Object, m)
	}
	if f, is := In(v); is && f.Kind != Template {
		return f, true
	}
	for _, r := range []*regexp.Regexp{p.inside, p.claim} {
		if m := r.FindString(v); m != "" {
			return found(Reference, m)
		}
	}
	if m := p.segment.FindStringSubmatch(v); m != nil {
		return found(Missing, m[1])
	}
	return Found{}, false
}

// found returns a placeholder in a form that is safe to show.
func found(kind Kind, text string) (Found, bool) {
	text, _, _ = strings.Cut(text, "?")
	if len(text) > 60 {
		text = text[:60]
	}
	return Found{kind, strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return -1
	}, text)}, true
}
