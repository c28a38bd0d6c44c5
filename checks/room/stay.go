package room

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
)

// Options are the choices of one stay.
type Options struct {
	// URL is the server's address, as the SDKs take it.
	URL   *url.URL
	Token string
	// TokenInQuery sends the token as browsers do, where something on the way
	// drops the Authorization header.
	TokenInQuery bool
	// Net says how to reach the server; only its edges are used.
	Net *probe.Net
	// Redact knows the run's secrets; the token is added to it.
	Redact *clean.Redactor
	// Now is the clock of the events; nil is time.Now.
	Now func() time.Time
	// Connect is what joining may take, media included; 0 means 7 s.
	Connect time.Duration
	// Publish is what is published as soon as media is up.
	Publish []Clip
	// For is how long to stay, from when media is up; 0 is without end.
	For time.Duration
	// Sample is how often path and round trip are looked at; 0 means 2 s, which
	// is as often as they are measured (ICE consent checks).
	Sample time.Duration
}

// Silence stops the SDK from logging, which it does to stderr, tokens included
// (server-sdk-go v2.18.1; its per-room logger does not silence pion). It is the
// process's own choice, so it is made once, before the first Open.
func Silence() { lksdk.SetLogger(logger.GetDiscardLogger()) }

// String keeps the token out of every print.
func (o Options) String() string { return "options of a stay" }

// GoString is String.
func (o Options) GoString() string { return o.String() }

// goodbye is what leaving politely may take.
const goodbye = 700 * time.Millisecond

// Stay is one stay in a room, from before the join until after the leave. Its
// methods may be called from any goroutine.
type Stay struct {
	o       Options
	events  *queue
	bridge  *bridge
	room    *lksdk.Room
	mine    *publications
	leaving chan struct{}
	once    sync.Once
	done    chan struct{}
	// joined is closed once the SDK's Join has returned, abandoned when it is no
	// longer waited for: until then the SDK must not be told to disconnect.
	joined, abandoned chan struct{}
	departing         sync.Once

	// gone is closed when the SDK has given up, or the server sent us away.
	gone     chan struct{}
	goneOnce sync.Once

	mu           sync.Mutex
	people       *people
	allowed      Allowed
	leave        *livekit.LeaveRequest // the last one that the server sent
	since        time.Time             // when media was up
	reconnecting time.Time
	full         bool
	path         *Path
	end          *End
}

// Open starts a stay and returns at once; Next tells how it goes. The room is
// left when ctx ends, when Leave is called, or when the server ends the stay;
// the last event, Ended, comes after that. Somebody has to read Next until
// io.EOF, or call Close.
//
// Silence must have been called before.
func Open(ctx context.Context, o Options) *Stay {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Net == nil {
		o.Net = &probe.Net{}
	}
	if o.Connect <= 0 {
		o.Connect = 7 * time.Second
	}
	if o.Sample <= 0 {
		o.Sample = 2 * time.Second
	}
	o.Redact = o.Redact.With(o.Token)
	s := &Stay{o: o, events: newQueue(), leaving: make(chan struct{}), done: make(chan struct{}), gone: make(chan struct{}),
		joined: make(chan struct{}), abandoned: make(chan struct{}),
		people: newPeople(o.Redact)}
	s.mine = &publications{stay: s, list: map[Clip]*publication{}}
	go s.live(ctx)
	return s
}

// Next waits for the next event; io.EOF after the last one.
func (s *Stay) Next(ctx context.Context) (Event, error) { return s.events.next(ctx) }

// Leave leaves the room, as planned. It does not wait; more than once is
// harmless.
func (s *Stay) Leave() { s.once.Do(func() { close(s.leaving) }) }

// Close leaves and waits until the room is left.
func (s *Stay) Close() {
	s.Leave()
	<-s.done
}

// End is how the stay ended, nil while it goes on.
func (s *Stay) End() *End {
	select {
	case <-s.done:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.end
	default:
		return nil
	}
}

// live is the whole stay. Whatever happens, it leaves the room.
func (s *Stay) live(ctx context.Context) {
	defer close(s.done)
	defer s.events.close()
	defer func() {
		if p := recover(); p != nil {
			if s.bridge != nil && s.room != nil {
				s.depart()
			}
			s.finish(Event{Text: finding.Textf("lkdoctor itself failed here: %s", s.o.Redact.Clean(fmt.Sprint(p), 200)),
				End: &End{Outcome: Lost}})
		}
	}()
	s.tell(Event{Type: Joining, URL: clean.URL(s.o.URL.String()), Text: finding.Textf("joining at %s", clean.URL(s.o.URL.String()))})
	b, err := newBridge(s.o, s.hears)
	if err != nil {
		s.finish(Event{Text: finding.Textf("could not begin: %s", clean.Line(err.Error(), 200)), End: &End{Outcome: NotJoined, Stage: "signal"}})
		return
	}
	s.bridge = b
	s.room = lksdk.NewRoom(s.callbacks())
	s.takeStreams()
	end := s.join(ctx)
	if end == nil {
		s.connected()
		go s.publishFirst()
		end = s.stay(ctx)
	}
	s.depart()
	s.finish(*end)
}

// join brings the SDK in; an event is why it did not. The SDK minds neither a
// context nor its own time-out everywhere, so it has a goroutine of its own and
// is cut off when its time is over.
func (s *Stay) join(ctx context.Context) *Event {
	result := make(chan error, 1)
	go s.joinSDK(ctx, result)
	timer := time.NewTimer(s.o.Connect + time.Second)
	defer timer.Stop()
	select {
	case err := <-result:
		if err == nil {
			return nil
		}
		return s.notJoined(ctx)
	case <-s.gone:
		return s.notJoined(ctx)
	case <-s.leaving:
		return s.left(Left)
	case <-ctx.Done():
		return s.left(Interrupted)
	case <-timer.C:
		return s.notJoined(ctx)
	}
}

// joinSDK is the SDK's Join. Where nobody waits for it any more, it also closes
// what the SDK holds open.
func (s *Stay) joinSDK(ctx context.Context, result chan<- error) {
	defer func() {
		if p := recover(); p != nil {
			select {
			case result <- fmt.Errorf("the SDK failed: %v", p):
			default: // it had returned before
			}
		}
	}()
	err := s.room.JoinWithContextAndToken(ctx, s.bridge.url(), s.o.Token,
		lksdk.WithConnectTimeout(s.o.Connect), lksdk.WithDisableRegionDiscovery())
	close(s.joined)
	result <- err
	<-s.abandoned
	s.room.Disconnect()
}

// stay waits for the end and looks at the path meanwhile.
func (s *Stay) stay(ctx context.Context) *Event {
	var over <-chan time.Time
	if s.o.For > 0 {
		timer := time.NewTimer(s.o.For)
		defer timer.Stop()
		over = timer.C
	}
	tick := time.NewTimer(0)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			// The SDK says that it is connected a little before the pair is known.
			next := s.o.Sample
			if !s.sample() {
				next = min(next, 50*time.Millisecond)
			}
			tick.Reset(next)
		case <-over:
			return s.overTime()
		case <-s.gone:
			return s.sentAway()
		case <-s.leaving:
			return s.left(Left)
		case <-ctx.Done():
			return s.left(Interrupted)
		}
	}
}

// depart says good-bye and ends every connection, once.
func (s *Stay) depart() {
	s.departing.Do(func() {
		s.mine.stop()
		select {
		case <-s.joined:
		default:
			s.bridge.leave()
		}
		close(s.abandoned) // from here on joinSDK disconnects
		s.bridge.close(goodbye)
	})
}

// tell hands out an event with its time.
func (s *Stay) tell(e Event) {
	e.At = s.o.Now()
	s.events.put(e)
}

// finish hands out the last event.
func (s *Stay) finish(e Event) {
	e.Type = Ended
	s.mu.Lock()
	if !s.since.IsZero() {
		e.End.InRoom = *millis(s.o.Now().Sub(s.since))
	}
	s.end = e.End
	s.mu.Unlock()
	s.tell(e)
}
