package hostile

import (
	"math"
	"sync"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// peer is the client of one WebSocket.
type peer struct {
	ws     *websocket.Conn
	writes sync.Mutex // a connection takes one writer at a time
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

// raw sends bytes as one message, and reports whether the client still reads.
func (p *peer) raw(data []byte) bool {
	p.writes.Lock()
	defer p.writes.Unlock()
	return p.ws.WriteMessage(websocket.BinaryMessage, data) == nil
}

// say sends a message, and reports whether the client still reads.
func (p *peer) say(m *livekit.SignalResponse) bool { return p.raw(encode(m)) }

// endless is a number of messages that no client reads.
const endless = math.MaxInt

// again sends n messages, or fewer if the client goes.
func (p *peer) again(n int, next func(i int) *livekit.SignalResponse) {
	for i := 0; i < n && p.say(next(i)); i++ {
	}
}

// flood sends one message until the client goes.
func (p *peer) flood(data []byte) {
	for p.raw(data) {
	}
}

func encode(m *livekit.SignalResponse) []byte {
	data, err := proto.Marshal(m)
	if err != nil {
		panic(err) // the messages are made here
	}
	return data
}

// join returns a good Join, changed.
func join(changes ...func(*livekit.JoinResponse)) *livekit.SignalResponse {
	j := &livekit.JoinResponse{
		Room: &livekit.Room{Sid: "RM_hostile", Name: "support"},
		Participant: &livekit.ParticipantInfo{Sid: "PA_me", Identity: "caller",
			Permission: &livekit.ParticipantPermission{CanPublish: true, CanSubscribe: true, CanPublishData: true}},
		ServerInfo:        &livekit.ServerInfo{Version: "1.13.5"},
		SubscriberPrimary: true, PingInterval: 10, PingTimeout: 20,
	}
	for _, change := range changes {
		change(j)
	}
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_Join{Join: j}}
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

// reconnect is a Leave that asks the client to join again.
func reconnect() *livekit.SignalResponse {
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_Leave{Leave: &livekit.LeaveRequest{
		Action: livekit.LeaveRequest_RECONNECT, Reason: livekit.DisconnectReason_STATE_MISMATCH}}}
}
