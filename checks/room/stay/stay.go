// Package stay turns a participant of package session into a stream of package
// room's events, from the join to the leave. It touches the network through the
// session only, and no terminal. The caller reads the stream to its end, or closes
// the Stay; the room is left then.
package stay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/clips"
	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/room"
	"lkdoctor/config/clean"
)

// Options are the choices of one stay.
type Options struct {
	// URL is the server's address, as the SDKs take it.
	URL   *url.URL
	Token string
	// Via is how the token is sent.
	Via session.TokenVia
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
	o       Options
	events  *room.Queue
	leaving chan struct{}
	once    sync.Once
	done    chan struct{}
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
	flows   map[*flow]bool    // the tracks that are received
	before  map[string]counts // of the tracks, at the time counted
	counted time.Time
	end     *room.End
	excess  []session.Excess // that was reported
}

// Open starts a stay and returns immediately; Next returns its events. The room is
// left when ctx ends, when Leave is called, or when the server ends the stay; the
// last event, Ended, comes after that. The caller has to call Next until io.EOF, or
// Close.
func Open(ctx context.Context, o Options) *Stay {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Net == nil {
		o.Net = &probe.Net{}
	}
	if o.Sample <= 0 {
		o.Sample = 2 * time.Second
	}
	if o.Redact == nil {
		o.Redact = clean.NewRedactor()
	}
	if o.Redact.Learn(o.Token); o.Net.Redact == nil {
		o.Net.Redact = o.Redact
	}
	s := &Stay{o: o, events: room.NewQueue(), leaving: make(chan struct{}), done: make(chan struct{}), simulate: make(chan bool, 1),
		people: room.NewPeople(o.Redact), streams: map[string]*stream{}, flows: map[*flow]bool{}}
	go s.run(ctx)
	return s
}

// Next waits for the next event; it returns io.EOF after the last one.
func (s *Stay) Next(ctx context.Context) (room.Event, error) { return s.events.Next(ctx) }

// Leave starts to leave the room. It does not wait, and may be called more than
// once.
func (s *Stay) Leave() { s.once.Do(func() { close(s.leaving) }) }

// Close leaves and waits until the room is left.
func (s *Stay) Close() {
	s.Leave()
	<-s.done
}

// End returns how the stay ended, nil while it goes on.
func (s *Stay) End() *room.End {
	select {
	case <-s.done:
		return s.end
	default:
		return nil
	}
}

// run runs the stay from the join to the leave. It leaves the room in all cases.
func (s *Stay) run(ctx context.Context) {
	defer s.events.Close() // last: a reader of all events finds End
	defer close(s.done)
	defer func() {
		if p := recover(); p != nil {
			s.participant().Leave()
			s.finish(room.Event{Text: finding.Textf("lkdoctor itself failed here: %s", s.o.Redact.Clean(fmt.Sprint(p), 200)),
				End: &room.End{Outcome: room.Lost}})
		}
	}()
	// All waits for the network end with cctx.
	cctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.leaving:
			cancel()
		case <-cctx.Done():
		}
	}()
	s.emit(room.Event{Type: room.Joining, URL: clean.URL(s.o.URL.String()), Text: finding.Textf("joining at %s", clean.URL(s.o.URL.String()))})
	end := s.join(cctx)
	if end == nil {
		s.connected()
		go s.publishFirst()
		ended := s.inRoom(cctx)
		end = s.stay(cctx)
		ended()
	}
	s.participant().Leave()
	select {
	case <-s.leaving:
	default:
		if ctx.Err() != nil && end.End.Outcome == room.Left {
			end.Text, end.End.Outcome = finding.Textf("interrupted; left the room"), room.Interrupted
		}
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
	p, f := session.Join(jctx, s.o.Net, s.o.URL, s.o.Token, session.Options{Via: s.o.Via, Subscribe: true, Repair: true,
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

// stay waits for the end, samples the path, and reconnects a lost connection.
func (s *Stay) stay(ctx context.Context) *room.Event {
	var over <-chan time.Time
	if s.o.For > 0 {
		over = time.After(s.o.For)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tick := time.NewTimer(0)
	defer tick.Stop()
	var back chan *room.Event // is answered once a reconnect is over; nil while there is none
	var since time.Time       // when the last one was
	streak, simulated := 0, false
	for {
		p := s.participant()
		lost, gone := p.MediaLost(), p.Done()
		if back != nil {
			lost, gone = nil, nil
		}
		again := func(asked *session.SignalEnd) {
			full := s.reconnects(asked)
			back = make(chan *room.Event, 1)
			go func(answer chan<- *room.Event, streak int) {
				select {
				case <-ctx.Done():
				case <-time.After(time.Duration(streak*streak) * s.o.Net.Waits().Pause):
				}
				answer <- s.reconnect(ctx, full)
			}(back, streak)
		}
		select {
		case <-tick.C:
			if back == nil {
				s.sample()
			}
			tick.Reset(s.o.Sample)
		case <-over:
			cancel()
			end := s.overTime()
			if back != nil {
				<-back
			}
			return end
		case <-ctx.Done():
			if back != nil {
				<-back
			}
			return left()
		case full := <-s.simulate:
			if back == nil && full {
				again(&session.SignalEnd{Left: true, Action: reconnectAction})
			} else if back == nil {
				simulated = true
				p.Cut()
			}
		case <-lost:
			p.Cut()
		case <-gone:
			end := p.End()
			if end.Left && end.Action == disconnectAction {
				return thrownOut(end.Reason)
			}
			if streak++; simulated || time.Since(since) >= steady {
				streak, simulated = 0, false
			}
			if streak > maxRejoins {
				return &room.Event{Reason: "SIGNAL_CLOSE", End: &room.End{Outcome: room.Lost},
					Text: finding.Textf("the connection to the server was lost again and again, each time soon after it was back")}
			}
			again(end)
		case end := <-back:
			if back = nil; end != nil {
				return end
			}
			s.reconnected()
			since = time.Now()
			tick.Reset(0)
		}
	}
}

// reconnect resumes the session, or joins anew; it returns an event where the stay
// is over.
func (s *Stay) reconnect(ctx context.Context, full bool) *room.Event {
	p := s.participant()
	if !full {
		rctx, cancel := context.WithTimeout(ctx, s.o.Net.Waits().Connect)
		f := p.Resume(rctx)
		err := error(nil)
		if f == nil {
			err = p.Back(rctx)
		}
		cancel()
		switch {
		case f == nil && err == nil:
			return nil
		case f != nil && f.Kind == session.SignalLeave && f.Action == disconnectAction:
			return thrownOut(f.Reason)
		}
	}
	for attempt := range maxRejoins {
		select {
		case <-ctx.Done():
			return left()
		case <-time.After(time.Duration(attempt*attempt) * s.o.Net.Waits().Pause):
		}
		rctx, cancel := context.WithTimeout(ctx, s.o.Net.Waits().Connect)
		next, f := p.Rejoin(rctx)
		if f == nil && next.Up(rctx, false) == nil {
			s.mu.Lock()
			s.part, s.full = next, true
			s.mu.Unlock()
			cancel()
			return nil
		}
		cancel()
		if f != nil && f.Kind == session.SignalLeave && f.Action == disconnectAction {
			return thrownOut(f.Reason)
		}
		next.Leave()
	}
	return &room.Event{Reason: "SIGNAL_CLOSE", End: &room.End{Outcome: room.Lost},
		Text: finding.Textf("the connection to the server was lost, and ten attempts did not bring it back")}
}

// emit emits an event with its time.
func (s *Stay) emit(e room.Event) {
	e.At = s.o.Now()
	s.events.Put(s.o.Redact.HideIn(e).(room.Event))
}

// finish emits the last event.
func (s *Stay) finish(e room.Event) {
	e.Type = room.Ended
	s.mu.Lock()
	if !s.since.IsZero() {
		e.End.InRoom = *room.Millis(s.o.Now().Sub(s.since))
	}
	s.end = e.End
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

// receives reports a received track, and reads it, so that the server learns its
// quality.
func (s *Stay) receives(t *webrtc.TrackRemote) {
	owner, track, found := strings.Cut(t.StreamID(), "|")
	if !found {
		track = t.ID()
	}
	s.mu.Lock()
	if e, known := s.people.Receives(owner, track); known {
		s.emit(e)
	}
	f := &flow{sid: s.o.Redact.Clean(track, 120), clock: max(1, float64(t.Codec().ClockRate))}
	s.flows[f] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.flows, f)
	}()
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		f.add(p, time.Now())
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

// reconnected reports that it is up again.
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

// connected reports that media is up.
func (s *Stay) connected() {
	s.mu.Lock()
	s.since = s.o.Now()
	s.mu.Unlock()
	s.emit(room.Event{Type: room.Media, Text: finding.Textf("media is connected (ICE, DTLS)")})
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
		s.emit(room.Event{Type: room.Problem, Text: finding.Textf("the server sends more than lkdoctor reads, and the rest waits or is dropped: %s", strings.Join(fresh, ", "))})
	}
}

// sample reads the path of the media, its round trip, and its traffic.
func (s *Stay) sample() {
	p := s.participant()
	s.reportExcess(p.Excess())
	s.traffic(p, time.Now())
	pair := p.Path()
	if pair == nil {
		return
	}
	path := room.Path{Kind: pair.Remote.Protocol, Local: address(pair.Local), LocalType: pair.Local.Type,
		Remote: address(pair.Remote), RemoteType: pair.Remote.Type}
	if pair.Local.Type == "relay" || pair.Remote.Type == "relay" {
		path.Kind = "relay"
	}
	s.mu.Lock()
	changed := s.path == nil || *s.path != path
	s.path = &path
	s.mu.Unlock()
	if changed {
		text := finding.Textf("media goes over %s: %s (%s) to %s (%s)", path.Kind, path.Local, path.LocalType, path.Remote, path.RemoteType)
		if path.RemoteType == "prflx" {
			text = finding.Textf("media goes over %s: %s (%s) to %s, which the server does not advertise: it advertises another address", path.Kind, path.Local, path.LocalType, path.Remote)
		}
		s.emit(room.Event{Type: room.PathChanged, Path: &path, Text: text})
	}
	if rtt := pair.LastRTT; rtt > 0 {
		s.emit(room.Event{Type: room.RTT, RTT: room.Millis(rtt), Text: finding.Textf("round trip %s", finding.Duration(rtt))})
	}
}

func address(c session.Candidate) string {
	return net.JoinHostPort(clean.Line(c.Address, 64), strconv.Itoa(c.Port))
}

// left returns the end of a stay that this side ended.
func left() *room.Event {
	return &room.Event{Text: finding.Textf("left the room"), End: &room.End{Outcome: room.Left}}
}

// overTime returns the end of a stay whose time is over. Without a connection to
// the server the stay did not end as planned, and Leave could not be sent.
func (s *Stay) overTime() *room.Event {
	s.mu.Lock()
	away := s.away
	s.mu.Unlock()
	if away.IsZero() {
		return left()
	}
	return &room.Event{Reason: "SIGNAL_CLOSE", End: &room.End{Outcome: room.Lost},
		Text: finding.Textf("the time was over while reconnecting, which had not succeeded within %s", finding.Duration(s.o.Now().Sub(away)))}
}

// thrownOut returns the end of a stay that the server ended.
func thrownOut(reason string) *room.Event {
	return &room.Event{Reason: reason, End: &room.End{Outcome: room.ThrownOut},
		Text: finding.Textf("the server ended the stay: %s (%s)", finding.LeaveReason(reason), reason)}
}

// refused returns why the server did not send Join. The doctor's checks look for
// the cause.
func (s *Stay) refused(ctx context.Context, f *session.SignalFailure) *room.Event {
	if ctx.Err() != nil {
		return left()
	}
	e := &room.Event{End: &room.End{Outcome: room.NotJoined, Stage: "signal"}}
	switch f.Kind {
	case session.SignalLeave:
		e.Reason = f.Reason
		e.Text = finding.Textf("the server ended the stay: %s (%s)", finding.LeaveReason(e.Reason), e.Reason)
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
	default:
		e.Text = finding.Textf("the room could not be joined")
	}
	return e
}

// notConnected returns why media did not connect after Join.
func (s *Stay) notConnected(ctx context.Context, m *session.Media) *room.Event {
	if ctx.Err() != nil {
		return left()
	}
	e := &room.Event{End: &room.End{Outcome: room.NotJoined, Stage: "media"},
		Text: finding.Textf("the server said Join, and no media path connected within %s", finding.Duration(m.Phases.Total))}
	switch m.Outcome {
	case session.OutcomeLeft:
		e.Reason = m.End.Reason
		e.Text = finding.Textf("the server ended the stay: %s (%s)", finding.LeaveReason(e.Reason), e.Reason)
	case session.OutcomeSignalLost:
		e.Text = finding.Textf("the server said Join, and the WebSocket was closed before media had connected")
	case session.OutcomeDTLSFailed:
		e.Text = finding.Textf("a path for media was found, and the DTLS handshake over it failed")
	}
	return e
}

// Publishing reports whether a clip is published, and whether it is muted.
func (s *Stay) Publishing(c room.Clip) (on, muted bool) {
	p := s.participant()
	if p == nil {
		return false, false
	}
	for _, one := range p.Published() {
		if one.Clip == clips.Clip(c) {
			return true, one.Muted
		}
	}
	return false, false
}

// Publish publishes a clip; it waits until the server has accepted it. For a
// published clip it does nothing.
func (s *Stay) Publish(c room.Clip) error { return s.publish(room.Sending{Clip: c}) }

func (s *Stay) publish(what room.Sending) error {
	c := what.Clip
	s.busy.Lock()
	defer s.busy.Unlock()
	p, may, err := s.may()
	switch on, _ := s.Publishing(c); {
	case err != nil:
		return err
	case !may.Publish:
		return room.ErrMayNot
	case on:
		return nil
	}
	taken, err := p.Publish(context.Background(), session.Sending{Clip: clips.Clip(c), Muted: what.Muted})
	if err == nil && taken == 0 {
		err = errors.Join(session.ErrNotTaken, p.Unpublish(clips.Clip(c)))
	}
	if err != nil {
		return fmt.Errorf("publish the %s: %w", c, err)
	}
	return nil
}

// publishFirst publishes Options.Publish, and reports failures.
func (s *Stay) publishFirst() {
	for _, what := range s.o.Publish {
		err := s.publish(what)
		switch {
		case errors.Is(err, room.ErrNotInRoom):
			return
		case errors.Is(err, room.ErrMayNot):
			s.emit(room.Event{Type: room.Problem, Text: finding.Textf("the token does not allow publishing (canPublish)")})
			return
		case err != nil:
			s.emit(room.Event{Type: room.Problem, Text: finding.Textf("%s could not be published: %s", string(what.Clip), s.o.Redact.Clean(err.Error(), 200))})
		}
	}
}

// Unpublish ends the publication of a clip.
func (s *Stay) Unpublish(c room.Clip) error {
	return s.change(func(p *session.Participant) error { return p.Unpublish(clips.Clip(c)) })
}

// Mute mutes what is published, or unmutes it. It survives reconnects.
func (s *Stay) Mute(muted bool) error {
	return s.change(func(p *session.Participant) error { return p.Mute(muted) })
}

// change changes what is published.
func (s *Stay) change(do func(*session.Participant) error) error {
	s.busy.Lock()
	defer s.busy.Unlock()
	p, _, err := s.may()
	if err == nil {
		err = do(p)
	}
	if errors.Is(err, session.ErrNotPublished) {
		return room.ErrNotOffered
	}
	return err
}

// may returns the participant and its permissions, while it is in the room.
func (s *Stay) may() (*session.Participant, room.Allowed, error) {
	select {
	case <-s.leaving:
		return nil, room.Allowed{}, room.ErrNotInRoom
	case <-s.done:
		return nil, room.Allowed{}, room.ErrNotInRoom
	default:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.since.IsZero():
		return nil, room.Allowed{}, room.ErrNotInRoom
	case !s.away.IsZero():
		return nil, room.Allowed{}, room.ErrReconnect
	}
	f := s.part.Facts
	return s.part, room.Allowed{Publish: f.CanPublish, Subscribe: f.CanSubscribe, Data: f.CanPublishData}, nil
}

// Reconnect simulates a lost connection: it cuts the WebSocket and resumes the
// session; with full it joins anew, as if the server had asked for that.
func (s *Stay) Reconnect(full bool) error {
	if _, _, err := s.may(); err != nil {
		return err
	}
	select {
	case s.simulate <- full:
		return nil
	default:
		return room.ErrReconnect
	}
}
