package tui

import (
	"context"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/check"
)

// TestNoKeyLosesADiagnosis checks that the session's result is that of the last full run.
func TestNoKeyLosesADiagnosis(t *testing.T) {
	broken, fine := opaqueRun(), goodRun()
	for name, test := range map[string]struct {
		changes []Change
		want    int
	}{
		"a run without the ticket":          {[]Change{{}, {NoTicket: true}}, check.ExitFailed},
		"going on from a run without it":    {[]Change{{}, {NoTicket: true}, {From: check.StageToken}}, check.ExitFailed},
		"going on with what it brought":     {[]Change{{}, {NoTicket: true, From: check.StageToken}}, check.ExitOK},
		"a fresh ticket":                    {[]Change{{}, {Ticket: "tkt_2"}}, check.ExitOK},
		"a pasted token":                    {[]Change{{}, {Token: "eyJ"}}, check.ExitOK},
		"without the ticket from the first": {[]Change{{}, {NoTicket: true, From: check.StageTicket}}, check.ExitFailed},
	} {
		deps, _ := testDeps()
		first := true
		deps.Start = func(context.Context, Change, func(check.Event)) check.Run {
			if first {
				first = false
				return broken
			}
			return fine
		}
		s := newSession(t.Context(), deps.Start)
		m := newModel(deps.withDefaults(), s)
		for _, change := range test.changes {
			m, _ = m.launched(change)
			m = step(m, (<-m.feed).(endMsg))
		}
		if run, err := s.close(); err != nil || run.ExitCode != test.want {
			t.Errorf("%s: exit code %d, want %d, error %v", name, run.ExitCode, test.want, err)
		}
	}
}

func TestAStoppedReRunReplacesNothing(t *testing.T) {
	deps, _ := testDeps()
	starts := 0
	deps.Start = func(ctx context.Context, _ Change, _ func(check.Event)) check.Run {
		if starts++; starts == 1 {
			return opaqueRun()
		}
		<-ctx.Done()
		run := goodRun()
		run.ExitCode = check.ExitInterrupted
		return run
	}
	s := newSession(t.Context(), deps.Start)
	m := newModel(deps.withDefaults(), s)
	m, _ = m.launched(Change{})
	m = step(m, (<-m.feed).(endMsg))
	_, _ = m.launched(Change{Ticket: "tkt_2"})
	if run, err := s.close(); err != nil || run.ExitCode != check.ExitFailed {
		t.Errorf("exit code %d, error %v", run.ExitCode, err)
	}
}

func TestARunWithASkippedCheckReplacesNothing(t *testing.T) {
	deps, _ := testDeps()
	starts := 0
	deps.Start = func(context.Context, Change, func(check.Event)) check.Run {
		if starts++; starts == 1 {
			return opaqueRun()
		}
		run := goodRun()
		run.Results[3].Skip = &check.Skip{Reason: check.NotRequested, ByHand: true}
		run.Results[3].Status = check.StatusSkip
		return run
	}
	s := newSession(t.Context(), deps.Start)
	m := newModel(deps.withDefaults(), s)
	for range 2 {
		m, _ = m.launched(Change{})
		m = step(m, (<-m.feed).(endMsg))
	}
	if run, err := s.close(); err != nil || run.ExitCode != check.ExitFailed {
		t.Errorf("exit code %d, error %v", run.ExitCode, err)
	}
}

func TestEarlierRunsAreKept(t *testing.T) {
	deps, _ := testDeps()
	m := ends(drawn(t, deps, 80, 24), opaqueRun())
	if strings.Contains(m.View(), "Runs") || strings.Contains(m.View(), "was ") {
		t.Errorf("one run is no history:\n%s", m.View())
	}
	m = step(m, press("t"), paste("tkt_2"), press("enter"))
	m = ends(m, goodRun())
	golden(t, "second_run_80x24", m.View())
	golden(t, "second_run_120x40", resized(m, 120, 40).View())
	if m = step(m, press("[")); !strings.Contains(m.View(), "not a LiveKit token") {
		t.Errorf("the run before is not shown:\n%s", m.View())
	}
	if m = step(m, press("["), press("R")); m.running || m.showing != 0 {
		t.Error("an earlier run cannot be gone on from")
	}
	if m = step(m, press("]")); !strings.Contains(m.View(), "Everything works") {
		t.Errorf("the run after is not shown:\n%s", m.View())
	}
}

// TestAnOpenPageDoesNotChange checks that an open page stays open when the run ends.
func TestAnOpenPageDoesNotChange(t *testing.T) {
	deps, _ := testDeps()
	m := step(midway(t, deps, 80, 24), press("up"), press("up"), press("enter"))
	title := strings.Split(m.View(), "\n")[0]
	if !strings.Contains(title, "Token") {
		t.Fatalf("the page is %q", title)
	}
	m = ends(m, opaqueRun())
	if got := strings.Split(m.View(), "\n")[0]; got != title {
		t.Errorf("the page was %q and is %q", title, got)
	}
}

// TestThePageBesideTheRows checks that in a wide window a tab is shown next to the rows,
// and that enter opens it in the full width.
func TestThePageBesideTheRows(t *testing.T) {
	deps, _ := testDeps()
	m := step(ends(drawn(t, deps, 120, 40), opaqueRun()), press("e"))
	if m.open || m.shownTab() != tabEvidence || !strings.Contains(m.View(), "[e Evidence]") {
		t.Errorf("e opens the page, or does not show the evidence:\n%s", m.View())
	}
	golden(t, "evidence_120x40", m.View())
	if m = step(m, press("enter")); !m.open || m.shownTab() != tabEvidence || strings.Contains(m.View(), "│") {
		t.Errorf("enter does not open what was looked at:\n%s", m.View())
	}
	if m = step(m, press("esc"), press("down")); m.shownTab() != tabEvidence || m.open {
		t.Error("the next row has no evidence")
	}
}

// TestKeysStayInTheHelp checks that keys have no effect outside an open help or prompt.
func TestKeysStayInTheHelp(t *testing.T) {
	deps, starts := testDeps()
	for name, open := range map[string]tea.Msg{"help": press("?"), "prompt": press("p")} {
		m := step(ends(drawn(t, deps, 80, 24), opaqueRun()), open)
		before := m.selected
		for _, k := range []string{"r", "R", "t", "J", "w", "S", "y", "n", "1", "[", "e", "j", "down"} {
			m = step(m, press(k))
		}
		idle(t, starts)
		if m.selected != before || m.open || m.notice != "" || m.language != 0 {
			t.Errorf("%s: a key went through", name)
		}
	}
}

func TestTheHelpIsAMenu(t *testing.T) {
	deps, starts := testDeps()
	m := step(ends(drawn(t, deps, 80, 24), opaqueRun()), press("?"), press("/"), paste("stage ON"))
	if items := m.menuItems(); len(items) != 1 || items[0].Keys[0] != "R" {
		t.Fatalf("the filter leaves %d keys", len(items))
	}
	m = step(m, press("enter"))
	if got := asked(t, starts); got.From != check.StageToken || m.menu.open {
		t.Errorf("enter ran %+v", got)
	}
	m = step(ends(drawn(t, deps, 80, 24), opaqueRun()), press("enter"), press("?"))
	for _, b := range m.full() {
		if b.Keys[0] == "enter" {
			t.Error("the help of a page lists a key of the overview")
		}
	}
	m = step(m, press("/"), paste("zzz"))
	if !strings.Contains(m.View(), "No key does that here.") {
		t.Errorf("an empty list says nothing:\n%s", m.View())
	}
	if m = step(m, press("enter"), press("esc"), press("esc")); m.menu.open || !m.open {
		t.Error("esc must leave the filter, then the help, and not the page")
	}
}

func TestSkippingAsksTheRun(t *testing.T) {
	deps, _ := testDeps()
	var skipped string
	deps.Skip = func(id string) { skipped = id }
	m := midway(t, deps, 80, 24)
	_, cmd := m.Update(press("s"))
	if cmd == nil {
		t.Fatal("s does nothing")
	}
	if cmd(); skipped != "join.reach" {
		t.Errorf("%q was skipped, want the check that is waited for", skipped)
	}
}

func TestCopyingTellsWhatIsKnown(t *testing.T) {
	deps, _ := testDeps()
	for want, to := range map[string]Copied{
		"On the clipboard (pbcopy). Lines: 2":                               {By: "pbcopy", Sure: true},
		"The terminal was asked to copy; to be sure, it is in /tmp/fix.txt": {By: "terminal", File: "/tmp/fix.txt"},
		"No clipboard took it; it is in /tmp/fix.txt":                       {File: "/tmp/fix.txt"},
	} {
		deps.Copy = func(string) (Copied, error) { return to, nil }
		m := ends(drawn(t, deps, 80, 24), opaqueRun())
		m = step(m, m.copying("one\ntwo\n")())
		if m.notice != want {
			t.Errorf("%+v: %q, want %q", to, m.notice, want)
		}
	}
}
