package session_test

import (
	"net/url"
	"testing"
	"time"

	"lkdoctor/checks/codetest"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

// farLiveKit returns the URL of a LiveKit server behind a delay of rtt. The URL is on
// loopback, as the near end of a tunnel is.
func farLiveKit(t *testing.T, rtt time.Duration) *url.URL {
	t.Helper()
	delay, err := lab.Delay(startLiveKit(t, "", "").base.Host, rtt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = delay.Close() })
	return &url.URL{Scheme: "ws", Host: delay.Addr}
}

// TestRoundTripsOfAFarJoin checks that a join after Reach uses an open connection, and
// that Leave does not wait for the server, which must still receive it.
func TestRoundTripsOfAFarJoin(t *testing.T) {
	codetest.Alone(t)
	const rtt = 250 * time.Millisecond
	base, net := farLiveKit(t, rtt), &probe.Net{}
	defer func() { net.Close() }()
	var join, leave time.Duration
	for try := 0; try == 0 || try < 3 && (join >= 2*rtt || leave >= rtt); try++ { // a busy machine may slow one try down
		if try > 0 {
			net.Close()
			net = &probe.Net{}
		}
		reach, failure := net.Reach(t.Context(), base)
		if failure != nil || !reach.IsLiveKit {
			t.Fatalf("got %+v, %v", reach, failure)
		}
		begun := time.Now()
		signal, refused := session.Join(t.Context(), net, base, tokenFor(t, "far", "far"), session.Options{})
		if refused != nil {
			t.Fatalf("got %+v", refused)
		}
		join, begun = time.Since(begun), time.Now()
		signal.Leave()
		if leave = time.Since(begun); join < rtt {
			t.Errorf("the join took %s, less than a round trip", join)
		}
	}
	if join >= 2*rtt || leave >= rtt {
		t.Errorf("the join took %s, leaving %s: they are one round trip on an open connection, and none", join, leave)
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		present, known, failure := net.InRoom(t.Context(), base, testKey, testSecret, "far", "far")
		if failure != nil || !known {
			t.Fatalf("it could not be asked: %v", failure)
		}
		if !present {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the participant is still there")
		}
	}
}
