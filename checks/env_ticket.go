package checks

import (
	"context"
	"net/url"
	"strings"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
)

// envTicket looks at the ticket service's address.
func envTicket(c *Case) Check {
	return c.check(Spec{
		ID: "env.ticket", Stage: check.StageEnv, Timeout: time.Second,
		Title: finding.Textf("The ticket service's address is present and well formed"),
		Short: finding.Textf("Ticket settings"),
	}, func(_ context.Context, c *Case, _ Ended) Report {
		service := c.Settings.TicketService
		switch {
		case !service.Secret.Empty():
			return Report{Findings: ticketURLFindings(service.Value)}
		case emptied(service):
			return Report{} // env.files says so already
		case c.Settings.Ticket.Secret.Empty():
			return check.NotHere("not checked: no ticket service is configured")
		case c.Source() == check.SourceFrontend:
			return Report{} // the app takes the ticket
		}
		return check.Found(finding.New(finding.EnvTicketURLMissing, finding.Warn,
			"a ticket was given, and USER_MGMT_BASE_URL names no service to take it to").With("setting", service.Name))
	})
}

func ticketURLFindings(raw string) []Finding {
	tell := func(format string, args ...any) []Finding {
		return []Finding{finding.New(finding.EnvTicketURLInvalid, finding.Fail, format, args...).
			With("setting", "USER_MGMT_BASE_URL").With("url", clean.URL(raw))}
	}
	if shown, is := placeholderIn(raw); is {
		return tell("USER_MGMT_BASE_URL is still the placeholder %s from a template", shown)
	}
	if fault, _ := urlFault(raw); !fault.IsZero() {
		return tell("USER_MGMT_BASE_URL is not a URL that can be used: %s", fault)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return tell("USER_MGMT_BASE_URL is not a URL that can be used: %s", finding.Textf("it cannot be parsed"))
	case strings.HasPrefix(strings.ToLower(u.Scheme), "ws"):
		return tell("USER_MGMT_BASE_URL begins with %s://, and must be http:// or https://", strings.ToLower(u.Scheme))
	case strings.Contains(u.Path, "/tickets") || strings.HasSuffix(strings.Trim(u.Path, "/"), "consume"):
		return tell("USER_MGMT_BASE_URL carries the path %s already; the app adds %s to it", clean.Line(u.Path, 80), DefaultTicketPath)
	}
	return nil
}
