package checks

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/config/clean"
)

// ticketConsume exchanges the ticket for a token, once: the request spends the
// ticket. All later checks use its answer. It also asks a token endpoint.
func (c *Case) ticketConsume(ctx context.Context, ended Ended) Report {
	switch src := c.Source(); {
	case src == check.SourceFlag:
		return check.NotHere("not checked: a token was given, so none is fetched")
	case src == check.SourceFrontend:
		return check.NotHere("not checked: the front end is asked instead, and would spend the ticket")
	case src == check.SourceEndpoint:
		return c.askEndpoint(ctx)
	case ended.Stopped("ticket.reach"):
		return check.BlockedBy("ticket.reach")
	case src == check.SourceTicket:
		return c.consume(ctx)
	case c.Settings.Ticket.Secret.Empty():
		return check.Unasked("not run: no ticket was given (--ticket)")
	}
	return check.NotHere("not checked: no ticket service is configured")
}

func (c *Case) consume(ctx context.Context) Report {
	request, who := consumeRequest(c), finding.Textf("the ticket service")
	check.Waiting(ctx, "waiting for %s to trade the ticket", clean.Line(request.URL.Host, 80))
	var findings []Finding
	reply, failure := c.Net.Exchange(ctx, request)
	if failure != nil {
		findings = c.unanswered(toService, failure, address{URL: request.URL})
		for i := range findings {
			if failure.Phase == probe.PhaseHTTP || failure.Phase == probe.PhaseBody {
				findings[i] = findings[i].With("ticket_may_be_spent", true)
			}
		}
	} else {
		findings = c.handedOut(ctx, attempt{reply: reply, url: request.URL}, who, c.askedPath())
	}
	return c.consumed(findings, reply, "POST "+c.askedPath(), request.URL)
}

// askEndpoint asks the token endpoint with POST, then with GET.
func (c *Case) askEndpoint(ctx context.Context) Report {
	u, who := c.serviceURL(), finding.Textf("the token endpoint")
	if u == nil {
		return check.Found(finding.New(finding.TicketRouteWrong, finding.Fail,
			"--token-endpoint is not a URL that can be used: %s", clean.URL(c.Options.TokenEndpoint)).As("endpoint-path"))
	}
	check.Waiting(ctx, "waiting for the token endpoint at %s, which may have to compile its route", clean.Line(u.Host, 80))
	// LiveKit's standard clients send POST, and many apps' own clients GET.
	routes := []attempt{{method: http.MethodPost, url: u}, {method: http.MethodGet, url: u, own: true}}
	asked, failure := c.askRoutes(ctx, routes, c.endpointBody)
	last := asked[len(asked)-1]
	if failure != nil {
		return c.consumed(c.unanswered(toService, c.Net.Clarify(ctx, u, failure, nil), address{URL: u}), nil, last.String(), u)
	}
	path := clean.Line(cmp.Or(u.Path, "/"), 120)
	if len(asked) > 1 && absent(last) {
		// GET does not exist either: the answer to POST says more.
		f := c.refusal(asked[0].reply, who, path)
		if startPage(asked[0].reply) {
			f = finding.New(finding.TicketRouteWrong, finding.Fail, "a web page is at %s, and no token endpoint", path).
				With("path", path).With("status", asked[0].reply.Status).As("endpoint-path")
		}
		return c.consumed([]Finding{f}, last.reply, asked[0].String(), u)
	}
	return c.consumed(c.handedOut(ctx, last, who, path), last.reply, last.String(), u)
}

func (c *Case) consumed(findings []Finding, reply *probe.Reply, asked string, u *url.URL) Report {
	if reply != nil && reply.Took > slowAnswer && c.Source() == check.SourceTicket {
		findings = append(findings, slow(reply, clean.Line(u.Host, 80)))
	}
	for i := range findings {
		findings[i] = findings[i].With("asked", asked)
	}
	return Report{Findings: c.placed(findings), Outcome: consumeOutcome(c, asked)}
}

// askedPath returns method and path without the ticket, for a report.
func (c *Case) askedPath() string {
	return clean.Line(strings.TrimSuffix(c.serviceURL().Path, "/")+strings.ReplaceAll(c.ticketPath(), "{ticket}", "…"), 120)
}

// consumeRequest returns the request that the app would send: the base URL without
// one trailing slash, the ticket percent-encoded, and the profile if there is one.
func consumeRequest(c *Case) probe.Request {
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	u := *c.serviceURL()
	raw := strings.TrimSuffix(u.EscapedPath(), "/") +
		strings.ReplaceAll(c.ticketPath(), "{ticket}", url.PathEscape(c.Settings.Ticket.Secret.Reveal()))
	u.RawPath = raw
	if plain, err := url.PathUnescape(raw); err == nil {
		u.Path = plain
	}
	return probe.Request{Method: http.MethodPost, URL: &u, Header: header, Body: asJSON(c.profile()), Spare: true}
}

// handedOut judges an answer by its status. A 2xx becomes the product.
func (c *Case) handedOut(ctx context.Context, a attempt, who Text, path string) []Finding {
	reply := a.reply
	switch {
	case reply.FromProxy:
		return []Finding{c.throughProxy(proxyAnswered(finding.TicketTimeout, reply.Via, reply.Status, a.url), a.url)}
	case reply.Redirect != nil:
		return []Finding{c.redirected(reply, who)}
	case reply.Status >= 300 && reply.Status < 400:
		return []Finding{finding.New(finding.TicketRedirected, finding.Fail,
			"%s redirects (%d), and names no place to go to", who, reply.Status).With("status", reply.Status).As("nowhere")}
	case reply.Status < 200 || reply.Status > 299:
		return []Finding{c.refusal(reply, who, path)}
	}
	profile, body := answer.TicketService, (func(bool) []byte)(nil)
	if c.Source() == check.SourceEndpoint {
		profile, body = answer.Endpoint, c.endpointBody
	}
	product := c.read(reply, profile)
	// A web page is not the ticket service's, which has not seen the ticket.
	product.Spent, product.own = c.Source() == check.SourceTicket && product.Answer.Shape != answer.ShapeHTML, a.own
	c.produce(product)
	return append(answerFindings(c, product, who), c.cacheFindings(ctx, product, a, body, who)...)
}

func (c *Case) redirected(reply *probe.Reply, who Text) Finding {
	to := reply.Redirect.To
	f := finding.New(finding.TicketRedirected, finding.Fail,
		"%s redirects to %s (%d); the ticket was not sent on", who, to, reply.Redirect.Status).
		With("status", reply.Redirect.Status).With("to", to)
	if c.Source() == check.SourceEndpoint {
		f.Message = finding.Textf("%s redirects to %s (%d)", who, to, reply.Redirect.Status)
	}
	switch {
	case reply.Redirect.ToTLS:
		return f.As("to-https").By(finding.OwnerConfig).With("suggestion", suggestion(c.serviceURL(), "https", ""))
	case wordings().login.MatchString(to):
		return f.As("login")
	case reply.Redirect.SameOrigin:
		return f.As("other-path")
	}
	return f.As("elsewhere")
}

func (c *Case) ticketPath() string {
	return cmp.Or(c.Options.TicketPath, DefaultTicketPath)
}

func consumeOutcome(c *Case, asked string) Outcome {
	t := c.ticket()
	if t == nil {
		return Outcome{}
	}
	host := clean.Line(c.serviceURL().Host, 60)
	facts := t.facts()
	facts["asked"], facts["took_ms"] = asked, finding.Milliseconds(t.Reply.Took)
	switch {
	case c.Source() == check.SourceEndpoint && t.own:
		return Outcome{Text: finding.Textf("%s handed out a token for GET; LiveKit's standard clients send POST", host), Facts: facts}
	case c.Source() == check.SourceEndpoint:
		return Outcome{Text: finding.Textf("%s handed out a token", host), Facts: facts}
	}
	return Outcome{Text: finding.Textf("traded %s for a token at %s", ticketPrefix(c.Settings.Ticket.Secret.Reveal()), host), Facts: facts}
}

// ticketPrefix returns as much of a ticket as may be shown.
func ticketPrefix(ticket string) string {
	if len(ticket) < 16 {
		return "the ticket"
	}
	return clean.Line(ticket[:7], 10) + "…"
}
