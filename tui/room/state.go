package room

import (
	"slices"
	"time"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/room"
)

// phase is the phase of the stay.
type phase int

const (
	asking phase = iota // whether to join although that removes a participant
	joining
	connecting // the server sent Join; media is not connected yet
	inside
	reconnecting
	over
)

// The most lines of the log and round-trip times that are kept.
const (
	keepLines = 500
	keepRTTs  = 60
)

// person is a participant.
type person struct {
	room.Participant
	me      bool
	quality string
	speaks  bool
	level   float64 // the audio level, from 0 to 1
	tracks  []room.Track
}

// line is a line of the log.
type line struct {
	at   time.Time
	kind room.Type
	text finding.Text
}

// state is the result of the events. It is a value: with returns another one.
type state struct {
	phase  phase
	since  time.Time // when media was connected
	away   time.Time // when the connection was lost
	server room.Server
	people []person
	path   *room.Path
	rtts   []float64
	// traffic is the traffic of the tracks, by SID.
	traffic map[string]room.Traffic
	log     []line
	last    room.Event // the event that ended the stay
}

func (s state) with(e room.Event) state {
	// Frequent events are shown with the people and the connection, not in the log.
	news := !slices.Contains([]room.Type{room.RTT, room.Stats, room.Speaking, room.Quality}, e.Type)
	switch e.Type {
	case room.Joining:
		s.phase = joining
	case room.Joined:
		s.phase = connecting
		s.server = *e.Server
		s = s.changed(*e.Who, func(p *person) { p.me = true })
	case room.Media:
		s.phase, s.since = inside, e.At
	case room.ParticipantJoined, room.ParticipantChanged:
		s = s.changed(*e.Who, func(p *person) { p.Participant = *e.Who })
	case room.ParticipantLeft:
		s.people = slices.DeleteFunc(slices.Clone(s.people), func(p person) bool { return p.Identity == e.Who.Identity && !p.me })
	case room.TrackPublished, room.TrackMuted, room.TrackUnmuted:
		s = s.changed(*e.Who, func(p *person) { p.tracks = append(without(p.tracks, e.Track.SID), *e.Track) })
	case room.TrackUnpublished:
		s = s.changed(*e.Who, func(p *person) { p.tracks = without(p.tracks, e.Track.SID) })
	case room.Quality:
		s = s.changed(*e.Who, func(p *person) { p.quality = e.Quality })
	case room.Speaking:
		s.people = slices.Clone(s.people)
		for i := range s.people {
			s.people[i].speaks, s.people[i].level = false, 0
			for _, l := range e.Speakers {
				if l.Identity == s.people[i].Identity {
					s.people[i].speaks, s.people[i].level = true, l.Level
				}
			}
		}
	case room.PathChanged:
		// The screen shows the path above the log, so the log has only changes of its kind.
		news = s.path != nil && s.path.Kind != e.Path.Kind
		s.path = e.Path
	case room.RTT:
		s.rtts = append(slices.Clone(s.rtts), *e.RTT)
		s.rtts = s.rtts[max(0, len(s.rtts)-keepRTTs):]
	case room.Stats:
		s.traffic = map[string]room.Traffic{}
		for _, t := range e.Traffic {
			s.traffic[t.SID] = t
		}
	case room.Reconnecting:
		s.phase, s.away = reconnecting, e.At
	case room.Reconnected:
		s.phase = inside
	case room.Ended:
		s.phase, s.last = over, e
	}
	if news {
		s.log = append(slices.Clone(s.log), line{at: e.At, kind: e.Type, text: e.Text})
		if e.Advice != "" && e.Type != room.Ended { // endLines has it
			s.log = append(s.log, line{at: e.At, kind: e.Type, text: finding.Textf("Next: %s", e.Advice)})
		}
		s.log = s.log[max(0, len(s.log)-keepLines):]
	}
	return s
}

// changed returns the state with one person changed, or added.
func (s state) changed(who room.Participant, change func(*person)) state {
	s.people = slices.Clone(s.people)
	i := slices.IndexFunc(s.people, func(p person) bool { return p.Identity == who.Identity })
	if i < 0 {
		i = len(s.people)
		s.people = append(s.people, person{Participant: who})
	}
	s.people[i].tracks = slices.Clone(s.people[i].tracks)
	change(&s.people[i])
	return s
}

func without(tracks []room.Track, sid string) []room.Track {
	return slices.DeleteFunc(slices.Clone(tracks), func(t room.Track) bool { return t.SID == sid })
}
