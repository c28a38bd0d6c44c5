package session_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/probe/session"
)

// dyingAfter returns a proxy that cuts the connection at the server's nth message in
// total, and later connections at their first.
func dyingAfter(n int32) signalProxy {
	var seen atomic.Int32
	return signalProxy{fromServer: func(*livekit.SignalResponse) fate {
		if seen.Add(1) >= n {
			return cut
		}
		return pass
	}}
}

// TestPublishServerDies checks the outcome if the server dies at any message.
func TestPublishServerDies(t *testing.T) {
	server := startLiveKit(t, "", "")
	for n := int32(1); n <= 12; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			room := t.Name()
			base := dyingAfter(n).start(t, server.base)
			start := time.Now()
			got := session.Publish(within(t, 20*time.Second), slowNet(t), base, tokenFor(t, "sender", room), tokenFor(t, "receiver", room), false, 1000)
			took := time.Since(start)
			want := []session.PublishOutcome{session.PublishLeft, session.PublishNoJoin}
			if !slices.Contains(want, got.Outcome) || took > 5*time.Second {
				t.Errorf("%s (%s) after %v: %v %+v %s", got.Outcome, got.Who, took, got.Failure, got.End, got.Detail)
			}
		})
	}
}

func TestReconnectServerDies(t *testing.T) {
	server := startLiveKit(t, "", "")
	for n := int32(1); n <= 12; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			base := dyingAfter(n).start(t, server.base)
			got := session.Reconnect(within(t, 20*time.Second), slowNet(t), base, tokenFor(t, "ada", t.Name()), false, nil)
			if got.Failed == "" || got.Failure == nil && got.End == nil || got.Took > 6*time.Second {
				t.Errorf("%q after %v: %v %+v", got.Failed, got.Took, got.Failure, got.End)
			}
		})
	}
}
