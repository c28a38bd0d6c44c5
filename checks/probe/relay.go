package probe

import (
	"context"
	"net/url"
	"time"

	"github.com/pion/webrtc/v4"
)

// RelayOptions are the choices of one join through a TURN server.
type RelayOptions struct {
	Token string
	// Via is how the token travels; "" means ViaHeader.
	Via TokenVia
	// Timeout is how long an answer through the relay is waited for; 0 means 3 s.
	Timeout time.Duration
}

// String keeps the token out of every print.
func (RelayOptions) String() string { return "options of a relayed join" }

// GoString is String.
func (o RelayOptions) GoString() string { return o.String() }

// RelayJoin is what came of a join whose media may only go through a TURN
// server.
type RelayJoin struct {
	// Answered tells that the server answered a connectivity check through the
	// relay. Its media connection would follow: livekit-server waits 2 s before
	// it takes a relayed pair, which is not waited for.
	Answered bool
	// Offered tells whether the server handed out a TURN server at all.
	Offered bool
	// Relayed tells whether a TURN server gave an address to relay from.
	Relayed bool
	// Failure is why there was no Join; End how the server ended the stay.
	Failure   *SignalFailure
	End       *SignalEnd
	Cancelled bool
	// Pairs are the pairs with their counters, Pair the answered one.
	Pairs []Pair
	Pair  *Pair
	// Took is from the start until the first answer came.
	Took   time.Duration
	Detail string
}

// relayPoll is how often the counters are read.
const relayPoll = 20 * time.Millisecond

// JoinRelayed joins with relay candidates only and reports whether the server
// can be reached through a TURN server. It has left when it returns.
func (n *Net) JoinRelayed(ctx context.Context, base *url.URL, o RelayOptions) *RelayJoin {
	if o.Timeout <= 0 {
		o.Timeout = 3 * time.Second
	}
	start := time.Now()
	out := &RelayJoin{}
	defer func() { out.Took = time.Since(start) }()
	st, f := n.openStay(ctx, base, stayOptions{token: o.Token, via: o.Via, media: MediaOptions{ForceRelay: true}})
	if f != nil {
		out.Failure = f
		out.Cancelled = ctx.Err() != nil
		return out
	}
	defer st.end()
	for _, s := range st.iceServers() {
		out.Offered = out.Offered || isTURN(s)
	}
	if !out.Offered {
		return out
	}
	wctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	ticker := time.NewTicker(relayPoll)
	defer ticker.Stop()
	for {
		gathered := st.sub.gathered() // asked first: what it found is then in the counters
		out.look(st)
		if out.Answered || !out.Relayed && gathered {
			return out
		}
		select {
		case <-ticker.C:
		case <-st.readDone:
			out.End = st.End()
			return out
		case <-wctx.Done():
			out.Cancelled = ctx.Err() != nil
			return out
		}
	}
}

// look reads the counters. Which pair is selected is not asked: pion 4.2 reads
// that without a lock while the transport starts.
func (j *RelayJoin) look(st *stay) {
	var locals, remotes []Candidate
	candidates := map[string]Candidate{}
	report := st.sub.current().pc.GetStats()
	for _, stat := range report {
		if c, ok := stat.(webrtc.ICECandidateStats); ok {
			list := &locals
			if c.Type == webrtc.StatsTypeRemoteCandidate {
				list = &remotes
			}
			candidates[c.ID], _ = st.net.knownCandidate(*list, c)
			*list = appendCandidate(*list, candidates[c.ID])
		}
	}
	for _, c := range locals {
		j.Relayed = j.Relayed || c.Type == "relay"
	}
	var pairs []Pair
	for _, stat := range report {
		if c, ok := stat.(webrtc.ICECandidatePairStats); ok {
			pairs = append(pairs, pairOf(c, candidates))
		}
	}
	sortPairs(pairs)
	j.Pairs = pairs
	for _, p := range pairs {
		if p.Local.Type == "relay" && p.ResponsesReceived > 0 {
			j.Answered, j.Pair = true, &p
			return
		}
	}
}
