// Package term runs a Bubble Tea model on the whole terminal and gives the
// terminal back as it was on every way out, a panic included. Both of the
// program's screens, the checks' and the room's, are shown with it.
package term

import (
	"context"
	"errors"
	"fmt"
	"io"

	tea "github.com/charmbracelet/bubbletea"
	"golang.org/x/term"

	"lkdoctor/config/clean"
)

// framesPerSecond has a key wait 8 ms at most until its answer is drawn; nothing is
// drawn where nothing has changed.
const framesPerSecond = 120

// Show runs model until it quits, and returns what it was in the end. The end of
// ctx is told to it as the message interrupt. interrupted tells that it quit
// with tea.Interrupt or was sent a SIGINT. An error tells that the terminal or
// the model broke down; last is the model before that. options are for more than
// the keyboard, such as the mouse.
func Show[M tea.Model](ctx context.Context, model M, interrupt tea.Msg, in io.Reader, out io.Writer, options ...tea.ProgramOption) (last M, interrupted bool, err error) {
	g := &guard[M]{model: model}
	options = append([]tea.ProgramOption{tea.WithInput(in), tea.WithOutput(out), tea.WithAltScreen(), tea.WithFPS(framesPerSecond)}, options...)
	program := tea.NewProgram(g, options...)
	g.quit = program.Quit
	stop := context.AfterFunc(ctx, func() { program.Send(interrupt) })
	_, err = program.Run()
	stop()
	if errors.Is(err, tea.ErrInterrupted) {
		interrupted, err = true, nil
	}
	return g.model, interrupted, errors.Join(err, g.err)
}

// Size is the size of the terminal that out is, in columns and rows; ok is false
// where it is none.
func Size(out io.Writer) (width, height int, ok bool) {
	f, is := out.(interface{ Fd() uintptr })
	if !is {
		return 0, 0, false
	}
	width, height, err := term.GetSize(int(f.Fd()))
	return max(width, 1), max(height, 1), err == nil
}

// Panicked is the error of a panic; what it says may hold a credential.
func Panicked(where string, p any) error {
	return fmt.Errorf("%s ended in an internal error: %s", where, clean.Line(clean.Redact(fmt.Sprint(p)), 200))
}

// guard keeps a panic in Update or View away from Bubble Tea, which would
// print it with its stack on the terminal: the program ends, the terminal is
// restored, and Show returns the error.
type guard[M tea.Model] struct {
	model M
	quit  func()
	err   error
}

// Init is the model's.
func (g *guard[M]) Init() tea.Cmd { return g.model.Init() }

// Update is the model's.
func (g *guard[M]) Update(msg tea.Msg) (next tea.Model, cmd tea.Cmd) {
	next = g
	defer func() {
		if p := recover(); p != nil {
			g.err, cmd = Panicked("the screen", p), tea.Quit
		}
	}()
	if g.err != nil {
		return g, tea.Quit
	}
	after, cmd := g.model.Update(msg)
	g.model = after.(M)
	return g, cmd
}

// View is the model's.
func (g *guard[M]) View() (view string) {
	defer func() {
		if p := recover(); p != nil {
			g.err, view = Panicked("the screen", p), ""
			go g.quit()
		}
	}()
	if g.err != nil {
		return ""
	}
	return g.model.View()
}
