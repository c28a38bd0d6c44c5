package room

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/finding"
)

func joinOf(me string, others ...*livekit.ParticipantInfo) *livekit.SignalResponse {
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_Join{Join: &livekit.JoinResponse{
		Room: &livekit.Room{Name: "lobby", Sid: "RM_1"}, Participant: &livekit.ParticipantInfo{Sid: me, Identity: "me"},
		OtherParticipants: others, ServerInfo: &livekit.ServerInfo{Version: "1.13.5"}}}}
}

func updateOf(infos ...*livekit.ParticipantInfo) *livekit.SignalResponse {
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_Update{Update: &livekit.ParticipantUpdate{Participants: infos}}}
}

func bob(tracks ...*livekit.TrackInfo) *livekit.ParticipantInfo {
	return &livekit.ParticipantInfo{Sid: "PA_bob", Identity: "bob", Tracks: tracks}
}

func mic(muted bool) *livekit.TrackInfo {
	return &livekit.TrackInfo{Sid: "TR_mic", Type: livekit.TrackType_AUDIO, Source: livekit.TrackSource_MICROPHONE, Muted: muted, MimeType: "audio/opus"}
}

func gone(reason livekit.DisconnectReason) *livekit.ParticipantInfo {
	info := bob()
	info.State, info.DisconnectReason = livekit.ParticipantInfo_DISCONNECTED, reason
	return info
}

func TestPeople(t *testing.T) {
	speaks := func(active bool) *livekit.SignalResponse {
		return &livekit.SignalResponse{Message: &livekit.SignalResponse_SpeakersChanged{SpeakersChanged: &livekit.SpeakersChanged{
			Speakers: []*livekit.SpeakerInfo{{Sid: "PA_bob", Active: active, Level: 0.5}}}}}
	}
	for name, c := range map[string]struct {
		messages []*livekit.SignalResponse
		want     []string
	}{
		"somebody was here": {[]*livekit.SignalResponse{joinOf("PA_me", bob(mic(true)))},
			[]string{"joined lobby as me on LiveKit 1.13.5; others there: 1", "bob is here", "bob publishes the microphone (audio)"}},
		"comes, publishes, mutes, stops, leaves": {[]*livekit.SignalResponse{joinOf("PA_me"), updateOf(bob()), updateOf(bob(mic(false))),
			updateOf(bob(mic(true))), updateOf(bob(mic(false))), updateOf(bob()), updateOf(gone(livekit.DisconnectReason_CLIENT_INITIATED))},
			[]string{"joined lobby as me on LiveKit 1.13.5; nobody else is there", "bob joined", "bob publishes the microphone (audio)",
				"bob muted the microphone (audio)", "bob unmuted the microphone (audio)", "bob unpublished the microphone (audio)", "bob left"}},
		"is thrown out": {[]*livekit.SignalResponse{joinOf("PA_me", bob()), updateOf(gone(livekit.DisconnectReason_DUPLICATE_IDENTITY))},
			[]string{"joined lobby as me on LiveKit 1.13.5; others there: 1", "bob is here",
				"bob left: somebody else joined with the same identity (DUPLICATE_IDENTITY)"}},
		"speaks and stops": {[]*livekit.SignalResponse{joinOf("PA_me", bob()), speaks(true), speaks(false)},
			[]string{"joined lobby as me on LiveKit 1.13.5; others there: 1", "bob is here", "speaking: bob", "nobody speaks"}},
		"spoke when we reconnected": {[]*livekit.SignalResponse{joinOf("PA_me", bob()), speaks(true), joinOf("PA_me2", bob())},
			[]string{"joined lobby as me on LiveKit 1.13.5; others there: 1", "bob is here", "speaking: bob", "nobody speaks"}},
		"spoke where we were before": {[]*livekit.SignalResponse{joinOf("PA_me", bob()), speaks(true),
			{Message: &livekit.SignalResponse_RoomMoved{RoomMoved: &livekit.RoomMovedResponse{
				Room: &livekit.Room{Name: "other"}, Participant: &livekit.ParticipantInfo{Sid: "PA_me", Identity: "me"}}}},
			{Message: &livekit.SignalResponse_SpeakersChanged{SpeakersChanged: &livekit.SpeakersChanged{
				Speakers: []*livekit.SpeakerInfo{{Sid: "PA_me", Active: true, Level: 0.5}}}}}},
			[]string{"joined lobby as me on LiveKit 1.13.5; others there: 1", "bob is here", "speaking: bob", "the server moved us to room other", "bob left", "speaking: me"}},
		"left while we reconnected": {[]*livekit.SignalResponse{joinOf("PA_me", bob()), joinOf("PA_me2")},
			[]string{"joined lobby as me on LiveKit 1.13.5; others there: 1", "bob is here", "bob left"}},
		"nothing new": {[]*livekit.SignalResponse{joinOf("PA_me", bob()), updateOf(bob()), updateOf(gone(0)), updateOf(gone(0))},
			[]string{"joined lobby as me on LiveKit 1.13.5; others there: 1", "bob is here", "bob left"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := NewPeople(nil)
			var got []string
			for _, m := range c.messages {
				for _, e := range p.Hears(m) {
					got = append(got, e.Text.String())
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestARoomWithoutEndIsBounded(t *testing.T) {
	p := NewPeople(nil)
	p.Hears(joinOf("PA_me"))
	for i := range caps.People + 100 {
		p.Hears(updateOf(&livekit.ParticipantInfo{Sid: fmt.Sprint("PA_", i), Identity: fmt.Sprint(i)}))
	}
	p.Hears(updateOf(&livekit.ParticipantInfo{Sid: "PA_0", Metadata: strings.Repeat("m", 1<<20), Tracks: make([]*livekit.TrackInfo, 5000)}))
	if n := len(p.known); n > caps.People {
		t.Errorf("%d people are kept", n)
	}
	if info := p.known["PA_0"]; len(info.GetMetadata()) > caps.Name || len(info.GetTracks()) > caps.Tracks {
		t.Errorf("%d bytes of metadata and %d tracks are kept", len(info.GetMetadata()), len(info.GetTracks()))
	}
}

// FuzzPeople checks that no message of a server panics or yields control characters.
func FuzzPeople(f *testing.F) {
	for _, m := range []*livekit.SignalResponse{joinOf("PA_me", bob(mic(true))), updateOf(bob(mic(false))), updateOf(gone(2)),
		{Message: &livekit.SignalResponse_RoomMoved{RoomMoved: &livekit.RoomMovedResponse{}}},
		{Message: &livekit.SignalResponse_Mute{Mute: &livekit.MuteTrackRequest{Sid: "TR_mic", Muted: true}}},
		{Message: &livekit.SignalResponse_RequestResponse{RequestResponse: &livekit.RequestResponse{Reason: 1, Message: "\x1b[2J"}}}} {
		data, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := &livekit.SignalResponse{}
		if proto.Unmarshal(data, m) != nil {
			return
		}
		p := NewPeople(nil)
		for _, one := range []*livekit.SignalResponse{m, joinOf("PA_me", bob(mic(true))), m, m} {
			for _, e := range p.Hears(one) {
				raw, err := json.Marshal(e)
				if err != nil {
					t.Fatal(err)
				}
				if i := strings.IndexFunc(string(raw)+e.Text.String(), unicode.IsControl); i >= 0 {
					t.Fatalf("a control character in %q", e.Text)
				}
			}
		}
	})
}

func TestEveryReasonOfLiveKitHasWords(t *testing.T) {
	unknown := finding.LeaveReason("no such reason").String()
	for _, name := range livekit.DisconnectReason_name {
		if got := finding.LeaveReason(name).String(); got == unknown && name != "UNKNOWN_REASON" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAFloodDropsMessagesAndSaysSo(t *testing.T) {
	q := NewQueue()
	for range caps.Waiting + 10 {
		q.Put(Event{Type: Data, Message: &Message{}})
	}
	q.Put(Event{Type: ParticipantLeft})
	for range caps.Waiting {
		if e := <-q.Events(); e.Type != Data {
			t.Fatal(e.Type)
		}
	}
	if e := <-q.Events(); e.Type != ParticipantLeft {
		t.Fatal(e.Type)
	}
	q.Put(Event{Type: Data, Message: &Message{}})
	if e := <-q.Events(); e.Message.Dropped != 10 {
		t.Fatalf("%+v", e.Message)
	}
}
