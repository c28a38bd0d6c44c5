package probe

import (
	"testing"

	"github.com/livekit/protocol/livekit"
)

// TestAgentListedAsLeft checks that an agent that is first listed as disconnected counts
// as having joined, unless it joined before the doctor.
func TestAgentListedAsLeft(t *testing.T) {
	for _, tt := range []struct {
		name             string
		doctor, agent    int64
		want             int
		wantMilliseconds int64
	}{
		{"after the doctor", 1000, 1250, 1, 250},
		{"before the doctor", 1000, 999, 0, 0},
		{"of a server that sends no times", 0, 0, 0, 0},
	} {
		a := (&Net{}).Agents()
		a.Hear(&livekit.SignalResponse{Message: &livekit.SignalResponse_Join{Join: &livekit.JoinResponse{
			Participant: &livekit.ParticipantInfo{JoinedAtMs: tt.doctor}}}})
		a.Hear(&livekit.SignalResponse{Message: &livekit.SignalResponse_Update{Update: &livekit.ParticipantUpdate{
			Participants: []*livekit.ParticipantInfo{{Identity: "agent", Kind: livekit.ParticipantInfo_AGENT,
				State: livekit.ParticipantInfo_DISCONNECTED, JoinedAtMs: tt.agent}}}}})
		seen := a.Seen()
		if len(seen) != tt.want {
			t.Errorf("%s: %+v", tt.name, seen)
		} else if tt.want > 0 && (!seen[0].Left || seen[0].Came.Sub(a.joined).Milliseconds() != tt.wantMilliseconds) {
			t.Errorf("%s: %+v, joined at %s", tt.name, seen[0], a.joined)
		}
	}
}
