package probe

import (
	"context"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// TokenVia is how the token travels on the upgrade.
type TokenVia string

// The ways: an Authorization header as the server SDKs send it (the zero value
// means this one), or the access_token query that browsers have to use.
const (
	ViaHeader TokenVia = "header"
	ViaQuery  TokenVia = "query"
)

// JoinStep names one step of a join, in the order in which a join takes them.
type JoinStep string

// The steps. StepConnected comes last on a join that worked.
const (
	StepDialled        JoinStep = "dialled"
	StepUpgraded       JoinStep = "upgraded"
	StepJoined         JoinStep = "joined"
	StepOffered        JoinStep = "offered"
	StepFirstCandidate JoinStep = "first_candidate"
	StepICE            JoinStep = "ice"
	StepConnected      JoinStep = "connected"
)

// Step is a step that was just taken.
type Step struct {
	Name JoinStep
	// Took is the time since OpenSignal or Media was called.
	Took time.Duration
}

// SignalOptions are the choices of one signalling connection.
type SignalOptions struct {
	// Via is how the token is sent; "" means ViaHeader.
	Via TokenVia
	// Upgrade is the longest wait for the connection and the HTTP answer, and
	// FirstFrame that for the server's Join after it; 0 means 5 s each.
	Upgrade, FirstFrame time.Duration
	// Observe, if set, is told of each step as it is taken, on the goroutine of
	// the caller. It must not block.
	Observe func(Step)
}

// signalWait is the default of SignalOptions' times, the Go SDK's own for the
// upgrade.
const signalWait = 5 * time.Second

func (o SignalOptions) withDefaults() SignalOptions {
	if o.Via == "" {
		o.Via = ViaHeader
	}
	if o.Upgrade <= 0 {
		o.Upgrade = signalWait
	}
	if o.FirstFrame <= 0 {
		o.FirstFrame = signalWait
	}
	if o.Observe == nil {
		o.Observe = func(Step) {}
	}
	return o
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

// Signal is an open signalling connection whose server said Join: the
// participant is in the room until Leave. A Signal is not tied to the context
// of OpenSignal.
type Signal struct {
	// Facts is what the JoinResponse said.
	Facts JoinFacts
	// Phases is how long the steps took; Took is all of them together.
	Phases SignalPhases
	Took   time.Duration
	// Remote is the address that the server was reached at; invalid when a proxy
	// made the connection.
	Remote netip.AddrPort
	// Loopback tells that the server is on this machine.
	Loopback bool
	// TLS describes the handshake, nil without one.
	TLS *TLSInfo

	net *Net
	ws  *websocket.Conn
	// iceServers is a function so that no formatting verb can reach the
	// credentials.
	iceServers func() []webrtc.ICEServer
	messages   *mailbox
	readDone   chan struct{}
	pingDone   chan struct{}
	leaving    chan struct{}
	leaveOnce  sync.Once
	leaveDone  chan struct{}

	// broken tells that a write has failed.
	broken  atomic.Bool
	writeMu sync.Mutex
	endMu   sync.Mutex
	end     *SignalEnd
}

// SignalEnd is how a signalling connection ended.
type SignalEnd struct {
	// Left tells that the server sent Leave, with the Reason and Action in
	// LiveKit's own words ("DUPLICATE_IDENTITY", "DISCONNECT").
	Left           bool
	Reason, Action string
	// ByUs tells that Leave was called here first.
	ByUs bool
	// CloseCode and CloseText are those of the close frame; 1006 means that the
	// connection ended without one.
	CloseCode int
	CloseText string
	// Silent tells that nothing came from the server for longer than its own
	// ping time-out.
	Silent bool
}

// OpenSignal opens base's /rtc as the SDKs do, hands over the token, and waits
// for the server's Join. The participant is in the room when it returns a
// Signal: somebody has to call Leave. A failed upgrade keeps its status,
// headers and body, which the SDKs throw away.
func (n *Net) OpenSignal(ctx context.Context, base *url.URL, token string, o SignalOptions) (*Signal, *SignalFailure) {
	o = o.withDefaults()
	start := time.Now()
	fail := func(f *SignalFailure, phases SignalPhases) (*Signal, *SignalFailure) {
		f.Phases, f.Took = phases, time.Since(start)
		return nil, f
	}
	rehearsed := make(chan struct{})
	go func() { defer close(rehearsed); rehearseJoin() }()
	up, f := n.upgrade(ctx, base, token, o, start)
	<-rehearsed
	if f != nil {
		return fail(f, up.phases)
	}
	o.Observe(Step{StepUpgraded, time.Since(start)})
	s := n.newSignal(up)
	opened := time.Now()
	join, f := s.awaitJoin(ctx, o.FirstFrame)
	s.Phases.Join = time.Since(opened)
	if f != nil {
		f.Upgraded = true
		s.abandon(f.Kind)
		return fail(f, s.Phases)
	}
	s.Facts = n.joinFacts(join)
	servers := iceServers(join)
	s.iceServers = func() []webrtc.ICEServer { return servers }
	s.Took = time.Since(start)
	o.Observe(Step{StepJoined, s.Took})
	s.start()
	return s, nil
}

// newSignal wraps an open WebSocket.
func (n *Net) newSignal(up upgraded) *Signal {
	s := &Signal{
		Phases: up.phases, Remote: up.remote, Loopback: up.loopback, TLS: up.tls,
		net: n, ws: up.ws,
		iceServers: func() []webrtc.ICEServer { return nil },
		messages:   newMailbox(),
		readDone:   make(chan struct{}),
		pingDone:   make(chan struct{}),
		leaving:    make(chan struct{}),
		leaveDone:  make(chan struct{}),
	}
	s.ws.SetReadLimit(maxSignalMessage)
	return s
}

// Done is closed when the connection has ended; End says how.
func (s *Signal) Done() <-chan struct{} { return s.readDone }

// End says how the connection ended, nil while it has not.
func (s *Signal) End() *SignalEnd {
	select {
	case <-s.readDone:
	default:
		return nil
	}
	s.endMu.Lock()
	defer s.endMu.Unlock()
	return s.end
}

// String names the session; it keeps every formatting verb away from the
// connection's insides.
func (s *Signal) String() string {
	return "signal session of " + s.Facts.Identity + " in " + s.Facts.Room
}

// GoString is String.
func (s *Signal) GoString() string { return s.String() }

// wireReason is a Leave's reason in LiveKit's own words.
func wireReason(l *livekit.LeaveRequest) (reason, action string) {
	return l.GetReason().String(), l.GetAction().String()
}
