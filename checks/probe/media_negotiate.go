package probe

import (
	"errors"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// ourCandidate tells the server of one of our addresses; nil is the end of them.
func (r *mediaRun) ourCandidate(c *webrtc.ICECandidate) {
	if c == nil {
		r.media.GatheringDone = true
		return
	}
	r.media.Local = appendCandidate(r.media.Local, r.s.net.candidate(*c))
	r.peer.trickle(c)
}

// readMessages takes what the server said.
func (r *mediaRun) readMessages() {
	for _, msg := range r.s.messages.take() {
		switch {
		case msg.GetOffer() != nil && !r.peer.offers():
			r.negotiate(msg.GetOffer(), func() error { return r.peer.answerTo(msg.GetOffer()) })
		case msg.GetAnswer() != nil && r.peer.offers():
			r.negotiate(msg.GetAnswer(), func() error { return r.peer.remote(webrtc.SDPTypeAnswer, msg.GetAnswer().GetSdp()) })
		case msg.GetTrickle() != nil && msg.GetTrickle().GetTarget() == r.peer.target:
			r.theirTrickle(msg.GetTrickle())
		}
	}
}

// errTooMany keeps a server from making pion try thousands of addresses.
var errTooMany = errors.New("the session description lists too many candidates")

// negotiate takes the server's session description.
func (r *mediaRun) negotiate(sd *livekit.SessionDescription, apply func() error) {
	first := r.negotiated.IsZero()
	if first {
		r.negotiated = time.Now()
		r.media.Phases.Offer = r.negotiated.Sub(r.start)
		r.o.Observe(Step{StepOffered, r.media.Phases.Offer})
	}
	lines := candidateLines(sd.GetSdp())
	err := errTooMany
	if len(lines) < maxCandidates {
		err = apply()
	}
	if err != nil && first {
		r.because(OutcomeBadOffer, err)
		r.fail(OutcomeBadOffer)
	}
	for _, line := range lines {
		r.theirCandidate(line)
	}
}

// theirTrickle takes one address of the server.
func (r *mediaRun) theirTrickle(t *livekit.TrickleRequest) {
	r.endOfTheir = r.endOfTheir || t.GetFinal()
	init, err := unmarshalCandidate(t.GetCandidateInit())
	if err != nil {
		return
	}
	if init.Candidate == "" {
		r.endOfTheir = true
		return
	}
	switch c, isNew := r.theirCandidate(init.Candidate); {
	case isNew && c.Protocol == "tcp" && r.quiet < udpHeadStart:
		r.held = append(r.held, init)
	case isNew:
		r.peer.addRemote(init)
	}
}

// udpHeadStart is how long UDP is tried alone. Without it an ICE/TCP address
// that happens to be named first could win, and look as if UDP were blocked.
// It costs no time on a server that nominates itself: that one waits 1 s before
// it takes a TCP client's address (pion's prflx acceptance wait).
const udpHeadStart = 100 * time.Millisecond

// releaseTCP ends the head start.
func (r *mediaRun) releaseTCP() {
	for _, init := range r.held {
		r.peer.addRemote(init)
	}
	r.held = nil
}

// theirCandidate keeps an advertised address, and dials it if it is ICE/TCP. It
// tells whether the address is new and to be tried.
func (r *mediaRun) theirCandidate(line string) (c Candidate, isNew bool) {
	c, err := r.s.net.parseCandidate(line)
	if err != nil {
		return c, false
	}
	if r.advertised++; r.advertised == 1 {
		r.media.Phases.FirstCandidate = time.Since(r.start)
		r.o.Observe(Step{StepFirstCandidate, r.media.Phases.FirstCandidate})
	}
	before := len(r.media.Remote)
	r.media.Remote = appendCandidate(r.media.Remote, c)
	isNew = len(r.media.Remote) > before
	if isNew && c.Protocol == "tcp" && c.TCPType == "passive" {
		r.dialTCP(c)
	}
	return c, isNew
}

// dialTCP dials an ICE/TCP address beside everything else.
func (r *mediaRun) dialTCP(c Candidate) {
	if r.o.NoTCP || r.o.ForceRelay || len(r.media.TCP) >= maxTCPDials {
		return
	}
	at := len(r.media.TCP)
	begun := time.Now()
	r.media.TCP = append(r.media.TCP, TCPDial{Candidate: c, Pending: true})
	r.dialing++
	r.dials.Go(func() {
		result := r.s.net.dialCandidate(r.dialCtx, c)
		r.post(func() {
			r.dialing--
			result.Took = min(result.Took, time.Since(begun))
			r.media.TCP[at] = result
		})
	})
}
