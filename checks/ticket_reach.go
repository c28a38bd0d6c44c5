package checks

import (
	"context"
	"net/url"
	"strings"
	"time"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/config/clean"
)

// slowAnswer is the response time above which TICKET_SLOW is reported.
const slowAnswer = 2 * time.Second

// ticketReach asks whether the ticket service answers, with one GET of its root,
// which spends nothing.
func ticketReach(c *Case) Check {
	return c.check(Spec{
		ID: "ticket.reach", Stage: check.StageTicket, Timeout: 12 * time.Second,
		Title: finding.Textf("The ticket service answers"),
		Short: finding.Textf("connecting"),
		Lacks: finding.Textf("the service did not answer"),
		Uses:  []string{"env.ticket"},
	}, func(ctx context.Context, c *Case, ended Ended) Report {
		u := c.serviceURL()
		switch {
		case c.Source() == check.SourceFlag:
			return check.NotHere("not checked: a token was given, so none is fetched")
		case ended.Stopped("env.ticket"):
			return check.BlockedBy("env.ticket")
		case u == nil:
			return check.NotHere("not checked: no ticket service is configured")
		case c.Options.TokenEndpoint != "":
			// The start page is of another program, and may have to be compiled.
			return check.NotHere("not checked: the token endpoint itself is asked, and not the page before it")
		}
		check.Waiting(ctx, "waiting for %s to answer", clean.Line(u.Host, 80))
		// The header shows that the service answers; a slow body is not awaited.
		request := probe.Request{URL: rootOf(u), MaxBody: caps.Probe, Rest: c.Net.Waits().Extra, Last: true}
		if c.Source() == check.SourceTicket {
			// The ticket is sent on a connection of its own, opened after this one
			// ends, so that a server with one connection at a time accepts it.
			request.Connected = func() { c.Net.Warm(u, 1) }
		}
		reply, failure := c.Net.Exchange(ctx, request)
		if reply != nil {
			failure = nil // it speaks HTTP, whatever its first page is like
		}
		if failure = c.Net.Clarify(ctx, u, failure, reply); failure != nil {
			return Report{Findings: c.placed(serviceFailure(c, failure, u))}
		}
		if reply.FromProxy {
			return check.Found(c.throughProxy(proxyAnswered(finding.TicketTimeout, reply.Via, reply.Status, u), u))
		}
		c.made.serviceReply.Set(reply)
		return Report{Findings: reachedService(ctx, c, reply, u), Outcome: Outcome{
			Text:  finding.Textf("%s answers", clean.Line(u.Host, 60)),
			Facts: Facts{"address": reply.Address.String(), "status": reply.Status, "took_ms": finding.Milliseconds(reply.Took)},
		}}
	})
}

// serviceURL returns the address at which a ticket or a token is asked for; nil
// where there is none.
func (c *Case) serviceURL() *url.URL {
	raw := c.Settings.TicketService.Value
	if c.Options.TokenEndpoint != "" {
		raw = c.Options.TokenEndpoint
	}
	u := usableURL(raw)
	if u == nil || strings.HasPrefix(strings.ToLower(u.Scheme), "ws") {
		return nil
	}
	return u
}

func rootOf(u *url.URL) *url.URL {
	return &url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host, Path: "/"}
}

// reachedService judges the answer to GET /. A gateway without a backend at / may
// have the service at another path: the service is down only when the path of
// tickets is answered likewise.
func reachedService(ctx context.Context, c *Case, reply *probe.Reply, u *url.URL) []Finding {
	host := clean.Line(u.Host, 80)
	if unserved(reply) {
		at := c.ticketsPath(u)
		path := clean.Line(at.Path, 80)
		build := func(format string, args ...any) []Finding {
			return []Finding{finding.New(finding.TicketServerError, finding.Fail, format, args...).
				With("status", reply.Status).With("path", path).As("gateway")}
		}
		second, _ := c.Net.Exchange(ctx, probe.Request{URL: at, MaxBody: caps.Probe})
		switch {
		case second == nil:
			return build("%s answers %d to GET /", host, reply.Status)
		case unserved(second) && gateway(second) == "" && refusedBy(second).inOwnWords():
			return []Finding{serverError(refusedBy(second), finding.Textf("%s", host), "").With("path", path)}
		case unserved(second) && gateway(second) != "":
			return build("%s at %s answers %d to GET /, and %d to GET %s: it cannot reach the service behind it",
				gateway(second), host, reply.Status, second.Status, path)
		case unserved(second):
			return build("%s answers %d to GET /, and %d to GET %s", host, reply.Status, second.Status, path)
		}
	}
	if reply.Took > slowAnswer {
		return []Finding{slow(reply, host)}
	}
	return nil
}

// unserved reports whether a gateway answers that its backend is down.
func unserved(r *probe.Reply) bool { return r.Status >= 502 && r.Status <= 504 }

// ticketsPath returns the path of tickets, without a ticket.
func (c *Case) ticketsPath(u *url.URL) *url.URL {
	under, _, _ := strings.Cut(c.ticketPath(), "{ticket}")
	return &url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host, Path: strings.TrimSuffix(u.Path, "/") + under}
}

// slow returns a finding about a slow answer, with the times of its steps.
func slow(reply *probe.Reply, host string) Finding {
	connecting := reply.Phases.DNS + reply.Phases.TCP + reply.Phases.TLS
	f := finding.New(finding.TicketSlow, finding.Warn, "%s took %s to answer", host, finding.Duration(reply.Took)).
		With("took_ms", finding.Milliseconds(reply.Took)).With("connecting_ms", finding.Milliseconds(connecting))
	if connecting > slowAnswer {
		return f.As("connection")
	}
	return f.As("answer")
}

// suggestion returns u, changed, as an address to write into a setting. It is empty
// where u holds a password, which is never shown.
func suggestion(u *url.URL, change func(*url.URL)) string {
	if u.User != nil {
		return ""
	}
	changed := *u
	change(&changed)
	return clean.URL(changed.String())
}

func withScheme(scheme string) func(*url.URL) { return func(u *url.URL) { u.Scheme = scheme } }

// withName returns a function that replaces the host and keeps the port.
func withName(name string) func(*url.URL) {
	return func(u *url.URL) {
		if port := u.Port(); port != "" {
			name += ":" + port
		}
		u.Host = name
	}
}

// throughProxy adds what is needed to exempt u from the proxy: the variable that
// names the proxy, and the host's name.
func (c *Case) throughProxy(f Finding, u *url.URL) Finding {
	if variable := proxyVariable(c.Settings, u); variable != "" {
		f = f.With("variable", variable)
	}
	return f.With("name", clean.Line(u.Hostname(), 120)).As("proxy")
}

// serviceFailure returns the findings for a network failure on the way to the
// ticket service or the token endpoint. A wrong address is the settings' fault.
func serviceFailure(c *Case, f *probe.Failure, u *url.URL) []Finding {
	host, name := clean.Line(u.Host, 80), clean.Line(u.Hostname(), 80)
	service, network, config := finding.OwnerTicketService, finding.OwnerNetwork, finding.OwnerConfig
	build := func(code Code, variant string, owner Owner, format string, args ...any) []Finding {
		return []Finding{failureFacts(finding.New(code, finding.Fail, format, args...), f).As(variant).By(owner)}
	}
	suggest := func(list []Finding, change func(*url.URL)) []Finding {
		return []Finding{list[0].With("suggestion", suggestion(u, change))}
	}
	switch f.Kind {
	case probe.KindCancelled:
		return nil
	case probe.KindDNSAbsent, probe.KindDNSFailed:
		var found []Finding
		switch {
		case containerName(name):
			found = build(finding.TicketDNS, "container-name", config, "the name %s is not known here: names without a domain are those of containers", name)
		case f.Kind == probe.KindDNSAbsent:
			found = build(finding.TicketDNS, "no-such-name", config, "the name %s does not exist", name)
		default:
			found = build(finding.TicketDNS, "lookup-failed", network, "the name %s could not be looked up: %s", name, f.Detail)
		}
		return []Finding{found[0].With("host", name)}
	case probe.KindRefused:
		if g, is := otherLoopback(finding.TicketRefused, f, u); is {
			return []Finding{g.By(config)}
		}
		if loopbackOnly(f, u) {
			return suggest(build(finding.TicketRefused, "loopback-only", service,
				"%s is this machine and refuses the connection, and its port answers on 127.0.0.1: the service listens on loopback only", host), withName("127.0.0.1"))
		}
		return build(finding.TicketRefused, "nothing-listens", service, "%s refuses the connection: nothing listens there", host)
	case probe.KindProxy:
		return []Finding{c.throughProxy(build(finding.TicketTimeout, "", config, "%s cannot be reached: %s", host, proxyWords(c, f, u))[0], u)}
	case probe.KindUnreachable, probe.KindTCPOther:
		return build(finding.TicketTimeout, "no-route", network, "%s cannot be reached: %s", host, f.Detail)
	case probe.KindSYNTimeout:
		return build(finding.TicketTimeout, "no-reply", network, "%s does not answer the attempt to connect within %s", host, finding.Duration(f.Took))
	case probe.KindSilent, probe.KindHeaderSlow, probe.KindBodySlow:
		return build(finding.TicketTimeout, "silent", service, "%s accepts the connection and does not finish an answer within %s", host, finding.Duration(f.Took))
	case probe.KindTLSUnknownCA, probe.KindTLSExpired, probe.KindTLSNotYet, probe.KindTLSWrongName,
		probe.KindTLSName, probe.KindTLSVersion, probe.KindTLSClient, probe.KindTLSOther:
		return build(finding.TicketTLS, certVariant(f.Kind), service, "the TLS handshake with %s fails: %s", host, tlsWords(f))
	case probe.KindReset, probe.KindClosed:
		switch {
		case f.Phase == probe.PhaseTLS:
			return build(finding.TicketTLS, "cut", service, "%s cuts the connection in the middle of the TLS handshake", host)
		case f.Phase == probe.PhaseBody:
			return build(finding.TicketServerError, "cut-off", service, "%s ends the connection in the middle of its answer", host)
		case c.serviceReply() != nil:
			return build(finding.TicketServerError, "hang-up", service,
				"%s answers GET /, and ends the connection without an answer when the ticket is to be traded", host)
		}
		return build(finding.TicketNotHTTP, "hangs-up", service, "what listens at %s does not speak HTTP: %s", host, listener(f))
	case probe.KindBodyGarbled:
		return build(finding.TicketNotJSON, "compression", service, "the answer of %s cannot be read: %s", host, f.Detail)
	case probe.KindRedirectRefused:
		return build(finding.TicketRedirected, "loop", service, "%s redirects to itself again and again", host)
	case probe.KindTLSPlainPort:
		return suggest(build(finding.TicketTLS, "plain-port", config, "%s does not speak TLS, and the address begins with https://", host), withScheme("http"))
	case probe.KindPlainToTLS:
		return suggest(build(finding.TicketTLS, "tls-port", config, "%s speaks TLS, and the address begins with http://", host), withScheme("https"))
	case probe.KindHeaderTooLarge:
		return build(finding.TicketBodyTooLarge, "headers", service, "%s answers with more headers than anybody reads: %s", host, f.Detail)
	case probe.KindBodyTooLarge, probe.KindBodyBomb:
		return build(finding.TicketBodyTooLarge, "body", service, "%s answers with more than 1 MiB: %s", host, f.Detail)
	}
	if f.Banner != "" || f.What != "" && f.What != probe.ServerUnknown {
		return build(finding.TicketNotHTTP, "other-program", config, "what listens at %s does not speak HTTP: %s", host, listener(f))
	}
	return build(finding.TicketNotHTTP, "not-http", service, "what listens at %s does not speak HTTP: %s", host, listener(f))
}

// certVariant returns the variant of a refused certificate.
func certVariant(kind probe.Kind) string {
	switch kind {
	case probe.KindTLSExpired:
		return "expired"
	case probe.KindTLSNotYet:
		return "not-yet-valid"
	case probe.KindTLSWrongName:
		return "wrong-name"
	case probe.KindTLSUnknownCA:
		return "unknown-authority"
	}
	return "handshake"
}
