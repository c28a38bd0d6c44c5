package checks

import (
	"net/netip"
	"net/url"
	"strings"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/config"
	"lkdoctor/config/clean"
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

// makerHost is the host of whoever handed out the token, "" where nobody was
// asked for it.
func (c *Case) makerHost() string {
	raw := ""
	switch c.Source() {
	case check.SourceFrontend:
		raw = c.Options.Frontend
	case check.SourceEndpoint:
		raw = c.Options.TokenEndpoint
	case check.SourceTicket:
		raw = c.Settings.TicketService.Value
	}
	if u := usableURL(raw); u != nil {
		return u.Hostname()
	}
	return ""
}

// loopbackOnly reports whether u is an address of this machine that refuses,
// while its port answers on loopback.
func loopbackOnly(f *probe.Failure, u *url.URL) bool {
	return f.Own && f.Loopback.IsValid() && !probe.IsLoopbackHost(u.Hostname())
}

// otherLoopback tells that one of 127.0.0.1 and ::1 refuses and the other one
// answers: localhost is either, and servers often listen on one.
func otherLoopback(code Code, f *probe.Failure, u *url.URL) (Finding, bool) {
	tried, err := netip.ParseAddrPort(f.Address)
	if err != nil || !probe.IsLoopbackHost(u.Hostname()) || !f.Loopback.IsValid() || f.Loopback == tried.Addr().Unmap() {
		return Finding{}, false
	}
	other := f.Loopback.String()
	if f.Loopback.Is6() {
		other = "[" + other + "]"
	}
	return failureFacts(finding.New(code, finding.Fail, "%s refuses the connection at %s, and its port answers at %s",
		clean.Line(u.Host, 80), tried.Addr().Unmap().String(), other), f).
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

// inClear reports whether what is sent to u can be read on the way: it is not
// encrypted, and leaves this machine.
func inClear(u *url.URL) bool {
	return u != nil && !probe.Secure(u) && !probe.IsLoopbackHost(u.Hostname())
}

// InClear says what a run will send without encryption to other machines, to be
// told before it begins.
func InClear(s *config.Settings, o Options) []Text {
	c := &Case{Settings: s, Options: o}
	var list []Text
	tell := func(raw, format string) {
		if u := usableURL(raw); inClear(u) {
			list = append(list, finding.Textf(format, clean.Line(u.Host, 80)))
		}
	}
	const tokens = "%s is not encrypted: the tokens that are sent there can be read on the way"
	switch c.Source() {
	case check.SourceTicket:
		tell(s.TicketService.Value, "%s is not encrypted: the ticket, and the token that comes back, can be read on the way")
	case check.SourceFrontend:
		tell(o.Frontend, "%s is not encrypted: what is sent there, and the token that comes back, can be read on the way")
	case check.SourceEndpoint:
		tell(o.TokenEndpoint, "%s is not encrypted: what is sent there, and the token that comes back, can be read on the way")
	case check.SourceFlag:
		if o.GivenURL != "" {
			tell(o.GivenURL, tokens)
		}
	}
	if s.URL.Value != o.GivenURL {
		tell(s.URL.Value, tokens)
	}
	return list
}
