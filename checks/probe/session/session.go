// Package session is one participant of a LiveKit room: it joins, connects media
// over UDP, TCP or a TURN server, publishes, subscribes, resumes after a cut, joins
// anew, and leaves. It records how each of these went, which the SDKs discard: they
// also ask public STUN servers about a server on this machine, support neither
// ICE/TCP nor a Net's proxy and authorities, wait forever for a silent server, and
// log to standard error.
//
// The checks use it through Media, Publish, Reconnect, JoinRelayed and TURN, and
// `lkdoctor join` stays in a room with it. It touches the network only, and like
// package probe it does not judge. All strings of the server are cleaned and
// capped, and so is their number. The caller of Join calls Leave; the functions that
// join themselves have left when they return.
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
	"golang.org/x/time/rate"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe"
)

// Options are the choices of one participant. The limits of its steps are in
// probe.Limits.
type Options struct {
	// InQuery sends the token in the query, as browsers have to; the server SDKs send
	// it in the Authorization header.
	InQuery bool
	// Again reports whether the server did not answer an earlier join within the
	// limit: this one waits for Limits.Shorter.
	Again bool
	// Subscribe subscribes to everything that others publish. A participant that
	// only tests its connection must not receive a room's media.
	Subscribe bool
	// Repair sends reports and requests lost packets again, as SDK clients do.
	// Without it, a lost packet shows as one.
	Repair bool
	// Hear is called with each message of the server, Join included, in order, by
	// one goroutine at a time; it must not block. Track is called with each
	// received track, in a goroutine of its own that ends with the track; Data with
	// each data packet. Each may be nil.
	Hear  func(*livekit.SignalResponse)
	Track func(*webrtc.TrackRemote)
	Data  func(*livekit.DataPacket)
}

func (o Options) waits(n *probe.Net) probe.Limits {
	if o.Again {
		return n.Waits().Shorter()
	}
	return n.Waits()
}

// SignalPhases are the times of the steps of a signalling connection. DNS, TCP and
// TLS are zero on a connection that was open already, or that a proxy made.
type SignalPhases struct {
	probe.Phases
	// Upgrade is the time from the request to its answer, Join that from there to
	// the JoinResponse.
	Upgrade, Join time.Duration
}

// Participant is a participant in a room, from the server's Join until Leave, which
// the caller has to call. The context of Join does not end it. Its methods may be
// called from any goroutine.
type Participant struct {
	// Facts is the content of the JoinResponse.
	Facts JoinFacts
	// Phases are the times of the steps; Took is the time of all of them.
	Phases SignalPhases
	Took   time.Duration
	// Remote is the server's address; invalid when a proxy made the connection.
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
	offers      *rate.Limiter
	// data paces the data messages of both connections, channels counts their channels.
	data, packets pacer
	channels      atomic.Int32

	excessMu sync.Mutex // of excess alone: it may be taken while mu is held
	excess   map[Excess]bool

	mu   sync.Mutex
	wire *wire
	left bool
	// transports are the media connections: the server offers on the subscriber's, this
	// side on the publisher's.
	transports map[livekit.SignalTarget]*transport
	reliable   *webrtc.DataChannel // of the publisher's
	published  []*publication
}

// Join opens base's /rtc as the SDKs do, sends the token, and waits for the
// server's Join. The returned participant is in the room: the caller has to call
// Leave. The failure of an upgrade keeps its status, headers and body.
//
// When ctx is cancelled during the join, it continues for joinGrace, so that it can
// send Leave: otherwise livekit-server may keep the participant.
func Join(ctx context.Context, n *probe.Net, base *url.URL, token string, o Options) (*Participant, *SignalFailure) {
	start := time.Now()
	p := newParticipant(n, base, token, o)
	if f := p.join(ctx, start); f != nil {
		f.Took = time.Since(start)
		return nil, f
	}
	return p, nil
}

func newParticipant(n *probe.Net, base *url.URL, token string, o Options) *Participant {
	return &Participant{
		net: n, base: base, o: o, token: func() string { return token },
		pong: make(chan struct{}, 1), lost: make(chan struct{}, 1), excess: map[Excess]bool{},
		transports: map[livekit.SignalTarget]*transport{}, offers: rate.NewLimiter(caps.OffersPerSecond, caps.OffersBurst),
		data:    pacer{Limiter: rate.NewLimiter(caps.DataPerSecond, caps.DataBurst)},
		packets: pacer{Limiter: rate.NewLimiter(caps.PacketsPerSecond, caps.PacketsBurst)},
	}
}

func (p *Participant) join(ctx context.Context, start time.Time) *SignalFailure {
	gctx, stop := withGrace(ctx)
	defer stop()
	w, f := p.dial(gctx, "")
	if f != nil {
		return f
	}
	opened := time.Now()
	first, f := w.await(gctx, p.o.waits(p.net).FirstFrame, func(m *livekit.SignalResponse) (bool, *SignalFailure) {
		j := m.GetJoin()
		if j != nil && j.GetRoom() == nil && j.GetParticipant() == nil && j.GetAlternativeUrl() == "" {
			return false, &SignalFailure{Kind: SignalNotSignal, FrameType: "binary"}
		}
		return j != nil, nil
	})
	if f == nil && ctx.Err() != nil {
		f = &SignalFailure{Kind: SignalCancelled}
	}
	if f != nil {
		if f.Kind != SignalClosed { // the server may have added the participant to the room
			w.sendLeave()
		}
		_ = w.ws.Close()
		return f
	}
	join := first.GetJoin()
	p.Facts, p.Phases, p.Took = joinFacts(p.net, join), w.phases, time.Since(start)
	p.Phases.Join = time.Since(opened)
	p.Remote, p.Loopback = w.remote, w.loopback
	p.setServers(join.GetIceServers())
	p.tooMany(ExcessICEServers, p.Facts.ICEServersCount > caps.ICEServers || p.Facts.ICEURLsCount > caps.ICEURLs)
	if p.o.Hear != nil {
		p.o.Hear(first)
	}
	p.begin(w)
	return nil
}

// joinGrace is the time for which a join may continue after its context was
// cancelled.
const joinGrace = 250 * time.Millisecond

// withGrace returns a context that is cancelled joinGrace after ctx, or ends with
// its deadline.
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

// begin starts reading and pinging, which end with the connection. take is called with
// each message, in order, by one goroutine.
func (p *Participant) begin(w *wire) {
	w.pingEvery, w.pingQuiet = p.Facts.PingInterval, p.Facts.PingTimeout
	p.mu.Lock()
	p.wire = w
	p.mu.Unlock()
	w.reading.Store(true)
	w.work.Go(func() { w.read(p.take) })
	w.work.Go(w.ping)
}

// The two media connections.
const (
	publisher  = livekit.SignalTarget_PUBLISHER
	subscriber = livekit.SignalTarget_SUBSCRIBER
)

// primary returns the connection that the server calls primary, nil before Start.
func (p *Participant) primary() *transport { return p.transport(p.primaryTarget()) }

func (p *Participant) primaryTarget() livekit.SignalTarget {
	if p.Facts.SubscriberPrimary {
		return subscriber
	}
	return publisher
}

func (p *Participant) setServers(list []*livekit.ICEServer) {
	servers := iceServers(list)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.servers = func() []webrtc.ICEServer { return servers }
}

func (p *Participant) iceList() []webrtc.ICEServer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.servers()
}

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
		for _, one := range p.publications(named(m.GetTrackUnpublished().GetTrackSid())) {
			p.drop(one)
		}
	case m.GetMute() != nil:
		for _, one := range p.publications(named(m.GetMute().GetSid())) { // by a moderator
			one.muted.Store(m.GetMute().GetMuted())
		}
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

func (p *Participant) currentToken() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.token()
}

func (p *Participant) current() *wire {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wire
}

// send sends one message. A failed write ends the connection, which its reader
// reports.
func (p *Participant) send(m *livekit.SignalRequest) { _ = p.current().send(m) }

// Done returns a channel that is closed when the signalling connection has ended;
// End says how. After a Resume, both are about the new connection.
func (p *Participant) Done() <-chan struct{} { return p.current().readDone }

// MediaLost returns a channel that gets an element once a media connection that was
// up has failed.
func (p *Participant) MediaLost() <-chan struct{} { return p.lost }

// End returns how the signalling connection ended, nil while it has not.
func (p *Participant) End() *SignalEnd {
	w := p.current()
	select {
	case <-w.readDone:
		return w.end
	default:
		return nil
	}
}

// Leave takes the participant out of the room and closes all connections. It takes
// no context, so that it also works after a Ctrl+C; it returns within 500 ms, and
// may be called more than once. On a nil Participant it does nothing.
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

// closeMedia closes both media connections, and waits until their goroutines have
// ended (at most 300 ms: a name server that does not answer can hold one longer).
func (p *Participant) closeMedia() {
	p.mu.Lock()
	published := p.published
	p.mu.Unlock()
	for _, one := range published {
		one.stop()
	}
	var all sync.WaitGroup
	for _, t := range p.connections() {
		all.Go(t.close)
	}
	all.Wait()
	for _, one := range published {
		one.work.Wait()
	}
}

// Cut breaks the signalling connection without Leave or close frame, as a network
// change does.
func (p *Participant) Cut() { p.current().cut() }

// String names the participant; it keeps every formatting verb from printing the
// connection's fields.
func (p *Participant) String() string {
	return "session of " + p.Facts.Identity + " in " + p.Facts.Room
}

// GoString is String.
func (p *Participant) GoString() string { return p.String() }

// The reasons for which an awaited event did not come.
var (
	errEnded = errors.New("the server ended the stay")
	errLate  = errors.New("no connection in time")
)

// wait waits for c; it fails when the connection or ctx ends first.
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

// Ping sends the server a ping and waits for the answer.
func (p *Participant) Ping(ctx context.Context) error {
	select {
	case <-p.pong: // an answer to an earlier one
	default:
	}
	p.current().sendPing()
	return p.wait(ctx, p.pong)
}

// signal sends an element to c, unless it is full.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
