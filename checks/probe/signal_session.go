package probe

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

const (
	// maxBeforeJoin is how many other messages may come before Join. LiveKit
	// sends Join first; a later server may not.
	maxBeforeJoin = 8
	// writeWait bounds one write; leaveWait is how long Leave waits for the
	// server to hang up. Leave is done within both.
	writeWait = 300 * time.Millisecond
	leaveWait = 50 * time.Millisecond
	// farUpgrade is from when on the server counts as too far away to be waited
	// for: what was sent is on its way, and its answer would cost a round trip.
	farUpgrade = 20 * time.Millisecond
	// quietDefault is how long a session may be silent when the server names no
	// ping time-out of its own.
	quietDefault = 15 * time.Second
	// brokenWait is for reading what came before a write failed.
	brokenWait = 100 * time.Millisecond
)

// awaitJoin reads the first frame within wait.
func (s *Signal) awaitJoin(ctx context.Context, wait time.Duration) (*livekit.JoinResponse, *SignalFailure) {
	_ = s.ws.SetReadDeadline(time.Now().Add(wait))
	stop := context.AfterFunc(ctx, func() { _ = s.ws.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	for range maxBeforeJoin {
		frame, data, err := s.ws.ReadMessage()
		if err != nil {
			return nil, s.firstFrameFailure(ctx, err)
		}
		msg := decodeSignal(frame, data)
		switch {
		case msg == nil:
			return nil, s.notSignal(frame, data)
		case msg.GetLeave() != nil:
			f := &SignalFailure{Kind: SignalLeave}
			f.Reason, f.Action = wireReason(msg.GetLeave())
			return nil, f
		case msg.GetJoin() != nil:
			join := msg.GetJoin()
			if join.GetRoom() == nil && join.GetParticipant() == nil && join.GetAlternativeUrl() == "" {
				return nil, s.notSignal(frame, data)
			}
			return join, nil
		}
	}
	return nil, &SignalFailure{Kind: SignalNotSignal, FrameType: "binary"}
}

// firstFrameFailure says why no first frame came.
func (s *Signal) firstFrameFailure(ctx context.Context, err error) *SignalFailure {
	f := &SignalFailure{Err: err}
	end := s.endOf(err)
	if end.CloseCode != 0 {
		f.Err = nil // holds the server's own words
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		f.Kind = SignalCancelled
	case end.Silent:
		f.Kind = SignalSilent
	case end.CloseCode == 0:
		// Neither a close nor a broken connection: bytes that are no frame.
		f.Kind, f.FrameType, f.Excerpt = SignalNotSignal, "invalid", s.net.line(err.Error())
	default:
		f.Kind, f.CloseCode, f.CloseText = SignalClosed, end.CloseCode, end.CloseText
	}
	return f
}

// notSignal keeps what came instead of LiveKit's protocol.
func (s *Signal) notSignal(frame int, data []byte) *SignalFailure {
	f := &SignalFailure{Kind: SignalNotSignal, FrameType: "binary", FrameLength: len(data)}
	if frame == websocket.TextMessage {
		f.FrameType = "text"
	}
	if utf8.Valid(data) {
		f.Excerpt = s.net.line(string(data[:min(len(data), 1024)]))
	}
	return f
}

// decodeSignal reads one message; nil is what LiveKit does not send.
func decodeSignal(frame int, data []byte) *livekit.SignalResponse {
	msg := &livekit.SignalResponse{}
	if frame != websocket.BinaryMessage || proto.Unmarshal(data, msg) != nil || msg.Message == nil {
		return nil
	}
	return msg
}

// rehearseJoin reads a Join of its own making. The protobuf library looks at a
// message's type when the first of them is read, which takes some milliseconds
// for a Join: time that is free while the server is being waited for.
func rehearseJoin() {
	data, err := proto.Marshal(&livekit.SignalResponse{Message: &livekit.SignalResponse_Join{Join: &livekit.JoinResponse{
		Room:              &livekit.Room{EnabledCodecs: []*livekit.Codec{{}}},
		Participant:       &livekit.ParticipantInfo{Permission: &livekit.ParticipantPermission{}},
		OtherParticipants: []*livekit.ParticipantInfo{{Tracks: []*livekit.TrackInfo{{}}}},
		IceServers:        []*livekit.ICEServer{{}}, ServerInfo: &livekit.ServerInfo{}, ClientConfiguration: &livekit.ClientConfiguration{},
	}}})
	if err == nil {
		decodeSignal(websocket.BinaryMessage, data)
	}
}

// endOf turns the error that ended reading into an end. CloseCode 0 and not
// Silent means that the peer broke the WebSocket protocol.
func (s *Signal) endOf(err error) *SignalEnd {
	end := &SignalEnd{}
	var closed *websocket.CloseError
	var netError net.Error
	switch {
	case errors.As(err, &closed):
		end.CloseCode, end.CloseText = closed.Code, s.net.line(closed.Text)
		if closed.Code == websocket.CloseAbnormalClosure {
			end.CloseText = "" // the library's own words, not the server's
		}
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &netError) && netError.Timeout():
		end.Silent = true
	case errors.Is(err, websocket.ErrReadLimit), strings.HasPrefix(err.Error(), "websocket: "):
	default:
		end.CloseCode = websocket.CloseAbnormalClosure
	}
	return end
}

// start begins reading and pinging. Both end with the connection.
func (s *Signal) start() {
	s.ws.SetPingHandler(func(data string) error {
		_ = s.ws.SetReadDeadline(time.Now().Add(s.quiet()))
		_ = s.ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writeWait))
		return nil
	})
	go s.readLoop()
	go s.pingLoop()
}

// quiet is how long the server may say nothing before it counts as gone.
func (s *Signal) quiet() time.Duration {
	if s.broken.Load() {
		return brokenWait
	}
	if s.Facts.PingTimeout > s.Facts.PingInterval {
		return s.Facts.PingTimeout
	}
	return quietDefault + s.Facts.PingInterval
}

// readLoop keeps what Media wants to hear, until the connection ends.
func (s *Signal) readLoop() {
	defer close(s.readDone)
	defer func() { _ = s.ws.Close() }()
	for {
		_ = s.ws.SetReadDeadline(time.Now().Add(s.quiet()))
		frame, data, err := s.ws.ReadMessage()
		if err != nil {
			end := s.endOf(err)
			if end.Silent && s.broken.Load() {
				end = &SignalEnd{CloseCode: websocket.CloseAbnormalClosure}
			}
			s.finish(end)
			return
		}
		msg := decodeSignal(frame, data)
		switch {
		case msg == nil:
		case msg.GetLeave() != nil:
			end := &SignalEnd{Left: true}
			end.Reason, end.Action = wireReason(msg.GetLeave())
			s.finish(end)
			return
		case msg.GetOffer() != nil, msg.GetAnswer() != nil, msg.GetTrickle() != nil:
			s.messages.put(msg)
		}
	}
}

// finish records how the connection ended.
func (s *Signal) finish(end *SignalEnd) {
	select {
	case <-s.leaving:
		end.ByUs = true
	default:
	}
	s.endMu.Lock()
	defer s.endMu.Unlock()
	s.end = end
}

// pingLoop keeps the server's own time-out away.
func (s *Signal) pingLoop() {
	defer close(s.pingDone)
	every := s.Facts.PingInterval
	if every <= 0 {
		every = quietDefault / 3
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-s.readDone:
			return
		case <-s.leaving:
			return
		case now := <-ticker.C:
			_ = s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_PingReq{
				PingReq: &livekit.Ping{Timestamp: now.UnixMilli()},
			}})
		}
	}
}

// send writes one message; one at a time, because the WebSocket library
// panics on two at once. After a failed write only what has come in already is
// read: the server's Leave, perhaps.
func (s *Signal) send(msg *livekit.SignalRequest) error {
	data, err := proto.Marshal(msg)
	if err != nil {
		return err
	}
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	_ = s.ws.SetWriteDeadline(time.Now().Add(writeWait))
	if err = s.ws.WriteMessage(websocket.BinaryMessage, data); err != nil {
		s.broken.Store(true)
		_ = s.ws.SetReadDeadline(time.Now().Add(s.quiet()))
	}
	return err
}

// Leave takes the participant out of the room and closes the connection. It
// needs no context, so that it also works after a Ctrl+C; it is done within
// 500 ms, leaves no goroutine, and may be called more than once.
func (s *Signal) Leave() {
	s.leaveOnce.Do(func() {
		defer close(s.leaveDone)
		close(s.leaving)
		s.sayGoodbye()
		timer := time.NewTimer(s.patience())
		defer timer.Stop()
		select {
		case <-s.readDone:
		case <-timer.C:
		}
		_ = s.ws.Close()
		<-s.readDone
		<-s.pingDone
	})
	<-s.leaveDone
}

// patience is how long Leave waits for the server to hang up.
func (s *Signal) patience() time.Duration {
	if s.Phases.Upgrade > farUpgrade {
		return 0
	}
	return leaveWait
}

// sayGoodbye sends Leave and a close frame.
func (s *Signal) sayGoodbye() {
	_ = s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: &livekit.LeaveRequest{
		Reason: livekit.DisconnectReason_CLIENT_INITIATED,
		Action: livekit.LeaveRequest_DISCONNECT,
	}}})
	_ = s.ws.WriteControl(websocket.CloseMessage,
		websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(writeWait))
}

// abandon ends a connection that never came to Join. The server may have put
// the participant into the room all the same, unless it hung up itself.
func (s *Signal) abandon(kind SignalKind) {
	if kind != SignalClosed {
		s.sayGoodbye()
	}
	_ = s.ws.Close()
}
