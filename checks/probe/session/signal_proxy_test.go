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

// A fate is what a proxy does with a message.
type fate int

const (
	pass fate = iota
	drop
	cut // pass it on, then close both connections without a close frame
)

// A signalProxy forwards signalling messages between a client and a server. Its hooks may
// change or drop them; a nil hook passes all.
type signalProxy struct {
	fromServer func(*livekit.SignalResponse) fate
	fromClient func(*livekit.SignalRequest) fate
}

// start runs the proxy until the test ends and returns its URL.
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

// pump forwards messages in one direction until either side ends.
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

// baseOf returns the URL of server with the scheme ws or wss.
func baseOf(tb testing.TB, server *httptest.Server) *url.URL {
	tb.Helper()
	u, err := url.Parse(strings.Replace(server.URL, "http", "ws", 1))
	if err != nil {
		tb.Fatal(err)
	}
	return u
}

// rewriteCandidate sets the address of a trickled candidate to 127.0.0.1 and the port for
// its protocol. A port of 0 drops the candidate.
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

// serverCandidates returns a hook that applies f to the server's candidates.
func serverCandidates(f func(*livekit.TrickleRequest) fate) func(*livekit.SignalResponse) fate {
	return func(m *livekit.SignalResponse) fate {
		if t := m.GetTrickle(); t != nil {
			return f(t)
		}
		return pass
	}
}

// noClientCandidates drops the client's candidates, so that the server cannot reach the
// client first.
func noClientCandidates(m *livekit.SignalRequest) fate {
	if m.GetTrickle() != nil {
		return drop
	}
	return pass
}

// rawServer accepts connections, sends say on each, and reads until the client closes it.
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
