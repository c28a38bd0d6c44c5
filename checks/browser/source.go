package browser

import (
	"cmp"
	"net/url"
	"strings"

	"lkdoctor/checks/probe"
)

// matches reports whether one source expression allows target for page (CSP3 §6.7.2).
// 'none', nonces and hashes match no address.
func matches(source string, page, target *url.URL) bool {
	scheme := strings.ToLower(target.Scheme)
	switch {
	case source == "*":
		return scheme == "http" || scheme == "https" || scheme == "ws" || scheme == "wss"
	case strings.EqualFold(source, "'self'"):
		return self(page, target)
	case strings.HasPrefix(source, "'"):
		return false
	}
	s, ok := parseSource(source)
	if !ok {
		return false
	}
	if !schemeMatches(cmp.Or(s.scheme, strings.ToLower(page.Scheme)), scheme) {
		return false
	}
	if s.host == "" {
		return true // a scheme alone
	}
	return hostMatches(s.host, strings.ToLower(target.Hostname())) && portMatches(s, target) && pathMatches(s.path, target.EscapedPath())
}

// schemeMatches reports whether a source's scheme allows the target's: the same, or
// the same with TLS. A source without a scheme has the page's. As in Chromium, and
// unlike CSP3 §6.7.2.8, neither an HTTP source nor one without a scheme allows a
// WebSocket.
func schemeMatches(allowed, scheme string) bool {
	return allowed == scheme || allowed == "http" && scheme == "https" || allowed == "ws" && scheme == "wss"
}

// self reports whether 'self' allows target: the page's host and port, with the same
// or a more secure scheme, including WebSockets.
func self(page, target *url.URL) bool {
	if !strings.EqualFold(page.Hostname(), target.Hostname()) || probe.Secure(page) && !probe.Secure(target) {
		return false
	}
	own, asked := probe.Port(page), probe.Port(target)
	return own == asked || own == defaultPort(page.Scheme) && asked == defaultPort(target.Scheme)
}

// source is a scheme or host source.
type source struct{ scheme, host, port, path string }

// parseSource reads scheme: and [scheme://]host[:port][path].
func parseSource(s string) (source, bool) {
	var out source
	if scheme, rest, has := strings.Cut(s, "://"); has {
		out.scheme, s = strings.ToLower(scheme), rest
	} else if scheme, is := strings.CutSuffix(s, ":"); is && scheme != "" && !strings.ContainsAny(scheme, ":/.") {
		return source{scheme: strings.ToLower(scheme)}, true
	}
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i]
	}
	if i := strings.IndexByte(s, '/'); i >= 0 {
		s, out.path = s[:i], s[i:]
	}
	// A source cannot be an IPv6 address.
	host, port, hasPort := strings.Cut(s, ":")
	out.host, out.port = strings.ToLower(host), port
	return out, host != "" && hasPort == (port != "") && !strings.ContainsAny(s, "[]")
}

// hostMatches reports whether a source's host or *.suffix matches host.
func hostMatches(pattern, host string) bool {
	if pattern == "*" {
		return true
	}
	if suffix, wild := strings.CutPrefix(pattern, "*"); wild {
		return strings.HasPrefix(suffix, ".") && strings.HasSuffix(host, suffix)
	}
	return pattern == host
}

// portMatches reports whether a source's port allows the target's. A source without a
// port has the default one of the target's scheme; 80 allows 443.
func portMatches(s source, target *url.URL) bool {
	asked := probe.Port(target)
	switch s.port {
	case "":
		return asked == defaultPort(target.Scheme)
	case "*", asked:
		return true
	}
	return s.port == "80" && asked == "443" && probe.Secure(target) && s.scheme != "wss" && s.scheme != "https"
}

// pathMatches reports whether a source's path is the target's, or a parent of it that
// ends in a slash.
func pathMatches(pattern, path string) bool {
	if pattern == "" || pattern == "/" {
		return true
	}
	pattern, path = unescaped(pattern), unescaped(path)
	if strings.HasSuffix(pattern, "/") {
		return strings.HasPrefix(path, pattern)
	}
	return pattern == path
}

func unescaped(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// defaultPort returns the port of a URL that names none.
func defaultPort(scheme string) string { return probe.Port(&url.URL{Scheme: scheme}) }
