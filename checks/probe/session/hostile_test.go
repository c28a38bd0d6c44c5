package session_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

// hostileMemory is the memory that a join to one hostile server may take.
const hostileMemory = 100 << 20

// TestHostileServers checks that a join to each server ends in time and in bounded
// memory, and that no goroutine remains.
func TestHostileServers(t *testing.T) {
	subscriber := func() *livekit.SignalResponse {
		join := joinMessage()
		join.GetJoin().SubscriberPrimary = true
		return join
	}
	candidate := func(ws *websocket.Conn, line string) {
		say(ws, &livekit.SignalResponse{Message: &livekit.SignalResponse_Trickle{
			Trickle: &livekit.TrickleRequest{CandidateInit: line, Target: livekit.SignalTarget_SUBSCRIBER}}})
	}
	offer := func(ws *websocket.Conn, sdp string) {
		say(ws, &livekit.SignalResponse{Message: &livekit.SignalResponse_Offer{Offer: &livekit.SessionDescription{Type: "offer", Sdp: sdp}}})
	}
	const sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 " +
		"00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00\r\n" +
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\n" +
		"a=ice-ufrag:%s\r\na=ice-pwd:0123456789012345678901\r\n"
	for name, talk := range map[string]func(*websocket.Conn){
		"two million empty participants": func(ws *websocket.Conn) {
			// Field 3 of JoinResponse, empty, two million times.
			inner := []byte(strings.Repeat("\x1a\x00", 2_000_000))
			data := append([]byte{0x0a, 0x80, 0x92, 0xf4, 0x01}, inner...)
			_ = ws.WriteMessage(websocket.BinaryMessage, data)
		},
		"ICE servers without end": func(ws *websocket.Conn) {
			join := subscriber()
			for i := range 10_000 {
				join.GetJoin().IceServers = append(join.GetJoin().IceServers, &livekit.ICEServer{Username: "u", Credential: "c",
					Urls: []string{fmt.Sprintf("turn:127.0.0.1:%d?transport=tcp", 1+i%10), "stun:127.0.0.1:9"}})
			}
			say(ws, join)
		},
		"offers without end": func(ws *websocket.Conn) {
			say(ws, subscriber())
			for i := range 20_000 {
				offer(ws, fmt.Sprintf(sdp, fmt.Sprint("user", i)))
			}
		},
		"an offer of megabytes": func(ws *websocket.Conn) {
			say(ws, subscriber())
			offer(ws, fmt.Sprintf(sdp, "user")+strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n", 60_000))
		},
		"candidates without end": func(ws *websocket.Conn) {
			say(ws, subscriber())
			offer(ws, fmt.Sprintf(sdp, "user"))
			for i := range 100_000 {
				candidate(ws, fmt.Sprintf(`{"candidate":"candidate:%d 1 udp 1 127.0.%d.%d 9 typ host"}`, i, i/256%256, i%256))
			}
		},
		"nonsense": func(ws *websocket.Conn) {
			join := subscriber()
			join.GetJoin().IceServers = []*livekit.ICEServer{{Urls: []string{"turn:x", "stun:[::", "\x1b"}}}
			say(ws, join)
			for i := range 5000 {
				candidate(ws, []string{"not json \x1b[31m", `{"candidate":"candidate:\u001b[31m"}`,
					fmt.Sprintf(`{"candidate":"candidate:%d 1 tcp 1 127.%d.%d.1 9 typ host tcptype passive"}`, i, i/256, i%256)}[i%3])
			}
			offer(ws, "\x00")
		},
	} {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			talked := make(chan struct{}) // closed once, since there is one connection
			t.Cleanup(func() { <-talked })
			base := wsServer(t, func(ws *websocket.Conn) {
				defer close(talked)
				talk(ws)
				until(ws, func(*livekit.SignalRequest) bool { return false })
			})
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			limits := probe.DefaultLimits().Scaled(0.1)
			limits.FirstFrame = 5 * time.Second
			n := &probe.Net{Limits: limits}
			defer n.Close()
			start := time.Now()
			p, f := session.Join(within(t, 20*time.Second), n, base, anyToken, session.Options{})
			if f == nil {
				m := p.Media(within(t, 20*time.Second), session.MediaOptions{})
				if m.Connected || len(m.Remote) > 64 {
					t.Errorf("%s, %d candidates", m.Outcome, len(m.Remote))
				}
				t.Log(m.Outcome, m.Detail)
				noSecretsOrControls(t, fmt.Sprintf("%+v %+v", p.Facts, m))
				left := time.Now()
				p.Leave()
				if took := time.Since(left); took > time.Second {
					t.Errorf("leaving took %v", took)
				}
			}
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			t.Logf("%v, %d MiB allocated: %v", took, (after.TotalAlloc-before.TotalAlloc)>>20, f)
			if took > 6*time.Second {
				t.Errorf("it took %v", took)
			}
			if grown := int64(after.Sys) - int64(before.Sys); grown > hostileMemory {
				t.Errorf("it took %d MiB from the system", grown>>20)
			}
		})
	}
}

// TestMediaDTLSNeverEnds makes both sides wait for the other to begin the DTLS handshake,
// so that ICE connects and media does not.
func TestMediaDTLSNeverEnds(t *testing.T) {
	server := startLiveKit(t, "", "")
	setup := func(sd *livekit.SessionDescription, from string) {
		if sd != nil {
			sd.Sdp = strings.ReplaceAll(sd.GetSdp(), "a=setup:"+from, "a=setup:active")
		}
	}
	base := signalProxy{
		fromServer: func(r *livekit.SignalResponse) fate { setup(r.GetOffer(), "actpass"); return pass },
		fromClient: func(r *livekit.SignalRequest) fate { setup(r.GetAnswer(), "passive"); return pass },
	}.start(t, server.base)
	n := &probe.Net{Limits: probe.Limits{DTLS: 500 * time.Millisecond}}
	got := joinAll(within(t, 20*time.Second), n, base, joinOptions{Token: tokenFor(t, "ada", t.Name())})
	if got.Failure != nil {
		t.Fatal(got.Failure)
	}
	expect(t, got.Media, session.OutcomeDTLSFailed)
}
