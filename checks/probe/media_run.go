package probe

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// pollEvery is how often the pairs' counters are read during a join.
const pollEvery = 100 * time.Millisecond

// maxPollStep is how much time one poll may stand for.
const maxPollStep = 250 * time.Millisecond

// mediaRun is one call of Media. Everything but the callbacks of pion and the
// dials happens on the caller's goroutine; those two post to it.
type mediaRun struct {
	s     *Signal
	o     MediaOptions
	media *Media
	peer  *peer
	start time.Time

	// Times of the steps, zero before they are reached.
	negotiated, iceUp, connected time.Time
	// quiet is the time since negotiation, handshake that since ICE was up, both
	// without the moments when this process did not get to run: on a machine
	// that is too busy to ask, nobody's silence means anything.
	quiet, handshake time.Duration
	polled           time.Time
	// failed is an outcome that an event brought about.
	failed Outcome
	// held are the server's ICE/TCP addresses while UDP has its head start.
	held       []webrtc.ICECandidateInit
	advertised int  // addresses that the server has named
	endOfTheir bool // the server has named all its candidates
	asked      bool // the address reached was asked for media

	events  chan func()
	quit    chan struct{}
	dials   sync.WaitGroup
	dialing int
	dialCtx context.Context
	cancel  context.CancelFunc
}

func newMediaRun(s *Signal, o MediaOptions) *mediaRun {
	r := &mediaRun{
		s: s, o: o, media: &Media{}, start: time.Now(),
		events: make(chan func(), 64), quit: make(chan struct{}),
	}
	r.dialCtx, r.cancel = context.WithCancel(context.Background())
	return r
}

// stop ends what the run started; the connection itself is not its business.
func (r *mediaRun) stop() {
	close(r.quit)
	r.cancel()
	r.dials.Wait()
}

// post hands f to the run's goroutine.
func (r *mediaRun) post(f func()) {
	select {
	case r.events <- f:
	case <-r.quit:
	}
}

// run negotiates until there is a verdict.
func (r *mediaRun) run(parent context.Context) Outcome {
	ctx, cancel := context.WithTimeout(parent, r.o.Timeout)
	defer cancel()
	if out := r.setUp(); out != "" {
		return out
	}
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		if out := r.verdict(time.Now()); out != "" {
			return r.conclude(out)
		}
		select {
		case <-ctx.Done():
			return r.conclude(r.ranOut(ctx))
		case <-r.s.messages.ready:
			r.readMessages()
		case <-r.s.readDone:
			r.readMessages()
			return r.conclude(r.signalEnded())
		case f := <-r.events:
			f()
		case <-ticker.C:
			r.poll()
		}
	}
}

// poll reads the counters and moves the clocks on.
func (r *mediaRun) poll() {
	if r.negotiated.IsZero() {
		return
	}
	r.media.collect(r.peer)
	now := time.Now()
	if r.polled.IsZero() {
		r.polled = r.negotiated
	}
	step := min(now.Sub(r.polled), maxPollStep)
	r.quiet += step
	if !r.iceUp.IsZero() {
		r.handshake += step
	}
	r.polled = now
	if r.quiet >= udpHeadStart {
		r.releaseTCP()
	}
	r.askReached()
}

// setUp makes the connection and, where this side has to, offers.
func (r *mediaRun) setUp() Outcome {
	p, err := newPeer(r.s, r.o)
	if err != nil {
		return r.because(OutcomeInternal, err)
	}
	r.peer = p
	for _, s := range r.s.iceServers() {
		r.media.RelayOffered = r.media.RelayOffered || isTURN(s)
	}
	r.listen()
	if !p.offers() {
		return ""
	}
	if err := p.offer(); err != nil {
		return r.because(OutcomeInternal, err)
	}
	return ""
}

// because keeps the library's words beside an outcome.
func (r *mediaRun) because(out Outcome, err error) Outcome {
	r.media.Detail = r.s.net.line(err.Error())
	return out
}

// listen turns pion's callbacks into events.
func (r *mediaRun) listen() {
	r.peer.pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		r.post(func() { r.ourCandidate(c) })
	})
	r.peer.pc.OnICEConnectionStateChange(func(state webrtc.ICEConnectionState) {
		at := time.Now()
		r.post(func() { r.iceChanged(state, at) })
	})
	r.peer.pc.SCTP().Transport().OnStateChange(func(state webrtc.DTLSTransportState) {
		r.post(func() {
			if state == webrtc.DTLSTransportStateFailed || state == webrtc.DTLSTransportStateClosed {
				r.fail(OutcomeDTLSFailed)
			}
		})
	})
	r.peer.pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		at := time.Now()
		if state == webrtc.PeerConnectionStateConnected {
			r.post(func() { r.nowConnected(at) })
		}
	})
}

// fail records the first outcome that an event brought about.
func (r *mediaRun) fail(out Outcome) {
	if r.failed == "" && r.connected.IsZero() {
		r.failed = out
	}
}

func (r *mediaRun) iceChanged(state webrtc.ICEConnectionState, at time.Time) {
	switch state {
	case webrtc.ICEConnectionStateConnected, webrtc.ICEConnectionStateCompleted:
		if r.iceUp.IsZero() {
			r.iceUp = at
			r.media.Phases.ICE = at.Sub(r.negotiated)
			r.o.Observe(Step{StepICE, at.Sub(r.start)})
		}
	case webrtc.ICEConnectionStateFailed:
		r.fail(OutcomeICEFailed)
	}
}

func (r *mediaRun) nowConnected(at time.Time) {
	if !r.connected.IsZero() {
		return
	}
	if r.iceUp.IsZero() {
		r.iceChanged(webrtc.ICEConnectionStateConnected, at)
	}
	r.connected = at
	time.AfterFunc(lastWords, func() { r.post(func() {}) }) // looks at the verdict again
	r.media.Phases.DTLS = at.Sub(r.iceUp)
	r.media.collect(r.peer)
	r.o.Observe(Step{StepConnected, at.Sub(r.start)})
}

// ranOut is the outcome when the time is over or the caller has cancelled.
func (r *mediaRun) ranOut(ctx context.Context) Outcome {
	if errors.Is(ctx.Err(), context.Canceled) {
		return OutcomeCancelled
	}
	if !r.connected.IsZero() {
		return OutcomeConnected
	}
	r.media.collect(r.peer)
	switch {
	case !r.iceUp.IsZero():
		return OutcomeDTLSFailed
	case answered(r.media.Pairs):
		return OutcomeICEFailed
	}
	return OutcomeTimeout
}

// signalEnded is the outcome when the signalling connection is gone. A server
// that leaves because of CONNECTION_TIMEOUT only says that media did not
// connect: the evidence says more.
func (r *mediaRun) signalEnded() Outcome {
	r.drain()
	r.media.collect(r.peer)
	end := r.s.End()
	timedOut := end != nil && end.Left && end.Reason == livekit.DisconnectReason_CONNECTION_TIMEOUT.String()
	switch {
	case !r.connected.IsZero():
		return OutcomeConnected
	case timedOut && !r.iceUp.IsZero():
		return OutcomeDTLSFailed
	case timedOut && answered(r.media.Pairs):
		return OutcomeICEFailed
	case timedOut && len(r.media.Pairs) > 0:
		return OutcomeNothingAnswered
	case end != nil && end.Left:
		return OutcomeLeft
	}
	return OutcomeSignalLost
}

// drain handles the events that are there already.
func (r *mediaRun) drain() {
	for {
		select {
		case f := <-r.events:
			f()
		default:
			return
		}
	}
}

// conclude reads the counters once more before they vanish.
func (r *mediaRun) conclude(out Outcome) Outcome {
	if r.peer == nil {
		return out
	}
	r.media.collect(r.peer)
	r.media.ICEState = r.peer.pc.ICEConnectionState().String()
	r.media.DTLSState = r.peer.pc.SCTP().Transport().State().String()
	return out
}
