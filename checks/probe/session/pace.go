package session

import (
	"net"
	"sync"
	"time"

	pion "github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
)

// pacer limits how fast a peer's data is read: a burst immediately, then a rate per
// second. TCP and SCTP then slow the sender down; UDP packets are lost.
type pacer struct {
	burst, perSecond float64

	mu     sync.Mutex
	bucket bucket
	over   bool
}

// wait uses cost, and returns when the rate allows it. Readers wait for each other.
func (p *pacer) wait(cost float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if debt := p.bucket.owe(cost, p.perSecond, time.Now()) - p.burst; debt > 0 {
		p.over = true
		time.Sleep(time.Duration(debt / p.perSecond * float64(time.Second)))
	}
}

// exceeded reports whether the peer was ever slowed down.
func (p *pacer) exceeded() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

// bucket is a leaky bucket: what was used drains at a rate per second. It is not
// safe for concurrent use.
type bucket struct {
	used float64
	last time.Time
}

// take uses cost, unless the bucket would hold more than burst, and reports whether
// it did.
func (b *bucket) take(cost, burst, perSecond float64, now time.Time) bool {
	if b.owe(cost, perSecond, now) > burst {
		b.used -= cost
		return false
	}
	return true
}

// owe uses cost, and returns what the bucket holds.
func (b *bucket) owe(cost, perSecond float64, now time.Time) float64 {
	if !b.last.IsZero() {
		b.used = max(0, b.used-perSecond*now.Sub(b.last).Seconds())
	}
	b.last = now
	b.used += cost
	return b.used
}

// pacedConn is a connection whose reading is limited, in bytes.
type pacedConn struct {
	net.Conn
	pace *pacer
}

func (c *pacedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), 64<<10)]) // so that no pause is long
	c.pace.wait(float64(n))
	return n, err
}

// pacedNet is the machine's network for an ICE agent. The reading of its UDP
// sockets is limited, in packets.
type pacedNet struct {
	*stdnet.Net
	pace *pacer
}

func newPacedNet(packets *pacer) (*pacedNet, error) {
	n, err := stdnet.NewNet()
	return &pacedNet{Net: n, pace: packets}, err
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
