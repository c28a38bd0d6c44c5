package checks

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/config/clean"
)

// refused is an answer other than 2xx, and its content.
type refused struct {
	*probe.Reply
	content answer.ErrorInfo
	// by is the proxy, gateway or static host whose own page the answer is; it is
	// empty for what a service answers itself.
	by string
}

func refusedBy(reply *probe.Reply) refused {
	content := answer.ErrorText(reply.Body, reply.Header.Get("Content-Type"))
	return refused{reply, content, gateway(reply, content)}
}

// text returns the answer's message, cut to fit into a finding.
func (r refused) text() Text { return orNothing(clean.Line(r.content.Text, 160)) }

func (r refused) with(f Finding) Finding {
	f = f.With("status", r.Status).With("said", clean.Line(r.content.Text, 160))
	return withTexts(f, map[string]string{"said_code": r.content.Code, "framework": r.content.Framework, "gateway": r.by})
}

func (r refused) speaksOf(pattern *regexp.Regexp) bool {
	return pattern.MatchString(r.content.Text) || pattern.MatchString(r.content.Code)
}

// ofTicket reports whether the service's own words refuse the ticket.
func (r refused) ofTicket() bool { return r.speaksOf(wordings().ticket) && r.by == "" }

// inServiceForm reports whether the answer has the ticket service's form,
// FastAPI's, and not that of a route of the app.
func (r refused) inServiceForm() bool { return strings.HasPrefix(r.content.Field, "detail") }

// inOwnWords reports whether the answer is JSON with a reason, as of no gateway.
func (r refused) inOwnWords() bool {
	return r.content.Shape == answer.ShapeObject && r.content.Text != ""
}

// wants reports whether the answer asks for a room, a name or an identity.
func (r refused) wants() bool {
	return r.speaksOf(wordings().names) || slices.ContainsFunc(r.content.Items, func(item answer.ErrorItem) bool {
		return wordings().names.MatchString(item.Where)
	})
}

// otherFields returns the fields that the answer calls missing and that are not
// among those sent, see Case.names.
func (r refused) otherFields() (names []string) {
	var fields []string
	for _, item := range r.content.Items {
		fields = append(fields, item.Where[strings.LastIndex(item.Where, ".")+1:])
	}
	if len(fields) == 0 && r.speaksOf(wordings().missing) {
		fields = wordings().field.FindAllString(r.content.Text, 20)
	}
	for _, name := range fields {
		switch strings.ToLower(strings.ReplaceAll(name, "_", "")) {
		case "", "room", "roomname", "identity", "username", "name", "displayname", "participantidentity", "participantname":
			continue
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// knowsNoPOST reports whether the answer is that of a server of files, as Python's.
func (r refused) knowsNoPOST() bool {
	return r.Status == 501 && bytes.Contains(r.Body[:min(len(r.Body), 4<<10)], []byte("nsupported method"))
}

// wordings returns the patterns of messages by which services give a reason.
var wordings = sync.OnceValue(func() (w struct {
	ticket, used, expired, names, missing, field, settings, unset, unreached, compile, login *regexp.Regexp
},
) {
	w.ticket = regexp.MustCompile(`(?i)ticket`)
	w.used = regexp.MustCompile(`(?i)\b(already|been|was|is) (been )?(used|consumed|redeemed|spent)|consumed|redeemed`)
	w.expired = regexp.MustCompile(`(?i)expired|no longer valid`)
	w.names = regexp.MustCompile(`(?i)\b(room|participant|identity|user|name)|(room|participant|user|display)_?(name|id)|_?identity\b`)
	w.missing = regexp.MustCompile(`(?i)\b(missing|required)\b`)
	// field matches a name in code, in camelCase or snake_case.
	w.field = regexp.MustCompile(`\b[a-z]+(?:_[a-z0-9]+|[a-z0-9]*[A-Z][A-Za-z0-9]*)+\b`)
	// settings matches missing settings of the service or app.
	w.settings = regexp.MustCompile(`(?i)LIVEKIT_[A-Z]|not (been )?configured|NOT_CONFIGURED|` +
		`must be (set|configured)|api-?key and api-?secret`)
	w.unset = regexp.MustCompile(`(?i)\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b.*(not defined|not set|missing|undefined|required|must be)|` +
		`(missing|undefined|required).*\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b|is not defined|is not set`)
	w.unreached = regexp.MustCompile(`(?i)fetch failed|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|connection refused|getaddrinfo`)
	w.compile = regexp.MustCompile(`(?i)module not found|cannot find module|failed to compile|` +
		`can't resolve|failed to resolve import|build (error|failed)|syntax ?error|unexpected token`)
	w.login = regexp.MustCompile(`(?i)log-?in|sign-?in|\bsso\b|oauth|\bauth`)
	return w
})

// gateway returns refused.by. A Server header alone proves nothing: nginx adds its
// own to what it passes on.
func gateway(r *probe.Reply, content answer.ErrorInfo) string {
	switch content.Framework {
	case "nginx", "openresty", "Cloudflare", "Envoy", "Apache", "Kong", "AWS API Gateway", "Vercel", "ngrok":
		return content.Framework
	}
	server := strings.ToLower(r.Header.Get("Server"))
	body := string(r.Body[:min(len(r.Body), 4<<10)])
	bare := content.Shape == answer.ShapeEmpty || content.Shape == answer.ShapeText &&
		(content.Text == http.StatusText(r.Status) || content.Text == "404 page not found")
	switch {
	case content.Shape == answer.ShapeHTML && strings.Contains(body, "No server is available to handle this request"):
		return "HAProxy"
	case strings.HasPrefix(body, "<?xml") && strings.Contains(body, "<Error>"):
		return "Amazon S3"
	case content.Shape == answer.ShapeHTML && strings.Contains(body, "Apache Tomcat"):
		return "Tomcat"
	case content.Shape == answer.ShapeHTML && strings.Contains(body, "GitHub Pages"):
		return "GitHub Pages"
	case !bare && content.Shape != answer.ShapeHTML:
		return ""
	}
	for prefix, name := range map[string]string{"nginx": "nginx", "openresty": "openresty", "caddy": "Caddy", "apache": "Apache",
		"cloudflare": "Cloudflare", "envoy": "Envoy", "awselb": "AWS's load balancer", "kong": "Kong", "amazons3": "Amazon S3",
		"github.com": "GitHub Pages"} {
		if strings.HasPrefix(server, prefix) && content.Framework == "" {
			return name
		}
	}
	// Traefik answers with this text and without its name.
	if bare && content.Shape == answer.ShapeText && server == "" && (r.Status == 502 || r.Status == 504) {
		return "a proxy"
	}
	return ""
}

// refusal judges an answer other than 2xx of the ticket service or of a token
// endpoint. path is the request's path without the ticket.
func (c *Case) refusal(reply *probe.Reply, who Text, path string) Finding {
	r := refusedBy(reply)
	endpoint := c.Source() == check.SourceEndpoint
	build := func(code Code, variant, format string, args ...any) Finding {
		return r.with(finding.New(code, finding.Fail, format, args...)).As(variant)
	}
	// own returns findings about what this machine sent.
	own := func(f Finding) Finding { return f.By(finding.OwnerConfig) }
	by, text := r.by, r.text()
	switch status := r.Status; {
	case status == 401 && endpoint:
		return own(build(finding.TicketUnauthorized, "endpoint", "%s answers 401: %s", who, text))
	case status == 401 && strings.HasPrefix(strings.ToLower(r.Header.Get("WWW-Authenticate")), "basic"):
		variant := "gateway"
		for _, name := range []string{"nginx", "caddy", "apache"} {
			if strings.HasPrefix(strings.ToLower(r.Header.Get("Server")), name) {
				variant = "gateway-" + name
			}
		}
		return build(finding.TicketUnauthorized, variant, "%s answers 401 and asks for a password: %s", who, text)
	case status == 401 && r.ofTicket():
		return own(build(finding.TicketUnauthorized, "bad-ticket", "%s answers 401: %s", who, text))
	case status == 401:
		return build(finding.TicketUnauthorized, "service", "%s answers 401: %s", who, text)
	case status == 403 && by != "":
		return build(finding.TicketForbidden, "gateway", "%s in front of %s forbids it (403): %s", by, who, text)
	case status == 403 && endpoint:
		return own(build(finding.TicketForbidden, "endpoint", "%s forbids it (403): %s", who, text))
	case status == 403 && r.ofTicket():
		return own(build(finding.TicketForbidden, "bad-ticket", "%s forbids it (403): %s", who, text))
	case status == 403:
		return build(finding.TicketForbidden, "service", "%s forbids it (403): %s", who, text)
	case status == 404 && noRoute(r) && (endpoint || !strings.Contains(strings.ToUpper(r.content.Code), "TICKET")):
		return c.routeWrong(r, who, path)
	case status == 404 && !endpoint:
		return build(finding.TicketUnknown, "unknown", "%s does not know this ticket: %s", who, text)
	case status == 405:
		f := build(finding.TicketRouteWrong, "endpoint-method", "%s does not take POST at %s (405): %s", who, path, text).With("path", path)
		if !endpoint {
			f = own(f.As("method"))
		}
		return f
	case status == 409 && !endpoint:
		return build(finding.TicketConsumed, "", "this ticket was used before (409): %s", text)
	case status == 410 && !endpoint:
		return build(finding.TicketExpired, "", "this ticket has expired (410): %s", text)
	case status == 429:
		return rateLimited(r, who)
	case r.knowsNoPOST():
		return build(finding.TicketRouteWrong, "web-app",
			"another program is at this address, which knows no POST (501): %s", text).With("path", path)
	case status >= 500:
		return serverError(r, who)
	}
	return c.rejected(r, who)
}

// noRoute reports whether a 404 is about the path and not about the ticket: its
// body is empty, or its framework's text for unknown paths.
func noRoute(r refused) bool {
	return r.content.Shape == answer.ShapeEmpty || r.content.Shape == answer.ShapeHTML || r.content.Generic || r.by != ""
}

// routeWrong returns the finding about a 404 for the path.
func (c *Case) routeWrong(r refused, who Text, path string) Finding {
	f := finding.New(finding.TicketRouteWrong, finding.Fail,
		"%s has no route %s: it answers 404 with its framework's own text (%s)", who, path, r.text())
	if r.content.Shape == answer.ShapeEmpty {
		f.Message = finding.Textf("%s has no route %s: it answers 404 and says nothing", who, path)
	}
	f = r.with(f).With("path", path)
	if c.Source() != check.SourceEndpoint {
		f = f.With("path", clean.Line(strings.ReplaceAll(c.ticketPath(), "{ticket}", "…"), 120)) // what the app adds to the setting
	}
	u, here := c.serviceURL(), c.livekitURL()
	under, _, _ := strings.Cut(c.ticketPath(), "{ticket}")
	base := strings.TrimSuffix(u.Path, "/")
	switch {
	case c.Source() == check.SourceEndpoint:
		return f.As("endpoint-path")
	case here != nil && probe.SameServer(here, u) && (r.content.Framework == "Go" || r.content.Shape == answer.ShapeEmpty):
		return f.As("livekit")
	case base != "" && strings.HasPrefix(under, base+"/"):
		bare := *u
		bare.Path, bare.RawPath = "", ""
		return f.As("prefix-twice").With("suggestion", clean.URL(bare.String()))
	case r.content.Framework == "Next.js", strings.Contains(strings.ToLower(string(r.Body[:min(len(r.Body), 64<<10)])), "vite"):
		return f.As("web-app")
	case r.by != "":
		return f.As("gateway")
	case r.content.Shape == answer.ShapeHTML && r.content.Framework == "":
		return f.As("web-app")
	}
	return f.As("path")
}

func rateLimited(r refused, who Text) Finding {
	f := r.with(finding.New(finding.TicketRateLimited, finding.Fail, "%s asks to slow down (429): %s", who, r.text()))
	header := clean.Line(r.Header.Get("Retry-After"), 40)
	if header == "" {
		return f
	}
	after := header
	if n, err := strconv.Atoi(header); err == nil {
		after = strconv.Itoa(n) + " s"
		f = f.With("wait", after)
	}
	f.Message = finding.Textf("%s asks to slow down (429), and to try again after %s: %s", who, after, r.text())
	return f.With("retry_after", header)
}

// serverError returns the finding about a 5xx: of the gateway, for a missing
// setting, for lack of capacity, or of the service's code.
func serverError(r refused, who Text) Finding {
	f := r.with(finding.New(finding.TicketServerError, finding.Fail, "%s fails with %d: %s", who, r.Status, r.text()))
	// A service reports a missing dependency itself, in JSON.
	ownWords := r.by == "" && r.inOwnWords()
	switch {
	case r.by != "" && r.Status != 500:
		f.Message = finding.Textf("%s in front of %s answers %d: it cannot reach the service behind it (%s)", r.by, who, r.Status, r.text())
		return f.As("gateway")
	case unserved(r.Reply) && r.Status != 503 && !ownWords:
		return f.As("gateway")
	case r.speaksOf(wordings().settings), r.Status == 501 && !ownWords:
		return f.As("settings")
	case r.Status == 501:
		return f.As("said")
	case r.Status == 503:
		return f.As("overloaded")
	}
	return f.As("exception")
}

// rejected returns the finding about a 4xx for what was sent. Where a token
// endpoint rejects lkdoctor's request, nobody else has to act.
func (c *Case) rejected(r refused, who Text) Finding {
	f := r.with(finding.New(finding.TicketRejected, finding.Fail, "%s refuses the request (%d): %s", who, r.Status, r.text()))
	items := make([]string, 0, len(r.content.Items))
	for _, item := range r.content.Items {
		items = append(items, item.Where+": "+item.Text)
	}
	if len(items) > 0 {
		f = f.With("complaints", items)
	}
	endpoint, others := c.Source() == check.SourceEndpoint, r.otherFields()
	switch {
	case endpoint:
		f = f.As("endpoint-form").By(finding.OwnerConfig)
		matrix := bytes.Contains(r.Body, []byte(`"errcode"`))
		named := c.Options.Room != "" && c.Options.Identity != ""
		switch {
		case len(others) > 0 && !matrix:
			return f.As("endpoint-other-fields").With("field", joinNames(others))
		case !named && r.wants() && !matrix:
			return f.As("endpoint-fields")
		}
		return f
	case len(items) > 0:
		where := r.content.Items[0].Where
		last := where[strings.LastIndex(where, ".")+1:]
		if c.Options.DisplayName == "" && (last == "profile" || last == "display_name") {
			return f.As("display-name")
		}
		return f.As("field").With("field", clean.Line(strings.TrimPrefix(where, "body."), 80))
	case r.ofTicket():
		return f.As("ticket-form").By(finding.OwnerConfig)
	}
	return f.As("message")
}
