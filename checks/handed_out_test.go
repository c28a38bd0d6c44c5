package checks

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/token"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

// TestWhatIsHandedOutNeedsNoURLHere checks that, without LIVEKIT_URL, the address that
// an app returns with the token is used, and that the app owns its faults.
func TestWhatIsHandedOutNeedsNoURLHere(t *testing.T) {
	l := startMediaLab(t, lab.LiveKitOptions{})
	for name, tt := range map[string]struct {
		url   string // serverUrl in the app's response
		code  Code   // "" means no finding
		owner Owner
	}{
		"a good address":   {l.server.URL, "", finding.OwnerNone},
		"nothing there":    {"ws://127.0.0.1:1", finding.ServerRefused, finding.OwnerFrontend},
		"no such name":     {"wss://lk.invalid", finding.ServerDNS, finding.OwnerFrontend},
		"a container":      {"ws://livekit:7880", finding.ServerDNS, finding.OwnerFrontend},
		"cannot be a URL":  {"http//livekit", finding.TicketURLInvalid, finding.OwnerFrontend},
		"another protocol": {"wss://" + l.server.URL[len("ws://"):], finding.ServerTLS, finding.OwnerFrontend},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := token.Mint(token.MintOptions{Key: l.pair.Key, Secret: l.pair.Secret, Room: "r", Identity: fmt.Sprint("i", len(name)), Now: time.Now()})
			if err != nil {
				t.Fatal(err)
			}
			app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode(map[string]string{"serverUrl": tt.url, "roomName": "r", "participantToken": raw, "participantName": "i"})
			}))
			defer app.Close()
			settings, err := config.Load(config.Inputs{Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			c := &Case{Settings: settings, Options: Options{Frontend: app.URL}, Now: time.Now, Net: &probe.Net{},
				Redact: clean.NewRedactor(), Nonce: "0000cafe"}
			run := Do(t.Context(), c, false, func(check.Event) {})
			code := Code("")
			if run.Diagnosis.RootCause != nil && run.Status == check.StatusFail {
				code = run.Diagnosis.RootCause.Code
			}
			if code != tt.code || tt.code != "" && run.Diagnosis.Owner != tt.owner {
				t.Errorf("%s by %s, want %s by %s: %s", code, run.Diagnosis.Owner, tt.code, tt.owner, run.Diagnosis.Summary)
			}
			if wantExit := map[bool]int{true: check.ExitOK, false: check.ExitFailed}[tt.code == ""]; run.ExitCode != wantExit {
				t.Errorf("exit code %d, want %d", run.ExitCode, wantExit)
			}
		})
	}
}

// TestAPastedTokenIsJudgedAtItsOwnAddress checks that a token with an address of its
// own is tested there, and not at LIVEKIT_URL.
func TestAPastedTokenIsJudgedAtItsOwnAddress(t *testing.T) {
	l, other := startMediaLab(t, lab.LiveKitOptions{}), startMediaLab(t, lab.LiveKitOptions{})
	for name, here := range map[string]string{"another live server": other.server.URL, "a dead address": "ws://127.0.0.1:1"} {
		t.Run(name, func(t *testing.T) {
			raw, err := token.Mint(token.MintOptions{Key: l.pair.Key, Secret: l.pair.Secret, Room: "r", Identity: fmt.Sprint("p", len(name)), Now: time.Now()})
			if err != nil {
				t.Fatal(err)
			}
			settings, err := config.Load(config.Inputs{Dir: t.TempDir(), Flags: map[string]string{"token": raw}, Environ: []string{"LIVEKIT_URL=" + here}})
			if err != nil {
				t.Fatal(err)
			}
			c := &Case{Settings: settings, Options: Options{GivenURL: l.server.URL}, Now: time.Now, Net: &probe.Net{},
				Redact: clean.NewRedactor(), Nonce: "0000beef"}
			results := map[string]check.Status{}
			for _, r := range Do(t.Context(), c, false, func(check.Event) {}).Results {
				results[r.Check.ID] = r.Status
			}
			for _, id := range []string{"signature.server", "join.websocket", "join.media"} {
				if results[id] != check.StatusPass {
					t.Errorf("%s: %s", id, results[id])
				}
			}
		})
	}
}
