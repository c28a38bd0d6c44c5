package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

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
	first.feed, first.running = s.launch(Change{}, true), true

	last, interrupted, err := term.Show(ctx, first, deps.Mouse, interruptMsg{}, in, out)
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

// session owns the goroutine of the current run. Bubble Tea does not cancel a command,
// and does not wait for it when it quits. A run has to be cancelled and waited for,
// since it may have to leave a room.
type session struct {
	ctx   context.Context
	start func(ctx context.Context, change Change, observe func(check.Event)) check.Run
	// life ends when the session is closed, and no feed is read any more.
	life context.Context
	end  context.CancelFunc

	mu     sync.Mutex
	closed bool
	cancel context.CancelFunc
	done   chan struct{}
	last   check.Run // the last full run; before there is one, the last run
	full   bool
	err    error
}

// feed carries the messages of one run: an eventMsg for each event, then an endMsg.
type feed <-chan tea.Msg

type eventMsg check.Event

type endMsg struct {
	run check.Run
	err error
}

func newSession(ctx context.Context, start func(context.Context, Change, func(check.Event)) check.Run) *session {
	life, end := context.WithCancel(context.WithoutCancel(ctx)) // the end of a run is shown after that of ctx
	s := &session{ctx: ctx, life: life, end: end, start: start, cancel: func() {}, done: make(chan struct{})}
	close(s.done) // no run goes on
	return s
}

// launch starts a run. No other may be running. On a closed session it starts none, and
// the feed carries nothing. Only a counted run replaces a counted one as the last full
// run; a run that was cancelled, failed, or had a check skipped by the user never does.
func (s *session) launch(change Change, counted bool) feed {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	out := make(chan tea.Msg)
	ctx, cancel := context.WithCancel(s.ctx)
	done := make(chan struct{})
	s.cancel, s.done = cancel, done
	send := func(msg tea.Msg) {
		select {
		case out <- msg:
		case <-s.life.Done():
		}
	}
	go func() {
		run, err := s.guarded(ctx, change, func(e check.Event) { send(eventMsg(e)) })
		full := counted && err == nil && ctx.Err() == nil && !run.SkippedByHand()
		cancel()
		s.mu.Lock()
		if full || !s.full {
			s.last, s.full = run, full
		}
		s.err = err
		s.mu.Unlock()
		close(done)
		send(endMsg{run: run, err: err})
	}()
	return out
}

// guarded calls start and returns a panic as an error, so that the terminal is restored.
func (s *session) guarded(ctx context.Context, change Change, observe func(check.Event)) (run check.Run, err error) {
	defer func() {
		if p := recover(); p != nil {
			run, err = check.Run{Status: check.StatusError, ExitCode: check.ExitDoctor}, term.Panicked("the run", p)
		}
	}()
	return s.start(ctx, change, observe), nil
}

func (s *session) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel()
}

// close cancels the current run, waits until it has ended, and returns the last full
// run. If there was none, it returns the last run.
func (s *session) close() (check.Run, error) {
	s.mu.Lock()
	done := s.done
	s.closed = true
	s.cancel()
	s.mu.Unlock()
	s.end()
	<-done
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, s.err
}

// next returns the command that waits for a feed's next message. Update returns it again
// after each message.
func (s *session) next(f feed) tea.Cmd {
	return func() tea.Msg {
		select {
		case msg := <-f:
			return msg
		case <-s.life.Done():
			return nil
		}
	}
}
