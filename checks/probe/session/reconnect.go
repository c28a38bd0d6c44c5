package session

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/probe"
)

// Resume resumes the session over a new WebSocket, with the existing media
// connections, once the old WebSocket has ended. The server then restarts ICE.
// Muted clips stay muted.
func (p *Participant) Resume(ctx context.Context) *SignalFailure {
	if p.hasLeft() {
		return &SignalFailure{Kind: SignalCancelled}
	}
	for _, before := range []chan struct{}{p.primary().iceUp, p.lost} {
		select {
		case <-before:
		default:
		}
	}
	w, f := p.dial(ctx, p.Facts.ParticipantSID)
	if f != nil {
		return f
	}
	first, f := w.await(ctx, p.net.Waits().FirstFrame, func(m *livekit.SignalResponse) (bool, *SignalFailure) {
		if m.GetJoin() != nil { // a new session instead of the old one: not what was asked for
			return false, &SignalFailure{Kind: SignalNotSignal, FrameType: "join"}
		}
		return m.GetReconnect() != nil, nil
	})
	if f != nil {
		_ = w.ws.Close() // the participant is the first connection's: Leave is for the caller
		return f
	}
	p.negotiating.Lock()
	if servers := first.GetReconnect().GetIceServers(); len(servers) > 0 {
		p.setServers(servers)
		for _, t := range p.connections() {
			_ = t.pc.SetConfiguration(p.configuration())
		}
	}
	p.negotiating.Unlock()
	p.begin(w)
	for _, one := range p.publications(everything) {
		p.sendMuted(one)
	}
	if p.hasLeft() { // Leave did not know of this connection
		w.leave(func() {})
		return &SignalFailure{Kind: SignalCancelled}
	}
	if t := p.transport(publisher); t != nil {
		p.negotiating.Lock()
		defer p.negotiating.Unlock()
		if err := t.offer(true); err != nil {
			return &SignalFailure{Kind: SignalNotSignal, Excerpt: p.net.Line(err.Error())}
		}
	}
	return nil
}

func (p *Participant) hasLeft() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left
}

// Back waits, after Resume, until the server accepts messages of the session again,
// which its answer to a ping shows, and ICE is up again.
func (p *Participant) Back(ctx context.Context) error {
	if err := p.Ping(ctx); err != nil {
		return err
	}
	return p.wait(ctx, p.primary().iceUp)
}

// Rejoin leaves and joins anew with the same options and media options, and
// publishes the same clips, muted where they were. The caller uses the new
// participant instead of p, and calls its Leave. Up waits for its media.
func (p *Participant) Rejoin(ctx context.Context) (*Participant, *SignalFailure) {
	published := p.Published()
	p.Leave()
	next, f := Join(ctx, p.net, p.base, p.currentToken(), p.o)
	if f != nil {
		return nil, f
	}
	err := next.Start(p.media)
	if err == nil && len(published) > 0 {
		_, err = next.Publish(ctx, published...)
	}
	if err != nil {
		next.Leave()
		return nil, &SignalFailure{Kind: SignalNotSignal, Excerpt: p.net.Line(err.Error())}
	}
	return next, nil
}

// Up waits until media is connected: to send, or else on the connection that the
// server calls primary.
func (p *Participant) Up(ctx context.Context, toSend bool) error {
	t := p.primary()
	if toSend {
		t = p.transport(publisher)
	}
	if t == nil {
		return errEnded
	}
	return p.wait(ctx, t.up)
}

// settle waits, after Up, until the server's side of the media connection is up
// too: before that livekit-server forgets a participant whose WebSocket ends. The
// server's data channel shows that its side is up. Its answer to a ping afterwards
// shows that it has handled that.
func (p *Participant) settle(ctx context.Context) error {
	sctx, cancel := context.WithTimeout(ctx, p.net.Waits().Settle)
	defer cancel()
	// Another server may open none.
	if err := p.wait(sctx, p.transport(subscriber).data); errors.Is(err, errEnded) {
		return err
	}
	return p.Ping(ctx)
}

// ReconnectStep names a step of Reconnect.
type ReconnectStep string

// The steps, in their order.
const (
	ReconnectJoin   ReconnectStep = "join"
	ReconnectResume ReconnectStep = "resume"
	ReconnectFull   ReconnectStep = "full_reconnect"
)

// Reconnected is the result of cutting and resuming a session.
type Reconnected struct {
	// Failed is the first step that failed, "" if none did. Cancelled reports
	// whether the caller's context ended in it.
	Failed    ReconnectStep
	Cancelled bool
	// Failure is why the step's signalling failed; nil where media failed, or the
	// server ended the stay (End).
	Failure *SignalFailure
	End     *SignalEnd

	Room string
	// Join is the time from the start until media was up; Signal that from the cut
	// until the server had resumed the session, Resume that until its media was
	// confirmed (ICE restart); Full that from the second cut until a new session
	// had media.
	Join, Signal, Resume, Full time.Duration
	// NewSession reports whether the full reconnect made another session.
	NewSession bool
	Took       time.Duration
}

// Reconnect joins, cuts the WebSocket and resumes the session (as clients do when a
// network changes), then cuts it again and joins anew (as they do when that fails).
// The participant has left when it returns.
//
// remove removes the participant from the room by other means (Net.Remove) where
// the session was cut and could not be resumed: no connection is left for Leave. It
// may be nil; the server then removes it after some 20 s.
func Reconnect(ctx context.Context, n *probe.Net, base *url.URL, token string, inQuery bool, remove func(context.Context)) *Reconnected {
	start := time.Now()
	r := &reconnectRun{out: &Reconnected{}}
	join := func(ctx context.Context) error {
		return r.join(ctx, n, base, token, Options{InQuery: inQuery, Subscribe: true})
	}
	for _, step := range []struct {
		name ReconnectStep
		do   func(context.Context) error
	}{{ReconnectJoin, join}, {ReconnectResume, r.resume}, {ReconnectFull, r.full}} {
		sctx, cancel := context.WithTimeout(ctx, n.Waits().Connect)
		err := step.do(sctx)
		cancel()
		if err == nil {
			continue
		}
		r.out.Failed, r.out.Cancelled = step.name, ctx.Err() != nil
		if f, is := errors.AsType[*SignalFailure](err); is {
			r.out.Failure = f
		} else {
			r.out.End = r.p.End()
		}
		break
	}
	r.p.Leave()
	if r.orphaned && remove != nil {
		// On every way out, an interrupt too.
		rctx, cancel := context.WithTimeout(context.Background(), n.Waits().Remove)
		defer cancel()
		remove(rctx)
	}
	r.out.Took = time.Since(start)
	return r.out
}

// reconnectRun is one call of Reconnect.
type reconnectRun struct {
	out *Reconnected
	p   *Participant
	// orphaned is set while the room holds a session without a connection.
	orphaned bool
}

func (r *reconnectRun) join(ctx context.Context, n *probe.Net, base *url.URL, token string, o Options) error {
	start := time.Now()
	p, f := Join(ctx, n, base, token, o)
	if f != nil {
		return f
	}
	r.p, r.out.Room = p, p.Facts.Room
	err := p.Start(MediaOptions{})
	if err == nil {
		err = p.Up(ctx, false)
	}
	if err != nil {
		return err
	}
	r.out.Join = time.Since(start)
	if !p.Facts.SubscriberPrimary {
		return nil
	}
	return p.settle(ctx)
}

// resume cuts the WebSocket and resumes the session. It waits for the server's ICE
// restart, which confirms the path.
func (r *reconnectRun) resume(ctx context.Context) error {
	cut := time.Now()
	r.orphaned = true
	r.p.Cut()
	if f := r.p.Resume(ctx); f != nil {
		return f
	}
	r.orphaned = false
	r.out.Signal = time.Since(cut)
	err := r.p.Back(ctx)
	if err == nil {
		r.out.Resume = time.Since(cut)
	}
	return err
}

// full cuts the WebSocket again and joins anew with the same token. The new session
// replaces the old one.
func (r *reconnectRun) full(ctx context.Context) error {
	cut, old := time.Now(), r.p
	r.orphaned = true
	old.Cut()
	next, f := old.Rejoin(ctx)
	if f != nil {
		return f
	}
	r.p, r.orphaned = next, false
	err := next.Up(ctx, false)
	if err == nil {
		r.out.Full, r.out.NewSession = time.Since(cut), next.Facts.ParticipantSID != old.Facts.ParticipantSID
	}
	return err
}
