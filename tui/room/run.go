package room

import (
	"context"
	"errors"
	"fmt"
	"io"

	tea "github.com/charmbracelet/bubbletea"
	"golang.org/x/term"

	"lkdoctor/checks/clean"
	live "lkdoctor/checks/room"
)

// Result is how a screen was left.
type Result struct {
	// Last is the event that ended the stay; its End is nil if there was none.
	Last live.Event
	// Interrupted tells that it was left by Ctrl+C, a signal, or the end of ctx.
	Interrupted bool
	// Path and RTTs (in milliseconds) are the last ones that were seen.
	Path *live.Path
	RTTs []float64
}

// Run shows a stay on the terminal until it is left. It takes the whole
// screen, and gives it back as it was. Whatever the way out, the room has been
// left when it returns. An error tells that the screen broke down.
func Run(ctx context.Context, deps Deps, in io.Reader, out io.Writer) (Result, error) {
	h := &host{ctx: ctx, start: deps.Start}
	first := newModel(deps, h)
	if f, ok := out.(interface{ Fd() uintptr }); ok {
		if width, height, err := term.GetSize(int(f.Fd())); err == nil {
			first.width, first.height = max(width, 1), max(height, 1)
		}
	}
	g := &guard{model: first}
	program := tea.NewProgram(g, tea.WithInput(in), tea.WithOutput(out), tea.WithAltScreen())
	g.quit = program.Quit
	stop := context.AfterFunc(ctx, func() { program.Send(interruptMsg{}) })
	_, err := program.Run()
	stop()
	if h.stay != nil {
		h.stay.Close()
	}
	m := g.model
	if errors.Is(err, tea.ErrInterrupted) {
		m.interrupted, err = true, nil
	}
	if err != nil {
		err = fmt.Errorf("show the room: %w", err)
	}
	return Result{Last: m.state.last, Interrupted: m.interrupted || ctx.Err() != nil, Path: m.state.path, RTTs: m.state.rtts},
		errors.Join(err, g.err)
}

// guard keeps a panic in Update or View away from Bubble Tea, which would print
// it with its stack on the terminal.
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
			g.err, cmd = panicked(p), tea.Quit
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
			g.err, view = panicked(p), ""
			go g.quit()
		}
	}()
	if g.err != nil {
		return ""
	}
	return g.model.View()
}

func panicked(p any) error {
	return fmt.Errorf("the screen ended in an internal error: %s", clean.Line(clean.Redact(fmt.Sprint(p)), 200))
}
