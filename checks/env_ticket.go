package checks

import (
	"context"
	"net/url"
	"strings"
	"time"

	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
)

// envTicket looks at the ticket service's address.
func envTicket() Check {
	return Check{
		ID: "env.ticket", Stage: StageEnv, Timeout: time.Second,
		Title: finding.Textf("The ticket service's address is present and well formed"),
		Short: finding.Textf("Ticket settings"),
		Ready: func(c *Case, _ Ended) *Skip {
			if c.Settings.TicketService.Secret.Empty() && c.Settings.Ticket.Secret.Empty() && !emptied(c.Settings.TicketService) {
				return NotHere("not checked: no ticket service is configured")
			}
			return nil
		},
		Run: func(_ context.Context, c *Case) []Finding {
			service := c.Settings.TicketService
			if service.Secret.Empty() {
				if emptied(service) || c.Source() == SourceFrontend {
					return nil // env.files says so already; the front end takes the ticket
				}
				return []Finding{finding.New(finding.EnvTicketURLMissing, finding.Warn,
					"a ticket was given, and USER_MGMT_BASE_URL names no service to take it to").With("setting", service.Name)}
			}
			return ticketURLFindings(service.Value)
		},
	}
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
