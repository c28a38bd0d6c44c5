package checks

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/browser"
	"lkdoctor/checks/check"
	"lkdoctor/checks/codetest"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/token"
)

// TestRegionPinned covers SERVER_REGION_PINNED: LiveKit Cloud answers 403 if a project
// is pinned to other regions. The token must be sent to hosts of LiveKit Cloud only.
func TestRegionPinned(t *testing.T) {
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.Issue(lab.Certificate{Names: []string{"*.livekit.cloud", "evil.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan string, 16)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Host + r.URL.Path
		switch {
		case r.URL.Path == "/settings/regions":
			_, _ = w.Write([]byte(`{"regions":[{"url":"https://evil.example.com"},{"url":"http://eu.livekit.cloud"},{"url":"https://eu.livekit.cloud"}]}`))
		case r.Host == "eu.livekit.cloud":
			_, _ = w.Write([]byte("success"))
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	server.TLS = certificate
	server.StartTLS()
	defer server.Close()
	at, _ := url.Parse("wss://demo.livekit.cloud")
	c := &Case{Net: &probe.Net{Roots: authority.Pool(), Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}, Resolver: loopbackResolver{}}}
	defer c.Net.Close()
	raw, err := token.Mint(token.MintOptions{Key: "k", Secret: strings.Repeat("s", 32), Room: "r", Identity: "i", Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	parsed, _ := token.Parse(raw)
	c.products().set("token.format", &examined{Token: parsed})
	c.made = c.products()
	first, failure := c.Net.Validate(t.Context(), at, raw)
	if failure != nil {
		t.Fatal(failure)
	}
	region, again := c.otherRegion(t.Context(), address{URL: at}, first)
	if region == nil || region.Host != "eu.livekit.cloud" || !again.Accepted {
		t.Fatalf("region %v, verdict %+v", region, again)
	}
	if f := codetest.Wants(t, regionPinned(address{URL: at}, region, first), finding.ServerRegionPinned); f.Severity != finding.Warn {
		t.Errorf("%+v", f)
	}
	close(asked)
	for place := range asked {
		if strings.HasPrefix(place, "evil") {
			t.Errorf("the token was sent to %s", place)
		}
	}
	if other, _ := c.otherRegion(t.Context(), address{URL: &url.URL{Scheme: "wss", Host: "livekit.example.com"}}, first); other != nil {
		t.Error("a 403 of somebody else is taken for LiveKit Cloud's")
	}
}

type loopbackResolver struct{}

func (loopbackResolver) LookupNetIP(ctx context.Context, network, _ string) (list []netip.Addr, err error) {
	return net.DefaultResolver.LookupNetIP(ctx, network, "127.0.0.1")
}

// TestMixedContent covers BROWSER_MIXED_CONTENT. The lab cannot produce it, because
// browsers treat loopback as secure.
func TestMixedContent(t *testing.T) {
	at, _ := url.Parse("ws://livekit.example.com:7880")
	for _, tt := range []struct {
		page, policy, variant string
		want                  []Code
	}{
		{"https://app.example.com", "", "mixed", []Code{finding.BrowserMixedContent}},
		{"https://app.example.com", "upgrade-insecure-requests", "upgraded", []Code{finding.BrowserMixedContent}},
		{"http://app.example.com", "", "", []Code{finding.BrowserInsecurePage}},
		{"http://localhost:3000", "", "", nil},
		{"http://localhost:3000", "connect-src 'self'", "header", []Code{finding.BrowserCSP}},
	} {
		page, _ := url.Parse(tt.page)
		a := &browserAsk{at: address{URL: at}, page: &pageSeen{shown: tt.page, Page: browser.Page{URL: page, Header: http.Header{}}}}
		if tt.policy != "" {
			a.page.Header.Set("Content-Security-Policy", tt.policy)
		}
		var got []Code
		for _, f := range a.pageFindings() {
			got = append(got, f.Code)
			if tt.variant != "" && f.Variant != tt.variant {
				t.Errorf("%s with %q: variant %q, want %q", tt.page, tt.policy, f.Variant, tt.variant)
			}
			if blocked, _ := f.Facts["blocked"].([]string); tt.variant == "header" && !slices.Equal(blocked, []string{"ws://livekit.example.com:7880", "http://livekit.example.com:7880"}) {
				t.Errorf("blocked %v", blocked)
			}
		}
		if tt.variant == "mixed" {
			codetest.Wants(t, a.pageFindings(), finding.BrowserMixedContent)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s with %q: %v, want %v", tt.page, tt.policy, got, tt.want)
		}
	}
}

// TestTokenEndpointCORS covers the preflight that a page's POST of JSON needs.
func TestTokenEndpointCORS(t *testing.T) {
	page, _ := url.Parse("https://app.example.com")
	endpoint, _ := url.Parse("https://tokens.example.com/api/token")
	for _, tt := range []struct {
		header http.Header
		want   bool
	}{
		{http.Header{}, true},
		{http.Header{"Access-Control-Allow-Origin": {"*"}, "Access-Control-Allow-Headers": {"content-type"}}, false},
		{http.Header{"Access-Control-Allow-Origin": {"*"}}, true},
		{http.Header{"Access-Control-Allow-Origin": {"https://app.example.com", "*"}, "Access-Control-Allow-Headers": {"*"}}, true},
	} {
		a := &browserAsk{page: &pageSeen{Page: browser.Page{URL: page}, why: finding.Textf("not read"), endpoint: endpoint,
			request: browser.CORSRequest{Page: page, Method: "POST", JSON: true}, preflight: &browser.CORSAnswer{Status: 204, Header: tt.header}}}
		found := a.pageFindings()
		if got := len(found) == 1 && found[0].Code == finding.BrowserCORS && found[0].Party == finding.OwnerTicketService; got != tt.want {
			t.Errorf("%v: %+v", tt.header, found)
		}
	}
}

// TestEndpointOfAnotherOrigin has a page that calls a token endpoint of another origin.
// The app itself must not be asked for a token, and the endpoint's response needs the
// CORS header as well as the preflight.
func TestEndpointOfAnotherOrigin(t *testing.T) {
	l := startMediaLab(t, lab.LiveKitOptions{})
	raw, err := token.Mint(token.MintOptions{Key: l.pair.Key, Secret: l.pair.Secret, Room: "r", Identity: "i", Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	routes := make(chan string, 64)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			routes <- r.URL.Path
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte("<!doctype html><title>App</title>"))
	}))
	defer app.Close()
	for _, readable := range []bool{true, false} {
		endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if origin := r.Header.Get("Origin"); origin == app.URL && (readable || r.Method == http.MethodOptions) {
				w.Header().Set("Access-Control-Allow-Origin", origin)
				w.Header().Set("Access-Control-Allow-Headers", "content-type")
			}
			if r.Method == http.MethodOptions {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"server_url":"` + l.server.URL + `","participant_token":"` + raw + `"}`))
		}))
		defer endpoint.Close()
		c := l.media(t, l.server.URL, func(c *Case) {
			c.Options.Media, c.Options.Frontend, c.Options.TokenEndpoint = false, app.URL, endpoint.URL+"/api/token"
		})
		ended, _ := diagnose(t, c)
		if r := ended["ticket.frontend"]; r.Status != check.StatusSkip || len(r.Findings) > 0 {
			t.Errorf("ticket.frontend: %s %+v", r.Status, r.Findings)
		}
		if len(routes) > 0 {
			t.Errorf("the app was asked at %s", <-routes)
		}
		b := ended["join.browser"]
		found := slices.ContainsFunc(b.Findings, func(f Finding) bool {
			return f.Code == finding.BrowserCORS && f.Variant == "endpoint" && strings.Contains(f.Message.String(), "not read its answer")
		})
		if found == readable || readable && b.Status != check.StatusPass {
			t.Errorf("readable %t, join.browser: %s %+v %v", readable, b.Status, b.Findings, b.Skip)
		}
	}
}

// TestAgentCalledByName dispatches an agent to a room of lkdoctor's, waits for it to
// join, and checks that the room is empty afterwards. The server has no Redis.
func TestAgentCalledByName(t *testing.T) {
	l := startMediaLab(t, lab.LiveKitOptions{})
	worker, err := lab.StartWorker(t.Context(), l.server.URL, l.pair, lab.WorkerOptions{Name: "helper"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = worker.Close() }()
	c := l.media(t, l.server.URL, func(c *Case) { c.Options.Media, c.Options.Agent = false, "helper" })
	ended, _ := diagnose(t, c)
	r := ended["join.agent"]
	if r.Status != check.StatusPass || !strings.Contains(r.Outcome.Text.String(), "helper came") || r.Outcome.Facts["audio"] != true {
		t.Errorf("%s: %s %v %+v", r.Status, r.Outcome.Text, r.Outcome.Facts, r.Findings)
	}
	api := ended["join.api"]
	if codetest.Wants(t, api.Findings, finding.ServerNoRedis); api.Status != check.StatusPass {
		t.Errorf("join.api: %s %+v", api.Status, api.Findings)
	}
	if b := ended["join.browser"]; b.Status != check.StatusPass {
		t.Errorf("join.browser: %s %+v", b.Status, b.Findings)
	}
	l.nobodyLeft(t)
}

// TestNobodyIsCalledByTheEnvironment checks that --no-join leaves out join.agent even with
// --agent. An agent may cost money.
func TestNobodyIsCalledByTheEnvironment(t *testing.T) {
	for _, c := range []*Case{{}, {Options: Options{NoJoin: true, Agent: "helper"}}} {
		for _, spec := range Specs() {
			if why := c.Options.leaveOut(spec); spec.ID == "join.agent" && why.IsZero() == c.Options.NoJoin {
				t.Errorf("%+v: left out because %q", c.Options, why)
			}
		}
	}
}

// TestAgentCause covers what the server's list of dispatches means, as observed with
// livekit-server 1.13.5 and 1.13.11.
func TestAgentCause(t *testing.T) {
	dispatch := func(agent string, jobs ...probe.DispatchJob) []probe.Dispatch {
		return []probe.Dispatch{{Agent: agent, Jobs: jobs}}
	}
	running, failed := probe.DispatchJob{Status: "running"}, probe.DispatchJob{Status: "failed", Error: "no model"}
	for _, tt := range []struct {
		name   string
		list   []probe.Dispatch
		listed time.Duration
		want   Code
	}{
		{"never asked", nil, 0, ""},
		{"empty and early", dispatch("helper"), time.Second, ""},
		{"empty and late", dispatch("helper"), probe.DefaultLimits().JobTaken, finding.AgentNoWorker},
		{"runs", dispatch("helper", running), time.Second, finding.AgentAbsent},
		{"failed", dispatch("helper", failed), time.Second, finding.AgentJobFailed},
		{"failed, and another runs", dispatch("helper", failed, running), time.Second, finding.AgentAbsent},
		{"not called, early", dispatch(""), time.Millisecond, ""},
		{"not called", dispatch(""), time.Second, finding.AgentDispatchIgnored},
	} {
		call := agentCall{dispatches: tt.list, listed: tt.listed, limits: probe.DefaultLimits()}
		if got, _ := call.cause("helper"); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
