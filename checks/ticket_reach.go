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

const slowAnswer = 2 * time.Second

// ticketReach asks whether the ticket service answers GET /, which spends nothing.
func (c *Case) ticketReach(ctx context.Context, ended Ended) Report {
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
	root := &url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host, Path: "/"}
	request := probe.Request{URL: root, MaxBody: caps.Probe, Rest: c.Net.Waits().Extra, Last: true}
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
		return Report{Findings: c.placed(c.unanswered(toService, failure, address{URL: u}))}
	}
	if reply.FromProxy {
		return check.Found(c.throughProxy(proxyAnswered(finding.TicketTimeout, reply.Via, reply.Status, u), u))
	}
	c.produce(reply)
	return Report{Findings: reachedService(ctx, c, reply, u), Outcome: Outcome{
		Text:  finding.Textf("%s answers", clean.Line(u.Host, 60)),
		Facts: Facts{"address": reply.Address.String(), "status": reply.Status, "took_ms": finding.Milliseconds(reply.Took)},
	}}
}

// serviceURL returns the address to ask for a ticket or a token, or nil.
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

// reachedService judges the answer to GET /. The service may be at another path: it is
// down only when the path of tickets is answered likewise.
func reachedService(ctx context.Context, c *Case, reply *probe.Reply, u *url.URL) []Finding {
	host := clean.Line(u.Host, 80)
	if unserved(reply) {
		at := c.ticketsPath(u)
		path := clean.Line(at.Path, 80)
		build := func(format string, args ...any) []Finding {
			return []Finding{finding.New(finding.TicketServerError, finding.Fail, format, args...).
				With("status", reply.Status).With("path", path).As("gateway")}
		}
		again, _ := c.Net.Exchange(ctx, probe.Request{URL: at, MaxBody: caps.Probe})
		if again == nil {
			return build("%s answers %d to GET /", host, reply.Status)
		}
		switch second := refusedBy(again); {
		case !unserved(again):
		case second.by != "":
			return build("%s at %s answers %d to GET /, and %d to GET %s: it cannot reach the service behind it",
				second.by, host, reply.Status, second.Status, path)
		case second.inOwnWords():
			return []Finding{serverError(second, finding.Textf("%s", host)).With("path", path)}
		default:
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

func slow(reply *probe.Reply, host string) Finding {
	connecting := reply.Phases.DNS + reply.Phases.TCP + reply.Phases.TLS
	f := finding.New(finding.TicketSlow, finding.Warn, "%s took %s to answer", host, finding.Duration(reply.Took)).
		With("took_ms", finding.Milliseconds(reply.Took)).With("connecting_ms", finding.Milliseconds(connecting))
	if connecting > slowAnswer {
		return f.As("connection")
	}
	return f.As("answer")
}
