package room

import (
	"errors"
	"net"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"lkdoctor/checks/probe"
)

// toClient carries the server's messages, the first of which has to come soon.
func (b *bridge) toClient(up, down *websocket.Conn) {
	up.SetReadLimit(maxMessage)
	_ = up.SetReadDeadline(time.Now().Add(wordWait))
	for first := true; ; first = false {
		kind, data, err := up.ReadMessage()
		var timeout net.Error
		if first && errors.As(err, &timeout) && timeout.Timeout() {
			b.mu.Lock()
			b.silent = true
			b.mu.Unlock()
		}
		if err != nil {
			b.hungUp.Store(!b.leaving.Load() && !errors.Is(err, net.ErrClosed))
			return
		}
		_ = up.SetReadDeadline(time.Time{})
		if kind == websocket.BinaryMessage {
			data = b.heard(data)
		}
		if b.write(down, kind, data) != nil {
			return
		}
	}
}

func (b *bridge) write(to *websocket.Conn, kind int, data []byte) error {
	b.writes.Lock()
	defer b.writes.Unlock()
	_ = to.SetWriteDeadline(time.Now().Add(writeWait))
	return to.WriteMessage(kind, data)
}

// leave leaves the room in the SDK's place. The server hangs up then.
func (b *bridge) leave() {
	data, err := proto.Marshal(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{
		Leave: &livekit.LeaveRequest{Reason: livekit.DisconnectReason_CLIENT_INITIATED}}})
	b.mu.Lock()
	far := b.far
	b.mu.Unlock()
	if far != nil && err == nil {
		_ = b.write(far, websocket.BinaryMessage, data) // close ends what cannot be written to
	}
}

// inject says something to the SDK in the server's place.
func (b *bridge) inject(m *livekit.SignalResponse) error {
	data, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	b.mu.Lock()
	sdk := b.sdk
	b.mu.Unlock()
	if sdk == nil {
		return ErrNotInRoom
	}
	b.hear(m)
	return b.write(sdk, websocket.BinaryMessage, data)
}

// heard tells of a message, and returns it as the SDK is to see it.
func (b *bridge) heard(data []byte) []byte {
	message := &livekit.SignalResponse{}
	if proto.Unmarshal(data, message) != nil {
		return data
	}
	b.hear(message)
	if !probe.IsLoopbackHost(b.base.Hostname()) || len(iceServers(message)) == 0 {
		return data
	}
	// A server on this machine needs no STUN server on the internet, which
	// livekit-server names when it is told none.
	dropPublicSTUN(message)
	if changed, err := proto.Marshal(message); err == nil {
		return changed
	}
	return data
}

func iceServers(m *livekit.SignalResponse) []*livekit.ICEServer {
	if r := m.GetReconnect(); r != nil {
		return r.IceServers
	}
	return m.GetJoin().GetIceServers()
}

// dropPublicSTUN leaves the TURN servers, which have credentials.
func dropPublicSTUN(m *livekit.SignalResponse) {
	var kept []*livekit.ICEServer
	for _, s := range iceServers(m) {
		if s.Credential != "" {
			kept = append(kept, s)
		}
	}
	if r := m.GetReconnect(); r != nil {
		r.IceServers = kept
	} else if j := m.GetJoin(); j != nil {
		j.IceServers = kept
	}
}

// toServer carries the SDK's messages; the last one may be its Leave.
func (b *bridge) toServer(down, up *websocket.Conn) {
	for {
		kind, data, err := down.ReadMessage()
		if err != nil || kind == websocket.BinaryMessage && isLeave(data) {
			b.leaving.Store(true)
		}
		if err != nil {
			return
		}
		if b.write(up, kind, data) != nil {
			return
		}
	}
}

// isLeave tells whether a message of the SDK is its good-bye.
func isLeave(data []byte) bool {
	message := &livekit.SignalRequest{}
	return proto.Unmarshal(data, message) == nil && message.GetLeave() != nil
}
