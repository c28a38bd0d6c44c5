package hostile

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/encoding/protowire"
)

// long returns a text of n bytes.
func long(n int) string { return strings.Repeat("x", n) }

// nested returns a message whose field of that number holds content.
func nested(number protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), content)
}

// The numbers of Join and Leave in SignalResponse.
const (
	numberJoin  = 1
	numberLeave = 8
)

// joinServers attack with the first message.
func joinServers() []Server {
	first := func(name, about string, talk func(*peer)) Server { return Server{Name: name, About: about, talk: talk} }
	changed := func(name, about string, change func(*livekit.JoinResponse)) Server {
		return first(name, about, func(p *peer) { p.say(join(change)) })
	}
	ice := func(servers ...*livekit.ICEServer) func(*livekit.JoinResponse) {
		return func(j *livekit.JoinResponse) { j.IceServers = servers }
	}
	return []Server{
		first("join-empty-people", "says Join with two million empty participants",
			func(p *peer) { p.raw(nested(numberJoin, bytes.Repeat([]byte{3<<3 | 2, 0}, 2_000_000))) }),
		changed("join-people", "says Join with as many participants as the cap on messages allows",
			func(j *livekit.JoinResponse) { j.OtherParticipants = crowd(45_000, 0) }),
		changed("join-people-tracks", "says Join with 400 participants of 100 tracks each",
			func(j *livekit.JoinResponse) { j.OtherParticipants = crowd(400, 100) }),
		changed("join-ice-servers", "hands out 10,000 ICE servers", func(j *livekit.JoinResponse) {
			for i := range 10_000 {
				j.IceServers = append(j.IceServers, &livekit.ICEServer{Username: "u", Credential: "c",
					Urls: []string{fmt.Sprintf("turn:127.0.0.1:%d?transport=tcp", 1+i%10), "stun:127.0.0.1:9"}})
			}
		}),
		changed("join-ice-urls", "hands out one ICE server with 300,000 URLs", func(j *livekit.JoinResponse) {
			urls := make([]string, 300_000)
			for i := range urls {
				urls[i] = "turn:" + fmt.Sprint(i%10)
			}
			ice(&livekit.ICEServer{Urls: urls, Username: "u", Credential: "c"})(j)
		}),
		changed("join-ice-long", "hands out ICE servers with URLs, names and credentials of 1 MiB",
			ice(&livekit.ICEServer{Urls: []string{"turn:" + long(1<<20), "turn:127.0.0.1:9"}, Username: long(1 << 20),
				Credential: long(1 << 20)})),
		changed("join-long", "says Join with texts of 1 MiB", func(j *livekit.JoinResponse) {
			j.Room.Metadata, j.ServerInfo.Version, j.Participant.Name = long(1<<20), long(1<<20), strings.Repeat("\x1b[2J", 1<<18)
		}),
		first("join-unknown", "says Join with four million bytes of fields that nobody knows", func(p *peer) {
			j, data := encode(join()), []byte(nil)
			for range 400_000 {
				data = protowire.AppendVarint(protowire.AppendTag(data, 900, protowire.VarintType), 1)
			}
			p.raw(append(j, nested(numberJoin, data)...))
		}),
		first("join-endless", "says Join in one message that never ends", func(p *peer) {
			w, err := p.ws.NextWriter(websocket.BinaryMessage)
			for block := make([]byte, 1<<16); err == nil; {
				_, err = w.Write(block)
			}
		}),
		first("join-drip", "says Join one byte every 200 ms", func(p *peer) {
			w, err := p.ws.NextWriter(websocket.BinaryMessage)
			for _, b := range encode(join()) {
				if err == nil {
					_, err = w.Write([]byte{b})
				}
				select {
				case <-p.gone:
					return
				case <-time.After(200 * time.Millisecond):
				}
			}
		}),
		first("join-never", "opens the WebSocket and says nothing", func(*peer) {}),
		first("join-never-pings", "opens the WebSocket and sends pings alone", func(p *peer) {
			for p.ws.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(time.Second)) == nil {
			}
		}),
		first("join-text", "says 1 MiB of text in place of Join", func(p *peer) {
			_ = p.ws.WriteMessage(websocket.TextMessage, []byte(strings.Repeat("\x1b]0;owned\a", 1<<17)))
		}),
		first("leave-regions", "answers Leave with a million regions", func(p *peer) { p.raw(leaveRegions()) }),
		changed("join-pings-zero", "says Join with ping times of 0 and -1, and nothing more",
			func(j *livekit.JoinResponse) { j.PingInterval, j.PingTimeout = 0, -1 }),
		first("join-nobody", "says Join as a participant without a name in a room without one", func(p *peer) {
			p.say(&livekit.SignalResponse{Message: &livekit.SignalResponse_Join{Join: &livekit.JoinResponse{
				Room: &livekit.Room{}, Participant: &livekit.ParticipantInfo{}, SubscriberPrimary: true}}})
		}),
	}
}

// leaveRegions returns a Leave with a million empty regions.
func leaveRegions() []byte {
	const settings, regions = 4, 1 // in LeaveRequest and RegionSettings
	return nested(numberLeave, nested(settings, bytes.Repeat(nested(regions, nil), 1_000_000)))
}

// crowd returns participants with tracks.
func crowd(people, tracks int) []*livekit.ParticipantInfo {
	list := make([]*livekit.ParticipantInfo, people)
	for i := range list {
		p := &livekit.ParticipantInfo{Sid: fmt.Sprint("PA_", i), Identity: fmt.Sprint("guest-", i), Metadata: "metadata of somebody"}
		for k := range tracks {
			p.Tracks = append(p.Tracks, &livekit.TrackInfo{Sid: fmt.Sprintf("TR_%d_%d", i, k), Name: "track"})
		}
		list[i] = p
	}
	return list
}

// description returns a session description that negotiates: one data channel, with that
// user name fragment.
func description(ufrag string) string {
	return "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("00:", 32), ":") +
		"\r\na=group:BUNDLE 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=setup:actpass\r\na=mid:0\r\n" +
		"a=sctp-port:5000\r\na=ice-ufrag:" + ufrag + "\r\na=ice-pwd:0123456789012345678901\r\n"
}

// sessionServers attack after Join.
func sessionServers() []Server {
	// then says Join and does more.
	then := func(name, about string, do func(*peer)) Server {
		return Server{Name: name, About: about, talk: func(p *peer) {
			if p.say(join()) {
				do(p)
			}
		}}
	}
	// offers sends a description that negotiates, and more.
	offers := func(name, about string, more func() string) Server {
		return then(name, about, func(p *peer) { p.say(offer(description("user") + more())) })
	}
	// trickles offers, and sends n candidates.
	trickles := func(name, about string, n int, init func(i int) string) Server {
		return then(name, about, func(p *peer) {
			p.say(offer(description("user")))
			p.again(n, func(i int) *livekit.SignalResponse { return candidate(init(i)) })
		})
	}
	return []Server{
		then("silent-after-join", "says Join, and nothing more", func(*peer) {}),
		then("offers", "offers 20,000 times, each time with another user name", func(p *peer) {
			p.again(20_000, func(i int) *livekit.SignalResponse { return offer(description(fmt.Sprint("user", i))) })
		}),
		then("offers-same", "offers the same 20,000 times", func(p *peer) {
			p.again(20_000, func(int) *livekit.SignalResponse { return offer(description("user")) })
		}),
		then("sdp-garbage", "offers what is no session description",
			func(p *peer) { p.say(offer("\x00\x1b[2J" + strings.Repeat("v=0\r\nm=\r\n", 50_000))) }),
		offers("sdp-huge", "offers 60,000 media sections",
			func() string { return strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n", 60_000) }),
		offers("sdp-sections", "offers 500 media sections of audio and video", func() string {
			var b strings.Builder
			for i := range 500 {
				fmt.Fprintf(&b, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:%[1]d\r\na=sendonly\r\n"+
					"a=rtpmap:96 VP8/90000\r\na=setup:actpass\r\na=ice-ufrag:user\r\na=ice-pwd:0123456789012345678901\r\n"+
					"a=ssrc:%[1]d cname:x\r\na=msid:PA_%[1]d TR_%[1]d\r\n", i+1)
			}
			return b.String()
		}),
		offers("sdp-codecs", "offers 20,000 codecs", func() string {
			var b strings.Builder
			b.WriteString("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sendonly\r\na=setup:actpass\r\n" +
				"a=ice-ufrag:user\r\na=ice-pwd:0123456789012345678901\r\n")
			for i := range 20_000 {
				fmt.Fprintf(&b, "a=rtpmap:%d opus/48000/2\r\n", i)
			}
			return b.String()
		}),
		offers("sdp-candidates", "offers with 20,000 candidates in the description",
			func() string { return strings.Repeat("a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n", 20_000) }),
		trickles("candidates", "names 100,000 candidates", 100_000, func(i int) string {
			return fmt.Sprintf(`{"candidate":"candidate:%d 1 udp 1 127.0.%d.%d 9 typ host"}`, i, i/256%256, i%256)
		}),
		trickles("candidates-tcp", "names 100,000 candidates of ICE/TCP", 100_000, func(i int) string {
			return fmt.Sprintf(`{"candidate":"candidate:%d 1 tcp 1 127.0.%d.%d 9 typ host tcptype passive"}`, i, i/256%256, i%256)
		}),
		trickles("candidates-names", "names candidates by host names and in garbage", 20_000, func(i int) string {
			return []string{"not json \x1b[31m", `{"candidate":"candidate:\u001b[31m"}`,
				fmt.Sprintf(`{"candidate":"candidate:%d 1 udp 1 host%d.invalid 9 typ host"}`, i, i),
				`{"candidate":"candidate:1 1 udp 1 ` + long(5000) + ` 9 typ host"}`}[i%4]
		}),
		then("people-come", "tells of people who come without end", func(p *peer) {
			p.again(endless, func(i int) *livekit.SignalResponse {
				return update(&livekit.ParticipantInfo{Sid: fmt.Sprint("PA_", i), Identity: fmt.Sprint("guest-", i), Metadata: long(2000)})
			})
		}),
		then("people-come-and-go", "tells of people who come and go without end", func(p *peer) {
			p.again(endless, func(i int) *livekit.SignalResponse {
				who := &livekit.ParticipantInfo{Sid: fmt.Sprint("PA_", i/2), Identity: "guest", State: livekit.ParticipantInfo_ACTIVE}
				if i%2 == 1 {
					who.State = livekit.ParticipantInfo_DISCONNECTED
				}
				return update(who)
			})
		}),
		then("signal-flood", "repeats speakers and pongs as fast as it can", func(p *peer) {
			p.flood(encode(&livekit.SignalResponse{Message: &livekit.SignalResponse_SpeakersChanged{
				SpeakersChanged: &livekit.SpeakersChanged{Speakers: []*livekit.SpeakerInfo{{Sid: "PA_me", Active: true, Level: 1}}}}}))
		}),
		then("signal-garbage", "sends messages that are none as fast as it can",
			func(p *peer) { p.flood(bytes.Repeat([]byte{0xff}, 1<<10)) }),
		then("tokens", "hands out new tokens of 1 MiB as fast as it can", func(p *peer) {
			p.flood(encode(&livekit.SignalResponse{Message: &livekit.SignalResponse_RefreshToken{RefreshToken: long(1 << 20)}}))
		}),
		then("leave-after-join", "says Join, and Leave with a million regions", func(p *peer) { p.raw(leaveRegions()) }),
		then("reconnect", "says Join and asks to join anew, each time", func(p *peer) { p.say(reconnect()) }),
	}
}
