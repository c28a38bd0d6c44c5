package tui

import (
	"strings"
	"testing"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// nothingRun returns a run without settings.
func nothingRun() check.Run {
	run := opaqueRun()
	for i := range run.Results {
		run.Results[i].Findings = nil
	}
	run.Results[1].Status = check.StatusFail
	run.Results[1].Findings = []check.Finding{finding.New(finding.EnvURLMissing, finding.Fail, "LIVEKIT_URL is not set: neither here nor there").As("unset")}
	run.Settings, run.Target, run.TicketSpent = nil, check.Target{TokenSource: check.SourceNone}, false
	run.Diagnosis = check.Diagnosis{Owner: finding.OwnerConfig, Broke: finding.Textf("LIVEKIT_URL is not set."), Summary: finding.Textf("LIVEKIT_URL is not set.")}
	return run
}

func beginDeps() (Deps, starts) {
	deps, asked := testDeps()
	deps.Title = Header{Source: "not set"}
	deps.Looked = func() Looked {
		return Looked{Dir: "/home/me/app", Projects: []LKProject{{"demo", "wss://demo.livekit.cloud"}, {"prod", "wss://prod.livekit.cloud"}},
			Files: []LookedFile{{Name: ".env.development.local"}, {Name: ".env.local"}, {Name: ".env.development"}, {Name: ".env", There: true}}}
	}
	deps.Listening = func([]int) []int { return []int{3000, 7880} }
	return deps, asked
}

// TestNothingSet checks the screen of a run without settings: where it looked, and the
// choices. Local ports must not be probed before the user asks for it.
func TestNothingSet(t *testing.T) {
	deps, asked := beginDeps()
	ports := 0
	listening := deps.Listening
	deps.Listening = func(list []int) []int { ports++; return listening(list) }
	m := ends(drawn(t, deps, 80, 24), nothingRun())
	eachFace(t, "begin", m)
	if ports > 0 {
		t.Error("the ports were asked unasked")
	}
	m = step(m, press("j"))
	m, cmd := pressed(m, press("enter"))
	m = step(m, cmd())
	eachFace(t, "begin_listens", m)
	if ports != 1 {
		t.Errorf("the ports were asked %d times", ports)
	}
	for keys, want := range map[string]Server{
		"enter":       {Frontend: "http://localhost:3000"},
		"j enter":     {Dev: true},
		"j j enter":   {Project: "demo"},
		"j j j enter": {Project: "prod"},
	} {
		chosen := m
		for key := range strings.FieldsSeq(keys) {
			chosen = step(chosen, press(key))
		}
		if got := <-asked; got.Server != want || !chosen.running || chosen.showsBegin() {
			t.Errorf("%s: %+v", keys, got)
		}
		_ = ends(chosen, opaqueRun())
		chosen.session.interrupt()
	}
}

// TestNothingSetLosesNothing checks that the checks and their pages remain reachable.
func TestNothingSetLosesNothing(t *testing.T) {
	deps, _ := beginDeps()
	m := ends(drawn(t, deps, 80, 24), nothingRun())
	if m = step(m, press("e")); m.showsBegin() || !strings.Contains(m.View(), "[e Evidence]") {
		t.Errorf("the evidence is not shown:\n%s", m.View())
	}
	if m = step(m, press("esc")); !m.showsBegin() {
		t.Errorf("esc does not lead back:\n%s", m.View())
	}
	if m = step(m, press("esc")); m.showsBegin() || !strings.Contains(m.View(), "LIVEKIT_URL is not set.") {
		t.Errorf("the checks are not shown:\n%s", m.View())
	}
	elsewhere, unreadable := nothingRun(), nothingRun()
	elsewhere.Results[1].Findings[0] = elsewhere.Results[1].Findings[0].As("other-folder")
	unreadable.Results[0].Findings = []check.Finding{finding.New(finding.EnvFileUnreadable, finding.Fail, "it is UTF-16")}
	for name, run := range map[string]check.Run{"settings": opaqueRun(), "elsewhere": elsewhere, "unreadable": unreadable} {
		if m := ends(drawn(t, deps, 80, 24), run); m.showsBegin() {
			t.Errorf("%s: the choices are shown", name)
		}
	}
}

// TestPastes checks what a paste does: a token or server is checked, a known error is
// explained.
func TestPastes(t *testing.T) {
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJBUEkifQ.c2ln"
	for text, want := range map[string]Change{
		jwt:                        {Token: jwt},
		"Bearer " + jwt:            {Token: "Bearer " + jwt},
		`{"error":"no such room"}`: {Token: `{"error":"no such room"}`},
		"wss://demo.example.com":   {Address: "wss://demo.example.com"},
		"WebSocket connection to 'wss://demo.example.com/rtc?x=1' failed: net::ERR_CERT_AUTHORITY_INVALID": {Address: "wss://demo.example.com"},
		"wss://demo.example.com/rtc?access_token=" + jwt:                                                   {Token: "wss://demo.example.com/rtc?access_token=" + jwt},
	} {
		deps, asked := beginDeps()
		m := step(ends(drawn(t, deps, 80, 24), nothingRun()), paste(text))
		if m.prompt.asks != aTokenToCheck {
			t.Fatalf("%q was not taken for a paste", text)
		}
		m = step(m, press("enter"))
		if !m.running {
			t.Errorf("%q: nothing runs", text)
			continue
		}
		if got := <-asked; got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
		if again := step(ends(m, nothingRun()), press("esc"), press("r")); again.running {
			if got := <-asked; got != want {
				t.Errorf("%q, again: %+v, want %+v", text, got, want)
			}
		}
	}
	deps, _ := beginDeps()
	deps.Page = catalogue.Lookup
	m := step(ends(drawn(t, deps, 80, 24), nothingRun()), press("esc"),
		paste("ConnectionError: could not establish signal connection: invalid token: …, error: token has invalid claims: token is expired"), press("enter"))
	if m.running || !strings.Contains(m.View(), "TOKEN_EXPIRED") {
		t.Errorf("the error text is not explained:\n%s", m.View())
	}
}
