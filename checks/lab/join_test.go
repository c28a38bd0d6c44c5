package lab

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"google.golang.org/protobuf/proto"
)

func start(t testing.TB, fault string) *Lab {
	t.Helper()
	return startWith(t, Options{Fault: fault})
}

func startWith(t testing.TB, opts Options) *Lab {
	t.Helper()
	l, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// good returns a token that the lab's server accepts.
func good(l *Lab) string {
	return l.Pair.Token(l.Room, "tester")
}

// dial opens the signalling connection and returns the status of the upgrade.
func dial(t *testing.T, l *Lab) (*websocket.Conn, int) {
	t.Helper()
	conn, response, err := websocket.DefaultDialer.DialContext(t.Context(), l.URL+"/rtc?protocol=16&sdk=go",
		http.Header{"Authorization": {"Bearer " + good(l)}})
	if response == nil {
		t.Fatalf("no answer: %v", err)
	}
	if err != nil {
		return nil, response.StatusCode
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	return conn, response.StatusCode
}

func receive(t *testing.T, conn *websocket.Conn) *livekit.SignalResponse {
	t.Helper()
	_, data, err := conn.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	message := &livekit.SignalResponse{}
	if err := proto.Unmarshal(data, message); err != nil {
		t.Fatal(err)
	}
	return message
}

func TestMediaGoesTheWayThatTheFaultLeaves(t *testing.T) {
	for fault, want := range map[string]string{Healthy: "udp", "udp-blocked": "tcp", "tcp-only": "tcp", "no-candidates": "none", "media-blocked": "none"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			l := start(t, fault)
			wait := 20 * time.Second
			if want == "none" {
				wait = 1500 * time.Millisecond // too short a wait can hide a failure, not cause one
			}
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			g, err := Join(ctx, l.URL, good(l))
			if want == "none" {
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("got %v, want no connection", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := g.participant.Path().Remote.Protocol; got != want {
				t.Errorf("media goes over %q, want %q", got, want)
			}
			if err := g.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestServerOffersCandidatesOnlyWhereItShould(t *testing.T) {
	for fault, want := range map[string]bool{Healthy: true, "no-candidates": false} {
		conn, _ := dial(t, start(t, fault))
		if join := receive(t, conn); join.GetJoin() == nil {
			t.Fatalf("%s: first comes %T, want Join", fault, join.Message)
		}
		if !want {
			_ = conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		}
		seen := false
		for !seen {
			_, data, err := conn.ReadMessage()
			if err != nil {
				break
			}
			seen = strings.Contains(string(data), "candidate:")
		}
		if seen != want {
			t.Errorf("%s: candidates seen: %v, want %v", fault, seen, want)
		}
	}
}

func TestLeave(t *testing.T) {
	conn, _ := dial(t, start(t, "leave-on-join"))
	if first := receive(t, conn); first.GetJoin() == nil {
		t.Errorf("leave-on-join: first comes %T, want Join", first.Message)
	}
	if second := receive(t, conn); second.GetLeave().GetReason() != livekit.DisconnectReason_SERVER_SHUTDOWN {
		t.Errorf("leave-on-join: then comes %v, want Leave", second)
	}
	conn, _ = dial(t, start(t, "leave-for-join"))
	if first := receive(t, conn); first.GetLeave().GetReason() != livekit.DisconnectReason_JOIN_FAILURE {
		t.Errorf("leave-for-join: first comes %v, want Leave", first)
	}
}

func TestWebSocketFaults(t *testing.T) {
	tests := []struct {
		fault  string
		status int
		check  func(t *testing.T, conn *websocket.Conn)
	}{
		{"upgrade-stripped", 404, nil},
		{"upgrade-426", 426, nil},
		{"auth-stripped", 401, nil},
		{"no-nodes", 500, nil},
		{"overloaded", 503, nil},
		{"quota", 429, nil},
		{"path-prefix", 404, nil},
		{"not-ready-406", 500, nil},
		{"not-livekit-spa", 200, nil},
		{"room-not-found", 404, nil},
		{"room-full", 500, nil},
		{"metadata-too-large", 101, nil}, // this token has no metadata
		{"ws-closed", 101, closes(websocket.CloseNormalClosure)},
		{"ws-closed-policy", 101, closes(websocket.ClosePolicyViolation)},
		{"ws-dropped", 101, closes(websocket.CloseAbnormalClosure)},
		{"ws-text", 101, says(websocket.TextMessage)},
		{"ws-json", 101, says(websocket.TextMessage)},
		{"ws-binary", 101, says(websocket.BinaryMessage)},
		{"ws-silent", 101, func(t *testing.T, conn *websocket.Conn) {
			_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			if _, data, err := conn.ReadMessage(); err == nil {
				t.Errorf("it said %q", data)
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			t.Parallel()
			conn, status := dial(t, start(t, test.fault))
			if status != test.status {
				t.Fatalf("the upgrade ends with %d, want %d", status, test.status)
			}
			if test.check != nil {
				test.check(t, conn)
			}
		})
	}
}

func closes(code int) func(*testing.T, *websocket.Conn) {
	return func(t *testing.T, conn *websocket.Conn) {
		_, _, err := conn.ReadMessage()
		if !websocket.IsCloseError(err, code) {
			t.Errorf("got %v, want close code %d", err, code)
		}
	}
}

func says(kind int) func(*testing.T, *websocket.Conn) {
	return func(t *testing.T, conn *websocket.Conn) {
		got, data, err := conn.ReadMessage()
		if err != nil || got != kind {
			t.Fatalf("got kind %d, %v; want kind %d", got, err, kind)
		}
		message := &livekit.SignalResponse{}
		if proto.Unmarshal(data, message) == nil && message.GetJoin() != nil {
			t.Error("it is LiveKit's Join")
		}
	}
}

// TestGuestIsInTheRoom asks the server for the participant, as lkdoctor does before a join.
func TestGuestIsInTheRoom(t *testing.T) {
	for fault, want := range map[string]bool{"would-evict": true, "room-full": false, Healthy: false} {
		l := start(t, fault)
		rooms := lksdk.NewRoomServiceClient(l.LiveKit.URL, l.Pair.Key, l.Pair.Secret)
		_, err := rooms.GetParticipant(t.Context(), &livekit.RoomParticipantIdentity{Room: l.Room, Identity: l.Identity})
		if in := err == nil; in != want {
			t.Errorf("%s: %s in %s: %v (%v), want %v", fault, l.Identity, l.Room, in, err, want)
		}
	}
}

// TestValidate sends the token of each lab's ticket service to the real server's
// /rtc/validate.
func TestValidate(t *testing.T) {
	tests := []struct {
		fault  string
		status int
		text   string
	}{
		{Healthy, 200, "success"},
		{"opaque-token", 401, "invalid authorization token"},
		{"token-hs512", 401, "signing method HS512 is invalid"},
		{"token-unsigned", 401, "signing method none is invalid"},
		{"token-foreign", 401, ""},
		{"no-issuer", 401, "invalid API key"},
		{"no-video", 401, "no permissions to access the room"},
		{"top-level-grants", 401, "no permissions to access the room"},
		{"grant-snake-case", 401, "permissions denied"},
		{"no-room-join", 401, "permissions denied"},
		{"no-room", 400, "no room name"},
		{"no-identity", 400, "identity cannot be empty"},
		{"claim-text", 401, "cannot unmarshal"},
		{"claim-number", 401, "invalid authorization token"},
		{"claim-object", 401, "cannot unmarshal"},
		{"expired", 401, "token is expired"},
		{"not-yet-valid", 401, "token is not valid yet"},
		{"exp-milliseconds", 200, "success"},
		{"issued-in-future", 200, "success"},
		{"exp-text", 200, "success"},
		{"grant-capitals", 200, "success"},
		{"validate-odd", 200, "OK"},
		{"no-expiry", 200, "success"},
		{"clock-ahead", 401, "token is not valid yet"},
		{"clock-behind", 401, "token is expired"},
		{"wrong-secret", 401, "signature is invalid"},
		{"secret-newline", 401, "signature is invalid"},
		{"other-key", 401, "invalid API key"},
		{"other-key-known", 200, "success"},
		{"server-other-secret", 401, "signature is invalid"},
		{"server-key-unknown", 401, "invalid API key"},
		{"server-token-rejected", 400, "room name length exceeds limits"},
		{"room-not-found", 404, "requested room does not exist"},
		{"room-full", 200, "success"},
		{"metadata-too-large", 200, "success"},
		{"auth-stripped", 401, "no permissions to access the room"},
		{"answer-url-other-project", 401, "invalid API key"},
		{"answer-url-differs", 200, "success"},
		{"overloaded", 503, "node has exceeded its configured limit"},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			t.Parallel()
			l := start(t, test.fault)
			answer := consume(t, l)
			at := "http" + strings.TrimPrefix(answer["url"].(string), "ws")
			status, _, body := fetch(t, http.MethodGet, at+"/rtc/validate", "", "Authorization", "Bearer "+answer["token"].(string))
			if status != test.status || !strings.Contains(body, test.text) {
				t.Errorf("got %d %q, want %d with %q", status, body, test.status, test.text)
			}
		})
	}
}
