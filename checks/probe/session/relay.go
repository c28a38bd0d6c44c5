package session

import (
	"context"
	"net/url"
	"time"

	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/probe"
)

// RelayJoin is the result of a join whose media may only use a TURN server.
type RelayJoin struct {
	// Answered reports whether the server answered a connectivity check through the
	// relay. It does not wait for media: livekit-server takes a relayed pair only
	// after 2 s.
	Answered bool
	// Offered reports whether the server handed out a TURN server at all.
	Offered bool
	// Relayed reports whether a TURN server gave a relay address.
	Relayed bool
	// Failure is why there was no Join.
	Failure   *SignalFailure
	Cancelled bool
	// Pairs are the pairs with their counters, Pair the answered one.
	Pairs []Pair
	Pair  *Pair
	// Took is the time from the start to the first answer.
	Took time.Duration
}

// relayPoll is the time between two readings of the counters.
const relayPoll = 20 * time.Millisecond

// JoinRelayed joins with relay candidates only and reports whether the server can
// be reached through a TURN server. It waits for an answer at most Limits.Relay,
// and has left when it returns.
func JoinRelayed(ctx context.Context, n *probe.Net, base *url.URL, token string, inQuery bool) *RelayJoin {
	start := time.Now()
	out := &RelayJoin{}
	defer func() { out.Took = time.Since(start) }()
	p, f := Join(ctx, n, base, token, Options{InQuery: inQuery})
	if f != nil {
		out.Failure = f
		out.Cancelled = ctx.Err() != nil
		return out
	}
	defer p.Leave()
	if out.Offered = p.OffersTURN(); !out.Offered || p.Start(MediaOptions{ForceRelay: true}) != nil {
		return out
	}
	wctx, cancel := context.WithTimeout(ctx, n.Waits().Relay)
	defer cancel()
	tick := time.Tick(relayPoll)
	for t := p.primary(); ; {
		// Asked first: what it found is then in the counters.
		gathered := t.pc.ICEGatheringState() == webrtc.ICEGatheringStateComplete
		out.look(t)
		if out.Answered || !out.Relayed && gathered {
			return out
		}
		select {
		case <-tick:
		case <-p.Done():
			return out
		case <-wctx.Done():
			out.Cancelled = ctx.Err() != nil
			return out
		}
	}
}

func (j *RelayJoin) look(t *transport) {
	t.collect()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.media.Local {
		j.Relayed = j.Relayed || c.Type == "relay"
	}
	j.Pairs = t.media.Pairs
	for _, p := range j.Pairs {
		if p.Local.Type == "relay" && p.ResponsesReceived > 0 {
			j.Answered, j.Pair = true, &p
			return
		}
	}
}
