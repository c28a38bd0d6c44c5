package session

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe"
)

func TestParseCandidate(t *testing.T) {
	for _, c := range []struct {
		line string
		want Candidate
	}{
		{"candidate:1 1 udp 2130706431 10.0.0.7 7882 typ host",
			Candidate{Type: "host", Protocol: "udp", Address: "10.0.0.7", Port: 7882, Kind: probe.ScopePrivate}},
		{"1 1 tcp 1671430143 172.17.0.2 7881 typ host tcptype passive",
			Candidate{Type: "host", Protocol: "tcp", Address: "172.17.0.2", Port: 7881, TCPType: "passive", Kind: probe.ScopeContainer}},
		{"candidate:1 1 udp 1 8.8.4.4 9 typ srflx raddr 100.64.0.3 rport 5000",
			Candidate{Type: "srflx", Protocol: "udp", Address: "8.8.4.4", Port: 9, Kind: probe.ScopePublic}},
		{"candidate:1 1 udp 1 ::1 9 typ host", Candidate{Type: "host", Protocol: "udp", Address: "::1", Port: 9, Kind: probe.ScopeLoopback}},
	} {
		got, err := parseCandidate(new(probe.Net), c.line)
		if err != nil {
			t.Fatalf("%s: %v", c.line, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.line, diff)
		}
	}
	if got, err := parseCandidate(new(probe.Net), "candidate:nonsense"); err == nil {
		t.Errorf("nonsense was read as %+v", got)
	}
}

// FuzzCandidate checks that no candidate panics or yields control characters.
func FuzzCandidate(f *testing.F) {
	f.Add("candidate:1 1 udp 2130706431 10.0.0.7 7882 typ host")
	f.Add("1 1 tcp 1671430143 fe80::1%eth0\x1b[31m 7881 typ host tcptype passive generation 0")
	f.Add(`{"candidate":"candidate:1 1 udp 1 x.local 1 typ relay raddr 1.1.1.1 rport 70000"}`)
	f.Fuzz(func(t *testing.T, s string) {
		line := s
		var init webrtc.ICECandidateInit
		if json.Unmarshal([]byte(s), &init) == nil {
			line = init.Candidate
		}
		c, err := parseCandidate(new(probe.Net), line)
		if err != nil {
			return
		}
		if strings.ContainsAny(c.Address+c.TCPType+c.Type, "\x1b\x00\x07\u202e") {
			t.Errorf("%q came out raw", s)
		}
		if c.Port < 0 || c.Port > 65535 {
			t.Errorf("port %d", c.Port)
		}
	})
}

func TestWithoutToken(t *testing.T) {
	token := "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl+/="
	for name, text := range map[string]string{
		"whole":   "invalid token: " + token + ", error",
		"escaped": "/rtc?access_token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl%2B%2F%3D",
		"cut":     "invalid token: " + token[:len(token)-3],
	} {
		if got := withoutToken(text, token); strings.Contains(got, "c2lnbmF0") {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := withoutToken("plain", "short"); got != "plain" {
		t.Errorf("got %q", got)
	}
}

func TestSilent(t *testing.T) {
	now := time.Now()
	asked := func(sent, answered uint64, ago time.Duration) Pair {
		return Pair{State: webrtc.StatsICECandidatePairStateInProgress, RequestsSent: sent, ResponsesReceived: answered, FirstRequest: now.Add(-ago)}
	}
	old := asked(15, 0, 3*time.Second)
	for _, c := range []struct {
		name    string
		elapsed time.Duration
		dials   int
		pairs   []Pair
		want    bool
	}{
		{"all asked", 3 * time.Second, 0, []Pair{old, old}, true},
		{"too early", 2 * time.Second, 0, []Pair{old}, false},
		{"one answered", 10 * time.Second, 0, []Pair{old, asked(1, 1, time.Second)}, false},
		{"the server asked us", 10 * time.Second, 0, []Pair{old, {RequestsReceived: 1}}, false},
		{"a late pair", 3 * time.Second, 0, []Pair{old, asked(1, 0, 100*time.Millisecond)}, false},
		{"a late pair, grace over", 3800 * time.Millisecond, 0, []Pair{old, asked(1, 0, 100*time.Millisecond)}, true},
		{"a dial under way", 3 * time.Second, 1, []Pair{old}, false},
		{"a dial under way, grace over", 3800 * time.Millisecond, 1, []Pair{old}, true},
		{"never sent", 3 * time.Second, 0, []Pair{old, {State: webrtc.StatsICECandidatePairStateInProgress}}, true},
		{"given up", 3 * time.Second, 0, []Pair{{State: webrtc.StatsICECandidatePairStateFailed, RequestsSent: 1, FirstRequest: now}}, true},
		{"no pairs", 10 * time.Second, 0, nil, false},
	} {
		p := icePicture{elapsed: c.elapsed, pairs: c.pairs, tcpPending: c.dials, now: now}
		if got := p.silent(3*time.Second, 800*time.Millisecond); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestOneWay(t *testing.T) {
	now := time.Now()
	asked := Pair{RequestsSent: 15, RequestsReceived: 9, FirstRequest: now.Add(-3 * time.Second)}
	unheard, answered, late := asked, asked, asked
	unheard.RequestsReceived, answered.ResponsesReceived, late.FirstRequest = 0, 1, now
	for _, c := range []struct {
		name  string
		pairs []Pair
		want  bool
	}{
		{"the server is heard and answers nothing", []Pair{asked, unheard}, true},
		{"nothing is heard either", []Pair{unheard}, false},
		{"one answered", []Pair{asked, answered}, false},
		{"asked just now", []Pair{asked, late}, false},
		{"no pairs", nil, false},
	} {
		if got := (icePicture{elapsed: 3 * time.Second, pairs: c.pairs, now: now}).oneWay(); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestAtReached(t *testing.T) {
	at := func(protocol, address string) Candidate {
		c := Candidate{Type: "host", Protocol: protocol, Address: address, Port: 7882, Kind: probe.ScopePublic}
		if protocol == "tcp" {
			c.TCPType, c.Port = "passive", 7881
		}
		return c
	}
	reached := netip.MustParseAddr("8.8.8.8")
	for _, c := range []struct {
		name       string
		advertised []Candidate
		options    MediaOptions
		want       int
	}{
		{"another address, both ways", []Candidate{at("udp", "1.1.1.1"), at("tcp", "1.1.1.1")}, MediaOptions{}, 2},
		{"two addresses with one port", []Candidate{at("udp", "1.1.1.1"), at("udp", "1.0.0.1")}, MediaOptions{}, 1},
		{"it is advertised", []Candidate{at("udp", "1.1.1.1"), at("udp", "8.8.8.8")}, MediaOptions{}, 0},
		{"UDP is left out", []Candidate{at("udp", "1.1.1.1"), at("tcp", "1.1.1.1")}, MediaOptions{NoUDP: true}, 1},
		{"nothing is advertised", nil, MediaOptions{}, 0},
	} {
		got := atReached(c.advertised, reached, c.options)
		if len(got) != c.want || len(got) > 0 && got[0].Address != reached.String() {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// FuzzJoin checks that no JoinResponse panics or yields control characters, and that the
// kept facts are bounded.
func FuzzJoin(f *testing.F) {
	join := &livekit.JoinResponse{Room: &livekit.Room{Name: "r\x1b[2J"}, ServerVersion: "1\u202e", PingInterval: -1, PingTimeout: 1 << 30,
		IceServers: []*livekit.ICEServer{{Urls: []string{"turn:a:1", "stun:[::", "\x00"}, Username: "u", Credential: "c"}, {}}}
	data, err := proto.Marshal(&livekit.SignalResponse{Message: &livekit.SignalResponse_Join{Join: join}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(bytes.Repeat([]byte{0x0a, 0x00}, 1000))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := decodeSignal(websocket.BinaryMessage, data)
		if m == nil {
			return
		}
		facts := joinFacts(new(probe.Net), m.GetJoin())
		if i := strings.IndexFunc(fmt.Sprintf("%+v", facts), unicode.IsControl); i >= 0 {
			t.Errorf("a control character in %+v", facts)
		}
		if kept := iceServers(m.GetJoin().GetIceServers()); len(kept) > caps.ICEURLs {
			t.Errorf("%d ICE servers", len(kept))
		}
	})
}
