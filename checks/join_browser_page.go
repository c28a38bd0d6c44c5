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
	// why is the reason why there is no page to judge, zero where there is one.
	why Text
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
		seen.Header, seen.HTML = reply.Header, reply.Body
	}
	if u := usableURL(c.Options.TokenEndpoint); u != nil && !probe.SameOrigin(root, u) {
		seen.askEndpoint(ctx, c, probe.HTTPURL(u))
	}
	return seen
}

// askEndpoint sends the preflight request of the page's POST.
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
	reply, failure := c.Net.Exchange(ctx, probe.Request{Method: http.MethodOptions, URL: u, Header: header, MaxBody: 4096})
	if failure == nil {
		s.preflight = &browser.CORSAnswer{Status: reply.Status, Header: reply.Header}
	}
}

func (a *browserAsk) pageFindings() []Finding {
	page := a.page
	if page == nil {
		return a.livekitCORS()
	}
	var findings []Finding
	if page.why.IsZero() {
		targets := browser.LiveKitTargets(a.at.URL)
		if page.endpoint != nil {
			targets = append(targets, browser.Target{URL: page.endpoint, Need: browser.NeedToken})
		}
		findings = page.refused(browser.Judge(page.Page, targets))
	}
	if page.endpoint == nil {
		return append(findings, a.livekitCORS()...)
	}
	if refusal := browser.CORS(page.request, page.preflight, page.answer); refusal != nil {
		origin, answer := browser.Origin(page.URL), page.preflight
		f := finding.New(finding.BrowserCORS, finding.Fail, "the token endpoint does not let pages of %s ask it: %s",
			origin, corsWords(*refusal))
		if !refusal.Preflight {
			answer = page.answer
			f.Message = finding.Textf("the token endpoint lets pages of %s ask it (OPTIONS), and not read its answer: %s",
				origin, corsWords(*refusal))
		}
		findings = append(findings, f.As("endpoint").By(finding.OwnerTicketService).
			With("status", answer.Status).With("problem", string(refusal.Problem)).
			With("origin", clean.Line(origin, 120)).With("value", clean.Line(refusal.Value, 120)).With("asked", shownHost(page.endpoint)))
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
	refusal := browser.CORSRefusal{Problem: browser.CORSOtherOrigin, Value: v.AllowOrigin}
	switch {
	case strings.Contains(v.AllowOrigin, ","):
		refusal.Problem = browser.CORSTwoOrigins
	case a.page == nil:
		return nil
	case v.AllowOrigin == "":
		refusal.Problem = browser.CORSNoOrigin
	}
	return []Finding{finding.New(finding.BrowserCORS, finding.Warn,
		"pages may not read what LiveKit answers over HTTP: %s; people join, and where they cannot, the client does not learn why",
		corsWords(refusal)).
		As("livekit").By(finding.OwnerLiveKitServer).With("value", v.AllowOrigin).With("path", v.Path).With("status", v.Status)}
}

func corsWords(r browser.CORSRefusal) Text {
	value := clean.Line(r.Value, 120)
	switch r.Problem {
	case browser.CORSTwoOrigins:
		return finding.Textf("Access-Control-Allow-Origin has two values (%s)", value)
	case browser.CORSOtherOrigin:
		return finding.Textf("Access-Control-Allow-Origin is %s", value)
	case browser.CORSMethod:
		return finding.Textf("Access-Control-Allow-Methods lacks %s", value)
	case browser.CORSHeader:
		return finding.Textf("Access-Control-Allow-Headers lacks %s", value)
	}
	return finding.Textf(map[browser.CORSProblem]string{
		browser.CORSRedirected:    "it redirects the preflight (OPTIONS)",
		browser.CORSNoOrigin:      "Access-Control-Allow-Origin is missing",
		browser.CORSWildcard:      "Access-Control-Allow-Origin is *, which does not do for a request with cookies",
		browser.CORSNoCredentials: "Access-Control-Allow-Credentials is not true",
		browser.CORSStatus:        "the preflight (OPTIONS) is answered with an error",
	}[r.Problem])
}

// refused returns one finding for each code of list, about the first address of it;
// the fact "blocked" has all of them.
func (s *pageSeen) refused(list []browser.Refusal) []Finding {
	var findings []Finding
	for _, r := range list {
		if r.Kind == browser.KindInsecure {
			findings = append(findings, finding.New(finding.BrowserInsecurePage, finding.Warn,
				"the page at %s has no TLS and is not on this machine: browsers give it no microphone and no camera", s.shown).
				With("page", s.shown))
			continue
		}
		target := shownHost(r.Target.URL)
		f := s.refusal(r, target)
		i := slices.IndexFunc(findings, func(o Finding) bool { return o.Code == f.Code })
		if i < 0 {
			if r.Target.Need == browser.NeedFetch || r.Target.Need == browser.NeedRegions {
				f.Severity = finding.Warn // people join without it
			}
			findings = append(findings, f.With("blocked", []string{target}).With("page", s.shown))
			continue
		}
		blocked, _ := findings[i].Facts["blocked"].([]string)
		if slices.Contains(blocked, target) {
			continue
		}
		blocked = append(slices.Clone(blocked), target)
		findings[i] = findings[i].With("blocked", blocked)
		if f.Code == finding.BrowserCSP {
			findings[i] = findings[i].With("allow", strings.Join(blocked, " "))
		}
	}
	return findings
}

func (s *pageSeen) refusal(r browser.Refusal, target string) Finding {
	switch r.Kind {
	case browser.KindMixed:
		return finding.New(finding.BrowserMixedContent, finding.Fail,
			"the page at %s is served over https, and %s has no TLS: browsers refuse it", s.shown, target).As("mixed")
	case browser.KindUpgraded:
		return finding.New(finding.BrowserMixedContent, finding.Fail,
			"a policy of the page at %s (upgrade-insecure-requests) makes browsers ask %s with TLS, which it does not speak",
			s.shown, target).As("upgraded")
	}
	in, sources := "header", clean.Line(strings.Join(r.Policy.Sources, " "), 200)
	if r.Policy.Meta {
		in = "meta"
	}
	return finding.New(finding.BrowserCSP, finding.Fail,
		"the Content-Security-Policy of the page at %s does not let it connect to %s: its %s allows %s",
		s.shown, target, r.Policy.Directive, orNothing(sources)).
		As(in).With("directive", r.Policy.Directive).With("sources", sources).With("allow", target)
}
