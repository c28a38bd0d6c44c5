package checks

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

type peer int

const (
	toServer  peer = iota
	toService      // or a token endpoint
	toFrontend
)

// meaning is what a failure means at one peer. No party stands for the page's owner.
type meaning struct {
	code    Code
	variant string
	party   Owner
}

// failureRow is the meaning of a failure of one of kinds (nil is any) in phase ("" is
// any) at each peer; it has none at a peer without a code.
type failureRow struct {
	kinds []probe.Kind
	phase probe.Phase
	// words is the sentence for the host and, unless it is nil, the result of why.
	words string
	why   func(*probe.Failure) any
	at    [3]meaning
}

// failureRows returns what network failures mean. The first row that fits counts.
func failureRows() []failureRow {
	const (
		config, network, service, frontend = finding.OwnerConfig, finding.OwnerNetwork, finding.OwnerTicketService, finding.OwnerFrontend
		unreachable, notHTTP               = finding.FrontendUnreachable, "what listens at %s does not speak HTTP: %s"
	)
	type (
		kinds = []probe.Kind
		at    = [3]meaning
	)
	ended, silent := kinds{probe.KindReset, probe.KindClosed}, kinds{probe.KindSilent, probe.KindHeaderSlow, probe.KindBodySlow}
	certificate := func(kind probe.Kind, server, ticket string) failureRow {
		return failureRow{kinds{kind}, "", "the TLS handshake with %s fails: %s", tlsReason,
			at{{finding.ServerTLS, server, ""}, {finding.TicketTLS, ticket, service}, {unreachable, "certificate", frontend}}}
	}
	return []failureRow{
		{kinds{probe.KindDNSAbsent}, "", "the name %s does not exist", nil,
			at{{finding.ServerDNS, "unknown-name", ""}, {finding.TicketDNS, "no-such-name", config},
				{unreachable, "no-such-name", config}}},
		{kinds{probe.KindDNSFailed}, "", "the name %s could not be looked up: %s", detail,
			at{{finding.ServerDNS, "resolver", network}, {finding.TicketDNS, "lookup-failed", network},
				{unreachable, "no-such-name", config}}},
		{kinds{probe.KindRefused}, "", "%s refuses the connection: nothing listens there", nil,
			at{{finding.ServerRefused, "remote", ""}, {finding.TicketRefused, "nothing-listens", service},
				{unreachable, "nothing-listens", frontend}}},
		{kinds{probe.KindSYNTimeout}, "", "%s does not answer the attempt to connect within %s", waited,
			at{{finding.ServerTimeout, "no-answer", ""}, {finding.TicketTimeout, "no-reply", network}, {unreachable, "no-reply", network}}},
		{kinds{probe.KindUnreachable, probe.KindTCPOther}, "", "%s cannot be reached: %s", detail,
			at{{finding.ServerTimeout, "no-route", ""}, {finding.TicketTimeout, "no-route", network}, {unreachable, "no-reply", network}}},
		{kinds{probe.KindProxy}, "", "%s cannot be reached: %s", nil, // the reason is proxyWords
			at{{finding.ServerTimeout, "proxy", config}, {finding.TicketTimeout, "proxy", config}, {unreachable, "proxy", config}}},
		{silent, probe.PhaseTLS, "%s accepts the connection and does not answer the TLS handshake within %s", waited,
			at{{finding.ServerSilent, "tls", ""}}},
		{silent, "", "%s accepts the connection and does not finish an answer within %s", waited,
			at{{finding.ServerSilent, "request", ""}, {finding.TicketTimeout, "silent", service}, {unreachable, "silent", frontend}}},
		{kinds{probe.KindTLSPlainPort}, "", "%s does not speak TLS, and the address begins with https://", nil,
			at{{finding.ServerTLS, "plain-port", ""}, {finding.TicketTLS, "plain-port", config}, {unreachable, "plain-port", config}}},
		{kinds{probe.KindPlainToTLS}, "", "%s speaks TLS, and the address begins with http://", nil,
			at{{finding.ServerTLS, "tls-port", ""}, {finding.TicketTLS, "tls-port", config}, {unreachable, "tls-port", config}}},
		certificate(probe.KindTLSExpired, "expired", "expired"),
		certificate(probe.KindTLSNotYet, "not-yet-valid", "not-yet-valid"),
		certificate(probe.KindTLSWrongName, "wrong-name", "wrong-name"),
		certificate(probe.KindTLSUnknownCA, "unknown-authority", "unknown-authority"),
		certificate(probe.KindTLSName, "name-not-served", "handshake"),
		certificate(probe.KindTLSVersion, "old-version", "handshake"),
		certificate(probe.KindTLSClient, "client-certificate", "handshake"),
		certificate(probe.KindTLSOther, "other", "handshake"),
		{ended, probe.PhaseTLS, "%s cuts the connection in the middle of the TLS handshake", nil,
			at{{finding.ServerTLS, "cut", ""}, {finding.TicketTLS, "cut", service}}},
		{ended, probe.PhaseBody, "%s ends the connection in the middle of its answer", nil,
			at{{}, {finding.TicketServerError, "cut-off", service}}},
		{ended, "", "%s accepts the connection and closes it without an answer", nil, at{{finding.ServerReset, "direct", ""}}},
		{ended, "", notHTTP, listener, at{{}, {finding.TicketNotHTTP, "hangs-up", service}}},
		{kinds{probe.KindBodyGarbled}, "", "the answer of %s cannot be read: %s", detail,
			at{{}, {finding.TicketNotJSON, "compression", service}}},
		{kinds{probe.KindRedirectRefused}, "", "%s redirects to itself again and again", nil,
			at{{}, {finding.TicketRedirected, "loop", service}}},
		{kinds{probe.KindHeaderTooLarge}, "", "%s answers with more than 64 KiB of headers: %s", detail,
			at{{}, {finding.TicketBodyTooLarge, "headers", service}}},
		{kinds{probe.KindBodyTooLarge, probe.KindBodyBomb}, "", "%s answers with more than 1 MiB: %s", detail,
			at{{}, {finding.TicketBodyTooLarge, "body", service}}},
		{nil, "", notHTTP, listener,
			at{{finding.ServerNotLiveKit, "other-protocol", ""}, {finding.TicketNotHTTP, "not-http", service},
				{unreachable, "not-http", frontend}}},
	}
}

// unanswered returns the finding about a failed request; none if it was cancelled.
func (c *Case) unanswered(to peer, f *probe.Failure, at address) []Finding {
	if f.Kind == probe.KindCancelled {
		return nil
	}
	rows := failureRows()
	row := rows[slices.IndexFunc(rows, func(r failureRow) bool {
		return (r.kinds == nil || slices.Contains(r.kinds, f.Kind)) && (r.phase == "" || r.phase == f.Phase) && r.at[to].code != ""
	})]
	m, args := row.at[to], []any{clean.Line(at.Host, 80)}
	if f.Kind == probe.KindDNSAbsent || f.Kind == probe.KindDNSFailed {
		args[0] = clean.Line(at.Hostname(), 80)
	}
	switch {
	case f.Kind == probe.KindProxy:
		args = append(args, proxyWords(c, f, at.URL))
	case row.why != nil:
		args = append(args, row.why(f))
	}
	if other, is := otherLoopback(m.code, f, at.URL); is {
		if to == toServer {
			return []Finding{c.fromWhom(other, f, at)}
		}
		return []Finding{other.By(finding.OwnerConfig)}
	}
	found := failureFacts(finding.New(m.code, finding.Fail, row.words, args...), f).As(m.variant).By(m.party)
	switch to {
	case toServer:
		return []Finding{c.fromWhom(c.atServer(found, f, at), f, at)}
	case toService:
		found = c.atService(found, f, at.URL)
	case toFrontend:
		found = c.atFrontend(found, f, at.URL)
	}
	switch f.Kind {
	case probe.KindTLSPlainPort:
		found = found.With("suggestion", suggestion(at.URL, "http", ""))
	case probe.KindPlainToTLS:
		found = found.With("suggestion", suggestion(at.URL, "https", ""))
	case probe.KindProxy:
		found = c.throughProxy(found, at.URL)
	}
	return []Finding{found}
}

// atService adds what host and first bytes show to a finding about the service.
func (c *Case) atService(found Finding, f *probe.Failure, u *url.URL) Finding {
	host, name := clean.Line(u.Host, 80), clean.Line(u.Hostname(), 80)
	switch {
	case found.Code == finding.TicketDNS:
		found = found.With("host", name)
		if containerName(name) {
			found.Message = finding.Textf("the name %s is not known here: names without a domain are those of containers", name)
			found = found.As("container-name").By(finding.OwnerConfig)
		}
	case f.Kind == probe.KindRefused && loopbackOnly(f, u):
		found.Message = finding.Textf(
			"%s is this machine and refuses the connection, and its port answers on 127.0.0.1: the service listens on loopback only", host)
		found = found.As("loopback-only").With("suggestion", suggestion(u, "", "127.0.0.1"))
	case found.Variant == "hangs-up" && c.serviceReply() != nil:
		found.Code = finding.TicketServerError
		found.Message = finding.Textf("%s answers GET /, and ends the connection without an answer when the ticket is to be traded", host)
		found = found.As("hang-up")
	case found.Variant == "not-http" && (f.Banner != "" || f.What != "" && f.What != probe.ServerUnknown):
		found = found.As("other-program").By(finding.OwnerConfig)
	}
	return found
}

func (c *Case) atFrontend(found Finding, f *probe.Failure, u *url.URL) Finding {
	why := tlsWords(f)
	if f.Kind == probe.KindProxy {
		why = proxyWords(c, f, u)
	}
	found.Message = finding.Textf("the front end at %s does not answer: %s", clean.Line(u.Host, 80), why)
	if f.Phase == probe.PhaseHTTP && (found.Variant == "silent" || found.Variant == "not-http") {
		found.Message = finding.Textf(
			"the front end at %s does not answer: %s; nor does a dev server while it compiles the route: if it is one, run this again",
			clean.Line(u.Host, 80), why)
		if !c.Settings.Ticket.Secret.Empty() {
			found = found.With("ticket_may_be_spent", true)
		}
	}
	return found
}

func withTexts(f Finding, facts map[string]string) Finding {
	for name, value := range facts {
		if value != "" {
			f = f.With(name, value)
		}
	}
	return f
}

func failureFacts(f Finding, failure *probe.Failure) Finding {
	f = f.With("kind", string(failure.Kind)).With("phase", string(failure.Phase)).With("took_ms", finding.Milliseconds(failure.Took))
	f = withTexts(f, map[string]string{
		"host": failure.Host, "address": failure.Address, "detail": failure.Detail, "banner": failure.Banner,
	})
	if cert := failure.Cert; cert != nil {
		f = certFacts(f, cert)
	}
	return f
}

// proxyVariable returns the environment variable that sends u through a proxy, or "".
func proxyVariable(s *config.Settings, u *url.URL) string {
	names := []string{"HTTP_PROXY", "http_proxy"}
	if probe.Secure(u) {
		names = []string{"HTTPS_PROXY", "https_proxy"}
	}
	for _, name := range names {
		if value, source, _ := s.Env.Lookup(name); value != "" && source.Kind == config.Environment {
			return name
		}
	}
	return ""
}

// proxyWords returns why the HTTP proxy on the way to u could not be used.
func proxyWords(c *Case, f *probe.Failure, u *url.URL) Text {
	proxy, _ := c.Net.ProxyFor(u)
	if proxy == nil {
		return finding.Textf("%s", f.Detail)
	}
	if variable := proxyVariable(c.Settings, u); variable != "" {
		return finding.Textf("the proxy %s that %s sets cannot be used: %s", clean.URL(proxy.String()), variable, f.Detail)
	}
	return finding.Textf("the proxy %s cannot be used: %s", clean.URL(proxy.String()), f.Detail)
}

// proxyAnswered returns a finding about an HTTP proxy that answered itself.
func proxyAnswered(code Code, via string, status int, u *url.URL) Finding {
	return finding.New(code, finding.Fail, "%s cannot be reached: %s", clean.Line(u.Host, 80),
		finding.Textf("the proxy %s answers %d itself", clean.URL(via), status)).
		With("status", status).With("via", clean.URL(via)).By(finding.OwnerConfig)
}

func certFacts(f Finding, cert *probe.Cert) Finding {
	return f.With("cert_subject", cert.Subject).With("cert_issuer", cert.Issuer).With("cert_names", cert.Names).
		With("cert_not_before", cert.NotBefore.UTC().Format(time.RFC3339)).
		With("cert_not_after", cert.NotAfter.UTC().Format(time.RFC3339))
}

func tlsWords(f *probe.Failure) Text {
	cert := f.Cert
	if cert == nil {
		cert = &probe.Cert{}
	}
	switch f.Kind {
	case probe.KindTLSUnknownCA:
		issuer := finding.Textf("%s", cert.Issuer)
		if cert.Issuer == "" {
			issuer = finding.Textf("somebody unknown")
		}
		return finding.Textf("its certificate is signed by %s, which this machine does not trust", issuer)
	case probe.KindTLSExpired:
		return finding.Textf("its certificate expired on %s", cert.NotAfter.UTC().Format("2006-01-02 15:04 MST"))
	case probe.KindTLSNotYet:
		return finding.Textf("its certificate is not valid before %s", cert.NotBefore.UTC().Format("2006-01-02 15:04 MST"))
	case probe.KindTLSWrongName:
		if len(cert.Names) > 0 {
			return finding.Textf("its certificate is for %s", joinNames(cert.Names))
		}
		return finding.Textf("its certificate is for another name")
	case probe.KindTLSName:
		return finding.Textf("it has no certificate for this name")
	case probe.KindTLSVersion:
		return finding.Textf("it allows only versions of TLS that are too old")
	case probe.KindTLSClient:
		return finding.Textf("it wants a certificate from the client")
	}
	return finding.Textf("%s", f.Detail)
}

// These are the reasons that failureRow.words take.

func detail(f *probe.Failure) any    { return f.Detail }
func waited(f *probe.Failure) any    { return finding.Duration(f.Took) }
func tlsReason(f *probe.Failure) any { return tlsWords(f) }

// listener describes what answered instead of an HTTP server, by its first bytes.
func listener(f *probe.Failure) any {
	switch {
	case f.Kind == probe.KindReset, f.Kind == probe.KindClosed:
		return finding.Textf("it closes the connection without an answer")
	case f.What == probe.ServerOtherHTTP:
		return finding.Textf("its answer begins like HTTP and is none (%q)", f.Banner)
	case f.What != "" && f.What != probe.ServerUnknown && f.Banner != "":
		return finding.Textf("it looks like %s, and says %q", string(f.What), f.Banner)
	case f.What != "" && f.What != probe.ServerUnknown:
		return finding.Textf("it looks like %s", string(f.What))
	case f.Banner != "":
		return finding.Textf("it says %q", f.Banner)
	}
	return finding.Textf("%s", f.Detail)
}

// suggestion returns u with another scheme or host name, if given, as an address to write
// into a setting. It is empty where u holds a password, which is never shown.
func suggestion(u *url.URL, scheme, name string) string {
	if u.User != nil {
		return ""
	}
	changed := *u
	changed.Scheme = cmp.Or(scheme, u.Scheme)
	if name != "" {
		changed.Host = strings.TrimSuffix(name+":"+u.Port(), ":")
	}
	return clean.URL(changed.String())
}

// throughProxy adds what is needed to exempt u from the proxy: the variable that
// names the proxy, and the host's name.
func (c *Case) throughProxy(f Finding, u *url.URL) Finding {
	if variable := proxyVariable(c.Settings, u); variable != "" {
		f = f.With("variable", variable)
	}
	return f.With("name", clean.Line(u.Hostname(), 120)).As("proxy")
}
