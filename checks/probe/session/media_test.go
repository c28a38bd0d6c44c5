package session_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

// joinVia joins through the proxy and returns the result of Media. scale shortens the limits.
func joinVia(t *testing.T, server *livekitServer, p signalProxy, o session.MediaOptions, scale ...float64) *session.Media {
	t.Helper()
	n := &probe.Net{}
	if len(scale) > 0 {
		n.Limits = probe.DefaultLimits().Scaled(scale[0])
	}
	got := joinAll(within(t, 20*time.Second), n, p.start(t, server.base),
		joinOptions{Token: tokenFor(t, "ada", t.Name()), Media: o})
	if got.Failure != nil {
		t.Fatal(got.Failure)
	}
	for _, p := range got.Media.Pairs {
		t.Logf("%s %s -> %s %s: sent %d, answered %d", p.State, p.Local.HostPort(), p.Remote.Type, p.Remote.HostPort(), p.RequestsSent, p.ResponsesReceived)
	}
	return got.Media
}

// expect fails the test unless the outcome is want.
func expect(t *testing.T, m *session.Media, want session.Outcome) {
	t.Helper()
	if m.Outcome != want || m.Connected != (want == session.OutcomeConnected) {
		t.Fatalf("outcome %s (connected %v, ice %s, dtls %s, end %+v, detail %q), want %s",
			m.Outcome, m.Connected, m.ICEState, m.DTLSState, m.End, m.Detail, want)
	}
}

func TestMediaOverUDP(t *testing.T) {
	server := startLiveKit(t, "", "")
	got := joinAll(within(t, 20*time.Second), new(probe.Net), server.base, joinOptions{Token: tokenFor(t, "ada", "room")})
	if got.Failure != nil {
		t.Fatal(got.Failure)
	}
	m := got.Media
	expect(t, m, session.OutcomeConnected)
	if s := m.Selected; s == nil || s.Remote.Protocol != "udp" || s.ResponsesReceived == 0 || s.RTT <= 0 {
		t.Errorf("selected pair %+v", m.Selected)
	}
	if len(m.TCP) == 0 || !m.TCP[0].Reachable || m.TCP[0].Failure != nil {
		t.Errorf("the ICE/TCP port answers, but: %+v", m.TCP)
	}
	if m.ICEState != "connected" || m.DTLSState != "connected" || m.Phases.ICE <= 0 || m.Phases.DTLS <= 0 || m.Phases.FirstCandidate <= 0 {
		t.Errorf("states %s %s, phases %+v", m.ICEState, m.DTLSState, m.Phases)
	}
	f := got.Facts
	if f.ServerVersion != "1.13.5" || f.Room != "room" || f.Identity != "ada" || !f.SubscriberPrimary || f.PingInterval != 5*time.Second {
		t.Errorf("facts %+v", f)
	}
}

// TestMediaAsksNoInternetForLoopback checks that a join to loopback does not ask the
// server's default STUN servers, which are on the internet.
func TestMediaAsksNoInternetForLoopback(t *testing.T) {
	server := startLiveKit(t, "", "")
	got := joinAll(within(t, 20*time.Second), new(probe.Net), server.base, joinOptions{Token: tokenFor(t, "ada", "room")})
	if got.Failure != nil || got.Facts.ICEServersCount == 0 {
		t.Fatalf("the server hands out no STUN servers: %+v", got)
	}
	for _, c := range got.Media.Local {
		if c.Type != "host" {
			t.Errorf("a %s candidate: somebody was asked", c.Type)
		}
	}
}

func TestMediaDTLSFails(t *testing.T) {
	t.Parallel()
	server := startLiveKit(t, "", "")
	m := joinVia(t, server, signalProxy{fromServer: func(r *livekit.SignalResponse) fate {
		if o := r.GetOffer(); o != nil {
			o.Sdp = strings.ReplaceAll(o.GetSdp(), "a=fingerprint:sha-256 ", "a=fingerprint:sha-256 00:")
		}
		return pass
	}}, session.MediaOptions{})
	expect(t, m, session.OutcomeDTLSFailed)
	if m.Phases.ICE <= 0 || m.Selected == nil {
		t.Errorf("ICE was up, but: %+v", m)
	}
}

func TestMediaBadOffer(t *testing.T) {
	server := startLiveKit(t, "", "")
	m := joinVia(t, server, signalProxy{fromServer: func(r *livekit.SignalResponse) fate {
		if o := r.GetOffer(); o != nil {
			o.Sdp = "v=0\r\nnonsense \x1b[31m"
		}
		return pass
	}}, session.MediaOptions{})
	expect(t, m, session.OutcomeBadOffer)
	if m.Detail == "" || strings.ContainsRune(m.Detail, '\x1b') {
		t.Errorf("detail %q", m.Detail)
	}
}

func TestMediaNoOffer(t *testing.T) {
	t.Parallel()
	server := startLiveKit(t, "", "")
	m := joinVia(t, server, signalProxy{fromServer: func(r *livekit.SignalResponse) fate {
		if r.GetOffer() != nil {
			return drop
		}
		return pass
	}}, session.MediaOptions{}, 0.4)
	expect(t, m, session.OutcomeNoOffer)
}

// TestMediaPublisherPrimary uses a token that may not subscribe. The publisher's
// connection is then the primary one, and the client must offer.
func TestMediaPublisherPrimary(t *testing.T) {
	server := startLiveKit(t, "", "")
	token := tokenFor(t, "ada", "room", func(_ *auth.AccessToken, g *auth.VideoGrant) { g.SetCanSubscribe(false) })
	got := joinAll(within(t, 20*time.Second), new(probe.Net), server.base, joinOptions{Token: token})
	if got.Failure != nil {
		t.Fatal(got.Failure)
	}
	if got.Facts.SubscriberPrimary || got.Facts.CanSubscribe {
		t.Fatalf("facts %+v", got.Facts)
	}
	expect(t, got.Media, session.OutcomeConnected)
}

func TestMediaLeftWhileJoining(t *testing.T) {
	server := startLiveKit(t, "", "")
	m := joinVia(t, server, signalProxy{fromServer: func(r *livekit.SignalResponse) fate {
		if r.GetOffer() != nil {
			r.Message = &livekit.SignalResponse_Leave{Leave: &livekit.LeaveRequest{Reason: livekit.DisconnectReason_SERVER_SHUTDOWN}}
		}
		return pass
	}}, session.MediaOptions{})
	expect(t, m, session.OutcomeLeft)
	if m.End == nil || m.End.Reason != "SERVER_SHUTDOWN" || m.End.Action != "DISCONNECT" {
		t.Errorf("end %+v", m.End)
	}
}

// TestMediaServerDiesAnywhere cuts the connection after each of the first messages of
// either side.
func TestMediaServerDiesAnywhere(t *testing.T) {
	server := startLiveKit(t, "", "")
	for _, side := range []string{"server", "client"} {
		for n := 1; n <= 8; n++ {
			left := n
			count := func() fate {
				if left--; left == 0 {
					return cut
				}
				return pass
			}
			p := signalProxy{fromServer: func(*livekit.SignalResponse) fate { return count() }}
			if side == "client" {
				p = signalProxy{fromClient: func(*livekit.SignalRequest) fate { return count() }}
			}
			start := time.Now()
			got := joinAll(within(t, 20*time.Second), new(probe.Net), p.start(t, server.base), joinOptions{Token: tokenFor(t, "ada", "room")})
			took := time.Since(start)
			switch {
			case got.Failure != nil:
				t.Errorf("cut after %d of the %s's: %v", n, side, got.Failure)
			case got.Media.Outcome != session.OutcomeSignalLost && got.Media.Outcome != session.OutcomeConnected:
				t.Errorf("cut after %d of the %s's: %s", n, side, got.Media.Outcome)
			case got.Media.Outcome == session.OutcomeSignalLost && (got.Media.End == nil || got.Media.End.CloseCode != 1006):
				t.Errorf("cut after %d of the %s's: end %+v", n, side, got.Media.End)
			case n == 1 && got.Media.Outcome != session.OutcomeSignalLost:
				t.Errorf("cut after the %s's first message, and yet %s", side, got.Media.Outcome)
			case took > 2*time.Second:
				t.Errorf("cut after %d of the %s's: took %v", n, side, took)
			}
		}
	}
}

// TestMediaCancelledLeaves checks that Leave is sent within 500 ms after cancelling.
func TestMediaCancelledLeaves(t *testing.T) {
	server := startLiveKit(t, "", "")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	left := make(chan struct{})
	var at time.Time
	p := signalProxy{
		fromServer: func(r *livekit.SignalResponse) fate {
			if r.GetOffer() != nil {
				return drop
			}
			return pass
		},
		fromClient: func(r *livekit.SignalRequest) fate {
			if r.GetLeave() != nil {
				close(left)
			}
			return pass
		},
	}
	joined := func(m *livekit.SignalResponse) {
		if m.GetJoin() != nil {
			at = time.Now()
			cancel()
		}
	}
	got := joinAll(ctx, new(probe.Net), p.start(t, server.base), joinOptions{
		Token: tokenFor(t, "ada", "room"), Signal: session.Options{Hear: joined},
	})
	if got.Failure != nil {
		t.Fatal(got.Failure)
	}
	expect(t, got.Media, session.OutcomeCancelled)
	select {
	case <-left:
	case <-time.After(5 * time.Second):
		t.Fatal("no Leave reached the server")
	}
	if took := time.Since(at); took > 500*time.Millisecond {
		t.Errorf("it took %v", took)
	}
}

// TestMediaSixteenAtOnce checks that each of 16 concurrent joins gets its own result.
func TestMediaSixteenAtOnce(t *testing.T) {
	server := startLiveKit(t, "", "")
	n := &probe.Net{}
	results := make(chan *joined)
	for i := range 16 {
		token := tokenFor(t, fmt.Sprintf("doctor-%d", i), "room")
		go func() { results <- joinAll(within(t, 20*time.Second), n, server.base, joinOptions{Token: token}) }()
	}
	seen := map[string]bool{}
	for range 16 {
		got := <-results
		if got.Failure != nil {
			t.Error(got.Failure)
			continue
		}
		if !got.Media.Connected || seen[got.Facts.Identity] {
			t.Errorf("%s: %s", got.Facts.Identity, got.Media.Outcome)
		}
		seen[got.Facts.Identity] = true
	}
}
