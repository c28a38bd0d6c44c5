package probe

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// HTTPURL returns u with ws and wss replaced by http and https.
func HTTPURL(u *url.URL) *url.URL { return withScheme(u, "http", "https") }

// WSURL returns u with http and https replaced by ws and wss.
func WSURL(u *url.URL) *url.URL { return withScheme(u, "ws", "wss") }

func withScheme(u *url.URL, plain, secure string) *url.URL {
	c := *u
	switch strings.ToLower(u.Scheme) {
	case "ws", "http":
		c.Scheme = plain
	case "wss", "https":
		c.Scheme = secure
	}
	return &c
}

// Secure reports whether u asks for TLS.
func Secure(u *url.URL) bool {
	s := strings.ToLower(u.Scheme)
	return s == "wss" || s == "https"
}

// HostPort returns u's host, in lower case, and its port.
func HostPort(u *url.URL) string {
	return net.JoinHostPort(strings.ToLower(u.Hostname()), Port(u))
}

// Port returns u's port, or the scheme's default.
func Port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case Secure(u):
		return "443"
	}
	return "80"
}

// origin returns u's scheme, host and port; ws is http, and wss is https.
func origin(u *url.URL) string { return HTTPURL(u).Scheme + "://" + HostPort(u) }

// SameOrigin reports whether two URLs have the same origin.
func SameOrigin(a, b *url.URL) bool { return origin(a) == origin(b) }

// SameServer is SameOrigin with all names of this machine treated as equal.
func SameServer(a, b *url.URL) bool {
	local := IsLoopbackHost(a.Hostname()) && IsLoopbackHost(b.Hostname())
	return SameOrigin(a, b) || local && Secure(a) == Secure(b) && Port(a) == Port(b)
}

// Endpoint appends path to u's own path and drops query and fragment.
func Endpoint(u *url.URL, path string) *url.URL {
	c := *HTTPURL(u)
	c.Path = strings.TrimRight(u.Path, "/") + path
	c.RawPath, c.RawQuery, c.Fragment, c.RawFragment, c.ForceQuery = "", "", "", "", false
	return &c
}

// Scope is where an address can be reached from.
type Scope string

// The scopes.
const (
	ScopePublic      Scope = "public"
	ScopeLoopback    Scope = "loopback"
	ScopeUnspecified Scope = "unspecified" // 0.0.0.0 or ::, which names no host
	ScopeLinkLocal   Scope = "link_local"
	ScopePrivate     Scope = "private" // RFC 1918
	// ScopeContainer is 172.17.0.0/16, Docker's default bridge: private, and
	// commonly reachable from its own machine only.
	ScopeContainer Scope = "container_bridge"
	ScopeCGNAT     Scope = "cgnat" // 100.64.0.0/10, RFC 6598; Tailscale too
	ScopeULA       Scope = "ula"   // fc00::/7, RFC 4193
	ScopeReserved  Scope = "reserved"
	ScopeInvalid   Scope = "invalid"
)

// AddrKind returns the scope of an address.
func AddrKind(a netip.Addr) Scope {
	a = a.Unmap().WithZone("")
	within := func(prefix string) bool { return netip.MustParsePrefix(prefix).Contains(a) }
	switch {
	case !a.IsValid():
		return ScopeInvalid
	case a.IsUnspecified():
		return ScopeUnspecified
	case a.IsLoopback():
		return ScopeLoopback
	case a.IsLinkLocalUnicast():
		return ScopeLinkLocal
	case within("172.17.0.0/16"):
		return ScopeContainer
	case a.IsPrivate() && a.Is4():
		return ScopePrivate
	case a.IsPrivate():
		return ScopeULA
	case within("100.64.0.0/10"):
		return ScopeCGNAT
	case a.IsMulticast(), within("0.0.0.0/8"), within("240.0.0.0/4"), within("192.0.2.0/24"),
		within("198.51.100.0/24"), within("203.0.113.0/24"), within("198.18.0.0/15"), within("2001:db8::/32"):
		return ScopeReserved
	}
	return ScopePublic
}

// IsLoopbackHost reports whether a URL's host names this machine only: localhost,
// a name under .localhost (RFC 6761), or a loopback address. It asks no resolver.
func IsLoopbackHost(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && AddrKind(a) == ScopeLoopback
}
