package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/report"
)

// longWait is how long a check runs before waits mentions it.
const longWait = 3 * time.Second

// waits writes a line to stderr about each check that takes long. Without it, the plain
// output shows nothing until a check has ended.
type waits struct {
	out   io.Writer
	style report.Style
	after time.Duration

	mu     sync.Mutex
	timers map[string]*time.Timer // by the check's ID
}

// waits returns the waits of a call with plain output.
func (e *exam) waits() *waits {
	return &waits{out: e.app.err, style: e.style, after: longWait, timers: map[string]*time.Timer{}}
}

// observing returns an observer that passes each event to next and follows the running
// checks.
func (w *waits) observing(next func(check.Event)) func(check.Event) {
	return func(event check.Event) {
		switch event.Kind {
		case check.CheckWaiting:
			w.begin(event)
		case check.CheckEnded:
			w.end(event.ID)
		}
		next(event)
	}
}

func (w *waits) begin(event check.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if old := w.timers[event.ID]; old != nil {
		old.Stop()
	}
	w.timers[event.ID] = time.AfterFunc(w.after, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.timers[event.ID] != nil {
			fmt.Fprintf(w.out, "lkdoctor: %s\n", event.Text.In(w.style.Translate))
		}
	})
}

func (w *waits) end(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if timer := w.timers[id]; timer != nil {
		timer.Stop()
		delete(w.timers, id)
	}
}
