package checks

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/check"
	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
)

// ticketConsume trades the ticket for a token, once. It is one of the two
// things in a run that change anything; its answer serves all later checks.
func ticketConsume(c *Case) Check {
	return c.check(Spec{
		ID: "ticket.consume", Stage: check.StageTicket, Timeout: 15 * time.Second,
		Title: finding.Textf("The ticket service trades the ticket for a token, room and URL"),
		Short: finding.Textf("Ticket consumed"),
		Needs: []string{"ticket.reach"},
	}, func(ctx context.Context, c *Case, _ Ended) Report {
		switch src := c.Source(); {
		case src == check.SourceFlag:
			return check.NotHere("not checked: a token was given, so none is fetched")
		case src == check.SourceFrontend:
			return check.NotHere("not checked: the front end is asked instead, and would spend the ticket")
		case src == check.SourceEndpoint || src == check.SourceTicket:
		case c.Settings.Ticket.Secret.Empty():
			return check.Unasked("not run: no ticket was given (--ticket)")
		default:
			return check.NotHere("not checked: no ticket service is configured")
		}
		request := consumeRequest(c)
		check.Waiting(ctx, "waiting for %s to trade the ticket", clean.Line(request.URL.Host, 80))
		findings := consume(ctx, c, request)
		for i := range findings {
			findings[i] = findings[i].With("asked", c.consumeAsked())
		}
		return Report{Findings: findings, Outcome: consumeOutcome(c)}
	})
}

// consume asks, and judges what comes back.
func consume(ctx context.Context, c *Case, request probe.Request) []Finding {
	reply, failure := c.Net.Exchange(ctx, request)
	if failure != nil {
		return consumeFailure(c, failure, request.URL)
	}
	findings := consumeFindings(c, reply, request.URL)
	if reply.Took > slowAnswer {
		findings = append(findings, slow(reply, clean.Line(request.URL.Host, 80)))
	}
	return findings
}

// consumeAsked is what was asked, for a report: the ticket is left out.
func (c *Case) consumeAsked() string {
	path := c.ticketPath()
	if c.Source() == check.SourceTicket {
		path = strings.TrimSuffix(c.serviceURL().Path, "/") + strings.ReplaceAll(path, "{ticket}", "…")
	}
	return "POST " + clean.Line(path, 120)
}

// consumeRequest is the question as the app would ask it: the base URL less one
// trailing slash, the ticket percent-encoded, and the profile if there is one.
func consumeRequest(c *Case) probe.Request {
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	if c.Source() == check.SourceEndpoint {
		c.Options.addHeaders(header)
		return probe.Request{Method: http.MethodPost, URL: c.serviceURL(), Header: header, Body: endpointBody(c), Spare: true}
	}
	u := *c.serviceURL()
	path := c.Options.TicketPath
	if path == "" {
		path = DefaultTicketPath
	}
	raw := strings.TrimSuffix(u.EscapedPath(), "/") +
		strings.ReplaceAll(path, "{ticket}", url.PathEscape(c.Settings.Ticket.Secret.Reveal()))
	u.RawPath = raw
	if plain, err := url.PathUnescape(raw); err == nil {
		u.Path = plain
	}
	return probe.Request{Method: http.MethodPost, URL: &u, Header: header, Body: profileBody(c), Spare: true}
}

func profileBody(c *Case) []byte {
	if c.Options.DisplayName == "" {
		return []byte("{}")
	}
	body, err := json.Marshal(map[string]any{"profile": map[string]string{"display_name": c.Options.DisplayName}})
	if err != nil {
		return []byte("{}")
	}
	return body
}

// endpointBody asks a standard token endpoint, whose fields are snake_case and
// left out where unset.
func endpointBody(c *Case) []byte {
	fields := map[string]string{}
	for name, value := range map[string]string{
		"room_name": c.Options.Room, "participant_identity": c.Options.Identity, "participant_name": c.Options.DisplayName,
	} {
		if value != "" {
			fields[name] = value
		}
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return []byte("{}")
	}
	return body
}

// consumeFailure is a request that got no answer. The ticket may be spent all
// the same, and the finding says so.
func consumeFailure(c *Case, f *probe.Failure, u *url.URL) []Finding {
	findings := serviceFailure(c, f, u)
	if f.Phase == probe.PhaseHTTP || f.Phase == probe.PhaseBody {
		for i := range findings {
			findings[i] = findings[i].With("ticket_may_be_spent", true)
		}
	}
	return findings
}

// consumeFindings reads the service's answer by its status.
func consumeFindings(c *Case, reply *probe.Reply, u *url.URL) []Finding {
	who := finding.Textf("the ticket service")
	if c.Source() == check.SourceEndpoint {
		who = finding.Textf("the token endpoint")
	}
	if reply.FromProxy {
		return []Finding{proxyAnswered(finding.TicketTimeout, reply.Via, reply.Status, u)}
	}
	if reply.Redirect != nil {
		return []Finding{redirected(reply, who)}
	}
	if reply.Status >= 300 && reply.Status < 400 {
		return []Finding{finding.New(finding.TicketRedirected, finding.Fail,
			"%s redirects (%d), and names no place to go to", who, reply.Status).With("status", reply.Status)}
	}
	if reply.Status < 200 || reply.Status > 299 {
		return []Finding{refusal(c, reply, who, u)}
	}
	profile := answer.TicketService
	if c.Source() == check.SourceEndpoint {
		profile = answer.Endpoint
	}
	product := c.read(reply, profile)
	product.Spent = c.Source() == check.SourceTicket
	c.made.ticket.Set(product)
	return answerFindings(c, product, who)
}

func redirected(reply *probe.Reply, who Text) Finding {
	f := finding.New(finding.TicketRedirected, finding.Fail,
		"%s redirects to %s (%d); the ticket was not sent on", who, reply.Redirect.To, reply.Redirect.Status).
		With("status", reply.Redirect.Status).With("to", reply.Redirect.To)
	if reply.Redirect.ToTLS {
		f = f.As("to-https").By(finding.OwnerConfig)
	}
	return f
}

// refusal reads an answer that is no 2xx.
func refusal(c *Case, reply *probe.Reply, who Text, u *url.URL) Finding {
	said := answer.ErrorText(reply.Body, reply.Header.Get("Content-Type"))
	text := orNothing(clean.Line(said.Text, 160))
	tell := func(code Code, format string, args ...any) Finding {
		f := finding.New(code, finding.Fail, format, args...).With("status", reply.Status).With("said", clean.Line(said.Text, 160))
		if said.Code != "" {
			f = f.With("said_code", said.Code)
		}
		if said.Framework != "" {
			f = f.With("framework", said.Framework)
		}
		return f
	}
	path := clean.Line(strings.ReplaceAll(c.ticketPath(), "{ticket}", "…"), 80)
	switch {
	case reply.Status == 401 || reply.Status == 403:
		return tell(finding.TicketUnauthorized, "%s answers %d: %s", who, reply.Status, text)
	case reply.Status == 404 && strings.Contains(strings.ToUpper(said.Code), "TICKET"):
		return tell(finding.TicketUnknown, "%s does not know this ticket: %s", who, text)
	case reply.Status == 404 && said.Shape == answer.ShapeEmpty:
		return tell(finding.TicketRouteWrong, "%s has no route %s: it answers 404 and says nothing", who, path).
			With("path", path).By(finding.OwnerConfig)
	case reply.Status == 404 && (said.Generic || said.Shape == answer.ShapeHTML):
		return tell(finding.TicketRouteWrong, "%s has no route %s: it answers 404 with its framework's own text (%s)", who, path, text).
			With("path", path).By(finding.OwnerConfig)
	case reply.Status == 404:
		return tell(finding.TicketUnknown, "%s does not know this ticket: %s", who, text)
	case reply.Status == 405:
		return tell(finding.TicketRouteWrong, "%s does not take POST at %s (405): %s", who, path, text).
			With("path", path).By(finding.OwnerConfig)
	case reply.Status == 409:
		return tell(finding.TicketConsumed, "this ticket was used before (409): %s", text).By(finding.OwnerConfig)
	case reply.Status == 410:
		return tell(finding.TicketExpired, "this ticket has expired (410): %s", text)
	case reply.Status == 429:
		f := tell(finding.TicketRateLimited, "%s asks to slow down (429): %s", who, text)
		if after := clean.Line(reply.Header.Get("Retry-After"), 40); after != "" {
			f = f.With("retry_after", after)
			f.Message = finding.Textf("%s asks to slow down (429), and to try again after %s: %s", who, after, text)
		}
		return f
	case reply.Status >= 500:
		return tell(finding.TicketServerError, "%s fails with %d: %s", who, reply.Status, text)
	}
	f := tell(finding.TicketRejected, "%s refuses the request (%d): %s", who, reply.Status, text)
	if len(said.Items) > 0 {
		items := make([]string, 0, len(said.Items))
		for _, item := range said.Items {
			items = append(items, item.Where+": "+item.Text)
		}
		f = f.With("complaints", items)
	}
	return f
}

func (c *Case) ticketPath() string {
	if c.Source() == check.SourceEndpoint {
		return c.serviceURL().Path
	}
	if c.Options.TicketPath != "" {
		return c.Options.TicketPath
	}
	return DefaultTicketPath
}

func consumeOutcome(c *Case) Outcome {
	t := c.ticket()
	if t == nil {
		return Outcome{}
	}
	host := clean.Line(c.serviceURL().Host, 60)
	facts := Facts{
		"status": t.Reply.Status, "token_path": t.TokenPath(), "took_ms": millis(t.Reply.Took),
		"ticket_spent": t.Spent, "asked": c.consumeAsked(), "fields": t.Answer.Fields,
		"content_type": clean.Line(t.Reply.Header.Get("Content-Type"), 80),
	}
	if c.Source() == check.SourceEndpoint {
		return Outcome{Text: finding.Textf("%s handed out a token", host), Facts: facts}
	}
	return Outcome{Text: finding.Textf("traded %s for a token at %s", ticketPrefix(c.Settings.Ticket.Secret.Reveal()), host), Facts: facts}
}

// ticketPrefix is as much of a ticket as may be shown, to recognise it.
func ticketPrefix(ticket string) string {
	if len(ticket) < 16 {
		return "the ticket"
	}
	return clean.Line(ticket[:7], 10) + "…"
}
