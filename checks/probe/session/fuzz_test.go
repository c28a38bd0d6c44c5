package session

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe"
)

// deafWire returns a connection to a server that reads and sends nothing.
func deafWire(f *testing.F) *wire {
	f.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		for err == nil {
			_, _, err = ws.ReadMessage()
		}
	}))
	f.Cleanup(server.Close)
	ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = ws.Close() })
	return newWire(new(probe.Net), upgraded{ws: ws, bytes: newPacer(1, 1)})
}

// FuzzDescription checks that no offer or candidate panics, and that what is kept is
// bounded and has no control characters.
func FuzzDescription(f *testing.F) {
	const data = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=fingerprint:sha-256 " +
		"00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00\r\n" +
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\n" +
		"a=ice-ufrag:user\r\na=ice-pwd:0123456789012345678901\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n"
	const video = "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\n" +
		"a=fmtp:97 apt=96\r\na=setup:actpass\r\na=ice-ufrag:user\r\na=ice-pwd:0123456789012345678901\r\na=ssrc:1 cname:x\r\na=ssrc-group:FID 1 2\r\n" +
		"a=msid:PA_1 TR_1\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=rid:h send\r\na=simulcast:send h\r\n"
	const trickled = `{"candidate":"candidate:1 1 tcp 1 127.0.0.1 9 typ host tcptype passive","sdpMid":"0","sdpMLineIndex":0}`
	f.Add(data, data+video, trickled)
	f.Add(data+video, strings.Replace(data, "user", "next", 1), `{"candidate":"candidate:\u001b[31m"}`)
	f.Add("m=application", "\x00", "")
	w := deafWire(f)
	f.Fuzz(func(t *testing.T, first, second, candidate string) {
		p := newParticipant(new(probe.Net), nil, "", Options{})
		p.wire, p.started, p.Loopback = w, true, true
		p.setServers(nil)
		p.negotiating.Lock()
		for _, m := range []*livekit.SignalResponse{
			{Message: &livekit.SignalResponse_Offer{Offer: &livekit.SessionDescription{Type: "offer", Sdp: first}}},
			{Message: &livekit.SignalResponse_Trickle{Trickle: &livekit.TrickleRequest{CandidateInit: candidate, Target: livekit.SignalTarget_SUBSCRIBER}}},
			{Message: &livekit.SignalResponse_Offer{Offer: &livekit.SessionDescription{Type: "offer", Sdp: second}}},
		} {
			p.negotiate(m)
		}
		p.negotiating.Unlock()
		if p.transport(subscriber) == nil {
			t.Fatal("there is no connection")
		}
		m := p.transport(subscriber).snapshot()
		m.t = nil
		p.closeMedia()
		if len(m.Remote) > caps.Candidates || len(m.TCP) > caps.TCPDials {
			t.Errorf("%d candidates, %d dials", len(m.Remote), len(m.TCP))
		}
		if i := strings.IndexFunc(fmt.Sprintf("%+v", m), unicode.IsControl); i >= 0 {
			t.Errorf("a control character in %+v", m)
		}
	})
}

// FuzzICEServers checks that what is kept of a list of ICE servers is bounded, has no
// control characters, and is accepted by the WebRTC library.
func FuzzICEServers(f *testing.F) {
	f.Add("turn:a:1\nstun:[::1]\nturns:b?transport=tcp", "u", "c")
	f.Add("stun:[::1]z", "u", "c") // stun.ParseURI calls itself without end
	f.Add("stun:[::\n\x00\nturn://x\nturn:a@b\nstuns:c:0\nturn:d?transport=udp#", "", "")
	f.Add(strings.Repeat("turn:127.0.0.1\n", 100), strings.Repeat("u", 600), "\x1b")
	f.Fuzz(func(t *testing.T, urls, username, credential string) {
		var list []*livekit.ICEServer
		for one := range strings.SplitSeq(urls, "\n\n") {
			list = append(list, &livekit.ICEServer{Urls: strings.Split(one, "\n"), Username: username, Credential: credential})
		}
		facts := joinFacts(new(probe.Net), &livekit.JoinResponse{IceServers: list})
		kept := iceServers(list)
		if len(kept) > caps.ICEURLs || len(facts.ICEProblems) > caps.ICEProblems {
			t.Errorf("%d asked, %d problems", len(kept), len(facts.ICEProblems))
		}
		if i := strings.IndexFunc(fmt.Sprintf("%+v", facts), unicode.IsControl); i >= 0 {
			t.Errorf("a control character in %+v", facts)
		}
		for _, s := range kept {
			if _, problem := probe.ParseICEURL(s.URLs[0]); problem != "" {
				t.Errorf("%q is asked: %s", s.URLs[0], problem)
			}
		}
		pc, err := webrtc.NewPeerConnection(webrtc.Configuration{ICEServers: kept})
		if err != nil {
			t.Fatalf("%q: %v", urls, err)
		}
		_ = pc.Close()
	})
}
