package tui

import (
	"context"
	"errors"
	"sync"

	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/check"
	"lkdoctor/tui/term"
)

// session owns the goroutine of the run that is going on. Bubble Tea cannot
// cancel a command, and forgets it when it quits; a run must be cancelled, and
// waited for, because it may stand in a room.
type session struct {
	ctx   context.Context
	start func(ctx context.Context, change Change, observe func(check.Event)) check.Run
	// life ends when the session is closed.
	life context.Context
	end  context.CancelFunc
	// gone is closed once nobody reads the feeds any more.
	gone chan struct{}

	mu     sync.Mutex
	closed bool
	cancel context.CancelFunc
	done   chan struct{}
	last   check.Run // the last full run; before there is one, the last run
	full   bool
	err    error
}

// feed carries what one run tells: eventMsg as it happens, endMsg last.
type feed <-chan tea.Msg

type eventMsg check.Event

type endMsg struct {
	run check.Run
	err error
}

func newSession(ctx context.Context, start func(context.Context, Change, func(check.Event)) check.Run) *session {
	life, end := context.WithCancel(ctx)
	return &session{ctx: ctx, life: life, end: end, start: start, gone: make(chan struct{})}
}

// launch starts a run. There must be none going on; once the session is
// closed, nothing is started and the feed never speaks. A run that is not
// counted, such as one without the ticket, does not replace one that is, and
// neither does a run that was stopped or broke down, or of which a check was
// skipped by hand.
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
		case <-s.gone:
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

// guarded runs start and turns a panic into an error, so that it cannot take
// the terminal down with it.
func (s *session) guarded(ctx context.Context, change Change, observe func(check.Event)) (run check.Run, err error) {
	defer func() {
		if p := recover(); p != nil {
			run, err = check.Run{Status: check.StatusError, ExitCode: check.ExitDoctor}, term.Panicked("the run", p)
		}
	}()
	return s.start(ctx, change, observe), nil
}

// interrupt cancels the run that is going on.
func (s *session) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		s.cancel()
	}
}

// errNoRun tells that the session ended before a run was started.
var errNoRun = errors.New("no run was started")

// close cancels the run that is going on, waits until it has left its room,
// and returns the last full run; where there was none, the last run.
func (s *session) close() (check.Run, error) {
	s.mu.Lock()
	first, done := !s.closed, s.done
	s.closed = true
	if s.cancel != nil {
		s.cancel()
	}
	s.mu.Unlock()
	s.end()
	if first {
		close(s.gone)
	}
	if done == nil {
		return check.Run{}, errNoRun
	}
	<-done
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, s.err
}

// next waits for the next message of a run; Update asks again after each one.
func (s *session) next(f feed) tea.Cmd {
	if f == nil {
		return nil
	}
	return func() tea.Msg {
		select {
		case msg := <-f:
			return msg
		case <-s.gone:
			return nil
		}
	}
}
