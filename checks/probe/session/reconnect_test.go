package session_test

import (
	"context"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/probe/session"
)

func TestReconnectWorks(t *testing.T) {
	server := startLiveKit(t, "", "")
	got := session.Reconnect(within(t, 20*time.Second), patientNet(t), server.base, tokenFor(t, "ada", t.Name()), session.ViaHeader, nil)
	t.Logf("%+v", got)
	if got.Failed != "" || !got.NewSession || got.Resume <= 0 || got.Full <= 0 || got.Signal > got.Resume {
		t.Fatalf("%+v", got)
	}
}

// The server does not know the session any more; nothing of it stays behind.
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
	n := patientNet(t)
	base := proxy.start(t, server.base)
	got := session.Reconnect(within(t, 20*time.Second), n, base, tokenFor(t, "ada", t.Name()), session.ViaHeader,

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
