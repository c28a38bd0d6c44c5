//go:build unix

package browser_test

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

// A place is a server that a browser joins from a page of app.
type place struct {
	name, url, token, key, secret, app string
	roots                              *x509.CertPool
	// in is the expected result of the browser: "in", "out", or "" for any.
	in string
	// others says why the doctor reports a failure that only other clients have, if so.
	others string
}

// keepsOut returns the code of the finding that prevents a browser from joining, or "".
// WEBSOCKET_AUTH_STRIPPED does not count, because browsers send no such header.
func keepsOut(run check.Run) string {
	for _, l := range run.Findings(finding.Fail) {
		if l.Finding.Code != finding.WebsocketAuthStripped {
			return string(l.Finding.Code)
		}
	}
	return ""
}

// examined runs the doctor at p.
func examined(t *testing.T, p place) check.Run {
	t.Helper()
	dir := t.TempDir()
	settings, err := config.Load(config.Inputs{Dir: dir, Home: dir, Flags: map[string]string{
		"url": p.url, "api-key": p.key, "api-secret": p.secret, "token": p.token}})
	if err != nil {
		t.Fatal(err)
	}
	return checks.Do(t.Context(), &checks.Case{
		Settings: settings, Options: checks.Options{Frontend: p.app, Skip: []string{"env", "ticket.frontend", "join.media", "join.agent", "join.api", "fallback"}},
		Now: time.Now, Nonce: "browser0", Redact: clean.NewRedactor(p.secret, p.token),
		Net: &probe.Net{Roots: p.roots, Proxy: func(*url.URL) (*url.URL, error) { return nil, nil }},
	}, false, func(check.Event) {})
}

// agree joins at each place with livekit-client and runs the doctor there. Both must
// agree on whether a browser gets in.
func agree(t *testing.T, places []place) {
	t.Helper()
	files := http.FileServer(http.Dir(clientJS(t)))
	chromium(t)
	var said []string
	for some := range slices.Chunk(places, 8) { // more at once would slow each other down
		var frames []frame
		for _, p := range some {
			address, _ := json.Marshal(p.url)
			token, _ := json.Marshal(p.token)
			f := frame{header: http.Header{}, body: fmt.Sprintf(join, address, token)}
			f.header["Content-Security-Policy"], f.head = policyOf(t, p.app)
			frames = append(frames, f)
		}
		said = append(said, show(t, frames, files)...)
	}
	for i, p := range places {
		ours := keepsOut(examined(t, p))
		t.Logf("%s: %.90s; the doctor: %q", p.name, said[i], ours)
		in := said[i] == "in"
		if in != (ours == "" || p.others != "") || p.in != "" && in != (p.in == "in") {
			t.Errorf("%s: livekit-client says %q, the doctor %q, expected %q", p.name, said[i], ours, p.in)
		}
	}
}

// policyOf returns the policies of an app's page, changed to allow this test's script.
func policyOf(t *testing.T, app string) (policies []string, head string) {
	if app == "" {
		return nil, ""
	}
	reply, err := http.Get(app)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	body, _ := io.ReadAll(reply.Body)
	for _, policy := range reply.Header.Values("Content-Security-Policy") {
		if strings.Contains(policy, "default-src") {
			policy += "; script-src 'self' 'unsafe-inline'"
		}
		policies = append(policies, policy)
	}
	return policies, string(regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).Find(body))
}

// TestLiveKitClientAgreesOnFaults joins with livekit-client in each lab whose fault lies
// between the browser and the room.
func TestLiveKitClientAgreesOnFaults(t *testing.T) {
	clientJS(t)
	chromium(t)
	others := map[string]string{
		"not-ready-later": "what has the token in a header is answered 502, and browsers send none",
		"validate-odd":    "/rtc/validate is another program's, which clients ask only after a join has failed",
	}
	var places []place
	for _, fault := range lab.Faults() {
		if !slices.ContainsFunc([]string{"healthy", "v1-", "ice-", "csp-", "cors-", "ws-", "upgrade-", "auth-", "query-", "validate-",
			"server-old", "server-refused", "server-reset", "path-prefix", "prefix-", "not-ready", "quota", "overloaded", "token-too-long"},
			func(prefix string) bool { return strings.HasPrefix(fault.Name, prefix) }) {
			continue
		}
		l, err := lab.Start(t.Context(), lab.Options{Fault: fault.Name})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		places = append(places, place{name: fault.Name, url: l.URL, token: l.Token(), key: l.Pair.Key, secret: l.Pair.Secret, app: l.FrontendURL, roots: l.Roots(), others: others[fault.Name]})
	}
	agree(t, places)
}

// TestLiveKitClientAgreesBehindNginx does the same behind a real nginx.
func TestLiveKitClientAgreesBehindNginx(t *testing.T) {
	clientJS(t)
	chromium(t)
	program, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("there is no nginx here (Debian: apt-get install nginx)")
	}
	l, err := lab.Start(t.Context(), lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	const pass = "proxy_pass http://LIVEKIT; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;"
	const all, old = "location / { " + pass + " }", "location = /rtc { " + pass + " } location = /rtc/validate { " + pass + " }"
	var places []place
	for _, tt := range []struct{ name, config, in string }{
		{"everything", all, "in"},
		{"/rtc and below", "location /rtc { " + pass + " } location / { return 404; }", "in"},
		{"a page for what is not known", old + " location / { default_type text/html; return 200 '<!doctype html><title>app</title>'; }", "out"},
		{"404 for what is not known", old + " location / { return 404; }", "out"},
		{"404 that pages may read", old + " location / { add_header Access-Control-Allow-Origin * always; return 404; }", "in"},
		{"a login", old + " location / { return 302 /login; }", "out"},
		{"forbidden", all + " location /rtc/v1 { deny all; }", "out"},
		{"nothing behind /rtc/v1", all + " location /rtc/v1 { proxy_pass http://127.0.0.1:1; }", "out"},
		{"no Upgrade", "location / { proxy_pass http://LIVEKIT; }", "out"},
		{"no Upgrade for /rtc/v1", all + " location /rtc/v1 { proxy_pass http://LIVEKIT; }", "out"},
		{"the query is dropped", all + " location /rtc { rewrite ^(.*)$ $1? break; " + pass + " }", "out"},
		{"small headers", "client_header_buffer_size 512; large_client_header_buffers 1 512; " + all, "out"},
		{"CORS twice", "location / { add_header Access-Control-Allow-Origin * always; " + pass + " }", "in"},
	} {
		address := nginx(t, program, strings.ReplaceAll(tt.config, "LIVEKIT", l.LiveKit.Addr))
		places = append(places, place{name: tt.name, url: "ws://" + address, key: l.Pair.Key, secret: l.Pair.Secret, in: tt.in,
			token: participantToken(t, l.Pair.Key, l.Pair.Secret, len(places))})
	}
	agree(t, places)
}
