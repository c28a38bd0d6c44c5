package probe

import (
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/caps"
)

// Agent is an agent's participant, as seen in the signalling. Strings are cleaned.
type Agent struct {
	Identity string
	// Name is the agent name of its worker; "" for a worker without one, and from
	// servers that do not send it.
	Name string
	// Came is when the signalling first listed it; for one that was listed only
	// after it had left, when it joined. Before reports whether it was in the room
	// before the doctor.
	Came   time.Time
	Before bool
	// Audio reports whether it has published audio, Left whether it has left.
	Audio, Left bool
}

// agentNameAttribute is the attribute that holds an agent's name in livekit-server
// (from 1.9 on; pkg/agent.AgentNameAttributeKey).
const agentNameAttribute = "lk.agent_name"

// Agents watches which participants of a room are agents. The caller passes each
// message of the signalling to Hear; all methods may be called from any goroutine.
type Agents struct {
	// Changed receives an element after each change.
	Changed chan struct{}

	net  *Net
	mu   sync.Mutex
	list []Agent
	// joinedAt is the doctor's own joined_at_ms, and joined the time of its Join.
	joinedAt int64
	joined   time.Time
}

// Agents returns a watch that has seen no agent.
func (n *Net) Agents() *Agents { return &Agents{Changed: make(chan struct{}, 1), net: n} }

// Hear reads one message of the server.
func (a *Agents) Hear(m *livekit.SignalResponse) {
	switch {
	case m.GetJoin() != nil:
		a.mu.Lock()
		a.joinedAt, a.joined = m.GetJoin().GetParticipant().GetJoinedAtMs(), time.Now()
		a.mu.Unlock()
		a.note(m.GetJoin().GetOtherParticipants(), true)
	case m.GetUpdate() != nil:
		a.note(m.GetUpdate().GetParticipants(), false)
	}
}

// Seen returns the agents so far, in the order in which they came.
func (a *Agents) Seen() []Agent {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]Agent(nil), a.list...)
}

func (a *Agents) note(people []*livekit.ParticipantInfo, before bool) {
	for _, p := range people {
		if p.GetKind() == livekit.ParticipantInfo_AGENT {
			a.noteOne(p, before)
		}
	}
}

func (a *Agents) noteOne(p *livekit.ParticipantInfo, before bool) {
	identity, now := a.net.Line(p.GetIdentity()), time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	at := -1
	for i := range a.list {
		if a.list[i].Identity == identity {
			at = i
		}
	}
	gone := p.GetState() == livekit.ParticipantInfo_DISCONNECTED
	if at < 0 {
		// livekit-server lists one that publishes nothing every three seconds, so that
		// one that came and left in between is first listed as disconnected.
		after := p.GetJoinedAtMs() - a.joinedAt
		if gone && (a.joinedAt == 0 || after < 0) || len(a.list) == caps.Agents {
			return
		}
		if gone {
			now = a.joined.Add(time.Duration(after) * time.Millisecond)
		}
		at, a.list = len(a.list), append(a.list, Agent{Identity: identity, Came: now, Before: before})
	}
	one := &a.list[at]
	one.Left = gone
	if name := p.GetAttributes()[agentNameAttribute]; name != "" {
		one.Name = a.net.Line(name)
	}
	for _, t := range p.GetTracks() {
		one.Audio = one.Audio || t.GetType() == livekit.TrackType_AUDIO
	}
	select {
	case a.Changed <- struct{}{}:
	default:
	}
}
