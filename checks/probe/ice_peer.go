package probe

import (
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// peer is one PeerConnection and what it sends over the signalling connection.
type peer struct {
	pc     *webrtc.PeerConnection
	signal *Signal
	// target is whose candidates these are: the server offers on the subscriber's
	// connection, the client on the publisher's.
	target  livekit.SignalTarget
	pending []webrtc.ICECandidateInit // of the server, before its description

	closeOnce sync.Once
}

// newPeer makes the connection that the server calls primary.
func newPeer(s *Signal, o MediaOptions) (*peer, error) {
	api, err := webrtcAPI(o, s.Loopback)
	if err != nil {
		return nil, err
	}
	pc, err := api.NewPeerConnection(configuration(s.iceServers(), o, s.Loopback))
	if err != nil {
		return nil, err
	}
	p := &peer{pc: pc, signal: s, target: livekit.SignalTarget_SUBSCRIBER}
	if !s.Facts.SubscriberPrimary {
		p.target = livekit.SignalTarget_PUBLISHER
	}
	return p, nil
}

// offers tells whether this side has to offer.
func (p *peer) offers() bool { return p.target == livekit.SignalTarget_PUBLISHER }

// offer opens the publisher's connection with a data channel, which needs no
// permission to publish. The label is the SDKs' own.
func (p *peer) offer() error {
	if _, err := p.pc.CreateDataChannel("_reliable", nil); err != nil {
		return err
	}
	return p.sendOffer()
}

// sendOffer offers what was put onto the connection.
func (p *peer) sendOffer() error {
	sd, err := p.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	if err := p.pc.SetLocalDescription(sd); err != nil {
		return err
	}
	// A write that fails ends the signalling connection, which is seen there.
	_ = p.signal.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{
		Offer: &livekit.SessionDescription{Type: "offer", Sdp: sd.SDP, Id: 1},
	}})
	return nil
}

// answerTo takes the server's offer and answers it, with its own number.
func (p *peer) answerTo(offer *livekit.SessionDescription) error {
	if err := p.remote(webrtc.SDPTypeOffer, offer.GetSdp()); err != nil {
		return err
	}
	sd, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	if err := p.pc.SetLocalDescription(sd); err != nil {
		return err
	}
	_ = p.signal.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{
		Answer: &livekit.SessionDescription{Type: "answer", Sdp: sd.SDP, Id: offer.GetId()},
	}})
	return nil
}

// remote takes the server's description and the candidates that came before it.
func (p *peer) remote(kind webrtc.SDPType, sdp string) error {
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: sdp}); err != nil {
		return err
	}
	for _, c := range p.pending {
		_ = p.pc.AddICECandidate(c)
	}
	p.pending = nil
	return nil
}

// addRemote takes one candidate of the server. What pion cannot use is kept as
// evidence by the caller, and is no reason to stop.
func (p *peer) addRemote(c webrtc.ICECandidateInit) {
	if p.pc.RemoteDescription() == nil {
		if len(p.pending) < maxCandidates {
			p.pending = append(p.pending, c)
		}
		return
	}
	_ = p.pc.AddICECandidate(c)
}

// trickle tells the server of one candidate of ours.
func (p *peer) trickle(c *webrtc.ICECandidate) {
	init, err := marshalCandidate(c.ToJSON())
	if err != nil {
		return
	}
	_ = p.signal.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{
		Trickle: &livekit.TrickleRequest{CandidateInit: init, Target: p.target},
	}})
}

// closeWait is how long close waits for pion's goroutines. They end at once,
// but for the lookup of a STUN server's name, which pion cannot call off.
const closeWait = 300 * time.Millisecond

// close ends the connection.
func (p *peer) close() {
	if p == nil {
		return
	}
	p.closeOnce.Do(func() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = p.pc.GracefulClose()
		}()
		timer := time.NewTimer(closeWait)
		defer timer.Stop()
		select {
		case <-done:
		case <-timer.C:
		}
	})
}
