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

// address is the URL of a LiveKit server, and where the URL is from.
type address struct {
	*url.URL
	// withToken reports whether the URL came with the token and is not LIVEKIT_URL.
	withToken bool
	// makerServer is the address at which LiveKit answers on the host that handed out
	// an address of loopback; nil where it does not answer or was not asked.
	makerServer *url.URL
}

// party returns who has to change the address.
func (a address) party() Owner {
	if a.withToken {
		return finding.OwnerGiver
	}
	return finding.OwnerConfig
}

func (a address) name() Text {
	if a.withToken {
		return finding.Textf("the address that came with the token")
	}
	return finding.Textf("LIVEKIT_URL")
}

func noServerAddress(ended Ended) Report {
	if ended.Stopped("env.livekit") {
		return check.BlockedBy("env.livekit")
	}
	return check.BlockedBy("env.files")
}

// wrongAddress reports whether at came with the token while LiveKit answers at
// LIVEKIT_URL: at is wrong then, rather than meant for a second server.
func (c *Case) wrongAddress(at address) bool {
	return at.withToken && c.atLiveKit()
}

// makerURL returns the address of the service that was asked for the token, or "".
func (c *Case) makerURL() string {
	switch c.Source() {
	case check.SourceFrontend:
		return c.Options.Frontend
	case check.SourceEndpoint:
		return c.Options.TokenEndpoint
	case check.SourceTicket:
		return c.Settings.TicketService.Value
	}
	return ""
}

func (c *Case) makerHost() string {
	if u := usableURL(c.makerURL()); u != nil {
		return u.Hostname()
	}
	return ""
}

// loopbackOnly reports whether u is an address of this machine that refuses
// connections while its port accepts them on loopback.
func loopbackOnly(f *probe.Failure, u *url.URL) bool {
	return f.Own && f.Loopback.IsValid() && !probe.IsLoopbackHost(u.Hostname())
}

// otherLoopback returns a finding where one of 127.0.0.1 and ::1 refuses connections
// and the other accepts them: localhost is both, and many servers listen on one.
func otherLoopback(code Code, f *probe.Failure, u *url.URL) (Finding, bool) {
	tried, err := netip.ParseAddrPort(f.Address)
	if err != nil || f.Kind != probe.KindRefused || !probe.IsLoopbackHost(u.Hostname()) || !f.Loopback.IsValid() ||
		f.Loopback == tried.Addr().Unmap() {
		return Finding{}, false
	}
	other := f.Loopback.String()
	if f.Loopback.Is6() {
		other = "[" + other + "]"
	}
	return failureFacts(finding.New(code, finding.Fail, "%s refuses the connection at %s, and its port answers at %s",
		clean.Line(u.Host, 80), tried.Addr().Unmap().String(), other), f).
		As("other-loopback").With("answers_at", other).With("other", other).With("host", tried.Addr().Unmap().String()).
		With("suggestion", suggestion(u, "", other)), true
}

// containerName reports whether host is a name that Docker gives to a container or
// to its host, which resolves nowhere else.
func containerName(host string) bool {
	host = strings.ToLower(host)
	return !strings.ContainsAny(host, ".:") && host != "localhost" ||
		strings.HasSuffix(host, ".docker.internal") || strings.HasSuffix(host, ".containers.internal")
}

// inClear reports whether a request to u leaves this machine unencrypted.
func inClear(u *url.URL) bool {
	return u != nil && !probe.Secure(u) && !probe.IsLoopbackHost(u.Hostname())
}

// InClear returns warnings about what a run will send unencrypted to other
// machines. They are shown before the run begins.
func InClear(s *config.Settings, o Options) []Text {
	c := &Case{Settings: s, Options: o}
	var list []Text
	warn := func(raw, format string) {
		if u := usableURL(raw); inClear(u) {
			list = append(list, finding.Textf(format, clean.Line(u.Host, 80)))
		}
	}
	const tokens = "%s is not encrypted: the tokens that are sent there can be read on the way"
	switch c.Source() {
	case check.SourceTicket:
		warn(c.makerURL(), "%s is not encrypted: the ticket, and the token that comes back, can be read on the way")
	case check.SourceFlag:
		warn(o.GivenURL, tokens)
	default:
		warn(c.makerURL(), "%s is not encrypted: what is sent there, and the token that comes back, can be read on the way")
	}
	if s.URL.Value != o.GivenURL {
		warn(s.URL.Value, tokens)
	}
	return list
}
