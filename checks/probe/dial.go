package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// bannerBytes is the number of first bytes of a connection that are kept, to name a
// server that does not speak HTTP.
const bannerBytes = 256

// Conn is an open connection (TLS finished, where the URL asks for it) with the
// measurements of opening it.
type Conn struct {
	net.Conn
	// Host is the host and port asked; Address the address connected to.
	Host    string
	Address netip.AddrPort
	Phases  Phases
	Cert    *Cert // nil without TLS

	opened time.Time
	record io.Writer // see Net.Record
	// asked is closed by the first Write. Where it is not nil, Read waits for it:
	// http.Transport treats bytes that come before its request as an error, and
	// logs it to standard error.
	asked  chan struct{}
	asking sync.Once
	mu     sync.Mutex
	head   []byte
}

// Read reads, and keeps a copy of the connection's first bytes.
func (c *Conn) Read(p []byte) (int, error) {
	if c.asked != nil {
		<-c.asked
	}
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.head = append(c.head, p[:min(n, bannerBytes-len(c.head))]...)
	return n, err
}

// Write writes, and lets waiting reads continue.
func (c *Conn) Write(p []byte) (int, error) {
	defer c.release()
	if c.record != nil {
		_, _ = c.record.Write(p)
	}
	return c.Conn.Write(p)
}

func (c *Conn) release() {
	if c.asked != nil {
		c.asking.Do(func() { close(c.asked) })
	}
}

// Head returns a copy of the first bytes received: raw, not cleaned.
func (c *Conn) Head() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.head)
}

// Close closes the connection; it may be called more than once.
func (c *Conn) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// headStart is the time after which the next address is dialled as well (RFC 8305
// §5, "Connection Attempt Delay").
const headStart = 250 * time.Millisecond

// Connect looks up u's host, connects to the first of its addresses that answers
// and, for wss and https, finishes the TLS handshake. Each step has its own limit
// and its own kinds of failure. It uses no proxy (see ProxyFor, Exchange). The
// caller closes the Conn.
func (n *Net) Connect(ctx context.Context, u *url.URL) (*Conn, *Failure) {
	start := time.Now()
	if f := CheckURL(u); f != nil {
		return nil, f
	}
	conn, f := n.ConnectTCP(ctx, HostPort(u))
	if f == nil && Secure(u) {
		if f = n.Handshake(ctx, conn, u.Hostname(), nil); f != nil {
			_ = conn.Close()
			conn = nil
		}
	}
	if f != nil {
		f.Took = time.Since(start)
	}
	return conn, f
}

// CheckURL returns a failure for a URL that cannot be dialled.
func CheckURL(u *url.URL) *Failure {
	bad := func(detail string) *Failure { return &Failure{Kind: KindBadURL, Phase: PhaseURL, Detail: detail} }
	if u == nil || u.Hostname() == "" {
		return bad("the address names no host")
	}
	if scheme := HTTPURL(u).Scheme; scheme != "http" && scheme != "https" {
		return bad("the address's scheme is not ws, wss, http or https")
	}
	if p, err := strconv.ParseUint(Port(u), 10, 16); err != nil || p == 0 {
		return bad("the address's port is not between 1 and 65535")
	}
	return nil
}

// ConnectTCP resolves a host and port, and dials its addresses until one answers.
// The caller closes the Conn.
func (n *Net) ConnectTCP(ctx context.Context, hostPort string) (*Conn, *Failure) {
	conn, f := n.connectTCP(ctx, hostPort)
	if f != nil {
		f.Host = n.Line(hostPort)
		return nil, f
	}
	conn.Host, conn.opened = hostPort, time.Now()
	if n.Record != nil {
		conn.record = n.Record(conn)
	}
	return conn, nil
}

func (n *Net) connectTCP(ctx context.Context, hostPort string) (*Conn, *Failure) {
	host, text, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, &Failure{Kind: KindBadURL, Phase: PhaseURL, Detail: n.Line(err.Error())}
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, &Failure{Kind: KindBadURL, Phase: PhaseURL, Detail: "the address's port is not a number"}
	}
	start := time.Now()
	addrs, f := n.Lookup(ctx, host)
	if f != nil {
		return nil, f
	}
	looked := time.Now()
	conn, f := n.race(ctx, addrs, uint16(port))
	if f != nil {
		return nil, f
	}
	conn.Phases.TCP = time.Since(looked)
	if _, err := netip.ParseAddr(host); err != nil {
		conn.Phases.DNS = looked.Sub(start)
	}
	return conn, nil
}

// Lookup returns the addresses of host; an address is returned as it is.
func (n *Net) Lookup(ctx context.Context, host string) ([]netip.Addr, *Failure) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	lctx, cancel := context.WithTimeout(ctx, n.Waits().DNS)
	defer cancel()
	resolver := n.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	addrs, err := resolver.LookupNetIP(lctx, "ip", host)
	if err == nil && len(addrs) > 0 {
		return interleave(addrs), nil
	}
	f := &Failure{Kind: KindDNSFailed, Phase: PhaseDNS, Detail: "the name server gave no address"}
	unknown, is := errors.AsType[*net.DNSError](err)
	switch {
	case cancelled(ctx):
		f.Kind = KindCancelled
	case is && unknown.IsNotFound:
		f.Kind = KindDNSAbsent
	case lctx.Err() != nil:
		f.Detail = "the name server did not answer in time"
	}
	if err != nil && lctx.Err() == nil {
		f.Detail = n.Line(err.Error())
	}
	return nil, f
}

// interleave removes duplicates and alternates IPv6 and IPv4, in the resolver's
// order of preference (RFC 8305 §4).
func interleave(addrs []netip.Addr) []netip.Addr {
	var families [2][]netip.Addr // the first address's, and the other
	for _, a := range addrs {
		a = a.Unmap()
		of := 0
		if a.Is4() != addrs[0].Unmap().Is4() {
			of = 1
		}
		if !slices.Contains(families[of], a) {
			families[of] = append(families[of], a)
		}
	}
	var out []netip.Addr
	for i := range addrs {
		for _, family := range families {
			if i < len(family) {
				out = append(out, family[i])
			}
		}
	}
	return out
}

// dialled is the result of dialling one address.
type dialled struct {
	addr netip.AddrPort
	conn net.Conn
	err  error
}

// race dials the addresses one after another, headStart apart or as soon as none is
// being dialled, and returns the first that connects. All dials have ended when it
// returns.
func (n *Net) race(ctx context.Context, addrs []netip.Addr, port uint16) (won *Conn, f *Failure) {
	rctx, cancel := context.WithTimeout(ctx, n.Waits().TCP)
	defer cancel()
	results := make(chan dialled)
	timer := time.NewTimer(0)
	defer timer.Stop()
	var lost []dialled
	for next, running := 0, 0; running > 0 || won == nil && next < len(addrs); {
		select {
		case <-timer.C:
			if won != nil || next == len(addrs) {
				continue
			}
			addr := netip.AddrPortFrom(addrs[next], port)
			next, running = next+1, running+1
			go func() {
				c, err := n.Dialer()(rctx, "tcp", addr.String())
				results <- dialled{addr, c, err}
			}()
			timer.Reset(headStart)
		case r := <-results:
			running--
			switch {
			case r.err != nil:
				if lost = append(lost, r); running == 0 {
					timer.Reset(0)
				}
			case won == nil:
				won = &Conn{Conn: r.conn, Address: r.addr}
				cancel()
			default:
				_ = r.conn.Close()
			}
		}
	}
	if won == nil {
		f = n.dialFailure(ctx, lost...)
	}
	return won, f
}

// loopbackAt returns which of 127.0.0.1 and ::1 accepts connections at u's port,
// the zero Addr for none.
func (n *Net) loopbackAt(ctx context.Context, u *url.URL) netip.Addr {
	port, err := strconv.ParseUint(Port(u), 10, 16)
	if err != nil {
		return netip.Addr{}
	}
	here := []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	conn, f := n.race(ctx, here, uint16(port))
	if f != nil {
		return netip.Addr{}
	}
	_ = conn.Close()
	return conn.Address.Addr().Unmap()
}

func isOwn(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return a.IsLoopback() || slices.ContainsFunc(networks(), func(p netip.Prefix) bool { return p.Addr() == a })
}

// InOwnNetwork reports whether an address is in a network that this machine is in,
// loopback excluded.
func InOwnNetwork(a netip.Addr) bool {
	return slices.ContainsFunc(networks(), func(p netip.Prefix) bool {
		return !p.Addr().IsLoopback() && p.Contains(a.Unmap().WithZone(""))
	})
}

// networks returns this machine's addresses with the lengths of their networks.
func networks() (out []netip.Prefix) {
	have, _ := net.InterfaceAddrs()
	for _, h := range have {
		if p, err := netip.ParsePrefix(h.String()); err == nil {
			out = append(out, p)
		}
	}
	return out
}
