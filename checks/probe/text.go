package probe

import (
	"net/url"
	"strings"

	"lkdoctor/config/clean"
)

// lineCap is the number of characters that are kept of a line.
const lineCap = 300

// Line returns one line of untrusted text, safe to keep and to show.
func (n *Net) Line(s string) string { return n.Short(s, lineCap) }

// Short is Line with a cap of its own, in characters.
func (n *Net) Short(s string, limit int) string {
	if n.Redact != nil {
		return n.Redact.Clean(s, limit)
	}
	return clean.Line(clean.Redact(s), limit)
}

// Without removes a token from a text that may echo it: whole, escaped for a URL,
// or its signature alone. Line removes what looks like a token; this is for tokens
// that do not.
func Without(s, tok string) string {
	parts := []string{tok, strings.TrimSpace(tok), url.QueryEscape(tok), url.PathEscape(tok)}
	if i := strings.LastIndexByte(tok, '.'); i >= 0 {
		parts = append(parts, tok[i+1:])
	}
	for _, p := range parts {
		if len(p) >= 8 {
			s = strings.ReplaceAll(s, p, clean.Hidden)
		}
	}
	return s
}
