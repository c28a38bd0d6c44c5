package room

import (
	"context"
	"fmt"
	"io"
	"sync"

	tea "github.com/charmbracelet/bubbletea"

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

// host owns what has to end with the screen: the stay, and the checks that explain its
// end, which may join a room themselves.
type host struct {
	ctx   context.Context
	start func(context.Context, []room.Sending) Stay
	stay  Stay

	asking context.Context // the context of those checks
	work   sync.WaitGroup
}

func newHost(ctx context.Context, start func(context.Context, []room.Sending) Stay) *host {
	return &host{ctx: ctx, asking: ctx, start: start}
}

// begin starts a stay. The one before must have ended.
func (h *host) begin(publish []room.Sending) {
	if h.stay != nil {
		h.stay.Close()
	}
	h.stay = h.start(h.ctx, publish)
}

// explains starts explain for an event, and returns the command that waits for its
// result.
func (h *host) explains(explain func(context.Context, room.Event) room.Event, e room.Event) tea.Cmd {
	answer := make(chan room.Event, 1)
	h.work.Go(func() {
		explained := e
		defer func() {
			if p := recover(); p != nil {
				explained.Advice = term.Panicked("the diagnosis", p).Error()
			}
			answer <- explained
		}()
		explained = explain(h.asking, e)
	})
	return func() tea.Msg { return explainedMsg(<-answer) }
}
