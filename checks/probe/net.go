// Package probe sends single network requests (a name, a connection, a handshake,
// an HTTP exchange, LiveKit's /rtc/validate and server API) and returns what was
// observed, classified. It does not judge: package checks turns observations into
// findings. It touches the network only, through a Net and within its Limits.
// Strings are cleaned unless a field says otherwise. The caller closes the Net and
// the connections that it gets.
package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"lkdoctor/config/clean"
)

// DialFunc opens a connection, as net.Dialer.DialContext does.
type DialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// Resolver turns names into addresses; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Net holds the edges: how to resolve, dial, verify and read the clock. Zero fields
// mean the machine's own. Set the fields before the first use; after that a Net may
// be used by several goroutines. The caller closes it.
type Net struct {
	Dial     DialFunc
	Resolver Resolver
	// Roots are the authorities that TLS certificates are verified against.
	Roots *x509.CertPool
	// Proxy returns the HTTP proxy of a URL, nil for none. The zero value is
	// http.ProxyFromEnvironment.
	Proxy func(*url.URL) (*url.URL, error)
	Now   func() time.Time
	// UserAgent is sent with each request; "" means "lkdoctor".
	UserAgent string

	// Record, if set, returns a writer that gets a copy of all that is sent on a
	// connection, before TLS encrypts it. It is for tests.
	Record func(*Conn) io.Writer

	// Redact removes this run's secrets; nil removes only what looks like one.
	Redact *clean.Redactor
	Limits Limits

	once              sync.Once
	transport, single *http.Transport // see roundTripper
	mu                sync.Mutex
	spares            map[string][]*spare
	closed            bool
	work              sync.WaitGroup
}

// Phases are the times that the steps of one exchange took; zero for a step
// that was not needed (an address instead of a name, a reused connection).
type Phases struct {
	DNS, TCP, TLS time.Duration
	// FirstByte is from the end of the request to the first byte of the answer.
	FirstByte time.Duration
}

// Dialer returns the function that opens single connections.
func (n *Net) Dialer() DialFunc {
	if n.Dial != nil {
		return n.Dial
	}
	return (&net.Dialer{}).DialContext
}

// TLSConfig returns a configuration that verifies host against Roots and speaks
// HTTP/1.1 only, which WebSocket upgrades need.
func (n *Net) TLSConfig(host string) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: n.Roots, NextProtos: []string{"http/1.1"}, Time: n.Now}
}

// ProxyFor returns the proxy of u, nil for none. ws and wss count as http and
// https.
func (n *Net) ProxyFor(u *url.URL) (*url.URL, error) {
	httpURL := HTTPURL(u)
	if n.Proxy != nil {
		return n.Proxy(httpURL)
	}
	return http.ProxyFromEnvironment(&http.Request{URL: httpURL})
}

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
