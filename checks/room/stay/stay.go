// Package stay turns a participant of package session into a stream of package
// room's events, from the join to the leave. It touches the network through the
// session only, and no terminal. The caller reads the stream to its end, or closes
// the Stay; the room is left then.
package stay

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/room"
	"lkdoctor/config/clean"
)

// Options are the choices of one stay.
type Options struct {
	// URL is the server's address, as the SDKs take it.
	URL   *url.URL
	Token string
	// InQuery sends the token in the query.
	InQuery bool
	// Net is the network and its limits: joining, media included, may take
	// Limits.Connect.
	Net *probe.Net
	// Media restricts the paths of the media.
	Media session.MediaOptions
	// Redact removes the run's secrets; Open adds the token to it.
	Redact *clean.Redactor
	// Now is the clock of the events; nil is time.Now.
	Now func() time.Time
	// Publish is published as soon as media is up.
	Publish []room.Sending
	// Hear is called with each message of the server, as session.Options.Hear; it
	// may be nil.
	Hear func(*livekit.SignalResponse)
	// InRoom runs once media is up and passes its own events to emit; it may be
	// nil. Its context ends with the stay, and the room is left only after it has
	// returned.
	InRoom func(ctx context.Context, emit func(room.Event))
	// For is the length of the stay, from when media is up; 0 means no limit.
	For time.Duration
	// Sample is the interval at which path and round trip are read; 0 means 2 s,
	// the interval of their measurement (ICE consent checks).
	Sample time.Duration
}

// String keeps the token out of every print.
func (o Options) String() string { return "options of a stay" }

// GoString is String.
func (o Options) GoString() string { return o.String() }

// maxRejoins is the number of attempts to join anew, after one attempt to resume,
// as in LiveKit's SDKs.
const maxRejoins = 10

// steady is the time for which a connection must last to count as back: a stay
// whose connections all end sooner ends after maxRejoins attempts.
const steady = 10 * time.Second

// Stay is one stay in a room, from before the join until after the leave. Its
// methods may be called from any goroutine.
type Stay struct {
	o      Options
	events *room.Queue
	// leave ends gone, which is the context of all waits for the network.
	leave context.CancelCauseFunc
	gone  <-chan struct{}
	done  chan struct{}
	// simulate asks for a reconnect; true is a full one.
	simulate chan bool
	// busy serialises changes of what is published.
	busy sync.Mutex

	mu      sync.Mutex
	people  *room.People
	streams map[string]*stream
	part    *session.Participant // nil before the join
	since   time.Time            // when media was up
	away    time.Time            // since when it is being reconnected; zero while it is not
	full    bool                 // it is joined anew
	path    *room.Path
	flows   map[*session.Tally]string // the tracks that are received, and their SIDs
	before  map[string]session.Counts // of the tracks, at the time counted
	counted time.Time
	excess  []session.Excess // that was reported
}

// Open starts a stay and returns immediately. The room is left when ctx ends, when
// Leave is called, or when the server ends the stay; the last event, Ended, comes
// after that. The caller has to read Events until it is closed, or call Close.
func Open(ctx context.Context, o Options) *Stay {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sample <= 0 {
		o.Sample = 2 * time.Second
	}
	if o.Redact.Learn(o.Token); o.Net.Redact == nil {
		o.Net.Redact = o.Redact
	}
	ctx, leave := context.WithCancelCause(ctx)
	s := &Stay{o: o, events: room.NewQueue(), leave: leave, gone: ctx.Done(), done: make(chan struct{}), simulate: make(chan bool, 1),
		people: room.NewPeople(o.Redact), streams: map[string]*stream{}, flows: map[*session.Tally]string{}}
	go s.run(ctx)
	return s
}

// Events returns the events, the last of which is Ended.
func (s *Stay) Events() <-chan room.Event { return s.events.Events() }

// Leave starts to leave the room. It does not wait, and may be called more than
// once.
func (s *Stay) Leave() { s.leave(errLeft) }

// Close leaves and waits until the room is left.
func (s *Stay) Close() {
	s.Leave()
	<-s.done
}

// run runs the stay from the join to the leave. It leaves the room in all cases.
func (s *Stay) run(ctx context.Context) {
	defer s.events.Close()
	defer close(s.done)
	defer func() {
		if p := recover(); p != nil {
			s.participant().Leave()
			s.finish(room.Event{Text: finding.Textf("lkdoctor itself failed here: %s", s.o.Redact.Clean(fmt.Sprint(p), 200)),
				End: &room.End{Outcome: room.Lost}})
		}
	}()
	defer s.leave(nil)
	at := clean.URL(s.o.URL.String())
	s.emit(room.Event{Type: room.Joining, URL: at, Text: finding.Textf("joining at %s", at)})
	end := s.join(ctx)
	if end == nil {
		s.mu.Lock()
		s.since = s.o.Now()
		s.mu.Unlock()
		s.emit(room.Event{Type: room.Media, Text: finding.Textf("media is connected (ICE, DTLS)")})
		go s.publishFirst()
		ended := s.inRoom(ctx)
		end = s.stay(ctx)
		ended()
	}
	s.participant().Leave()
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errLeft) && end.End.Outcome == room.Left {
		end.Text, end.End.Outcome = finding.Textf("interrupted; left the room"), room.Interrupted
	}
	s.finish(*end)
}

// inRoom starts Options.InRoom, and returns the function that ends it.
func (s *Stay) inRoom(ctx context.Context) (end func()) {
	if s.o.InRoom == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.o.InRoom(ctx, s.emit)
	}()
	return func() { cancel(); <-done }
}

// participant returns the present session, nil before there is one.
func (s *Stay) participant() *session.Participant {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.part
}

// join joins and connects media; it returns an event where that failed.
func (s *Stay) join(ctx context.Context) *room.Event {
	jctx, cancel := context.WithTimeout(ctx, s.o.Net.Waits().Connect)
	defer cancel()
	p, f := session.Join(jctx, s.o.Net, s.o.URL, s.o.Token, session.Options{InQuery: s.o.InQuery, Subscribe: true, Repair: true,
		Hear: s.hears, Track: s.receives, Data: s.takeData})
	if f != nil {
		return s.refused(ctx, f)
	}
	s.mu.Lock()
	s.part = p
	s.mu.Unlock()
	m := p.Media(jctx, s.o.Media)
	s.reportExcess(p.Excess())
	if !m.Connected {
		return s.notConnected(ctx, m)
	}
	return nil
}

// errOver is the cause of the end of a stay whose time is over, errLeft that of one
// that Leave ended.
var (
	errOver = errors.New("the time is over")
	errLeft = errors.New("left")
)

// stay waits for the end, samples the path, and reconnects a lost connection.
func (s *Stay) stay(ctx context.Context) *room.Event {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if s.o.For > 0 {
		defer time.AfterFunc(s.o.For, func() { cancel(errOver) }).Stop()
	}
	tick := time.NewTimer(0)
	defer tick.Stop()
	var since time.Time // when the last reconnect was over
	streak, simulated := 0, false
	for {
		p := s.participant()
		var ended *session.SignalEnd
		select {
		case <-ctx.Done():
			return s.over(ctx)
		case <-tick.C:
			s.sample()
			tick.Reset(s.o.Sample)
			continue
		case <-p.MediaLost():
			p.Cut()
			continue
		case full := <-s.simulate:
			if !full {
				simulated = true
				p.Cut()
				continue
			}
			ended = &session.SignalEnd{Left: true, Action: reconnectAction}
		case <-p.Done():
			ended = p.End()
			if ended.Left && ended.Action == disconnectAction {
				return thrownOut(ended.Reason)
			}
			if streak++; simulated || time.Since(since) >= steady {
				streak, simulated = 0, false
			}
			if streak > maxRejoins {
				return lost(finding.Textf("the connection to the server was lost again and again, each time soon after it was back"))
			}
		}
		end := s.reconnect(ctx, s.reconnects(ended), streak)
		switch {
		case ctx.Err() != nil:
			return s.over(ctx)
		case end != nil:
			return end
		}
		s.reconnected()
		since = time.Now()
		tick.Reset(0)
		select {
		case <-s.simulate: // came meanwhile
		default:
		}
	}
}

// reconnect resumes the session, or joins anew; it returns an event where the stay
// is over. streak is the number of reconnects shortly before this one.
func (s *Stay) reconnect(ctx context.Context, full bool, streak int) *room.Event {
	pause := func(n int) {
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(n*n) * s.o.Net.Waits().Pause):
		}
	}
	// try returns the event of a server that ends the stay for good.
	try := func(attempt func(context.Context) *session.SignalFailure) *room.Event {
		rctx, cancel := context.WithTimeout(ctx, s.o.Net.Waits().Connect)
		defer cancel()
		if f := attempt(rctx); f != nil && f.Kind == session.SignalLeave && f.Action == disconnectAction {
			return thrownOut(f.Reason)
		}
		return nil
	}
	p, back := s.participant(), false
	pause(streak)
	if !full {
		if end := try(func(rctx context.Context) *session.SignalFailure {
			f := p.Resume(rctx)
			back = f == nil && p.Back(rctx) == nil
			return f
		}); back || end != nil {
			return end
		}
	}
	for n := range maxRejoins {
		if pause(n); ctx.Err() != nil {
			return nil
		}
		if end := try(func(rctx context.Context) *session.SignalFailure {
			next, f := p.Rejoin(rctx)
			if back = f == nil && next.Up(rctx, false) == nil; back {
				s.mu.Lock()
				s.part, s.full = next, true
				s.mu.Unlock()
			} else {
				next.Leave()
			}
			return f
		}); back || end != nil {
			return end
		}
	}
	return lost(finding.Textf("the connection to the server was lost, and ten attempts did not bring it back"))
}

func (s *Stay) emit(e room.Event) {
	e.At = s.o.Now()
	s.events.Put(s.o.Redact.HideIn(e).(room.Event))
}

func (s *Stay) problem(text finding.Text) { s.emit(room.Event{Type: room.Problem, Text: text}) }

func (s *Stay) finish(e room.Event) {
	e.Type = room.Ended
	s.mu.Lock()
	if !s.since.IsZero() {
		e.End.InRoom = *room.Millis(s.o.Now().Sub(s.since))
	}
	s.mu.Unlock()
	s.emit(e)
}

// hears is called with each message of the server, in order.
func (s *Stay) hears(m *livekit.SignalResponse) {
	if s.o.Hear != nil {
		s.o.Hear(m)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.people.Hears(m) {
		s.emit(e)
	}
}

// The actions of a Leave, in LiveKit's words.
var (
	disconnectAction = livekit.LeaveRequest_DISCONNECT.String()
	reconnectAction  = livekit.LeaveRequest_RECONNECT.String()
)

// reconnects reports that the connection is being set up again, and whether by
// joining anew.
func (s *Stay) reconnects(end *session.SignalEnd) (full bool) {
	e := room.Event{Type: room.Reconnecting, Text: finding.Textf("the connection was lost; reconnecting")}
	if end.Left {
		e.Full, e.Text = end.Action == reconnectAction, finding.Textf("the server asks to reconnect")
		if end.Reason != livekit.DisconnectReason_UNKNOWN_REASON.String() {
			e.Reason = end.Reason
		}
	}
	s.mu.Lock()
	s.away, s.full = s.o.Now(), e.Full
	s.mu.Unlock()
	s.emit(e)
	return e.Full
}

func (s *Stay) reconnected() {
	s.mu.Lock()
	took, full := s.o.Now().Sub(s.away), s.full
	s.away, s.path = time.Time{}, nil
	s.mu.Unlock()
	e := room.Event{Type: room.Reconnected, Full: full, Took: room.Millis(took),
		Text: finding.Textf("back after %s: the session was resumed", finding.Duration(took))}
	if full {
		e.Text = finding.Textf("back after %s: joined anew", finding.Duration(took))
	}
	s.emit(e)
}

// reportExcess reports what the server sends too much of, once for each kind.
func (s *Stay) reportExcess(excess []session.Excess) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var fresh []string
	for _, one := range excess {
		if !slices.Contains(s.excess, one) {
			s.excess, fresh = append(s.excess, one), append(fresh, string(one))
		}
	}
	if len(fresh) > 0 {
		s.problem(finding.Textf("the server sends more than lkdoctor reads, and the rest waits or is dropped: %s",
			strings.Join(fresh, ", ")))
	}
}

// left returns the end of a stay that this side ended.
func left() *room.Event {
	return &room.Event{Text: finding.Textf("left the room"), End: &room.End{Outcome: room.Left}}
}

// over returns the end of a stay whose context has ended. When its time is over and
// there is no connection to the server, the stay did not end as planned, and Leave
// could not be sent.
func (s *Stay) over(ctx context.Context) *room.Event {
	s.mu.Lock()
	away := s.away
	s.mu.Unlock()
	if away.IsZero() || !errors.Is(context.Cause(ctx), errOver) {
		return left()
	}
	took := finding.Duration(s.o.Now().Sub(away))
	return lost(finding.Textf("the time was over while reconnecting, which had not succeeded within %s", took))
}

// lost returns the end of a stay whose connection did not come back.
func lost(text finding.Text) *room.Event {
	return &room.Event{Reason: "SIGNAL_CLOSE", End: &room.End{Outcome: room.Lost}, Text: text}
}

func thrownOut(reason string) *room.Event { return endedBy(reason, room.End{Outcome: room.ThrownOut}) }

// endedBy returns an end for which the server gives a reason.
func endedBy(reason string, end room.End) *room.Event {
	return &room.Event{Reason: reason, End: &end,
		Text: finding.Textf("the server ended the stay: %s (%s)", finding.LeaveReason(reason), reason)}
}

// refused returns why the server did not send Join. The doctor's checks look for
// the cause.
func (s *Stay) refused(ctx context.Context, f *session.SignalFailure) *room.Event {
	if ctx.Err() != nil {
		return left()
	}
	e := &room.Event{End: &room.End{Outcome: room.NotJoined, Stage: "signal"}, Text: finding.Textf("the room could not be joined")}
	switch f.Kind {
	case session.SignalLeave:
		return endedBy(f.Reason, *e.End)
	case session.SignalUpgradeRefused:
		e.End.Refused = &room.Refusal{Status: f.Status, Body: s.o.Redact.Clean(f.Body, 300)}
		e.Text = finding.Textf("the server refused the WebSocket with %d", f.Status)
		if e.End.Refused.Body != "" {
			e.Text = finding.Textf("the server refused the WebSocket with %d: %s", f.Status, e.End.Refused.Body)
		}
	case session.SignalSilent:
		e.Text = finding.Textf("the WebSocket opened, and the server said nothing")
	case session.SignalClosed:
		e.Text = finding.Textf("the WebSocket opened, and was closed before the server said Join")
	case session.SignalNetwork:
		e.Text = finding.Textf("the server was not reached: %s", s.o.Redact.Clean(f.Network.Error(), 200))
		if f.Network.Timeout() {
			e.Text = finding.Textf("the server did not answer in time")
		}
	}
	return e
}

func (s *Stay) notConnected(ctx context.Context, m *session.Media) *room.Event {
	if ctx.Err() != nil {
		return left()
	}
	e := &room.Event{End: &room.End{Outcome: room.NotJoined, Stage: "media"},
		Text: finding.Textf("the server said Join, and no media path connected within %s", finding.Duration(m.Phases.Total))}
	switch m.Outcome {
	case session.OutcomeLeft:
		return endedBy(m.End.Reason, *e.End)
	case session.OutcomeSignalLost:
		e.Text = finding.Textf("the server said Join, and the WebSocket was closed before media had connected")
	case session.OutcomeDTLSFailed:
		e.Text = finding.Textf("a path for media was found, and the DTLS handshake over it failed")
	}
	return e
}
