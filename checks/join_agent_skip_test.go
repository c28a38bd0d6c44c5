package checks

import (
	"encoding/base64"
	"strings"
	"testing"

	"lkdoctor/checks/check"
	"lkdoctor/checks/token"
	"lkdoctor/config"
)

// TestAgentCalledAsDecoded covers the spellings of roomConfig that a server decodes. If
// it decodes one, join.agent needs the join; if not, join.agent says that no agent is called.
func TestAgentCalledAsDecoded(t *testing.T) {
	for _, tt := range []struct {
		claims string
		called bool
	}{
		{`"roomConfig":{"agents":[{"agentName":"x"}]}`, true},
		{`"roomconfig":{"agents":[{"agentName":"x"}]}`, true},
		{`"ROOMCONFIG":{"agents":[{"agent_name":"x"}]}`, true},
		{`"roomconfig":{"agents":[{"agentName":""}]}`, true}, // an agent without a name
		{`"roomConfig":{"agents":[{"agentName":"x"}]},"room_config":{"agents":[{"agentName":"y"}]}`, true},
		{`"room_config":{"agents":[{"agentName":"x"}]}`, false},
		{`"roomConfig":{"agents":[{"name":"x"}]}`, false},
		{`"roomconfig":{"Agents":[{"agentName":"x"}]}`, false},
		{`"agents":[{"agentName":"x"}]`, false},
	} {
		settings, err := config.Load(config.Inputs{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		c := newTestCase(t, settings)
		enc := base64.RawURLEncoding.EncodeToString
		parsed, _ := token.Parse(enc([]byte(`{"alg":"HS256"}`)) + "." +
			enc([]byte(`{"iss":"k","sub":"a","video":{"roomJoin":true,"room":"r"},`+tt.claims+`}`)) + "." + enc(make([]byte, 32)))
		c.products().set("token.format", &examined{Token: parsed})
		ended := Ended{"token.claims": {Findings: token.Lint(parsed)}}
		report := checkOf(c, "join.agent").Run(t.Context(), ended)
		if report.Skip == nil {
			t.Fatalf("%s: no skip without a join", tt.claims)
		}
		if called := report.Skip.Reason == check.Blocked && report.Skip.By == "join.websocket"; called != tt.called {
			t.Errorf("%s: %s", tt.claims, report.Skip.Text)
		}
		if !tt.called && !strings.Contains(report.Skip.Text.String(), "does not read") {
			t.Errorf("%s: %s", tt.claims, report.Skip.Text)
		}
	}
}
