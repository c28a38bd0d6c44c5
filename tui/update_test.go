package tui

import (
	"errors"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
)

// asked waits for a call of Start and returns its argument.
func asked(t *testing.T, s starts) Change {
	t.Helper()
	select {
	case change := <-s:
		return change
	case <-time.After(limit):
		t.Fatal("no run was started")
		return Change{}
	}
}

func idle(t *testing.T, s starts) {
	t.Helper()
	select {
	case change := <-s:
		t.Fatalf("a run was started: %+v", change)
	default:
	}
}

func TestReRunNeverSpendsATicketSilently(t *testing.T) {
	unspent := opaqueRun()
	unspent.TicketSpent = false
	withTicket := unspent
	withTicket.Target.TokenSource = check.SourceTicket
	tests := map[string]struct {
		run    check.Run
		before []tea.Msg
		keys   []tea.Msg
		want   *Change
	}{
		"nothing was spent":               {run: unspent, keys: []tea.Msg{press("r")}, want: &Change{}},
		"spent: r asks":                   {run: opaqueRun(), keys: []tea.Msg{press("r")}},
		"spent: esc cancels":              {run: opaqueRun(), keys: []tea.Msg{press("r"), press("esc"), press("enter")}},
		"spent: enter on an empty line":   {run: opaqueRun(), keys: []tea.Msg{press("r"), press("enter")}, want: &Change{NoTicket: true}},
		"spent: blanks are an empty line": {run: opaqueRun(), keys: []tea.Msg{press("r"), paste(" \n "), press("enter")}, want: &Change{NoTicket: true}},
		"spent: a fresh one":              {run: opaqueRun(), keys: []tea.Msg{press("r"), paste("tkt_2\n"), press("enter")}, want: &Change{Ticket: "tkt_2"}},
		"from the token on: its answer is used again": {
			run: opaqueRun(), keys: []tea.Msg{press("R")}, want: &Change{NoTicket: true, From: check.StageToken},
		},
		"from the ticket on: asks": {run: opaqueRun(), keys: []tea.Msg{press("up"), press("R")}},
		"from the ticket on with a fresh one": {
			run: opaqueRun(), keys: []tea.Msg{press("up"), press("R"), paste("tkt_2"), press("enter")},
			want: &Change{Ticket: "tkt_2", From: check.StageTicket},
		},
		"from the first stage on is all of it": {
			run: unspent, keys: []tea.Msg{press("up"), press("up"), press("R")}, want: &Change{},
		},
		"j only moves":    {run: opaqueRun(), keys: []tea.Msg{press("j"), press("k"), press("J")}},
		"unspent: r asks": {run: withTicket, keys: []tea.Msg{press("r"), press("y"), press("esc")}},
		"unspent: a yes":  {run: withTicket, keys: []tea.Msg{press("r"), press("enter")}, want: &Change{}},
		"unspent: past the ticket nothing is spent": {
			run: withTicket, keys: []tea.Msg{press("R")}, want: &Change{From: check.StageToken},
		},
		"t with a ticket":              {run: opaqueRun(), keys: []tea.Msg{press("t"), paste("tkt_3"), press("enter")}, want: &Change{Ticket: "tkt_3"}},
		"t with nothing":               {run: opaqueRun(), keys: []tea.Msg{press("t"), press("enter")}},
		"p with a token":               {run: opaqueRun(), keys: []tea.Msg{press("p"), paste("Bearer\neyJ"), press("enter")}, want: &Change{Token: "Bearer eyJ"}},
		"a paste anywhere":             {run: opaqueRun(), keys: []tea.Msg{paste("Bearer eyJ"), press("enter")}, want: &Change{Token: "Bearer eyJ"}},
		"a paste anywhere can be left": {run: opaqueRun(), keys: []tea.Msg{paste("r"), press("esc"), press("enter")}},
		"p with nothing":               {run: opaqueRun(), keys: []tea.Msg{press("p"), press("enter")}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			deps, starts := testDeps()
			m := step(ends(drawn(t, deps, 80, 24), test.run), test.keys...)
			if test.want == nil {
				if m.running {
					t.Errorf("a run was started: %+v", asked(t, starts))
				}
				idle(t, starts)
				return
			}
			if diff := cmp.Diff(*test.want, asked(t, starts)); diff != "" {
				t.Errorf("change (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSpentTicketIsRemembered checks that a run without a ticket does not make the screen
// forget that the configured ticket is consumed.
func TestSpentTicketIsRemembered(t *testing.T) {
	deps, starts := testDeps()
	m := step(ends(drawn(t, deps, 80, 24), opaqueRun()), press("r"), press("enter"))
	asked(t, starts)
	m = step(ends(m, goodRun()), press("r"))
	if m.prompt.asks != aFreshTicket {
		t.Fatalf("asks %v, want a fresh ticket", m.prompt.asks)
	}
	m = step(m, paste("tkt_9"), press("enter"))
	asked(t, starts)
	// goodRun consumed no ticket, so tkt_9 is used again after a confirmation.
	m = step(ends(m, goodRun()), press("r"), press("enter"))
	if diff := cmp.Diff(Change{Ticket: "tkt_9"}, asked(t, starts)); diff != "" {
		t.Error(diff)
	}
	// The next run uses the pasted token and needs no ticket.
	m = step(ends(m, opaqueRun()), press("p"), paste("tok"), press("enter"))
	asked(t, starts)
	step(ends(m, goodRun()), press("r"))
	if diff := cmp.Diff(Change{Token: "tok"}, asked(t, starts)); diff != "" {
		t.Error(diff)
	}
}

func TestATypedTokenIsNeverShown(t *testing.T) {
	const canary = "eyJCANARYcanaryCANARY"
	deps, _ := testDeps()
	m := step(ends(drawn(t, deps, 120, 40), opaqueRun()), press("p"))
	look := func(when string) {
		t.Helper()
		for n := 4; n <= len(canary); n++ {
			if strings.Contains(m.View(), canary[:n]) {
				t.Fatalf("%s: the token is shown:\n%s", when, m.View())
			}
		}
	}
	for _, r := range canary {
		m = step(m, tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}})
		look("typing")
	}
	m = step(m, paste(canary))
	look("pasted")
	m = resized(m, 20, 5)
	look("small")
	m = step(resized(m, 80, 24), press("enter"))
	look("running")
	m = ends(m, goodRun())
	look("after")
}

func TestSelection(t *testing.T) {
	deps, _ := testDeps()
	m := ends(drawn(t, deps, 80, 24), opaqueRun())
	if row, _ := m.row(); row.Stage != check.StageToken {
		t.Errorf("the end of the run selects %s, want the root cause", row.Stage)
	}
	m = ends(step(drawn(t, deps, 80, 24), press("down")), opaqueRun())
	if row, _ := m.row(); row.Stage != check.StageTicket {
		t.Errorf("the end of the run moved a hand-made selection to %s", row.Stage)
	}
	for range 20 {
		m = step(m, press("down"))
	}
	if row, _ := m.row(); row.Stage != check.StageFallback {
		t.Errorf("down stops at %s", row.Stage)
	}
}

func TestKeysThatDoNothingAreNotOffered(t *testing.T) {
	deps, starts := testDeps()
	deps.Save, deps.Copy, deps.Join, deps.Skip = nil, nil, nil, nil
	m := drawn(t, deps, 120, 40)
	for _, k := range []string{"r", "R", "t", "p", "J", "w", "S", "c", "y", "s", "[", "]", "tab", "1", "x", "11;rgb:1212/r/w"} {
		m = step(m, press(k))
	}
	idle(t, starts)
	if m.prompt.isOpen() || m.notice != "" {
		t.Error("a key did something during a run")
	}
	m = ends(m, opaqueRun())
	for _, word := range []string{"copy fix", "w report", "join a room", "writes a report"} {
		if strings.Contains(m.View(), word) {
			t.Errorf("%q is offered without what it needs", word)
		}
	}
}

func TestCopyAndSave(t *testing.T) {
	deps, _ := testDeps()
	var copied string
	deps.Copy = func(text string) (Copied, error) { copied = text; return Copied{By: "wl-copy", Sure: true}, nil }
	m := ends(drawn(t, deps, 80, 24), opaqueRun())
	next, cmd := step(m, press("3")).Update(press("c"))
	m = step(next.(model), cmd())
	if copied != "jwt, err := at.ToJWT()\n" || m.notice != "On the clipboard (wl-copy). Lines: 1" {
		t.Errorf("copied %q, notice %q", copied, m.notice)
	}
	m = step(m, press("up"))
	next, cmd = m.Update(press("c"))
	if step(next.(model), cmd()); copied != "jwt, err := at.ToJWT()\n" {
		t.Errorf("a row without findings copies %q, want the code of the next step", copied)
	}
	next, cmd = m.Update(press("w"))
	if m = step(next.(model), cmd()); !strings.Contains(m.View(), "lkdoctor-report.md") {
		t.Errorf("notice %q", m.notice)
	}
	m.deps.Save = func(check.Run) (string, error) { return "", errors.New("disk full\x1b[2J") }
	next, cmd = m.Update(press("w"))
	if m = step(next.(model), cmd()); !strings.Contains(m.View(), "disk full") {
		t.Errorf("notice %q", m.notice)
	}
}

func TestQuitting(t *testing.T) {
	deps, _ := testDeps()
	running := drawn(t, deps, 80, 24)
	for _, k := range []string{"q", "ctrl+c"} {
		next, cmd := running.Update(press(k))
		m := next.(model)
		if !m.stopping || isQuit(cmd) {
			t.Errorf("%s during a run must wait for its end", k)
		}
		if m.left != (k == "ctrl+c") {
			t.Errorf("%s: left = %v", k, m.left)
		}
		if _, cmd = m.Update(press(k)); !isQuit(cmd) {
			t.Errorf("a second %s must quit", k)
		}
		if _, cmd = m.Update(endMsg{run: opaqueRun()}); !isQuit(cmd) {
			t.Errorf("%s: the end of the run must quit", k)
		}
		if _, cmd = ends(running, opaqueRun()).Update(press(k)); !isQuit(cmd) {
			t.Errorf("%s after the run must quit", k)
		}
	}
	asking := step(ends(running, opaqueRun()), press("p"))
	if _, cmd := asking.Update(press("q")); isQuit(cmd) {
		t.Error("q in a prompt is a character")
	}
	if _, cmd := asking.Update(press("ctrl+c")); !isQuit(cmd) {
		t.Error("ctrl+c must leave a prompt as well")
	}
}

func isQuit(cmd tea.Cmd) bool {
	if cmd == nil {
		return false
	}
	_, quits := cmd().(tea.QuitMsg)
	return quits
}

func TestReRunFromHereKeepsTheStagesAbove(t *testing.T) {
	deps, starts := testDeps()
	m := step(ends(drawn(t, deps, 80, 24), opaqueRun()), press("R"))
	asked(t, starts)
	view := m.View()
	if !strings.Contains(view, "traded tkt_e26") || !strings.Contains(view, "· Token           waiting") {
		t.Errorf("want the rows above kept and those from here on waiting:\n%s", view)
	}
}

func TestTheDetailsAreAboutTheWorstFinding(t *testing.T) {
	run := opaqueRun()
	warning := finding.New(finding.TokenExpiresSoon, finding.Warn, "it expires in a minute")
	run.Results[4].Findings = []check.Finding{warning, opaqueToken()}
	deps, _ := testDeps()
	m := step(ends(drawn(t, deps, 80, 24), run), press("enter"))
	for _, want := range []string{"TOKEN_OPAQUE (1 of 2", "TOKEN_EXPIRES_SOON (2 of 2", "TOKEN_OPAQUE (1 of 2"} {
		if !strings.Contains(m.View(), want) {
			t.Errorf("%q is missing:\n%s", want, m.View())
		}
		m = step(m, press("n"))
	}
}

// TestAPasteReplacesThePasteBefore checks that a paste replaces a paste in the prompt, but
// not typed text.
func TestAPasteReplacesThePasteBefore(t *testing.T) {
	deps, _ := testDeps()
	m := step(ends(drawn(t, deps, 80, 24), opaqueRun()), paste("first"), paste("second"))
	if got := m.prompt.value(); got != "second" {
		t.Errorf("two pastes: %q", got)
	}
	if got := step(m, press("x"), paste("third")).prompt.value(); got != "secondxthird" {
		t.Errorf("typed between two pastes: %q", got)
	}
}

// TestAPastedErrorTextIsExplained checks that a pasted error text opens its pages, with or
// without an address in it. An address alone is checked, and other text is refused.
func TestAPastedErrorTextIsExplained(t *testing.T) {
	const known = "could not establish pc connection"
	for text, want := range map[string]struct {
		opens, runs bool
		notice      string
	}{
		known: {opens: true},
		"WebSocket connection to ws://localhost:7880/rtc failed: " + known: {opens: true, notice: "ws://localhost:7880"},
		"wss://lk.example.com":     {runs: true},
		"wss://lk.example.com/rtc": {runs: true},
		"garbage hello world":      {notice: "no token"},
	} {
		deps, _ := testDeps()
		m := step(ends(drawn(t, deps, 120, 40), opaqueRun()), paste(text), press("enter"))
		if m.browser.open != want.opens || m.running != want.runs || !strings.Contains(m.notice, want.notice) || want.notice == "" && m.notice != "" {
			t.Errorf("%s: opens %v, runs %v, notice %q", text, m.browser.open, m.running, m.notice)
		}
		if want.opens && (m.browser.filter == "" || !strings.Contains(m.View(), want.notice)) {
			t.Errorf("%s:\n%s", text, m.View())
		}
	}
}

// TestAPassedStageSaysItsOutcome checks that a row shows its outcome even if the verdict
// says the same.
func TestAPassedStageSaysItsOutcome(t *testing.T) {
	deps, _ := testDeps()
	run := goodRun()
	run.Diagnosis.NotIt = finding.Textf("the ticket service (signed with the secret configured here)")
	run.Diagnosis.Broke, run.Diagnosis.FixIn = run.Diagnosis.Summary, finding.Textf("the network")
	m := ends(drawn(t, deps, 120, 40), run)
	for _, row := range m.progress.Rows() {
		if text := m.rowText(row); row.State == progress.Passed && text != m.Say(row.Line) {
			t.Errorf("%s: %q, want %q", row.Stage, text, row.Line)
		}
	}
}

// TestKeysOfOneRead checks that several keys in one read count one by one. A longer text is
// a paste.
func TestKeysOfOneRead(t *testing.T) {
	deps, _ := testDeps()
	m := ends(drawn(t, deps, 80, 24), opaqueRun())
	one, both := step(m, press("k"), press("k")), step(m, tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("kk")})
	if one.selected == m.selected || both.selected != one.selected {
		t.Errorf("from row %d: %d with one key at a time, %d with both in one read", m.selected, one.selected, both.selected)
	}
	if m := step(m, tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("?q")}); !m.menu.open {
		t.Error("q quits behind the help that the key before it opened")
	}
	if m := step(m, tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("Jabcdefghij")}); !m.prompt.isOpen() {
		t.Error("a paste that is not marked as one opens no prompt")
	}
}
