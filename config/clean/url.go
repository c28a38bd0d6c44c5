package clean

import (
	"net/url"
	"strings"
)

const maxURL = 300

// URL returns u in a form that is safe to show: without userinfo, query values and
// fragment, cleaned and cut. It redacts an invalid URL as text.
func URL(u string) string { return (*Redactor)(nil).URL(u) }

// URL applies the package's URL and hides the known values.
func (r *Redactor) URL(u string) string {
	u = head(u, maxURL)
	parsed, err := url.Parse(strings.TrimSpace(u))
	if err != nil || parsed.Host == "" {
		if before, query, found := strings.Cut(u, "?"); found {
			u = before + "?" + HideQuery(query)
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
		b.WriteString("?" + HideQuery(parsed.RawQuery))
	}
	return Line(r.Redact(b.String()), maxURL)
}

// HideQuery hides the values of a query, and names that are as long as a secret.
func HideQuery(query string) string {
	query, _, _ = strings.Cut(query, "#")
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, found := strings.Cut(pair, "=")
		switch {
		case found && value != "":
			pairs[i] = name + "=" + Hidden
		case !found && len(name) >= 32:
			pairs[i] = Hidden
		}
	}
	return strings.Join(pairs, "&")
}
