// Package probe asks one network question each (a name, a connection, a
// handshake, an HTTP exchange, LiveKit's own /rtc/validate) and returns what
// was observed, classified. It never judges: package checks turns observations
// into findings.
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

// Net holds the edges: how to resolve, dial, verify and tell the time. Zero
// fields mean the machine's own. Set the fields before the first use; after
// that a Net may be used by several goroutines. Close it when the run is over.
type Net struct {
	Dial     DialFunc
	Resolver Resolver
	// Roots are the authorities that TLS certificates are checked against.
	Roots *x509.CertPool
	// Proxy says which HTTP proxy a URL goes through, nil for none. The zero
	// value is http.ProxyFromEnvironment.
	Proxy func(*url.URL) (*url.URL, error)
	Now   func() time.Time
	// UserAgent is sent with each request; "" means "lkdoctor".
	UserAgent string

	// Record, if set, returns what takes a copy of all that is sent on a connection,
	// before TLS encrypts it. It is for tests: who is sent what?
	Record func(*Conn) io.Writer

	// Redact knows this run's secrets; nil still removes what looks like one.
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

// Cert is what a person wants to know of a server's certificate. All strings
// are cleaned.
type Cert struct {
	Subject, Issuer     string
	Names               []string
	NotBefore, NotAfter time.Time
	// ChainLength counts the certificates that the server sent.
	ChainLength int
	// IssuerMissing says that the server sent this certificate alone, although it
	// is of an authority that says where its own certificate is (RFC 5280
	// §4.2.2.1), as public authorities do: an intermediate one is missing.
	IssuerMissing bool
}

// TLSInfo describes a finished handshake.
type TLSInfo struct {
	// Version and Cipher are named as crypto/tls names them ("TLS 1.3").
	Version, Cipher string
	Cert            *Cert
}

// now is the clock's time.
func (n *Net) now() time.Time {
	if n.Now != nil {
		return n.Now()
	}
	return time.Now()
}

// resolver is where names are looked up.
func (n *Net) resolver() Resolver {
	if n.Resolver != nil {
		return n.Resolver
	}
	return net.DefaultResolver
}

// Dialer opens single connections.
func (n *Net) Dialer() DialFunc {
	if n.Dial != nil {
		return n.Dial
	}
	return (&net.Dialer{}).DialContext
}

// TLSConfig is a fresh configuration that verifies host against Roots and
// speaks HTTP/1.1 only, which WebSocket upgrades need.
func (n *Net) TLSConfig(host string) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: n.Roots, NextProtos: []string{"http/1.1"}, Time: n.Now}
}

// ProxyFor is the proxy that u goes through, nil for none. ws and wss count as
// http and https.
func (n *Net) ProxyFor(u *url.URL) (*url.URL, error) {
	httpURL := HTTPURL(u)
	if n.Proxy != nil {
		return n.Proxy(httpURL)
	}
	return http.ProxyFromEnvironment(&http.Request{URL: httpURL})
}
