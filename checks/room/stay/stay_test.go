package stay

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/finding"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/token"

	"lkdoctor/checks/room"
)

func TestTwoParticipantsSeeEachOther(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	ann := s.in("ann")
	bob := s.open("bob")
	joined := bob.until("bob has joined", func(e room.Event) bool { return e.Type == room.Joined })
	if joined.Room != "lobby" || joined.Who.Identity != "bob" || joined.Server.Version == "" || !joined.Allowed.Publish {
		t.Errorf("joined: %+v", joined)
	}
	already := bob.until("bob sees ann", func(e room.Event) bool { return e.Type == room.ParticipantJoined })
	if already.Who.Identity != "ann" || !already.Already {
		t.Errorf("already there: %+v", already.Who)
	}
	came := ann.until("ann sees bob", func(e room.Event) bool { return e.Type == room.ParticipantJoined })
	if came.Who.Identity != "bob" || came.Already {
		t.Errorf("came: %+v", came.Who)
	}
	bob.until("bob's media is up", func(e room.Event) bool { return e.Type == room.Media })
	path := bob.until("bob's path is known", func(e room.Event) bool { return e.Type == room.PathChanged })
	if path.Path.Kind != "udp" || path.Path.RemoteType == "" || path.Path.Local == "" {
		t.Errorf("path: %+v", path.Path)
	}
	bob.until("a round trip is measured", func(e room.Event) bool { return e.Type == room.RTT && *e.RTT >= 0 })

	if err := bob.Send("good \x1b[31mmorning\u202e"); err != nil {
		t.Fatal(err)
	}
	said := ann.until("ann hears bob", func(e room.Event) bool { return e.Type == room.Data })
	if said.Message.From != "bob" || said.Message.Text != `good \u001b[31mmorning\u202e` {
		t.Errorf("message: %+v", said.Message)
	}

	bob.Leave()
	if end := bob.rest(); end.End.Outcome != room.Left || end.End.InRoom <= 0 {
		t.Errorf("bob's end: %+v", end.End)
	}
	gone := ann.until("ann sees bob leave", func(e room.Event) bool { return e.Type == room.ParticipantLeft })
	if gone.Who.Identity != "bob" || gone.Reason != "CLIENT_INITIATED" {
		t.Errorf("left: %+v", gone)
	}
	s.only("ann")
	ann.Close()
	s.only()
}

func TestToneAndPatternReachTheOther(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	ann, bob := s.in("ann"), s.in("bob")
	for _, c := range []room.Clip{room.Tone, room.Pattern} {
		if err := bob.Publish(c); err != nil {
			t.Fatal(err)
		}
		kind := map[room.Clip]string{room.Tone: "audio", room.Pattern: "video"}[c]
		seen := ann.until("ann sees the "+string(c), func(e room.Event) bool { return e.Type == room.TrackPublished })
		if seen.Track.Kind != kind || seen.Track.Name != string(c) || seen.Who.Identity != "bob" {
			t.Errorf("published: %+v", seen.Track)
		}
		ann.until("ann receives it", func(e room.Event) bool { return e.Type == room.TrackReceived && e.Track.Kind == kind })
	}
	ann.until("the server hears bob", func(e room.Event) bool {
		return e.Type == room.Speaking && len(e.Speakers) == 1 && e.Speakers[0].Identity == "bob"
	})
	if err := bob.Mute(true); err != nil {
		t.Fatal(err)
	}
	ann.until("bob is muted", func(e room.Event) bool { return e.Type == room.TrackMuted && e.Track.Kind == "audio" })
	if got := bob.Publishing(); !slices.Equal(got, []room.Sending{{Clip: room.Tone, Muted: true}, {Clip: room.Pattern, Muted: true}}) {
		t.Errorf("publishing %+v", got)
	}
	if err := bob.Mute(false); err != nil {
		t.Fatal(err)
	}
	ann.until("bob is unmuted", func(e room.Event) bool { return e.Type == room.TrackUnmuted && e.Track.Kind == "audio" })
	if err := bob.Unpublish(room.Tone); err != nil {
		t.Fatal(err)
	}
	ann.until("the tone is gone", func(e room.Event) bool { return e.Type == room.TrackUnpublished && e.Track.Kind == "audio" })
	if got := bob.Publishing(); !slices.Equal(got, []room.Sending{{Clip: room.Pattern}}) {
		t.Errorf("publishing %+v", got)
	}
}

// TestReconnects checks that publications come back after a reconnect, muted or not.
func TestReconnects(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	ann, bob := s.in("ann"), s.in("bob")
	for _, c := range []room.Clip{room.Tone, room.Pattern} {
		if err := bob.Publish(c); err != nil {
			t.Fatal(err)
		}
		ann.until("the "+string(c)+" arrives", func(e room.Event) bool { return e.Type == room.TrackReceived })
	}
	for i, full := range []bool{false, true, false, true} {
		muted := i >= 2
		if err := bob.Mute(muted); err != nil {
			t.Fatal(err)
		}
		n := len(bob.seen)
		if err := bob.Reconnect(full); err != nil {
			t.Fatal(err)
		}
		away := bob.until("bob reconnects", func(e room.Event) bool { return e.Type == room.Reconnecting })
		back := bob.until("bob is back", func(e room.Event) bool { return e.Type == room.Reconnected })
		if full != back.Full || full != away.Full || back.Took == nil {
			t.Errorf("full %v: %+v %+v", full, away, back)
		}
		want := []room.Sending{{Clip: room.Tone, Muted: muted}, {Clip: room.Pattern, Muted: muted}}
		if got := bob.Publishing(); !slices.Equal(got, want) {
			t.Errorf("publishing %+v, want %+v", got, want)
		}
		if full {
			for range 2 {
				e := ann.until("the track is back", func(e room.Event) bool { return e.Type == room.TrackPublished })
				if e.Track.Muted != muted {
					t.Errorf("%s is muted: %v, want %v", e.Track.Name, e.Track.Muted, muted)
				}
			}
			bob.since(n, "the tone is published anew", func(e room.Event) bool { return e.Type == room.TrackPublished && e.Me })
		}
		if full && !muted {
			ann.until("it arrives again", func(e room.Event) bool { return e.Type == room.TrackReceived })
		}
		if err := bob.Send("still here"); err != nil {
			t.Fatal(err)
		}
		ann.until("ann hears bob", func(e room.Event) bool { return e.Type == room.Data })
		if err := ann.Send("so am I"); err != nil {
			t.Fatal(err)
		}
		bob.until("bob hears ann", func(e room.Event) bool { return e.Type == room.Data })
	}
	if err := bob.Mute(false); err != nil {
		t.Fatal(err)
	}
	ann.until("bob is heard again", func(e room.Event) bool {
		return e.Type == room.Speaking && len(e.Speakers) == 1 && e.Speakers[0].Identity == "bob"
	})
	if err := bob.Unpublish(room.Tone); err != nil {
		t.Error(err)
	}
}

// TestOverTCPAndTURN checks that two participants receive each other's media without UDP,
// and through a TURN server only.
func TestOverTCPAndTURN(t *testing.T) {
	t.Parallel()
	relay, err := lab.StartTURN(lab.TURNOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = relay.Close() })
	for kind, c := range map[string]struct {
		rtc   string
		media session.MediaOptions
	}{
		"tcp":   {"force_tcp: true", session.MediaOptions{}},
		"relay": {"turn_servers: [" + relay.Config() + "]", session.MediaOptions{ForceRelay: true}},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, c.rtc)
			guests := map[string]*guest{}
			for _, name := range []string{"ann", "bob"} {
				o := options(t, s.server.URL, s.token(name))
				o.Net.Limits, o.Media = probe.Limits{}, c.media
				guests[name] = open(t, t.Context(), o)
			}
			for _, g := range guests {
				if path := g.until("the path is known", func(e room.Event) bool { return e.Type == room.PathChanged }).Path; path.Kind != kind {
					t.Errorf("path: %+v", path)
				}
				if err := g.Publish(room.Tone); err != nil {
					t.Fatal(err)
				}
			}
			for name, other := range map[string]string{"ann": "bob", "bob": "ann"} {
				guests[name].until(name+" receives "+other, func(e room.Event) bool { return e.Type == room.TrackReceived && e.Who.Identity == other })
				guests[name].until(name+" hears "+other, func(e room.Event) bool {
					return e.Type == room.Speaking && slices.ContainsFunc(e.Speakers, func(s room.Speaker) bool { return s.Identity == other })
				})
			}
			for _, full := range []bool{false, true} {
				n := len(guests["ann"].seen)
				if err := guests["ann"].Reconnect(full); err != nil {
					t.Fatal(err)
				}
				back := guests["ann"].until("ann is back", func(e room.Event) bool { return e.Type == room.Reconnected })
				path := guests["ann"].since(n, "the path is known", func(e room.Event) bool { return e.Type == room.PathChanged }).Path
				if back.Full != full || path.Kind != kind {
					t.Errorf("full %v: %+v, %+v", full, back, path)
				}
			}
		})
	}
}

// TestTheServerEndsTheStay checks the reason for each end by the server. livekit-server
// 1.13.5 sends Leave and closes the connection concurrently, and sometimes the Leave is
// lost, which makes the stay resume as SDKs do. So each reason has three tries.
func TestTheServerEndsTheStay(t *testing.T) {
	t.Parallel()
	const tries = 3
	for reason, end := range map[string]func(*site) error{
		"DUPLICATE_IDENTITY": func(s *site) error { s.open("ann"); return nil },
		"PARTICIPANT_REMOVED": func(s *site) error {
			service, ctx := s.service()
			_, err := service.RemoveParticipant(ctx, &livekit.RoomParticipantIdentity{Room: "lobby", Identity: "ann"})
			return err
		},
		"ROOM_DELETED": func(s *site) error {
			service, ctx := s.service()
			_, err := service.DeleteRoom(ctx, &livekit.DeleteRoomRequest{Room: "lobby"})
			return err
		},
		"SERVER_SHUTDOWN": func(s *site) error { return s.server.Close() },
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var last room.Event
			for range tries {
				s := newSite(t, "")
				o := options(t, s.server.URL, s.token("ann"))
				o.For = 4 * time.Second
				ann := open(t, t.Context(), o)
				ann.until("media is up", func(e room.Event) bool { return e.Type == room.Media })
				if err := end(s); err != nil {
					t.Fatal(err)
				}
				if last = ann.rest(); last.End.Outcome == room.ThrownOut && last.Reason == reason {
					if finding.LeaveAdvice(reason).IsZero() {
						t.Error("no advice")
					}
					return
				}
				t.Logf("end: %s %+v", last.Text, last.End)
			}
			t.Errorf("in %d tries the reason did not come", tries)
		})
	}
}

func TestEveryWayOutLeavesTheRoom(t *testing.T) {
	s := newSite(t, "")
	for name, c := range map[string]struct {
		stay time.Duration
		out  func(g *guest, cancel func())
		want room.Outcome
	}{
		"interrupt": {0, func(_ *guest, cancel func()) { cancel() }, room.Interrupted},
		"leave":     {0, func(g *guest, _ func()) { g.Leave() }, room.Left},
		"time over": {time.Millisecond, func(*guest, func()) {}, room.Left},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			o := options(t, s.server.URL, s.token("ann"))
			o.For = c.stay
			g := open(t, ctx, o)
			g.until("media is up", func(e room.Event) bool { return e.Type == room.Media })
			began := time.Now()
			c.out(g, cancel)
			if end := g.rest(); end.End.Outcome != c.want {
				t.Errorf("end: %+v", end.End)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("leaving took %s", took)
			}
			s.only()
		})
	}
}

func TestWhatTheTokenDoesNotAllowIsSaid(t *testing.T) {
	s := newSite(t, "")
	no := false
	g := s.in("ann", func(o *token.MintOptions) { o.CanPublish, o.CanPublishData = &no, &no })
	if err := g.Publish(room.Tone); !errors.Is(err, room.ErrMayNot) {
		t.Errorf("publish: %v", err)
	}
	if err := g.Send("hello"); !errors.Is(err, room.ErrMayNot) {
		t.Errorf("send: %v", err)
	}
	o := options(t, s.server.URL, s.token("bob", func(o *token.MintOptions) { o.CanPublish = &no }))
	o.Publish = []room.Sending{{Clip: room.Tone}}
	bob := open(t, t.Context(), o)
	if e := bob.until("it is said", func(e room.Event) bool { return e.Type == room.Problem }); !strings.Contains(e.Text.String(), "canPublish") {
		t.Errorf("problem: %s", e.Text)
	}
	g.Close()
	if err := g.Send("hello"); !errors.Is(err, room.ErrNotInRoom) {
		t.Errorf("send afterwards: %v", err)
	}
}

func TestNoEventHoldsTheToken(t *testing.T) {
	s := newSite(t, "")
	tok := s.token("ann")
	g := open(t, t.Context(), options(t, s.server.URL, tok))
	g.until("media is up", func(e room.Event) bool { return e.Type == room.Media })
	g.Leave()
	g.rest()
	for _, e := range g.seen {
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		signature := tok[strings.LastIndexByte(tok, '.')+1:]
		if text := string(raw) + e.Text.String(); strings.Contains(text, signature) || strings.Contains(text, s.pair.Secret) {
			t.Errorf("%s holds the token: %s", e.Type, text)
		}
	}
}
