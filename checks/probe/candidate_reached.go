package probe

import (
	"context"
	"encoding/binary"
	"io"
	"net/netip"
	"time"

	"github.com/pion/stun/v3"
)

// ReachedAsk is one question at the address where signalling reached the
// server: does it take media there, at a port that it advertises elsewhere?
type ReachedAsk struct {
	// Candidate is the advertised one, with the address reached in place of its
	// own.
	Candidate Candidate
	// Answered tells that the server's ICE agent answered there.
	Answered bool
}

// maxReachedAsks caps what a server can make us ask.
const maxReachedAsks = 4

// askReached asks the media ports at the address that signalling reached, once
// nothing has answered at those that the server advertises. An answer, which
// takes the session's own credentials, proves that the advertised address is
// what is wrong; without one it stays open whether a firewall is. It is asked
// while the silence is waited for, so that it costs no time.
func (r *mediaRun) askReached() {
	if r.asked || r.o.ForceRelay || !r.iceUp.IsZero() || r.quiet < r.o.Silence/2 || answered(r.media.Pairs) {
		return
	}
	r.asked = true
	name, key, ok := r.peer.credentials()
	if !ok || !r.s.Remote.IsValid() {
		return
	}
	for _, c := range atReached(r.media.Remote, r.s.Remote.Addr().Unmap(), r.o) {
		at := len(r.media.AtReached)
		r.media.AtReached = append(r.media.AtReached, ReachedAsk{Candidate: c})
		r.dialing++
		r.dials.Go(func() {
			ctx, cancel := context.WithTimeout(r.dialCtx, askWait)
			defer cancel()
			var heard bool
			if c.Protocol == "tcp" {
				heard = r.s.net.answersBindingTCP(ctx, c.HostPort(), name, key)
			} else {
				heard = answersBinding(ctx, c.HostPort(), name, key)
			}
			r.post(func() {
				r.dialing--
				r.media.AtReached[at].Answered = heard
			})
		})
	}
}

// atReached are the advertised ports at the address reached, where none of
// them is advertised already.
func atReached(advertised []Candidate, reached netip.Addr, o MediaOptions) []Candidate {
	var out []Candidate
	for _, c := range advertised {
		if c.Type != "host" || c.Kind == ScopeInvalid || c.Protocol == "udp" && o.NoUDP ||
			c.Protocol == "tcp" && (o.NoTCP || c.TCPType != "passive") {
			continue
		}
		if c.Address == reached.String() {
			return nil
		}
		c.Address, c.Kind = reached.String(), AddrKind(reached)
		if before := len(out); before < maxReachedAsks {
			out = appendCandidate(out, c)
		}
	}
	return out
}

// answersBindingTCP is answersBinding over TCP, in the frames of RFC 4571.
func (n *Net) answersBindingTCP(ctx context.Context, address, name, key string) bool {
	request, err := bindingRequest(name, key)
	if err != nil {
		return false
	}
	conn, err := n.dialer()(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(askWait)
	}
	_ = conn.SetDeadline(deadline)
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })()
	frame := binary.BigEndian.AppendUint16(nil, uint16(len(request)))
	if _, err := conn.Write(append(frame, request...)); err != nil {
		return false
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return false
	}
	body := make([]byte, min(int(binary.BigEndian.Uint16(size[:])), 1500))
	if _, err := io.ReadFull(conn, body); err != nil {
		return false
	}
	return stun.IsMessage(body)
}
