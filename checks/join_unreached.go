package checks

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/placeholder"
	"lkdoctor/checks/probe"
	"lkdoctor/config/clean"
)

// unreached returns the finding about a request to a LiveKit server that failed,
// after the further probes that it calls for.
func (c *Case) unreached(ctx context.Context, f *probe.Failure, at address) []Finding {
	return c.unanswered(toServer, c.Net.Clarify(ctx, at.URL, f, nil), c.withMakerServer(ctx, f, at))
}

// withMakerServer returns at with its makerServer, which it asks only if another machine
// handed out an address of loopback and nothing listens there.
func (c *Case) withMakerServer(ctx context.Context, f *probe.Failure, at address) address {
	if maker := c.makerHost(); f.Kind == probe.KindRefused && at.handedOutLocalhost(maker) {
		u := *at.URL
		u.Host = net.JoinHostPort(maker, probe.Port(at.URL))
		if r, _ := c.Net.Reach(ctx, &u); r != nil && r.IsLiveKit {
			at.makerServer = &u
		}
	}
	return at
}

// handedOutLocalhost reports whether a service on another machine handed out an
// address of loopback, which means each client's own machine.
func (a address) handedOutLocalhost(maker string) bool {
	return a.withToken && maker != "" && probe.IsLoopbackHost(a.Hostname()) && !probe.IsLoopbackHost(maker)
}

// atServer returns a finding about a LiveKit server with the variant for its address and
// certificate, and the message for it.
func (c *Case) atServer(found Finding, f *probe.Failure, at address) Finding {
	host := clean.Line(at.Host, 80)
	switch {
	case f.Kind == probe.KindDNSAbsent:
		return found.As(dnsVariant(at.URL))
	case f.Kind == probe.KindRefused && loopbackOnly(f, at.URL):
		found.Message = finding.Textf(
			"%s is this machine and refuses the connection, and its port answers on 127.0.0.1: the server listens on loopback only", host)
		return found.As("loopback-only")
	case f.Kind == probe.KindRefused && probe.IsLoopbackHost(at.Hostname()):
		if key := c.Settings.APIKey.Value; probe.Port(at.URL) == "7880" && (key == "" || key == devKey) {
			return found.As("dev")
		}
		return found.As("local")
	case f.Kind == probe.KindSYNTimeout && isPrivateAddr(f.Address):
		return found.As("private-address")
	case f.Kind == probe.KindProxy:
		found = found.With("variable", proxyVariable(c.Settings, at.URL))
		if f.Status != 0 {
			found = found.As("proxy-refuses").With("status", f.Status)
		}
	case f.Kind == probe.KindTLSPlainPort:
		found.Message = finding.Textf("%s does not speak TLS, and %s begins with wss://", host, at.name())
		if isPrivateHost(at.Hostname()) { // there the scheme is wrong, and not the port
			return found.As("local-plain-port")
		}
	case f.Kind == probe.KindPlainToTLS:
		found.Message = finding.Textf("%s speaks TLS, and %s begins with ws://", host, at.name())
	case f.What == probe.ServerMediaPort && (f.Kind == probe.KindReset || f.Kind == probe.KindClosed):
		found.Code = finding.ServerNotLiveKit
		found.Message = finding.Textf(
			"%s closes the connection without an answer, as LiveKit's media port does; signalling is on 7880 unless it was changed", host)
		return found.As("media-port")
	case f.Kind == probe.KindTLSUnknownCA && f.Cert != nil && f.Cert.IssuerMissing:
		return found.As("incomplete-chain")
	case f.Kind == probe.KindTLSUnknownCA && noPublicName(at.Hostname()):
		return found.As("own-authority")
	}
	return found
}

// fromWhom sets the owner of a finding about an address, and the variant where the
// address came with the token and is wrong.
func (c *Case) fromWhom(found Finding, f *probe.Failure, at address) Finding {
	// The address itself is wrong, and not what it leads to.
	addressWrong := slices.Contains([]string{"plain-port", "local-plain-port", "tls-port", "media-port", "other-protocol",
		"container", "missing-value", "cloud", "unknown-name", "other-loopback"}, found.Variant)
	handedOutWrong := at.withToken && f.Kind != probe.KindProxy && (addressWrong || c.wrongAddress(at) || f.Kind == probe.KindRefused)
	if addressWrong || handedOutWrong {
		found = found.By(at.party())
	}
	if !handedOutWrong {
		return found
	}
	here := ""
	if c.wrongAddress(at) {
		here = clean.URL(c.Settings.URL.Value)
	}
	found = found.With("url", clean.URL(at.String())).With("livekit_url", here)
	switch maker := c.makerHost(); {
	case found.Variant == "plain-port", found.Variant == "local-plain-port":
		return found.As("handed-out-plain-port")
	case found.Variant == "tls-port":
		return found.As("handed-out-tls-port")
	case f.Kind == probe.KindRefused && at.handedOutLocalhost(maker):
		return localhostFrom(maker, found, at)
	}
	return found.As("handed-out")
}

func localhostFrom(maker string, found Finding, at address) Finding {
	suggestion := &url.URL{Scheme: at.Scheme, Host: net.JoinHostPort(maker, probe.Port(at.URL))}
	found.Message = finding.Textf("%s; the address came from %s, another machine, and here it means this machine",
		found.Message, clean.Line(maker, 80))
	if at.makerServer != nil {
		suggestion = at.makerServer
		found.Message = finding.Textf("%s; LiveKit answers at %s", found.Message, clean.URL(at.makerServer.String()))
	}
	return found.As("handed-out-localhost").With("maker_host", clean.Line(maker, 120)).With("suggestion", clean.URL(suggestion.String()))
}

func dnsVariant(u *url.URL) string {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if _, is := placeholder.InURL(u.String()); is {
		return "missing-value"
	}
	switch {
	case containerName(host), strings.HasSuffix(host, ".svc"), strings.HasSuffix(host, ".cluster.local"):
		return "container"
	case isCloud(host):
		return "cloud"
	}
	return "unknown-name"
}

// isPrivateAddr reports whether an address, with or without a port, is in a private
// network or unspecified.
func isPrivateAddr(address string) bool {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		at, _ := netip.ParseAddrPort(address)
		addr = at.Addr()
	}
	return slices.Contains([]probe.Scope{probe.ScopePrivate, probe.ScopeContainer, probe.ScopeULA, probe.ScopeCGNAT,
		probe.ScopeLinkLocal, probe.ScopeUnspecified}, probe.AddrKind(addr))
}

// isPrivateHost reports whether host is this machine or in a private network.
func isPrivateHost(host string) bool {
	return probe.IsLoopbackHost(host) || isPrivateAddr(host) || containerName(host)
}

// noPublicName reports whether no public authority issues a certificate for host
// (RFC 6761, 6762, 8375; .lan and .internal are private too).
func noPublicName(host string) bool {
	name := strings.TrimSuffix(strings.ToLower(host), ".")
	return isPrivateHost(name) || slices.ContainsFunc([]string{".local", ".localhost", ".test", ".internal", ".lan", ".home.arpa"},
		func(end string) bool { return strings.HasSuffix(name, end) })
}
