package session_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

// listener counts the packets and connections that arrive at a port, on UDP and TCP.
func listener(t *testing.T) (addr string, reached *atomic.Int32) {
	t.Helper()
	reached = new(atomic.Int32)
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = udp.Close() })
	go func() {
		for buf := make([]byte, 1500); ; {
			if _, _, err := udp.ReadFrom(buf); err != nil {
				return
			}
			reached.Add(1)
		}
	}()
	tcp, err := net.Listen("tcp4", udp.LocalAddr().String())
	if err != nil {
		t.Skipf("the TCP port of the same number is taken: %v", err)
	}
	t.Cleanup(func() { _ = tcp.Close() })
	go func() {
		for {
			conn, err := tcp.Accept()
			if err != nil {
				return
			}
			reached.Add(1)
			_ = conn.Close()
		}
	}()
	return udp.LocalAddr().String(), reached
}

// TestNothingIsSentToWhatIsNoICEURL checks that neither TURN nor Media sends anything to
// an ICE server with an invalid URL or without credentials.
func TestNothingIsSentToWhatIsNoICEURL(t *testing.T) {
	for _, form := range []string{"turn:%s", "turn://%s", "turn:user@%s", "stun:%s?transport=udp", "turn:%s?x=y", "turn:%s?transport=sctp", "turn:%s/path",
		"http://%s", "%s", "turn:%s#", "turn:%s?transport=udp&transport=tcp", "turn:%s\x00", "turn:%s?transport=udp" + strings.Repeat("x", caps.ICEURL), "no credentials: turn:%s?transport=udp"} {
		t.Run(form[:min(len(form), 40)], func(t *testing.T) {
			t.Parallel()
			addr, reached := listener(t)
			raw, name := fmt.Sprintf(form, addr), "u"
			if rest, is := strings.CutPrefix(raw, "no credentials: "); is {
				raw, name = rest, ""
			}
			base := wsServer(t, func(ws *websocket.Conn) {
				join := joinMessage()
				join.GetJoin().SubscriberPrimary = true
				join.GetJoin().IceServers = []*livekit.ICEServer{{Urls: []string{raw}, Username: name, Credential: name}}
				say(ws, join)
				until(ws, func(*livekit.SignalRequest) bool { return false })
			})
			n := &probe.Net{Limits: probe.DefaultLimits().Scaled(0.05)}
			p, f := session.Join(within(t, 10*time.Second), n, base, anyToken, session.Options{})
			if f != nil {
				t.Fatal(f)
			}
			p.TURN(within(t, 10*time.Second), nil)
			p.Media(within(t, 10*time.Second), session.MediaOptions{ForceRelay: true})
			p.Leave()
			n.Close()
			if is := reached.Load() > 0; is != (form == "turn:%s") {
				t.Errorf("%q: something was sent: %v", form, is)
			}
		})
	}
}

// TestExcess checks that Excess lists what a server sent over the limits.
func TestExcess(t *testing.T) {
	base := wsServer(t, func(ws *websocket.Conn) {
		join := joinMessage()
		join.GetJoin().SubscriberPrimary = true
		for range caps.ICEServers + 1 {
			join.GetJoin().IceServers = append(join.GetJoin().IceServers, &livekit.ICEServer{Urls: []string{"stun:127.0.0.1:9"}})
		}
		say(ws, join)
		_ = ws.WriteMessage(websocket.BinaryMessage, []byte("no signalling"))
		say(ws, &livekit.SignalResponse{Message: &livekit.SignalResponse_RefreshToken{RefreshToken: strings.Repeat("x", caps.Token+1)}})
		say(ws, &livekit.SignalResponse{Message: &livekit.SignalResponse_Leave{Leave: &livekit.LeaveRequest{}}})
		until(ws, func(*livekit.SignalRequest) bool { return false })
	})
	p, f := session.Join(within(t, 10*time.Second), new(probe.Net), base, anyToken, session.Options{})
	if f != nil {
		t.Fatal(f)
	}
	defer p.Leave()
	<-p.Done()
	if got := p.Excess(); !slices.Equal(got, []session.Excess{session.ExcessICEServers, session.ExcessTokens, session.ExcessUnread}) {
		t.Errorf("%v", got)
	}
}
