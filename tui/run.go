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

// Run shows runs on the terminal until the user quits, and returns the last full one. A
// run that was cancelled, or made without the ticket, does not replace it. Run takes the
// whole terminal and restores it before it returns.
//
// After Ctrl+C, SIGINT or the end of ctx, the ExitCode of the returned run is 130; the
// time-out of a single run is therefore a matter of deps.Start. Run cancels the current
// run and waits for its end, since it may have to leave a room. An error says that the
// screen or the run itself failed; the returned run may then be empty.
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
	last, interrupted, err := term.Show(ctx, first, interruptMsg{}, in, out, more...)
	run, runErr := s.close()
	if last.left || interrupted || ctx.Err() != nil {
		run.ExitCode = check.ExitInterrupted
	}
	if err != nil {
		err = fmt.Errorf("show the run: %w", err)
	}
	return run, errors.Join(err, runErr)
}

// Still returns the screen after events and keys, in a window of the given size and in
// the colours of deps.Renderer. It runs no checks. It is for pictures and tests.
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
	for _, name := range keys {
		next, _ := m.Update(term.KeyMsg(name))
		m = next.(model)
	}
	return m.View()
}
