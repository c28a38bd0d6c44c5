// Package term runs a Bubble Tea model on the whole terminal, and restores the terminal
// on every way out, including a panic. Both screens of the program, tui and tui/room,
// use it and its styles, marks and key hints. It reads and writes only the given input
// and output.
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

// framesPerSecond bounds the wait from a key to its frame to 8 ms. Nothing is drawn
// without a change.
const framesPerSecond = 120

// Show runs model until it quits, and returns its last state. mouse turns on the wheel and
// clicks. At the end of ctx it sends the message interrupt to the model. interrupted
// reports whether the model quit with tea.Interrupt or the process received SIGINT. After
// an error of the terminal or a panic of the model, last is the state before it.
func Show[M tea.Model](ctx context.Context, model M, mouse bool, interrupt tea.Msg, in io.Reader, out io.Writer) (
	last M, interrupted bool, err error) {
	if f, is := out.(interface{ Fd() uintptr }); is { // else the first frame has the model's size
		if width, height, err := term.GetSize(int(f.Fd())); err == nil {
			sized, _ := model.Update(tea.WindowSizeMsg{Width: width, Height: height})
			model = sized.(M)
		}
	}
	g := &guard[M]{model: model}
	options := []tea.ProgramOption{tea.WithInput(in), tea.WithOutput(out), tea.WithAltScreen(), tea.WithFPS(framesPerSecond)}
	if mouse {
		options = append(options, tea.WithMouseCellMotion())
	}
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

// Copied says where a copied text is now.
type Copied struct {
	// By is the clipboard program that has the text ("wl-copy"), or the terminal, which
	// cannot be asked whether it has. It is empty if there was neither.
	By string
	// Sure reports whether the program was asked and has the text.
	Sure bool
	// File is the absolute path of a file that holds the text, written unless Sure.
	File string
}

// Panicked returns the error for a panic. Its text is redacted, since it may hold a
// credential.
func Panicked(where string, p any) error {
	return fmt.Errorf("%s ended in an internal error: %s", where, clean.Line(clean.Redact(fmt.Sprint(p)), 200))
}

// guard recovers from panics in Update and View, since Bubble Tea would print them with
// the stack on the terminal: the program ends, the terminal is restored, and Show
// returns the error.
type guard[M tea.Model] struct {
	model M
	quit  func()
	err   error
}

// Init calls the model's Init.
func (g *guard[M]) Init() tea.Cmd { return g.model.Init() }

// Update calls the model's Update. A panic ends the program.
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

// View calls the model's View. A panic ends the program.
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
