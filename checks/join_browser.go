package checks

import (
	"context"
	"net/url"
	"strings"
	"time"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
)

// browserWait is how much longer than the join the question may take.
const browserWait = 2 * time.Second

// askAsBrowser asks about the token once more, in the query, where browsers
// have to put it; this program's own join uses the header. It runs beside the
// join, and the func that is returned waits for its answer: nil is none.
func (c *Case) askAsBrowser(ctx context.Context, u *url.URL) func() *probe.Verdict {
	if v := c.verdict(); v == nil || v.InQuery {
		return func() *probe.Verdict { return nil }
	}
	raw := c.token().Reveal()
	ctx, cancel := context.WithCancel(ctx)
	answer := make(chan *probe.Verdict, 1)
	go func() {
		verdict, _ := c.Net.ValidateQuery(ctx, u, raw)
		answer <- verdict
	}()
	return func() *probe.Verdict {
		late := time.AfterFunc(browserWait, cancel)
		defer late.Stop()
		defer cancel()
		return <-answer
	}
}

// browserFindings judges an answer to the token in the query, where the same
// token got in by the header. That a gateway is overloaded or that nothing was
// answered says nothing about the query.
func browserFindings(v *probe.Verdict) []Finding {
	if v == nil || v.Accepted || v.Status < 400 || v.Status >= 500 || v.Status == 429 {
		return nil
	}
	var f Finding
	if v.Reason == probe.ReasonNoPermissions {
		f = finding.New(finding.WebsocketQueryRefused, finding.Warn,
			"the token gets in by the Authorization header, and LiveKit does not see it in the query, where browsers have to put it: something on the way drops the query").
			As(byFront(finding.WebsocketQueryRefused, "dropped", v.Front, "dropped"))
	} else {
		f = finding.New(finding.WebsocketQueryRefused, finding.Warn,
			"the token gets in by the Authorization header, and in the query, where browsers have to put it, it is answered %d: %s", v.Status, orNothing(v.Text)).
			As(queryVariant(v))
	}
	return []Finding{f.With("status", v.Status).With("server_text", v.Text).With("what", string(v.What))}
}

// queryVariant tells a token that is too long for something on the way from a
// rule against it. 494 and the text are nginx's.
func queryVariant(v *probe.Verdict) string {
	text := strings.ToLower(v.Text)
	if v.Status == 414 || v.Status == 431 || v.Status == 494 ||
		v.Status == 400 && (strings.Contains(text, "header or cookie too large") || strings.Contains(text, "too long")) {
		return byFront(finding.WebsocketQueryRefused, "too-long", v.Front, "too-long")
	}
	return "firewall"
}
