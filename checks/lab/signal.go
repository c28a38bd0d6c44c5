package lab

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// UpgradeThen upgrades every request to a WebSocket and passes it to talk. It closes the
// connection when talk returns.
func UpgradeThen(talk func(conn *websocket.Conn)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrade(w, r)
		if err != nil {
			return
		}
		defer conn.Close()
		talk(conn)
	})
}

func upgrade(w http.ResponseWriter, r *http.Request) (*websocket.Conn, error) {
	u := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	return u.Upgrade(w, r, nil)
}

// listenOnly reads and sends nothing until the client has gone.
func listenOnly(conn *websocket.Conn) {
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			return
		}
	}
}

// closeWith closes the WebSocket with a close code and its text.
func closeWith(code int, text string) func(*websocket.Conn) {
	return func(conn *websocket.Conn) {
		deadline := time.Now().Add(time.Second)
		_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), deadline)
		_ = conn.SetReadDeadline(deadline)
		listenOnly(conn)
	}
}

// say sends one message and then only reads.
func say(messageType int, message []byte) func(*websocket.Conn) {
	return func(conn *websocket.Conn) {
		if conn.WriteMessage(messageType, message) == nil {
			listenOnly(conn)
		}
	}
}

// Rewrite changes LiveKit's signal messages. Its functions return what is sent in place
// of a message: nothing, the message, or several.
type Rewrite struct {
	// ToClient receives the server's messages; nil passes all on.
	ToClient func(*livekit.SignalResponse) []*livekit.SignalResponse
	// ToServer receives the client's messages; nil passes all on.
	ToServer func(*livekit.SignalRequest) []*livekit.SignalRequest
}

// onJoin returns a Rewrite that changes the server's Join.
func onJoin(change func(*livekit.JoinResponse)) Rewrite {
	return Rewrite{ToClient: func(m *livekit.SignalResponse) []*livekit.SignalResponse {
		if join := m.GetJoin(); join != nil {
			change(join)
		}
		return []*livekit.SignalResponse{m}
	}}
}

// SignalProxy forwards everything to the LiveKit server at addr, and changes the messages
// of its signal connections. Text frames pass unchanged; LiveKit's SDKs send binary ones.
func SignalProxy(addr string, rewrite Rewrite) http.Handler {
	forward := Forward(addr)
	return OnUpgrade(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := http.Header{}
		for _, name := range []string{"Authorization", "User-Agent", "Origin"} {
			if value := r.Header.Get(name); value != "" {
				header.Set(name, value)
			}
		}
		server, refusal, err := websocket.DefaultDialer.DialContext(r.Context(), "ws://"+addr+r.URL.RequestURI(), header)
		if err != nil {
			refuse(w, refusal)
			return
		}
		defer server.Close()
		client, err := upgrade(w, r)
		if err != nil {
			return
		}
		defer client.Close()
		relay(client, server, rewrite)
	}), forward)
}

// refuse passes the server's refusal of an upgrade on, with its body.
func refuse(w http.ResponseWriter, refusal *http.Response) {
	if refusal == nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	for name, values := range refusal.Header {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(refusal.StatusCode)
	_, _ = io.Copy(w, refusal.Body) // gorilla has kept its first 1024 bytes
}

// relay copies both ways until either side ends.
func relay(client, server *websocket.Conn, rewrite Rewrite) {
	var both sync.WaitGroup
	both.Go(func() { pump(server, client, rewrite.ToClient) })
	both.Go(func() { pump(client, server, rewrite.ToServer) })
	both.Wait()
}

// pump copies messages, changed, until either side ends, and closes both.
func pump[T any, M interface {
	*T
	proto.Message
}](from, to *websocket.Conn, change func(M) []M) {
	defer from.Close()
	defer to.Close()
	for {
		kind, data, err := from.ReadMessage()
		if err != nil {
			passClose(to, err)
			return
		}
		message := M(new(T))
		if change == nil || kind != websocket.BinaryMessage || proto.Unmarshal(data, message) != nil {
			if to.WriteMessage(kind, data) != nil {
				return
			}
			continue
		}
		for _, changed := range change(message) {
			data, err := proto.Marshal(changed)
			if err != nil || to.WriteMessage(kind, data) != nil {
				return
			}
		}
	}
}

// passClose repeats a close frame with its code and text.
func passClose(to *websocket.Conn, err error) {
	if closed := (*websocket.CloseError)(nil); errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure {
		_ = to.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(closed.Code, closed.Text), time.Now().Add(time.Second))
	}
}
