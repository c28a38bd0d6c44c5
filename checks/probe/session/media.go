package session

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/probe"
)

// Outcome is the result of a media connection.
type Outcome string

// The outcomes.
const (
	// OutcomeConnected: ICE and DTLS are up.
	OutcomeConnected Outcome = "connected"
	// OutcomeNoOffer: the server sent Join and no offer.
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
	// OutcomeTimeout: the time for it or the context's deadline passed.
	OutcomeTimeout Outcome = "timeout"
	// OutcomeCancelled: the caller's context was cancelled. Leave was sent.
	OutcomeCancelled Outcome = "cancelled"
	// OutcomeInternal: the WebRTC library could not be set up; Detail says why.
	OutcomeInternal Outcome = "internal"
)

// MediaOptions restrict a participant's media connections.
type MediaOptions struct {
	// ForceRelay allows relay candidates only.
	ForceRelay bool
	// NoTCP leaves ICE/TCP out; NoUDP leaves UDP out.
	NoTCP, NoUDP bool
}

// MediaPhases are the times that the steps of a media connection took; zero
// for a step that was not reached.
type MediaPhases struct {
	// Offer is the time from the call to the server's offer (or its answer to this
	// side's), FirstCandidate that to the server's first address.
	Offer, FirstCandidate time.Duration
	// ICE is from the start of negotiation to a selected pair, DTLS from there
	// to the end of the handshake.
	ICE, DTLS time.Duration
	// Total is the whole call.
	Total time.Duration
}

// Media describes one media connection: what both sides offered, what was sent and
// answered, and the outcome.
type Media struct {
	Outcome Outcome
	// Connected is Outcome == OutcomeConnected.
	Connected bool
	// Remote are the server's candidates: advertised ones first, then those from
	// which its packets came (prflx). Local are this machine's.
	Remote, Local []Candidate
	Pairs         []Pair
	// Selected is the pair that carries media. Its remote type prflx means that
	// the server advertises another address than the one that works.
	Selected *Pair
	// TCP holds the results of plain dials of the server's ICE/TCP addresses.
	TCP []TCPDial
	// AtReached are the requests to the address that signalling reached, when none
	// of the advertised ones answered; empty if that address is advertised.
	AtReached []ReachedAsk
	Phases    MediaPhases
	// ICEState and DTLSState are pion's states: new, checking, connected, failed;
	// new, connecting, connected, failed.
	ICEState, DTLSState string
	// End is the end of the signalling, nil if it was still up.
	End *SignalEnd
	// Detail is the library's error about a bad offer, cleaned.
	Detail string
	// GatheringDone reports whether this machine had found all its candidates.
	GatheringDone bool
	// RelayOffered reports whether the server handed out a TURN server.
	RelayOffered bool

	t *transport
}

// TCPDial is the result of dialling an advertised ICE/TCP address.
type TCPDial struct {
	Candidate Candidate
	// Reachable reports whether the connection was accepted.
	Reachable bool
	// Pending reports whether the media was connected before the dial ended.
	Pending bool
	// Failure is why it is not reachable; nil when it is, or pending.
	Failure *probe.Failure
	// Took is how long the dial took so far.
	Took time.Duration
}

// Start starts to connect media, and does not wait for it; Media does. Only the
// first call has an effect.
func (p *Participant) Start(o MediaOptions) error {
	_, err := p.begun(o, false)
	return err
}

// begun is Start; it returns the connection that the server calls primary. With
// diagnose, UDP is tried first and ICE/TCP addresses are dialled.
func (p *Participant) begun(o MediaOptions, diagnose bool) (*transport, error) {
	p.negotiating.Lock()
	defer p.negotiating.Unlock()
	if !p.started {
		p.started, p.media = true, o
	}
	t := p.primary()
	if t == nil {
		var err error
		if t, err = p.newTransport(p.primaryTarget()); err != nil {
			return nil, err
		}
		t.note(func() { t.diagnose = diagnose })
		if !p.Facts.SubscriberPrimary {
			if err = t.openData(); err == nil {
				err = t.offer(false)
			}
			if err != nil {
				return t, err
			}
		}
	}
	for _, m := range p.early {
		p.negotiate(m)
	}
	p.early = nil
	return t, nil
}

// Media connects media and reports what happened. It ends within Limits.Media and
// with ctx, whatever the server does. A connection stays up until Leave. It leaves the room
// itself only where ctx was cancelled. Call it once.
func (p *Participant) Media(ctx context.Context, o MediaOptions) *Media {
	r := &mediaRun{p: p, o: o, limits: p.o.waits(p.net), start: time.Now()}
	out, m := OutcomeInternal, &Media{}
	t, err := p.begun(r.o, true)
	switch r.t = t; {
	case err != nil && p.End() != nil:
		out, m.End = p.endOutcome(), p.End()
	case err != nil:
		m.Detail = p.net.Line(err.Error())
	default:
		out = r.run(ctx)
		m = t.snapshot()
		m.ICEState, m.DTLSState = t.pc.ICEConnectionState().String(), t.pc.SCTP().Transport().State().String()
		m.End = p.End()
	}
	m.Outcome, m.Connected = out, out == OutcomeConnected
	m.Phases.Total = time.Since(r.start)
	m.RelayOffered = p.OffersTURN()
	if !m.Connected {
		m.t = nil
	}
	switch {
	case out == OutcomeCancelled:
		p.Leave()
	case !m.Connected:
		p.closeMedia()
	}
	return m
}

func (p *Participant) endOutcome() Outcome {
	if p.End().Left {
		return OutcomeLeft
	}
	return OutcomeSignalLost
}

// snapshot reads the counters, and returns a copy of the record.
func (t *transport) snapshot() *Media {
	t.collect()
	t.selectPair()
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.media
	m.Remote, m.Local, m.Pairs = slices.Clone(m.Remote), slices.Clone(m.Local), slices.Clone(m.Pairs)
	m.TCP, m.AtReached = slices.Clone(m.TCP), slices.Clone(m.AtReached)
	m.t = t
	return &m
}

// Refresh reads the pairs' counters again, on a connection that is up.
func (m *Media) Refresh() {
	if m.t != nil {
		now := m.t.snapshot()
		m.Remote, m.Local, m.Pairs, m.Selected = now.Remote, now.Local, now.Pairs, now.Selected
	}
}

// Path returns the pair that carries what this participant receives or, in a room
// to which it may not subscribe, what it sends; nil while there is none.
func (p *Participant) Path() *Pair {
	for _, target := range []livekit.SignalTarget{subscriber, publisher} {
		if pair := p.transport(target).pair(); pair != nil {
			return pair
		}
	}
	return nil
}

// pair returns the selected pair with its counters, nil before there is one.
func (t *transport) pair() *Pair {
	if t == nil {
		return nil
	}
	return t.snapshot().Selected
}

// pollEvery is the time between two readings of the pairs' counters during a join,
// and maxPollStep the most that one reading adds to the clocks.
const (
	pollEvery   = 100 * time.Millisecond
	maxPollStep = 250 * time.Millisecond
)

// mediaRun is one call of Media. It reads the state of the connection until there
// is a verdict.
type mediaRun struct {
	p      *Participant
	t      *transport
	o      MediaOptions
	limits probe.Limits
	start  time.Time

	// quiet is the time since negotiation, handshake that since ICE was up, both
	// without the time in which this process did not run: a machine that is too
	// busy to ask cannot call the server silent.
	quiet, handshake time.Duration
	polled           time.Time
	asked            bool // the address reached was asked for media
}

func (r *mediaRun) run(parent context.Context) Outcome {
	ctx, cancel := context.WithTimeout(parent, r.limits.Media)
	defer cancel()
	tick := time.Tick(pollEvery)
	var last <-chan time.Time // a look at the verdict soon after connecting
	for {
		if last == nil && r.connected() {
			last = time.After(tcpCandidateGrace)
			r.t.snapshot()
		}
		if out := r.verdict(time.Now()); out != "" {
			return out
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return OutcomeCancelled
			}
			return r.reached(r.t.snapshot(), OutcomeTimeout)
		case <-r.p.Done():
			return r.signalEnded()
		case <-r.t.news:
		case <-last:
		case <-tick:
			r.poll()
		}
	}
}

func (r *mediaRun) connected() bool {
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	return !r.t.connected.IsZero()
}

func (r *mediaRun) poll() {
	r.t.mu.Lock()
	negotiated, iceUp := r.t.negotiated, !r.t.iceAt.IsZero()
	r.t.mu.Unlock()
	if negotiated.IsZero() {
		return
	}
	m := r.t.snapshot()
	now := time.Now()
	if r.polled.IsZero() {
		r.polled = negotiated
	}
	step := min(now.Sub(r.polled), maxPollStep)
	r.quiet += step
	if iceUp {
		r.handshake += step
	}
	r.polled = now
	if !r.asked && !r.o.ForceRelay && !iceUp && r.quiet >= r.limits.Silence/2 && !answered(m.Pairs) {
		r.asked = true
		r.t.askReached()
	}
}

// signalEnded returns the outcome when the signalling connection has ended. A Leave
// for CONNECTION_TIMEOUT only says that media did not connect: the pairs say more.
func (r *mediaRun) signalEnded() Outcome {
	m, end, otherwise := r.t.snapshot(), r.p.End(), r.p.endOutcome()
	timedOut := end.Left && end.Reason == livekit.DisconnectReason_CONNECTION_TIMEOUT.String()
	switch {
	case !timedOut && !r.connected():
		return otherwise
	case len(m.Pairs) > 0:
		otherwise = OutcomeNothingAnswered
	}
	return r.reached(m, otherwise)
}

// reached returns how far the connection came.
func (r *mediaRun) reached(m *Media, otherwise Outcome) Outcome {
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	switch {
	case !r.t.connected.IsZero():
		return OutcomeConnected
	case !r.t.iceAt.IsZero():
		return OutcomeDTLSFailed
	case answered(m.Pairs):
		return OutcomeICEFailed
	}
	return otherwise
}

// icePicture is the input of a verdict on silence.
type icePicture struct {
	// elapsed is the time since negotiation began in which this process ran.
	elapsed time.Duration
	pairs   []Pair
	// tcpPending counts the unfinished dials of ICE/TCP addresses.
	tcpPending int
	// now is the time at which the pairs were read.
	now time.Time
}

const (
	// enoughRequests is the number of unanswered requests that rules out a lost
	// packet.
	enoughRequests = 3
	// enoughTime is the time to wait for an answer to the last request of a late
	// pair.
	enoughTime = time.Second
	// noneGrace is the time to wait for a side that has said that it has no
	// address: its packets may still arrive.
	noneGrace = 500 * time.Millisecond
	// tcpCandidateGrace is the time that a connected join waits for late ICE/TCP
	// candidates.
	tcpCandidateGrace = 5 * time.Millisecond
)

// silent reports whether nothing answers: after silence, every pair has sent enough
// requests, long enough ago, and no dial is pending; or grace is over too. One
// answer, or one request of the server, means that it is not silent.
func (p icePicture) silent(silence, grace time.Duration) bool {
	if len(p.pairs) == 0 || p.elapsed < silence {
		return false
	}
	settled := p.tcpPending == 0
	for _, pair := range p.pairs {
		if pair.Answered() {
			return false
		}
		if !pair.givenUp(p.now) {
			settled = false
		}
	}
	return settled || p.elapsed >= silence+grace
}

// oneWay reports whether the server's packets arrive here and no pair's requests
// were answered: this machine's packets do not arrive there, as an answer would
// take the path of the server's own requests.
func (p icePicture) oneWay() bool {
	for _, pair := range p.pairs {
		if pair.ResponsesReceived > 0 || !pair.givenUp(p.now) {
			return false
		}
	}
	return answered(p.pairs)
}

// givenUp reports whether a pair failed, could never send (a loopback socket to
// another machine), or sent enough requests.
func (p Pair) givenUp(now time.Time) bool {
	return p.State == webrtc.StatsICECandidatePairStateFailed || p.RequestsSent == 0 ||
		p.RequestsSent >= enoughRequests && now.Sub(p.FirstRequest) >= enoughTime
}

// verdict returns the outcome once there is one, "" before.
func (r *mediaRun) verdict(now time.Time) Outcome {
	t := r.t
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !t.connected.IsZero():
		return t.settled(now)
	case t.failed == OutcomeICEFailed && !answered(t.media.Pairs):
		return OutcomeNothingAnswered
	case t.failed != "":
		return t.failed
	case !t.iceAt.IsZero() && r.handshake >= r.limits.DTLS:
		return OutcomeDTLSFailed
	case !t.iceAt.IsZero():
		return ""
	case t.negotiated.IsZero() && now.Sub(r.start) >= r.limits.Offer:
		return OutcomeNoOffer
	case t.negotiated.IsZero():
		return ""
	}
	return r.silence(now)
}

// They bound the time that a connected join waits for the last dials of ICE/TCP
// addresses: ten round trips, within these limits.
const (
	leastLinger = 100 * time.Millisecond
	mostLinger  = time.Second
)

// settled returns the outcome of a connected join that has nothing more to wait
// for: the server has named an address (its checks can arrive, and win, before that
// message), and the plain dials of ICE/TCP addresses have ended; or both had ten
// round trips. The caller holds t.mu.
func (t *transport) settled(now time.Time) Outcome {
	linger := leastLinger
	if t.media.Selected != nil {
		linger = min(max(10*t.media.Selected.RTT, leastLinger), mostLinger)
	}
	since := now.Sub(t.connected)
	missing := t.dialing > 0 || t.advertised == 0 && !t.endOfCandidates
	if missing && since < linger || len(t.media.TCP) == 0 && since < tcpCandidateGrace {
		return ""
	}
	return OutcomeConnected
}

// silence returns what is missing while ICE is not up. The caller holds r.t.mu.
func (r *mediaRun) silence(now time.Time) Outcome {
	m, elapsed, limit := &r.t.media, r.quiet, r.limits.Silence
	over := elapsed >= limit+r.limits.Grace
	switch {
	case len(m.Remote) == 0 && len(m.Pairs) == 0:
		if elapsed >= r.limits.Candidate || r.t.endOfCandidates && elapsed >= noneGrace {
			return OutcomeNoRemoteCandidates
		}
	case len(m.Local) == 0 && len(m.Pairs) == 0:
		if over || m.GatheringDone && elapsed >= noneGrace {
			return OutcomeNoLocalCandidates
		}
	case len(m.Pairs) == 0:
		// Both sides have addresses and none match: IPv4 here, IPv6 there.
		if over {
			return OutcomeNothingAnswered
		}
	default:
		p := icePicture{elapsed: elapsed, pairs: m.Pairs, tcpPending: r.t.dialing, now: now}
		if p.silent(limit, r.limits.Grace) {
			return OutcomeNothingAnswered
		}
		if (over || elapsed >= limit && r.t.dialing == 0) && p.oneWay() {
			return OutcomeICEFailed
		}
	}
	return ""
}

func answered(pairs []Pair) bool {
	return slices.ContainsFunc(pairs, Pair.Answered)
}
