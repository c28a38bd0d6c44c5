package tui

import (
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

// examinedRun returns opaqueRun with settings, the compared token, candidates, pairs and times.
func examinedRun() check.Run {
	run := opaqueRun()
	run.Settings = []config.Shown{
		{Name: "LIVEKIT_URL", Source: "environment", Value: "wss://demo.example.com", Hides: []config.ShownHidden{
			{Source: ".env.local", Line: 3, Value: "wss://old.example.com", Differs: true}, {Source: ".env", Line: 1, Value: "wss://demo.example.com"}}},
		{Name: "LIVEKIT_API_KEY", Source: ".env.local", Line: 1, Value: "APInScJg8WnWBor"},
		{Name: "LIVEKIT_API_SECRET", Source: ".env.local", Line: 2, Value: clean.Hidden, Length: 43, Fingerprint: "9f2c1a",
			Hides: []config.ShownHidden{{Source: ".env", Line: 2, Value: clean.Hidden, Differs: true}}},
		{Name: "USER_MGMT_BASE_URL", Source: ".env.local", Line: 4, Value: "http://10.0.0.7:8000"},
		{Name: "LKDOCTOR_TICKET", Source: "environment", Value: "tkt_e26…", Length: 36},
	}
	want := func(format string, args ...any) finding.Text { return finding.Textf(format, args...) }
	none := finding.Textf("–")
	run.Token = []check.TokenPart{
		{Name: "token", Want: want("header.payload.signature"), Came: want("%s%d characters, %d dots", "lk_demo_… ", 51, 0), Differs: true},
		{Name: "alg", Want: want("HS256"), Came: none},
		{Name: "iss", Want: want("%s, the API key here", "APInScJg8WnWBor"), Came: none},
		{Name: "sub", Want: want("the identity: who joins"), Came: none},
		{Name: "video.roomJoin", Want: want("true"), Came: none},
		{Name: "video.room", Want: want("the name of the room"), Came: none},
		{Name: "exp", Want: want("in the future; 15 minutes are usual"), Came: none},
		{Name: "nbf", Want: want("now or earlier, or left out"), Came: none},
		{Name: "signature", Want: want("made with the secret of that API key"), Came: none},
	}
	at := time.Duration(0)
	for i := range run.Results {
		r := &run.Results[i]
		if r.Began = at; r.Status != check.StatusSkip {
			at += r.Took
		}
		if r.Check.ID == "fallback.join" {
			r.Took = 24 * time.Millisecond
			r.Outcome.Facts = check.Facts{
				"dns_ms": 2.1, "tcp_ms": 1.2, "tls_ms": 3.0, "upgrade_ms": 4.5, "join_ms": 0.1, "offer_ms": 0.2, "ice_ms": 6.4, "dtls_ms": 5.1,
				"local_candidates":  []string{"udp 192.0.2.2:55212 host private", "udp [2001:db8::7]:50889 host public", "tcp 192.0.2.2:9 host private active"},
				"remote_candidates": []string{"udp 198.51.100.4:40858 host public, the address reached", "tcp 198.51.100.4:7881 host public passive, the address reached"},
				"pairs": []string{"192.0.2.2:55212 → 198.51.100.4:40858 (host) succeeded: 4 sent, 4 answered",
					"192.0.2.2:9 → 198.51.100.4:7881 (host) in-progress: 3 sent, 0 answered"},
				"selected_pair": "192.0.2.2:55212 → 198.51.100.4:40858 (host) succeeded: 4 sent, 4 answered", "rtt_ms": 11.2,
			}
		}
	}
	return run
}

// TestEvidence compares the evidence of each kind with goldens.
func TestEvidence(t *testing.T) {
	deps, _ := testDeps()
	m := ends(drawn(t, deps, 80, 24), examinedRun())
	eachFace(t, "evidence_token", step(m, press("e")))
	eachFace(t, "evidence_settings", step(m, press("k"), press("k"), press("e")))
	down := step(m, press("j"), press("j"), press("j"))
	eachFace(t, "evidence_join", step(down, press("e")))
	eachFace(t, "evidence_pairs", step(down, press("e"), press("G")))
}

// TestEvidenceOfOtherForms checks that rows that no table can parse, and long or unknown
// names, are shown as they are.
func TestEvidenceOfOtherForms(t *testing.T) {
	run := examinedRun()
	for i := range run.Results {
		if run.Results[i].Check.ID == "fallback.join" {
			run.Results[i].Outcome.Facts = check.Facts{
				"pairs": []string{"192.0.2.2:9 → 198.51.100.4:7881 (host) in-progress: 3 sent, 0 answered", "a row of another form"},
				"a_fact_without_a_name_for_people_that_is_longer_than_any_other_name_of_a_fact": "its value",
				"fields": []string{"token", "url"}, "settings": 5, "ticket_spent": true, "server_region": "", "took_ms": 1234.5,
			}
		}
	}
	deps, _ := testDeps()
	m := step(ends(drawn(t, deps, 80, 200), run), press("j"), press("j"), press("j"), press("e"))
	for _, want := range []string{"a row of another form", "in-progress: 3 sent, 0 answered", "a_fact_without_a_name_for_people", "its value",
		"token, url", "The ticket is spent  ", "yes", "none", "1.2 s"} {
		if !strings.Contains(m.View(), want) {
			t.Errorf("%q is not there:\n%s", want, m.View())
		}
	}
}

// TestWideCode checks that cut lines of code have a mark, and that > and < scroll to both ends.
func TestWideCode(t *testing.T) {
	deps, _ := testDeps()
	run := opaqueRun()
	for i := range run.Results {
		for j := range run.Results[i].Findings {
			run.Results[i].Findings[j].Fixes = []check.Fix{{Text: finding.Textf("Write it so:"), Command: "begin " + strings.Repeat("x", 120) + " end\nshort"}}
		}
	}
	m := step(ends(drawn(t, deps, 80, 24), run), press("f"))
	if view := m.View(); strings.Count(view, "xxxx…") != 1 || strings.Contains(view, " end") {
		t.Errorf("the cut line has no mark:\n%s", view)
	}
	for range 20 {
		m = step(m, press(">"))
	}
	if view := m.View(); !strings.Contains(view, "xxxx end\n") && !strings.Contains(strings.ReplaceAll(view, " \n", "\n"), "x end") {
		t.Errorf("the end is out of reach:\n%s", view)
	}
	for range 20 {
		m = step(m, press("<"))
	}
	if !strings.Contains(m.View(), "begin xxxx") {
		t.Errorf("the beginning is out of reach:\n%s", m.View())
	}
}

// TestFixed compares the screen after a fix with goldens. It shows the path, the times and
// a separate warning.
func TestFixed(t *testing.T) {
	deps, _ := testDeps()
	fixed := goodRun()
	fixed.Status = check.StatusWarn
	fixed.Diagnosis.Broke = fixed.Diagnosis.Summary
	fixed.Diagnosis.Warning = finding.Textf("One warning: %s", finding.Textf("The token lives for more than a day."))
	at := time.Duration(0)
	for i := range fixed.Results {
		r := &fixed.Results[i]
		if r.Began, at = at, at+r.Took; r.Check.ID == "join.websocket" {
			r.Outcome.Facts = check.Facts{"rtt_ms": 11.2, "selected_pair": "192.0.2.2:55212 → 198.51.100.4:40858 (host) succeeded: 4 sent, 4 answered"}
		}
	}
	m := ends(step(ends(drawn(t, deps, 80, 24), opaqueRun()), press("t"), paste("tkt_2"), press("enter")), fixed)
	eachFace(t, "fixed", m)
	deps, _, _ = watchedDeps()
	m = step(ends(drawn(t, deps, 80, 24), opaqueRun()), press("W"))
	eachFace(t, "watching", m)
}

// TestAHealthyRunInAWideWindow checks that a wide window shows as much of a healthy run as
// a narrow one, and offers no fix.
func TestAHealthyRunInAWideWindow(t *testing.T) {
	deps, _ := testDeps()
	fixed := goodRun()
	r := &fixed.Results[8]
	r.Outcome.Facts = check.Facts{"rtt_ms": 11.2, "selected_pair": "192.0.2.2:55212 → 198.51.100.4:40858 (host) succeeded: 4 sent, 4 answered"}
	hint := finding.New(finding.ServerNoRedis, finding.Info, "one node, without Redis")
	hint.Fixes = []finding.Fix{{Text: finding.Textf("Set redis."), Command: "redis: address"}}
	r.Findings = []finding.Finding{hint}
	fixed.Results[9] = check.Result{Check: planned("fallback.mint"), Status: check.StatusSkip, Skip: &check.Skip{
		Reason: check.NotApplicable, Text: finding.Textf("not run: the real token joined"),
	}}
	m := ends(drawn(t, deps, 120, 40), fixed)
	golden(t, "healthy_120x40", m.View())
	flat := func(m model) string { return strings.Join(strings.Fields(m.View()), " ") }
	for _, size := range [][2]int{{80, 24}, {110, 24}, {120, 40}, {200, 50}} {
		view := flat(resized(m, size[0], size[1]))
		for _, want := range []string{"192.0.2.2:55212", "round trip 11 ms", "Where the time went", "traded tkt_e26… for a token"} {
			if !strings.Contains(view, want) {
				t.Errorf("%v: %q is missing:\n%s", size, want, view)
			}
		}
		for _, never := range []string{"whole fix", "copy fix", "Set redis"} {
			if strings.Contains(view, never) {
				t.Errorf("%v: %q is offered, and nothing failed", size, never)
			}
		}
	}
	if m.fixToCopy() != "" {
		t.Errorf("the copy key copies %q of a run that passed", m.fixToCopy())
	}
	m = step(m, press("enter"), press("f"))
	if got := m.fixToCopy(); got != "redis: address" || !strings.Contains(m.View(), "[f Advice]") {
		t.Errorf("the advice on its open page: %q\n%s", got, m.View())
	}
	running := step(drawn(t, deps, 120, 40), eventMsg{Kind: check.CheckStarted, ID: r.Check.ID}, eventMsg{Kind: check.CheckEnded, ID: r.Check.ID, Result: *r})
	if strings.Contains(running.View(), "copy fix") || strings.Contains(running.View(), "whole fix") {
		t.Errorf("a fix is offered while nothing failed:\n%s", running.View())
	}
}
