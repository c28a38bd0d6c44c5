package room

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
)

// People holds the participants of a room as the server lists them. It is pure: it
// turns messages into events without their time. It is not safe for concurrent use.
type People struct {
	redact *clean.Redactor
	me     string // our SID
	known  map[string]*livekit.ParticipantInfo
	loud   map[string]float64 // who speaks, by SID
	joined bool
	room   *livekit.Room
	tracks int  // the number of all known tracks
	full   bool // a participant or track was left out, which was reported
}

// NewPeople returns People without participants.
func NewPeople(redact *clean.Redactor) *People {
	return &People{redact: redact, known: map[string]*livekit.ParticipantInfo{}, loud: map[string]float64{}}
}

// Hears returns the events of a message of the server.
func (p *People) Hears(m *livekit.SignalResponse) []Event {
	switch m := m.GetMessage().(type) {
	case *livekit.SignalResponse_Join:
		return p.joins(m.Join)
	case *livekit.SignalResponse_Update:
		return p.updates(m.Update.GetParticipants(), false)
	case *livekit.SignalResponse_SpeakersChanged:
		return p.speaks(m.SpeakersChanged.GetSpeakers())
	case *livekit.SignalResponse_ConnectionQuality:
		return p.qualities(m.ConnectionQuality.GetUpdates())
	case *livekit.SignalResponse_RoomUpdate:
		return p.roomChanges(m.RoomUpdate.GetRoom())
	case *livekit.SignalResponse_Mute:
		return p.mutedByServer(m.Mute)
	case *livekit.SignalResponse_RequestResponse:
		return p.refusals(m.RequestResponse)
	case *livekit.SignalResponse_RoomMoved:
		return p.moves(m.RoomMoved)
	}
	return nil
}

// joins returns the events of a JoinResponse: the first, or that of a full reconnect.
func (p *People) joins(j *livekit.JoinResponse) []Event {
	again := p.joined
	var events []Event
	if old := p.known[p.me]; old != nil {
		// This participant's earlier tracks ended with the earlier session.
		events = p.trackEvents(old, &livekit.ParticipantInfo{Sid: old.GetSid(), Identity: old.GetIdentity()}, false)
	}
	p.joined, p.room = true, j.GetRoom()
	p.me = j.GetParticipant().GetSid()
	if len(p.loud) > 0 {
		clear(p.loud)
		events = append(events, p.speaks(nil)...)
	}
	if !again {
		events = append(events, p.joinedEvent(j))
	}
	here := map[string]bool{p.me: true}
	for _, o := range j.GetOtherParticipants() {
		here[o.GetSid()] = true
	}
	for _, sid := range slices.Sorted(maps.Keys(p.known)) {
		if !here[sid] && p.known[sid].GetIdentity() != j.GetParticipant().GetIdentity() {
			events = append(events, p.leaves(p.known[sid]))
		}
		if !here[sid] {
			p.forget(sid)
		}
	}
	events = append(events, p.updates([]*livekit.ParticipantInfo{j.GetParticipant()}, !again)...)
	return append(events, p.updates(j.GetOtherParticipants(), !again)...)
}

// Receives returns the event of a received track; false where the server has not
// announced the track.
func (p *People) Receives(owner, sid string) (Event, bool) {
	info := p.known[owner]
	for _, t := range info.GetTracks() {
		if t.GetSid() == sid {
			who, track := p.participant(info), p.track(t)
			return Event{Type: TrackReceived, Who: who, Track: track,
				Text: finding.Textf("receiving %s of %s", Thing(*track), who.Identity)}, true
		}
	}
	return Event{}, false
}

func (p *People) joinedEvent(j *livekit.JoinResponse) Event {
	info, me := j.GetServerInfo(), p.participant(j.GetParticipant())
	may := j.GetParticipant().GetPermission()
	version := cmp.Or(info.GetVersion(), j.GetServerVersion())
	e := Event{
		Type: Joined, Me: true, Who: me, Room: p.line(j.GetRoom().GetName()), RoomSID: p.line(j.GetRoom().GetSid()),
		Metadata: p.line(j.GetRoom().GetMetadata()),
		Server: &Server{Version: p.line(version), Region: p.line(cmp.Or(info.GetRegion(), j.GetServerRegion())),
			Node: p.line(info.GetNodeId())},
		Allowed: &Allowed{Publish: may.GetCanPublish(), Subscribe: may.GetCanSubscribe(), Data: may.GetCanPublishData()},
	}
	if info != nil {
		e.Server.Edition = strings.ToLower(info.GetEdition().String())
	}
	e.Text = finding.Textf("joined %s as %s on LiveKit %s; nobody else is there", e.Room, me.Identity, e.Server.Version)
	if n := len(j.GetOtherParticipants()); n > 0 {
		e.Text = finding.Textf("joined %s as %s on LiveKit %s; others there: %d", e.Room, me.Identity, e.Server.Version, n)
	}
	return e
}

func (p *People) updates(infos []*livekit.ParticipantInfo, already bool) []Event {
	var events []Event
	tooMany := false
	for _, all := range infos {
		info := kept(all)
		old := p.known[info.GetSid()]
		if room := caps.AllTracks - p.tracks + len(old.GetTracks()); len(info.Tracks) > room {
			info.Tracks = info.Tracks[:room]
		}
		tooMany = tooMany || len(info.Tracks) < len(all.GetTracks())
		switch {
		case info.GetSid() == "":
			continue
		case info.GetState() == livekit.ParticipantInfo_DISCONNECTED:
			if old == nil {
				continue
			}
			p.forget(info.GetSid())
			if info.GetSid() != p.me {
				events = append(events, p.leaves(info))
			}
			continue
		case old == nil && len(p.known) >= caps.People:
			tooMany = true
			continue
		case old == nil && info.GetSid() != p.me:
			who := p.participant(info)
			e := Event{Type: ParticipantJoined, Who: who, Already: already, Text: finding.Textf("%s joined", who.Identity)}
			if already {
				e.Text = finding.Textf("%s is here", who.Identity)
			}
			events = append(events, e)
		case old != nil && (old.GetName() != info.GetName() || old.GetMetadata() != info.GetMetadata()):
			who := p.participant(info)
			events = append(events, Event{Type: ParticipantChanged, Who: who, Me: info.GetSid() == p.me,
				Text: finding.Textf("%s has a new name or new metadata", who.Identity)})
		}
		p.known[info.GetSid()] = info
		p.tracks += len(info.Tracks) - len(old.GetTracks())
		events = append(events, p.trackEvents(old, info, already)...)
	}
	if tooMany && !p.full {
		p.full = true
		events = append(events, Event{Type: Problem, Text: finding.Textf(
			"the room is too large to follow: at most %d participants, %d tracks of each and %d tracks in all are followed",
			caps.People, caps.Tracks, caps.AllTracks)})
	}
	return events
}

func (p *People) forget(sid string) {
	p.tracks -= len(p.known[sid].GetTracks())
	delete(p.known, sid)
	delete(p.loud, sid)
}

func (p *People) leaves(info *livekit.ParticipantInfo) Event {
	who, reason := p.participant(info), info.GetDisconnectReason().String()
	e := Event{Type: ParticipantLeft, Who: who, Text: finding.Textf("%s left", who.Identity)}
	switch info.GetDisconnectReason() {
	case livekit.DisconnectReason_UNKNOWN_REASON:
	case livekit.DisconnectReason_CLIENT_INITIATED:
		e.Reason = reason
	default:
		e.Reason = reason
		e.Text = finding.Textf("%s left: %s (%s)", who.Identity, finding.LeaveReason(reason), reason)
	}
	return e
}

func (p *People) trackEvents(old, now *livekit.ParticipantInfo, already bool) []Event {
	var events []Event
	who, me := p.participant(now), now.GetSid() == p.me
	find := func(list []*livekit.TrackInfo, sid string) *livekit.TrackInfo {
		if i := slices.IndexFunc(list, func(t *livekit.TrackInfo) bool { return t.GetSid() == sid }); i >= 0 {
			return list[i]
		}
		return nil
	}
	add := func(kind Type, t *livekit.TrackInfo, format string) {
		track := p.track(t)
		events = append(events, Event{Type: kind, Who: who, Me: me, Track: track, Already: already && kind == TrackPublished,
			Text: finding.Textf(format, who.Identity, Thing(*track))})
	}
	for _, t := range now.GetTracks() {
		switch was := find(old.GetTracks(), t.GetSid()); {
		case was == nil:
			add(TrackPublished, t, "%s publishes %s")
		case t.GetMuted() && !was.GetMuted():
			add(TrackMuted, t, "%s muted %s")
		case was.GetMuted() && !t.GetMuted():
			add(TrackUnmuted, t, "%s unmuted %s")
		}
	}
	for _, t := range old.GetTracks() {
		if find(now.GetTracks(), t.GetSid()) == nil {
			add(TrackUnpublished, t, "%s unpublished %s")
		}
	}
	return events
}

// kept returns the part of a participant's data that is kept.
func kept(all *livekit.ParticipantInfo) *livekit.ParticipantInfo {
	short := func(s string) string { return strings.Clone(s[:min(len(s), caps.Name)]) }
	info := &livekit.ParticipantInfo{Sid: short(all.GetSid()), Identity: short(all.GetIdentity()), Name: short(all.GetName()),
		Metadata: short(all.GetMetadata()), Kind: all.GetKind(), State: all.GetState(), DisconnectReason: all.GetDisconnectReason()}
	for _, t := range all.GetTracks()[:min(len(all.GetTracks()), caps.Tracks)] {
		info.Tracks = append(info.Tracks, &livekit.TrackInfo{Sid: short(t.GetSid()), Type: t.GetType(), Source: t.GetSource(),
			Name: short(t.GetName()), Muted: t.GetMuted(), MimeType: short(t.GetMimeType()), Width: t.GetWidth(), Height: t.GetHeight()})
	}
	return info
}

// Thing names a track in a sentence: the microphone, a video, ….
func Thing(t Track) finding.Text {
	switch t.Source {
	case "microphone":
		return finding.Textf("the microphone (audio)")
	case "camera":
		return finding.Textf("the camera (video)")
	case "screen_share":
		return finding.Textf("the screen (video)")
	case "screen_share_audio":
		return finding.Textf("the screen's sound (audio)")
	}
	switch t.Kind {
	case "audio":
		return finding.Textf("an audio track")
	case "video":
		return finding.Textf("a video track")
	}
	return finding.Textf("a data track")
}

func (p *People) speaks(changes []*livekit.SpeakerInfo) []Event {
	for _, s := range changes {
		if s.GetActive() && p.known[s.GetSid()] != nil {
			p.loud[s.GetSid()] = float64(s.GetLevel())
		} else {
			delete(p.loud, s.GetSid())
		}
	}
	e := Event{Type: Speaking, Speakers: []Speaker{}, Text: finding.Textf("nobody speaks")}
	for _, sid := range slices.Sorted(maps.Keys(p.loud)) {
		e.Speakers = append(e.Speakers, Speaker{Identity: p.line(p.known[sid].GetIdentity()), SID: p.line(sid), Level: p.loud[sid]})
	}
	slices.SortStableFunc(e.Speakers, func(a, b Speaker) int { return cmp.Compare(b.Level, a.Level) })
	if len(e.Speakers) > 0 {
		names := make([]string, len(e.Speakers))
		for i, s := range e.Speakers {
			names[i] = s.Identity
		}
		e.Text = finding.Textf("speaking: %s", finding.Listed(names))
	}
	return []Event{e}
}

func (p *People) qualities(updates []*livekit.ConnectionQualityInfo) []Event {
	var events []Event
	for _, u := range updates {
		info := p.known[u.GetParticipantSid()]
		if info == nil {
			continue
		}
		who, quality := p.participant(info), strings.ToLower(u.GetQuality().String())
		events = append(events, Event{Type: Quality, Who: who, Me: info.GetSid() == p.me, Quality: quality,
			Text: finding.Textf("the server rates the connection of %s as %s", who.Identity, quality)})
	}
	return events
}

func (p *People) roomChanges(now *livekit.Room) []Event {
	old := p.room
	p.room = now
	e := Event{Type: RoomChanged, Room: p.line(now.GetName()), RoomSID: p.line(now.GetSid()), Metadata: p.line(now.GetMetadata())}
	recording := now.GetActiveRecording()
	switch recorded := old.GetActiveRecording(); {
	case recording && !recorded:
		e.Text = finding.Textf("the room is being recorded now")
	case recorded && !recording:
		e.Text = finding.Textf("the room is no longer recorded")
	case old.GetMetadata() != now.GetMetadata():
		e.Text = finding.Textf("the room has new metadata: %s", e.Metadata)
	default:
		return nil // its counters, or a SID that came late
	}
	e.Recording = &recording
	return []Event{e}
}

func (p *People) mutedByServer(m *livekit.MuteTrackRequest) []Event {
	info := p.known[p.me]
	for _, t := range info.GetTracks() {
		if t.GetSid() == m.GetSid() && t.GetMuted() != m.GetMuted() {
			t.Muted = m.GetMuted()
			track := p.track(t)
			kind, format := TrackUnmuted, "the server unmuted %s of %s"
			if track.Muted {
				kind, format = TrackMuted, "the server muted %s of %s"
			}
			return []Event{{Type: kind, Who: p.participant(info), Me: true, Track: track,
				Text: finding.Textf(format, Thing(*track), p.line(info.GetIdentity()))}}
		}
	}
	return nil
}

func (p *People) refusals(r *livekit.RequestResponse) []Event {
	switch r.GetReason() {
	case livekit.RequestResponse_OK, livekit.RequestResponse_QUEUED:
		return nil
	}
	reason := r.GetReason().String()
	return []Event{{Type: Problem, Reason: reason,
		Text: finding.Textf("the server refuses a request: %s", cmp.Or(p.line(r.GetMessage()), reason))}}
}

func (p *People) moves(m *livekit.RoomMovedResponse) []Event {
	p.room, p.me = m.GetRoom(), cmp.Or(m.GetParticipant().GetSid(), p.me)
	e := Event{Type: RoomChanged, Room: p.line(m.GetRoom().GetName()), RoomSID: p.line(m.GetRoom().GetSid())}
	e.Text = finding.Textf("the server moved us to room %s", e.Room)
	events := []Event{e}
	for _, sid := range slices.Sorted(maps.Keys(p.known)) {
		if sid != p.me {
			events = append(events, p.leaves(p.known[sid]))
			p.forget(sid)
		}
	}
	return append(events, p.updates(append([]*livekit.ParticipantInfo{m.GetParticipant()}, m.GetOtherParticipants()...), true)...)
}

func (p *People) participant(info *livekit.ParticipantInfo) *Participant {
	return &Participant{Identity: p.line(info.GetIdentity()), SID: p.line(info.GetSid()), Name: p.line(info.GetName()),
		Kind: strings.ToLower(info.GetKind().String()), Metadata: p.redact.Clean(info.GetMetadata(), 200)}
}

func (p *People) track(t *livekit.TrackInfo) *Track {
	_, codec, _ := strings.Cut(t.GetMimeType(), "/")
	source := strings.ToLower(t.GetSource().String())
	if t.GetSource() == livekit.TrackSource_UNKNOWN {
		source = ""
	}
	return &Track{SID: p.line(t.GetSid()), Kind: strings.ToLower(t.GetType().String()), Source: source, Name: p.line(t.GetName()),
		Codec: p.line(strings.ToLower(codec)), Muted: t.GetMuted(), Width: int(t.GetWidth()), Height: int(t.GetHeight())}
}

// line returns untrusted text as one clean line.
func (p *People) line(s string) string { return p.redact.Clean(s, 120) }
