package probe

import (
	"net/url"
	"strings"

	"lkdoctor/config/clean"
)

// lineCap is how many characters are kept of a stranger's line.
const lineCap = 300

// Line makes one line of a stranger's text safe to keep and to show.
func (n *Net) Line(s string) string { return n.Short(s, lineCap) }

// Short is Line with a cap of its own, in characters.
func (n *Net) Short(s string, limit int) string {
	if n.Redact != nil {
		return n.Redact.Clean(s, limit)
	}
	return clean.Line(clean.Redact(s), limit)
}

// Without removes a token from a text that may echo it, whole, escaped for a
// URL, or its signature alone. What looks like a token is removed by Line; this
// is for those that do not look like one.
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
