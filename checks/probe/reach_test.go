package probe_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lkdoctor/checks/probe"
)

// page returns a handler with the same response for all paths.
func page(status int, header http.Header, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for k, v := range header {
			w.Header()[k] = v
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// likeLiveKit returns a handler that responds as livekit-server 1.13.5 does; status and
// body are the response at /.
func likeLiveKit(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		case "/rtc/validate":
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, "no permissions to access the room")
		default:
			http.NotFound(w, r)
		}
	}
}

func TestReachWhat(t *testing.T) {
	html := http.Header{"Content-Type": {"text/html"}}
	with := func(k, v string) http.Header { return http.Header{"Content-Type": {"text/html"}, k: {v}} }
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		livekit bool
		what    probe.ServerKind
		health  probe.Health
	}{
		{"livekit", likeLiveKit(200, "OK"), true, probe.ServerLiveKit, probe.HealthOK},
		{"livekit, root not passed on", likeLiveKit(404, "nginx"), true, probe.ServerLiveKit, probe.HealthOK},
		{"livekit not ready", likeLiveKit(406, "Not Ready\nNode Updated At …"), true, probe.ServerLiveKit, probe.HealthNotReady},
		{"nginx", page(404, with("Server", "nginx/1.27"), "<html>404"), false, probe.ServerNginx, probe.HealthUnknown},
		{"nginx without upstream", page(502, with("Server", "nginx/1.27"), "<html>502"), false, probe.ServerNginx, probe.HealthBadGateway},
		{"overloaded", page(503, nil, "no available server"), false, probe.ServerTraefik, probe.HealthOverloaded},
		{"quota", page(429, nil, "too many"), false, probe.ServerOtherHTTP, probe.HealthQuota},
		{"nextjs", page(404, with("X-Powered-By", "Next.js"), "<html>"), false, probe.ServerNextJS, probe.HealthUnknown},
		{"nextjs page for all", page(200, html, `<!DOCTYPE html><script src="/_next/static/chunks/x.js">`), false, probe.ServerNextJS, probe.HealthUnknown},
		{"spa", page(200, html, "<!doctype html><div id=root>"), false, probe.ServerSPA, probe.HealthUnknown},
		{"spa behind nginx", page(200, with("Server", "nginx"), "<!doctype html>"), false, probe.ServerSPA, probe.HealthUnknown},
		{"caddy", page(404, with("Server", "Caddy"), ""), false, probe.ServerCaddy, probe.HealthUnknown},
		{"cloudflare", page(403, with("Server", "cloudflare"), "<html>"), false, probe.ServerCloudflare, probe.HealthUnknown},
		{"ticket service", page(404, http.Header{"Server": {"uvicorn"}}, `{"detail":"Not Found"}`), false, probe.ServerUvicorn, probe.HealthUnknown},
		{"express", page(404, with("X-Powered-By", "Express"), "Cannot GET /"), false, probe.ServerExpress, probe.HealthUnknown},
		{"go mux", http.NotFound, false, probe.ServerGoMux, probe.HealthUnknown},
		{"other", page(401, nil, "who are you?"), false, probe.ServerOtherHTTP, probe.HealthUnknown},
		{"success without being asked", page(200, nil, "success"), false, probe.ServerOtherHTTP, probe.HealthUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := pages(t, tt.handler)
			r, f := newNet(t).Reach(t.Context(), parse(t, "ws://"+addr))
			if f != nil {
				t.Fatal(f)
			}
			if r.IsLiveKit != tt.livekit || r.What != tt.what || r.Health != tt.health {
				t.Errorf("livekit %v, what %s, health %s", r.IsLiveKit, r.What, r.Health)
			}
		})
	}
}

func TestReachRedirected(t *testing.T) {
	addr := pages(t, page(301, http.Header{"Location": {"https://127.0.0.1/?next=secret"}}, ""))
	r, f := newNet(t).Reach(t.Context(), parse(t, "ws://"+addr))
	if f != nil {
		t.Fatal(f)
	}
	if r.IsLiveKit || r.Redirect == nil || !r.Redirect.ToTLS || r.Redirect.SameOrigin || r.Redirect.To != "https://127.0.0.1/" {
		t.Errorf("livekit %v, redirect %+v", r.IsLiveKit, r.Redirect)
	}
}

func TestReachCleansEvidence(t *testing.T) {
	addr := serve(t, says("HTTP/1.1 404 Not Found\r\nServer: evil\x9b31m\r\nConnection: close\r\n\r\n\x1b]0;owned\x07"+strings.Repeat("é", 500)))
	r, f := newNet(t).Reach(t.Context(), parse(t, "ws://"+addr))
	if f != nil {
		t.Fatal(f)
	}
	if strings.ContainsAny(r.Excerpt+r.ServerHeader, "\x1b\x07") || strings.ContainsRune(r.ServerHeader, 0x9b) {
		t.Errorf("raw bytes: %q %q", r.Excerpt, r.ServerHeader)
	}
	if got := len([]rune(r.Excerpt)); got > 160 {
		t.Errorf("excerpt of %d characters", got)
	}
}

func TestReachFailures(t *testing.T) {
	for _, tt := range []struct {
		name, scheme string
		handle       func(net.Conn)
		phase        probe.Phase
		kind         probe.Kind
		what         probe.ServerKind
	}{
		{"silent", "ws", drain, probe.PhaseHTTP, probe.KindSilent, ""},
		{"silent to TLS", "wss", drain, probe.PhaseTLS, probe.KindSilent, ""},
		{"resets", "ws", func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); reset(c) }, probe.PhaseHTTP, probe.KindReset, ""},
		{"closes", "ws", func(c net.Conn) { _, _ = bufio.NewReader(c).ReadString('\n') }, probe.PhaseHTTP, probe.KindReset, ""},
		{"redis", "ws", says("-ERR unknown command 'GET'\r\n"), probe.PhaseHTTP, probe.KindNotHTTP, probe.ServerRedis},
		{"redis to TLS", "wss", func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)); _, _ = io.WriteString(c, "-ERR x\r\n") },
			probe.PhaseTLS, probe.KindTLSPlainPort, probe.ServerRedis},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := serve(t, tt.handle)
			_, f := newNet(t).Reach(t.Context(), parse(t, tt.scheme+"://"+addr))
			if f != nil && tt.name == "closes" && f.Kind == probe.KindClosed {
				return // the kernel sends RST only if bytes are unread
			}
			wantKind(t, f, tt.phase, tt.kind)
			if f.What != tt.what {
				t.Errorf("what %q, want %q", f.What, tt.what)
			}
		})
	}
}

// TestReachMediaPort checks that a server that resets HTTP on port 7881 is recognized as
// the media port.
func TestReachMediaPort(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:7881")
	if err != nil {
		t.Skip("port 7881 is in use on this machine")
	}
	serveOn(t, l, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); reset(c) })
	_, f := newNet(t).Reach(t.Context(), parse(t, "ws://127.0.0.1:7881"))
	wantKind(t, f, probe.PhaseHTTP, probe.KindReset)
	if f.What != probe.ServerMediaPort {
		t.Errorf("what %q", f.What)
	}
}

func TestReachRealMediaPort(t *testing.T) {
	server := startLiveKit(t, "")
	_, f := slowNet(t).Reach(t.Context(), parse(t, fmt.Sprintf("ws://127.0.0.1:%d", server.tcp)))
	if f == nil || f.Phase != probe.PhaseHTTP || (f.Kind != probe.KindReset && f.Kind != probe.KindClosed) {
		t.Fatalf("got %v, want a hang-up", f)
	}
}

func TestReachWrongScheme(t *testing.T) {
	ca := newAuthority(t)
	t.Run("wss to plain", func(t *testing.T) {
		addr := pages(t, likeLiveKit(200, "OK"))
		_, f := newNet(t).Reach(t.Context(), parse(t, "wss://"+addr))
		wantKind(t, f, probe.PhaseTLS, probe.KindTLSPlainPort)
	})
	// This server waits for a line end, which the ClientHello does not contain.
	t.Run("wss to plain that waits", func(t *testing.T) {
		addr := serve(t, func(c net.Conn) {
			b := bufio.NewReader(c)
			if first, err := b.Peek(1); err != nil || first[0] != 'G' {
				drain(c)
				return
			}
			if _, err := http.ReadRequest(b); err == nil {
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
			}
		})
		_, f := newNet(t).Reach(t.Context(), parse(t, "wss://"+addr))
		wantKind(t, f, probe.PhaseTLS, probe.KindTLSPlainPort)
	})
	t.Run("ws to TLS of Go", func(t *testing.T) {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		srv := &http.Server{Handler: likeLiveKit(200, "OK"), TLSConfig: ca.issue(t, nil), ErrorLog: log.New(io.Discard, "", 0)}
		done := make(chan struct{})
		go func() { defer close(done); _ = srv.ServeTLS(l, "", "") }()
		t.Cleanup(func() { _ = srv.Close(); <-done })
		_, f := newNet(t).Reach(t.Context(), parse(t, "ws://"+l.Addr().String()))
		wantKind(t, f, probe.PhaseHTTP, probe.KindPlainToTLS)
		if f.Cert == nil || f.Cert.Subject != "CN=leaf" {
			t.Errorf("certificate %+v", f.Cert)
		}
	})
	t.Run("ws to TLS that alerts", func(t *testing.T) {
		addr := serve(t, secure(ca.issue(t, nil), drain))
		_, f := newNet(t).Reach(t.Context(), parse(t, "ws://"+addr))
		wantKind(t, f, probe.PhaseHTTP, probe.KindPlainToTLS)
	})
}

func TestFindPrefix(t *testing.T) {
	under := func(prefix string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			http.StripPrefix(prefix, likeLiveKit(200, "OK")).ServeHTTP(w, r)
		}
	}
	for _, tt := range []struct{ name, at, given, want string }{
		{"path too much", "", "/rtc", ""},
		{"path too much, deep", "/sfu", "/sfu/rtc", "/sfu"},
		{"prefix missing", "/livekit", "", "/livekit"},
		{"wrong prefix", "/api/livekit", "/livekit/", "/api/livekit"},
		{"nowhere", "/elsewhere", "", "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base := "ws://" + pages(t, under(tt.at))
			r, f := newNet(t).Reach(t.Context(), parse(t, base+tt.given))
			if f != nil {
				t.Fatal(f)
			}
			want := base + tt.want
			if tt.want == "none" {
				want = ""
			}
			if r.FoundAt != want {
				t.Errorf("found %q, want %q", r.FoundAt, want)
			}
		})
	}
}

// TestReachFar covers a host that is not loopback, to which Reach opens several
// connections at a time. newNet checks that none remains.
func TestReachFar(t *testing.T) {
	addr := pages(t, likeLiveKit(200, "OK"))
	for name, dead := range map[string]bool{"answers": false, "refuses": true} {
		t.Run(name, func(t *testing.T) {
			n := newNet(t)
			n.Resolver = names(func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
			})
			n.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
				if dead {
					return nil, syscall.ECONNREFUSED
				}
				return (&net.Dialer{}).DialContext(ctx, network, addr)
			}
			base := parse(t, "ws://demo.example.com")
			r, f := n.Reach(t.Context(), base)
			if dead {
				wantKind(t, f, probe.PhaseTCP, probe.KindRefused)
				return
			}
			if f != nil || !r.IsLiveKit {
				t.Fatalf("reach %+v, failure %v", r, f)
			}
			if c := n.TakeConn(t.Context(), base); c == nil {
				t.Error("no warm connection")
			} else {
				_ = c.Close()
			}
		})
	}
}

// TestTakeConnStale checks that TakeConn does not return a connection that the server
// has closed.
func TestTakeConnStale(t *testing.T) {
	closed := make(chan struct{})
	addr := serve(t, func(c net.Conn) { _ = c.Close(); close(closed) })
	n := newNet(t)
	base := parse(t, "ws://"+addr)
	n.Warm(base, 1)
	<-closed
	if c := n.TakeConn(t.Context(), base); c != nil {
		t.Error("a closed connection was handed out")
	}
}

// A gate blocks its callers until a given number of them wait.
type gate struct {
	missing atomic.Int32
	open    chan struct{}
}

func newGate(count int32) *gate {
	g := &gate{open: make(chan struct{})}
	g.missing.Store(count)
	return g
}

func (g *gate) wait(ctx context.Context) {
	if g.missing.Add(-1) == 0 {
		close(g.open)
	}
	select {
	case <-g.open:
	case <-ctx.Done():
	}
}

// TestReachOpensEnough checks that, after Reach, four concurrent requests and the
// WebSocket find open connections.
func TestReachOpensEnough(t *testing.T) {
	const asked = 4
	reaching, asking := newGate(2), newGate(asked)
	livekit := likeLiveKit(200, "OK")
	addr := pages(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/question" {
			asking.wait(r.Context())
		} else {
			reaching.wait(r.Context())
		}
		livekit.ServeHTTP(w, r)
	}))
	n := newNet(t)
	n.Resolver = names(func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
	})
	var dials atomic.Int32
	n.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		if dials.Add(1) > 5 { // two of Reach, three warm ones
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	base := parse(t, "ws://demo.example.com")
	if r, f := n.Reach(t.Context(), base); f != nil || !r.IsLiveKit {
		t.Fatalf("reach %+v, failure %v", r, f)
	}
	for until := time.Now().Add(5 * time.Second); dials.Load() < 5; runtime.Gosched() {
		if time.Now().After(until) {
			t.Fatalf("%d connections were opened", dials.Load())
		}
	}
	var questions sync.WaitGroup
	for range asked {
		questions.Go(func() {
			if _, f := n.Exchange(t.Context(), probe.Request{URL: parse(t, "http://demo.example.com/question")}); f != nil {
				t.Error(f)
			}
		})
	}
	questions.Wait()
	conn := n.TakeConn(t.Context(), base)
	if conn == nil {
		t.Fatal("no connection is left for the WebSocket")
	}
	_ = conn.Close()
}

// TestWarmHungUp checks that a read-only request is retried if the server closed its
// warm connection, and that other requests do not use warm connections.
func TestWarmHungUp(t *testing.T) {
	var conns atomic.Int32
	addr := serve(t, func(c net.Conn) {
		defer func() { _ = c.Close() }()
		number := conns.Add(1)
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil && number > 2 {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}
	})
	for _, tt := range []struct {
		name    string
		request probe.Request
	}{
		{"GET", probe.Request{}},
		{"POST that reads", probe.Request{Method: http.MethodPost, ReadOnly: true}},
		{"POST", probe.Request{Method: http.MethodPost}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conns.Store(0)
			n := newNet(t)
			tt.request.URL = parse(t, "http://"+addr)
			n.Warm(tt.request.URL, 2)
			for conns.Load() < 2 {
				runtime.Gosched()
			}
			if _, f := n.Exchange(t.Context(), tt.request); f != nil || conns.Load() != 3 {
				t.Errorf("failure %v, %d connections", f, conns.Load())
			}
		})
	}
}

// TestDefaultLimits checks the times after which silence and dropped SYNs are reported.
func TestDefaultLimits(t *testing.T) {
	l := probe.DefaultLimits()
	if worst := l.TCP; worst > 4500*time.Millisecond {
		t.Errorf("a dropped SYN is named after %v", worst)
	}
	if worst := max(l.FirstByte, l.TLS+1500*time.Millisecond); worst > 5800*time.Millisecond {
		t.Errorf("silence is named after %v", worst)
	}
}

// TestRefusedHere checks that, after a refused connection, Reach tries the port on
// loopback and reports whether the address is one of this machine.
func TestRefusedHere(t *testing.T) {
	_, port, _ := net.SplitHostPort(serve(t, drain))
	_, f := newNet(t).Reach(t.Context(), parse(t, "ws://127.0.0.2:"+port))
	if f == nil || f.Kind != probe.KindRefused || !f.Own || f.Loopback.String() != "127.0.0.1" {
		t.Errorf("got %+v, want a refusal whose port answers at 127.0.0.1", f)
	}
	n := newNet(t)
	n.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }
	for host, own := range map[string]bool{"127.0.0.1": true, "192.0.2.1": false} {
		if _, f := n.Reach(t.Context(), parse(t, "ws://"+host+":"+port)); f == nil || f.Own != own || f.Loopback.IsValid() {
			t.Errorf("%s, nobody there: %+v", host, f)
		}
	}
}

// TestFront checks how proxies are recognized by their headers or error pages.
func TestFront(t *testing.T) {
	for _, tt := range []struct {
		status int
		header http.Header
		body   string
		want   probe.ServerKind
	}{
		{404, http.Header{"Server": {"nginx/1.26.2"}}, "404 page not found", probe.ServerNginx},
		{502, http.Header{"Server": {"Caddy"}}, "", probe.ServerCaddy},
		{401, http.Header{"Via": {"1.1 Caddy"}}, "no permissions to access the room", probe.ServerCaddy},
		{404, http.Header{"Server": {"Apache/2.4.62 (Debian)"}}, "", probe.ServerApache},
		{502, http.Header{}, "Bad Gateway", probe.ServerTraefik},
		{503, http.Header{}, "no available server\n", probe.ServerTraefik},
		{502, http.Header{"Server": {"gunicorn"}}, "Bad Gateway", probe.ServerUnknown},
		{503, http.Header{"Cache-Control": {"no-cache"}}, "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n", probe.ServerHAProxy},
		{504, http.Header{"X-Powered-By": {"Express"}}, "Error occurred while trying to proxy: localhost:8080/", probe.ServerExpress},
		{200, http.Header{"Cf-Ray": {"8a"}}, "", probe.ServerCloudflare},
		{401, http.Header{"Content-Type": {"text/plain"}}, "no permissions to access the room", probe.ServerUnknown},
	} {
		if got := probe.Front(tt.status, tt.header, tt.body); got != tt.want {
			t.Errorf("%d %v %q: %s, want %s", tt.status, tt.header, tt.body, got, tt.want)
		}
	}
}

// TestTLSAlerts checks the kinds of failure for TLS alerts, and for nginx's page about a
// missing client certificate.
func TestTLSAlerts(t *testing.T) {
	ca := newAuthority(t)
	for _, tt := range []struct {
		name   string
		change func(*tls.Config)
		want   probe.Kind
	}{
		{"wants a client certificate, TLS 1.3", func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }, probe.KindTLSClient},
		{"wants a client certificate, TLS 1.2", func(c *tls.Config) { c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12 }, probe.KindTLSClient},
		{"nginx wants a client certificate", func(c *tls.Config) { c.ClientAuth = tls.RequestClientCert }, probe.KindTLSClient},
		{"old versions", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, probe.KindTLSVersion},
	} {
		t.Run(tt.name, func(t *testing.T) {
			handler := likeLiveKit(200, "OK")
			if strings.HasPrefix(tt.name, "nginx") {
				handler = page(400, http.Header{"Server": {"nginx"}}, "<html><head><title>400 No required SSL certificate was sent</title></head></html>")
			}
			server := httptest.NewUnstartedServer(handler)
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.TLS = ca.issue(t, nil)
			tt.change(server.TLS)
			server.StartTLS()
			defer server.Close()
			n := newNet(t)
			n.Roots = ca.pool
			_, f := n.Reach(t.Context(), parse(t, "wss"+strings.TrimPrefix(server.URL, "https")))
			if f == nil || f.Kind != tt.want || f.Phase != probe.PhaseTLS {
				t.Errorf("got %v, want %s", f, tt.want)
			}
		})
	}
}

// TestIssuerMissing checks that a missing intermediate certificate of a public authority
// is distinguished from a private authority.
func TestIssuerMissing(t *testing.T) {
	ca := newAuthority(t)
	for want, change := range map[bool]func(*x509.Certificate){
		true:  func(c *x509.Certificate) { c.IssuingCertificateURL = []string{"http://ca.example/r3.der"} },
		false: nil,
	} {
		addr := serve(t, secure(ca.issue(t, change), drain))
		_, f := newNet(t).Reach(t.Context(), parse(t, "wss://"+addr))
		wantKind(t, f, probe.PhaseTLS, probe.KindTLSUnknownCA)
		if f.Cert == nil || f.Cert.IssuerMissing != want {
			t.Errorf("certificate %+v, want IssuerMissing %v", f.Cert, want)
		}
	}
}
