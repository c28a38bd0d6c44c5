package probe

import (
	"context"
	"net/netip"
	"time"
)

const (
	// tcpDialWait is how long an advertised ICE/TCP address may take to accept.
	tcpDialWait = 3 * time.Second
	// maxTCPDials caps the plain dials of one join.
	maxTCPDials = 16
	// tcpLinger bounds how long a join that is connected waits for the last
	// dials: ten round trips, within these limits.
	tcpLingerMin = 100 * time.Millisecond
	tcpLingerMax = time.Second
)

// dialCandidate opens and closes a TCP connection to an ICE/TCP candidate. It
// says nothing over it: livekit-server resets connections that do not speak
// STUN, after having accepted them.
func (n *Net) dialCandidate(ctx context.Context, c Candidate) TCPDial {
	out := TCPDial{Candidate: c}
	start := time.Now()
	dctx, cancel := context.WithTimeout(ctx, tcpDialWait)
	defer cancel()
	conn, err := n.dialer()(dctx, "tcp", c.HostPort())
	out.Took = time.Since(start)
	if err == nil {
		_ = conn.Close()
		out.Reachable = true
		return out
	}
	lost := []Attempt{{Kind: dialKind(err), Took: out.Took}}
	if addr, err := netip.ParseAddrPort(c.HostPort()); err == nil {
		lost[0].Address = addr
	}
	out.Failure = n.dialFailure(ctx, lost, dialled{err: err})
	out.Failure.Host, out.Failure.Took = c.HostPort(), out.Took
	return out
}

// tcpLinger is how long a connected join waits for dials that are under way.
func tcpLinger(rtt time.Duration) time.Duration {
	return min(max(10*rtt, tcpLingerMin), tcpLingerMax)
}
