package room

import (
	"context"
	"fmt"
	"io"

	"lkdoctor/checks/room"
	"lkdoctor/tui/term"
)

// Result is how the screen ended.
type Result struct {
	// Last is the event that ended the stay. Its End is nil if there was none.
	Last room.Event
	// Interrupted reports whether Ctrl+C, a signal or the end of ctx ended the screen.
	Interrupted bool
	// Path and RTTs (in milliseconds) are the last measured ones.
	Path *room.Path
	RTTs []float64
}

// Run shows a stay on the terminal until it ends. It takes the whole terminal, and
// restores it and leaves the room before it returns. An error says that the screen
// failed.
func Run(ctx context.Context, deps Deps, in io.Reader, out io.Writer) (Result, error) {
	asking, cancel := context.WithCancel(ctx)
	h := newHost(ctx, deps.Start)
	h.asking = asking
	m, interrupted, err := term.Show(ctx, newModel(deps, h), deps.Mouse, interruptMsg{}, in, out)
	cancel()
	if h.stay != nil {
		h.stay.Close()
	}
	h.work.Wait()
	if err != nil {
		err = fmt.Errorf("show the room: %w", err)
	}
	return Result{
		Last: m.state.last, Interrupted: m.interrupted || interrupted || ctx.Err() != nil,
		Path: m.state.path, RTTs: m.state.rtts,
	}, err
}
