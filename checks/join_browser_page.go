package checks

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lkdoctor/checks/browser"
	"lkdoctor/checks/caps"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/config/clean"
)

// pageSeen is the front end's page as a browser loads it.
type pageSeen struct {
	browser.Page
	shown string
	// read reports whether there is a page to judge; why is the reason where there
	// is none.
	read bool
	why  Text
	// endpoint is the token endpoint of another origin that the page asks, nil for
	// none; preflight is its answer to OPTIONS, nil where there was none.
	// answer is its answer with the token, nil where the run's token is another's.
	endpoint          *url.URL
	request           browser.CORSRequest
	preflight, answer *browser.CORSAnswer
}

// lookAtPage fetches the page at base, and asks the token endpoint whether the page
// may call it. Both requests only read.
func (c *Case) lookAtPage(ctx context.Context, base *url.URL) *pageSeen {
	root := probe.HTTPURL(base)
	root.RawQuery, root.Fragment = "", ""
	if i := strings.Index(root.Path, "/api/"); i >= 0 {
		root.Path = root.Path[:i] + "/"
	}
	if root.Path == "" {
		root.Path = "/"
	}
	seen := &pageSeen{shown: shownHost(root)}
	seen.URL = root
	header := http.Header{"Accept": {"text/html,*/*"}}
	c.Options.addHeaders(header)
	reply, failure := c.Net.Exchange(ctx, probe.Request{URL: root, Header: header, MaxBody: caps.HTML})
	switch {
	case failure != nil:
		seen.why = finding.Textf("%s", failure.Detail)
	case reply.Redirect != nil:
		seen.why = finding.Textf("it redirects to %s", reply.Redirect.To)
	case reply.Status >= 400:
		seen.why = finding.Textf("it answers %d", reply.Status)
	default:
		seen.read, seen.Header, seen.HTML = true, reply.Header, reply.Body
	}
	if u := usableURL(c.Options.TokenEndpoint); u != nil && !browser.SameOrigin(root, probe.HTTPURL(u)) {
		seen.askEndpoint(ctx, c, probe.HTTPURL(u))
	}
	return seen
}

// askEndpoint sends the preflight request that a browser sends before the page's
// POST.
func (s *pageSeen) askEndpoint(ctx context.Context, c *Case, u *url.URL) {
	s.endpoint = u
	s.request = browser.CORSRequest{Page: s.URL, Method: http.MethodPost, JSON: true}
	for _, h := range c.Options.Headers {
		if strings.EqualFold(h.Name, "Cookie") {
			s.request.Credentials = true
		} else {
			s.request.Headers = append(s.request.Headers, h.Name)
		}
	}
	header, _ := s.request.Preflight()
	if reply, failure := c.Net.Exchange(ctx, probe.Request{Method: http.MethodOptions, URL: u, Header: header, MaxBody: 4096}); failure == nil {
		s.preflight = &browser.CORSAnswer{Status: reply.Status, Header: reply.Header}
	}
}

// pageFindings reports what a browser would refuse on the page.
func (a *browserAsk) pageFindings() []Finding {
	var findings []Finding
	if a.page != nil && a.page.read {
		targets := browser.LiveKitTargets(a.at.URL)
		if a.page.endpoint != nil {
			targets = append(targets, browser.Target{URL: a.page.endpoint, Need: browser.NeedToken})
		}
		findings = a.refused(browser.Judge(a.page.Page, targets))
	}
	if page := a.page; page != nil && page.endpoint != nil {
		if refusal := browser.CORS(page.request, page.preflight, page.answer); refusal != nil {
			origin, status := browser.Origin(page.URL), 0
			f := finding.New(finding.BrowserCORS, finding.Fail, "the token endpoint does not let pages of %s ask it: %s", origin, corsWords(refusal))
			if refusal.Preflight {
				status = page.preflight.Status
			} else {
				f.Message = finding.Textf("the token endpoint lets pages of %s ask it (OPTIONS), and not read its answer: %s", origin, corsWords(refusal))
				status = page.answer.Status
			}
			findings = append(findings, f.As("endpoint").By(finding.OwnerTicketService).
				With("status", status).With("problem", string(refusal.Problem)).
				With("origin", clean.Line(origin, 120)).With("value", clean.Line(refusal.Value, 120)).With("asked", shownHost(page.endpoint)))
		}
	}
	return append(findings, a.livekitCORS()...)
}

// livekitCORS judges whether the page may read LiveKit's answers. Without a page
// only two values are certainly wrong.
func (a *browserAsk) livekitCORS() []Finding {
	v := a.v1
	if v == nil || v.Kind != probe.V1Served || v.Readable {
		return nil
	}
	two := strings.Contains(v.AllowOrigin, ",")
	if a.page == nil && !two {
		return nil
	}
	why := corsWords(&browser.CORSRefusal{Problem: browser.CORSOtherOrigin, Value: v.AllowOrigin})
	switch {
	case two:
		why = corsWords(&browser.CORSRefusal{Problem: browser.CORSTwoOrigins, Value: v.AllowOrigin})
	case v.AllowOrigin == "":
		why = corsWords(&browser.CORSRefusal{Problem: browser.CORSNoOrigin})
	}
	return []Finding{finding.New(finding.BrowserCORS, finding.Warn,
		"pages may not read what LiveKit answers over HTTP: %s; people join, and where they cannot, the client does not learn why", why).
		As("livekit").By(finding.OwnerLiveKitServer).With("value", v.AllowOrigin).With("path", v.Path).With("status", v.Status)}
}

// corsWords returns why a browser withholds an answer from the page.
func corsWords(r *browser.CORSRefusal) Text {
	value := clean.Line(r.Value, 120)
	switch r.Problem {
	case browser.CORSRedirected:
		return finding.Textf("it redirects the preflight (OPTIONS)")
	case browser.CORSNoOrigin:
		return finding.Textf("Access-Control-Allow-Origin is missing")
	case browser.CORSTwoOrigins:
		return finding.Textf("Access-Control-Allow-Origin has two values (%s)", value)
	case browser.CORSOtherOrigin:
		return finding.Textf("Access-Control-Allow-Origin is %s", value)
	case browser.CORSWildcard:
		return finding.Textf("Access-Control-Allow-Origin is *, which does not do for a request with cookies")
	case browser.CORSNoCredentials:
		return finding.Textf("Access-Control-Allow-Credentials is not true")
	case browser.CORSStatus:
		return finding.Textf("the preflight (OPTIONS) is answered with an error")
	case browser.CORSMethod:
		return finding.Textf("Access-Control-Allow-Methods lacks %s", value)
	case browser.CORSHeader:
		return finding.Textf("Access-Control-Allow-Headers lacks %s", value)
	}
	return finding.Textf("%s", string(r.Problem))
}

// refused returns one finding for each code of list.
func (a *browserAsk) refused(list []browser.Refusal) []Finding {
	var findings []Finding
	for _, r := range list {
		code := finding.BrowserCSP
		switch r.Kind {
		case browser.KindInsecure:
			findings = append(findings, finding.New(finding.BrowserInsecurePage, finding.Warn,
				"the page at %s has no TLS and is not on this machine: browsers give it no microphone and no camera", a.page.shown).
				With("page", a.page.shown))
			continue
		case browser.KindMixed, browser.KindUpgraded:
			code = finding.BrowserMixedContent
		}
		target, i := shownHost(r.Target.URL), slices.IndexFunc(findings, func(f Finding) bool { return f.Code == code })
		if i >= 0 {
			blocked, _ := findings[i].Facts["blocked"].([]string)
			if !slices.Contains(blocked, target) {
				findings[i] = findings[i].With("blocked", append(slices.Clone(blocked), target))
				if code == finding.BrowserCSP {
					findings[i] = findings[i].With("allow", strings.Join(append(blocked, target), " "))
				}
			}
			continue
		}
		f := a.refusal(code, r, target).With("blocked", []string{target}).With("page", a.page.shown)
		if r.Target.Need == browser.NeedFetch || r.Target.Need == browser.NeedRegions {
			f.Severity = finding.Warn // people join without it
		}
		findings = append(findings, f)
	}
	return findings
}

// refusal returns the finding about the first refused address.
func (a *browserAsk) refusal(code Code, r browser.Refusal, target string) Finding {
	switch r.Kind {
	case browser.KindMixed:
		return finding.New(code, finding.Fail, "the page at %s is served over https, and %s has no TLS: browsers refuse it", a.page.shown, target).As("mixed")
	case browser.KindUpgraded:
		return finding.New(code, finding.Fail,
			"a policy of the page at %s (upgrade-insecure-requests) makes browsers ask %s with TLS, which it does not speak", a.page.shown, target).As("upgraded")
	}
	in, sources := "header", clean.Line(strings.Join(r.Sources, " "), 200)
	if r.Policy != nil && r.Policy.Meta {
		in = "meta"
	}
	f := finding.New(code, finding.Fail, "the Content-Security-Policy of the page at %s does not let it connect to %s: its %s allows %s",
		a.page.shown, target, r.Directive, orNothing(sources))
	return f.As(in).With("directive", r.Directive).With("sources", sources).With("allow", target)
}
