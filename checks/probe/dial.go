package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

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
	hostPort := HostPort(u)
	conn, f := n.ConnectTCP(ctx, hostPort)
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
	if u == nil || u.Hostname() == "" {
		return &Failure{Kind: KindBadURL, Phase: PhaseURL, Detail: "the address names no host"}
	}
	switch HTTPURL(u).Scheme {
	case "http", "https":
	default:
		return &Failure{Kind: KindBadURL, Phase: PhaseURL, Detail: "the address's scheme is not ws, wss, http or https"}
	}
	if p := u.Port(); p != "" {
		if v, err := strconv.ParseUint(p, 10, 16); err != nil || v == 0 {
			return &Failure{Kind: KindBadURL, Phase: PhaseURL, Detail: "the address's port is not between 1 and 65535"}
		}
	}
	return nil
}

// ConnectTCP resolves a host and port, and dials its addresses until one answers.
// The caller closes the Conn.
func (n *Net) ConnectTCP(ctx context.Context, hostPort string) (*Conn, *Failure) {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, &Failure{Kind: KindBadURL, Phase: PhaseURL, Host: n.Line(hostPort), Detail: n.Line(err.Error())}
	}
	start := time.Now()
	addrs, f := n.Lookup(ctx, host)
	if f != nil {
		f.Host = n.Line(hostPort)
		return nil, f
	}
	dns := time.Since(start)
	if _, err := netip.ParseAddr(host); err == nil {
		dns = 0
	}
	p, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, &Failure{Kind: KindBadURL, Phase: PhaseURL, Host: n.Line(hostPort), Detail: "the address's port is not a number"}
	}
	start = time.Now()
	conn, f := n.race(ctx, addrs, uint16(p))
	if f != nil {
		f.Host = n.Line(hostPort)
		return nil, f
	}
	conn.Host, conn.Resolved, conn.opened = hostPort, addrs, time.Now()
	conn.Phases = Phases{DNS: dns, TCP: time.Since(start)}
	if n.Record != nil {
		conn.record = n.Record(conn)
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
	addrs, err := n.resolver().LookupNetIP(lctx, "ip", host)
	if err == nil && len(addrs) > 0 {
		return interleave(addrs), nil
	}
	f := &Failure{Kind: KindDNSFailed, Phase: PhaseDNS, Err: err, Detail: "the name server gave no address"}
	var de *net.DNSError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		f.Kind = KindCancelled
	case errors.As(err, &de) && de.IsNotFound:
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
	var first, second []netip.Addr
	seen := map[netip.Addr]bool{}
	for _, a := range addrs {
		a = a.Unmap()
		switch {
		case seen[a]:
		case len(first) == 0 || first[0].Is4() == a.Is4():
			first = append(first, a)
		default:
			second = append(second, a)
		}
		seen[a] = true
	}
	var out []netip.Addr
	for i := 0; i < len(first) || i < len(second); i++ {
		if i < len(first) {
			out = append(out, first[i])
		}
		if i < len(second) {
			out = append(out, second[i])
		}
	}
	return out
}

// dialled is the result of dialling one address.
type dialled struct {
	addr netip.AddrPort
	conn net.Conn
	err  error
	took time.Duration
}

// race dials the addresses one after another, headStart apart, and returns the
// first that connects. All dials have ended when it returns.
func (n *Net) race(ctx context.Context, addrs []netip.Addr, port uint16) (*Conn, *Failure) {
	rctx, cancel := context.WithTimeout(ctx, n.Waits().TCP)
	defer cancel()
	results := make(chan dialled, len(addrs))
	next, running := 0, 0
	begin := func() {
		addr := netip.AddrPortFrom(addrs[next], port)
		next, running = next+1, running+1
		go func() {
			start := time.Now()
			c, err := n.Dialer()(rctx, "tcp", addr.String())
			results <- dialled{addr, c, err, time.Since(start)}
		}()
	}
	begin()
	timer := time.NewTimer(headStart)
	defer timer.Stop()
	var won *Conn
	var lost []Attempt
	var last dialled
	for running > 0 {
		select {
		case <-timer.C:
			if won == nil && next < len(addrs) && rctx.Err() == nil {
				begin()
				timer.Reset(headStart)
			}
		case r := <-results:
			running--
			switch {
			case r.err == nil && won == nil:
				won = &Conn{Conn: r.conn, Address: r.addr}
				cancel()
			case r.err == nil:
				_ = r.conn.Close()
				lost = append(lost, Attempt{Address: r.addr, Took: r.took})
			default:
				a := Attempt{Address: r.addr, Took: r.took}
				if won == nil {
					a.Kind, last = dialKind(r.err), r
				}
				lost = append(lost, a)
				if won == nil && running == 0 && next < len(addrs) && rctx.Err() == nil {
					begin()
					timer.Reset(headStart)
				}
			}
		}
	}
	if won != nil {
		won.Attempts = lost
		return won, nil
	}
	return nil, n.dialFailure(ctx, lost, last)
}
