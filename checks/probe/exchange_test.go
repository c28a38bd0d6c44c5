package probe_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe"
)

func TestExchangeGood(t *testing.T) {
	addr := pages(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Method+" "+r.URL.Path+" "+r.Header.Get("User-Agent")+" "+string(body))
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "made")
	})
	n := newNet(t)
	for i := range 2 {
		r, f := n.Exchange(t.Context(), probe.Request{URL: parse(t, "ws://"+addr+"/a"), Body: []byte("{}")})
		if f != nil {
			t.Fatal(f)
		}
		if r.Status != 201 || string(r.Body) != "made" || r.Header.Get("X-Seen") != "GET /a lkdoctor {}" || r.Proto != "HTTP/1.1" {
			t.Errorf("reply %+v", r)
		}
		if r.Address.String() != addr || r.Via != "" {
			t.Errorf("round %d: address %v, via %q", i, r.Address, r.Via)
		}
		if (r.Phases.TCP > 0) != (i == 0) || r.Phases.FirstByte <= 0 {
			t.Errorf("round %d: phases %+v", i, r.Phases)
		}
	}
}

// TestExchangeUnasked checks that data before or after a response is not logged.
// http.Transport logs it to standard error.
func TestExchangeUnasked(t *testing.T) {
	var logged strings.Builder
	log.SetOutput(&logged)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	answer := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	early := serve(t, func(c net.Conn) { _, _ = io.WriteString(c, answer); drain(c) })
	twice := serve(t, func(c net.Conn) { says(answer + answer)(c); drain(c) })
	for range 20 {
		n := newNet(t)
		r, f := n.Exchange(t.Context(), probe.Request{URL: parse(t, "http://"+early)})
		if f != nil || string(r.Body) != "ok" {
			t.Fatalf("early answer: %v, %v", r, f)
		}
		r, f = n.Exchange(t.Context(), probe.Request{Method: "POST", URL: parse(t, "http://"+twice)})
		if f != nil || string(r.Body) != "ok" {
			t.Fatalf("two answers: %v, %v", r, f)
		}
		n.Close()
	}
	if logged.Len() > 0 {
		t.Errorf("logged: %s", logged.String())
	}
}

// TestExchangeClockOfACache checks that the Date of a cached response, which has an Age
// header, is not used as a clock.
func TestExchangeClockOfACache(t *testing.T) {
	addr := pages(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		w.Header().Set("Age", "3600")
	})
	r, f := newNet(t).Exchange(t.Context(), probe.Request{URL: parse(t, "http://"+addr)})
	if f != nil || r.Date != nil {
		t.Errorf("%v, and a clock from a cache: %+v", f, r.Date)
	}
}

// TestExchangePostIsNotLost checks that a POST has a connection of its own. A server may
// close an idle connection at any moment, and a request on it would be lost.
func TestExchangePostIsNotLost(t *testing.T) {
	addr := serve(t, func(c net.Conn) { says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")(c) })
	n := newNet(t)
	for range 50 {
		if _, f := n.Exchange(t.Context(), probe.Request{URL: parse(t, "http://"+addr)}); f != nil {
			t.Fatal(f)
		}
		r, f := n.Exchange(t.Context(), probe.Request{Method: "POST", URL: parse(t, "http://"+addr), Body: []byte("{}")})
		if f != nil || r.Phases.TCP == 0 {
			t.Fatalf("the POST: %+v, %v", r, f)
		}
	}
}

func TestExchangeClock(t *testing.T) {
	ahead := time.Now().Add(90 * time.Second).UTC()
	addr := pages(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", ahead.Format(http.TimeFormat))
	})
	r, f := newNet(t).Exchange(t.Context(), probe.Request{URL: parse(t, "http://"+addr)})
	if f != nil {
		t.Fatal(f)
	}
	offset, plusMinus := r.Date.Offset(), r.Date.Uncertainty()
	if d := (offset - 90*time.Second).Abs(); d > plusMinus+50*time.Millisecond {
		t.Errorf("offset %v ± %v, want 90s", offset, plusMinus)
	}
}

// TestExchangeHostile checks the kind of failure for each hostile peer.
func TestExchangeHostile(t *testing.T) {
	write := func(c net.Conn, chunk string, every time.Duration) {
		go drain(c)
		for {
			if _, err := io.WriteString(c, chunk); err != nil {
				return
			}
			if every > 0 {
				time.Sleep(every) // how fast the peer sends
			}
		}
	}
	const ok = "HTTP/1.1 200 OK\r\n"
	for _, tt := range []struct {
		name   string
		handle func(net.Conn)
		phase  probe.Phase
		kind   probe.Kind
		what   probe.ServerKind
	}{
		{"silent", drain, probe.PhaseHTTP, probe.KindSilent, ""},
		{"closes", says(""), probe.PhaseHTTP, probe.KindClosed, ""},
		{"resets", func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); reset(c) }, probe.PhaseHTTP, probe.KindReset, ""},
		{"ssh", func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-x\x1b[31m\r\n"); drain(c) }, probe.PhaseHTTP, probe.KindNotHTTP, probe.ServerSSH},
		{"ssh without line end", func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-x") }, probe.PhaseHTTP, probe.KindNotHTTP, probe.ServerSSH},
		{"redis", says("-ERR wrong number of arguments for 'get' command\r\n"), probe.PhaseHTTP, probe.KindNotHTTP, probe.ServerRedis},
		{"smtp", func(c net.Conn) { _, _ = io.WriteString(c, "220 mail.example.com ESMTP\r\n"); drain(c) }, probe.PhaseHTTP, probe.KindNotHTTP, probe.ServerSMTP},
		{"tls alert", says("\x15\x03\x01\x00\x02\x02\x46"), probe.PhaseHTTP, probe.KindNotHTTP, probe.ServerTLS},
		{"http2", says("\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80"), probe.PhaseHTTP, probe.KindNotHTTP, probe.ServerHTTP2},
		{"noise", says("\xff\xfe\x00noise\n\n"), probe.PhaseHTTP, probe.KindNotHTTP, probe.ServerUnknown},
		{"endless headers", func(c net.Conn) { _, _ = io.WriteString(c, ok); write(c, "X-A: "+strings.Repeat("a", 1000)+"\r\n", 0) },
			probe.PhaseHTTP, probe.KindHeaderTooLarge, ""},
		{"dripping headers", func(c net.Conn) { _, _ = io.WriteString(c, ok); write(c, "X-A: a\r\n", 20*time.Millisecond) },
			probe.PhaseHTTP, probe.KindHeaderSlow, ""},
		{"1xx flood", func(c net.Conn) { write(c, "HTTP/1.1 103 Early Hints\r\n\r\n", 0) }, probe.PhaseHTTP, probe.KindHeaderTooLarge, ""},
		{"endless body", func(c net.Conn) { _, _ = io.WriteString(c, ok+"\r\n"); write(c, strings.Repeat("x", 65536), 0) },
			probe.PhaseBody, probe.KindBodyTooLarge, ""},
		{"dripping body", func(c net.Conn) { _, _ = io.WriteString(c, ok+"\r\n"); write(c, "x", 20*time.Millisecond) },
			probe.PhaseBody, probe.KindBodySlow, ""},
		{"stalling body", func(c net.Conn) { _, _ = io.WriteString(c, ok+"Content-Length: 9\r\n\r\nx"); drain(c) },
			probe.PhaseBody, probe.KindBodySlow, ""},
		{"cut body", says(ok + "Content-Length: 9\r\n\r\nx"), probe.PhaseBody, probe.KindClosed, ""},
		{"chunk garbage", says(ok + "Transfer-Encoding: chunked\r\n\r\nzzz\r\nhello"), probe.PhaseBody, probe.KindBodyGarbled, ""},
		{"corrupt gzip", says(ok + "Content-Encoding: gzip\r\nContent-Length: 12\r\n\r\nnot gzipped!"), probe.PhaseBody, probe.KindBodyGarbled, ""},
		{"bomb", says(ok + "Content-Encoding: gzip\r\n\r\n" + gzipped(16<<20)), probe.PhaseBody, probe.KindBodyBomb, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := serve(t, tt.handle)
			n := newNetShared(t)
			start := time.Now()
			r, f := n.Exchange(t.Context(), probe.Request{URL: parse(t, "http://"+addr)})
			wantKind(t, f, tt.phase, tt.kind)
			if took := time.Since(start); took > 3*time.Second || f.Took > took {
				t.Errorf("took %v", took)
			}
			if f.What != tt.what {
				t.Errorf("what %q, want %q", f.What, tt.what)
			}
			if (r != nil) != (tt.phase == probe.PhaseBody) {
				t.Errorf("reply %v in phase %s", r, tt.phase)
			}
			if r != nil && len(r.Body) > caps.Body {
				t.Errorf("%d bytes kept", len(r.Body))
			}
			if strings.ContainsAny(f.Error()+f.Banner, "\x1b\x00\r\n") {
				t.Errorf("raw bytes in %q, banner %q", f.Error(), f.Banner)
			}
		})
	}
}

// gzipped returns size zero bytes, compressed.
func gzipped(size int) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(make([]byte, size))
	_ = w.Close()
	return b.String()
}

func TestExchangeBodies(t *testing.T) {
	deep := strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000)
	deflated := func(s string) string {
		var b bytes.Buffer
		w := zlib.NewWriter(&b)
		_, _ = io.WriteString(w, s)
		_ = w.Close()
		return b.String()
	}
	gzippedText := func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, s)
		_ = w.Close()
		return b.String()
	}
	for _, tt := range []struct{ name, answer, body, encoding string }{
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nold", "old", ""},
		{"deep JSON", "HTTP/1.1 200 OK\r\n\r\n" + deep, deep, ""},
		{"gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzippedText("zipped"), "zipped", ""},
		{"deflate", "HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n" + deflated("deflated"), "deflated", ""},
		{"empty gzip", "HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n", "", ""},
		{"brotli", "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nraw", "raw", "br"},
		{"early hints", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\nlate", "late", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := serve(t, says(tt.answer))
			r, f := newNet(t).Exchange(t.Context(), probe.Request{URL: parse(t, "http://"+addr)})
			if f != nil {
				t.Fatal(f)
			}
			if string(r.Body) != tt.body || r.Encoding != tt.encoding {
				t.Errorf("%d bytes, encoding %q", len(r.Body), r.Encoding)
			}
		})
	}
}

func TestExchangeRedirects(t *testing.T) {
	other := pages(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("the other host was asked: %s", r.URL) })
	addr := pages(t, func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{
			"/slash": "/slash/?" + r.URL.RawQuery, "/a": "/b", "/loop": "/loop?302",
			"/other": "http://" + other + "/steal?ticket=tkt_1", "/user": "http://me:pw@" + other + "/x",
			"/tls": "https://127.0.0.1/x", "/bad": "http://[::1/%zz", "/escape": "/b\u202e",
		}[r.URL.Path]
		if to == "" {
			body, _ := io.ReadAll(r.Body)
			_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, body)
			return
		}
		w.Header().Set("Location", to)
		w.WriteHeader(map[string]int{"302": 302, "307": 307, "308": 308}[r.URL.RawQuery])
	})
	for _, tt := range []struct{ name, method, path, body, to string }{
		{"GET follows", "GET", "/a?302", "GET /b ", ""},
		{"POST keeps to a slash", "POST", "/slash?307", "POST /slash/ x", ""},
		{"POST keeps to a slash for good", "POST", "/slash?308", "POST /slash/ x", ""},
		{"POST not after 302", "POST", "/slash?302", "", "/slash/"},
		{"POST not to another path", "POST", "/a?307", "", "/b"},
		{"GET not to another host", "GET", "/other?302", "", "http://" + other + "/steal"},
		{"POST not to another host", "POST", "/other?307", "", "http://" + other + "/steal"},
		{"no credentials shown", "GET", "/user?302", "", "http://" + other + "/x"},
		{"scheme change is another origin", "GET", "/tls?302", "", "https://127.0.0.1/x"},
		{"broken", "GET", "/bad?302", "", "an address that cannot be understood"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := probe.Request{Method: tt.method, URL: parse(t, "http://"+addr+tt.path)}
			if tt.method == "POST" {
				req.Body = []byte("x")
			}
			r, f := newNet(t).Exchange(t.Context(), req)
			if f != nil {
				t.Fatal(f)
			}
			if tt.to == "" {
				if string(r.Body) != tt.body || r.Redirect != nil || len(r.Redirects) != 1 {
					t.Errorf("body %q, redirect %+v, followed %+v", r.Body, r.Redirect, r.Redirects)
				}
				return
			}
			if r.Redirect == nil || !strings.HasSuffix(r.Redirect.To, tt.to) {
				t.Fatalf("redirect %+v, want to %q", r.Redirect, tt.to)
			}
			if r.Redirect.ToTLS != (tt.path == "/tls?302") || strings.Contains(r.Redirect.To, "tkt_1") {
				t.Errorf("redirect %+v", r.Redirect)
			}
		})
	}
	r, f := newNet(t).Exchange(t.Context(), probe.Request{URL: parse(t, "http://"+addr+"/loop?302")})
	wantKind(t, f, probe.PhaseHTTP, probe.KindRedirectRefused)
	if r == nil || r.Redirect == nil || len(r.Redirects) != 5 {
		t.Errorf("after a loop: %+v", r)
	}
}

func TestExchangeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	addr := serve(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); cancel(); drain(c) })
	_, f := newNet(t).Exchange(ctx, probe.Request{URL: parse(t, "http://"+addr)})
	wantKind(t, f, probe.PhaseHTTP, probe.KindCancelled)
}

func TestExchangeTLS(t *testing.T) {
	ca := newAuthority(t)
	addr := serve(t, secure(ca.issue(t, nil), says("HTTP/1.1 200 OK\r\n\r\nok")))
	n := newNet(t)
	n.Roots = ca.pool
	r, f := n.Exchange(t.Context(), probe.Request{URL: parse(t, "wss://"+addr)})
	if f != nil {
		t.Fatal(f)
	}
	if r.Cert == nil || r.Phases.TLS <= 0 {
		t.Errorf("certificate %+v, phases %+v", r.Cert, r.Phases)
	}
	_, f = newNet(t).Exchange(t.Context(), probe.Request{URL: parse(t, "https://"+addr)})
	wantKind(t, f, probe.PhaseTLS, probe.KindTLSUnknownCA)
}

// TestExchangeSecretHeader checks that no error text shows the value of an invalid header.
func TestExchangeSecretHeader(t *testing.T) {
	addr := pages(t, func(http.ResponseWriter, *http.Request) {})
	_, f := newNet(t).Exchange(t.Context(), probe.Request{URL: parse(t, "http://"+addr),
		Header: http.Header{"Authorization": {"Bearer s3cr3t-value\n"}}})
	if f == nil {
		t.Fatal("a header with a line feed was sent")
	}
	if strings.Contains(fmt.Sprintf("%v %+v", f, *f), "s3cr3t") {
		t.Errorf("the value shows: %+v", *f)
	}
}
