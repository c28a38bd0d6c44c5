package checks

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/config/clean"
)

// ticketFrontend asks the app's own route, as the browser does. It posts the
// ticket, if there is one, which spends it, so it replaces ticket.consume.
func (c *Case) ticketFrontend(ctx context.Context, _ Ended) Report {
	switch {
	case c.Options.Frontend == "":
		return check.Unasked("not run: add --frontend URL for it")
	case c.Source() == check.SourceFlag:
		return check.NotHere("not checked: a token was given, so none is fetched")
	}
	base := usableURL(c.Options.Frontend)
	if base != nil && c.Source() == check.SourceEndpoint {
		return check.NotHere("not checked: the page asks the token endpoint for its token")
	}
	if base == nil {
		f := finding.New(finding.FrontendUnreachable, finding.Fail,
			"--frontend is not a URL that can be used: %s", clean.URL(c.Options.Frontend))
		if u := usableURL("http://" + c.Options.Frontend); u != nil {
			f = f.With("suggestion", suggestion(u, "", ""))
		}
		return Report{Findings: c.placed([]Finding{f.As("bad-url").By(finding.OwnerConfig)})}
	}
	check.Waiting(ctx, "waiting for the front end at %s, which may have to compile its route", clean.Line(base.Host, 80))
	asked, failure := c.askFrontend(ctx, base)
	if failure != nil {
		return Report{Findings: c.placed(c.unanswered(toFrontend, c.Net.Clarify(ctx, base, failure, nil), address{URL: base}))}
	}
	report := Report{Findings: c.placed(c.frontendFindings(ctx, asked, base))}
	if a := c.frontend(); a != nil && a.kind == answer.Text {
		report.Outcome = Outcome{Text: finding.Textf("the front end handed out a token"), Facts: a.facts()}
	}
	return report
}

// frontendRoutes returns the routes to ask without a ticket, in order: GET is
// meet's and the older starters', POST /api/connection-details and POST /api/token
// the later ones', GET /api/token that of apps without a starter. An address that
// is a route itself is asked alone; one with another path is a base path, or else a
// route of the app's own.
func frontendRoutes(base *url.URL) []attempt {
	root := strings.TrimSuffix(base.Path, "/")
	at := func(method, path string) attempt {
		own := !strings.HasSuffix(path, "/api/connection-details") && !strings.HasSuffix(path, "/api/token")
		return attempt{method: method, own: own,
			url: &url.URL{Scheme: base.Scheme, Host: base.Host, User: base.User, Path: path, RawQuery: base.RawQuery}}
	}
	itself := []attempt{at(http.MethodGet, root), at(http.MethodPost, root)}
	switch {
	case strings.Contains(root, "/api/"), root != "" && base.RawQuery != "":
		return itself
	case root == "":
		itself = nil
	}
	return append([]attempt{
		at(http.MethodGet, root+"/api/connection-details"),
		at(http.MethodPost, root+"/api/connection-details"),
		at(http.MethodPost, root+"/api/token"),
		at(http.MethodGet, root+"/api/token"),
	}, itself...)
}

// askFrontend posts the ticket, once, or asks the routes until one exists.
func (c *Case) askFrontend(ctx context.Context, base *url.URL) ([]attempt, *probe.Failure) {
	routes := frontendRoutes(base)
	if c.Settings.Ticket.Secret.Empty() {
		return c.askRoutes(ctx, routes, c.frontendBody)
	}
	a := routes[0]
	a.method = http.MethodPost
	var failure *probe.Failure
	a.reply, failure = c.askOnce(ctx, a, func(bool) []byte { return c.ticketBody(c.Settings.Ticket.Secret.Reveal()) })
	return []attempt{a}, failure
}

// frontendBody returns the body without a ticket. /api/token of LiveKit's starter
// fails on a request without room_config.
func (c *Case) frontendBody(all bool) []byte {
	fields := c.profile()
	fields["room_config"] = struct{}{}
	for name, value := range c.names(all) {
		fields[name] = value
	}
	return asJSON(fields)
}

func (c *Case) ticketBody(ticket string) []byte {
	fields := c.profile()
	fields["ticket"] = ticket
	return asJSON(fields)
}

// profile returns the display name as the app and the ticket service take it.
func (c *Case) profile() map[string]any {
	if c.Options.DisplayName == "" {
		return map[string]any{}
	}
	return map[string]any{"profile": map[string]string{"display_name": c.Options.DisplayName}}
}

// noTicket is a ticket that no service issued, so that nothing is spent.
const noTicket = "lkdoctor-probe"

// ignoresTicket reports whether the app made product without checking the ticket:
// it answers alike without a ticket, and with noTicket.
func (c *Case) ignoresTicket(ctx context.Context, a attempt, product *TicketAnswer) bool {
	for _, body := range []func(bool) []byte{c.frontendBody, func(bool) []byte { return c.ticketBody(noTicket) }} {
		reply, failure := c.askOnce(ctx, a, body)
		if failure != nil || reply.Status < 200 || reply.Status > 299 {
			return false
		}
		// One maker's answers have the same fields, and tokens of the same key.
		other := c.read(reply, answer.Frontend)
		if !slices.Equal(product.Answer.Fields, other.Answer.Fields) || product.Token == nil || other.Token == nil ||
			product.Token.Decoded != other.Token.Decoded || product.Token.Claims.Issuer != other.Token.Claims.Issuer {
			return false
		}
	}
	return true
}

func (c *Case) frontendFindings(ctx context.Context, asked []attempt, base *url.URL) []Finding {
	last := asked[len(asked)-1]
	switch reply := last.reply; {
	case reply.FromProxy:
		f := finding.New(finding.FrontendUnreachable, finding.Fail, "the front end at %s does not answer: %s", clean.Line(base.Host, 80),
			finding.Textf("the proxy %s answers %d itself", clean.URL(reply.Via), reply.Status)).With("status", reply.Status)
		return []Finding{c.throughProxy(f, base).By(finding.OwnerConfig)}
	case reply.Redirect == nil && reply.Status >= 200 && reply.Status <= 299 && !absent(last):
		return c.frontendAnswer(ctx, last)
	}
	if findings, passed := c.passedOn(refusedBy(last.reply)); passed {
		return findings
	}
	if absent(last) {
		return []Finding{c.routeMissing(ctx, asked, base)}
	}
	return []Finding{c.frontendError(last)}
}

// frontendAnswer reads the fields of a 2xx answer as the starters' clients do.
func (c *Case) frontendAnswer(ctx context.Context, a attempt) []Finding {
	product := c.read(a.reply, answer.Frontend)
	posted := !c.Settings.Ticket.Secret.Empty()
	ignored := posted && c.ignoresTicket(ctx, a, product)
	product.Spent, product.own = posted && !ignored, a.own
	c.produce(product)
	who := finding.Textf("the front end")
	if hops := a.reply.Redirects; len(hops) > 0 && product.Answer.Problem == answer.NotJSON {
		what, _ := bodyKind(product)
		return []Finding{finding.New(finding.FrontendError, finding.Fail, "the front end redirects to %s, and %s is there",
			hops[len(hops)-1].To, what).With("status", hops[0].Status).With("to", hops[len(hops)-1].To).As("login")}
	}
	var findings []Finding
	if ignored {
		findings = append(findings, finding.New(finding.FrontendRouteMissing, finding.Warn,
			"the front end made the token itself and did not look at the ticket: a request without "+
				"one, and one with a ticket that nobody issued, got a token as well").
			As("no-ticket-route").By(finding.OwnerConfig))
	}
	if f, bad := c.missingToken(product, who); bad {
		return append(findings, frontendFields(f, product.Spent))
	}
	if product.Answer.AtUsual == answer.Missing && !a.own {
		findings = append(findings, finding.New(finding.FrontendFields, finding.Warn,
			"the token sits at %s, where LiveKit's clients read participantToken", product.path).
			With("token_path", product.path).With("fields", product.Answer.Fields).As("other-name"))
	}
	for _, f := range addressFindings(c, product, who) {
		findings = append(findings, f.By(finding.OwnerGiver))
	}
	var body func(all bool) []byte
	if !posted {
		body = c.frontendBody
	}
	findings = append(findings, c.cacheFindings(ctx, product, a, body, who)...)
	return append(findings, roomFindings(product)...)
}

// frontendFields returns a finding about a missing token as the app's fault. What the
// app passed on from the ticket service stays the service's.
func frontendFields(f Finding, traded bool) Finding {
	if f.Code == finding.TicketTokenMissing && traded {
		return f.With("token_path", "")
	}
	variant := cmp.Or(map[string]string{"beside": "not-text", "missing": "missing-token"}[f.Variant], f.Variant)
	if f.Code == finding.TicketNotJSON {
		variant = "not-json"
	}
	f.Code = finding.FrontendFields
	return f.As(variant).By(finding.OwnerFrontend)
}
