// Package room describes what happens in a LiveKit room as a stream of events: who
// comes and goes, what is published, who speaks, what the media goes over, and
// why it ended. It knows no terminal. `lkdoctor join` shows the stream, as a
// screen, as lines, or as JSON.
//
// # The events
//
// Each event has type and at (RFC 3339), and with --json a text, the same in
// one English sentence. The fields by type; those in brackets may be missing:
//
//	prepared             url, room, participant, token_source, ticket_spent, [findings]
//	joining              url
//	joined               room, room_sid, participant, me, server, allowed, [metadata]
//	media                –  ICE and DTLS are connected; the stay has begun
//	participant_joined   participant, already (was there before us)
//	participant_left     participant, [reason]
//	participant_changed  participant, [me]: a new name or new metadata
//	track_published      participant, track, [me], [already]
//	track_unpublished    participant, track, [me]
//	track_muted          participant, track, [me]; track_unmuted likewise
//	track_received       participant, track: its media reaches us
//	speaking             speakers, the loudest first; empty when nobody speaks
//	quality              participant, quality (excellent, good, poor, lost), [me]
//	room_changed         room, [metadata], [recording]
//	path                 path: what media goes over, at first and whenever it changes
//	rtt                  rtt_ms: the last round trip of an ICE check, every 2 s
//	stats                traffic: what each track carries, every 2 s
//	data                 message: a data packet, or LiveKit's chat or transcription
//	data_sent            message, me
//	reconnecting         [reason], [full]
//	reconnected          took_ms, full (joined anew; without it, resumed)
//	agent_called         agent: it was called into the room
//	agent_came           agent, took_ms, [findings]: it is in the room, as a participant
//	problem              [reason], [findings], [advice]: something that was asked for did
//	                     not work
//	ended                end, [reason], [advice], [findings]: the last one, always
//
// end.outcome is left, interrupted, not_joined, thrown_out or lost. reason is
// LiveKit's own word (livekit.DisconnectReason), or a code of the doctor's. findings
// are those of the doctor's own checks, which look for the cause when a join failed
// or an agent does not come.
package room

import (
	"errors"
	"time"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe/clips"
)

// Type names a kind of event. The names are public API: `lkdoctor join --json`
// prints them. The package comment lists what each one carries.
type Type string

// The types of events.
const (
	Prepared Type = "prepared"
	Joining  Type = "joining"
	Joined   Type = "joined"
	Media    Type = "media"

	ParticipantJoined  Type = "participant_joined"
	ParticipantLeft    Type = "participant_left"
	ParticipantChanged Type = "participant_changed"
	TrackPublished     Type = "track_published"
	TrackUnpublished   Type = "track_unpublished"
	TrackMuted         Type = "track_muted"
	TrackUnmuted       Type = "track_unmuted"
	TrackReceived      Type = "track_received"
	Speaking           Type = "speaking"
	Quality            Type = "quality"
	RoomChanged        Type = "room_changed"

	PathChanged Type = "path"
	RTT         Type = "rtt"
	Stats       Type = "stats"

	Data     Type = "data"
	DataSent Type = "data_sent"

	AgentCalled Type = "agent_called"
	AgentCame   Type = "agent_came"

	Reconnecting Type = "reconnecting"
	Reconnected  Type = "reconnected"
	Problem      Type = "problem"
	Ended        Type = "ended"
)

// Event is one thing that happened in the room. Text from others is cleaned and
// capped. Fields that an event's type does not use are left out of the JSON.
type Event struct {
	Type Type      `json:"type"`
	At   time.Time `json:"at"`
	// Text is the event in one sentence.
	Text finding.Text `json:"-"`

	URL string `json:"url,omitempty"`
	// TokenSource is where the token came from: ticket, frontend, endpoint,
	// flag or minted.
	TokenSource string `json:"token_source,omitempty"`
	// TicketSpent reports whether a ticket was consumed for the token.
	TicketSpent *bool  `json:"ticket_spent,omitempty"`
	Room        string `json:"room,omitempty"`
	RoomSID     string `json:"room_sid,omitempty"`
	Metadata    string `json:"metadata,omitempty"`

	Recording *bool        `json:"recording,omitempty"`
	Server    *Server      `json:"server,omitempty"`
	Allowed   *Allowed     `json:"allowed,omitempty"`
	Who       *Participant `json:"participant,omitempty"`
	// Me reports whether Who, or the owner of Track, is this participant.
	Me bool `json:"me,omitempty"`
	// Already reports whether it was so before this participant joined.
	Already  bool      `json:"already,omitempty"`
	Track    *Track    `json:"track,omitempty"`
	Speakers []Speaker `json:"speakers,omitempty"`
	// Quality is excellent, good, poor or lost, in LiveKit's words.
	Quality string    `json:"quality,omitempty"`
	Path    *Path     `json:"path,omitempty"`
	RTT     *float64  `json:"rtt_ms,omitempty"`
	Traffic []Traffic `json:"traffic,omitempty"`
	Message *Message  `json:"message,omitempty"`
	// Agent is the name of an agent that was called.
	Agent string `json:"agent,omitempty"`
	// Full reports whether everything is set up anew; a resume keeps the media.
	Full bool `json:"full,omitempty"`
	// Took is the duration, in milliseconds.
	Took *float64 `json:"took_ms,omitempty"`
	// Reason is LiveKit's own word, such as DUPLICATE_IDENTITY.
	Reason string `json:"reason,omitempty"`
	End    *End   `json:"end,omitempty"`
	// Advice is one thing to do.
	Advice string `json:"advice,omitempty"`
	// Findings are those of the doctor's checks about the failure.
	Findings []Finding `json:"findings,omitempty"`
}

// Finding is a finding of the doctor's checks.
type Finding struct {
	Check    string           `json:"check"`
	Code     finding.Code     `json:"code"`
	Severity finding.Severity `json:"severity"`
	Message  string           `json:"message"`
	Fix      string           `json:"fix,omitempty"`
}

// Server is what the server says about itself.
type Server struct {
	Version string `json:"version,omitempty"`
	Region  string `json:"region,omitempty"`
	Node    string `json:"node,omitempty"`
	Edition string `json:"edition,omitempty"`
}

// Allowed holds the permissions that the server derived from the token's grants.
type Allowed struct {
	Publish   bool `json:"publish"`
	Subscribe bool `json:"subscribe"`
	Data      bool `json:"data"`
}

// Participant is a participant of the room.
type Participant struct {
	Identity string `json:"identity"`
	SID      string `json:"sid"`
	Name     string `json:"name,omitempty"`
	// Kind is standard, agent, sip, ingress, egress, …
	Kind     string `json:"kind,omitempty"`
	Metadata string `json:"metadata,omitempty"`
}

// Track is a published track.
type Track struct {
	SID    string `json:"sid"`
	Kind   string `json:"kind"` // audio, video or data
	Source string `json:"source,omitempty"`
	Name   string `json:"name,omitempty"`
	Codec  string `json:"codec,omitempty"`
	Muted  bool   `json:"muted"`
	// Width and Height are those of a video, in pixels.
	Width  int `json:"width,omitempty"`
	Height int `json:"height,omitempty"`
}

// Speaker is a participant who is heard now.
type Speaker struct {
	Identity string `json:"identity"`
	SID      string `json:"sid"`
	// Level is from 0 to 1, the loudest.
	Level float64 `json:"level"`
}

// Path is the path of the media.
type Path struct {
	// Kind is udp, tcp or relay.
	Kind string `json:"kind"`
	// Local and Remote are host:port; the types are host, srflx, prflx, relay.
	Local      string `json:"local"`
	LocalType  string `json:"local_type"`
	Remote     string `json:"remote"`
	RemoteType string `json:"remote_type"`
}

// Traffic is what one track carried in the last seconds, sent or received by this
// participant.
type Traffic struct {
	SID string `json:"track_sid"`
	Me  bool   `json:"me,omitempty"`
	// Rate is in bits per second, without headers.
	Rate float64 `json:"bits_per_second"`
	// Lost is in percent. For a sent track, Lost and Jitter are the server's
	// report; they are left out before it, and while nothing is sent.
	Lost   *float64 `json:"lost_percent,omitempty"`
	Jitter *float64 `json:"jitter_ms,omitempty"`
}

// Rates returns the bits per second sent and received.
func (e Event) Rates() (out, in float64) {
	for _, t := range e.Traffic {
		if t.Me {
			out += t.Rate
		} else {
			in += t.Rate
		}
	}
	return out, in
}

// Message is a data message, or the text of a text stream.
type Message struct {
	// From is the sender's identity; empty means the server.
	From  string `json:"from,omitempty"`
	Topic string `json:"topic,omitempty"`
	// Text is the cleaned message; Bytes is its length as received.
	Text  string `json:"text"`
	Bytes int    `json:"bytes"`
	// Stream reports whether it came as a text stream (LiveKit's chat and
	// transcriptions do).
	Stream bool `json:"stream,omitempty"`
	// Dropped is the number of messages before it that were dropped because the
	// reader was too slow.
	Dropped int `json:"dropped,omitempty"`
}

// Outcome is how a stay ended.
type Outcome string

// The outcomes.
const (
	// Left: this participant left as planned.
	Left Outcome = "left"
	// Interrupted: this participant left because the caller's context was
	// cancelled.
	Interrupted Outcome = "interrupted"
	// NotJoined: the join was refused, or media never connected.
	NotJoined Outcome = "not_joined"
	// ThrownOut: the server ended the stay.
	ThrownOut Outcome = "thrown_out"
	// Lost: the connection was lost and did not come back.
	Lost Outcome = "lost"
)

// End is why a stay ended. Only the last event has one.
type End struct {
	Outcome Outcome `json:"outcome"`
	// InRoom is the time in the room, in milliseconds.
	InRoom float64 `json:"in_room_ms"`
	// Refused is the HTTP answer that refused the WebSocket.
	Refused *Refusal `json:"refused,omitempty"`
	// Stage is the stage at which a join failed: signal or media.
	Stage string `json:"stage,omitempty"`
}

// Refusal is an HTTP answer in place of a WebSocket.
type Refusal struct {
	Status int    `json:"status"`
	Body   string `json:"body,omitempty"`
}

// Millis converts a duration to milliseconds with one decimal, as events have it.
func Millis(d time.Duration) *float64 {
	ms := float64(d.Round(100*time.Microsecond)) / float64(time.Millisecond)
	return &ms
}

// What a stay can publish, and what it publishes.
type (
	// Clip names a clip.
	Clip = clips.Clip
	// Sending is a clip that is published, and whether it is muted.
	Sending = clips.Sending
)

// The clips: a tone as the microphone, a test pattern as the camera.
const (
	Tone    = clips.Tone
	Pattern = clips.Pattern
)

// MaxMessage is the longest message that a stay sends, in bytes (LiveKit's limit
// for a reliable packet is 15 KiB, headers included).
const MaxMessage = 14 << 10

// The reasons for which a request cannot be carried out now.
var (
	ErrNotInRoom  = errors.New("not in the room")
	ErrMayNot     = errors.New("the token does not allow it")
	ErrTooLong    = errors.New("the message is too long")
	ErrNotOffered = errors.New("nothing is published")
	ErrReconnect  = errors.New("reconnecting already")
)
