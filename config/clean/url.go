package clean

import (
	"net/url"
	"strings"
)

// maxURL is the most runes that a URL is shown with.
const maxURL = 300

// URL is u for people: userinfo and every query value hidden, the fragment
// dropped, cleaned and cut. What cannot be parsed is redacted as text.
func URL(u string) string { return (*Redactor)(nil).URL(u) }

// URL is the package's URL plus the known values.
func (r *Redactor) URL(u string) string {
	u = head(u, maxURL)
	parsed, err := url.Parse(strings.TrimSpace(u))
	if err != nil || parsed.Host == "" {
		if before, query, found := strings.Cut(u, "?"); found {
			u = before + "?" + hideQuery(query)
		}
		return r.Clean(u, maxURL)
	}
	var b strings.Builder
	b.WriteString(parsed.Scheme + "://")
	if parsed.User != nil {
		b.WriteString(Hidden + "@")
	}
	b.WriteString(parsed.Host + parsed.EscapedPath())
	if parsed.RawQuery != "" {
		b.WriteString("?" + hideQuery(parsed.RawQuery))
	}
	return Line(r.Redact(b.String()), maxURL)
}

// hideQuery keeps the names of a query and hides the values.
func hideQuery(query string) string {
	query, _, _ = strings.Cut(query, "#")
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, found := strings.Cut(pair, "=")
		switch {
		case found && value != "":
			pairs[i] = name + "=" + Hidden
		case !found && len(name) > 32:
			pairs[i] = Hidden
		}
	}
	return strings.Join(pairs, "&")
}
