package room

import (
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
)

// maxShown is how many runes of a message are shown, maxStream how many bytes
// of a text stream are kept.
const (
	maxShown  = 500
	maxStream = 16 << 10
)

// MaxMessage is the longest message that Send takes, in bytes (LiveKit's limit
// for a reliable packet is 15 KiB, headers included).
const MaxMessage = 14 << 10

// topics are the text streams that LiveKit's own clients use.
func topics() []string { return []string{"lk.chat", "lk.transcription"} }

// takeData is a data packet.
func (s *Stay) takeData(packet lksdk.DataPacket, from lksdk.DataReceiveParams) {
	message := &Message{From: s.o.Redact.Clean(from.SenderIdentity, 120)}
	switch p := packet.(type) {
	case *lksdk.UserDataPacket:
		message.Topic, message.Text, message.Bytes = s.o.Redact.Clean(p.Topic, 80), s.readable(p.Payload), len(p.Payload)
	case *livekit.ChatMessage:
		message.Topic, message.Text, message.Bytes = "chat", s.readable([]byte(p.GetMessage())), len(p.GetMessage())
	default:
		return // DTMF and the like
	}
	s.received(message)
}

func (s *Stay) received(m *Message) {
	from := m.From
	if from == "" {
		from = "server"
	}
	text := finding.Textf("%s says: %s", from, m.Text)
	if m.Topic != "" {
		text = finding.Textf("%s says (%s): %s", from, m.Topic, m.Text)
	}
	s.tell(Event{Type: Data, Message: m, Text: text})
}

// readable is a stranger's message as one clean line; what is no text is only
// described.
func (s *Stay) readable(payload []byte) string {
	if !utf8.Valid(payload) {
		return "[bytes that are no text]"
	}
	return s.o.Redact.Clean(strings.TrimSpace(string(payload)), maxShown)
}

// takeStreams listens to LiveKit's chat and transcriptions.
func (s *Stay) takeStreams() {
	for _, topic := range topics() {
		// It fails only for a topic that has a handler.
		_ = s.room.RegisterTextStreamHandler(topic, func(r *lksdk.TextStreamReader, from string) {
			kept, n := make([]byte, 0, 1024), 0
			buf := make([]byte, 4096)
			for {
				k, err := r.Read(buf)
				n += k
				kept = append(kept, buf[:min(k, maxStream-len(kept))]...)
				if err != nil {
					if !errors.Is(err, io.EOF) {
						return
					}
					break
				}
			}
			for !utf8.Valid(kept) && len(kept) > 0 && len(kept) > maxStream-utf8.UTFMax {
				kept = kept[:len(kept)-1] // cut in the middle of a character
			}
			s.received(&Message{From: s.o.Redact.Clean(from, 120), Topic: topic, Text: s.readable(kept), Bytes: n, Stream: true})
		})
	}
}

// The reasons for which something cannot be done now.
var (
	ErrNotInRoom   = errors.New("not in the room")
	ErrMayNot      = errors.New("the token does not allow it")
	ErrTooLong     = errors.New("the message is too long")
	ErrNotOffered  = errors.New("nothing is published")
	ErrReconnect   = errors.New("reconnecting already")
	errSDKDeclined = errors.New("the SDK did not do it")
)

// Send sends a reliable data message to everybody. It waits for the connection
// that carries it, some seconds at most.
func (s *Stay) Send(text string) error {
	may, in := s.may()
	switch {
	case !in:
		return ErrNotInRoom
	case !may.Data:
		return ErrMayNot
	case len(text) > MaxMessage:
		return ErrTooLong
	}
	err := s.room.LocalParticipant.PublishDataPacket(lksdk.UserData([]byte(text)), lksdk.WithDataPublishReliable(true))
	if err != nil {
		return errors.Join(errSDKDeclined, err)
	}
	shown := clean.Line(text, maxShown)
	s.tell(Event{Type: DataSent, Message: &Message{Text: shown, Bytes: len(text)}, Me: true, Text: finding.Textf("sent: %s", shown)})
	return nil
}

// may is what the server allows, and whether we are in.
func (s *Stay) may() (Allowed, bool) {
	select {
	case <-s.leaving:
		return Allowed{}, false
	case <-s.gone:
		return Allowed{}, false
	case <-s.done:
		return Allowed{}, false
	default:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.allowed, !s.since.IsZero()
}

// Reconnect simulates a lost connection: the WebSocket is cut and the session
// resumed; with full the SDK is told, as a server would, to join anew.
func (s *Stay) Reconnect(full bool) error {
	if _, in := s.may(); !in {
		return ErrNotInRoom
	}
	s.mu.Lock()
	busy := !s.reconnecting.IsZero()
	s.mu.Unlock()
	switch {
	case busy:
		return ErrReconnect
	case full:
		// livekit-server 1.13.5 does not know the SDK's scenario for this.
		return s.bridge.inject(&livekit.SignalResponse{Message: &livekit.SignalResponse_Leave{Leave: &livekit.LeaveRequest{
			Action: livekit.LeaveRequest_RECONNECT, Reason: livekit.DisconnectReason_UNKNOWN_REASON}}})
	default:
		s.room.Simulate(lksdk.SimulateSignalReconnect)
	}
	return nil
}
