package tui

import (
	"context"
	"errors"
	"fmt"
	"io"

	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/check"
	"lkdoctor/tui/term"
)

// Run shows runs on the terminal until it is left, and returns the last full
// one: a run that was stopped, or was made without the ticket, replaces none.
// It takes the whole screen, and gives it back as it was on every way out.
//
// Left by Ctrl+C, by SIGINT or by the end of ctx, the returned run's ExitCode
// is 130; a time-out of one run therefore belongs into Start. Whatever the way
// out, a run that is going on is cancelled, and Run returns only once it has
// ended: it may have a room to leave. An error tells that the screen or the run
// itself broke down; the run may then be empty.
func Run(ctx context.Context, deps Deps, in io.Reader, out io.Writer) (check.Run, error) {
	deps = deps.withDefaults()
	s := newSession(ctx, deps.Start)
	first := newModel(deps, s)
	if width, height, ok := term.Size(out); ok {
		first.width, first.height = width, height
	}
	first.feed, first.running = s.launch(Change{}, true), true

	var more []tea.ProgramOption
	if deps.Mouse {
		more = append(more, tea.WithMouseCellMotion())
	}
	last, interrupted, err := term.Show(ctx, first.synced(), interruptMsg{}, in, out, more...)
	run, runErr := s.close()
	if last.left || interrupted || ctx.Err() != nil {
		run.ExitCode = check.ExitInterrupted
	}
	if err != nil {
		err = fmt.Errorf("show the run: %w", err)
	}
	return run, errors.Join(err, runErr)
}

// Still is the screen as it stands after events, and then keys, in a window of
// the given size, in the colours of deps.Renderer: for pictures and for tests.
// Nothing is run.
func Still(deps Deps, events []check.Event, width, height int, keys ...string) string {
	deps.SpinnerOff = true
	deps = deps.withDefaults()
	m := newModel(deps, newSession(context.Background(), deps.Start))
	m.width, m.height, m.running = width, height, true
	for _, e := range events {
		if m = m.observed(e); e.Kind == check.RunEnded {
			m = m.ended(endMsg{run: *e.Run})
		}
	}
	m = m.synced()
	for _, name := range keys {
		next, _ := m.Update(keyMsg(name))
		m = next.(model)
	}
	return m.View()
}
