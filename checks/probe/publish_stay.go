package probe

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// A stay is a participant of the doctor's own that takes part in a room: it may
// publish, it subscribes to what others publish, and its WebSocket may be cut
// and taken up again. Signal, which only watches one connection come up, does
// none of that. It is no SDK client: those ask the STUN servers on the internet
// even for a server on this machine, know neither ICE/TCP nor this Net's proxy
// and authorities, hang on a silent server, and log to standard error.
type stay struct {
	*Signal
	base *url.URL
	o    stayOptions
	join *livekit.JoinResponse

	// sub and pub are the two connections; pub is nil until something is published.
	sub, pub *stayPeer
	pubMu    sync.Mutex
	// published names each track that the server took, by our own ID of it.
	published chan string
	// pong has room for one answer to a ping.
	pong chan struct{}
	// onTrack is told of each track that others publish; set before the join.
	onTrack func(*webrtc.TrackRemote)
}

// stayOptions are the choices of one stay.
type stayOptions struct {
	token string
	via   TokenVia
	media MediaOptions
	// watch subscribes to all that others publish.
	watch   bool
	onTrack func(*webrtc.TrackRemote)
}

// String keeps the token out of every print.
func (stayOptions) String() string { return "options of a stay" }

// GoString is String.
func (o stayOptions) GoString() string { return o.String() }

// stayMailbox is how many answers may wait to be read.
const stayMailbox = 8

// openStay joins. The participant is in the room when it returns one: somebody
// has to call end.
func (n *Net) openStay(ctx context.Context, base *url.URL, o stayOptions) (*stay, *SignalFailure) {
	start := time.Now()
	fail := func(f *SignalFailure) (*stay, *SignalFailure) {
		f.Took = time.Since(start)
		return nil, f
	}
	gctx, stop := withGrace(ctx)
	defer stop()
	up, f := n.upgradeStay(gctx, base, o, "")
	if f != nil {
		return fail(f)
	}
	st := &stay{Signal: n.newSignal(up), base: base, o: o, onTrack: o.onTrack,
		published: make(chan string, stayMailbox), pong: make(chan struct{}, 1)}
	join, f := st.awaitJoin(gctx, signalWait)
	if f != nil {
		st.abandon(f.Kind)
		return fail(f)
	}
	if ctx.Err() != nil {
		st.abandon(SignalCancelled)
		return fail(&SignalFailure{Kind: SignalCancelled, Upgraded: true})
	}
	st.join, st.Facts = join, n.joinFacts(join)
	servers := iceServers(join)
	st.iceServers = func() []webrtc.ICEServer { return servers }
	st.Took = time.Since(start)
	if err := st.subscribe(); err != nil {
		st.sayGoodbye()
		_ = st.ws.Close()
		return fail(&SignalFailure{Kind: SignalNotSignal, Excerpt: n.line(err.Error()), Err: err})
	}
	st.listen()
	return st, nil
}

// listen begins reading and pinging.
func (st *stay) listen() {
	st.ws.SetPingHandler(func(data string) error {
		_ = st.ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writeWait))
		return nil
	})
	go st.read()
	go st.pingLoop()
}

// read takes the server's messages until the connection ends.
func (st *stay) read() {
	defer close(st.readDone)
	defer func() { _ = st.ws.Close() }()
	for {
		_ = st.ws.SetReadDeadline(time.Now().Add(st.quiet()))
		kind, data, err := st.ws.ReadMessage()
		if err != nil {
			st.finish(st.endOf(err))
			return
		}
		msg := decodeSignal(kind, data)
		if msg == nil {
			continue
		}
		if leave := msg.GetLeave(); leave != nil {
			end := &SignalEnd{Left: true}
			end.Reason, end.Action = wireReason(leave)
			st.finish(end)
			return
		}
		st.take(msg)
	}
}

// take handles one message.
func (st *stay) take(msg *livekit.SignalResponse) {
	switch {
	case msg.GetOffer() != nil:
		st.sub.offered(msg.GetOffer())
	case msg.GetAnswer() != nil:
		st.publisher().answered(msg.GetAnswer())
	case msg.GetTrickle() != nil:
		to := st.sub
		if msg.GetTrickle().GetTarget() == livekit.SignalTarget_PUBLISHER {
			to = st.publisher()
		}
		to.trickled(msg.GetTrickle())
	case msg.GetTrackPublished() != nil:
		select {
		case st.published <- msg.GetTrackPublished().GetCid():
		default:
		}
	case msg.GetPong() != 0, msg.GetPongResp() != nil:
		select {
		case st.pong <- struct{}{}:
		default:
		}
	}
}

// publisher is the connection that publishes, nil before there is one.
func (st *stay) publisher() *stayPeer {
	st.pubMu.Lock()
	defer st.pubMu.Unlock()
	return st.pub
}

func (st *stay) setPublisher(p *stayPeer) {
	st.pubMu.Lock()
	defer st.pubMu.Unlock()
	st.pub = p
}

// end leaves the room and closes everything. It may be called twice.
func (st *stay) end() {
	if st == nil {
		return
	}
	st.Leave()
	st.closePeers()
}

// closePeers ends both media connections, side by side.
func (st *stay) closePeers() {
	var both sync.WaitGroup
	for _, p := range []*stayPeer{st.sub, st.publisher()} {
		if p != nil {
			both.Go(p.close)
		}
	}
	both.Wait()
}

// cut breaks the connection off without a word, as a network that changes does.
func (st *stay) cut() {
	_ = st.ws.NetConn().Close()
	<-st.readDone
}

// resume takes the session up again over a new WebSocket, with the media
// connections that there are. The stay that it returns replaces st.
func (st *stay) resume(ctx context.Context) (*stay, *SignalFailure) {
	up, f := st.net.upgradeStay(ctx, st.base, st.o, st.Facts.ParticipantSID)
	if f != nil {
		return nil, f
	}
	next := &stay{Signal: st.net.newSignal(up), base: st.base, o: st.o, join: st.join,
		published: make(chan string, stayMailbox), pong: make(chan struct{}, 1)}
	next.Facts, next.iceServers = st.Facts, st.iceServers
	if f := next.awaitReconnect(ctx); f != nil {
		// The participant is the first connection's: who called says good-bye.
		_ = next.ws.Close()
		return nil, f
	}
	next.sub, next.pub = st.sub.moveTo(next.Signal), st.publisher().moveTo(next.Signal)
	next.listen()
	return next, nil
}

// awaitReconnect reads until the server has taken the session up again.
func (st *stay) awaitReconnect(ctx context.Context) *SignalFailure {
	_ = st.ws.SetReadDeadline(time.Now().Add(signalWait))
	stop := context.AfterFunc(ctx, func() { _ = st.ws.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	for range maxBeforeJoin {
		kind, data, err := st.ws.ReadMessage()
		if err != nil {
			return st.firstFrameFailure(ctx, err)
		}
		msg := decodeSignal(kind, data)
		switch {
		case msg == nil:
			return st.notSignal(kind, data)
		case msg.GetLeave() != nil:
			f := &SignalFailure{Kind: SignalLeave}
			f.Reason, f.Action = wireReason(msg.GetLeave())
			return f
		case msg.GetReconnect() != nil:
			return nil
		case msg.GetJoin() != nil:
			// A new session instead of the old one: not what was asked for.
			return &SignalFailure{Kind: SignalNotSignal, FrameType: "join"}
		}
	}
	return &SignalFailure{Kind: SignalNotSignal, FrameType: "binary"}
}
