package session_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/probe/clips"
	"lkdoctor/checks/probe/session"
)

func TestReconnectWorks(t *testing.T) {
	server := startLiveKit(t, "", "")
	got := session.Reconnect(within(t, 20*time.Second), slowNet(t), server.base, tokenFor(t, "ada", t.Name()), false, nil)
	t.Logf("%+v", got)
	if got.Failed != "" || !got.NewSession || got.Resume <= 0 || got.Full <= 0 || got.Signal > got.Resume {
		t.Fatalf("%+v", got)
	}
}

// TestReconnectRefusesToResume has a server that refuses to resume. The participant must
// be removed from the room.
func TestReconnectRefusesToResume(t *testing.T) {
	server := startLiveKit(t, "", "")
	removed := false
	proxy := signalProxy{fromServer: func(r *livekit.SignalResponse) fate {
		if r.GetReconnect() != nil {
			r.Message = &livekit.SignalResponse_Leave{Leave: &livekit.LeaveRequest{
				Reason: livekit.DisconnectReason_STATE_MISMATCH, Action: livekit.LeaveRequest_RECONNECT}}
		}
		return pass
	}}
	n := slowNet(t)
	base := proxy.start(t, server.base)
	got := session.Reconnect(within(t, 20*time.Second), n, base, tokenFor(t, "ada", t.Name()), false,

		func(ctx context.Context) {
			removed = true
			n.Remove(ctx, server.base, testKey, testSecret, t.Name(), "ada")
		})
	if got.Failed != session.ReconnectResume || got.Failure == nil || got.Failure.Reason != "STATE_MISMATCH" || !removed {
		t.Fatalf("%+v, removed %v", got, removed)
	}
	if present, known, f := n.InRoom(within(t, 5*time.Second), server.base, testKey, testSecret, t.Name(), "ada"); present || !known {
		t.Errorf("still in the room: %v %v %v", present, known, f)
	}
}

// TestPublicationSurvivesALostOffer checks that a publication whose offer was lost comes
// up after a resume. It tries three times, because livekit-server 1.13.5 sometimes
// refuses a resume with STATE_MISMATCH while it still closes the old connection.
func TestPublicationSurvivesALostOffer(t *testing.T) {
	server := startLiveKit(t, "", "")
	for try := range 3 {
		f := lostOffer(t, server, fmt.Sprint("ada", try))
		if f == nil {
			return
		}
		if f.Reason != "STATE_MISMATCH" {
			t.Fatal(f)
		}
	}
	t.Fatal("three resumes were refused with STATE_MISMATCH")
}

// lostOffer publishes, drops the offer, cuts the connection and resumes. It returns the
// failure of the resume, and ends the test on any other.
func lostOffer(t *testing.T, server *livekitServer, identity string) *session.SignalFailure {
	t.Helper()
	lost := make(chan struct{})
	var once sync.Once
	proxy := signalProxy{fromClient: func(r *livekit.SignalRequest) fate {
		what := pass
		if r.GetOffer() != nil {
			once.Do(func() { what = drop; close(lost) })
		}
		return what
	}}
	ctx := within(t, 20*time.Second)
	p, f := session.Join(ctx, slowNet(t), proxy.start(t, server.base), tokenFor(t, identity, t.Name()), session.Options{Subscribe: true, Repair: true})
	if f != nil {
		t.Fatal(f)
	}
	defer p.Leave()
	if m := p.Media(ctx, session.MediaOptions{}); !m.Connected {
		t.Fatal(m.Outcome)
	}
	if taken, err := p.Publish(ctx, clips.Sending{Clip: clips.Tone}); taken != 1 || err != nil {
		t.Fatal(taken, err)
	}
	<-lost
	p.Cut()
	if f := p.Resume(ctx); f != nil {
		return f
	}
	if err := p.Up(ctx, true); err != nil {
		t.Fatalf("the publication did not come up: %v", err)
	}
	return nil
}
