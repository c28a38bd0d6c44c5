package hostile

import (
	"sync"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// peer is the client of one WebSocket.
type peer struct {
	ws     *websocket.Conn
	writes sync.Mutex // the library takes one writer at a time
	// heard receives the client's messages while a goroutine reads them. It is closed
	// with the connection.
	heard chan *livekit.SignalRequest
	gone  chan struct{}
}

// converse talks until the client has left.
func converse(ws *websocket.Conn, talk func(*peer)) {
	p := &peer{ws: ws, heard: make(chan *livekit.SignalRequest, 1024), gone: make(chan struct{})}
	go func() {
		defer close(p.gone)
		defer close(p.heard)
		for {
			_, data, err := ws.ReadMessage()
			if err != nil {
				return
			}
			m := &livekit.SignalRequest{}
			if proto.Unmarshal(data, m) != nil {
				continue
			}
			select {
			case p.heard <- m:
			default:
			}
		}
	}()
	if talk == nil {
		talk = func(p *peer) { p.say(join()) }
	}
	talk(p)
	<-p.gone
}

// raw sends bytes as one message, and reports whether the client still takes it.
func (p *peer) raw(data []byte) bool {
	p.writes.Lock()
	defer p.writes.Unlock()
	return p.ws.WriteMessage(websocket.BinaryMessage, data) == nil
}

// say sends a message.
func (p *peer) say(m *livekit.SignalResponse) bool { return p.raw(encode(m)) }

// again sends the messages of next until there is none or the client has gone.
func (p *peer) again(next func(i int) []byte) {
	for i := 0; ; i++ {
		if data := next(i); data == nil || !p.raw(data) {
			return
		}
	}
}

// times is a next of again that ends.
func times(n int, next func(i int) *livekit.SignalResponse) func(int) []byte {
	return func(i int) []byte {
		if i == n {
			return nil
		}
		return encode(next(i))
	}
}

// forever is a next of again that repeats one message.
func forever(m *livekit.SignalResponse) func(int) []byte {
	data := encode(m)
	return func(int) []byte { return data }
}

func encode(m *livekit.SignalResponse) []byte {
	data, err := proto.Marshal(m)
	if err != nil {
		panic(err) // the messages are the lab's own
	}
	return data
}

// join is a good JoinResponse.
func join() *livekit.SignalResponse {
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_Join{Join: &livekit.JoinResponse{
		Room: &livekit.Room{Sid: "RM_hostile", Name: "support"},
		Participant: &livekit.ParticipantInfo{Sid: "PA_me", Identity: "caller",
			Permission: &livekit.ParticipantPermission{CanPublish: true, CanSubscribe: true, CanPublishData: true}},
		ServerInfo:        &livekit.ServerInfo{Version: "1.13.5"},
		SubscriberPrimary: true, PingInterval: 10, PingTimeout: 20,
	}}}
}

// joined is join, changed.
func joined(change func(*livekit.JoinResponse)) *livekit.SignalResponse {
	m := join()
	change(m.GetJoin())
	return m
}

func offer(sdp string) *livekit.SignalResponse {
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_Offer{Offer: &livekit.SessionDescription{Type: "offer", Sdp: sdp}}}
}

func candidate(init string) *livekit.SignalResponse {
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_Trickle{
		Trickle: &livekit.TrickleRequest{CandidateInit: init, Target: livekit.SignalTarget_SUBSCRIBER}}}
}

func update(people ...*livekit.ParticipantInfo) *livekit.SignalResponse {
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_Update{Update: &livekit.ParticipantUpdate{Participants: people}}}
}
