package checks

import (
	"context"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
)

// placeOwner is who must act on what is there instead of LiveKit: the proxy
// before a LiveKit server is the server's; anything else means that the address
// is wrong.
func (c *Case) placeOwner(what probe.ServerKind, u *url.URL) Owner {
	switch what {
	case probe.ServerNginx, probe.ServerCaddy, probe.ServerTraefik, probe.ServerApache, probe.ServerCloudflare, probe.ServerGoMux:
		return finding.OwnerLiveKitServer
	}
	return c.urlOwner(u)
}

// urlOwner is whoever wrote the address u that was dialled: the settings, or
// whoever handed it out with the token.
func (c *Case) urlOwner(u *url.URL) Owner {
	if c.handedOut(u) {
		return c.maker()
	}
	return finding.OwnerConfig
}

// handedOut tells that the address u came with the token, and that LIVEKIT_URL
// says something else. It looks at LIVEKIT_URL first: join.reach, which asks
// about nothing else, runs while the answer is still on its way.
func (c *Case) handedOut(u *url.URL) bool {
	here := c.livekitURL()
	if here != nil && sameOrigin(here, u) && strings.Trim(here.Path, "/") == strings.Trim(u.Path, "/") {
		return false
	}
	came := usableURL(c.answer().URL())
	return came != nil && came.String() == u.String()
}

// beside tells that u was handed out while LiveKit answers at LIVEKIT_URL: the
// address is what is wrong then, more likely than a second server.
func (c *Case) beside(u *url.URL) bool {
	return c.handedOut(u) && c.Reach != nil && c.Reach.IsLiveKit
}

// addressName is what holds the address u, for sentences.
func (c *Case) addressName(u *url.URL) Text {
	if c.handedOut(u) {
		return finding.Textf("the address that came with the token")
	}
	return finding.Textf("LIVEKIT_URL")
}

// loopbackOnly tells whether u refuses here while its port answers on loopback,
// for an address of this very machine.
func loopbackOnly(c *Case, u *url.URL) bool {
	if probe.IsLoopbackHost(u.Hostname()) {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	answers, own := c.Net.Loopback(ctx, u)
	return answers && own
}

// otherLoopback tells that one of 127.0.0.1 and ::1 refuses and the other one
// answers: localhost is either, and servers often listen on one.
func otherLoopback(c *Case, code Code, f *probe.Failure, u *url.URL) (Finding, bool) {
	tried, err := netip.ParseAddrPort(f.Address)
	if err != nil || !probe.IsLoopbackHost(u.Hostname()) {
		return Finding{}, false
	}
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	there, answers := c.Net.LoopbackAt(ctx, u)
	if !answers || there == tried.Addr().Unmap() {
		return Finding{}, false
	}
	host, other := clean.Line(u.Host, 80), there.String()
	if there.Is6() {
		other = "[" + other + "]"
	}
	return failureFacts(finding.New(code, finding.Fail, "%s refuses the connection at %s, and its port answers at %s",
		host, tried.Addr().Unmap().String(), other), f).
		Fixed("", "Write %s in place of %s, or let the server listen on both.", other, clean.Line(u.Hostname(), 80)), true
}
