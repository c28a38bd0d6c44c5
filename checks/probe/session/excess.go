package session

import (
	"maps"
	"slices"
)

// Excess names something of which a server sent more than is read or kept (see
// package caps).
type Excess string

// The kinds of excess.
const (
	ExcessICEServers Excess = "ice_servers"
	ExcessCandidates Excess = "candidates"
	ExcessOffers     Excess = "offers"
	ExcessTokens     Excess = "tokens"
	// ExcessBytes and ExcessMessages are those of the signalling, ExcessUnread
	// messages that are not LiveKit's or have too many parts.
	ExcessBytes    Excess = "signal_bytes"
	ExcessMessages Excess = "messages"
	ExcessUnread   Excess = "unread_messages"
	ExcessPackets  Excess = "media_packets"
	ExcessData     Excess = "data_messages"
	ExcessChannels Excess = "data_channels"
)

// tooMany records an excess, if there is one.
func (p *Participant) tooMany(what Excess, is bool) {
	if is {
		p.excessMu.Lock()
		defer p.excessMu.Unlock()
		if p.excess == nil {
			p.excess = map[Excess]bool{}
		}
		p.excess[what] = true
	}
}

// Excess returns what the server sent too much of so far, in order.
func (p *Participant) Excess() []Excess {
	if w := p.current(); w != nil {
		p.tooMany(ExcessBytes, w.bytes.exceeded())
		p.tooMany(ExcessMessages, w.pace.exceeded())
		p.tooMany(ExcessUnread, w.unread.Load())
	}
	p.tooMany(ExcessPackets, p.packets.exceeded())
	p.tooMany(ExcessData, p.data.exceeded())
	p.excessMu.Lock()
	defer p.excessMu.Unlock()
	return slices.Sorted(maps.Keys(p.excess))
}
