package probe

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
)

// own reports whether one of the addresses of u's host is this machine's.
func (n *Net) own(ctx context.Context, u *url.URL) bool {
	addrs, f := n.Lookup(ctx, u.Hostname())
	return f == nil && slices.ContainsFunc(addrs, isOwn)
}

// loopbackAt returns which of 127.0.0.1 and ::1 accepts connections at u's port.
func (n *Net) loopbackAt(ctx context.Context, u *url.URL) (at netip.Addr, answers bool) {
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

// isOwn reports whether an address is one of this machine's.
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

// InOwnNetwork reports whether an address is in a network that this machine is in,
// loopback excluded.
func InOwnNetwork(a netip.Addr) bool {
	have, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(have, func(h net.Addr) bool {
		p, err := netip.ParsePrefix(h.String())
		return err == nil && !p.Addr().IsLoopback() && p.Contains(a.Unmap().WithZone(""))
	})
}
