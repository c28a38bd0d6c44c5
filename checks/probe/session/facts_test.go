package session

import (
	"fmt"
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/probe"
	"lkdoctor/config/clean"
)

// TestCredentialsOfAJoinAreKnown checks that the credentials in a JoinResponse are
// redacted wherever they appear afterwards.
func TestCredentialsOfAJoinAreKnown(t *testing.T) {
	const turn, room = "Zq7turn-credential-0123456789", "Zq7room-password-0123456789"
	n := &probe.Net{Redact: clean.NewRedactor()}
	facts := joinFacts(n, &livekit.JoinResponse{
		Room:        &livekit.Room{Name: "r-" + room, TurnPassword: room},
		Participant: &livekit.ParticipantInfo{Identity: "me", Sid: turn},
		IceServers:  []*livekit.ICEServer{{Urls: []string{"turn:h?" + turn}, Username: "u", Credential: turn}},
		ServerInfo:  &livekit.ServerInfo{Region: room[:16]},
	})
	if text := fmt.Sprintf("%+v", facts) + n.Line("refused "+turn[:14]); strings.Contains(text, "Zq7") {
		t.Errorf("shown: %s", text)
	}
	// joinFacts must accept a Net without a Redactor.
	joinFacts(&probe.Net{}, &livekit.JoinResponse{IceServers: []*livekit.ICEServer{{Urls: []string{"turn:h"}, Credential: turn}}})
}
