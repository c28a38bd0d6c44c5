package checks

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
)

// slowAnswer is from when on an answer is worth a word: people notice.
const slowAnswer = 2 * time.Second

// ticketReach asks whether the ticket service is there, without spending
// anything: one GET of its root.
func ticketReach(c *Case) Check {
	return c.check(Spec{
		ID: "ticket.reach", Stage: check.StageTicket, Timeout: 12 * time.Second,
		Title: finding.Textf("The ticket service answers"),
		Short: finding.Textf("Service reachable"),
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
		}
		check.Waiting(ctx, "waiting for %s to answer", clean.Line(u.Host, 80))
		request := probe.Request{URL: rootOf(u), MaxBody: 64 << 10, Last: true}
		if source := c.Source(); source == check.SourceTicket || source == check.SourceEndpoint {
			// The ticket travels on a connection of its own. It comes after this one,
			// which ends: a server that serves one at a time gets to it.
			request.Connected = func() { c.Net.Warm(u) }
		}
		reply, failure := c.Net.Exchange(ctx, request)
		if reply != nil {
			failure = nil // it speaks HTTP, whatever its first page is like
		}
		if failure = c.Net.Clarify(ctx, u, failure, reply); failure != nil {
			return Report{Findings: serviceFailure(c, failure, u)}
		}
		if reply.FromProxy {
			return check.Found(proxyAnswered(finding.TicketTimeout, reply.Via, reply.Status, u))
		}
		c.made.serviceReply.Set(reply)
		return Report{Findings: reachedService(ctx, c, reply, u), Outcome: Outcome{
			Text:  finding.Textf("%s answers", clean.Line(u.Host, 60)),
			Facts: Facts{"address": reply.Address.String(), "status": reply.Status, "took_ms": millis(reply.Took)},
		}}
	})
}

// serviceURL is where a ticket or a token would be asked for; nil when nowhere.
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

// reachedService judges the answer to GET /. A gateway that has nobody there
// may have the service elsewhere: only when it says the same at the place where
// tickets are traded is the service down.
func reachedService(ctx context.Context, c *Case, reply *probe.Reply, u *url.URL) []Finding {
	host := clean.Line(u.Host, 80)
	if unserved(reply) {
		at := c.besideTickets(u)
		request := probe.Request{URL: at, MaxBody: 64 << 10, Header: http.Header{}}
		if c.Options.TokenEndpoint != "" {
			c.Options.addHeaders(request.Header)
		}
		second, _ := c.Net.Exchange(ctx, request)
		if second == nil {
			return []Finding{finding.New(finding.TicketServerError, finding.Fail,
				"%s answers %d to GET /", host, reply.Status).With("status", reply.Status)}
		}
		if unserved(second) {
			return []Finding{finding.New(finding.TicketServerError, finding.Fail,
				"%s answers %d to GET /, and %d to GET %s", host, reply.Status, second.Status, clean.Line(at.Path, 80)).
				With("status", reply.Status).With("path", clean.Line(at.Path, 80))}
		}
	}
	if reply.Took > slowAnswer {
		return []Finding{slow(reply, host)}
	}
	return nil
}

// unserved tells a gateway's answer that nobody is behind it now.
func unserved(r *probe.Reply) bool { return r.Status >= 502 && r.Status <= 504 }

// besideTickets is the path that tickets are traded under, without one.
func (c *Case) besideTickets(u *url.URL) *url.URL {
	if c.Options.TokenEndpoint != "" {
		return u
	}
	under, _, _ := strings.Cut(c.ticketPath(), "{ticket}")
	return &url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host, Path: strings.TrimSuffix(u.Path, "/") + under}
}

func slow(reply *probe.Reply, host string) Finding {
	return finding.New(finding.TicketSlow, finding.Warn,
		"%s took %s to answer", host, finding.Duration(reply.Took)).With("took_ms", millis(reply.Took))
}

// serviceFailure puts a network failure on the way to the ticket service into
// words, and names who must act.
func serviceFailure(c *Case, f *probe.Failure, u *url.URL) []Finding {
	host := clean.Line(u.Host, 80)
	tell := func(code Code, owner Owner, format string, args ...any) []Finding {
		return []Finding{failureFacts(finding.New(code, finding.Fail, format, args...), f).By(owner)}
	}
	switch f.Kind {
	case probe.KindCancelled:
		return nil
	case probe.KindDNSAbsent:
		return tell(finding.TicketDNS, finding.OwnerNetwork, "the name %s does not exist", clean.Line(u.Hostname(), 80))
	case probe.KindDNSFailed:
		return tell(finding.TicketDNS, finding.OwnerNetwork, "the name %s could not be looked up: %s", clean.Line(u.Hostname(), 80), f.Detail)
	case probe.KindRefused:
		if g, is := otherLoopback(finding.TicketRefused, f, u); is {
			return []Finding{g.By(finding.OwnerConfig)}
		}
		if loopbackOnly(f, u) {
			return tell(finding.TicketRefused, finding.OwnerTicketService,
				"%s is this machine and refuses the connection, and its port answers on 127.0.0.1: the service listens on loopback only", host)
		}
		return tell(finding.TicketRefused, finding.OwnerTicketService, "%s refuses the connection: nothing listens there", host)
	case probe.KindProxy:
		return tell(finding.TicketTimeout, finding.OwnerConfig, "%s cannot be reached: %s", host, proxyWords(c, f, u))
	case probe.KindUnreachable, probe.KindTCPOther:
		return tell(finding.TicketTimeout, finding.OwnerNetwork, "%s cannot be reached: %s", host, f.Detail)
	case probe.KindSYNTimeout:
		return tell(finding.TicketTimeout, finding.OwnerNetwork, "%s does not answer the attempt to connect within %s", host, finding.Duration(f.Took))
	case probe.KindSilent, probe.KindHeaderSlow, probe.KindBodySlow:
		return tell(finding.TicketTimeout, finding.OwnerTicketService, "%s accepts the connection and does not finish an answer within %s", host, finding.Duration(f.Took))
	case probe.KindTLSUnknownCA, probe.KindTLSExpired, probe.KindTLSNotYet, probe.KindTLSWrongName, probe.KindTLSOther:
		return tell(finding.TicketTLS, finding.OwnerTicketService, "the TLS handshake with %s fails: %s", host, tlsWords(f))
	case probe.KindReset, probe.KindClosed:
		switch {
		case f.Phase == probe.PhaseTLS:
			return tell(finding.TicketTLS, finding.OwnerTicketService, "%s cuts the connection in the middle of the TLS handshake", host)
		case f.Phase == probe.PhaseBody:
			return tell(finding.TicketServerError, finding.OwnerTicketService, "%s ends the connection in the middle of its answer", host)
		case c.serviceReply() != nil:
			return tell(finding.TicketServerError, finding.OwnerTicketService,
				"%s answers GET /, and ends the connection without an answer when the ticket is to be traded", host)
		}
	case probe.KindBodyGarbled:
		return tell(finding.TicketNotJSON, finding.OwnerTicketService, "the answer of %s cannot be read: %s", host, f.Detail)
	case probe.KindRedirectRefused:
		return tell(finding.TicketRedirected, finding.OwnerTicketService, "%s redirects to itself again and again", host)
	case probe.KindTLSPlainPort:
		return tell(finding.TicketTLS, finding.OwnerConfig, "%s does not speak TLS, and the address begins with https://", host)
	case probe.KindPlainToTLS:
		return tell(finding.TicketTLS, finding.OwnerConfig, "%s speaks TLS, and the address begins with http://", host)
	case probe.KindBodyTooLarge, probe.KindBodyBomb, probe.KindHeaderTooLarge:
		return tell(finding.TicketBodyTooLarge, finding.OwnerTicketService, "%s answers with more than 1 MiB: %s", host, f.Detail)
	}
	return tell(finding.TicketNotHTTP, finding.OwnerTicketService, "what listens at %s does not speak HTTP: %s", host, listener(f))
}
