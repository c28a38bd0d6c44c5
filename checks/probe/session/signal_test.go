package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

// anyToken has the form of a JWT and is not valid.
const anyToken = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLW9mLXRoaXM"

// wsServer starts a WebSocket server that runs talk and then drops the connection.
func wsServer(t *testing.T, talk func(*websocket.Conn)) *url.URL {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = ws.Close() }()
		talk(ws)
	}))
	t.Cleanup(server.Close)
	return baseOf(t, server)
}

// noLeaks checks, after the cleanups registered later, that no new goroutine is running.
// Those of livekit-servers of other tests do not count.
func noLeaks(t *testing.T) {
	before := goleak.IgnoreCurrent()
	server := goleak.IgnoreAnyFunction("github.com/gammazero/workerpool.worker")
	t.Cleanup(func() { goleak.VerifyNone(t, before, server) })
}

// say sends one message as a LiveKit server.
func say(ws *websocket.Conn, msg *livekit.SignalResponse) {
	data, _ := proto.Marshal(msg)
	_ = ws.WriteMessage(websocket.BinaryMessage, data)
}

func joinMessage() *livekit.SignalResponse {
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_Join{Join: &livekit.JoinResponse{
		Room: &livekit.Room{Name: "room", Sid: "RM_1"}, Participant: &livekit.ParticipantInfo{Identity: "ada"},
	}}}
}

// until reads messages until want returns true, and reports whether it did before the
// connection ended.
func until(ws *websocket.Conn, want func(*livekit.SignalRequest) bool) bool {
	for {
		_, data, err := ws.ReadMessage()
		if err != nil {
			return false
		}
		msg := &livekit.SignalRequest{}
		if proto.Unmarshal(data, msg) == nil && want(msg) {
			return true
		}
	}
}

func TestSignalFailures(t *testing.T) {
	noLeaks(t)
	idle := func(ws *websocket.Conn) { until(ws, func(*livekit.SignalRequest) bool { return false }) }
	for _, c := range []struct {
		name string
		talk func(*websocket.Conn)
		want session.SignalFailure
	}{
		{"silent", idle, session.SignalFailure{Kind: session.SignalSilent}},
		{"pings only", func(ws *websocket.Conn) {
			for ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)) == nil {
				time.Sleep(20 * time.Millisecond)
			}
		}, session.SignalFailure{Kind: session.SignalSilent}},
		{"close 1000", func(ws *websocket.Conn) {
			_ = ws.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(1000, "bye \x1b[31m"))
			idle(ws)
		}, session.SignalFailure{Kind: session.SignalClosed, SignalEnd: session.SignalEnd{CloseCode: 1000, CloseText: "bye"}}},
		{"close 1011", func(ws *websocket.Conn) {
			_ = ws.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(1011, "oops"))
			idle(ws)
		}, session.SignalFailure{Kind: session.SignalClosed, SignalEnd: session.SignalEnd{CloseCode: 1011, CloseText: "oops"}}},
		{"dropped", func(*websocket.Conn) {}, session.SignalFailure{Kind: session.SignalClosed, SignalEnd: session.SignalEnd{CloseCode: 1006}}},
		{"text", func(ws *websocket.Conn) {
			_ = ws.WriteMessage(websocket.TextMessage, []byte("hello \x1b]0;pwned\x07"))
			idle(ws)
		}, session.SignalFailure{Kind: session.SignalNotSignal, FrameType: "text", FrameLength: 16, Excerpt: "hello"}},
		{"json", func(ws *websocket.Conn) { _ = ws.WriteJSON(map[string]string{"type": "welcome"}); idle(ws) },
			session.SignalFailure{Kind: session.SignalNotSignal, FrameType: "text", FrameLength: 19, Excerpt: `{"type":"welcome"}`}},
		{"binary", func(ws *websocket.Conn) {
			_ = ws.WriteMessage(websocket.BinaryMessage, []byte{0xff, 0xfe, 0x00})
			idle(ws)
		}, session.SignalFailure{Kind: session.SignalNotSignal, FrameType: "binary", FrameLength: 3}},
		{"empty join", func(ws *websocket.Conn) { _ = ws.WriteMessage(websocket.BinaryMessage, []byte{0x0a, 0x00}); idle(ws) },
			session.SignalFailure{Kind: session.SignalNotSignal, FrameType: "binary", FrameLength: 2}},
		{"broken frame", func(ws *websocket.Conn) { _, _ = ws.NetConn().Write([]byte{0xff, 0xff, 0xff}); idle(ws) },
			session.SignalFailure{Kind: session.SignalNotSignal, FrameType: "invalid"}},
		{"leave", func(ws *websocket.Conn) {
			say(ws, &livekit.SignalResponse{Message: &livekit.SignalResponse_Leave{Leave: &livekit.LeaveRequest{
				Reason: livekit.DisconnectReason_JOIN_FAILURE, Action: livekit.LeaveRequest_RECONNECT}}})
			idle(ws)
		}, session.SignalFailure{Kind: session.SignalLeave, SignalEnd: session.SignalEnd{Reason: "JOIN_FAILURE", Action: "RECONNECT"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := &probe.Net{Limits: probe.Limits{FirstFrame: 200 * time.Millisecond}}
			s, got := session.Join(within(t, 10*time.Second), n, wsServer(t, c.talk), anyToken, session.Options{})
			if got == nil {
				s.Leave()
				t.Fatal("it joined")
			}
			if got.Kind != c.want.Kind || got.CloseCode != c.want.CloseCode || got.FrameType != c.want.FrameType ||
				got.Reason != c.want.Reason || got.Action != c.want.Action || got.Took > 5*time.Second {
				t.Errorf("got %+v, want %+v", *got, c.want)
			}
			if c.want.FrameLength != 0 && got.FrameLength != c.want.FrameLength {
				t.Errorf("length %d, want %d", got.FrameLength, c.want.FrameLength)
			}
			if !strings.HasPrefix(got.CloseText, c.want.CloseText) || !strings.HasPrefix(got.Excerpt, c.want.Excerpt) {
				t.Errorf("text %q %q, want %q %q", got.CloseText, got.Excerpt, c.want.CloseText, c.want.Excerpt)
			}
			noSecretsOrControls(t, fmt.Sprintf("%+v", *got))
		})
	}
}

// noSecretsOrControls fails the test if text holds the signature or control characters.
func noSecretsOrControls(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, anyToken[strings.LastIndexByte(anyToken, '.')+1:]) {
		t.Errorf("the token shows: %q", text)
	}
	if strings.ContainsAny(text, "\x1b\x07\u202e") {
		t.Errorf("control characters: %q", text)
	}
}

func TestSignalUpgradeRefused(t *testing.T) {
	noLeaks(t)
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		status  int
		body    string
		livekit bool
	}{
		{"upgrade stripped", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, 404, "", false},
		{"html for all", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><title>app</title>") }, 200, "<!doctype html>", false},
		{"redirect that carries the token", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://login.example/?next="+url.QueryEscape(r.URL.String())+"&t="+anyToken, http.StatusFound)
		}, 302, "", false},
		{"token echoed", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(401)
			fmt.Fprintf(w, "invalid token: %s, error: token signature is invalid", anyToken)
		}, 401, "invalid token: ", true},
		{"cut in the token", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(401)
			fmt.Fprint(w, strings.Repeat("x", 1000)+anyToken)
		}, 401, "xxx", false},
		{"control characters", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Server", "evil")
			w.WriteHeader(500)
			fmt.Fprint(w, "a\x1b[2Jb\u202e")
		}, 500, "a", false},
	} {
		for _, inQuery := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, " ", inQuery), func(t *testing.T) {
				server := httptest.NewServer(c.handler)
				defer server.Close()
				_, got := session.Join(within(t, 10*time.Second), new(probe.Net), baseOf(t, server), anyToken, session.Options{InQuery: inQuery})
				if got == nil || got.Kind != session.SignalUpgradeRefused || got.Status != c.status || got.LiveKit != c.livekit || !strings.HasPrefix(got.Body, c.body) {
					t.Fatalf("got %+v", got)
				}
				noSecretsOrControls(t, fmt.Sprintf("%+v", *got))
			})
		}
	}
}

func TestSignalUpgradeUnanswered(t *testing.T) {
	noLeaks(t)
	for _, c := range []struct {
		name, say string
		want      probe.Kind
	}{
		{"silent", "", probe.KindSilent},
		{"half an answer", "HTTP/1.1 101 Switching Pro", probe.KindHeaderSlow},
		{"another protocol", "SSH-2.0-OpenSSH_9.6\r\n", probe.KindNotHTTP},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := rawServer(t, c.say)
			_, got := session.Join(within(t, 10*time.Second), &probe.Net{Limits: probe.Limits{Upgrade: 200 * time.Millisecond}}, base, anyToken, session.Options{})
			if got == nil || got.Kind != session.SignalNetwork || got.Network.Kind != c.want {
				t.Fatalf("got %+v", got)
			}
			if got.Took > 2*time.Second {
				t.Errorf("it took %v", got.Took)
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		base := &url.URL{Scheme: "ws", Host: fmt.Sprintf("127.0.0.1:%d", closedPort(t))}
		_, got := session.Join(within(t, 10*time.Second), new(probe.Net), base, anyToken, session.Options{})
		if got == nil || got.Kind != session.SignalNetwork || got.Network.Kind != probe.KindRefused {
			t.Fatalf("got %+v", got)
		}
	})
}
