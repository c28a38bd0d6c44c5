// Package probe asks one network question each (a name, a connection, a
// handshake, an HTTP exchange, LiveKit's own /rtc/validate) and returns what
// was observed, classified. It never judges: package checks turns observations
// into findings.
package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
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

// Limits are the longest times that each step may take. A zero field means the
// default of DefaultLimits.
type Limits struct {
	DNS time.Duration
	// TCP is how long an unanswered SYN is waited for, all addresses together.
	TCP time.Duration
	TLS time.Duration
	// FirstByte is the wait from the request's end to the first byte of its answer.
	FirstByte time.Duration
	// Exchange is for one exchange as a whole, from dialling to the last byte.
	Exchange time.Duration
	// Extra is for each question beside the main one: scheme siblings, path
	// prefixes, the RoomService.
	Extra time.Duration

	// Upgrade is for a WebSocket, from dialling to the HTTP answer, and FirstFrame
	// from there to the server's Join.
	Upgrade, FirstFrame time.Duration
	// Media is for one media connection as a whole; LiveKit gives up after its
	// default, too.
	Media time.Duration
	// Offer is how long the server may take to offer, Candidate how long to name
	// its first address after that, and DTLS what the handshake may take once ICE
	// is up.
	Offer, Candidate, DTLS time.Duration
	// Silence is after how long pairs that all stayed unanswered are believed to
	// stay so; Grace is what pairs that were found late, and TCP dials, may take
	// beyond it.
	Silence, Grace time.Duration
	// CandidateTCP is how long one advertised address may take to accept a TCP
	// connection, and Ask to answer a connectivity check: three round trips of a
	// slow line.
	CandidateTCP, Ask time.Duration
	// Connect is what joining may take, media included, where somebody waits for
	// it: of a participant of the doctor's own, or of `lkdoctor join`.
	Connect time.Duration
	// Pause is between two attempts to join anew, times the square of those before.
	Pause time.Duration
	// Accept is how long the server may take to say that it takes a track, and
	// Measure how long packets are counted once the first has come.
	Accept, Measure time.Duration
	// Settle bounds the wait for the server's data channel before a WebSocket is
	// cut.
	Settle time.Duration
	// Relay is how long an answer through a TURN server is waited for, Path what
	// one way of media may take on its own.
	Relay, Path time.Duration
	// TURN is for one URL of a TURN server, all steps together, and Echo for the
	// round trip through its relay.
	TURN, Echo time.Duration
}

// DefaultLimits name a server that drops SYNs within 5 s of the start, and one
// that accepts and stays silent within 6 s.
func DefaultLimits() Limits {
	const s, ms = time.Second, time.Millisecond
	return Limits{
		DNS: 4 * s, TCP: 4 * s, TLS: 4 * s, FirstByte: 5 * s, Exchange: 10 * s, Extra: 2 * s,
		Upgrade: 5 * s, FirstFrame: 5 * s, Media: 15 * s, Offer: 5 * s, Candidate: 3 * s, DTLS: 5 * s,
		Silence: 3 * s, Grace: 800 * ms, CandidateTCP: 3 * s, Ask: 900 * ms, Connect: 10 * s, Pause: 300 * ms, Accept: s, Measure: 2 * s,
		Settle: 500 * ms, Relay: 3 * s, Path: 8 * s, TURN: 4 * s, Echo: 1500 * ms,
	}
}

// Scaled multiplies every limit, so that tests need not wait as long as people.
func (l Limits) Scaled(by float64) Limits {
	for _, d := range l.all() {
		*d = time.Duration(float64(*d) * by)
	}
	return l
}

// all are the fields.
func (l *Limits) all() []*time.Duration {
	return []*time.Duration{&l.DNS, &l.TCP, &l.TLS, &l.FirstByte, &l.Exchange, &l.Extra, &l.Upgrade, &l.FirstFrame, &l.Media,
		&l.Offer, &l.Candidate, &l.DTLS, &l.Silence, &l.Grace, &l.CandidateTCP, &l.Ask, &l.Connect, &l.Pause, &l.Accept, &l.Measure, &l.Settle,
		&l.Relay, &l.Path, &l.TURN, &l.Echo}
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

// Waits are the Limits, with the defaults in place of zeros.
func (n *Net) Waits() Limits {
	d, l := DefaultLimits(), n.Limits
	for i, have := range l.all() {
		if *have <= 0 {
			*have = *d.all()[i]
		}
	}
	return l
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
