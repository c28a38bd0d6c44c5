package session_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// fate is what a proxy does with a message.
type fate int

const (
	pass fate = iota
	drop
	cut // pass it on, then break both connections off without a close frame
)

// signalProxy stands between a client and a server and meddles with their
// messages, which the hooks may change. A nil hook passes all.
type signalProxy struct {
	fromServer func(*livekit.SignalResponse) fate
	fromClient func(*livekit.SignalRequest) fate
}

// start serves until the test ends and returns the proxy's base URL.
func (p signalProxy) start(tb testing.TB, upstream *url.URL) *url.URL {
	tb.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := *upstream
		target.Path, target.RawQuery = r.URL.Path, r.URL.RawQuery
		up, resp, err := websocket.DefaultDialer.Dial(target.String(), http.Header{"Authorization": r.Header["Authorization"]})
		if err != nil {
			if resp != nil {
				w.WriteHeader(resp.StatusCode)
			}
			return
		}
		defer func() { _ = up.Close() }()
		down, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		var pumps sync.WaitGroup
		stop := func() { _ = up.NetConn().Close(); _ = down.NetConn().Close() }
		pumps.Go(func() {
			defer stop()
			pump(up, down, func() *livekit.SignalResponse { return &livekit.SignalResponse{} }, p.fromServer)
		})
		pumps.Go(func() {
			defer stop()
			pump(down, up, func() *livekit.SignalRequest { return &livekit.SignalRequest{} }, p.fromClient)
		})
		pumps.Wait()
	}))
	tb.Cleanup(server.Close)
	return baseOf(tb, server)
}

// pump carries messages one way until either side ends.
func pump[M proto.Message](from, to *websocket.Conn, empty func() M, hook func(M) fate) {
	for {
		kind, data, err := from.ReadMessage()
		if err != nil {
			return
		}
		what := pass
		if msg := empty(); hook != nil && proto.Unmarshal(data, msg) == nil {
			if what = hook(msg); what != drop {
				data, _ = proto.Marshal(msg)
			}
		}
		if what != drop && to.WriteMessage(kind, data) != nil || what == cut {
			return
		}
	}
}

// baseOf is a test server's address as a LIVEKIT_URL.
func baseOf(tb testing.TB, server *httptest.Server) *url.URL {
	tb.Helper()
	u, err := url.Parse(strings.Replace(server.URL, "http", "ws", 1))
	if err != nil {
		tb.Fatal(err)
	}
	return u
}

// rewriteCandidate changes the transport address inside a trickle message's
// JSON: port by protocol, 0 to drop the candidate.
func rewriteCandidate(t *livekit.TrickleRequest, udp, tcp int) fate {
	before, rest, ok := strings.Cut(t.GetCandidateInit(), "candidate:")
	if !ok {
		return pass
	}
	fields := strings.SplitN(rest, " ", 8)
	port := udp
	if strings.EqualFold(fields[2], "tcp") {
		port = tcp
	}
	if port == 0 {
		return drop
	}
	fields[4], fields[5] = "127.0.0.1", strconv.Itoa(port)
	t.CandidateInit = before + "candidate:" + strings.Join(fields, " ")
	return pass
}

// serverCandidates hooks into the server's addresses; the rest passes.
func serverCandidates(f func(*livekit.TrickleRequest) fate) func(*livekit.SignalResponse) fate {
	return func(m *livekit.SignalResponse) fate {
		if t := m.GetTrickle(); t != nil {
			return f(t)
		}
		return pass
	}
}

// noClientCandidates hides the client's addresses from the server, so that it
// cannot reach out by itself.
func noClientCandidates(m *livekit.SignalRequest) fate {
	if m.GetTrickle() != nil {
		return drop
	}
	return pass
}

// rawServer accepts, says what it is told to, and waits for the other side to go.
func rawServer(t *testing.T, say string) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer func() { _ = c.Close() }()
				_, _ = c.Write([]byte(say))
				_, _ = io.Copy(io.Discard, c)
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); conns.Wait() })
	return &url.URL{Scheme: "ws", Host: l.Addr().String()}
}
