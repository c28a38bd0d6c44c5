package room

import (
	"sync"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/finding"
)

// Queue passes events from the network's goroutines to one reader. Put never
// blocks, so a participant who floods the room cannot stop it.
type Queue struct {
	mu      sync.Mutex
	events  chan Event
	dropped int // data messages since the last that was kept
	lost    int // other events since the last that was kept
	closed  bool
}

// NewQueue returns an empty queue.
func NewQueue() *Queue {
	const last = 4 // Ended is kept in a full queue, too, and the Problem before it
	return &Queue{events: make(chan Event, caps.HardWaiting+last)}
}

// Events returns the events that were kept. The channel is closed by Close.
func (q *Queue) Events() <-chan Event { return q.events }

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
		q.events <- Event{Type: Problem, At: e.At,
			Text: finding.Textf("%d events were left out: they came faster than they were read", q.lost)}
		q.lost = 0
	case e.Type == Data && q.dropped > 0:
		e.Message.Dropped, q.dropped = q.dropped, 0
	}
	q.events <- e
}

// Close ends the events. It may be called once.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	close(q.events)
}
