//go:build unix

package tui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/exp/teatest"

	"lkdoctor/checks/check"
)

// stuck returns a Start that ends only when cancelled, and closes leaves before it returns.
func stuck(leaves chan<- struct{}) func(context.Context, Change, func(check.Event)) check.Run {
	return func(ctx context.Context, _ Change, observe func(check.Event)) check.Run {
		observe(check.Event{Kind: check.CheckStarted, ID: "env.files"})
		<-ctx.Done()
		observe(check.Event{Kind: check.CheckWaiting, ID: "env.files"})
		close(leaves)
		run := opaqueRun()
		run.Status, run.ExitCode = check.StatusError, check.ExitInterrupted
		return run
	}
}

func TestCtrlCRestoresTheTerminal(t *testing.T) {
	x := newTerminal(t)
	before := x.state(t)
	deps, _ := testDeps()
	leaves := make(chan struct{})
	deps.Start = stuck(leaves)
	ended := x.shows(t.Context(), deps)
	x.awaits(t, "running")
	x.types(t, "\x03")
	l := x.ends(t, ended)
	if l.err != nil || l.run.ExitCode != check.ExitInterrupted || len(l.run.Results) == 0 {
		t.Errorf("got exit code %d, %d results, error %v", l.run.ExitCode, len(l.run.Results), l.err)
	}
	select {
	case <-leaves:
	default:
		t.Error("Run returned before the run had left")
	}
	x.restored(t, before)
}

func TestTheEndOfTheContextInterrupts(t *testing.T) {
	x := newTerminal(t)
	before := x.state(t)
	deps, _ := testDeps()
	deps.Start = stuck(make(chan struct{}))
	ctx, cancel := context.WithCancel(t.Context())
	ended := x.shows(ctx, deps)
	x.awaits(t, "running")
	cancel()
	if l := x.ends(t, ended); l.err != nil || l.run.ExitCode != check.ExitInterrupted {
		t.Errorf("got exit code %d, error %v", l.run.ExitCode, l.err)
	}
	x.restored(t, before)
}

func TestQuitAfterTheEnd(t *testing.T) {
	for key, want := range map[string]int{"q": check.ExitFailed, "\x03": check.ExitInterrupted} {
		x := newTerminal(t)
		before := x.state(t)
		deps, _ := testDeps()
		ended := x.shows(t.Context(), deps)
		x.awaits(t, "Fix it in")
		x.types(t, key)
		if l := x.ends(t, ended); l.err != nil || l.run.ExitCode != want {
			t.Errorf("%q: exit code %d, want %d, error %v", key, l.run.ExitCode, want, l.err)
		}
		x.restored(t, before)
	}
}

// TestTheExitCodeAfterEachKeyThatStartsSomething checks that the exit code after q is that of
// the last full run.
func TestTheExitCodeAfterEachKeyThatStartsSomething(t *testing.T) {
	for name, test := range map[string]struct {
		keys []string // pairs of keys and the text to wait for
		want int
	}{
		"nothing":                 {nil, check.ExitFailed},
		"J":                       {[]string{"J", "Back from the room"}, check.ExitFailed},
		"r, without the ticket":   {[]string{"r", "Paste a fresh one", "\r", "run 2 of 2"}, check.ExitFailed},
		"r, with a fresh ticket":  {[]string{"r", "Paste a fresh one", "tkt_2\r", "run 2 of 2"}, check.ExitOK},
		"t":                       {[]string{"t", "will be consumed", "tkt_2\r", "run 2 of 2"}, check.ExitOK},
		"p":                       {[]string{"p", "It is not shown", "eyJ\r", "run 2 of 2"}, check.ExitOK},
		"R":                       {[]string{"R", "run 2 of 2"}, check.ExitOK},
		"an earlier run is shown": {[]string{"R", "run 2 of 2", "[", "run 1 of 2"}, check.ExitOK},
	} {
		t.Run(name, func(t *testing.T) {
			x := newTerminal(t)
			before := x.state(t)
			deps, _ := testDeps()
			starts := 0
			deps.Start = func(context.Context, Change, func(check.Event)) check.Run {
				if starts++; starts == 1 {
					return opaqueRun()
				}
				return goodRun()
			}
			ended := x.shows(t.Context(), deps)
			x.awaits(t, "Fix it in")
			for i := 0; i < len(test.keys); i += 2 {
				x.types(t, test.keys[i])
				x.awaits(t, test.keys[i+1])
			}
			x.types(t, "q")
			if l := x.ends(t, ended); l.err != nil || l.run.ExitCode != test.want {
				t.Errorf("exit code %d, want %d, error %v", l.run.ExitCode, test.want, l.err)
			}
			x.restored(t, before)
		})
	}
}

func TestALongPasteArrivesWhole(t *testing.T) {
	token := "eyJ" + strings.Repeat("0123456789abcdef", 512)
	x := newTerminal(t)
	deps, starts := testDeps()
	ended := x.shows(t.Context(), deps)
	x.awaits(t, "Fix it in")
	asked(t, starts)
	x.types(t, "p")
	x.awaits(t, "It is not shown")
	x.types(t, "\x1b[200~"+token+"\x1b[201~")
	x.awaits(t, "8195 characters")
	x.types(t, "\r")
	if got := asked(t, starts); got.Token != token {
		t.Errorf("%d characters arrived, want %d", len(got.Token), len(token))
	}
	x.types(t, "\x03")
	x.ends(t, ended)
	if strings.Contains(x.drawn(), token[:12]) {
		t.Error("the terminal was sent the token")
	}
}

func TestPanicsRestoreTheTerminal(t *testing.T) {
	const secret = "access_token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlMDEyMzQ1Njc4OQ"
	for name, spoil := range map[string]func(*Deps){
		"in the run": func(d *Deps) {
			d.Start = func(context.Context, Change, func(check.Event)) check.Run { panic("boom " + secret) }
		},
		"in Update": func(d *Deps) {
			d.Copy = nil
			reads := 0
			d.Now = func() time.Time {
				if reads++; reads > 1 {
					panic("boom " + secret)
				}
				return time.Time{}
			}
		},
		"in View": func(d *Deps) {
			d.Checks = append(d.Checks, check.Spec{ID: "env.bad", Stage: check.StageEnv})
			d.Translate = panicsLate(secret)
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := newTerminal(t)
			before := x.state(t)
			deps, _ := testDeps()
			spoil(&deps)
			ended := x.shows(t.Context(), deps)
			if name == "in the run" {
				x.awaits(t, "internal error")
				x.types(t, "q")
			}
			l := x.ends(t, ended)
			if l.err == nil || !strings.Contains(l.err.Error(), "boom") {
				t.Errorf("error %v", l.err)
			}
			if all := x.drawn() + l.err.Error(); strings.Contains(all, "c2lnbmF0dXJl") {
				t.Errorf("the secret got out: %q", all)
			}
			x.restored(t, before)
		})
	}
}

// panicsLate returns a translator that panics once the run has ended.
func panicsLate(secret string) func(string) string {
	return func(format string) string {
		if strings.HasPrefix(format, "Fix it in") {
			panic("boom " + secret)
		}
		return ""
	}
}

func TestAFailingTerminalIsAnError(t *testing.T) {
	deps, _ := testDeps()
	run, err := Run(t.Context(), deps, failingReader{}, io.Discard)
	if err == nil || len(run.Results) == 0 {
		t.Errorf("run with %d results, error %v", len(run.Results), err)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("the terminal is gone") }

func TestWholeProgram(t *testing.T) {
	deps, _ := testDeps()
	deps.SpinnerOff = false
	deps.Now = time.Now
	s := newSession(t.Context(), deps.Start)
	first := newModel(deps.withDefaults(), s)
	first.feed, first.running = s.launch(Change{}, true), true
	tm := teatest.NewTestModel(t, first, teatest.WithInitialTermSize(80, 24))
	teatest.WaitFor(t, tm.Output(), func(out []byte) bool { return bytes.Contains(out, []byte("Fix it in")) }, teatest.WithDuration(limit))
	tm.Send(press("enter"))
	tm.Send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("q")})
	tm.WaitFinished(t, teatest.WithFinalTimeout(limit))
	if run, err := s.close(); err != nil || run.ExitCode != check.ExitFailed {
		t.Errorf("exit code %d, error %v", run.ExitCode, err)
	}
}
