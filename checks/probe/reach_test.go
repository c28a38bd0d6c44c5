package probe_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"lkdoctor/checks/probe"
)

// page is one answer for all paths.
func page(status int, header http.Header, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for k, v := range header {
			w.Header()[k] = v
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// likeLiveKit answers as livekit-server 1.13.5 does, / with status.
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
		{"overloaded", page(503, nil, "no available server"), false, probe.ServerOtherHTTP, probe.HealthOverloaded},
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
	if got := len([]rune(r.Excerpt)); got > 80 {
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
				return // with unread bytes the kernel resets, else it closes
			}
			wantKind(t, f, tt.phase, tt.kind)
			if f.What != tt.what {
				t.Errorf("what %q, want %q", f.What, tt.what)
			}
		})
	}
}

// The media port hangs up on HTTP; its number says what it is.
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
	server := startLiveKit(t, "", "")
	_, f := patientNet(t).Reach(t.Context(), parse(t, fmt.Sprintf("ws://127.0.0.1:%d", server.tcp)))
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
	// A server that waits for a line end in the ClientHello looks silent.
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
			found, ok := newNet(t).FindPrefix(t.Context(), parse(t, base+tt.given))
			if tt.want == "none" {
				if ok {
					t.Errorf("found %q", found)
				}
				return
			}
			if !ok || found != base+tt.want {
				t.Errorf("found %q, %v; want %q", found, ok, base+tt.want)
			}
		})
	}
}

// A name that is not loopback's is dialled more than once at a time; nothing of
// it stays open, whether the first connection works or not.
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

// A warm connection that the server has hung up on is not handed out.
func TestTakeConnStale(t *testing.T) {
	closed := make(chan struct{})
	addr := serve(t, func(c net.Conn) { _ = c.Close(); close(closed) })
	n := newNet(t)
	base := parse(t, "ws://"+addr)
	n.Warm(base)
	<-closed
	if c := n.TakeConn(t.Context(), base); c != nil {
		t.Error("a closed connection was handed out")
	}
}

// The limits that DESIGN.md's promises rest on.
func TestDefaultLimits(t *testing.T) {
	l := probe.DefaultLimits()
	if worst := l.TCP; worst > 4500*time.Millisecond {
		t.Errorf("a dropped SYN is named after %v", worst)
	}
	if worst := max(l.FirstByte, l.TLS+1500*time.Millisecond); worst > 5800*time.Millisecond {
		t.Errorf("silence is named after %v", worst)
	}
}

func TestLoopback(t *testing.T) {
	addr := serve(t, drain)
	_, port, _ := net.SplitHostPort(addr)
	n := newNet(t)
	if answers, own := n.Loopback(t.Context(), parse(t, "ws://127.0.0.2:"+port)); !answers || !own {
		t.Errorf("answers %v, own %v", answers, own)
	}
	if answers, own := n.Loopback(t.Context(), parse(t, "ws://192.0.2.1:"+port)); !answers || own {
		t.Errorf("a stranger's address: answers %v, own %v", answers, own)
	}
	n.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }
	if answers, own := n.Loopback(t.Context(), parse(t, "ws://127.0.0.1:"+port)); answers || !own {
		t.Errorf("nobody there: answers %v, own %v", answers, own)
	}
}
