package tui

import (
	"context"
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// watchedDeps returns Deps whose Watch reports a change for each value sent on the channel.
func watchedDeps() (Deps, starts, chan struct{}) {
	deps, asked := testDeps()
	changes := make(chan struct{})
	deps.Watch = func(ctx context.Context) <-chan struct{} {
		news := make(chan struct{})
		go func() {
			defer close(news)
			for {
				select {
				case <-ctx.Done():
					return
				case <-changes:
				}
				select {
				case news <- struct{}{}:
				case <-ctx.Done():
					return
				}
			}
		}()
		return news
	}
	return deps, asked, changes
}

// pressed returns the model after a message, and the command.
func pressed(m model, msg tea.Msg) (model, tea.Cmd) {
	next, cmd := m.Update(msg)
	return next.(model), cmd
}

// TestWatching checks that a change of an env file starts a run without a ticket or a join,
// which does not replace the session's result.
func TestWatching(t *testing.T) {
	deps, asked, changes := watchedDeps()
	m := ends(drawn(t, deps, 80, 24), opaqueRun())
	m, wait := pressed(m, press("W"))
	if !strings.Contains(m.View(), "watching .env*") || !strings.Contains(m.short(200), "stop watching") {
		t.Errorf("the watch is not shown:\n%s", m.View())
	}
	changes <- struct{}{}
	m, _ = pressed(m, wait())
	if got := <-asked; !got.Watched || !got.NoTicket || got.Ticket != "" || !m.running {
		t.Errorf("the change is %+v", got)
	}
	if !strings.Contains(m.View(), "watching .env*") {
		t.Error("the watch is not shown during a run")
	}
	m = ends(m, goodRun())
	if m.runs[1].counted || !strings.Contains(m.View(), "(in part)") {
		t.Errorf("a run without a ticket and a room counts as a whole one:\n%s", m.View())
	}
	m, _ = pressed(m, press("W"))
	if strings.Contains(m.View(), "watching .env*") {
		t.Errorf("the watch is still shown:\n%s", m.View())
	}
	if m.watch.news != nil {
		t.Error("the watch goes on")
	}
}

// TestAChangeWaits checks that a change waits until a run or prompt has ended, and has no
// effect after the watch was stopped.
func TestAChangeWaits(t *testing.T) {
	deps, asked, _ := watchedDeps()
	news := make(chan struct{})
	deps.Watch = func(context.Context) <-chan struct{} { return news }
	change := changedMsg(news)
	m := step(ends(drawn(t, deps, 80, 24), opaqueRun()), press("W"), press("p"), change)
	if m.running || len(asked) > 0 {
		t.Error("a run began behind a question")
	}
	m = step(m, press("esc"))
	if got := <-asked; !got.Watched || !m.running {
		t.Errorf("the change is %+v", got)
	}
	m = step(m, change)
	if len(asked) > 0 {
		t.Error("two runs at once")
	}
	if m = ends(m, goodRun()); !m.running || !(<-asked).Watched {
		t.Error("a change during a run is forgotten")
	}
	m = ends(m, goodRun())
	if m = step(m, press("W"), change); m.running {
		t.Error("a change is followed after the watch was stopped")
	}
}

// TestAfterAFix checks that the screen shows what passes now, compared with the run before,
// and a separate warning.
func TestAfterAFix(t *testing.T) {
	deps, _ := testDeps()
	fixed := goodRun()
	fixed.Status = check.StatusWarn
	fixed.Diagnosis.Broke = fixed.Diagnosis.Summary
	fixed.Diagnosis.Warning = finding.Textf("One warning: the token lives for a year.")
	m := ends(drawn(t, deps, 80, 24), opaqueRun())
	m = ends(step(m, press("t"), paste("tkt_2"), press("enter")), fixed)
	view := m.View()
	for _, want := range []string{"✓ Everything works", "Since the run before: one check that failed passes now, 3 that did not run\n   pass now.", "! One warning: the token lives"} {
		if !strings.Contains(view, want) {
			t.Errorf("%q is missing:\n%s", want, view)
		}
	}
	if view = step(m, press("[")).View(); strings.Contains(view, "Since the run before") {
		t.Errorf("the first run has none before it:\n%s", view)
	}
}

// TestSinceTheRunBefore checks that runs are not compared if one of them had pasted input, and
// that "nothing has changed" is not shown if a check has another result.
func TestSinceTheRunBefore(t *testing.T) {
	deps, _ := testDeps()
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJBUEkifQ.c2ln"
	m := ends(drawn(t, deps, 120, 40), opaqueRun())
	m = ends(step(m, paste(jwt), press("enter")), goodRun())
	if view := m.View(); strings.Contains(view, "Since the run before") || strings.Contains(view, "was ") {
		t.Errorf("a pasted token is compared with the token of the settings:\n%s", view)
	}
	m = ends(step(m, press("r")), goodRun())
	if got := m.since(); got != "Since the run before: nothing has changed." {
		t.Errorf("the same again: %q", got)
	}
	bad := goodRun()
	for i := range bad.Results {
		if bad.Results[i].Check.ID == "token.claims" {
			bad.Results[i].Status = check.StatusFail
			bad.Results[i].Findings = []check.Finding{finding.New(finding.TokenNoRoom, finding.Fail, "no room")}
		}
	}
	for name, change := range map[string]func(*check.Result){
		"passed": func(r *check.Result) { r.Status, r.Findings = check.StatusPass, nil },
		"warned": func(r *check.Result) { r.Status = check.StatusWarn },
		"not run": func(r *check.Result) {
			r.Status, r.Findings, r.Skip = check.StatusSkip, nil, &check.Skip{Reason: check.NotRequested}
		},
		"errored": func(r *check.Result) { r.Status = check.StatusError },
		"failed, other code": func(r *check.Result) {
			r.Findings = []check.Finding{finding.New(finding.TokenNoVideo, finding.Fail, "no video")}
		},
	} {
		next := bad
		next.Results = slices.Clone(bad.Results)
		for i := range next.Results {
			if next.Results[i].Check.ID == "token.claims" {
				change(&next.Results[i])
			}
		}
		m := ends(drawn(t, deps, 120, 40), bad)
		if got := ends(step(m, press("r"), press("enter")), next).since(); got == "" || strings.Contains(got, "nothing") {
			t.Errorf("%s: %q", name, got)
		}
	}
}
