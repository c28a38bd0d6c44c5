package probe

import (
	"context"
	"time"
)

// Outcome is how the media connection ended up.
type Outcome string

// The outcomes.
const (
	// OutcomeConnected: ICE and DTLS are up.
	OutcomeConnected Outcome = "connected"
	// OutcomeNoOffer: the server said Join and then nothing to negotiate with.
	OutcomeNoOffer Outcome = "no_offer"
	// OutcomeBadOffer: the server's session description cannot be used; Detail
	// says why.
	OutcomeBadOffer Outcome = "bad_offer"
	// OutcomeNoRemoteCandidates: the server advertises no address.
	OutcomeNoRemoteCandidates Outcome = "no_remote_candidates"
	// OutcomeNoLocalCandidates: this machine has no address to offer, or, with
	// ForceRelay, no TURN server gave one.
	OutcomeNoLocalCandidates Outcome = "no_local_candidates"
	// OutcomeNothingAnswered: checks went out on every pair, and not one answer
	// or request came back.
	OutcomeNothingAnswered Outcome = "nothing_answered"
	// OutcomeICEFailed: something answered, and no pair was agreed on.
	OutcomeICEFailed Outcome = "ice_failed"
	// OutcomeDTLSFailed: ICE is up, the handshake over it failed or never ended.
	OutcomeDTLSFailed Outcome = "dtls_failed"
	// OutcomeLeft: the server sent Leave; End says why. A Leave for
	// CONNECTION_TIMEOUT is one of the media outcomes above instead.
	OutcomeLeft Outcome = "left"
	// OutcomeSignalLost: the signalling connection ended; End says how.
	OutcomeSignalLost Outcome = "signal_lost"
	// OutcomeTimeout: MediaOptions.Timeout or the context's deadline passed.
	OutcomeTimeout Outcome = "timeout"
	// OutcomeCancelled: the caller's context was cancelled. Leave was sent.
	OutcomeCancelled Outcome = "cancelled"
	// OutcomeInternal: the WebRTC library could not be set up; Detail says why.
	OutcomeInternal Outcome = "internal"
)

// MediaOptions are the choices of one media connection.
type MediaOptions struct {
	// ForceRelay allows relay candidates only: does the TURN server work?
	ForceRelay bool
	// Timeout bounds it all; 0 means 15 s, after which LiveKit gives up itself.
	Timeout time.Duration
	// Silence is after how long pairs that all stayed unanswered are believed to
	// stay so; 0 means 3 s. The verdict comes at most 0.8 s later.
	Silence time.Duration
	// NoTCP leaves ICE/TCP out, as the Go SDK does; NoUDP leaves UDP out.
	NoTCP, NoUDP bool
	// Observe, if set, is told of each step as it is taken, on the goroutine of
	// the caller. It must not block.
	Observe func(Step)
}

const (
	mediaTimeout = 15 * time.Second
	mediaSilence = 3 * time.Second
	// silenceGrace is what pairs that were found late, and TCP dials, may take
	// beyond MediaOptions.Silence.
	silenceGrace = 800 * time.Millisecond
	// offerWait is how long the server may take to offer, candidateWait how long
	// to name its first address after that.
	offerWait     = 5 * time.Second
	candidateWait = 3 * time.Second
	// dtlsWait is what the handshake may take once ICE is up.
	dtlsWait = 5 * time.Second
)

func (o MediaOptions) withDefaults() MediaOptions {
	if o.Timeout <= 0 {
		o.Timeout = mediaTimeout
	}
	if o.Silence <= 0 {
		o.Silence = mediaSilence
	}
	if o.Observe == nil {
		o.Observe = func(Step) {}
	}
	return o
}

// MediaPhases are the times that the steps of a media connection took; zero
// for a step that was not reached.
type MediaPhases struct {
	// Offer is from the call to the server's offer (or its answer to ours),
	// FirstCandidate from the call to the server's first address.
	Offer, FirstCandidate time.Duration
	// ICE is from the start of negotiation to a selected pair, DTLS from there
	// to the end of the handshake.
	ICE, DTLS time.Duration
	// Total is the whole call.
	Total time.Duration
}

// Media is the evidence of one media connection: what both sides offered, what
// was sent and answered, and what came of it.
type Media struct {
	Outcome Outcome
	// Connected is Outcome == OutcomeConnected.
	Connected bool
	// Remote are the server's candidates: advertised ones first, then those that
	// its packets came from (prflx). Local are this machine's.
	Remote, Local []Candidate
	Pairs         []Pair
	// Selected is the pair that carries media. Its remote type prflx means that
	// the server advertises another address than the one that works.
	Selected *Pair
	// TCP is what plain dials of the server's ICE/TCP addresses found.
	TCP []TCPDial
	// AtReached is what was asked at the address that signalling reached, when
	// nothing answered at the advertised ones; empty if that is one of them.
	AtReached []ReachedAsk
	Phases    MediaPhases
	// ICEState and DTLSState are pion's own words for how far it came:
	// new, checking, connected, failed; new, connecting, connected, failed.
	ICEState, DTLSState string
	// End is how the signalling ended, nil if it was still up.
	End *SignalEnd
	// Detail is the library's own words about a bad offer, cleaned.
	Detail string
	// GatheringDone tells whether this machine had found all its candidates.
	GatheringDone bool
	// RelayOffered tells whether the server handed out a TURN server.
	RelayOffered bool

	pc *peer
}

// TCPDial is what a plain TCP connection to an advertised ICE/TCP address found.
type TCPDial struct {
	Candidate Candidate
	// Reachable tells that somebody accepted.
	Reachable bool
	// Pending tells that the media was connected before the dial ended.
	Pending bool
	// Failure is why it is not reachable; nil when it is, or pending.
	Failure *Failure
	// Took is how long the dial took so far.
	Took time.Duration
}

// Media negotiates the media connection over s and reports what happened.
// Whatever the server does, it ends within MediaOptions.Timeout. When it is
// connected, it stays so until Close; otherwise everything is closed already.
// Leaving the room is the caller's task (Signal.Leave), but for a cancelled
// context: then Leave was sent. Call it once a Signal.
func (s *Signal) Media(ctx context.Context, o MediaOptions) *Media {
	o = o.withDefaults()
	r := newMediaRun(s, o)
	defer r.stop()
	r.media.Outcome = r.run(ctx)
	r.media.Connected = r.media.Outcome == OutcomeConnected
	r.media.Phases.Total = time.Since(r.start)
	r.media.End = s.End()
	if r.media.Connected {
		r.media.pc = r.peer
	} else {
		r.peer.close()
	}
	if r.media.Outcome == OutcomeCancelled {
		s.Leave()
	}
	return r.media
}

// Refresh reads the pairs' counters anew, on a connection that is up.
func (m *Media) Refresh() {
	if m.pc != nil {
		m.collect(m.pc)
	}
}

// Close ends the media connection and waits until its goroutines are gone
// (for 300 ms at most: a name server that answers nobody can hold one longer).
// More than once is harmless.
func (m *Media) Close() {
	if m != nil && m.pc != nil {
		m.pc.close()
	}
}
