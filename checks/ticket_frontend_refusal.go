package checks

import (
	"slices"
	"strings"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
)

// passedOn reads a refusal of the ticket service that the app passes on under a
// code of its own: it is the service that refuses, or the ticket that is spent,
// and not the front end that fails.
func (c *Case) passedOn(reply *probe.Reply, said answer.ErrorInfo) ([]Finding, bool) {
	if c.Settings.Ticket.Secret.Empty() {
		return nil, false
	}
	text := orNothing(clean.Line(said.Text, 160))
	var f Finding
	switch {
	case said.Code == "TICKET_NOT_FOUND":
		f = finding.New(finding.TicketUnknown, finding.Fail,
			"the front end passes on a 404 of the ticket service: it does not know this ticket, or the app's USER_MGMT_BASE_URL leads to a path that is not there (%s)", text)
	case said.Code == "TICKET_CONSUMED":
		f = finding.New(finding.TicketConsumed, finding.Fail, "the front end passes on that this ticket was used before (%d): %s", reply.Status, text).By(finding.OwnerConfig)
	case said.Code == "TICKET_EXPIRED":
		f = finding.New(finding.TicketExpired, finding.Fail, "the front end passes on that this ticket has expired (%d): %s", reply.Status, text)
	case said.Code != "UPSTREAM_ERROR":
		return nil, false
	case reply.Status == 401 || reply.Status == 403:
		f = upstream(finding.TicketUnauthorized, reply.Status, text)
	case reply.Status == 429:
		f = upstream(finding.TicketRateLimited, reply.Status, text)
	case reply.Status >= 500:
		f = upstream(finding.TicketServerError, reply.Status, text)
	default:
		f = upstream(finding.TicketRejected, reply.Status, text)
	}
	f = f.With("status", reply.Status).With("said", clean.Line(said.Text, 160)).With("said_code", said.Code).With("through", "front end")
	if !ownWords(said.Text) {
		return []Finding{f}, true
	}
	return []Finding{f, finding.New(finding.FrontendWrapsError, finding.Warn,
		"the front end answers %s for the ticket service's refusal: what the service itself said is not passed on", said.Code).
		With("status", reply.Status).With("said_code", said.Code)}, true
}

func upstream(code Code, status int, text Text) Finding {
	return finding.New(code, finding.Fail, "the front end passes on that the ticket service answers %d: %s", status, text)
}

// ownWords tells that a sentence is one that apps have for any refusal, so that
// the service's own words are lost.
func ownWords(text string) bool {
	plain := strings.Trim(strings.ToLower(text), " .!")
	return plain == "" || strings.HasPrefix(plain, "upstream") || slices.Contains([]string{
		"ticket not found", "ticket already consumed", "ticket already used", "ticket consumed", "ticket expired", "ticket has expired",
		"failed to consume ticket", "request failed", "internal error", "internal server error", "unknown error", "something went wrong", "error", "not found",
	}, plain)
}
