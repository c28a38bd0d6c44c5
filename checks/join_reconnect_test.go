package checks

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/codetest"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/lab"
)

func TestJoinReconnect(t *testing.T) {
	t.Parallel()
	l := startMediaLab(t, lab.LiveKitOptions{})
	for _, c := range []struct {
		name    string
		rewrite lab.Rewrite
		says    string
	}{
		{"RECONNECT_FAILED by the server", lab.Rewrite{ToClient: func(m *livekit.SignalResponse) []*livekit.SignalResponse {
			if m.GetReconnect() != nil {
				m = &livekit.SignalResponse{Message: &livekit.SignalResponse_Leave{Leave: &livekit.LeaveRequest{
					Reason: livekit.DisconnectReason_STATE_MISMATCH, Action: livekit.LeaveRequest_RECONNECT}}}
			}
			return []*livekit.SignalResponse{m}
		}}, "STATE_MISMATCH"},
		{"RECONNECT_FAILED silent", lab.Rewrite{ToClient: func(m *livekit.SignalResponse) []*livekit.SignalResponse {
			if m.GetReconnect() != nil || m.GetRoomUpdate() != nil || m.GetUpdate() != nil && m.GetJoin() == nil {
				return nil
			}
			return []*livekit.SignalResponse{m}
		}}, "did not resume"},
		{"RECONNECT_FAILED media", noAnswersAfterResume(), "the media connection did not"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := l.media(t, l.meddling(t, c.rewrite), onlyCheck("join.reconnect"), quick)
			ended, _ := diagnose(t, x)
			r := ended["join.reconnect"]
			codetest.Wants(t, r.Findings, finding.ReconnectFailed)
			if len(r.Findings) != 1 || !strings.Contains(r.Findings[0].Message.String(), c.says) {
				t.Fatalf("%s %+v %+v", r.Status, r.Findings, r.Skip)
			}
			t.Log(r.Took, r.Findings[0].Message, r.Findings[0].Facts)
		})
	}
}

// noAnswersAfterResume drops the client's answers once a session has resumed, so that
// ICE cannot restart.
func noAnswersAfterResume() lab.Rewrite {
	var resumed atomic.Bool
	return lab.Rewrite{
		ToClient: func(m *livekit.SignalResponse) []*livekit.SignalResponse {
			if m.GetReconnect() != nil {
				resumed.Store(true)
			}
			return []*livekit.SignalResponse{m}
		},
		ToServer: func(m *livekit.SignalRequest) []*livekit.SignalRequest {
			if m.GetAnswer() != nil && resumed.Load() {
				return nil
			}
			return []*livekit.SignalRequest{m}
		},
	}
}
