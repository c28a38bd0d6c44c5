package stay

import (
	"strings"
	"unicode/utf8"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/room"
)

// stream is a text stream that is being received.
type stream struct {
	from, topic string
	kept        []byte
	bytes       int
}

// takeData reads a data packet. LiveKit's own clients send chat and transcriptions
// as text streams: a header, chunks, and a trailer.
func (s *Stay) takeData(packet *livekit.DataPacket) {
	from := s.o.Redact.Clean(packet.GetParticipantIdentity(), 120)
	switch p := packet.GetValue().(type) {
	case *livekit.DataPacket_User:
		payload := p.User.GetPayload()
		s.received(&room.Message{From: from, Topic: s.o.Redact.Clean(p.User.GetTopic(), 80),
			Text: s.readable(payload), Bytes: len(payload)})
	case *livekit.DataPacket_ChatMessage:
		text := p.ChatMessage.GetMessage()
		s.received(&room.Message{From: from, Topic: "chat", Text: s.readable([]byte(text)), Bytes: len(text)})
	case *livekit.DataPacket_StreamHeader:
		topic := p.StreamHeader.GetTopic()
		isText := p.StreamHeader.GetTextHeader() != nil && (topic == "lk.chat" || topic == "lk.transcription")
		s.mu.Lock()
		defer s.mu.Unlock()
		if isText && len(s.streams) < caps.Streams {
			s.streams[p.StreamHeader.GetStreamId()] = &stream{from: from, topic: topic}
		}
	case *livekit.DataPacket_StreamChunk:
		s.mu.Lock()
		defer s.mu.Unlock()
		if open := s.streams[p.StreamChunk.GetStreamId()]; open != nil {
			content := p.StreamChunk.GetContent()
			open.bytes += len(content)
			open.kept = append(open.kept, content[:min(len(content), caps.StreamBytes-len(open.kept))]...)
		}
	case *livekit.DataPacket_StreamTrailer:
		s.mu.Lock()
		open := s.streams[p.StreamTrailer.GetStreamId()]
		delete(s.streams, p.StreamTrailer.GetStreamId())
		s.mu.Unlock()
		if open == nil {
			return
		}
		kept := open.kept
		for !utf8.Valid(kept) && len(kept) > caps.StreamBytes-utf8.UTFMax {
			kept = kept[:len(kept)-1] // cut in the middle of a character
		}
		s.received(&room.Message{From: open.from, Topic: open.topic, Text: s.readable(kept), Bytes: open.bytes, Stream: true})
	}
}

func (s *Stay) received(m *room.Message) {
	from := m.From
	if from == "" {
		from = "server"
	}
	text := finding.Textf("%s says: %s", from, m.Text)
	if m.Topic != "" {
		text = finding.Textf("%s says (%s): %s", from, m.Topic, m.Text)
	}
	s.emit(room.Event{Type: room.Data, Message: m, Text: text})
}

// readable returns an untrusted message as one clean line; binary data is only
// described.
func (s *Stay) readable(payload []byte) string {
	if !utf8.Valid(payload) {
		return "[bytes that are no text]"
	}
	return s.o.Redact.Clean(strings.TrimSpace(string(payload)), caps.MessageShown)
}
