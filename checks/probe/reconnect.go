package probe

import (
	"context"
	"net/url"
	"time"
)

// ReconnectOptions are the choices of one test of reconnecting.
type ReconnectOptions struct {
	Token string
	// Via is how the token travels; "" means ViaHeader.
	Via TokenVia
	// Each is what joining, resuming and joining anew may take each, media
	// included; 0 means 10 s.
	Each time.Duration
	// Remove takes the participant out of the room by other means (Net.Remove),
	// where the session was cut and could not be taken up again: no connection is
	// left to say good-bye over. It may be nil, and the server then notices after
	// some 20 s.
	Remove func(context.Context)
}

// String keeps the token out of every print.
func (ReconnectOptions) String() string { return "options of a reconnect" }

// GoString is String.
func (o ReconnectOptions) GoString() string { return o.String() }

// ReconnectStep names a step of the test.
type ReconnectStep string

// The steps, in their order.
const (
	ReconnectJoin   ReconnectStep = "join"
	ReconnectResume ReconnectStep = "resume"
	ReconnectFull   ReconnectStep = "full_reconnect"
)

// Reconnected is what came of cutting a session and taking it up again.
type Reconnected struct {
	// Failed is the first step that did not work, "" if all did. Cancelled tells
	// that the caller's context ended in it.
	Failed    ReconnectStep
	Cancelled bool
	// Failure is why the step's signalling failed; nil where the media did, or
	// the server ended the stay (End).
	Failure *SignalFailure
	End     *SignalEnd
	// Signalled tells that the failed step got its signalling back, and only the
	// media did not follow.
	Signalled bool
	Detail    string

	Room string
	// Join is from the start until media was up; Signal from the cut until the
	// server had taken the session up again, Resume until its media was
	// confirmed anew (ICE restart); Full from the second cut until a new session
	// had media.
	Join, Signal, Resume, Full time.Duration
	// NewSession tells that the full reconnect made another session.
	NewSession bool
	Took       time.Duration
}

// Reconnect joins, cuts the WebSocket and takes the session up again (as
// clients do when a network changes), then cuts it again and joins anew (as
// they do when that fails). The participant has left when it returns.
func (n *Net) Reconnect(ctx context.Context, base *url.URL, o ReconnectOptions) *Reconnected {
	if o.Each <= 0 {
		o.Each = 10 * time.Second
	}
	r := &reconnectRun{net: n, base: base, o: o, out: &Reconnected{}}
	start := time.Now()
	r.out.Failed = r.run(ctx)
	r.out.Cancelled = r.out.Failed != "" && ctx.Err() != nil
	r.end()
	r.out.Took = time.Since(start)
	return r.out
}

// reconnectRun is one call of Reconnect.
type reconnectRun struct {
	net  *Net
	base *url.URL
	o    ReconnectOptions
	out  *Reconnected
	stay *stay
	// adrift tells that a session is in the room that no connection belongs to.
	adrift bool
}

func (r *reconnectRun) run(ctx context.Context) ReconnectStep {
	for _, step := range []struct {
		name ReconnectStep
		do   func(context.Context) bool
	}{{ReconnectJoin, r.join}, {ReconnectResume, r.resume}, {ReconnectFull, r.full}} {
		sctx, cancel := context.WithTimeout(ctx, r.o.Each)
		worked := step.do(sctx)
		cancel()
		if !worked {
			return step.name
		}
	}
	return ""
}

func (r *reconnectRun) join(ctx context.Context) bool {
	start := time.Now()
	st, f := r.net.openStay(ctx, r.base, stayOptions{token: r.o.Token, via: r.o.Via, watch: true})
	if f != nil {
		r.out.Failure = f
		return false
	}
	r.stay, r.out.Room, r.out.Signalled = st, st.Facts.Room, true
	if !r.media(ctx) {
		return false
	}
	r.out.Join = time.Since(start)
	return r.alive(st.settle(ctx))
}

// alive keeps why a stay is over, and tells whether it is not.
func (r *reconnectRun) alive(err error) bool {
	if err != nil {
		r.out.End, r.out.Detail = r.stay.End(), r.net.line(err.Error())
	}
	return err == nil
}

// media waits until the connection that the server offers is up.
func (r *reconnectRun) media(ctx context.Context) bool {
	return r.alive(r.stay.awaitMedia(ctx, r.stay.sub))
}

// resume cuts the WebSocket and takes the same session up again. The server
// then restarts ICE, so that it is sure of the path: that is waited for.
func (r *reconnectRun) resume(ctx context.Context) bool {
	r.out.Signalled = false
	old := r.stay
	drain(old.sub.iceUp)
	cut := time.Now()
	old.cut()
	r.adrift = true
	next, f := old.resume(ctx)
	if f != nil {
		r.out.Failure = f
		return false
	}
	r.stay, r.adrift = next, false
	<-old.pingDone
	r.out.Signal, r.out.Signalled = time.Since(cut), true
	// The answer to a ping shows that the server takes messages of this session
	// again.
	if !r.alive(next.ping(ctx)) {
		return false
	}
	select {
	case <-next.sub.iceUp:
	case <-next.readDone:
		return r.alive(errStayEnded)
	case <-ctx.Done():
		return r.alive(errStayLate)
	}
	r.out.Resume = time.Since(cut)
	return true
}

// drain empties a channel of signals.
func drain(c chan struct{}) {
	for {
		select {
		case <-c:
		default:
			return
		}
	}
}

// full cuts everything and joins anew with the same token. The new session
// takes the place of the old one.
func (r *reconnectRun) full(ctx context.Context) bool {
	r.out.Signalled = false
	old := r.stay
	cut := time.Now()
	old.cut()
	<-old.pingDone
	old.closePeers()
	r.stay, r.adrift = nil, true
	st, f := r.net.openStay(ctx, r.base, old.o)
	if f != nil {
		r.out.Failure = f
		return false
	}
	r.stay, r.adrift, r.out.Signalled = st, false, true
	if !r.media(ctx) {
		return false
	}
	r.out.Full, r.out.NewSession = time.Since(cut), st.Facts.ParticipantSID != old.Facts.ParticipantSID
	return true
}

// removeWait bounds what Remove may take.
const removeWait = 400 * time.Millisecond

// end leaves.
func (r *reconnectRun) end() {
	r.stay.end()
	if r.adrift && r.o.Remove != nil {
		// On every way out, an interrupt too.
		ctx, cancel := context.WithTimeout(context.Background(), removeWait)
		defer cancel()
		r.o.Remove(ctx)
	}
}
