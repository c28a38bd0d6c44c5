package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/token"
)

// TestSpellingsOfAgents joins with various spellings of an agent in the token. Lint must
// report exactly those for which the server does not call the agent.
func TestSpellingsOfAgents(t *testing.T) {
	l := start(t, Healthy)
	client := lksdk.NewAgentDispatchServiceClient("http://"+l.LiveKit.Addr, l.Pair.Key, l.Pair.Secret)
	for i, tt := range []struct {
		claims string
		called bool
	}{
		{`"roomConfig":{"agents":[{"agentName":"x"}]}`, true},
		{`"roomConfig":{"agents":[{"agent_name":"x"}]}`, true},
		{`"RoomConfig":{"agents":[{"agentName":"x"}]}`, true},
		{`"roomConfig":{"agents":[{"agentname":"x"}]}`, false},
		{`"roomConfig":{"agents":[{"name":"x"}]}`, false},
		{`"roomConfig":{"Agents":[{"agentName":"x"}]}`, false},
		{`"roomConfig":{"agent":{"agentName":"x"}}`, false},
		{`"roomConfig":{"agentDispatches":[{"agentName":"x"}]}`, false},
		{`"roomConfig":{"agentName":"x"}`, false},
		{`"room_config":{"agents":[{"agent_name":"x"}]}`, false},
		{`"roomConfiguration":{"agents":[{"agentName":"x"}]}`, false},
		{`"room":{"agents":[{"agentName":"x"}]}`, false},
		{`"agents":[{"agentName":"x"}]`, false},
		{`"agentName":"x"`, false},
		{`"agent":{"agentName":"x"}`, false},
		{`"video":{"roomJoin":true,"room":"spelling-15","agents":[{"agentName":"x"}]}`, false},
		{`"video":{"roomJoin":true,"room":"spelling-16","roomConfig":{"agents":[{"agentName":"x"}]}}`, false},
	} {
		t.Run(tt.claims, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			room := fmt.Sprintf("spelling-%d", i)
			claims, more := Participant(l.Pair, room, "a", time.Now()), Claims{}
			if err := json.Unmarshal([]byte("{"+tt.claims+"}"), &more); err != nil {
				t.Fatal(err)
			}
			maps.Copy(claims, more)
			raw := Sign(claims, l.Pair.Secret)
			guest, err := Join(ctx, l.URL, raw)
			if err != nil {
				t.Fatal(err)
			}
			defer guest.Close()
			var names []string
			for len(names) == 0 { // without an agent's name the server dispatches to ""
				list, err := client.ListDispatch(ctx, &livekit.ListAgentDispatchRequest{Room: room})
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range list.GetAgentDispatches() {
					names = append(names, d.GetAgentName())
				}
			}
			if called := fmt.Sprint(names) == "[x]"; called != tt.called {
				t.Errorf("the server calls %q", names)
			}
			parsed, _ := token.Parse(raw)
			said := false
			for _, f := range token.Lint(parsed) {
				said = said || f.Code == finding.TokenGrantMisnamed && f.Variant != "case"
			}
			if said == tt.called {
				t.Errorf("called %t, found misnamed %t", tt.called, said)
			}
		})
	}
}
