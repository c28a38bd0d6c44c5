package probe

import (
	"sync"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// stayPeer is one PeerConnection of a stay.
type stayPeer struct {
	mu sync.Mutex // around p: messages come from one WebSocket after another
	p  *peer
	// up is closed once the connection is up; iceUp gets a token each time that
	// ICE comes up, after the restart of a resumed session too.
	up    chan struct{}
	once  sync.Once
	iceUp chan struct{}
	// data is closed once a data channel of the server's is open.
	data     chan struct{}
	dataOnce sync.Once
}

func newStayPeer(s *Signal, o MediaOptions, target livekit.SignalTarget) (*stayPeer, error) {
	api, err := webrtcAPI(o, s.Loopback)
	if err != nil {
		return nil, err
	}
	pc, err := api.NewPeerConnection(configuration(s.iceServers(), o, s.Loopback))
	if err != nil {
		return nil, err
	}
	sp := &stayPeer{p: &peer{pc: pc, signal: s, target: target}, up: make(chan struct{}), iceUp: make(chan struct{}, stayMailbox), data: make(chan struct{})}
	pc.OnDataChannel(func(dc *webrtc.DataChannel) {
		dc.OnOpen(func() { sp.dataOnce.Do(func() { close(sp.data) }) })
	})
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			sp.current().trickle(c)
		}
	})
	pc.OnICEConnectionStateChange(func(state webrtc.ICEConnectionState) {
		if state == webrtc.ICEConnectionStateConnected {
			select {
			case sp.iceUp <- struct{}{}:
			default:
			}
		}
	})
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			sp.once.Do(func() { close(sp.up) })
		}
	})
	return sp, nil
}

// subscribe makes the connection that the server offers on.
func (st *stay) subscribe() (err error) {
	if st.sub, err = newStayPeer(st.Signal, st.o.media, livekit.SignalTarget_SUBSCRIBER); err != nil {
		return err
	}
	if st.onTrack != nil {
		st.sub.p.pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { st.onTrack(t) })
	}
	return nil
}

// current is the peer with the WebSocket that it uses now.
func (sp *stayPeer) current() *peer {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	return sp.p
}

// moveTo makes the connection use another WebSocket from now on.
func (sp *stayPeer) moveTo(s *Signal) *stayPeer {
	if sp == nil {
		return nil
	}
	sp.mu.Lock()
	defer sp.mu.Unlock()
	sp.p = &peer{pc: sp.p.pc, signal: s, target: sp.p.target, pending: sp.p.pending}
	return sp
}

// offered answers the server's offer. One that cannot be used shows by the
// connection that does not come up.
func (sp *stayPeer) offered(offer *livekit.SessionDescription) {
	if len(candidateLines(offer.GetSdp())) < maxCandidates {
		_ = sp.current().answerTo(offer)
	}
}

// answered takes the server's answer.
func (sp *stayPeer) answered(answer *livekit.SessionDescription) {
	if sp != nil && len(candidateLines(answer.GetSdp())) < maxCandidates {
		_ = sp.current().remote(webrtc.SDPTypeAnswer, answer.GetSdp())
	}
}

func (sp *stayPeer) trickled(t *livekit.TrickleRequest) {
	if sp == nil {
		return
	}
	if init, err := unmarshalCandidate(t.GetCandidateInit()); err == nil && init.Candidate != "" {
		sp.current().addRemote(init)
	}
}

// pair is the selected pair with its counters, nil before there is one.
func (sp *stayPeer) pair() *Pair {
	if sp == nil {
		return nil
	}
	m := &Media{}
	m.collect(sp.current())
	return m.Selected
}

// gathered tells whether this machine has found all its candidates.
func (sp *stayPeer) gathered() bool {
	return sp.current().pc.ICEGatheringState() == webrtc.ICEGatheringStateComplete
}

func (sp *stayPeer) close() { sp.current().close() }
