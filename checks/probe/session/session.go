// Package session is one participant of a LiveKit room: it joins, connects media
// over UDP, TCP or a TURN server, publishes, subscribes, is cut off, resumes,
// joins anew, and leaves. It keeps the evidence of how each of these went, which
// the SDKs throw away: they also ask the STUN servers on the internet for a server
// on this machine, know neither ICE/TCP nor a Net's proxy and authorities, wait
// for ever on a silent server, and log to standard error.
//
// The checks ask through it (Media, Publish, Reconnect, JoinRelayed, TURN), and
// `lkdoctor join` stays in a room with it. As package probe, it says what it
// observed and judges nothing. All strings of the server are cleaned and capped,
// as is the number of whatever it sends.
package session

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe"
)

// TokenVia is how the token travels on the upgrade.
type TokenVia string

// The ways: an Authorization header as the server SDKs send it (the zero value
// means this one), or the access_token query that browsers have to use.
const (
	ViaHeader TokenVia = "header"
	ViaQuery  TokenVia = "query"
)

// Options are the choices of one participant. How long each step may take is
// for probe.Limits.
type Options struct {
	// Via is how the token is sent; "" means ViaHeader.
	Via TokenVia
	// Again says that the server was silent to an earlier join for the full time:
	// this one waits for Limits.Shorter.
	Again bool
	// Subscribe subscribes to all that others publish. A participant that only
	// watches how it connects must not draw a room's media to itself.
	Subscribe bool
	// Repair sends reports and has lost packets sent again, as SDK clients do.
	// Without it, a lost packet shows as one.
	Repair bool
	// Hear is told of each message of the server, Join included, in order, on one
	// goroutine at a time; Track of each track that reaches this participant, on a
	// goroutine of its own that ends with the track; Data of each data packet. They
	// may be nil, and the first must not block.
	Hear  func(*livekit.SignalResponse)
	Track func(*webrtc.TrackRemote)
	Data  func(*livekit.DataPacket)
}

// waits are the limits of a participant with these options.
func (o Options) waits(n *probe.Net) probe.Limits {
	if o.Again {
		return n.Waits().Shorter()
	}
	return n.Waits()
}

// SignalPhases are the times that the steps of a signalling connection took.
// DNS, TCP and TLS are zero on a connection that was open already, or that a
// proxy made.
type SignalPhases struct {
	DNS, TCP, TLS time.Duration
	// Upgrade is from the request to its answer, Join from there to the
	// JoinResponse.
	Upgrade, Join time.Duration
}

// Participant is a participant whose server said Join: it is in the room until
// Leave, whatever becomes of the context of Join. Its methods may be called from
// any goroutine.
type Participant struct {
	// Facts is what the JoinResponse said.
	Facts JoinFacts
	// Phases is how long the steps took; Took is all of them together.
	Phases SignalPhases
	Took   time.Duration
	// Remote is the address that the server was reached at; invalid when a proxy
	// made the connection.
	Remote netip.AddrPort
	// Loopback reports whether the server is on this machine.
	Loopback bool

	net  *probe.Net
	base *url.URL
	o    Options
	// Secrets are behind functions so that no formatting verb can reach them.
	token   func() string
	servers func() []webrtc.ICEServer
	pong    chan struct{}
	lost    chan struct{} // see MediaLost

	// negotiating is held while a description or a candidate is handled.
	negotiating sync.Mutex
	started     bool
	media       MediaOptions
	early       []*livekit.SignalResponse // what came before media was asked for
	offers      bucket
	// data paces the data messages of both connections, channels counts their channels.
	data, packets pacer
	channels      atomic.Int32

	excessMu sync.Mutex // of excess alone: it may be taken while mu is held
	excess   map[Excess]bool

	mu       sync.Mutex
	wire     *wire
	left     bool
	sub, pub *transport
	reliable *webrtc.DataChannel // of pub
	mine     []*publication
}

// Join opens base's /rtc as the SDKs do, hands over the token, and waits for the
// server's Join. The participant is in the room when it returns one: somebody has
// to call Leave. A failed upgrade keeps its status, headers and body.
//
// A join that is under way when ctx is cancelled goes on for a moment, so that the
// server hears a good-bye: otherwise livekit-server may keep the participant.
func Join(ctx context.Context, n *probe.Net, base *url.URL, token string, o Options) (*Participant, *SignalFailure) {
	p := &Participant{net: n, base: base, o: o, token: func() string { return token },
		pong: make(chan struct{}, 1), lost: make(chan struct{}, 1), data: pacer{burst: caps.DataBurst, perSecond: caps.DataPerSecond},
		packets: pacer{burst: caps.PacketsBurst, perSecond: caps.PacketsPerSecond}}
	start := time.Now()
	failed := func(f *SignalFailure, phases SignalPhases) *SignalFailure {
		f.Phases, f.Took = phases, time.Since(start)
		return f
	}
	gctx, stop := withGrace(ctx)
	defer stop()
	rehearsed := make(chan struct{})
	go func() { defer close(rehearsed); rehearseJoin() }()
	up, f := (&upgrade{net: n, base: base, token: token, o: o, start: start}).ask(gctx)
	<-rehearsed
	if f != nil {
		return nil, failed(f, up.phases)
	}
	w, opened := newWire(n, up), time.Now()
	first, f := w.await(gctx, o.waits(n).FirstFrame, func(m *livekit.SignalResponse) (bool, *SignalFailure) {
		j := m.GetJoin()
		if j != nil && j.GetRoom() == nil && j.GetParticipant() == nil && j.GetAlternativeUrl() == "" {
			return false, &SignalFailure{Kind: SignalNotSignal, FrameType: "binary"}
		}
		return j != nil, nil
	})
	if f == nil && ctx.Err() != nil {
		f = &SignalFailure{Kind: SignalCancelled}
	}
	up.phases.Join = time.Since(opened)
	if f != nil {
		f.Upgraded = true
		w.abandon(f.Kind)
		return nil, failed(f, up.phases)
	}
	join := first.GetJoin()
	p.Facts, p.Phases, p.Took = joinFacts(n, join), up.phases, time.Since(start)
	p.Remote, p.Loopback = up.remote, up.loopback
	p.setServers(join.GetIceServers())
	p.tooMany(ExcessICEServers, p.Facts.ICEServersCount > caps.ICEServers || p.Facts.ICEURLsCount > caps.ICEURLs)
	if o.Hear != nil {
		o.Hear(first)
	}
	p.begin(w)
	return p, nil
}

// joinGrace is how long a join that is under way may go on after an interrupt.
const joinGrace = 250 * time.Millisecond

// withGrace is a context that is cancelled a moment after ctx, or ends with its
// deadline.
func withGrace(ctx context.Context) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if deadline, has := ctx.Deadline(); has {
		late, cancel = context.WithDeadline(context.WithoutCancel(ctx), deadline)
	}
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			time.AfterFunc(joinGrace, cancel)
		}
	})
	return late, func() { stop(); cancel() }
}

// begin reads from w from now on.
func (p *Participant) begin(w *wire) {
	w.pingEvery, w.pingQuiet = p.Facts.PingInterval, p.Facts.PingTimeout
	p.mu.Lock()
	p.wire = w
	p.mu.Unlock()
	w.start(p.take)
}

// primary is the connection that the server calls so, nil before Start.
func (p *Participant) primary() *transport {
	if p.Facts.SubscriberPrimary {
		return p.transport(livekit.SignalTarget_SUBSCRIBER)
	}
	return p.transport(livekit.SignalTarget_PUBLISHER)
}

func (p *Participant) setServers(list []*livekit.ICEServer) {
	servers := iceServers(list)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.servers = func() []webrtc.ICEServer { return servers }
}

// iceList are the ICE servers that the server handed out last.
func (p *Participant) iceList() []webrtc.ICEServer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.servers()
}

// take handles one message of the server.
func (p *Participant) take(m *livekit.SignalResponse) {
	switch {
	case m.GetOffer() != nil, m.GetAnswer() != nil, m.GetTrickle() != nil:
		p.negotiating.Lock()
		if p.started {
			p.negotiate(m)
		} else if len(p.early) < caps.EarlyMessages {
			p.early = append(p.early, m)
		}
		p.negotiating.Unlock()
		return
	case m.GetTrackPublished() != nil:
		p.accepted(m.GetTrackPublished().GetCid(), m.GetTrackPublished().GetTrack())
	case m.GetTrackUnpublished() != nil:
		p.forget(m.GetTrackUnpublished().GetTrackSid())
	case m.GetMute() != nil:
		p.muted(m.GetMute().GetSid(), m.GetMute().GetMuted())
	case m.GetRefreshToken() != "":
		p.useToken(m.GetRefreshToken())
	case m.GetRoomMoved() != nil:
		p.useToken(m.GetRoomMoved().GetToken())
	case m.GetPong() != 0, m.GetPongResp() != nil:
		signal(p.pong)
	}
	if p.o.Hear != nil {
		p.o.Hear(m)
	}
}

// useToken keeps the token for the next resume or join: the first one expires.
func (p *Participant) useToken(token string) {
	p.tooMany(ExcessTokens, len(token) > caps.Token)
	if token != "" && len(token) <= caps.Token {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.token = func() string { return token }
	}
}

func (p *Participant) current() *wire {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wire
}

// send sends one message. A write that fails ends the connection, which is seen
// there.
func (p *Participant) send(m *livekit.SignalRequest) { _ = p.current().send(m) }

// Done is closed when the signalling connection has ended; End says how. After a
// Resume, both are about the new one.
func (p *Participant) Done() <-chan struct{} { return p.current().readDone }

// MediaLost has an element once a media connection that was up has failed.
func (p *Participant) MediaLost() <-chan struct{} { return p.lost }

// End says how the signalling connection ended, nil while it has not.
func (p *Participant) End() *SignalEnd {
	w := p.current()
	select {
	case <-w.readDone:
		return w.end
	default:
		return nil
	}
}

// Leave takes the participant out of the room and closes everything. It needs no
// context, so that it also works after a Ctrl+C; it is done within 500 ms, and may
// be called more than once. A nil Participant has left already.
func (p *Participant) Leave() {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.left = true
	w := p.wire
	p.mu.Unlock()
	w.leave(p.closeMedia)
}

// closeMedia ends both media connections, and waits until their goroutines are
// gone (for 300 ms at most: a name server that answers nobody can hold one longer).
func (p *Participant) closeMedia() {
	p.mu.Lock()
	sub, pub, mine := p.sub, p.pub, p.mine
	p.mu.Unlock()
	for _, one := range mine {
		one.stop()
	}
	var both sync.WaitGroup
	both.Go(sub.close)
	both.Go(pub.close)
	both.Wait()
	for _, one := range mine {
		one.work.Wait()
	}
}

// Cut breaks the signalling connection off without a word, as a network that
// changes does.
func (p *Participant) Cut() { p.current().cut() }

// String names the participant; it keeps every formatting verb away from the
// connection's insides.
func (p *Participant) String() string {
	return "session of " + p.Facts.Identity + " in " + p.Facts.Room
}

// GoString is String.
func (p *Participant) GoString() string { return p.String() }

// These say why something that was waited for did not come.
var (
	errEnded = errors.New("the server ended the stay")
	errLate  = errors.New("no connection in time")
)

// wait waits for c, the end of the connection, or that of ctx.
func (p *Participant) wait(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-p.Done():
		return errEnded
	case <-ctx.Done():
		return errLate
	}
}

// Ping asks the server for a sign of life, and waits for it.
func (p *Participant) Ping(ctx context.Context) error {
	select {
	case <-p.pong: // an answer to an earlier one
	default:
	}
	p.current().sendPing()
	return p.wait(ctx, p.pong)
}

// signal puts a token into a channel of signals, unless one is there.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
