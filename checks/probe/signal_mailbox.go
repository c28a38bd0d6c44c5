package probe

import (
	"sync"

	"github.com/livekit/protocol/livekit"
)

// mailboxSize is far more than a join's negotiation takes.
const mailboxSize = 1024

// mailbox holds messages until Media reads them. It never blocks the writer:
// what goes beyond its capacity is dropped.
type mailbox struct {
	mu    sync.Mutex
	queue []*livekit.SignalResponse
	// ready holds one token while the queue may hold something.
	ready chan struct{}
}

func newMailbox() *mailbox { return &mailbox{ready: make(chan struct{}, 1)} }

func (m *mailbox) put(msg *livekit.SignalResponse) {
	m.mu.Lock()
	if len(m.queue) < mailboxSize {
		m.queue = append(m.queue, msg)
	}
	m.mu.Unlock()
	select {
	case m.ready <- struct{}{}:
	default:
	}
}

// take empties the mailbox.
func (m *mailbox) take() []*livekit.SignalResponse {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.queue
	m.queue = nil
	return out
}
