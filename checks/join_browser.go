package checks

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"lkdoctor/checks/browser"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/token"
	"lkdoctor/config/clean"
)

// joinBrowser asks what a browser's client asks, while the join runs: /rtc/v1, the
// token in the query, the ICE servers' URLs, and with --frontend what the page allows.
func (c *Case) joinBrowser(ctx context.Context, ended Ended) Report {
	ask := c.browserAsked(ctx)
	if ask == nil {
		if why, is := blocked(ended, "join.reach", "signature.server", "fallback.mint", "fallback.join", "join.websocket"); is {
			return why
		}
		return check.NotHere("not checked: no token was accepted that could be asked with")
	}
	check.Waiting(ctx, "asking as a browser would")
	select {
	case <-ask.done:
	case <-ctx.Done():
		return check.Unfinished(ctx)
	}
	if answer := c.answer(); ask.page != nil && c.Source() == check.SourceEndpoint && answer != nil {
		ask.page.answer = &browser.CORSAnswer{Status: answer.Reply.Status, Header: answer.Reply.Header}
	}
	signal := c.anySignal()
	findings := ask.findings(signal != nil || !ended.Stopped("join.websocket") && !ended.Stopped("fallback.join"))
	if signal != nil {
		findings = append(findings, iceFindings(signal.Facts)...)
	}
	if len(findings) == 0 && (ask.v1 == nil || ask.v1.Kind == probe.V1Busy) {
		return check.NotHere("not checked: what answered at /rtc/v1 says nothing about browsers")
	}
	return Report{Findings: findings, Outcome: ask.outcome(signal)}
}

// browserAsk holds a browser's requests, sent during the join with a token that the
// server accepts, and their answers.
type browserAsk struct {
	at     address
	cancel context.CancelFunc
	done   chan struct{}

	// v1 is the answer at /rtc/v1/validate with the token in the query, lost the
	// failure where there is none. query is the verdict at /rtc/validate on the
	// token in the query, asked where v1 does not accept it; nil where there was no
	// answer.
	v1    *probe.V1Verdict
	lost  *probe.Failure
	query *probe.Verdict
	// stripped is the answer to an upgrade at /rtc/v1 that arrived as a plain
	// request; nil where the upgrade arrived or this is unknown.
	stripped *probe.Verdict
	// page is the front end's page, nil without --frontend.
	page *pageSeen
}

// askAsBrowser sends the requests to the server at that address. The answers may be read once
// done is closed; close cancels the requests.
func (c *Case) askAsBrowser(ctx context.Context, at address, t *token.Token, v *probe.Verdict) *browserAsk {
	a := &browserAsk{at: at, done: make(chan struct{})}
	ctx, a.cancel = context.WithTimeout(context.WithoutCancel(ctx), c.Net.Waits().Browser)
	raw, origin := t.Reveal(), ""
	base := usableURL(c.Options.Frontend)
	if base != nil {
		origin = browser.Origin(probe.HTTPURL(base))
	}
	var work sync.WaitGroup
	work.Go(func() {
		for range 2 { // one lost answer is no verdict
			if a.v1, a.lost = c.Net.V1Validate(ctx, at.URL, raw, origin); a.lost == nil {
				break
			}
		}
		// The join itself sends the token in the header.
		if (v == nil || !v.InQuery) && (a.v1 == nil || !a.v1.Accepted) {
			a.query, _ = c.Net.ValidateQuery(ctx, at.URL, raw)
		}
	})
	work.Go(func() {
		if lost, answer, _ := c.Net.V1Upgrade(ctx, at.URL); lost {
			a.stripped = answer
		}
	})
	if base != nil {
		work.Go(func() { a.page = c.lookAtPage(ctx, base) })
	}
	go func() { defer close(a.done); defer a.cancel(); work.Wait() }()
	return a
}

// close cancels the requests and waits for their end.
func (a *browserAsk) close() {
	if a != nil {
		a.cancel()
		<-a.done
	}
}

// browserAsked returns the requests sent during a join of this run, or sends them now,
// with a token that the server accepts; nil where it accepts none.
func (c *Case) browserAsked(ctx context.Context) *browserAsk {
	for _, j := range c.joins() {
		if j.Browser != nil {
			return j.Browser
		}
	}
	var a *browserAsk
	switch v, dev := c.verdict(), c.dev(); {
	case v != nil && v.Accepted && c.token() != nil:
		a = c.askAsBrowser(ctx, c.there(), c.token().Token, v)
	case dev != nil && dev.Verdict != nil && dev.Verdict.Accepted && c.livekitURL() != nil:
		a = c.askAsBrowser(ctx, c.here(), dev.Token, dev.Verdict)
	default:
		return nil
	}
	context.AfterFunc(ctx, a.cancel)
	return a
}

// findings judges the answers. joined is false where no WebSocket opens at all.
func (a *browserAsk) findings(joined bool) []Finding {
	query := a.queryFindings()
	return slices.Concat(query, a.v1Findings(len(query) > 0, joined), a.pageFindings())
}

// v1Findings judges the answer at /rtc/v1. What /rtc refuses too is about the query.
func (a *browserAsk) v1Findings(queryRefused, joined bool) []Finding {
	v, where := a.v1, clean.Line(a.at.Host, 80)
	switch {
	case a.lost != nil && a.lost.Kind == probe.KindCancelled:
		return nil
	case a.lost != nil:
		return []Finding{failureFacts(finding.New(finding.WebsocketV1Blocked, finding.Fail,
			"LiveKit answers at /rtc, and /rtc/v1, where browsers join, got no answer: %s", a.lost.Detail).As("other"), a.lost)}
	case v == nil, queryRefused && (tooLong(&v.Verdict) || a.query.Status == v.Status):
		return nil
	}
	found := func(severity finding.Severity, variant, format string, args ...any) []Finding {
		f := finding.New(finding.WebsocketV1Blocked, severity, format, args...).As(variant).
			With("status", v.Status).With("what", string(v.What)).With("server_text", v.Text).With("path", v.Path)
		if v.Redirect != nil {
			f = f.With("to", v.Redirect.To)
		}
		return []Finding{f}
	}
	switch s := a.stripped; {
	case v.Kind == probe.V1Missing:
		return found(finding.Info, "old-server",
			"the server has no /rtc/v1 yet: browsers ask there first and then at /rtc, one round trip later")
	case v.Kind == probe.V1NotPassedOn:
		return found(finding.Warn, byAnswer(finding.WebsocketV1Blocked, v.Status, v.Front),
			"something in front of LiveKit answers 404 at /rtc/v1: browsers ask there first and then at /rtc, one round trip later")
	case v.Kind == probe.V1Blocked:
		return found(finding.Fail, byAnswer(finding.WebsocketV1Blocked, v.Status, v.Front),
			"at %s LiveKit answers at /rtc, and something else at /rtc/v1, where browsers join: %s", where, v1Words(v))
	case v.Kind == probe.V1Served && s != nil && joined:
		return []Finding{finding.New(finding.WebsocketV1Blocked, finding.Fail,
			"at %s a WebSocket opens at /rtc, and none at /rtc/v1, where browsers join: the request for one is "+
				"answered %d, as if none were wanted",
			where, s.Status).
			As(byFront(finding.WebsocketV1Blocked, "no-upgrade", s.Front, "no-upgrade")).With("status", s.Status).With("path", s.Path)}
	}
	return nil
}

func v1Words(v *probe.V1Verdict) Text {
	switch {
	case v.Redirect != nil:
		return finding.Textf("a redirect (%d) to %s, which no WebSocket follows", v.Status, v.Redirect.To)
	case v.HTML && v.Status < 300:
		return finding.Textf("a web page (%d)", v.Status)
	case v.Status == 404:
		return finding.Textf("404, which pages may not read (no Access-Control-Allow-Origin), so that their client gives up")
	}
	return finding.Textf("%d, %s", v.Status, orNothing(v.Text))
}

// queryFindings judges the answer to a token in the query that the server accepts in
// the header. An overloaded gateway or a missing answer is no finding about that.
func (a *browserAsk) queryFindings() []Finding {
	v := a.query
	if a.v1 != nil && tooLong(&a.v1.Verdict) { // the address of a join is longer than that of /rtc/validate
		v = &a.v1.Verdict
	}
	if v == nil || v.Accepted || v.Status < 400 || v.Status >= 500 || v.Status == 429 {
		return nil
	}
	f := finding.New(finding.WebsocketQueryRefused, finding.Fail,
		"the token gets in by the Authorization header, and in the query, where browsers have to put it, it is answered %d: %s",
		v.Status, orNothing(v.Text)).
		As("firewall")
	switch {
	case v.Reason == probe.ReasonNoPermissions:
		f = finding.New(finding.WebsocketQueryRefused, finding.Fail,
			"the token gets in by the Authorization header, and LiveKit does not see it in the query, where "+
				"browsers have to put it: something on the way drops the query").
			As(byFront(finding.WebsocketQueryRefused, "dropped", v.Front, "dropped"))
	case tooLong(v):
		f = f.As(byFront(finding.WebsocketQueryRefused, "too-long", v.Front, "too-long"))
	}
	return []Finding{f.With("status", v.Status).With("server_text", v.Text).With("what", string(v.What))}
}

// tooLong reports whether a request was too long. 494 and the text are nginx's.
func tooLong(v *probe.Verdict) bool {
	text := strings.ToLower(v.Text)
	return v.Status == 414 || v.Status == 431 || v.Status == 494 ||
		v.Status == 400 && (strings.Contains(text, "header or cookie too large") || strings.Contains(text, "too long"))
}

// iceFindings reports ICE server URLs that browsers refuse. One such URL makes a
// browser refuse the whole configuration.
func iceFindings(facts session.JoinFacts) []Finding {
	if len(facts.ICEProblems) == 0 {
		return nil
	}
	first, rows := facts.ICEProblems[0], []string{}
	for _, p := range facts.ICEProblems {
		rows = append(rows, fmt.Sprintf("%s: %s", p.URL, p.Problem))
	}
	variant := "url"
	if first.Problem == probe.ICECredentials || first.Problem == probe.ICEUsername {
		variant = "credentials"
	}
	why := finding.Textf(map[probe.ICEProblem]string{
		probe.ICEEmpty:       "it is empty",
		probe.ICETooLong:     "it is too long",
		probe.ICEScheme:      "it begins with none of stun:, stuns:, turn:, turns:",
		probe.ICESlashes:     "it has slashes behind the colon",
		probe.ICEUserinfo:    "it has an @",
		probe.ICEQuery:       "it has a ? where none may be",
		probe.ICETransport:   "its transport is neither udp nor tcp",
		probe.ICEHost:        "its host name cannot be read",
		probe.ICEPort:        "its port is no number from 1 to 65535",
		probe.ICECredentials: "user name or credential is missing",
		probe.ICEUsername:    "the user name is too long",
	}[first.Problem])
	f := finding.New(finding.ICEServerInvalid, finding.Fail,
		"the server hands out the ICE server %q, which browsers refuse (%s): with it they refuse to connect at all", first.URL, why)
	if n := facts.ICEProblemsCount; n > 1 {
		f.Message = finding.Textf("%s; %d URLs in all", f.Message, n)
	}
	return []Finding{f.As(variant).With("url", first.URL).With("problem", string(first.Problem)).With("urls", rows)}
}

func (a *browserAsk) outcome(signal *session.Participant) Outcome {
	out := Outcome{Text: finding.Textf("LiveKit answers where browsers join (/rtc/v1)"), Facts: Facts{}}
	if a.v1 != nil {
		out.Facts["v1_status"] = a.v1.Status
	}
	if signal != nil {
		out.Facts["ice_servers"] = signal.Facts.ICEServersCount
	}
	if a.page != nil {
		out.Facts["page"] = a.page.shown
		out.Text = finding.Textf("LiveKit answers where browsers join (/rtc/v1), and the page at %s lets them", a.page.shown)
		if !a.page.why.IsZero() {
			out.Text = finding.Textf("LiveKit answers where browsers join (/rtc/v1); the page at %s could not be read: %s",
				a.page.shown, a.page.why)
		}
	}
	return out
}

func shownHost(u *url.URL) string {
	return clean.URL((&url.URL{Scheme: u.Scheme, Host: u.Host}).String())
}
