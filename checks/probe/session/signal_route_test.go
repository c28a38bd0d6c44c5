package session_test

import (
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

// TestSignalThroughProxy checks that Remote is not set through an HTTP proxy, because the
// connection ends at the proxy.
func TestSignalThroughProxy(t *testing.T) {
	server := startLiveKit(t, "", "")
	tunnels := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		up, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		down, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		tunnels <- r.Host
		_, _ = io.WriteString(down, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(up, down); _ = up.Close() }()
		_, _ = io.Copy(down, up)
		_ = down.Close()
	}))
	defer proxy.Close()
	through, _ := url.Parse(proxy.URL)
	n := &probe.Net{Proxy: func(*url.URL) (*url.URL, error) { return through, nil }}
	s, f := session.Join(within(t, 10*time.Second), n, server.base, tokenFor(t, "ada", "room"), session.Options{})
	if f != nil {
		t.Fatal(f)
	}
	s.Leave()
	if host := <-tunnels; host != server.base.Host || s.Remote.IsValid() {
		t.Errorf("tunnel to %s, remote %v", host, s.Remote)
	}
}

// TestSignalProxyRefuses checks that a refusal by the proxy is not blamed on the server.
func TestSignalProxyRefuses(t *testing.T) {
	noLeaks(t)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(407) }))
	defer proxy.Close()
	through, _ := url.Parse(proxy.URL)
	n := &probe.Net{Proxy: func(*url.URL) (*url.URL, error) { return through, nil }}
	_, f := session.Join(within(t, 10*time.Second), n, &url.URL{Scheme: "ws", Host: "livekit.invalid"}, anyToken, session.Options{})
	if f == nil || f.Kind != session.SignalNetwork || f.Network.Kind != probe.KindProxy {
		t.Fatalf("got %+v", f)
	}
}

// TestSignalOverTLSAndWarm joins over wss with a warm connection that the server has
// closed, so that it must be replaced.
func TestSignalOverTLSAndWarm(t *testing.T) {
	noLeaks(t)
	hangUp := true
	var mu sync.Mutex
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		first := hangUp
		hangUp = false
		mu.Unlock()
		if first {
			panic(http.ErrAbortHandler) // closes the connection without a response
		}
		ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = ws.Close() }()
		say(ws, joinMessage())
		until(ws, func(m *livekit.SignalRequest) bool { return m.GetLeave() != nil })
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the last client refuses the certificate
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	n := &probe.Net{Roots: roots}
	defer n.Close()
	base := baseOf(t, server)
	n.Warm(base, 1)
	s, f := session.Join(within(t, 10*time.Second), n, base, anyToken, session.Options{})
	if f != nil {
		t.Fatal(f)
	}
	s.Leave()
	if s.Facts.Room != "room" {
		t.Errorf("facts %+v", s.Facts)
	}
	_, f = session.Join(within(t, 10*time.Second), new(probe.Net), base, anyToken, session.Options{})
	if f == nil || f.Kind != session.SignalNetwork || f.Network.Kind != probe.KindTLSUnknownCA {
		t.Errorf("without the root: %+v", f)
	}
}
