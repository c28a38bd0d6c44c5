package probe_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
)

// front serves handler on loopback until the test ends, and returns its URL.
func front(t *testing.T, handler http.Handler) *url.URL {
	t.Helper()
	peer, err := lab.Serve(handler, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peer.Close() })
	return &url.URL{Scheme: "ws", Host: peer.Addr}
}

func TestServerAPI(t *testing.T) {
	base := startLiveKit(t, "").base
	n := newNet(t)
	n.Limits.Extra = 5 * time.Second
	ctx := within(t, 20*time.Second)

	reply, f := n.API(base, testKey, testSecret).Answers(ctx)
	if f != nil || reply.Kind != probe.APIAnswered || reply.Status != 200 || reply.Path != "/twirp/livekit.RoomService/ListRooms" {
		t.Errorf("ListRooms: %+v %v", reply, f)
	}
	reply, f = n.API(base, testKey, testSecret).Redis(ctx)
	if f != nil || reply.Kind != probe.APINoRedis || !strings.Contains(reply.Text, "egress not connected (redis required)") {
		t.Errorf("ListEgress: %+v %v", reply, f)
	}
	reply, f = n.API(base, testKey, "another-secret-of-more-than-thirty-two").Answers(ctx)
	if f != nil || reply.Kind != probe.APIRefused || reply.Status != 401 || !strings.Contains(reply.Text, "signature is invalid") {
		t.Errorf("with another secret: %+v %v", reply, f)
	}
	if strings.Contains(fmt.Sprint(reply), "eyJ") {
		t.Errorf("the token is shown: %+v", reply)
	}
	if reply, f = n.API(base, "", "").Answers(ctx); f != nil || reply.Kind != probe.APINotAsked {
		t.Errorf("without keys: %+v %v", reply, f)
	}
}

func TestServerAPIBlocked(t *testing.T) {
	addr := startLiveKit(t, "").base.Host
	var elsewhere []string
	other := front(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		elsewhere = append(elsewhere, r.Header.Get("Authorization"))
	}))
	asGET := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Method = http.MethodGet // as a client does after a 301 response to POST
		lab.Forward(addr).ServeHTTP(w, r)
	})
	noToken := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Authorization")
		lab.Forward(addr).ServeHTTP(w, r)
	})
	otherLogin := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.SetBasicAuth("proxy", "login")
		lab.Forward(addr).ServeHTTP(w, r)
	})
	for _, test := range []struct {
		name   string
		answer http.Handler
		status int
		what   probe.ServerKind
	}{
		{"404 page", lab.Nginx(404, ""), 404, probe.ServerNginx},
		{"another Go program", http.NotFoundHandler(), 404, probe.ServerGoMux},
		{"one page for all", lab.SPA(), 200, probe.ServerSPA},
		{"another JSON API", lab.JSON(404, `{"error":"no such route"}`), 404, probe.ServerOtherHTTP},
		{"bad gateway", lab.Nginx(502, ""), 502, probe.ServerNginx},
		{"redirect", lab.Redirect(301, "http://"+other.Host+"/twirp"), 301, probe.ServerOtherHTTP},
		{"redirect that keeps the method", lab.Redirect(308, "http://"+other.Host+"/twirp"), 308, probe.ServerOtherHTTP},
		{"POST becomes GET", asGET, 404, probe.ServerLiveKit},
		{"no token", noToken, 401, probe.ServerLiveKit},
		{"another login", otherLogin, 401, probe.ServerLiveKit},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := newNet(t)
			base := front(t, lab.At("/twirp/", test.answer, lab.Forward(addr)))
			reply, f := n.API(base, testKey, testSecret).Answers(within(t, 20*time.Second))
			if f != nil || reply.Kind != probe.APIBlocked || reply.Status != test.status || reply.What != test.what {
				t.Errorf("%+v %v", reply, f)
			}
			if (reply.Redirect != nil) != (test.status >= 300 && test.status < 400) {
				t.Errorf("redirect: %+v", reply.Redirect)
			}
		})
	}
	if len(elsewhere) > 0 {
		t.Errorf("the token went elsewhere: %q", elsewhere)
	}
}

// TestServerAPIIsBounded checks the time limit with an API that never answers, and one
// whose response never ends.
func TestServerAPIIsBounded(t *testing.T) {
	for name, handle := range map[string]func(net.Conn){
		"silent": func(c net.Conn) { _, _ = c.Read(make([]byte, 1<<20)); _, _ = c.Read(make([]byte, 1)) },
		"endless": func(c net.Conn) {
			_, _ = c.Read(make([]byte, 64<<10))
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: application/protobuf\r\n\r\n"))
			for _, err := c.Write(make([]byte, 1<<16)); err == nil; _, err = c.Write(make([]byte, 1<<16)) {
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNet(t)
			base := &url.URL{Scheme: "ws", Host: serve(t, handle)}
			began := time.Now()
			reply, f := n.API(base, testKey, testSecret).Answers(within(t, 20*time.Second))
			if f == nil {
				t.Errorf("%+v", reply)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestDispatches(t *testing.T) {
	// No leak check: the server keeps assigning the job for 5 s.
	n := &probe.Net{Proxy: func(*url.URL) (*url.URL, error) { return nil, nil }}
	t.Cleanup(n.Close)
	server := startLiveKit(t, "")
	api := n.API(server.base, testKey, testSecret)
	ctx := within(t, 30*time.Second)
	pair := lab.Pair{Key: testKey, Secret: testSecret}
	worker, err := lab.StartWorker(ctx, server.base.String(), pair, lab.WorkerOptions{Name: "helper", Act: lab.ActMute})
	if err != nil {
		t.Fatal(err)
	}
	defer worker.Close()

	if _, reply, f := api.Dispatches(ctx, "nobody-is-here"); f != nil || reply.Kind != probe.APIRefused {
		t.Errorf("of a room that is not there: %+v %v", reply, f)
	}
	made, reply, f := api.CallAgent(ctx, "support", "helper")
	if f != nil || reply.Kind != probe.APIAnswered || made.Agent != "helper" || made.ID == "" {
		t.Fatalf("%+v %+v %v", made, reply, f)
	}
	list, reply, f := api.Dispatches(ctx, "support")
	if f != nil || len(list) != 2 { // the room's dispatch to agents without a name, and ours
		t.Fatalf("%+v %+v %v", list, reply, f)
	}
	if reply, f = api.TakeBack(ctx, "support", made.ID); f != nil || reply.Kind != probe.APIAnswered {
		t.Fatalf("%+v %v", reply, f)
	}
	if list, _, f = api.Dispatches(ctx, "support"); f != nil || len(list) != 1 || list[0].Agent != "" {
		t.Errorf("after that: %+v %v", list, f)
	}
	if _, reply, f = n.API(server.base, testKey, "another-secret-of-more-than-thirty-two").Dispatches(ctx, "support"); f != nil || reply.Kind != probe.APIRefused {
		t.Errorf("with another secret: %+v %v", reply, f)
	}
}

// readable allows the requesting page to read the response.
func readable(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		h.ServeHTTP(w, r)
	})
}

// TestV1Upgrade checks that a WebSocket request to /rtc/v1 counts as lost if the server,
// or a proxy in front of it, does not see the upgrade. The request does not join a room.
func TestV1Upgrade(t *testing.T) {
	server := startLiveKit(t, "")
	for name, tt := range map[string]struct {
		front http.Handler
		lost  bool
	}{
		"livekit":          {lab.Forward(server.base.Host), false},
		"stripped":         {lab.StripUpgrade(lab.Forward(server.base.Host)), true},
		"426":              {lab.Text(http.StatusUpgradeRequired, "Upgrade Required"), true},
		"a login":          {lab.Text(http.StatusUnauthorized, "who are you?"), false},
		"a page":           {lab.SPA(), false},
		"a gateway's page": {lab.Nginx(http.StatusBadGateway, ""), false},
	} {
		t.Run(name, func(t *testing.T) {
			lost, v, f := newNet(t).V1Upgrade(within(t, 20*time.Second), front(t, tt.front))
			if f != nil || lost != tt.lost {
				t.Errorf("lost %t, answer %+v, failure %v", lost, v, f)
			}
		})
	}
}

// TestV1UpgradeOfASilentWebSocket checks that a 101 response is enough: V1Upgrade must
// not wait for a body.
func TestV1UpgradeOfASilentWebSocket(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	silent := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		<-stop
	})
	answered := make(chan struct{})
	n, base := newNetShared(t), front(t, silent)
	go func() {
		defer close(answered)
		if lost, v, f := n.V1Upgrade(within(t, 10*time.Second), base); f != nil || lost || v.Status != http.StatusSwitchingProtocols {
			t.Errorf("lost %t, answer %+v, failure %v", lost, v, f)
		}
	}()
	select {
	case <-answered:
	case <-time.After(30 * time.Second):
		t.Fatal("it waits for a body")
	}
}

func TestV1Validate(t *testing.T) {
	addr := startLiveKit(t, "").base.Host
	v1 := func(h http.Handler) http.Handler { return lab.At("/rtc/v1", h, lab.Forward(addr)) }
	good := tokenFor(t, "alice", "support")
	for _, test := range []struct {
		name   string
		server http.Handler
		tok    string
		kind   probe.V1Kind
		status int
	}{
		{"LiveKit takes it", lab.Forward(addr), good, probe.V1Served, 200},
		{"LiveKit refuses the token", lab.Forward(addr), "lk_demo_nothing", probe.V1Served, 401},
		{"the query is dropped", lab.StripQuery(lab.Forward(addr)), good, probe.V1Served, 401},
		{"a server without it", v1(readable(http.NotFoundHandler())), good, probe.V1Missing, 404},
		{"a proxy without it", v1(readable(lab.Text(404, "no such path"))), good, probe.V1NotPassedOn, 404},
		{"nginx without it", v1(lab.Nginx(404, "")), good, probe.V1Blocked, 404},
		{"Traefik without it", v1(http.NotFoundHandler()), good, probe.V1Blocked, 404},
		{"one page for all", v1(lab.SPA()), good, probe.V1Blocked, 200},
		{"a login", v1(lab.Redirect(302, "https://login.invalid/")), good, probe.V1Blocked, 302},
		{"another path", v1(lab.Redirect(308, "/rtc/validate")), good, probe.V1Blocked, 308},
		{"forbidden", v1(lab.Nginx(403, "")), good, probe.V1Blocked, 403},
		{"bad gateway", v1(lab.Nginx(502, "")), good, probe.V1Blocked, 502},
		{"too many requests", v1(lab.Text(429, "slow down")), good, probe.V1Busy, 429},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := newNet(t)
			v, f := n.V1Validate(within(t, 20*time.Second), front(t, test.server), test.tok, "https://app.test")
			if f != nil {
				t.Fatal(f)
			}
			if v.Kind != test.kind || v.Status != test.status {
				t.Errorf("%+v, want %s and %d", v, test.kind, test.status)
			}
			if v.HTML != strings.Contains("nginx without it, one page for all, forbidden, bad gateway", test.name) {
				t.Errorf("HTML: %v", v.HTML)
			}
			if strings.Contains(fmt.Sprintf("%+v", v), good[len(good)-20:]) {
				t.Errorf("the token is shown: %+v", v)
			}
		})
	}
}
