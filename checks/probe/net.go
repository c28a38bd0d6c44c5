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

	once      sync.Once
	transport *http.Transport
	onceOnly  sync.Once
	single    *http.Transport
	mu        sync.Mutex
	spares    map[string][]*spare
	closed    bool
	work      sync.WaitGroup
}

// Phases are the times that the steps of one exchange took; zero for a step
// that was not needed (an address instead of a name, a reused connection).
type Phases struct {
	DNS, TCP, TLS time.Duration
	// FirstByte is from the end of the request to the first byte of the answer.
	FirstByte time.Duration
}

// Cert describes a server's certificate. All strings are cleaned.
type Cert struct {
	Subject, Issuer     string
	Names               []string
	NotBefore, NotAfter time.Time
	// ChainLength counts the certificates that the server sent.
	ChainLength int
	// IssuerMissing reports whether the server sent this certificate alone,
	// although its authority names the place of its own certificate (RFC 5280
	// §4.2.2.1), as public authorities do: an intermediate certificate is missing.
	IssuerMissing bool
}

// TLSInfo describes a finished handshake.
type TLSInfo struct {
	// Version and Cipher are named as crypto/tls names them ("TLS 1.3").
	Version, Cipher string
	Cert            *Cert
}

// now returns the clock's time.
func (n *Net) now() time.Time {
	if n.Now != nil {
		return n.Now()
	}
	return time.Now()
}

// resolver returns the Resolver field or its default.
func (n *Net) resolver() Resolver {
	if n.Resolver != nil {
		return n.Resolver
	}
	return net.DefaultResolver
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
