package tui

import (
	"context"
	"errors"
	"fmt"
	"io"

	tea "github.com/charmbracelet/bubbletea"
	"golang.org/x/term"

	"lkdoctor/checks"
)

// Run shows runs on the terminal until it is left, and returns the last one.
// It takes the whole screen, and gives it back as it was on every way out.
//
// Left by Ctrl+C, by SIGINT or by the end of ctx, the returned run's ExitCode
// is 130; a time-out of one run therefore belongs into Start. Whatever the way out, a run that is going on is cancelled, and Run
// returns only once it has ended: it may have a room to leave. An error tells
// that the screen or the run itself broke down; the run may then be empty.
func Run(ctx context.Context, deps Deps, in io.Reader, out io.Writer) (checks.Run, error) {
	deps = deps.withDefaults()
	s := newSession(ctx, deps.Start)
	first := newModel(deps, s)
	if f, ok := out.(interface{ Fd() uintptr }); ok {
		if width, height, err := term.GetSize(int(f.Fd())); err == nil {
			first.width, first.height = max(width, 1), max(height, 1)
		}
	}
	first.feed, first.running = s.launch(Change{}), true

	guard := &guard{model: first.synced()}
	program := tea.NewProgram(guard, tea.WithInput(in), tea.WithOutput(out), tea.WithAltScreen())
	guard.quit = program.Quit
	stop := context.AfterFunc(ctx, func() { program.Send(interruptMsg{}) })
	_, err := program.Run()
	stop()

	run, runErr := s.close()
	if errors.Is(err, tea.ErrInterrupted) {
		guard.model.left, err = true, nil
	}
	if guard.model.left || ctx.Err() != nil {
		run.ExitCode = checks.ExitInterrupted
	}
	if err != nil {
		err = fmt.Errorf("show the run: %w", err)
	}
	return run, errors.Join(err, guard.err, runErr)
}

// guard keeps a panic in Update or View away from Bubble Tea, which would
// print it with its stack on the terminal: the program ends, the terminal is
// restored, and Run returns the error.
type guard struct {
	model model
	quit  func()
	err   error
}

func (g *guard) Init() tea.Cmd { return g.model.Init() }

func (g *guard) Update(msg tea.Msg) (next tea.Model, cmd tea.Cmd) {
	next = g
	defer func() {
		if p := recover(); p != nil {
			g.err, cmd = panicked("the screen", p), tea.Quit
		}
	}()
	if g.err != nil {
		return g, tea.Quit
	}
	after, cmd := g.model.Update(msg)
	g.model = after.(model)
	return g, cmd
}

func (g *guard) View() (view string) {
	defer func() {
		if p := recover(); p != nil {
			g.err, view = panicked("the screen", p), ""
			go g.quit()
		}
	}()
	if g.err != nil {
		return ""
	}
	return g.model.View()
}
