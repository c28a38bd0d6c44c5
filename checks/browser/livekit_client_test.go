//go:build unix

package browser_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/browser"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

// join connects with livekit-client and says whether it got in. It counts as in if
// signalling connected and nothing failed within 4 s, even without media.
const join = `<script type="module">
import { Room } from "/files/livekit-client.esm.mjs"
const room = new Room()
let signal = false
room.on("signalConnected", () => { signal = true })
setTimeout(() => say(signal ? "in" : "out: nothing happened"), 4000)
room.connect(%s, %s).then(() => say("in"), e => say("out: " + e.message))
</script>`

// TestLiveKitClientAgrees joins with livekit-client in Chromium through various proxies
// and on pages with policies. Package probe and this package must predict the result.
func TestLiveKitClientAgrees(t *testing.T) {
	files := http.FileServer(http.Dir(clientJS(t)))
	chromium(t)
	const key, secret = "testkey", "a-secret-of-more-than-thirty-two-characters"
	server, err := lab.StartLiveKit(t.Context(), lab.LiveKitOptions{Keys: map[string]string{key: secret}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	v1 := func(answer http.Handler) http.Handler {
		return lab.At("/rtc/v1", answer, lab.Forward(server.Addr))
	}
	offering := func(servers ...*livekit.ICEServer) http.Handler {
		return lab.SignalProxy(server.Addr, lab.Rewrite{ToClient: func(m *livekit.SignalResponse) []*livekit.SignalResponse {
			if j := m.GetJoin(); j != nil {
				j.IceServers = append(j.IceServers, servers...)
			}
			return []*livekit.SignalResponse{m}
		}})
	}
	cases := []struct {
		name   string
		server http.Handler
		csp    string // LIVEKIT means the server's host and port
		in     bool
	}{
		{"healthy", lab.Forward(server.Addr), "", true},
		{"v1 is a page", v1(lab.SPA()), "", false},
		{"v1 is a login", v1(lab.Redirect(302, "/login")), "", false},
		{"v1 is forbidden", v1(lab.Nginx(403, "")), "", false},
		{"v1 is a bad gateway", v1(lab.Nginx(502, "")), "", false},
		{"v1 is missing at nginx", v1(lab.Nginx(404, "")), "", false},
		{"v1 is missing at Traefik", v1(http.NotFoundHandler()), "", false},
		{"v1 is missing at an older server", v1(readable(http.NotFoundHandler())), "", true},
		{"v1 is missing at a proxy with CORS", v1(readable(lab.Nginx(404, ""))), "", true},
		{"csp self", lab.Forward(server.Addr), "default-src 'self' 'unsafe-inline'", false},
		{"csp https", lab.Forward(server.Addr), "connect-src 'self' https: http:", false},
		{"csp wss", lab.Forward(server.Addr), "connect-src wss:", false},
		{"csp ws", lab.Forward(server.Addr), "connect-src ws:", true},
		{"csp host", lab.Forward(server.Addr), "default-src 'self' 'unsafe-inline'; connect-src ws://LIVEKIT", true},
		{"csp other port", lab.Forward(server.Addr), "connect-src ws://127.0.0.1:1", false},
		{"csp any", lab.Forward(server.Addr), "connect-src *", true},
		{"ice: turn without credentials", offering(&livekit.ICEServer{Urls: []string{"turn:turn.test:3478"}}), "", false},
		{"ice: slashes", offering(&livekit.ICEServer{Urls: []string{"stun://stun.test:3478"}}), "", false},
		{"ice: no host", offering(&livekit.ICEServer{Urls: []string{"turns::443?transport=tcp"}, Username: "u", Credential: "c"}), "", false},
		{"ice: good", offering(&livekit.ICEServer{Urls: []string{"stun:stun.test:3478"}}), "", true},
	}
	var frames []frame
	var fronts []*url.URL
	for i, c := range cases {
		peer, err := lab.Serve(c.server, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = peer.Close() })
		fronts = append(fronts, &url.URL{Scheme: "ws", Host: peer.Addr})
		token, _ := json.Marshal(participantToken(t, key, secret, i))
		address, _ := json.Marshal(peer.URL("ws"))
		f := frame{header: http.Header{}, body: fmt.Sprintf(join, address, token)}
		if c.csp != "" {
			f.header.Set("Content-Security-Policy", strings.ReplaceAll(c.csp, "LIVEKIT", peer.Addr))
		}
		frames = append(frames, f)
	}
	for i, said := range show(t, frames, files) {
		c := cases[i]
		t.Logf("%s: %s", c.name, said)
		if (said == "in") != c.in {
			t.Errorf("%s: livekit-client says %q", c.name, said)
		}
		if refused := ours(t, fronts[i], frames[i].header, participantToken(t, key, secret, 100+i)); (refused == "") != c.in {
			t.Errorf("%s: we say %q, livekit-client %q", c.name, refused, said)
		}
	}
}

// readable allows pages of every origin to read the response.
func readable(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		h.ServeHTTP(w, r)
	})
}

func participantToken(t *testing.T, key, secret string, i int) string {
	t.Helper()
	token, err := auth.NewAccessToken(key, secret).SetIdentity(fmt.Sprintf("p%d", i)).
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: fmt.Sprintf("room%d", i)}).ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// ours returns the first problem found that prevents a browser from joining, or "".
func ours(t *testing.T, server *url.URL, header http.Header, token string) string {
	t.Helper()
	n := &probe.Net{Proxy: func(*url.URL) (*url.URL, error) { return nil, nil }}
	defer n.Close()
	page := browser.Page{URL: &url.URL{Scheme: "http", Host: "app.test:8000", Path: "/"}, Header: header}
	for _, r := range browser.Judge(page, browser.LiveKitTargets(server)) {
		if r.Target.Need == browser.NeedSocket {
			return string(r.Kind)
		}
	}
	v, f := n.V1Validate(t.Context(), server, token, browser.Origin(page.URL))
	if f != nil {
		return f.Detail
	}
	if v.Kind == probe.V1Blocked {
		return string(v.Kind)
	}
	signal, failure := session.Join(t.Context(), n, server, token, session.Options{})
	if failure != nil {
		return fmt.Sprint(failure)
	}
	defer signal.Leave()
	for _, p := range signal.Facts.ICEProblems {
		return string(p.Problem)
	}
	return ""
}
