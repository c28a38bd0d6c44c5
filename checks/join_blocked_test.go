package checks

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"lkdoctor/checks/codetest"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
)

// TestBlockedPathVariants checks that the status at a blocked path selects the fix: a
// rule that refuses or redirects needs another fix than a missing location.
func TestBlockedPathVariants(t *testing.T) {
	at := address{URL: &url.URL{Scheme: "ws", Host: "127.0.0.1:7880"}}
	for _, tt := range []struct {
		status  int
		front   probe.ServerKind
		v1, api string
	}{
		{403, probe.ServerNginx, "refused-nginx", "refused-nginx"},
		{401, probe.ServerNginx, "refused-nginx", "refused-nginx"},
		{403, probe.ServerCaddy, "refused", "refused"},
		{301, probe.ServerNginx, "redirect-nginx", "redirect"},
		{302, "", "redirect", "redirect"},
		{502, probe.ServerNginx, "gateway", "gateway"},
		{404, probe.ServerNginx, "nginx", "nginx"},
		{405, probe.ServerNginx, "nginx", "nginx"},
		{200, probe.ServerTraefik, "traefik", "traefik"},
		{404, "", "other", "other"},
	} {
		ask := &browserAsk{at: at, v1: &probe.V1Verdict{Kind: probe.V1Blocked, Verdict: probe.Verdict{Status: tt.status, Front: tt.front}}}
		if found := ask.v1Findings(false, true); len(found) != 1 || found[0].Variant != tt.v1 {
			t.Errorf("/rtc/v1, %d of %q: %+v, want the variant %q", tt.status, tt.front, found, tt.v1)
		}
		found := newTestCase(t, nil).apiFindings(probe.APIReply{Kind: probe.APIBlocked, Status: tt.status, What: tt.front}, probe.APIReply{}, nil, at)
		if len(found) != 1 || found[0].Variant != tt.api {
			t.Errorf("/twirp, %d of %q: %v, want %q", tt.status, tt.front, found, tt.api)
		}
	}
	lost := probe.APIReply{Kind: probe.APIBlocked, Status: 401, Code: "unauthenticated", Text: "permissions denied"}
	if found := newTestCase(t, nil).apiFindings(lost, probe.APIReply{}, nil, at); len(found) != 1 || found[0].Variant != "authorization" {
		t.Errorf("/twirp, no token: %v", found)
	}
	for front, want := range map[probe.ServerKind]string{
		probe.ServerNginx: "no-upgrade-nginx", probe.ServerApache: "no-upgrade-apache", probe.ServerCaddy: "no-upgrade",
	} {
		ask := &browserAsk{at: at, v1: &probe.V1Verdict{Kind: probe.V1Served}, stripped: &probe.Verdict{Status: 404, Front: front}}
		if found := ask.v1Findings(false, true); len(found) != 1 || found[0].Variant != want {
			t.Errorf("no upgrade, %q: %+v, want the variant %q", front, found, want)
		}
	}
}

// TestRedirectedV1 redirects /rtc/v1 to a page of the same origin. The finding must
// name the redirect and not the page.
func TestRedirectedV1(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "nginx")
		if r.URL.Path == "/rtc/v1/validate" {
			http.Redirect(w, r, "/", http.StatusMovedPermanently)
			return
		}
		_, _ = w.Write([]byte("<!doctype html><title>App</title>"))
	}))
	defer server.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	n := &probe.Net{}
	defer n.Close()
	v, failure := n.V1Validate(t.Context(), u, "a.b.c", "")
	if failure != nil {
		t.Fatal(errors.New(failure.Detail))
	}
	found := (&browserAsk{at: address{URL: u}, v1: v}).v1Findings(false, true)
	if f := codetest.Wants(t, found, finding.WebsocketV1Blocked); f.Variant != "redirect-nginx" || f.Facts["status"] != 301 {
		t.Errorf("found %v %q", f, f.Variant)
	}
}
