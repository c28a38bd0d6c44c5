package probe

import (
	"slices"
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
	people, before := m.GetUpdate().GetParticipants(), false
	if join := m.GetJoin(); join != nil {
		a.mu.Lock()
		a.joinedAt, a.joined = join.GetParticipant().GetJoinedAtMs(), time.Now()
		a.mu.Unlock()
		people, before = join.GetOtherParticipants(), true
	}
	for _, p := range people {
		if p.GetKind() == livekit.ParticipantInfo_AGENT {
			a.note(p, before)
		}
	}
}

// Seen returns the agents so far, in the order in which they came.
func (a *Agents) Seen() []Agent {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.list)
}

func (a *Agents) note(p *livekit.ParticipantInfo, before bool) {
	identity := a.net.Line(p.GetIdentity())
	a.mu.Lock()
	defer a.mu.Unlock()
	gone := p.GetState() == livekit.ParticipantInfo_DISCONNECTED
	at := slices.IndexFunc(a.list, func(one Agent) bool { return one.Identity == identity })
	if at < 0 {
		// livekit-server lists one that publishes nothing every three seconds, so that
		// one that came and left in between is first listed as disconnected.
		after := p.GetJoinedAtMs() - a.joinedAt
		if gone && (a.joinedAt == 0 || after < 0) || len(a.list) == caps.Agents {
			return
		}
		came := time.Now()
		if gone {
			came = a.joined.Add(time.Duration(after) * time.Millisecond)
		}
		at, a.list = len(a.list), append(a.list, Agent{Identity: identity, Came: came, Before: before})
	}
	one := &a.list[at]
	one.Left = gone
	if name := p.GetAttributes()[agentNameAttribute]; name != "" {
		one.Name = a.net.Line(name)
	}
	isAudio := func(t *livekit.TrackInfo) bool { return t.GetType() == livekit.TrackType_AUDIO }
	one.Audio = one.Audio || slices.ContainsFunc(p.GetTracks(), isAudio)
	select {
	case a.Changed <- struct{}{}:
	default:
	}
}
