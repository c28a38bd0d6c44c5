package browser_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/browser"
)

func pageWith(html string, policies ...string) browser.Page {
	return browser.Page{URL: &url.URL{Scheme: "https", Host: "app.test"}, HTML: []byte(html),
		Header: http.Header{"Content-Security-Policy": policies}}
}

func TestLiveKitTargets(t *testing.T) {
	for raw, want := range map[string]string{
		"wss://lk.test":              "wss://lk.test/rtc/v1 https://lk.test/rtc/v1/validate",
		"http://127.0.0.1:7880/":     "ws://127.0.0.1:7880/rtc/v1 http://127.0.0.1:7880/rtc/v1/validate",
		"https://lk.test/sub/":       "wss://lk.test/sub/rtc/v1 https://lk.test/sub/rtc/v1/validate",
		"wss://my-app.livekit.cloud": "wss://my-app.livekit.cloud/rtc/v1 https://my-app.livekit.cloud/rtc/v1/validate https://my-app.livekit.cloud/settings/regions",
	} {
		u, _ := url.Parse(raw)
		var got []string
		for _, target := range browser.LiveKitTargets(u) {
			got = append(got, target.URL.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v", raw, got)
		}
	}
}

func TestRefusalSaysWhatToAdd(t *testing.T) {
	server, _ := url.Parse("wss://lk.test:7443")
	got := browser.Judge(pageWith("", "default-src 'self' https://lk.test:7443"), browser.LiveKitTargets(server))
	if len(got) != 1 || got[0].Kind != browser.KindCSP || got[0].Target.URL.Host != "lk.test:7443" || got[0].Policy.Directive != "default-src" || len(got[0].Policy.Sources) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestUpgradedAddress(t *testing.T) {
	for raw, want := range map[string]browser.Kind{"ws://lk.test:7880": browser.KindUpgraded, "ws://localhost:7880": "", "wss://lk.test": ""} {
		server, _ := url.Parse(raw)
		var kind browser.Kind
		for _, r := range browser.Judge(pageWith("", "upgrade-insecure-requests"), browser.LiveKitTargets(server)[:1]) {
			kind = r.Kind
		}
		if kind != want {
			t.Errorf("%s: %q", raw, kind)
		}
	}
}

func TestInsecurePage(t *testing.T) {
	for raw, want := range map[string]bool{"http://192.168.1.9:3000": true, "http://app.example": true, "http://localhost:3000": false,
		"http://my.localhost": false, "http://127.0.0.2": false, "http://[::1]:3000": false, "https://app.example": false} {
		u, _ := url.Parse(raw)
		got := browser.Judge(browser.Page{URL: u}, nil)
		if (len(got) == 1 && got[0].Kind == browser.KindInsecure) != want {
			t.Errorf("%s: %+v", raw, got)
		}
	}
}

// TestHostilePages checks that large or malformed pages are judged within 5 s.
func TestHostilePages(t *testing.T) {
	server, _ := url.Parse("wss://lk.test")
	meta := `<meta http-equiv=Content-Security-Policy content="connect-src 'none'">`
	for name, page := range map[string]browser.Page{
		"policy of 10 MiB":     pageWith("", "connect-src "+strings.Repeat("wss://a.test ", 10<<20/13)),
		"a million policies":   pageWith("", strings.Repeat("connect-src *,", 1<<20)),
		"directives":           pageWith("", strings.Repeat("x;", 5<<20)),
		"headers":              pageWith("", make([]string, 1<<20)...),
		"policies in the page": pageWith(strings.Repeat(meta, 1<<17)),
		"one endless tag":      pageWith("<meta content=\"" + strings.Repeat("a", 10<<20)),
		"attributes":           pageWith("<meta " + strings.Repeat("a=b ", 1<<21)),
		"templates":            pageWith(strings.Repeat("<template>", 1<<20)),
		"brackets":             pageWith(strings.Repeat("<", 10<<20)),
	} {
		began := time.Now()
		browser.Judge(page, browser.LiveKitTargets(server))
		if n := len(browser.Policies(page)); n > 64 {
			t.Errorf("%s: %d policies", name, n)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: it took %s", name, took)
		}
	}
}

func FuzzJudge(f *testing.F) {
	f.Add("connect-src 'self' wss://*.lk.test:443/a/", "<meta http-equiv=content-security-policy content=\"default-src x\">", "wss://lk.test/rtc")
	f.Add("default-src a:;connect-src", "<template><head>", "http://[::1]:1/")
	f.Fuzz(func(t *testing.T, policy, page, target string) {
		u, err := url.Parse(target)
		if err != nil {
			return
		}
		got := browser.Judge(pageWith(page, policy), []browser.Target{{URL: u}})
		if len(got) > 1 {
			t.Errorf("%d refusals of one target", len(got))
		}
		for _, r := range got {
			if r.Kind == browser.KindCSP && r.Policy.Directive == "" {
				t.Errorf("%+v", r)
			}
			// Adding r.Allow to the policy must be enough, unless another policy also refuses.
			if r.Kind == browser.KindCSP && u.Hostname() != "" && u.User == nil && !strings.ContainsAny(u.Host, "[]*:%;, '") {
				allow := r.Target.URL.Scheme + "://" + r.Target.URL.Host
				p := pageWith("", "connect-src "+allow)
				if u.Port() == "" && len(browser.Judge(p, []browser.Target{{URL: u}})) > 0 {
					t.Errorf("%s does not allow %s", allow, u)
				}
			}
		}
	})
}

func FuzzCORS(f *testing.F) {
	f.Add("*", "content-type", 204, true)
	f.Fuzz(func(t *testing.T, origin, headers string, status int, credentials bool) {
		r := browser.CORSRequest{Page: &url.URL{Scheme: "https", Host: "app.test"}, Method: "POST", JSON: true, Credentials: credentials}
		a := &browser.CORSAnswer{Status: status, Header: http.Header{"Access-Control-Allow-Origin": {origin}, "Access-Control-Allow-Headers": {headers}}}
		if browser.CORS(r, a, a) == nil && origin != "*" && origin != "https://app.test" {
			t.Errorf("%q is let through", origin)
		}
	})
}
