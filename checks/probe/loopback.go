package probe

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strconv"
)

// Loopback tells more of a refused connection to u. own: one of the host's
// addresses is this machine's. answers: something accepts connections at u's
// port on 127.0.0.1 or ::1. Both together mean that the server runs here and
// listens on loopback only. It sends nothing and waits no longer than
// Limits.Extra.
func (n *Net) Loopback(ctx context.Context, u *url.URL) (answers, own bool) {
	if CheckURL(u) != nil {
		return false, false
	}
	ctx, cancel := context.WithTimeout(ctx, n.Waits().Extra)
	defer cancel()
	addrs, f := n.Lookup(ctx, u.Hostname())
	if f != nil {
		return false, false
	}
	for _, a := range addrs {
		own = own || isOwn(a)
	}
	_, answers = n.LoopbackAt(ctx, u)
	return answers, own
}

// LoopbackAt is which of 127.0.0.1 and ::1 accepts connections at u's port.
func (n *Net) LoopbackAt(ctx context.Context, u *url.URL) (at netip.Addr, answers bool) {
	_, text, err := net.SplitHostPort(HostPort(u))
	if err != nil {
		return at, false
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return at, false
	}
	here := []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	conn, f := n.race(ctx, here, uint16(port))
	if f != nil {
		return at, false
	}
	_ = conn.Close()
	return conn.Address.Addr().Unmap(), true
}

// isOwn tells whether an address is one of this machine's.
func isOwn(a netip.Addr) bool {
	if a = a.Unmap().WithZone(""); a.IsLoopback() {
		return true
	}
	have, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, h := range have {
		if p, err := netip.ParsePrefix(h.String()); err == nil && p.Addr().Unmap().WithZone("") == a {
			return true
		}
	}
	return false
}
