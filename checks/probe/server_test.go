package probe_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

// claims returns the claims of a token that may join, modified by change.
func claims(change func(jwt.MapClaims)) jwt.MapClaims {
	now := time.Now()
	c := jwt.MapClaims{
		"iss": testKey, "sub": "alice", "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(15 * time.Minute).Unix(),
		"video": map[string]any{"roomJoin": true, "room": "support"},
	}
	if change != nil {
		change(c)
	}
	return c
}

// signed returns a token with those claims, signed with key.
func signed(t testing.TB, method jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
	t.Helper()
	s, err := jwt.NewWithClaims(method, claims(change)).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// handmade returns a token with any text as its payload, signed with the test secret.
func handmade(t testing.TB, payload string) string {
	t.Helper()
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))
	body := head + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	sig, err := jwt.SigningMethodHS256.Sign(body, []byte(testSecret))
	if err != nil {
		t.Fatal(err)
	}
	return body + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// TestValidateRealServer covers every refusal that a token can cause on the real server.
func TestValidateRealServer(t *testing.T) {
	base := startLiveKit(t, "").base
	good := []byte(testSecret)
	hs := jwt.SigningMethodHS256
	video := func(v any) func(jwt.MapClaims) { return func(c jwt.MapClaims) { c["video"] = v } }
	set := func(name string, v any) func(jwt.MapClaims) { return func(c jwt.MapClaims) { c[name] = v } }
	without := func(name string) func(jwt.MapClaims) { return func(c jwt.MapClaims) { delete(c, name) } }
	soon := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	rsa := "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9." + strings.SplitN(signed(t, hs, good, nil), ".", 3)[1] + ".AAAA"
	whole := signed(t, hs, good, nil)

	for _, tt := range []struct {
		name   string
		tok    string
		status int
		want   probe.Reason
	}{
		{"good", whole, 200, probe.ReasonAccepted},
		{"opaque", "lk_demo_Zm9vYmFyYmF6cXV4cXV1eGNvcmdlZ3JhdWx0Z2FycGx5", 401, probe.ReasonMalformed},
		{"quoted", `"` + whole + `"`, 401, probe.ReasonMalformed},
		{"Bearer twice", "Bearer " + whole, 401, probe.ReasonMalformed},
		{"two parts", whole[:strings.LastIndexByte(whole, '.')], 401, probe.ReasonMalformed},
		{"payload not JSON", handmade(t, "hello"), 401, probe.ReasonMalformed},
		{"empty", "", 401, probe.ReasonHeaderMalformed},
		{"line feed at the end", whole + "\n", 200, probe.ReasonAccepted},
		{"wrong secret", signed(t, hs, []byte("another secret of enough letters"), nil), 401, probe.ReasonSignature},
		{"secret with line feed", signed(t, hs, []byte(testSecret+"\n"), nil), 401, probe.ReasonSignature},
		{"truncated signature", whole[:len(whole)-8], 401, probe.ReasonSignature},
		{"alg none", signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), 401, probe.ReasonAlgorithm},
		{"RS256", rsa, 401, probe.ReasonAlgorithm},
		{"HS512", signed(t, jwt.SigningMethodHS512, good, nil), 401, probe.ReasonAlgorithm},
		{"unknown key", signed(t, hs, good, set("iss", "APIunknown")), 401, probe.ReasonKeyUnknown},
		{"unknown key with words in it", signed(t, hs, good, set("iss", "no room name")), 401, probe.ReasonKeyUnknown},
		{"no issuer", signed(t, hs, good, without("iss")), 401, probe.ReasonKeyEmpty},
		{"expired", signed(t, hs, good, set("exp", soon(-2*time.Minute))), 401, probe.ReasonExpired},
		{"expired within leeway", signed(t, hs, good, set("exp", soon(-30*time.Second))), 200, probe.ReasonAccepted},
		{"not yet valid", signed(t, hs, good, set("nbf", soon(5*time.Minute))), 401, probe.ReasonNotYetValid},
		{"nbf in milliseconds", signed(t, hs, good, set("nbf", time.Now().UnixMilli())), 401, probe.ReasonNotYetValid},
		{"iat in the future", signed(t, hs, good, set("iat", soon(time.Hour))), 200, probe.ReasonAccepted},
		{"no exp", signed(t, hs, good, without("exp")), 200, probe.ReasonAccepted},
		{"exp zero", signed(t, hs, good, set("exp", 0)), 401, probe.ReasonExpired},
		{"exp in milliseconds", signed(t, hs, good, set("exp", time.Now().UnixMilli())), 200, probe.ReasonAccepted},
		{"exp as ISO text", signed(t, hs, good, set("exp", "2030-01-01T00:00:00Z")), 401, probe.ReasonMalformed},
		{"sub a number", signed(t, hs, good, set("sub", 42)), 401, probe.ReasonMalformed},
		{"no video", signed(t, hs, good, without("video")), 401, probe.ReasonNoPermissions},
		{"room_join", signed(t, hs, good, video(map[string]any{"room_join": true, "room": "r"})), 401, probe.ReasonDenied},
		{"roomJoin false", signed(t, hs, good, video(map[string]any{"roomJoin": false, "room": "r"})), 401, probe.ReasonDenied},
		{"roomAdmin only", signed(t, hs, good, video(map[string]any{"roomAdmin": true, "room": "r"})), 401, probe.ReasonDenied},
		{"roomJoin as text", signed(t, hs, good, video(map[string]any{"roomJoin": "true", "room": "r"})), 401, probe.ReasonClaimType},
		{"metadata as object", signed(t, hs, good, set("metadata", map[string]any{"a": 1})), 401, probe.ReasonClaimType},
		{"no room", signed(t, hs, good, video(map[string]any{"roomJoin": true})), 400, probe.ReasonNoRoom},
		{"roomName", signed(t, hs, good, video(map[string]any{"roomJoin": true, "roomName": "r"})), 400, probe.ReasonNoRoom},
		{"no identity", signed(t, hs, good, without("sub")), 400, probe.ReasonNoIdentity},
		{"room too long", signed(t, hs, good, video(map[string]any{"roomJoin": true, "room": strings.Repeat("r", 257)})), 400, probe.ReasonRoomTooLong},
		{"identity too long", signed(t, hs, good, set("sub", strings.Repeat("i", 257))), 400, probe.ReasonIdentityTooLong},
		{"metadata too large for joining", signed(t, hs, good, set("metadata", strings.Repeat("m", 600<<10))), 200, probe.ReasonAccepted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := slowNet(t)
			v, f := n.Validate(t.Context(), base, tt.tok)
			if f != nil {
				t.Fatal(f)
			}
			if v.Status != tt.status || v.Reason != tt.want || v.Accepted != (tt.want == probe.ReasonAccepted) {
				t.Errorf("got %d %s accepted=%v (%s)", v.Status, v.Reason, v.Accepted, v.Text)
			}
			if !v.FromLiveKit || v.What != probe.ServerLiveKit || v.Path != "/rtc/validate" {
				t.Errorf("verdict %+v", v)
			}
			dump, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if parts := strings.Split(strings.TrimSpace(tt.tok), "."); len(parts) == 3 && len(parts[2]) > 8 && strings.Contains(string(dump), parts[2]) {
				t.Errorf("the verdict holds the signature: %s", dump)
			}
		})
	}
}

func TestValidateInQuery(t *testing.T) {
	base := startLiveKit(t, "").base
	n := slowNet(t)
	v, f := n.ValidateQuery(t.Context(), base, signed(t, jwt.SigningMethodHS256, []byte(testSecret), nil))
	if f != nil || !v.Accepted || !v.InQuery {
		t.Fatalf("verdict %+v, failure %v", v, f)
	}
	v, f = n.ValidateQuery(t.Context(), base, "")
	if f != nil || v.Reason != probe.ReasonNoPermissions {
		t.Fatalf("verdict %+v, failure %v", v, f)
	}
}

func TestValidateRoomNotFound(t *testing.T) {
	base := startLiveKit(t, "room: {auto_create: false}").base
	v, f := slowNet(t).Validate(t.Context(), base, signed(t, jwt.SigningMethodHS256, []byte(testSecret), nil))
	if f != nil || v.Reason != probe.ReasonRoomNotFound || v.Status != 404 || !v.FromLiveKit {
		t.Fatalf("verdict %+v, failure %v", v, f)
	}
}

func TestKeyKnown(t *testing.T) {
	base := startLiveKit(t, "").base
	n := slowNet(t)
	for _, tt := range []struct {
		key   string
		known bool
	}{{testKey, true}, {"devkey", false}, {"", false}} {
		garbage := signed(t, jwt.SigningMethodHS256, []byte("wrong on purpose"), func(c jwt.MapClaims) { c["iss"] = tt.key })
		known, sure, f := n.KeyKnown(t.Context(), base, garbage)
		if f != nil || known != tt.known || !sure {
			t.Errorf("key %q: known %v, sure %v, failure %v", tt.key, known, sure, f)
		}
	}
}

func TestReachRealServer(t *testing.T) {
	base := startLiveKit(t, "").base
	n := slowNet(t)
	r, f := n.Reach(t.Context(), base)
	if f != nil {
		t.Fatal(f)
	}
	if !r.IsLiveKit || r.What != probe.ServerLiveKit || r.Health != probe.HealthOK || r.Status != 200 || r.Excerpt != "OK" {
		t.Errorf("reach %+v", r)
	}
	if r.Address.String() != base.Host || r.Phases.TCP <= 0 || r.Phases.FirstByte <= 0 || r.Date == nil {
		t.Errorf("reach %+v", r)
	}
	if offset, plusMinus := r.Date.Offset(), r.Date.Uncertainty(); offset.Abs() > plusMinus+50*time.Millisecond {
		t.Errorf("one machine, two clocks: %v ± %v", offset, plusMinus)
	}
	v, f := n.Validate(t.Context(), base, signed(t, jwt.SigningMethodHS256, []byte(testSecret), nil))
	if f != nil || !v.Accepted {
		t.Fatalf("verdict %+v, failure %v", v, f)
	}
	conn := n.TakeConn(t.Context(), base)
	if conn == nil {
		t.Fatal("no warm connection")
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 15)
	if _, err := conn.Read(b); err != nil || string(b) != "HTTP/1.0 200 OK" {
		t.Errorf("the warm connection answered %q, %v", b, err)
	}
	for range 2 {
		again := n.TakeConn(t.Context(), base)
		if again == nil || again == conn {
			t.Fatalf("of three warm connections the next is %p after %p", again, conn)
		}
		_ = again.Close()
	}
	if again := n.TakeConn(t.Context(), base); again != nil {
		t.Error("a warm connection was handed out twice")
	}
}

func TestInRoomRealServer(t *testing.T) {
	base := startLiveKit(t, "").base
	n := slowNet(t)
	for _, tt := range []struct {
		name, key, secret string
		known             bool
	}{
		{"nobody there", testKey, testSecret, true},
		{"wrong secret", testKey, "another secret of enough letters", false},
		{"unknown key", "devkey", "secret", false},
		{"no key", "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			present, known, f := n.InRoom(t.Context(), base, tt.key, tt.secret, "support", "alice")
			if f != nil || present || known != tt.known {
				t.Errorf("present %v, known %v, failure %v", present, known, f)
			}
		})
	}
}

func TestInRoomPresent(t *testing.T) {
	base := startLiveKit(t, "").base
	n := slowNet(t)
	s, f := session.Join(t.Context(), n, base, signed(t, jwt.SigningMethodHS256, []byte(testSecret), nil), session.Options{})
	if f != nil {
		t.Fatal(f)
	}
	present, known, failure := n.InRoom(t.Context(), base, testKey, testSecret, "support", "alice")
	if failure != nil || !present || !known {
		t.Errorf("while there: present %v, known %v, failure %v", present, known, failure)
	}
	present, known, failure = n.InRoom(t.Context(), base, testKey, testSecret, "support", "bob")
	if failure != nil || present || !known {
		t.Errorf("somebody else: present %v, known %v, failure %v", present, known, failure)
	}
	s.Leave()
}

func TestInRoomSilent(t *testing.T) {
	addr := serve(t, drain)
	n := newNet(t)
	_, known, f := n.InRoom(context.Background(), &url.URL{Scheme: "ws", Host: addr}, testKey, testSecret, "r", "i")
	if known {
		t.Error("a silent server knows nothing")
	}
	wantKind(t, f, probe.PhaseHTTP, probe.KindSilent)
}
