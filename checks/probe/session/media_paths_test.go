package session_test

import (
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

// silentUDP returns a UDP port that neither answers nor refuses.
func silentUDP(t *testing.T) int {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.LocalAddr().(*net.UDPAddr).Port
}

func TestMediaOverTCPOnly(t *testing.T) {
	t.Parallel()
	server := startLiveKit(t, "force_tcp: true", "")
	m := joinVia(t, server, signalProxy{}, session.MediaOptions{})
	expect(t, m, session.OutcomeConnected)
	if m.Selected == nil || m.Selected.Remote.Protocol != "tcp" || m.Selected.Local.TCPType != "active" {
		t.Errorf("selected %+v", m.Selected)
	}
	t.Logf("TCP took %v", m.Phases.Total)
}

// TestMediaUDPSilentTCPWins advertises UDP at a silent port, and TCP at the right one.
func TestMediaUDPSilentTCPWins(t *testing.T) {
	t.Parallel()
	server := startLiveKit(t, "", "")
	dead := silentUDP(t)
	m := joinVia(t, server, signalProxy{
		fromServer: serverCandidates(func(c *livekit.TrickleRequest) fate { return rewriteCandidate(c, dead, server.tcp) }),
		fromClient: noClientCandidates,
	}, session.MediaOptions{})
	expect(t, m, session.OutcomeConnected)
	if m.Selected == nil || m.Selected.Remote.Protocol != "tcp" {
		t.Errorf("selected %+v", m.Selected)
	}
	asked := false
	for _, p := range m.Pairs {
		if p.Remote.Protocol == "udp" && p.RequestsSent > 0 {
			asked = true
			if p.ResponsesReceived > 0 {
				t.Errorf("nobody is there to answer: %+v", p)
			}
		}
	}
	if !asked {
		t.Error("UDP was not tried")
	}
	t.Logf("TCP took %v", m.Phases.Total)
}

func TestMediaNothingAnswers(t *testing.T) {
	t.Parallel()
	lag := lagging(t)
	server := startLiveKit(t, "", "")
	dead, closed := silentUDP(t), closedPort(t)
	m := joinVia(t, server, signalProxy{
		fromServer: serverCandidates(func(c *livekit.TrickleRequest) fate { return rewriteCandidate(c, dead, closed) }),
		fromClient: noClientCandidates,
	}, session.MediaOptions{}, 0.4)
	expect(t, m, session.OutcomeNothingAnswered)
	if lag := lag(); m.Phases.Total > 2*time.Second+lag {
		t.Errorf("the verdict took %v, on a machine that was too busy for %v of them", m.Phases.Total, lag)
	}
	if len(m.Pairs) == 0 || m.Selected != nil {
		t.Fatalf("no evidence: %+v", m)
	}
	most := uint64(0)
	for _, p := range m.Pairs {
		if p.Answered() {
			t.Errorf("nobody is there to answer: %+v", p)
		}
		most = max(most, p.RequestsSent)
	}
	if most < 3 {
		t.Errorf("at most %d requests were sent on a pair", most)
	}
	if len(m.TCP) == 0 || m.TCP[0].Reachable || m.TCP[0].Failure == nil || m.TCP[0].Failure.Kind != probe.KindRefused {
		t.Errorf("TCP dials %+v", m.TCP)
	}
}

// TestMediaPeerReflexive has a server that advertises a wrong address. It connects
// because the server reaches the client, and the selected pair shows that.
func TestMediaPeerReflexive(t *testing.T) {
	t.Parallel()
	server := startLiveKit(t, "", "")
	dead := silentUDP(t)
	m := joinVia(t, server, signalProxy{
		fromServer: serverCandidates(func(c *livekit.TrickleRequest) fate { return rewriteCandidate(c, dead, 0) }),
	}, session.MediaOptions{})
	expect(t, m, session.OutcomeConnected)
	if m.Selected == nil || m.Selected.Remote.Type != "prflx" {
		t.Errorf("selected %+v", m.Selected)
	}
}

func TestMediaNoRemoteCandidates(t *testing.T) {
	t.Parallel()
	lag := lagging(t)
	server := startLiveKit(t, "", "")
	m := joinVia(t, server, signalProxy{
		fromServer: serverCandidates(func(*livekit.TrickleRequest) fate { return drop }),
		fromClient: noClientCandidates,
	}, session.MediaOptions{}, 0.2)
	expect(t, m, session.OutcomeNoRemoteCandidates)
	if lag := lag(); m.Phases.Total > 2*time.Second+lag {
		t.Errorf("the verdict took %v, on a machine that was too busy for %v of them", m.Phases.Total, lag)
	}
}

func TestMediaNoLocalCandidates(t *testing.T) {
	t.Parallel()
	lag := lagging(t)
	server := startLiveKit(t, "", "")
	m := joinVia(t, server, signalProxy{}, session.MediaOptions{ForceRelay: true}, 0.4) // no TURN server is configured
	expect(t, m, session.OutcomeNoLocalCandidates)
	if lag := lag(); m.RelayOffered || m.Phases.Total > 2*time.Second+lag {
		t.Errorf("relay offered %v, took %v", m.RelayOffered, m.Phases.Total)
	}
}

// TestMediaICELite joins an ICE-lite server, for which the client nominates the pair.
func TestMediaICELite(t *testing.T) {
	server := startLiveKit(t, "use_ice_lite: true", "")
	m := joinVia(t, server, signalProxy{}, session.MediaOptions{})
	expect(t, m, session.OutcomeConnected)
	if m.Selected == nil || m.Selected.Remote.Protocol != "udp" {
		t.Errorf("selected %+v", m.Selected)
	}
}

// TestMediaRelay connects only through the server's own TURN, which relays to loopback
// only if its configuration allows that (since livekit-server 1.13).
func TestMediaRelay(t *testing.T) {
	t.Parallel()
	turn := func(more string) *livekitServer {
		return startLiveKit(t, "", fmt.Sprintf("turn: {enabled: true, domain: turn.example, udp_port: %d%s}", freeUDP(t), more))
	}
	good := joinVia(t, turn(`, allow_restricted_peer_cidrs: ["127.0.0.0/8"]`), signalProxy{}, session.MediaOptions{ForceRelay: true})
	expect(t, good, session.OutcomeConnected)
	if good.Selected == nil || good.Selected.Local.Type != "relay" || !good.RelayOffered {
		t.Errorf("selected %+v", good.Selected)
	}
	t.Logf("relay took %v", good.Phases.Total)
	denied := joinVia(t, turn(""), signalProxy{}, session.MediaOptions{ForceRelay: true}, 0.2)
	expect(t, denied, session.OutcomeNothingAnswered)
	if len(denied.Local) == 0 || denied.Local[0].Type != "relay" {
		t.Errorf("local %+v after %v", denied.Local, denied.Phases.Total)
	}
}

// freeUDP returns a UDP port that was free when it was called.
func freeUDP(t *testing.T) int {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	return c.LocalAddr().(*net.UDPAddr).Port
}

// lagging measures the time for which the process did not run. Tests add it to their
// limits, so that a busy machine does not fail them.
func lagging(t *testing.T) func() time.Duration {
	t.Helper()
	const step = 50 * time.Millisecond
	var lag atomic.Int64
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	go func() {
		for {
			before := time.Now()
			select {
			case <-done:
				return
			case <-time.After(step):
			}
			if late := time.Since(before) - step; late > step/5 {
				lag.Add(int64(late))
			}
		}
	}()
	return func() time.Duration { return 2 * time.Duration(lag.Load()) }
}
