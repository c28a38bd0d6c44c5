package lab

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// UpgradeThen upgrades every request to a WebSocket and hands it to talk; the
// connection ends when talk returns.
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

// ListenOnly reads what comes and says nothing, until the other side leaves.
func ListenOnly(conn *websocket.Conn) {
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			return
		}
	}
}

// CloseWith closes the WebSocket with a close code and its text.
func CloseWith(code int, text string) func(*websocket.Conn) {
	return func(conn *websocket.Conn) {
		deadline := time.Now().Add(time.Second)
		_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), deadline)
		_ = conn.SetReadDeadline(deadline)
		ListenOnly(conn)
	}
}

// Say sends one message and then only listens.
func Say(messageType int, message []byte) func(*websocket.Conn) {
	return func(conn *websocket.Conn) {
		if conn.WriteMessage(messageType, message) == nil {
			ListenOnly(conn)
		}
	}
}

// Rewrite changes LiveKit's signal messages on their way. It returns what is to
// be sent in place of the message: nothing, the message, or several.
type Rewrite struct {
	// ToClient sees what the server says; nil passes all on.
	ToClient func(*livekit.SignalResponse) []*livekit.SignalResponse
	// ToServer sees what the client says; nil passes all on.
	ToServer func(*livekit.SignalRequest) []*livekit.SignalRequest
}

// SignalProxy forwards everything to the LiveKit server at addr, and changes
// the messages of its signal connections. Text frames pass unchanged: LiveKit's
// own SDKs send binary ones.
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

// refuse passes the server's refusal of an upgrade on, body and all.
func refuse(w http.ResponseWriter, refusal *http.Response) {
	if refusal == nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	body, _ := io.ReadAll(refusal.Body) // gorilla has kept its first 1024 bytes
	for name, values := range refusal.Header {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(refusal.StatusCode)
	_, _ = io.Copy(w, bytes.NewReader(body))
}

// relay copies both ways until either side ends.
func relay(client, server *websocket.Conn, rewrite Rewrite) {
	var both sync.WaitGroup
	both.Go(func() {
		defer client.Close()
		defer server.Close()
		pump(server, client, rewrite.ToClient, func() *livekit.SignalResponse { return &livekit.SignalResponse{} })
	})
	both.Go(func() {
		defer client.Close()
		defer server.Close()
		pump(client, server, rewrite.ToServer, func() *livekit.SignalRequest { return &livekit.SignalRequest{} })
	})
	both.Wait()
}

func pump[M proto.Message](from, to *websocket.Conn, change func(M) []M, empty func() M) {
	for {
		kind, data, err := from.ReadMessage()
		if err != nil {
			passClose(to, err)
			return
		}
		message := empty()
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

// passClose repeats a close frame, so that its code and text are not lost.
func passClose(to *websocket.Conn, err error) {
	if closed := (*websocket.CloseError)(nil); errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure {
		_ = to.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(closed.Code, closed.Text), time.Now().Add(time.Second))
	}
}
