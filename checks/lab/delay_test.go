package lab

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"lkdoctor/checks/codetest"
)

// away starts a raw server that runs talk behind a delay of rtt, and returns the address.
func away(t *testing.T, rtt time.Duration, talk func(*net.TCPConn)) string {
	t.Helper()
	return awayFrom(t, rtt, rawPeer(t, talk).Addr).Addr
}

func awayFrom(t *testing.T, rtt time.Duration, target string) *Peer {
	t.Helper()
	delay, err := Delay(target, rtt)
	return closing(t, delay, err)
}

func dialled(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn.(*net.TCPConn)
}

func echo(conn *net.TCPConn) { _, _ = io.Copy(conn, conn) }

// answered sends one byte and returns the time until its echo.
func answered(t *testing.T, conn net.Conn) time.Duration {
	t.Helper()
	begun := time.Now()
	if _, err := conn.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return time.Since(begun)
}

func TestDelayOfAConnection(t *testing.T) {
	codetest.Alone(t)
	const rtt = 80 * time.Millisecond
	conn := dialled(t, away(t, rtt, echo))
	if took := answered(t, conn); took < 2*rtt {
		t.Errorf("the first answer took %s: connecting and asking are two round trips", took)
	}
	oneRoundTrip(t, rtt, func() time.Duration { return answered(t, conn) })
}

// oneRoundTrip fails the test if a try takes less than rtt, or if none of five takes less
// than twice that. Single tries may be slow on a busy machine.
func oneRoundTrip(t *testing.T, rtt time.Duration, try func() time.Duration) {
	t.Helper()
	var took time.Duration
	for range 5 {
		if took = try(); took < rtt {
			t.Errorf("the answer took %s, less than a round trip", took)
		}
		if took < 2*rtt {
			return
		}
	}
	t.Errorf("the answer took %s: asking on an open connection is one round trip", took)
}

// TestDelayOfAConnectionOpenedAhead checks that the handshake has passed on a
// connection that was opened earlier.
func TestDelayOfAConnectionOpenedAhead(t *testing.T) {
	codetest.Alone(t)
	const rtt = 80 * time.Millisecond
	oneRoundTrip(t, rtt, func() time.Duration {
		conn := dialled(t, away(t, rtt, echo))
		time.Sleep(2 * rtt) // time for the handshake
		return answered(t, conn)
	})
}

func TestDelayOfHTTP(t *testing.T) {
	const rtt = 60 * time.Millisecond
	target, err := Serve(http.NotFoundHandler(), nil)
	addr := awayFrom(t, rtt, closing(t, target, err).Addr).Addr
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for _, least := range []time.Duration{2 * rtt, rtt} {
		begun := time.Now()
		response, err := (&http.Client{Transport: transport}).Get("http://" + addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if took := time.Since(begun); took < least {
			t.Errorf("the exchange took %s, and needs %s", took, least)
		}
	}
}

// TestDelayKeepsOrderAndBandwidth sends 8 MiB, which must arrive complete and in order.
// With one chunk per round trip they would take 25 s.
func TestDelayKeepsOrderAndBandwidth(t *testing.T) {
	const rtt = 50 * time.Millisecond
	conn := dialled(t, away(t, rtt, echo))
	sent := make([]byte, 8<<20)
	_, _ = rand.Read(sent)
	go func() {
		_, _ = conn.Write(sent)
		_ = conn.CloseWrite()
	}()
	begun := time.Now()
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%d of %d bytes came back, %v", len(got), len(sent), err)
	}
	if took := time.Since(begun); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestDelayOfTheEnd checks that closing one direction leaves the other open.
func TestDelayOfTheEnd(t *testing.T) {
	conn := dialled(t, away(t, 20*time.Millisecond, func(c *net.TCPConn) {
		_, _ = io.Copy(io.Discard, c)
		_, _ = io.WriteString(c, "goodbye")
	}))
	_ = conn.CloseWrite()
	if got, err := io.ReadAll(conn); err != nil || string(got) != "goodbye" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestDelayPassesAResetOn(t *testing.T) {
	conn := dialled(t, away(t, 20*time.Millisecond, reset))
	_, _ = conn.Write([]byte("hello"))
	if _, err := io.ReadAll(conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v", err)
	}
}

func TestDelayBeforeNobody(t *testing.T) {
	addr, release, err := RefusedAddr()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = release() })
	conn := dialled(t, awayFrom(t, 40*time.Millisecond, addr).Addr)
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

func TestDelayEndsWithConnectionsOpen(t *testing.T) {
	delay := awayFrom(t, 20*time.Millisecond, rawPeer(t, silent).Addr)
	conn := dialled(t, delay.Addr)
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = delay.Close(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("Close does not come back")
	}
}

func TestDelayedLab(t *testing.T) {
	const rtt = 30 * time.Millisecond
	l := startWith(t, Options{RTT: rtt})
	begun := time.Now()
	answer := consume(t, l)
	if took := time.Since(begun); took < 2*rtt {
		t.Errorf("the ticket service answered within %s", took)
	}
	if answer["url"] != l.URL || l.URL == l.LiveKit.URL {
		t.Errorf("the answer names %v, the lab %s, the server %s", answer["url"], l.URL, l.LiveKit.URL)
	}
}

func TestDelayKeepsThePath(t *testing.T) {
	l := startWith(t, Options{Fault: "healthy-path", RTT: 2 * time.Millisecond})
	if !strings.HasSuffix(l.URL, "/livekit") {
		t.Errorf("LIVEKIT_URL is %s, want the path /livekit", l.URL)
	}
}
