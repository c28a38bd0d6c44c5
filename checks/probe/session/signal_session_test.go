package session_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

func TestSignalCancelled(t *testing.T) {
	noLeaks(t)
	t.Run("before the answer", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(50*time.Millisecond, cancel)
		start := time.Now()
		_, got := session.Join(ctx, new(probe.Net), rawServer(t, ""), anyToken, session.Options{})
		if got == nil || got.Kind != session.SignalNetwork || got.Network.Kind != probe.KindCancelled {
			t.Fatalf("got %+v", got)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("it took %v", took)
		}
	})
	t.Run("before Join", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		left := make(chan bool, 1)
		base := wsServer(t, func(ws *websocket.Conn) {
			cancel()
			left <- until(ws, func(m *livekit.SignalRequest) bool { return m.GetLeave() != nil })
		})
		_, got := session.Join(ctx, new(probe.Net), base, anyToken, session.Options{})
		// The context may end before the response to the upgrade arrives.
		if got == nil || got.Kind != session.SignalCancelled && got.Kind != session.SignalNetwork {
			t.Fatalf("got %+v", got)
		}
		if said := <-left; got.Kind == session.SignalCancelled && !said {
			t.Error("no Leave was sent")
		}
	})
}

// TestSignalSession checks that a session answers pings, sends pings and sends Leave.
func TestSignalSession(t *testing.T) {
	noLeaks(t)
	ponged, pinged, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
	base := wsServer(t, func(ws *websocket.Conn) {
		join := joinMessage()
		join.GetJoin().PingInterval, join.GetJoin().PingTimeout = 1, 3
		join.GetJoin().Participant.Identity = "a\x1b[31mda"
		join.GetJoin().IceServers = []*livekit.ICEServer{
			{Urls: []string{"turn:turn.example:3478?transport=udp"}, Username: "user", Credential: "turn-credential"},
			{Urls: []string{"nonsense"}},
		}
		say(ws, join)
		ws.SetPongHandler(func(string) error { close(ponged); return nil })
		_ = ws.WriteControl(websocket.PingMessage, []byte("x"), time.Now().Add(time.Second))
		if until(ws, func(m *livekit.SignalRequest) bool { return m.GetPingReq() != nil }) {
			close(pinged)
		}
		if until(ws, func(m *livekit.SignalRequest) bool { return m.GetLeave() != nil }) {
			close(left)
		}
	})
	s, f := session.Join(within(t, 10*time.Second), new(probe.Net), base, anyToken, session.Options{})
	if f != nil {
		t.Fatal(f)
	}
	for name, c := range map[string]chan struct{}{"pong": ponged, "ping": pinged} {
		select {
		case <-c:
		case <-time.After(5 * time.Second):
			t.Errorf("no %s", name)
		}
	}
	if s.End() != nil {
		t.Errorf("it ended: %+v", s.End())
	}
	if s.Facts.ICEServersCount != 2 || !s.OffersTURN() || !s.Loopback {
		t.Errorf("facts %+v", s.Facts)
	}
	for _, shown := range []string{fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), fmt.Sprint(*new(session.JoinFacts), s.Facts), fmt.Sprintf("%#v", s.Facts)} {
		noSecretsOrControls(t, shown)
		if strings.Contains(shown, "turn-credential") {
			t.Errorf("the TURN credential shows: %s", shown)
		}
	}
	s.Leave()
	s.Leave()
	select {
	case <-left:
	case <-time.After(5 * time.Second):
		t.Error("no Leave")
	}
	if end := s.End(); end == nil || end.Left {
		t.Errorf("end %+v", end)
	}
}

// TestSignalLiveKitRefuses covers refusals of the real server.
func TestSignalLiveKitRefuses(t *testing.T) {
	open := startLiveKit(t, "", "")
	full := startLiveKit(t, "", "room: {max_participants: 1}")
	closed := startLiveKit(t, "", "room: {auto_create: false}")
	n := &probe.Net{}
	first, f := session.Join(within(t, 10*time.Second), n, full.base, tokenFor(t, "first", "full"), session.Options{})
	if f != nil {
		t.Fatal(f)
	}
	defer first.Leave()
	wrong := func(at *auth.AccessToken, _ *auth.VideoGrant) {
		*at = *auth.NewAccessToken(testKey, "another-secret-of-thirty-two-characters").SetIdentity("ada")
	}
	for _, c := range []struct {
		name   string
		server *livekitServer
		token  string
		status int
		body   string
	}{
		{"room full", full, tokenFor(t, "second", "full"), 500, "connection closed by media"},
		{"room absent", closed, tokenFor(t, "ada", "absent"), 404, "requested room does not exist"},
		{"wrong secret", open, tokenFor(t, "ada", "room", wrong), 401, "invalid token: "},
		{"opaque", open, "lk_demo_0123456789012345678901234567890123456789012", 401, "invalid authorization token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, got := session.Join(within(t, 10*time.Second), n, c.server.base, c.token, session.Options{})
			if got == nil || got.Kind != session.SignalUpgradeRefused || got.Status != c.status || !strings.HasPrefix(got.Body, c.body) || !got.LiveKit {
				t.Fatalf("got %+v", got)
			}
			if shown := fmt.Sprintf("%+v %v", *got, got); strings.Contains(shown, c.token[len(c.token)-20:]) {
				t.Errorf("the token shows: %s", shown)
			}
		})
	}
}

// TestSignalDuplicateIdentity checks the end of a participant who is replaced by a second
// one of the same identity.
func TestSignalDuplicateIdentity(t *testing.T) {
	server := startLiveKit(t, "", "")
	n := &probe.Net{}
	open := func() *session.Participant {
		s, f := session.Join(within(t, 10*time.Second), n, server.base, tokenFor(t, "ada", "room"), session.Options{})
		if f != nil {
			t.Fatal(f)
		}
		t.Cleanup(s.Leave)
		return s
	}
	first := open()
	open()
	select {
	case <-first.Done():
	case <-time.After(5 * time.Second):
		t.Fatal("the first one is still in")
	}
	if end := first.End(); end == nil || !end.Left || end.Reason != "DUPLICATE_IDENTITY" {
		t.Errorf("end %+v", end)
	}
}

// TestSignalInQuery checks that a token in the query works with a proxy that drops other headers.
func TestSignalInQuery(t *testing.T) {
	server := startLiveKit(t, "", "")
	base := signalProxy{}.start(t, server.base) // forwards no header but Authorization
	s, f := session.Join(within(t, 10*time.Second), new(probe.Net), base, tokenFor(t, "ada", "room"), session.Options{InQuery: true})
	if f != nil {
		t.Fatal(f)
	}
	s.Leave()
}
