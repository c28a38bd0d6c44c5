package probe_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lkdoctor/checks/probe"
)

// quick returns limits that keep tests short and are far above what loopback needs.
func quick() probe.Limits {
	return probe.Limits{DNS: 300 * time.Millisecond, TCP: 300 * time.Millisecond, TLS: 300 * time.Millisecond,
		FirstByte: 300 * time.Millisecond, Exchange: 600 * time.Millisecond, Extra: 300 * time.Millisecond}
}

// newNet returns a Net without a proxy. At the end of the test it is closed, and no new
// goroutine may be running.
func newNet(t *testing.T) *probe.Net {
	t.Helper()
	before := goleak.IgnoreCurrent()
	// Goroutines of a livekit-server that another test has stopped.
	server := goleak.IgnoreTopFunction("github.com/gammazero/workerpool.worker")
	n := &probe.Net{Limits: quick(), Proxy: func(*url.URL) (*url.URL, error) { return nil, nil }}
	t.Cleanup(func() {
		n.Close()
		goleak.VerifyNone(t, before, server)
	})
	return n
}

// serve accepts connections on loopback and runs handle for each. handle must return
// once its connection is closed.
func serve(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, l, handle)
}

func serveOn(t *testing.T, l net.Listener, handle func(net.Conn)) string {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				handle(c)
			}()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

// drain reads until the peer closes the connection.
func drain(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// says returns a handler that reads a request, writes answer and closes the connection.
func says(answer string) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			return
		}
		_, _ = io.WriteString(c, answer)
	}
}

// pages starts an HTTP server and returns its address.
func pages(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return l.Addr().String()
}

// reset closes the connection with RST.
func reset(c net.Conn) {
	if tc, ok := c.(*net.TCPConn); ok {
		_ = tc.SetLinger(0)
	}
	_ = c.Close()
}

func parse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// An authority issues certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{cert: cert, key: key, pool: x509.NewCertPool()}
	a.pool.AddCert(cert)
	return a
}

// issue returns a server configuration with a certificate for 127.0.0.1 and localhost,
// modified by change.
func (a *authority) issue(t *testing.T, change func(*x509.Certificate)) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if change != nil {
		change(tmpl)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// secure returns a handler that completes the TLS handshake and then runs handle.
func secure(config *tls.Config, handle func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		s := tls.Server(c, config)
		if s.Handshake() == nil {
			handle(s)
		}
	}
}

// names is a resolver that calls a function.
type names func(ctx context.Context, host string) ([]netip.Addr, error)

func (f names) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	return f(ctx, host)
}

// wantKind fails the test unless f has the phase and kind.
func wantKind(t *testing.T, f *probe.Failure, phase probe.Phase, kind probe.Kind) {
	t.Helper()
	if f == nil {
		t.Fatalf("no failure, want %s/%s", phase, kind)
	}
	if f.Kind != kind || f.Phase != phase {
		t.Fatalf("got %s/%s, want %s/%s (%v)", f.Phase, f.Kind, phase, kind, f)
	}
}

// newNetShared returns a Net like newNet's, without the leak check, for parallel subtests
// whose goroutines come and go.
func newNetShared(t *testing.T) *probe.Net {
	t.Helper()
	n := &probe.Net{Limits: quick(), Proxy: func(*url.URL) (*url.URL, error) { return nil, nil }}
	t.Cleanup(n.Close)
	return n
}

// slowNet returns a Net with default limits, for a real server.
func slowNet(t *testing.T) *probe.Net {
	t.Helper()
	n := newNetShared(t)
	n.Limits = probe.Limits{}
	return n
}
