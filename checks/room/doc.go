// Package room is a live stay in a LiveKit room as a stream of events: who
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
//	data                 message: a data packet, or LiveKit's chat or transcription
//	data_sent            message, me
//	reconnecting         [reason], [full]
//	reconnected          took_ms, full (joined anew; without it, resumed)
//	problem              [reason]: something that was asked for did not work
//	ended                end, [reason], [advice], [findings]: the last one, always
//
// end.outcome is left, interrupted, not_joined, thrown_out or lost. reason is
// LiveKit's own word (livekit.DisconnectReason). findings are those of the
// doctor's own checks, which look for the cause when a join failed.
package room
