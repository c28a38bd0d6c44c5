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

// address is where a LiveKit server is to be, and who named it.
type address struct {
	*url.URL
	// came says that the address came with the token, and that LIVEKIT_URL says
	// something else.
	came bool
}

// party is whoever wrote the address: the settings, or whoever handed it out.
func (a address) party() Owner {
	if a.came {
		return finding.OwnerGiver
	}
	return finding.OwnerConfig
}

// name is what holds the address, for sentences.
func (a address) name() Text {
	if a.came {
		return finding.Textf("the address that came with the token")
	}
	return finding.Textf("LIVEKIT_URL")
}

// placeParty is who must act on what is there instead of LiveKit: the proxy
// before a LiveKit server is the server's; anything else means that the address
// is wrong.
func (a address) placeParty(what probe.ServerKind) Owner {
	switch what {
	case probe.ServerNginx, probe.ServerCaddy, probe.ServerTraefik, probe.ServerApache, probe.ServerCloudflare, probe.ServerGoMux:
		return finding.OwnerLiveKitServer
	}
	return a.party()
}

// wrongAddress reports whether at came with the token while LiveKit answers at
// LIVEKIT_URL: the address is what is wrong then, more likely than a second
// server.
func (c *Case) wrongAddress(at address) bool {
	if !at.came {
		return false
	}
	r := c.reach()
	return r != nil && r.IsLiveKit
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
		As("other-loopback").With("answers_at", other).With("other", other).With("host", tried.Addr().Unmap().String()).
		With("suggestion", suggestion(u, withName(other))), true
}

// containerName reports whether a host name is one that Docker gives to a
// container or to its host: nobody outside knows it.
func containerName(host string) bool {
	host = strings.ToLower(host)
	return !strings.ContainsAny(host, ".:") && host != "localhost" ||
		strings.HasSuffix(host, ".docker.internal") || strings.HasSuffix(host, ".containers.internal")
}
