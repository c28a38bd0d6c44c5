package room

import (
	"context"
	"io"
	"sync"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/finding"
)

// Queue passes events from the network's goroutines to one reader. Put never
// blocks, so a participant who floods the room cannot stop it.
type Queue struct {
	mu      sync.Mutex
	events  []Event
	dropped int // data messages since the last that was kept
	lost    int // other events since the last that was kept
	closed  bool
	wake    chan struct{}
}

// NewQueue returns an empty queue.
func NewQueue() *Queue { return &Queue{wake: make(chan struct{}, 1)} }

// Put appends an event, or drops it where the reader is too slow.
func (q *Queue) Put(e Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	switch {
	case e.Type == Data && len(q.events) >= caps.Waiting:
		q.dropped++
		return
	case e.Type != Ended && len(q.events) >= caps.HardWaiting:
		q.lost++
		return
	case q.lost > 0:
		q.events = append(q.events, Event{Type: Problem, At: e.At,
			Text: finding.Textf("%d events were left out: they came faster than they were read", q.lost)})
		q.lost = 0
	case e.Type == Data && q.dropped > 0:
		e.Message.Dropped, q.dropped = q.dropped, 0
	}
	q.events = append(q.events, e)
	q.notify()
}

// Close makes Next return io.EOF after the events that are in the queue.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.notify()
}

func (q *Queue) notify() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Next waits for an event; it returns io.EOF after the last one.
func (q *Queue) Next(ctx context.Context) (Event, error) {
	for {
		q.mu.Lock()
		if len(q.events) > 0 {
			e := q.events[0]
			q.events = q.events[1:]
			q.mu.Unlock()
			return e, nil
		}
		closed := q.closed
		q.mu.Unlock()
		if closed {
			q.notify() // for the next call
			return Event{}, io.EOF
		}
		select {
		case <-q.wake:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}
