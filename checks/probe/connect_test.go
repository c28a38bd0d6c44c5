package probe_test

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lkdoctor/checks/probe"
)

func TestConnectPlain(t *testing.T) {
	addr := serve(t, drain)
	n := newNet(t)
	conn, f := n.Connect(t.Context(), parse(t, "ws://"+addr))
	if f != nil {
		t.Fatal(f)
	}
	defer func() { _ = conn.Close() }()
	if conn.Address.String() != addr || conn.Cert != nil || conn.Phases.TCP <= 0 || conn.Phases.DNS != 0 {
		t.Errorf("address %v, certificate %v, phases %+v", conn.Address, conn.Cert, conn.Phases)
	}
}

func TestConnectRefused(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	_, f := newNet(t).Connect(t.Context(), parse(t, "ws://"+addr))
	wantKind(t, f, probe.PhaseTCP, probe.KindRefused)
	if f.Address != addr || f.Host != addr {
		t.Errorf("address %q, host %q, want %q", f.Address, f.Host, addr)
	}
}

// TestConnectDroppedSYN uses a listener with a full queue, which drops further SYNs as a
// firewall does.
func TestConnectDroppedSYN(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(sa.(*syscall.SockaddrInet4).Port)).String()
	for range 8 {
		c, err := net.DialTimeout("tcp4", addr, 50*time.Millisecond)
		if err != nil {
			break // the queue is full
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	_, f := newNet(t).Connect(t.Context(), parse(t, "ws://"+addr))
	wantKind(t, f, probe.PhaseTCP, probe.KindSYNTimeout)
	if !f.Timeout() || f.Took > 2*time.Second {
		t.Errorf("timeout %v after %v", f.Timeout(), f.Took)
	}
}

func TestConnectNames(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer names
		want   probe.Kind
	}{
		{"absent", func(_ context.Context, host string) ([]netip.Addr, error) {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}, probe.KindDNSAbsent},
		{"server failure", func(_ context.Context, host string) ([]netip.Addr, error) {
			return nil, &net.DNSError{Err: "server misbehaving", Name: host, IsTemporary: true}
		}, probe.KindDNSFailed},
		{"no addresses", func(context.Context, string) ([]netip.Addr, error) { return nil, nil }, probe.KindDNSFailed},
		{"silence", func(ctx context.Context, _ string) ([]netip.Addr, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, probe.KindDNSFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newNet(t)
			n.Resolver = tt.answer
			_, f := n.Connect(t.Context(), parse(t, "wss://demo.example.com"))
			wantKind(t, f, probe.PhaseDNS, tt.want)
			if f.Host != "demo.example.com:443" || f.Detail == "" {
				t.Errorf("host %q, detail %q", f.Host, f.Detail)
			}
		})
	}
}

// TestConnectHappyEyeballs checks that Connect tries the second address while the first
// is silent.
func TestConnectHappyEyeballs(t *testing.T) {
	addr := serve(t, drain)
	n := newNet(t)
	n.Limits.TCP = 5 * time.Second
	n.Resolver = names(func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("127.0.0.1")}, nil
	})
	n.Dial = func(ctx context.Context, network, to string) (net.Conn, error) {
		if strings.HasPrefix(to, "[2001:db8::1]") {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return (&net.Dialer{}).DialContext(ctx, network, to)
	}
	_, port, _ := net.SplitHostPort(addr)
	conn, f := n.Connect(t.Context(), parse(t, "ws://demo.example.com:"+port))
	if f != nil {
		t.Fatal(f)
	}
	_ = conn.Close()
	if conn.Address.String() != addr {
		t.Errorf("connected to %v, want %v", conn.Address, addr)
	}
}

func TestConnectAllAddresses(t *testing.T) {
	n := newNet(t)
	n.Resolver = names(func(context.Context, string) ([]netip.Addr, error) {
		var out []netip.Addr
		for _, a := range []string{"2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.1", "192.0.2.2"} {
			out = append(out, netip.MustParseAddr(a))
		}
		return out, nil
	})
	var mu sync.Mutex
	var tried []string
	n.Dial = func(_ context.Context, _, to string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		tried = append(tried, to)
		if strings.HasPrefix(to, "192.0.2.2") {
			return nil, syscall.ECONNREFUSED
		}
		return nil, syscall.ENETUNREACH
	}
	_, f := n.Connect(t.Context(), parse(t, "http://demo.example.com:7880/x"))
	wantKind(t, f, probe.PhaseTCP, probe.KindRefused)
	want := []string{"[2001:db8::1]:7880", "192.0.2.1:7880", "[2001:db8::2]:7880", "192.0.2.2:7880"}
	if diff := cmp.Diff(want, tried); diff != "" {
		t.Errorf("order of addresses (-want +got):\n%s", diff)
	}
	if f.Address != "192.0.2.2:7880" {
		t.Errorf("address %q", f.Address)
	}
}

func TestConnectUnreachable(t *testing.T) {
	n := newNet(t)
	n.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ENETUNREACH }
	_, f := n.Connect(t.Context(), parse(t, "ws://192.0.2.1"))
	wantKind(t, f, probe.PhaseTCP, probe.KindUnreachable)
}

func TestConnectCancelled(t *testing.T) {
	n := newNet(t)
	ctx, cancel := context.WithCancel(t.Context())
	n.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	_, f := n.Connect(ctx, parse(t, "ws://192.0.2.1"))
	wantKind(t, f, probe.PhaseTCP, probe.KindCancelled)
}

func TestConnectBadURL(t *testing.T) {
	for _, raw := range []string{"", "ws://", "localhost:7880", "ftp://host", "ws://host:0", "ws://host:70000"} {
		_, f := newNet(t).Connect(t.Context(), parse(t, raw))
		wantKind(t, f, probe.PhaseURL, probe.KindBadURL)
	}
}

func TestConnectTLS(t *testing.T) {
	ca := newAuthority(t)
	year := 365 * 24 * time.Hour
	for _, tt := range []struct {
		name   string
		change func(*x509.Certificate)
		trust  bool
		want   probe.Kind
	}{
		{"good", nil, true, ""},
		{"unknown authority", nil, false, probe.KindTLSUnknownCA},
		{"expired", func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(-year), time.Now().Add(-time.Minute)
		}, true, probe.KindTLSExpired},
		{"not yet", func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(30*time.Minute), time.Now().Add(year)
		}, true, probe.KindTLSNotYet},
		{"wrong name", func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = nil, []string{"other.example.com"}
		}, true, probe.KindTLSWrongName},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := serve(t, secure(ca.issue(t, tt.change), drain))
			n := newNet(t)
			n.Roots = x509.NewCertPool()
			if tt.trust {
				n.Roots = ca.pool
			}
			conn, f := n.Connect(t.Context(), parse(t, "wss://"+addr))
			if tt.want == "" {
				if f != nil {
					t.Fatal(f)
				}
				_ = conn.Close()
				if got := conn.Cert; got.Subject != "CN=leaf" || !slices.Equal(got.Names, []string{"localhost", "127.0.0.1"}) {
					t.Errorf("certificate %+v", got)
				}
				return
			}
			wantKind(t, f, probe.PhaseTLS, tt.want)
			if f.Cert == nil || f.Cert.Issuer != "CN=Test Authority" || f.Cert.NotAfter.IsZero() {
				t.Errorf("certificate %+v", f.Cert)
			}
		})
	}
}

func TestConnectTLSOtherwise(t *testing.T) {
	for _, tt := range []struct {
		name   string
		handle func(net.Conn)
		want   probe.Kind
		what   probe.ServerKind
	}{
		{"silent", drain, probe.KindSilent, ""},
		{"closes", func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) }, probe.KindClosed, ""},
		{"resets", func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); reset(c) }, probe.KindReset, ""},
		{"plain HTTP", func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			drain(c)
		}, probe.KindTLSPlainPort, probe.ServerOtherHTTP},
		{"SSH", func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.9\r\n"); drain(c) },
			probe.KindTLSPlainPort, probe.ServerSSH},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := serve(t, tt.handle)
			_, f := newNet(t).Connect(t.Context(), parse(t, "wss://"+addr))
			wantKind(t, f, probe.PhaseTLS, tt.want)
			if f.What != tt.what {
				t.Errorf("what %q, want %q", f.What, tt.what)
			}
		})
	}
}
