package lab

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// payload decodes the claims of a token.
func payload(t *testing.T, token string) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// closing registers the peer to be closed at the end of the test and returns it.
func closing(t *testing.T, p *Peer, err error) *Peer {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func rawPeer(t *testing.T, talk func(*net.TCPConn)) *Peer {
	t.Helper()
	p, err := serveRaw(freePort, talk)
	return closing(t, p, err)
}

// talk sends text and returns what comes back until the peer closes the connection or
// 200 ms have passed.
func talk(t *testing.T, addr, text string) (string, error) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, text)
	_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	answer, err := io.ReadAll(conn)
	return string(answer), err
}

func TestRawPeers(t *testing.T) {
	const question = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, test := range []struct {
		name string
		talk func(*net.TCPConn)
		text string
		err  func(error) bool
	}{
		{"silent", silent, "", isTimeout},
		{"reset", reset, "", func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }},
		{"cut", cut, "", func(err error) bool { return err == nil }},
		{"redis", redis, "-ERR unknown command 'GET'", func(err error) bool { return err == nil }},
		{"ssh", ssh, "SSH-2.0-OpenSSH", func(err error) bool { return err == nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := talk(t, rawPeer(t, test.talk).Addr, question)
			if !strings.HasPrefix(text, test.text) || test.text == "" && text != "" || !test.err(err) {
				t.Errorf("got %q, %v", text, err)
			}
		})
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func TestRelays(t *testing.T) {
	greets := rawPeer(t, ssh)
	if text, err := talk(t, rawPeer(t, relayed(greets.Addr)).Addr, "x"); !strings.HasPrefix(text, "SSH-2.0") || err != nil {
		t.Errorf("through the relay: %q, %v", text, err)
	}
	resets := rawPeer(t, reset)
	if text, err := talk(t, rawPeer(t, relayed(resets.Addr)).Addr, "x"); text != "" || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a reset through the relay: %q, %v", text, err)
	}
	either := rawPeer(t, tlsOr(greets.Addr, rawPeer(t, redis).Addr))
	if text, _ := talk(t, either.Addr, "\x16\x03\x01"); !strings.HasPrefix(text, "SSH") {
		t.Errorf("a TLS handshake went to %q", text)
	}
	if text, _ := talk(t, either.Addr, "GET / HTTP/1.1\r\n\r\n"); !strings.HasPrefix(text, "-ERR") {
		t.Errorf("plain HTTP went to %q", text)
	}
}

func TestBlackholeDropsEverySYN(t *testing.T) {
	l := &Lab{}
	addr, err := blackhole(l)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		conn, err := net.DialTimeout("tcp4", addr, 100*time.Millisecond)
		if !isTimeout(err) {
			t.Fatalf("got %v, %v, want a time-out", conn, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := net.DialTimeout("tcp4", addr, time.Second); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("afterwards: %v, want a refusal", err)
	}
}

func TestRefused(t *testing.T) {
	addr, release, err := RefusedAddr()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = release() })
	if _, err := net.Dial("tcp", addr); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v", err)
	}
}

func TestCertificates(t *testing.T) {
	authority, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name        string
		certificate Certificate
		trusted     bool
		check       func(error) bool
	}{
		{"good", Certificate{}, true, func(err error) bool { return err == nil }},
		{"unknown authority", Certificate{}, false, func(err error) bool { return errors.As(err, &x509.UnknownAuthorityError{}) }},
		{"expired", Certificate{From: -48 * time.Hour, Until: -24 * time.Hour}, true, func(err error) bool {
			var invalid x509.CertificateInvalidError
			return errors.As(err, &invalid) && invalid.Reason == x509.Expired
		}},
		{"wrong name", Certificate{Names: []string{"livekit.example.com"}}, true, func(err error) bool { return errors.As(err, &x509.HostnameError{}) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			config, err := authority.Issue(test.certificate)
			if err != nil {
				t.Fatal(err)
			}
			p, err := Serve(Text(200, "OK"), config)
			roots := x509.NewCertPool()
			if test.trusted {
				roots = authority.Pool()
			}
			conn, err := tls.Dial("tcp", closing(t, p, err).Addr, &tls.Config{RootCAs: roots})
			if err == nil {
				_ = conn.Close()
			}
			if !test.check(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPages(t *testing.T) {
	inner := Text(200, "inner")
	for _, test := range []struct {
		name    string
		handler http.Handler
		path    string
		status  int
		text    string
	}{
		{"nginx 404", Nginx(404, ""), "/", 404, "<center>nginx/1.26.2</center>"},
		{"nginx 400", Nginx(400, "The plain HTTP request was sent to HTTPS port"), "/", 400, "plain HTTP request"},
		{"next.js", NextJS(), "/rtc/validate", 404, "This page could not be found"},
		{"spa", SPA(), "/rtc/validate", 200, `<div id="root">`},
		{"prefix", Prefix("/livekit", inner, Nginx(404, "")), "/livekit/rtc", 200, "inner"},
		{"outside the prefix", Prefix("/livekit", inner, Nginx(404, "")), "/rtc", 404, "nginx"},
		{"at", At("/rtc", inner, NextJS()), "/rtc/validate", 200, "inner"},
		{"not at", At("/rtc", inner, NextJS()), "/", 404, "could not be found"},
		{"no upgrade", OnUpgrade(NextJS(), inner), "/", 200, "inner"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := Serve(test.handler, nil)
			status, _, body := fetch(t, http.MethodGet, closing(t, p, err).URL("http")+test.path, "")
			if status != test.status || !strings.Contains(body, test.text) {
				t.Errorf("got %d %q", status, body)
			}
		})
	}
}

func TestPeerClosesWithClientsInMidAir(t *testing.T) {
	entered := make(chan struct{})
	p, err := Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	}), nil)
	closing(t, p, err)
	go func() { _, _ = http.Get(p.URL("http")) }()
	<-entered
	done := make(chan struct{})
	go func() { _ = p.Close(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("Close hangs")
	}
}
