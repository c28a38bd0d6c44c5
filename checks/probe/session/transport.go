package session

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/sdp/v3"
	"github.com/pion/transport/v4/stdnet"
	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/caps"
)

// Times of the ICE agent. pion checks each pair every 200 ms.
const (
	// maxBindingRequests continues the checks for the whole silence (3.8 s), where
	// pion's default of 7 would abandon a pair after 1.6 s.
	maxBindingRequests = 18
	// A connection that is silent for iceDisconnected fails after iceFailed more.
	// pion then discards all pairs and their counters, which a diagnosis needs:
	// iceNeverFails is longer than any join.
	iceDisconnected = 6 * time.Second
	iceFailed       = 10 * time.Second
	iceNeverFails   = 2 * time.Minute
	iceKeepalive    = 2 * time.Second
	// These two apply only where this side nominates: with an ICE-lite server, or
	// when the client offers. A direct UDP pair is taken immediately; others wait
	// for a better one, less long than pion's 1 s and 2 s.
	prflxWait = 250 * time.Millisecond
	relayWait = 500 * time.Millisecond
	// stunGatherWait bounds the request to a STUN server, which may be blocked.
	stunGatherWait = 2 * time.Second
	// dtlsResend is LiveKit's own retransmission interval.
	dtlsResend = 100 * time.Millisecond
	// udpHeadStart is the time for which only UDP is tried. Without it an ICE/TCP
	// address that is named first could win, as if UDP were blocked. It costs no
	// time on a server that nominates itself: that one waits 1 s before it takes a
	// TCP client's address (pion's prflx acceptance wait).
	udpHeadStart = 100 * time.Millisecond
	// closeWait bounds the wait for pion's goroutines. They end immediately, except
	// for the lookup of a STUN server's name, which pion cannot cancel.
	closeWait = 300 * time.Millisecond
)

// The reasons for which a description of the server is not used.
var (
	errTooMany    = errors.New("the session description lists too many candidates")
	errTooLong    = errors.New("the session description is too long")
	errOfferFlood = errors.New("the server offers again and again")
)

// transport is one media connection: the server offers on the subscriber's, this
// side on the publisher's. It records how the connection came up.
type transport struct {
	p      *Participant
	pc     *webrtc.PeerConnection
	target livekit.SignalTarget
	o      MediaOptions
	start  time.Time

	// These are guarded by p.negotiating.
	ufrag    string // of the server, since its last ICE restart
	given    []Candidate
	trickled int
	pending  []webrtc.ICECandidateInit // came before the description
	held     []webrtc.ICECandidateInit // ICE/TCP, while UDP has its head start
	again    bool                      // to be offered anew once there is an answer
	offerID  uint32
	closed   bool

	// up is closed once ICE and DTLS are up, data once a data channel of the
	// offering side is open. iceUp gets an element each time ICE comes up, after an
	// ICE restart too, and news when the record has changed.
	up, data       chan struct{}
	isUp, dataOpen func() // close them
	iceUp, news    chan struct{}

	dialCtx   context.Context
	undial    context.CancelFunc
	dials     sync.WaitGroup
	closeOnce sync.Once

	mu              sync.Mutex // of all below
	media           Media
	negotiated      time.Time // when the first description came
	iceAt           time.Time // when ICE was up, and DTLS
	connected       time.Time
	failed          Outcome // what an event caused
	advertised      int     // addresses that the server has named
	endOfCandidates bool    // the server has named all of them
	dialing         int
	diagnose        bool // for Media: UDP is tried first, and ICE/TCP addresses are dialled
}

// newTransport makes a connection for target. The caller holds p.negotiating.
func (p *Participant) newTransport(target livekit.SignalTarget) (*transport, error) {
	api, err := webrtcAPI(p.media, p.Loopback, p.o.Repair, &p.packets)
	if err != nil {
		return nil, err
	}
	pc, err := api.NewPeerConnection(p.configuration())
	if err != nil {
		return nil, err
	}
	t := &transport{p: p, pc: pc, target: target, o: p.media, start: time.Now(), up: make(chan struct{}), data: make(chan struct{}),
		iceUp: make(chan struct{}, 1), news: make(chan struct{}, 1)}
	t.isUp, t.dataOpen = sync.OnceFunc(func() { close(t.up) }), sync.OnceFunc(func() { close(t.data) })
	t.dialCtx, t.undial = context.WithCancel(context.Background())
	t.listen()
	p.mu.Lock()
	left := p.left
	p.transports[target] = t
	p.mu.Unlock()
	if left { // which has not closed this one
		t.closed = true
		_ = pc.Close()
		return nil, errEnded
	}
	return t, nil
}

// webrtcAPI configures pion for a diagnosis: UDP and ICE/TCP, no mDNS (its lookups
// delay), no output on stderr, and no repair of losses unless asked for.
func webrtcAPI(o MediaOptions, loopback, repair bool, packets *pacer) (*webrtc.API, error) {
	engine := webrtc.SettingEngine{LoggerFactory: silentLog()}
	var networks []webrtc.NetworkType
	if !o.NoUDP {
		networks = append(networks, webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6)
	}
	if !o.NoTCP {
		networks = append(networks, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6)
	}
	engine.SetNetworkTypes(networks)
	network, err := stdnet.NewNet()
	if err != nil {
		return nil, err
	}
	engine.SetNet(&pacedNet{Net: network, pace: packets})
	engine.SetIncludeLoopbackCandidate(loopback)
	// pion dials ICE/TCP addresses whatever the transport policy says.
	engine.DisableActiveTCP(o.NoTCP || o.ForceRelay)
	engine.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	engine.SetICEMaxBindingRequests(maxBindingRequests)
	failed := iceNeverFails
	if repair {
		failed = iceFailed
	}
	engine.SetICETimeouts(iceDisconnected, failed, iceKeepalive)
	engine.SetHostAcceptanceMinWait(0)
	engine.SetSrflxAcceptanceMinWait(prflxWait)
	engine.SetPrflxAcceptanceMinWait(prflxWait)
	engine.SetRelayAcceptanceMinWait(relayWait)
	engine.SetSTUNGatherTimeout(stunGatherWait)
	engine.SetDTLSRetransmissionInterval(dtlsResend)
	media, repairs := &webrtc.MediaEngine{}, &interceptor.Registry{}
	if err = media.RegisterDefaultCodecs(); err == nil {
		// The server reports a participant as a speaker if it sends its level (RFC
		// 6464).
		err = media.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: sdp.AudioLevelURI}, webrtc.RTPCodecTypeAudio)
	}
	if err == nil && repair {
		err = webrtc.RegisterDefaultInterceptors(media, repairs)
	}
	if err != nil {
		return nil, err
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(engine), webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(repairs)), nil
}

// configuration returns the ICE servers to use. For a server on this machine those
// are its TURN servers: LiveKit hands out public STUN servers by default, and no
// server on the internet should hear of a local test.
func (p *Participant) configuration() webrtc.Configuration {
	c := webrtc.Configuration{}
	if p.media.ForceRelay {
		c.ICETransportPolicy = webrtc.ICETransportPolicyRelay
	}
	for _, s := range p.iceList() {
		if isTURN(s) || !p.media.ForceRelay && !p.Loopback {
			c.ICEServers = append(c.ICEServers, s)
		}
	}
	return c
}

// silentLog returns a pion log without output; pion's default writes to stderr.
func silentLog() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{
		Writer:          io.Discard,
		DefaultLogLevel: logging.LogLevelDisabled,
		ScopeLevels:     map[string]logging.LogLevel{},
	}
}

// note changes the record.
func (t *transport) note(change func()) {
	t.mu.Lock()
	change()
	t.mu.Unlock()
	signal(t.news)
}

func (t *transport) listen() {
	t.pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c == nil {
			t.note(func() { t.media.GatheringDone = true })
			return
		}
		t.note(func() { t.media.Local = appendCandidate(t.media.Local, candidateOf(t.p.net, *c)) })
		if init, err := json.Marshal(c.ToJSON()); err == nil { // as browsers do
			t.p.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{
				Trickle: &livekit.TrickleRequest{CandidateInit: string(init), Target: t.target}}})
		}
	})
	t.pc.OnICEConnectionStateChange(func(state webrtc.ICEConnectionState) {
		at := time.Now()
		switch state {
		case webrtc.ICEConnectionStateConnected, webrtc.ICEConnectionStateCompleted:
			t.note(func() { t.iceIsUp(at) })
			signal(t.iceUp)
		case webrtc.ICEConnectionStateFailed:
			t.note(func() { t.fail(OutcomeICEFailed, nil) })
		}
	})
	t.pc.SCTP().Transport().OnStateChange(func(state webrtc.DTLSTransportState) {
		if state == webrtc.DTLSTransportStateFailed || state == webrtc.DTLSTransportStateClosed {
			t.note(func() { t.fail(OutcomeDTLSFailed, nil) })
		}
	})
	t.pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		switch at := time.Now(); state {
		case webrtc.PeerConnectionStateConnected:
			t.note(func() { t.isConnected(at) })
			t.isUp()
		case webrtc.PeerConnectionStateFailed:
			signal(t.p.lost)
		}
	})
	t.pc.OnDataChannel(func(dc *webrtc.DataChannel) {
		if t.p.channels.Add(1) > caps.DataChannels {
			t.p.tooMany(ExcessChannels, true)
			_ = dc.GracefulClose() // before it opens: each one that is read has a buffer of its own
			return
		}
		if t.target == subscriber {
			dc.OnOpen(t.dataOpen)
		}
		dc.OnMessage(func(m webrtc.DataChannelMessage) { t.p.takeData(m.Data) })
	})
	if t.p.o.Track != nil {
		t.pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { t.p.o.Track(track) })
	}
}

// fail records the first outcome that an event caused. The caller holds t.mu.
func (t *transport) fail(out Outcome, err error) {
	if t.failed == "" && t.connected.IsZero() {
		t.failed = out
		if err != nil {
			t.media.Detail = t.p.net.Line(err.Error())
		}
	}
}

func (t *transport) iceIsUp(at time.Time) {
	if t.iceAt.IsZero() {
		t.iceAt = at
		t.media.Phases.ICE = at.Sub(t.negotiated)
	}
}

func (t *transport) isConnected(at time.Time) {
	if t.connected.IsZero() {
		t.iceIsUp(at)
		t.connected = at
		t.media.Phases.DTLS = at.Sub(t.iceAt)
	}
}

// negotiate handles an offer, an answer or a candidate. The caller holds
// p.negotiating.
func (p *Participant) negotiate(m *livekit.SignalResponse) {
	switch {
	case m.GetOffer() != nil:
		t := p.transport(subscriber)
		if t == nil {
			var err error
			if t, err = p.newTransport(subscriber); err != nil {
				return
			}
		}
		cost := 1
		if ufrag, _ := sdpICE(m.GetOffer().GetSdp()); t.ufrag != "" && ufrag != t.ufrag {
			cost = caps.OfferRestart
		}
		t.describe(m.GetOffer(), func() error {
			if !p.offers.AllowN(time.Now(), cost) {
				p.tooMany(ExcessOffers, true)
				return errOfferFlood
			}
			return t.answer(m.GetOffer())
		})
	case m.GetAnswer() != nil:
		if t := p.transport(publisher); t != nil {
			t.describe(m.GetAnswer(), func() error {
				err := t.remote(webrtc.SDPTypeAnswer, m.GetAnswer().GetSdp())
				if t.again && err == nil {
					t.again = false
					return t.offer(false)
				}
				return err
			})
		}
	case m.GetTrickle() != nil:
		if t := p.transport(m.GetTrickle().GetTarget()); t != nil {
			t.trickle(m.GetTrickle())
		}
	}
}

// transport returns the connection for target, nil while there is none.
func (p *Participant) transport(target livekit.SignalTarget) *transport {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.transports[target]
}

func (p *Participant) connections() []*transport {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Values(p.transports))
}

func (t *transport) describe(sd *livekit.SessionDescription, apply func() error) {
	if t.closed {
		return
	}
	first := false
	t.note(func() {
		if first = t.negotiated.IsZero(); first {
			t.negotiated = time.Now()
			t.media.Phases.Offer = t.negotiated.Sub(t.start)
		}
	})
	if first {
		time.AfterFunc(udpHeadStart, t.releaseTCP)
	}
	lines := candidateLines(sd.GetSdp())
	err := errTooMany
	switch {
	case len(sd.GetSdp()) > caps.SDP, strings.Count(sd.GetSdp(), "m=") > caps.Sections:
		err = errTooLong
	case len(lines) < caps.Candidates:
		if ufrag, _ := sdpICE(sd.GetSdp()); ufrag != t.ufrag {
			// After an ICE restart the same addresses are tried again.
			t.ufrag, t.given, t.trickled = ufrag, nil, 0
		}
		err = apply()
	}
	if err != nil {
		t.note(func() {
			if first || errors.Is(err, errOfferFlood) {
				t.fail(OutcomeBadOffer, err)
			}
		})
	}
	for _, line := range lines {
		t.advertise(line)
	}
}

func (t *transport) answer(offer *livekit.SessionDescription) error {
	if err := t.remote(webrtc.SDPTypeOffer, offer.GetSdp()); err != nil {
		return err
	}
	sd, err := t.pc.CreateAnswer(nil)
	if err == nil {
		err = t.pc.SetLocalDescription(sd)
	}
	if err != nil {
		return err
	}
	t.p.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{
		Answer: &livekit.SessionDescription{Type: "answer", Sdp: sd.SDP, Id: offer.GetId()}}})
	return nil
}

// offer offers what was added to the connection, now or once the last offer is
// answered. The caller holds p.negotiating. restart restarts ICE, for a resumed
// session: a pending offer is lost then.
func (t *transport) offer(restart bool) error {
	if t.closed {
		return errEnded
	}
	if t.pc.SignalingState() == webrtc.SignalingStateHaveLocalOffer {
		last := t.pc.CurrentRemoteDescription()
		switch {
		case !restart:
			t.again = true
			return nil
		case last == nil: // nothing to restart yet: the lost offer is made again
			t.sendOffer(t.pc.PendingLocalDescription().SDP)
			return nil
		}
		if err := t.pc.SetRemoteDescription(*last); err != nil {
			return err
		}
	}
	sd, err := t.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	if err == nil {
		err = t.pc.SetLocalDescription(sd)
	}
	if err != nil {
		return err
	}
	t.sendOffer(sd.SDP)
	return nil
}

func (t *transport) sendOffer(sdp string) {
	t.offerID++
	t.p.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{
		Offer: &livekit.SessionDescription{Type: "offer", Sdp: sdp, Id: t.offerID}}})
}

// remote applies the server's description and the candidates that came before it.
func (t *transport) remote(kind webrtc.SDPType, sdp string) error {
	if err := t.pc.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: sdp}); err != nil {
		return err
	}
	for _, c := range t.pending {
		_ = t.pc.AddICECandidate(c)
	}
	t.pending = nil
	return nil
}

func (t *transport) trickle(m *livekit.TrickleRequest) {
	if t.trickled++; t.trickled > caps.Trickled || t.closed {
		return
	}
	var init webrtc.ICECandidateInit
	if s := m.GetCandidateInit(); s != "" && json.Unmarshal([]byte(s), &init) != nil {
		return
	}
	if m.GetFinal() || init.Candidate == "" {
		t.note(func() { t.endOfCandidates = true })
	}
	if init.Candidate == "" {
		return
	}
	c, isNew := t.advertise(init.Candidate)
	switch {
	case !isNew:
	case c.Protocol == "tcp" && t.udpFirst():
		t.held = append(t.held, init)
	case t.pc.RemoteDescription() == nil:
		t.pending = append(t.pending, init)
	default:
		_ = t.pc.AddICECandidate(init) // what pion cannot use is recorded all the same
	}
}

func (t *transport) udpFirst() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.diagnose && (t.negotiated.IsZero() || time.Since(t.negotiated) < udpHeadStart)
}

func (t *transport) releaseTCP() {
	t.p.negotiating.Lock()
	defer t.p.negotiating.Unlock()
	for _, init := range t.held {
		if !t.closed {
			_ = t.pc.AddICECandidate(init)
		}
	}
	t.held = nil
}

// advertise records an advertised address, and reports whether it is to be tried.
func (t *transport) advertise(line string) (c Candidate, isNew bool) {
	c, err := parseCandidate(t.p.net, line)
	if err != nil {
		return c, false
	}
	before := len(t.given)
	t.given = appendCandidate(t.given, c)
	isNew = len(t.given) > before
	t.note(func() {
		if t.advertised++; t.advertised == 1 {
			t.media.Phases.FirstCandidate = time.Since(t.start)
		}
		known := len(t.media.Remote)
		t.media.Remote = appendCandidate(t.media.Remote, c)
		t.p.tooMany(ExcessCandidates, t.advertised > caps.Candidates && len(t.media.Remote) == caps.Candidates)
		if len(t.media.Remote) > known && t.diagnose && c.Protocol == "tcp" && c.TCPType == "passive" {
			t.dialTCP(c)
		}
	})
	return c, isNew
}

func (t *transport) close() {
	t.closeOnce.Do(func() {
		// What is negotiated on a connection that is being closed would begin anew.
		t.p.negotiating.Lock()
		t.closed = true
		t.p.negotiating.Unlock()
		t.mu.Lock()
		t.undial()
		t.mu.Unlock()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = t.pc.GracefulClose()
			t.dials.Wait()
		}()
		select {
		case <-done:
		case <-time.After(closeWait):
		}
	})
}
