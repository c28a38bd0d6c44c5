package stay

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"

	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/room"
	"lkdoctor/checks/token"
	"lkdoctor/config/clean"
)

// limit is the time after which a wait fails the test. No test needs more than a few seconds.
const limit = 30 * time.Second

// A site is a real server with one key pair.
type site struct {
	t      *testing.T
	server *lab.LiveKit
	pair   lab.Pair
}

func newSite(t *testing.T, rtc string) *site {
	t.Helper()
	pair := lab.NewPair()
	server, err := lab.StartLiveKit(t.Context(), lab.LiveKitOptions{Keys: map[string]string{pair.Key: pair.Secret}, RTC: rtc})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return &site{t: t, server: server, pair: pair}
}

func (s *site) token(identity string, change ...func(*token.MintOptions)) string {
	s.t.Helper()
	o := token.MintOptions{Key: s.pair.Key, Secret: s.pair.Secret, Identity: identity, Room: "lobby", Now: time.Now()}
	for _, c := range change {
		c(&o)
	}
	raw, err := token.Mint(o)
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

// options returns Options with frequent samples.
func options(t *testing.T, raw, tok string) Options {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return Options{URL: u, Token: tok, Net: &probe.Net{Proxy: func(*url.URL) (*url.URL, error) { return nil, nil }, Limits: probe.Limits{Connect: 5 * time.Second}},
		Redact: clean.NewRedactor(tok), Sample: 50 * time.Millisecond}
}

// A guest is a stay and the events read from it so far.
type guest struct {
	*Stay
	t    *testing.T
	seen []room.Event
}

func (s *site) open(identity string, change ...func(*token.MintOptions)) *guest {
	return open(s.t, s.t.Context(), options(s.t, s.server.URL, s.token(identity, change...)))
}

// in opens a stay and waits until media is up.
func (s *site) in(identity string, change ...func(*token.MintOptions)) *guest {
	g := s.open(identity, change...)
	g.until("media is up", func(e room.Event) bool { return e.Type == room.Media })
	return g
}

func open(t *testing.T, ctx context.Context, o Options) *guest {
	g := &guest{Stay: Open(ctx, o), t: t}
	t.Cleanup(func() {
		g.Close()
		if t.Failed() {
			for _, e := range g.seen {
				if e.Type != room.RTT {
					t.Logf("%s %s", e.Type, e.Text)
				}
			}
		}
	})
	return g
}

// since returns the first event that fits after the first n of g.seen, and waits for one
// if there is none. n must be taken before the action that causes the event.
func (g *guest) since(n int, what string, fits func(room.Event) bool) room.Event {
	g.t.Helper()
	if i := slices.IndexFunc(g.seen[n:], fits); i >= 0 {
		return g.seen[n+i]
	}
	return g.until(what, fits)
}

// until reads events until one fits, and returns it.
func (g *guest) until(what string, fits func(room.Event) bool) room.Event {
	g.t.Helper()
	late := time.After(limit)
	for {
		select {
		case e, more := <-g.Events():
			if !more {
				g.t.Fatalf("the events end before %s", what)
			}
			g.seen = append(g.seen, e)
			if fits(e) {
				return e
			}
		case <-late:
			g.t.Fatalf("waiting until %s", what)
		}
	}
}

// rest reads all events and returns the last.
func (g *guest) rest() room.Event {
	g.t.Helper()
	e := g.until("it ends", func(e room.Event) bool { return e.Type == room.Ended })
	if after, more := <-g.Events(); more {
		g.t.Fatalf("after the end: %+v", after)
	}
	return e
}

// service returns a client of the RoomService and a context with its token.
func (s *site) service() (livekit.RoomService, context.Context) {
	s.t.Helper()
	grant := &auth.VideoGrant{RoomAdmin: true, RoomCreate: true, RoomList: true, Room: "lobby"}
	tok, err := auth.NewAccessToken(s.pair.Key, s.pair.Secret).SetVideoGrant(grant).ToJWT()
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, err := twirp.WithHTTPRequestHeaders(s.t.Context(), http.Header{"Authorization": {"Bearer " + tok}})
	if err != nil {
		s.t.Fatal(err)
	}
	return livekit.NewRoomServiceProtobufClient(strings.Replace(s.server.URL, "ws", "http", 1), http.DefaultClient), ctx
}

// identities returns the sorted identities that the server lists in the room.
func (s *site) identities() []string {
	s.t.Helper()
	service, ctx := s.service()
	list, err := service.ListParticipants(ctx, &livekit.ListParticipantsRequest{Room: "lobby"})
	if err != nil {
		return nil // the room ends with its last participant
	}
	var names []string
	for _, p := range list.Participants {
		names = append(names, p.Identity)
	}
	slices.Sort(names)
	return names
}

// only waits until the server lists exactly the identities in want.
func (s *site) only(want ...string) {
	s.t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(5 * time.Millisecond) {
		got := s.identities()
		if slices.Equal(got, want) {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("in the room: %v, want %v", got, want)
		}
	}
}

// behindProxy starts a proxy to the server. The caller closes it.
func (s *site) behindProxy() *lab.Peer {
	s.t.Helper()
	proxy, err := lab.Serve(lab.Forward(s.server.Addr), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return proxy
}
