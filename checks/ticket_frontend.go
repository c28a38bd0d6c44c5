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

// ticketFrontend asks the app's own route, as the browser would. With a ticket
// it posts the ticket, which spends it, so it stands in for ticket.consume.
func ticketFrontend(c *Case) Check {
	return c.check(Spec{
		ID: "ticket.frontend", Stage: check.StageTicket, Timeout: 50 * time.Second,
		Title: finding.Textf("The app's /api/connection-details answers"),
		Short: finding.Textf("Front end"),
		Uses:  []string{"env.ticket"},
	}, func(ctx context.Context, c *Case, _ Ended) Report {
		switch {
		case c.Options.Frontend == "":
			return check.Unasked("not run: add --frontend URL for it")
		case c.Source() == check.SourceFlag:
			return check.NotHere("not checked: a token was given, so none is fetched")
		}
		base := usableURL(c.Options.Frontend)
		if base == nil {
			return check.Found(finding.New(finding.FrontendUnreachable, finding.Fail,
				"--frontend is not a URL that can be used: %s", clean.URL(c.Options.Frontend)).By(finding.OwnerConfig))
		}
		check.Waiting(ctx, "waiting for the front end at %s, which may have to compile its route", clean.Line(base.Host, 80))
		reply, tried, failure := c.askFrontend(ctx, base)
		if failure != nil {
			return check.Found(c.frontendFailure(c.Net.Clarify(ctx, base, failure, nil), base))
		}
		return Report{Findings: c.frontendFindings(reply, tried), Outcome: frontendOutcome(c.frontend())}
	})
}

func frontendOutcome(a *TicketAnswer) Outcome {
	if a == nil || a.kind() != answer.Text {
		return Outcome{}
	}
	return Outcome{Text: finding.Textf("the front end handed out a token"),
		Facts: Facts{"status": a.Reply.Status, "token_path": a.TokenPath(), "ticket_spent": a.Spent,
			"fields": a.Answer.Fields, "content_type": clean.Line(a.Reply.Header.Get("Content-Type"), 80)}}
}

// compiling is how long a dev server may take for a route's first answer.
const compiling = 40 * time.Second

// attempt is one way in which the generations of LiveKit's starters ask for
// connection details.
type attempt struct{ method, path string }

func (a attempt) String() string { return a.method + " " + a.path }

// frontendAttempts are the routes to try, in order: a ticket is only ever
// posted, once. Without one: GET is meet's and the older starters', POST
// /api/connection-details and POST /api/token the later ones'.
func (c *Case) frontendAttempts(base *url.URL) []attempt {
	if path := strings.TrimSuffix(base.Path, "/"); strings.Contains(path, "/api/") {
		return []attempt{{http.MethodGet, path}, {http.MethodPost, path}}
	}
	root := strings.TrimSuffix(base.Path, "/")
	return []attempt{
		{http.MethodGet, root + "/api/connection-details"},
		{http.MethodPost, root + "/api/connection-details"},
		{http.MethodPost, root + "/api/token"},
	}
}

// askFrontend goes through the routes until one is there.
func (c *Case) askFrontend(ctx context.Context, base *url.URL) (*probe.Reply, []attempt, *probe.Failure) {
	attempts := c.frontendAttempts(base)
	if !c.Settings.Ticket.Secret.Empty() {
		attempts = []attempt{{http.MethodPost, attempts[0].path}}
	}
	var reply *probe.Reply
	for i, a := range attempts {
		u := &url.URL{Scheme: base.Scheme, Host: base.Host, User: base.User, Path: a.path}
		request := probe.Request{Method: a.method, URL: u, Header: http.Header{"Accept": {"application/json"}}}
		if a.method == http.MethodPost {
			request.Header.Set("Content-Type", "application/json")
			request.Body = c.frontendBody()
		} else if c.Options.DisplayName != "" {
			u.RawQuery = url.Values{"display_name": {c.Options.DisplayName}}.Encode()
		}
		c.Options.addHeaders(request.Header)
		// A Next.js app in dev mode compiles a route when it is first asked for.
		request.FirstByte, request.Total = compiling, compiling
		var failure *probe.Failure
		reply, failure = c.Net.Exchange(ctx, request)
		if failure != nil {
			return nil, attempts[:i+1], failure
		}
		if reply.Status != 404 && reply.Status != 405 {
			return reply, attempts[:i+1], nil
		}
	}
	return reply, attempts, nil
}

func (c *Case) frontendBody() []byte {
	// /api/token of LiveKit's starter fails on a request without room_config.
	fields := map[string]any{"room_config": map[string]any{}}
	if !c.Settings.Ticket.Secret.Empty() {
		fields = map[string]any{"ticket": c.Settings.Ticket.Secret.Reveal()}
	}
	if c.Options.DisplayName != "" {
		fields["profile"] = map[string]string{"display_name": c.Options.DisplayName}
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return []byte("{}")
	}
	return body
}

// frontendFailure puts a network failure on the way to the front end into words.
func (c *Case) frontendFailure(f *probe.Failure, base *url.URL) Finding {
	host, owner, why := clean.Line(base.Host, 80), finding.OwnerFrontend, finding.Textf("%s", f.Detail)
	switch f.Kind {
	case probe.KindTLSPlainPort, probe.KindPlainToTLS:
		owner = finding.OwnerConfig // --frontend has the wrong scheme
	case probe.KindProxy:
		owner, why = finding.OwnerConfig, proxyWords(c, f, base)
	case probe.KindDNSAbsent, probe.KindDNSFailed, probe.KindSYNTimeout, probe.KindUnreachable, probe.KindTCPOther:
		owner = finding.OwnerNetwork
	}
	told := finding.New(finding.FrontendUnreachable, finding.Fail, "the front end at %s does not answer: %s", host, why)
	if f.Phase == probe.PhaseHTTP {
		told.Message = finding.Textf("the front end at %s does not answer: %s. A dev server that compiles the route does so too: if it is one, run this again", host, why)
		if !c.Settings.Ticket.Secret.Empty() {
			told = told.With("ticket_may_be_spent", true)
		}
	}
	return failureFacts(told, f).By(owner)
}

// frontendFindings reads the route's answer by its status.
func (c *Case) frontendFindings(reply *probe.Reply, tried []attempt) []Finding {
	asked := tried[len(tried)-1].String()
	if reply.Redirect == nil && reply.Status >= 200 && reply.Status <= 299 {
		return c.frontendAnswer(reply)
	}
	said := answer.ErrorText(reply.Body, reply.Header.Get("Content-Type"))
	text := orNothing(clean.Line(said.Text, 160))
	tell := func(code Code, owner Owner, format string, args ...any) Finding {
		f := finding.New(code, finding.Fail, format, args...).With("status", reply.Status).With("said", clean.Line(said.Text, 160)).With("asked", asked).By(owner)
		if said.Code != "" {
			f = f.With("said_code", said.Code)
		}
		return f
	}
	switch {
	case reply.Redirect != nil:
		return []Finding{tell(finding.FrontendError, finding.OwnerFrontend, "the front end redirects to %s", reply.Redirect.To)}
	case reply.Status == 501:
		return []Finding{tell(finding.FrontendNotConfigured, finding.OwnerConfig,
			"the front end says that it is not configured (501): %s", text)}
	case reply.Status == 405, reply.Status == 404 && said.Code == "" && len(tried) > 1:
		names := make([]string, len(tried))
		for i, a := range tried {
			names[i] = a.String()
		}
		return []Finding{tell(finding.FrontendMethod, finding.OwnerFrontend,
			"the front end has none of the routes that LiveKit's starters use (%s): the last answered %d", strings.Join(names, ", "), reply.Status)}
	}
	if findings, passed := c.passedOn(reply, said); passed {
		return findings
	}
	return []Finding{tell(finding.FrontendError, finding.OwnerFrontend, "the front end answers %d to %s: %s", reply.Status, asked, text)}
}

// frontendAnswer reads the fields of a 2xx answer as the starters' clients do.
func (c *Case) frontendAnswer(reply *probe.Reply) []Finding {
	product := c.read(reply, answer.Frontend)
	product.Spent = !c.Settings.Ticket.Secret.Empty()
	c.made.frontend.Set(product)
	who := finding.Textf("the front end")
	if hops := reply.Redirects; len(hops) > 0 && product.Answer.Problem == answer.NotJSON {
		return []Finding{finding.New(finding.FrontendError, finding.Fail, "the front end redirects to %s, and %s is there",
			hops[len(hops)-1].To, bodyKind(product)).With("status", hops[0].Status).By(finding.OwnerFrontend)}
	}
	if f, bad := missingToken(product, who); bad {
		f.Code = finding.FrontendFields
		return []Finding{f.By(finding.OwnerFrontend)}
	}
	var findings []Finding
	if product.Answer.AtUsual == answer.Missing {
		findings = append(findings, finding.New(finding.FrontendFields, finding.Warn,
			"the token sits at %s, where LiveKit's clients read participantToken", product.TokenPath()).
			With("token_path", product.TokenPath()).With("fields", product.Answer.Fields))
	}
	for _, f := range addressFindings(c, product, who) {
		findings = append(findings, f.By(finding.OwnerGiver))
	}
	return append(findings, roomFindings(product)...)
}
