package checks

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
)

// routeMissing returns a finding about an app without any of the routes. With a ticket
// it asks them without it too: an app that makes its tokens itself takes no tickets.
func (c *Case) routeMissing(ctx context.Context, asked []attempt, base *url.URL) Finding {
	posted := !c.Settings.Ticket.Secret.Empty()
	first := refusedBy(asked[0].reply)
	mints := false
	if posted {
		if others, failure := c.askRoutes(ctx, frontendRoutes(base), c.frontendBody); failure == nil {
			last := others[len(others)-1]
			mints = !absent(last) && last.reply.Status >= 200 && last.reply.Status <= 299
			asked = append(asked, others...)
		}
	}
	names := make([]string, len(asked))
	usual := asked[:0:0]
	takesNo := func(method string) bool {
		return slices.ContainsFunc(asked, func(a attempt) bool {
			return a.method == method && a.reply.Status == 405 && !staticHost(a.reply)
		})
	}
	for i, a := range asked {
		names[i] = fmt.Sprintf("%s: %d", a, a.reply.Status)
		if !a.own || asked[0].own {
			usual = append(usual, a)
		}
	}
	list := clean.Line(strings.Join(names, ", "), 300)
	build := func(code Code, variant, format string, args ...any) Finding {
		return first.with(finding.New(code, finding.Fail, format, args...)).With("asked", list).As(variant)
	}
	program := slices.IndexFunc(asked, func(a attempt) bool { return a.reply.Status == 501 })
	static := slices.IndexFunc(usual, func(a attempt) bool { return staticHost(a.reply) })
	switch {
	case program >= 0:
		server := cmp.Or(clean.Line(asked[program].reply.Header.Get("Server"), 60), refusedBy(asked[program].reply).content.Text)
		return build(finding.FrontendError, "other-program",
			"another program is at this address: it answers 501 to POST (%s)", orNothing(clean.Line(server, 100))).
			With("said", server).By(finding.OwnerConfig)
	case slices.ContainsFunc(usual, func(a attempt) bool { return startPage(a.reply) }):
		return build(finding.FrontendRouteMissing, "start-page",
			"the front end answers with a web page where its token route should be (%s)", list)
	case static >= 0:
		return build(finding.FrontendRouteMissing, "static-export",
			"%s answers here with files only, and none of the token routes is there (%s)", refusedBy(usual[static].reply).by, list)
	case posted && asked[0].reply.Status == 405:
		return build(finding.FrontendMethod, "takes-no-ticket", "the front end's route takes no POST, so no ticket either (%s)", list)
	case posted && mints:
		return build(finding.FrontendRouteMissing, "no-ticket-route",
			"the front end makes tokens itself, and has no route that takes a ticket (%s)", list).
			By(finding.OwnerConfig)
	case takesNo(http.MethodGet) && takesNo(http.MethodPost):
		return build(finding.FrontendMethod, "neither", "the front end's route takes neither GET nor POST (%s)", list)
	}
	return build(finding.FrontendRouteMissing, "other-path", "the front end has none of the routes that LiveKit's starters use (%s)", list).
		By(finding.OwnerConfig)
}

// frontendError returns a finding about a redirect, a refusal or a failure of the app.
func (c *Case) frontendError(a attempt) Finding {
	r, asked := refusedBy(a.reply), a.String()
	text := r.text()
	build := func(variant string) Finding {
		return r.with(finding.New(finding.FrontendError, finding.Fail, "the front end answers %d to %s: %s", r.Status, asked, text)).
			With("asked", asked).As(variant)
	}
	if to := r.Redirect; to != nil {
		f := build("redirect").With("to", to.To)
		f.Message = finding.Textf("the front end redirects to %s", to.To)
		if wordings().login.MatchString(to.To) {
			f = f.As("login")
		}
		return f
	}
	posted := !c.Settings.Ticket.Secret.Empty()
	inJSON := r.content.Shape == answer.ShapeObject && r.content.Text != ""
	switch {
	case r.Status == 501 && (r.content.Code == "NOT_CONFIGURED" || strings.Contains(r.content.Text, "USER_MGMT_BASE_URL")):
		f := build("")
		f.Code, f.Message = finding.FrontendNotConfigured, finding.Textf("the front end says that it is not configured (501): %s", text)
		return f
	case r.Status == 501 && !inJSON:
		return build("other-program").By(finding.OwnerConfig)
	case r.Status == 401 && strings.HasPrefix(strings.ToLower(r.Header.Get("WWW-Authenticate")), "basic"):
		return build("password").By(finding.OwnerConfig)
	case r.Status < 500 && !posted && r.ofTicket():
		f := build("wants-ticket").By(finding.OwnerConfig)
		f.Message = finding.Textf("the front end's route wants a ticket, and none was given (%d): %s", r.Status, text)
		return f
	case r.Status == 401:
		return build("login")
	case r.Status < 500 && r.wants() && !posted:
		return build("parameters").By(finding.OwnerConfig)
	case r.Status < 500:
		return build("refused")
	}
	if message, is := compileError(a.reply.Body, r.content.Text); is {
		text = finding.Textf("%s", clean.Line(message, 160))
		return build("compile-error").With("said", clean.Line(message, 160))
	}
	switch by := r.by; {
	case unserved(a.reply) && (by != "" || !inJSON):
		f := build("gateway")
		if by != "" {
			f.Message = finding.Textf("%s in front of the app answers %d: it cannot reach the app (%s)", by, r.Status, text)
		}
		return f
	case strings.Contains(strings.ToLower(r.content.Text), "api-key and api-secret must be set"):
		return build("empty-keys")
	case r.speaksOf(wordings().unset):
		return build("setting")
	case posted && (r.content.Code == "INTERNAL_ERROR" || r.speaksOf(wordings().unreached)):
		return build("service-unreachable")
	case r.content.Shape == answer.ShapeEmpty && a.method == http.MethodPost && strings.HasSuffix(a.url.Path, "/api/token"):
		return build("production-guard")
	}
	return build("exception")
}

// compileError returns a bundler's message about a route that does not compile.
// Next.js puts it into the JSON of its error page.
func compileError(body []byte, text string) (string, bool) {
	if _, rest, found := bytes.Cut(body, []byte(`id="__NEXT_DATA__"`)); found {
		_, rest, _ = bytes.Cut(rest, []byte(">"))
		data, _, _ := bytes.Cut(rest, []byte("</script>"))
		var page struct {
			Err struct{ Message string }
		}
		if json.Unmarshal(data, &page) == nil && page.Err.Message != "" {
			return page.Err.Message, true
		}
	}
	return text, wordings().compile.MatchString(text)
}

// passedOn reads a refusal of the ticket service that the app passes on, with a
// code of its own or in the service's words. The service refuses then, or the
// ticket is spent; the front end does not fail.
func (c *Case) passedOn(r refused) ([]Finding, bool) {
	if c.Settings.Ticket.Secret.Empty() {
		return nil, false
	}
	content, text := r.content, r.text()
	plain := r.Status >= 400 && r.Status <= 499 && r.by == ""
	about := plain && r.ofTicket()
	upstream := func(code Code, variant string) Finding {
		return finding.New(code, finding.Fail, "the front end passes on that the ticket service answers %d: %s", r.Status, text).As(variant)
	}
	var f Finding
	switch {
	case content.Code == "TICKET_NOT_FOUND", about && r.Status == 404:
		f = finding.New(finding.TicketUnknown, finding.Fail,
			"the front end passes on a 404 of the ticket service: it does not know this ticket, "+
				"or the app's USER_MGMT_BASE_URL leads to a path that is not there (%s)", text).
			As("through-app")
	case content.Code == "TICKET_CONSUMED", about && (r.Status == 409 || r.speaksOf(wordings().used)),
		plain && r.Status == 409 && r.speaksOf(wordings().used):
		f = finding.New(finding.TicketConsumed, finding.Fail,
			"the front end passes on that this ticket was used before (%d): %s", r.Status, text)
	case content.Code == "TICKET_EXPIRED", about && (r.Status == 410 || r.speaksOf(wordings().expired)),
		plain && r.Status == 410 && r.speaksOf(wordings().expired):
		f = finding.New(finding.TicketExpired, finding.Fail,
			"the front end passes on that this ticket has expired (%d): %s", r.Status, text)
	case about && r.Status == 401:
		f = upstream(finding.TicketUnauthorized, "bad-ticket").By(finding.OwnerConfig)
	case about && r.Status == 403:
		f = upstream(finding.TicketForbidden, "bad-ticket").By(finding.OwnerConfig)
	case r.Status == 403 && (plain && r.inServiceForm() || content.Code == "UPSTREAM_ERROR"):
		f = upstream(finding.TicketForbidden, "service")
	case content.Code != "UPSTREAM_ERROR":
		return nil, false
	case r.Status == 401:
		f = upstream(finding.TicketUnauthorized, "through-app")
	case r.Status == 429:
		f = upstream(finding.TicketRateLimited, "")
	case r.Status >= 500:
		f = upstream(finding.TicketServerError, serverError(r, Text{}).Variant)
	case ownWords(content.Text):
		f = upstream(finding.TicketRejected, "hidden")
	default:
		rejected := c.rejected(r, Text{})
		f = upstream(finding.TicketRejected, rejected.Variant).By(rejected.Party)
	}
	f = r.with(f).With("through", "front end")
	if content.Code == "" || !ownWords(content.Text) {
		return []Finding{f}, true
	}
	return []Finding{f, finding.New(finding.FrontendWrapsError, finding.Warn,
		"the front end answers %s for the ticket service's refusal: what the service itself said is not passed on", content.Code).
		With("status", r.Status).With("said_code", content.Code)}, true
}

// ownWords reports whether apps use the sentence for any refusal.
func ownWords(text string) bool {
	plain := strings.Trim(strings.ToLower(text), " .!")
	return plain == "" || strings.HasPrefix(plain, "upstream") || slices.Contains([]string{
		"ticket not found", "ticket already consumed", "ticket already used", "ticket consumed", "ticket expired", "ticket has expired",
		"failed to consume ticket", "request failed", "internal error", "internal server error", "unknown error",
		"something went wrong", "error", "not found",
	}, plain)
}
