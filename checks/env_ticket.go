package checks

import (
	"context"
	"net/url"
	"strings"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/placeholder"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

func (c *Case) envTicket(_ context.Context, _ Ended) Report {
	service := c.Settings.TicketService
	switch {
	case !service.Secret.Empty():
		return Report{Findings: ticketURLFindings(service)}
	case emptied(service):
		return Report{} // env.files says so already
	case c.Settings.Ticket.Secret.Empty():
		return check.NotHere("not checked: no ticket service is configured")
	case c.Source() == check.SourceFrontend:
		return Report{} // the app takes the ticket
	}
	f := finding.New(finding.EnvTicketURLMissing, finding.Warn,
		"a ticket was given, and USER_MGMT_BASE_URL names no service to take it to").With("setting", service.Name).As("unset")
	if miss, has := c.Settings.NearMisses()[service.Name]; has {
		f.Message = finding.Textf("%s is not set, and %s in %s seems to be meant for it", service.Name,
			clean.Line(miss.Name, 80), miss.Source.String())
		f = f.As("near-miss").With("variable", clean.Line(miss.Name, 80)).With("source", miss.Source.String())
	}
	return check.Found(f)
}

func ticketURLFindings(set config.Setting) []Finding {
	raw := set.Value
	build := func(variant, format string, args ...any) []Finding {
		f := finding.New(finding.EnvTicketURLInvalid, finding.Fail, format, args...).As(variant).
			With("setting", set.Name).With("source", set.Source.String()).With("url", clean.URL(raw))
		address := corrected(raw, webServices())
		if at := strings.Index(address, "/tickets"); at >= 0 {
			address = address[:at]
		}
		return []Finding{suggesting(f, strings.TrimSuffix(strings.TrimSuffix(address, "/consume"), "/api/v1"))}
	}
	if found, is := placeholder.InURL(raw); is {
		return build("placeholder", "%s holds %s", set.Name, placeholderWords(found))
	}
	if fault := faultOf(raw, webServices()); !fault.text.IsZero() {
		variant := "form"
		switch fault.variant {
		case "two-equals", "quotes", "blanks":
			variant = "characters"
		case "no-scheme", "no-slashes":
			variant = "no-scheme"
		}
		return build(variant, "USER_MGMT_BASE_URL is not a URL that can be used: %s", fault.text)
	}
	u, _ := url.Parse(raw) // faultOf reports what cannot be parsed
	switch {
	case strings.HasPrefix(strings.ToLower(u.Scheme), "ws"):
		return build("websocket-scheme", "USER_MGMT_BASE_URL begins with %s://, and must be http:// or https://", strings.ToLower(u.Scheme))
	case strings.Contains(u.Path, "/tickets") || strings.HasSuffix(strings.Trim(u.Path, "/"), "consume"):
		return build("path", "USER_MGMT_BASE_URL carries the path %s already; the app adds %s to it",
			clean.Line(u.Path, 80), DefaultTicketPath)
	}
	return nil
}
