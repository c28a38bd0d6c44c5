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

// unanswered is a network failure on the way to a LiveKit server, with the results
// of further probes.
type unanswered struct {
	*probe.Failure
	at address
	// neighbour is the address at which LiveKit answers on the host that handed out
	// an address of loopback; nil where it does not.
	neighbour *url.URL
}

// look makes the further probes that a failure calls for.
func (c *Case) look(ctx context.Context, f *probe.Failure, at address) unanswered {
	m := unanswered{Failure: f, at: at}
	if maker := c.makerHost(); f.Kind == probe.KindRefused && at.handedOutLocalhost(maker) {
		u := *at.URL
		u.Host = net.JoinHostPort(maker, probe.Port(at.URL))
		if r, _ := c.Net.Reach(ctx, &u); r != nil && r.IsLiveKit {
			m.neighbour = &u
		}
	}
	return m
}

// unreached is look followed by serverFailure.
func (c *Case) unreached(ctx context.Context, f *probe.Failure, at address) []Finding {
	return serverFailure(c, c.look(ctx, c.Net.Clarify(ctx, at.URL, f, nil), at))
}

// handedOutLocalhost reports whether a service on another machine handed out an
// address of loopback, which means each client's own machine.
func (a address) handedOutLocalhost(maker string) bool {
	return a.withToken && maker != "" && probe.IsLoopbackHost(a.Hostname()) && !probe.IsLoopbackHost(maker)
}

// serverFailure returns the findings for a network failure. Each kind has its own
// variant and fixes.
func serverFailure(c *Case, m unanswered) []Finding {
	f, at := m.Failure, m.at
	host, name := clean.Line(at.Host, 80), clean.Line(at.Hostname(), 80)
	build := func(code Code, variant, format string, args ...any) []Finding {
		return []Finding{c.fromWhom(failureFacts(finding.New(code, finding.Fail, format, args...), f).As(variant), m)}
	}
	switch f.Kind {
	case probe.KindCancelled:
		return nil
	case probe.KindDNSAbsent:
		return build(finding.ServerDNS, dnsVariant(at.URL), "the name %s does not exist", name)
	case probe.KindDNSFailed:
		return build(finding.ServerDNS, "resolver", "the name %s could not be looked up: %s", name, f.Detail)
	case probe.KindRefused:
		return refusedFinding(c, m, build)
	case probe.KindSYNTimeout:
		variant := "no-answer"
		if isInner(f.Address) {
			variant = "private-address"
		}
		return build(finding.ServerTimeout, variant, "%s does not answer the attempt to connect within %s", host, finding.Duration(f.Took))
	case probe.KindProxy:
		variant := "proxy"
		if f.Status != 0 {
			variant = "proxy-refuses"
		}
		g := build(finding.ServerTimeout, variant, "%s cannot be reached: %s", host, proxyWords(c, f, at.URL))[0].
			With("variable", proxyVariable(c.Settings, at.URL)).By(finding.OwnerConfig)
		if f.Status != 0 {
			g = g.With("status", f.Status)
		}
		return []Finding{g}
	case probe.KindUnreachable, probe.KindTCPOther:
		return build(finding.ServerTimeout, "no-route", "%s cannot be reached: %s", host, f.Detail)
	case probe.KindSilent, probe.KindHeaderSlow, probe.KindBodySlow:
		if f.Phase == probe.PhaseTLS {
			return build(finding.ServerSilent, "tls", "%s accepts the connection and does not answer the TLS handshake within %s", host, finding.Duration(f.Took))
		}
		return build(finding.ServerSilent, "request", "%s accepts the connection and does not finish an answer within %s", host, finding.Duration(f.Took))
	case probe.KindTLSPlainPort:
		return build(finding.ServerTLS, plainPortVariant(at), "%s does not speak TLS, and %s begins with wss://", host, at.name())
	case probe.KindPlainToTLS:
		return build(finding.ServerTLS, "tls-port", "%s speaks TLS, and %s begins with ws://", host, at.name())
	case probe.KindReset, probe.KindClosed:
		if f.What == probe.ServerMediaPort {
			return build(finding.ServerNotLiveKit, "media-port",
				"%s closes the connection without an answer, as LiveKit's media port does; signalling is on 7880 unless it was changed", host)
		}
		if f.Phase == probe.PhaseTLS {
			return build(finding.ServerTLS, "cut", "%s cuts the connection in the middle of the TLS handshake", host)
		}
		return build(finding.ServerReset, "direct", "%s accepts the connection and closes it without an answer", host)
	}
	if variant := tlsVariant(f); variant != "" {
		if variant == "unknown-authority" && noPublicName(at.Hostname()) {
			variant = "own-authority"
		}
		return build(finding.ServerTLS, variant, "the TLS handshake with %s fails: %s", host, tlsWords(f))
	}
	return build(finding.ServerNotLiveKit, "other-protocol", "what listens at %s does not speak HTTP: %s", host, listener(f))
}

// fromWhom sets the owner of a finding about an address, and the variant where the
// address came with the token and is wrong.
func (c *Case) fromWhom(f Finding, m unanswered) Finding {
	inSettings := false // whether the address itself is wrong, and not what it leads to
	switch f.Variant {
	case "plain-port", "local-plain-port", "tls-port", "media-port", "other-protocol":
		inSettings = true
	case "container", "missing-value", "cloud", "unknown-name", "other-loopback":
		inSettings = true
	case "resolver":
		f = f.By(finding.OwnerNetwork)
	}
	wrong := m.at.withToken && m.Kind != probe.KindProxy && (inSettings || c.wrongAddress(m.at) || m.Kind == probe.KindRefused)
	if inSettings || wrong {
		f = f.By(m.at.party())
	}
	if !wrong {
		return f
	}
	here := ""
	if c.wrongAddress(m.at) {
		here = clean.URL(c.Settings.URL.Value)
	}
	f = f.With("url", clean.URL(m.at.String())).With("livekit_url", here)
	switch maker := c.makerHost(); {
	case f.Variant == "plain-port", f.Variant == "local-plain-port":
		return f.As("handed-out-plain-port")
	case f.Variant == "tls-port":
		return f.As("handed-out-tls-port")
	case m.Kind == probe.KindRefused && m.at.handedOutLocalhost(maker):
		return localhostFor(f, m, maker)
	}
	return f.As("handed-out")
}

// localhostFor returns the finding about an address of loopback that came from
// another machine.
func localhostFor(f Finding, m unanswered, maker string) Finding {
	suggestion := &url.URL{Scheme: m.at.Scheme, Host: net.JoinHostPort(maker, probe.Port(m.at.URL))}
	f.Message = finding.Textf("%s; it came from %s, which is another machine: here it means this one", f.Message, clean.Line(maker, 80))
	if m.neighbour != nil {
		suggestion = m.neighbour
		f.Message = finding.Textf("%s; LiveKit answers at %s", f.Message, clean.URL(m.neighbour.String()))
	}
	return f.As("handed-out-localhost").With("maker_host", clean.Line(maker, 120)).With("suggestion", clean.URL(suggestion.String()))
}

// dnsVariant returns the variant for the kind of name that does not exist.
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

// refusedFinding distinguishes a server that does not run from one that listens at
// another address of this machine.
func refusedFinding(c *Case, m unanswered, build func(Code, string, string, ...any) []Finding) []Finding {
	host := clean.Line(m.at.Host, 80)
	if f, is := otherLoopback(finding.ServerRefused, m.Failure, m.at.URL); is {
		return []Finding{c.fromWhom(f, m)}
	}
	if loopbackOnly(m.Failure, m.at.URL) {
		return build(finding.ServerRefused, "loopback-only",
			"%s is this machine and refuses the connection, and its port answers on 127.0.0.1: the server listens on loopback only", host)
	}
	variant := "remote"
	if probe.IsLoopbackHost(m.at.Hostname()) {
		variant = "local"
		if key := c.Settings.APIKey.Value; probe.Port(m.at.URL) == "7880" && (key == "" || key == devKey) {
			variant = "dev"
		}
	}
	return build(finding.ServerRefused, variant, "%s refuses the connection: nothing listens there", host)
}

// plainPortVariant returns the variant of wss:// to a port without TLS: on this
// machine or in a private network the scheme is wrong, otherwise the port.
func plainPortVariant(at address) string {
	if host := at.Hostname(); isLocalHost(host) {
		return "local-plain-port"
	}
	return "plain-port"
}

// isInner reports whether an address, with or without port, is of a private
// network.
func isInner(address string) bool {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		at, _ := netip.ParseAddrPort(address)
		addr = at.Addr()
	}
	switch probe.AddrKind(addr) {
	case probe.ScopePrivate, probe.ScopeContainer, probe.ScopeULA, probe.ScopeCGNAT, probe.ScopeLinkLocal:
		return true
	}
	return false
}

// isLocalHost reports whether host is this machine or in a private network.
func isLocalHost(host string) bool {
	return probe.IsLoopbackHost(host) || isInner(host) || !strings.Contains(host, ".") && !strings.Contains(host, ":")
}

// noPublicName reports whether no public authority issues a certificate for host
// (RFC 6761, 6762, 8375; .lan and .internal are private too).
func noPublicName(host string) bool {
	name := strings.TrimSuffix(strings.ToLower(host), ".")
	return isLocalHost(name) || slices.ContainsFunc([]string{".local", ".localhost", ".test", ".internal", ".lan", ".home.arpa"},
		func(end string) bool { return strings.HasSuffix(name, end) })
}

// tlsVariant returns the variant for a failed handshake, "" for any other failure.
func tlsVariant(f *probe.Failure) string {
	switch f.Kind {
	case probe.KindTLSExpired:
		return "expired"
	case probe.KindTLSNotYet:
		return "not-yet-valid"
	case probe.KindTLSWrongName:
		return "wrong-name"
	case probe.KindTLSUnknownCA:
		if f.Cert != nil && f.Cert.IssuerMissing {
			return "incomplete-chain"
		}
		return "unknown-authority"
	case probe.KindTLSName:
		return "name-not-served"
	case probe.KindTLSVersion:
		return "old-version"
	case probe.KindTLSClient:
		return "client-certificate"
	case probe.KindTLSOther:
		return "other"
	}
	return ""
}
