package session

import (
	"maps"
	"net"
	"slices"
	"sync/atomic"
	"time"

	pion "github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
	"golang.org/x/time/rate"
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

func (p *Participant) tooMany(what Excess, is bool) {
	if is {
		p.excessMu.Lock()
		defer p.excessMu.Unlock()
		p.excess[what] = true
	}
}

// Excess returns what the server sent too much of so far, in order.
func (p *Participant) Excess() []Excess {
	if w := p.current(); w != nil {
		p.tooMany(ExcessBytes, w.bytes.slowed())
		p.tooMany(ExcessMessages, w.pace.slowed())
		p.tooMany(ExcessUnread, w.unread.Load())
	}
	p.tooMany(ExcessPackets, p.packets.slowed())
	p.tooMany(ExcessData, p.data.slowed())
	p.excessMu.Lock()
	defer p.excessMu.Unlock()
	return slices.Sorted(maps.Keys(p.excess))
}

// pacer limits how fast a peer's data is read: a burst immediately, then a rate per
// second. TCP and SCTP then slow the sender down; UDP packets are lost.
type pacer struct {
	*rate.Limiter
	over atomic.Bool // see slowed
}

func newPacer(burst int, perSecond rate.Limit) *pacer {
	return &pacer{Limiter: rate.NewLimiter(perSecond, burst)}
}

// slowed reports whether the peer was slowed down. It may be called on nil.
func (p *pacer) slowed() bool { return p != nil && p.over.Load() }

// wait uses cost, at most a burst, and returns when the rate allows it.
func (p *pacer) wait(cost int) {
	if delay := p.ReserveN(time.Now(), cost).Delay(); delay > 0 {
		p.over.Store(true)
		time.Sleep(delay)
	}
}

// pacedConn is a connection whose reading is limited, in bytes.
type pacedConn struct {
	net.Conn
	pace *pacer
}

func (c *pacedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), 64<<10)]) // so that no pause is long
	c.pace.wait(n)
	return n, err
}

// pacedNet is the machine's network for an ICE agent. The reading of its UDP
// sockets is limited, in packets.
type pacedNet struct {
	*stdnet.Net
	pace *pacer
}

// ListenUDP opens a socket for a host or server reflexive candidate.
func (n *pacedNet) ListenUDP(network string, at *net.UDPAddr) (pion.UDPConn, error) {
	conn, err := n.Net.ListenUDP(network, at)
	if err != nil {
		return nil, err
	}
	return &pacedUDP{UDPConn: conn, pace: n.pace}, nil
}

// pacedUDP is a socket of pacedNet.
type pacedUDP struct {
	pion.UDPConn
	pace *pacer
}

func (c *pacedUDP) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := c.UDPConn.ReadFrom(p)
	if err == nil {
		c.pace.wait(1)
	}
	return n, from, err
}
