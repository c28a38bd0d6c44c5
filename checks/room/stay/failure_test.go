package stay

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"lkdoctor/checks/probe"
	"lkdoctor/checks/room"
)

// stranger starts an HTTP server with handler serve and returns its ws URL. stop is
// closed at the end of the test.
func stranger(t *testing.T, serve func(w http.ResponseWriter, r *http.Request, stop <-chan struct{})) string {
	t.Helper()
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, stop) }))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(stop) })
	return strings.Replace(s.URL, "http", "ws", 1)
}

func upgraded(then func(c *websocket.Conn, stop <-chan struct{})) func(http.ResponseWriter, *http.Request, <-chan struct{}) {
	return func(w http.ResponseWriter, r *http.Request, stop <-chan struct{}) {
		if c, err := (&websocket.Upgrader{}).Upgrade(w, r, nil); err == nil {
			defer c.Close()
			then(c, stop)
		}
	}
}

func TestAJoinThatFailsSaysHowFarItCame(t *testing.T) {
	const canary = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ"
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for name, c := range map[string]struct {
		url, want string
	}{
		"silent": {stranger(t, upgraded(func(_ *websocket.Conn, stop <-chan struct{}) { <-stop })), "said nothing"},
		"closes": {stranger(t, upgraded(func(*websocket.Conn, <-chan struct{}) {})), "closed before the server said Join"},
		"refuses": {stranger(t, func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
			http.Error(w, "no\x1b[31m "+r.Header.Get("Authorization"), http.StatusUnauthorized)
		}), "refused the WebSocket with 401"},
		"nobody": {"ws://" + closed.Addr().String(), "was not reached"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t, c.url, canary)
			o.Net.Limits = probe.DefaultLimits().Scaled(0.3)
			began := time.Now()
			g := open(t, t.Context(), o)
			end := g.rest()
			if end.End.Outcome != room.NotJoined || end.End.Stage != "signal" || !strings.Contains(end.Text.String(), c.want) {
				t.Errorf("end: %s %+v", end.Text, end.End)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("took %s", took)
			}
			raw, err := json.Marshal(g.seen)
			if err != nil {
				t.Fatal(err)
			}
			if text := string(raw) + end.Text.String(); strings.Contains(text, "Y2FuYXJ5") || strings.Contains(text, "c2lnbmF0") || strings.Contains(text, "\x1b") {
				t.Errorf("not clean: %q", text)
			}
		})
	}
}

func TestMediaThatNeverConnectsIsSaid(t *testing.T) {
	s := newSite(t, "")
	o := options(t, s.server.URL, s.token("ann"))
	o.Net.Limits = probe.DefaultLimits().Scaled(0.3)
	o.Media.ForceRelay = true // the server has no TURN server
	g := open(t, t.Context(), o)
	end := g.rest()
	if end.End.Outcome != room.NotJoined || end.End.Stage != "media" || !strings.Contains(end.Text.String(), "no media path connected") {
		t.Errorf("end: %s %+v", end.Text, end.End)
	}
	s.only()
}

// TestTimeOverWhileReconnectingIsLost checks that a stay whose time ends while the server
// is gone has the outcome Lost.
func TestTimeOverWhileReconnectingIsLost(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	proxy := s.behindProxy()
	o := options(t, proxy.URL("ws"), s.token("ann"))
	o.For = 1500 * time.Millisecond
	g := open(t, t.Context(), o)
	g.until("media is up", func(e room.Event) bool { return e.Type == room.Media })
	_ = proxy.Close()
	if end := g.rest(); end.End.Outcome != room.Lost {
		t.Errorf("end: %s %+v", end.Text, end.End)
	}
}

// TestTenAttemptsAndThenLost checks the end of a stay whose server does not come back.
func TestTenAttemptsAndThenLost(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	proxy := s.behindProxy()
	o := options(t, proxy.URL("ws"), s.token("ann"))
	o.Net.Limits.Pause = time.Millisecond
	g := open(t, t.Context(), o)
	g.until("media is up", func(e room.Event) bool { return e.Type == room.Media })
	_ = proxy.Close()
	if end := g.rest(); end.End.Outcome != room.Lost || !strings.Contains(end.Text.String(), "ten attempts") {
		t.Errorf("end: %s %+v", end.Text, end.End)
	}
}

func TestInterruptedWhileJoining(t *testing.T) {
	u := stranger(t, upgraded(func(_ *websocket.Conn, stop <-chan struct{}) { <-stop }))
	ctx, cancel := context.WithCancel(t.Context())
	g := open(t, ctx, options(t, u, "token"))
	g.until("it begins", func(e room.Event) bool { return e.Type == room.Joining })
	began := time.Now()
	cancel()
	if end := g.rest(); end.End.Outcome != room.Interrupted {
		t.Errorf("end: %+v", end.End)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %s", took)
	}
}

// TestAServerThatVanishesIsNotWaitedForOnLeaving checks that Close does not wait for a
// server that has disappeared.
func TestAServerThatVanishesIsNotWaitedForOnLeaving(t *testing.T) {
	s := newSite(t, "")
	proxy := s.behindProxy()
	g := open(t, t.Context(), options(t, proxy.URL("ws"), s.token("ann")))
	g.until("media is up", func(e room.Event) bool { return e.Type == room.Media })
	_ = proxy.Close()
	g.until("it notices", func(e room.Event) bool { return e.Type == room.Reconnecting })
	began := time.Now()
	g.Close()
	if took := time.Since(began); took > time.Second {
		t.Errorf("leaving took %s", took)
	}
}

func TestNoGoroutineIsLeft(t *testing.T) {
	s := newSite(t, "")
	round := func() {
		g := s.in("ann")
		if err := g.Publish(room.Tone); err != nil {
			t.Fatal(err)
		}
		g.Close()
		s.only()
	}
	round()
	ours := func() []string {
		buf := make([]byte, 4<<20)
		var list []string
		for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if (strings.Contains(stack, "lkdoctor/checks/room/stay.") || strings.Contains(stack, "lkdoctor/checks/probe/session.")) &&
				!strings.Contains(stack, "checks/room/stay.Test") {
				list = append(list, stack)
			}
		}
		return list
	}
	for range 3 {
		round()
	}
	for deadline := time.Now().Add(limit); len(ours()) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left:\n%s", len(ours()), strings.Join(ours(), "\n\n"))
		}
	}
}
