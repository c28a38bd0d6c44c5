package tui

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"lkdoctor/checks/check"
	"lkdoctor/tui/term"
)

// limit is the time after which a wait fails the test. No test needs a second.
const limit = 20 * time.Second

func TestMain(m *testing.M) {
	// teatest never stops waiting for a signal.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/charmbracelet/x/exp/teatest.NewTestModel.func2"))
}

// A clock is set by the test.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{now: time.Date(2026, 11, 23, 7, 15, 0, 0, time.UTC)} }

func (c *clock) read() time.Time { return c.now }

// starts receives the arguments of Deps.Start, which may be called in the goroutine of a run.
type starts chan Change

// testDeps returns Deps for opaqueRun, without colours and spinner.
func testDeps() (Deps, starts) {
	asked := make(starts, 10)
	return Deps{
		Checks: plan(),
		Title:  Header{URL: "wss://demo.example.com", Source: ".env.local"},
		Start: func(ctx context.Context, change Change, _ func(check.Event)) check.Run {
			asked <- change
			return opaqueRun()
		},
		Page:     fakePage,
		Save:     func(check.Run) (string, error) { return "/home/me/app/lkdoctor-report.md", nil },
		SaveJSON: func(check.Run) (string, error) { return "/home/me/app/lkdoctor-report.json", nil },
		Copy:     func(string) (Copied, error) { return Copied{By: "wl-copy", Sure: true}, nil },
		Join:     func(io.Reader, io.Writer) error { return nil },
		Skip:     func(string) {},
		Limit:    time.Minute,
		Now:      newClock().read, SpinnerOff: true,
	}, asked
}

// drawn returns the model during the first run.
func drawn(t *testing.T, deps Deps, width, height int) model {
	t.Helper()
	s := newSession(t.Context(), deps.Start)
	t.Cleanup(func() { _, _ = s.close() })
	m := newModel(deps.withDefaults(), s)
	m.running = true
	return step(m, tea.WindowSizeMsg{Width: width, Height: height})
}

// step passes messages to Update and ignores its commands.
func step(m model, msgs ...tea.Msg) model {
	for _, msg := range msgs {
		next, _ := m.Update(msg)
		m = next.(model)
	}
	return m
}

// ends ends the model's run with run.
func ends(m model, run check.Run) model { return step(m, endMsg{run: run}) }

// press returns the message of a key.
func press(name string) tea.KeyMsg {
	return term.KeyMsg(name)
}

func paste(text string) tea.KeyMsg {
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text), Paste: true}
}

// golden compares got with testdata/name.golden. UPDATE_GOLDEN=1 writes the file first.
func golden(t *testing.T, name, got string) {
	t.Helper()
	lines := strings.Split(got, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	got = strings.Join(lines, "\n") + "\n"
	path := filepath.Join("testdata", name+".golden")
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (UPDATE_GOLDEN=1 writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

// laid returns the model as View draws it, with the page in its pane.
func laid(m model) model { return m.paged(len(m.head())) }

func resized(m model, width, height int) model {
	return step(m, tea.WindowSizeMsg{Width: width, Height: height})
}
