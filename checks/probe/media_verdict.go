package probe

import "time"

// icePicture is what a verdict on silence rests on.
type icePicture struct {
	// Elapsed is the time since negotiation began, as far as this process ran.
	Elapsed time.Duration
	Pairs   []Pair
	// TCPPending counts the dials of ICE/TCP addresses that have not ended.
	TCPPending int
	// Now is when the pairs were read.
	Now time.Time
}

const (
	// enoughRequests unanswered on a pair rule out a lost packet.
	enoughRequests = 3
	// enoughTime is what the last request of a late pair is given to be answered.
	enoughTime = time.Second
	// afterTheLast is how long a side that has named all its addresses, none, is
	// waited for: the other side may still be heard from.
	afterTheLast = 500 * time.Millisecond
	// lastWords is what the messages that name ICE/TCP addresses may be behind a
	// media connection that was faster.
	lastWords = 5 * time.Millisecond
)

// silent tells whether nothing answers: after the silence every pair has asked
// often enough, long enough ago, and no dial is left; or the grace is over too.
// One answer, or one request of the server, means that it is not silent.
func (p icePicture) silent(silence time.Duration) bool {
	if len(p.Pairs) == 0 || p.Elapsed < silence {
		return false
	}
	settled := p.TCPPending == 0
	for _, pair := range p.Pairs {
		if pair.Answered() {
			return false
		}
		if !pair.givenUp(p.Now) {
			settled = false
		}
	}
	return settled || p.Elapsed >= silence+silenceGrace
}

// oneWay tells whether the server is heard and every pair of ours has asked it
// in vain: its packets arrive here, and ours do not get there. An answer would
// have come on the way that its own requests take.
func (p icePicture) oneWay() bool {
	for _, pair := range p.Pairs {
		if pair.ResponsesReceived > 0 || !pair.givenUp(p.Now) {
			return false
		}
	}
	return answered(p.Pairs)
}

// givenUp tells whether a pair has had its chance: it failed, could never be
// asked (a loopback socket cannot send to another machine), or asked enough.
func (p Pair) givenUp(now time.Time) bool {
	switch {
	case p.State == PairFailed, p.RequestsSent == 0:
		return true
	}
	return p.RequestsSent >= enoughRequests && now.Sub(p.FirstRequest) >= enoughTime
}

// verdict is the outcome as soon as there is one, "" before.
func (r *mediaRun) verdict(now time.Time) Outcome {
	if !r.connected.IsZero() {
		return r.settled(now)
	}
	if r.failed == OutcomeICEFailed && !answered(r.media.Pairs) {
		return OutcomeNothingAnswered
	}
	if r.failed != "" {
		return r.failed
	}
	if !r.iceUp.IsZero() {
		if r.handshake >= dtlsWait {
			return OutcomeDTLSFailed
		}
		return ""
	}
	if r.negotiated.IsZero() {
		if now.Sub(r.start) >= offerWait {
			return OutcomeNoOffer
		}
		return ""
	}
	return r.silence(now)
}

// settled tells that a connected join has nothing more to wait for: the server
// has named an address (its checks can arrive, and win, before that message),
// and the plain dials of ICE/TCP addresses have ended; or both had ten round
// trips.
func (r *mediaRun) settled(now time.Time) Outcome {
	rtt := time.Duration(0)
	if r.media.Selected != nil {
		rtt = r.media.Selected.RTT
	}
	since := now.Sub(r.connected)
	missing := r.dialing > 0 || r.advertised == 0 && !r.endOfTheir
	if missing && since < tcpLinger(rtt) || len(r.media.TCP) == 0 && since < lastWords {
		return ""
	}
	return OutcomeConnected
}

// silence names what is missing while ICE is not up.
func (r *mediaRun) silence(now time.Time) Outcome {
	elapsed := r.quiet
	over := elapsed >= r.o.Silence+silenceGrace
	switch {
	case len(r.media.Remote) == 0 && len(r.media.Pairs) == 0:
		if elapsed >= candidateWait || r.endOfTheir && elapsed >= afterTheLast {
			return OutcomeNoRemoteCandidates
		}
	case len(r.media.Local) == 0 && len(r.media.Pairs) == 0:
		if over || r.media.GatheringDone && elapsed >= afterTheLast {
			return OutcomeNoLocalCandidates
		}
	case len(r.media.Pairs) == 0:
		// Both sides have addresses and none fit together: IPv4 here, IPv6 there.
		if over {
			return OutcomeNothingAnswered
		}
	default:
		p := icePicture{Elapsed: elapsed, Pairs: r.media.Pairs, TCPPending: r.dialing, Now: now}
		if p.silent(r.o.Silence) {
			return OutcomeNothingAnswered
		}
		if (over || elapsed >= r.o.Silence && r.dialing == 0) && p.oneWay() {
			return OutcomeICEFailed
		}
	}
	return ""
}

// answered tells whether anything came back on any pair.
func answered(pairs []Pair) bool {
	for _, p := range pairs {
		if p.Answered() {
			return true
		}
	}
	return false
}
