package room

import (
	"slices"
	"time"

	"lkdoctor/checks/finding"
	live "lkdoctor/checks/room"
)

// phase is how far the stay is.
type phase int

const (
	asking phase = iota // whether to throw somebody out
	joining
	connecting // the server said Join, media is not up yet
	inside
	reconnecting
	over
)

// keep is how many lines of the log, and how many round trips, are kept.
const (
	keepLines = 500
	keepRTTs  = 60
)

// person is somebody in the room.
type person struct {
	live.Participant
	me      bool
	quality string
	speaks  bool
	level   float64 // how loud, from 0 to 1
	tracks  []live.Track
}

// line is a line of the log.
type line struct {
	at   time.Time
	kind live.Type
	text finding.Text
}

// state is what the events come to. It is pure and held by value: with returns
// another one.
type state struct {
	phase  phase
	since  time.Time // when media was up
	away   time.Time // since when it is being reconnected
	until  time.Time // when it ended
	server live.Server
	may    live.Allowed
	people []person
	path   *live.Path
	rtts   []float64
	// traffic is what the tracks carry, by their SIDs.
	traffic map[string]live.Traffic
	log     []line
	last    live.Event // the one that ended it
}

// with is the state after an event.
func (s state) with(e live.Event) state {
	switch e.Type {
	case live.Joining:
		s.phase = joining
	case live.Joined:
		s.phase = connecting
		s.server, s.may = *e.Server, *e.Allowed
		s = s.changed(*e.Who, func(p *person) { p.me = true })
	case live.Media:
		s.phase, s.since = inside, e.At
	case live.ParticipantJoined, live.ParticipantChanged:
		s = s.changed(*e.Who, func(p *person) { p.Participant = *e.Who })
	case live.ParticipantLeft:
		s.people = slices.DeleteFunc(slices.Clone(s.people), func(p person) bool { return p.Identity == e.Who.Identity && !p.me })
	case live.TrackPublished, live.TrackMuted, live.TrackUnmuted:
		s = s.changed(*e.Who, func(p *person) { p.tracks = append(without(p.tracks, e.Track.SID), *e.Track) })
	case live.TrackUnpublished:
		s = s.changed(*e.Who, func(p *person) { p.tracks = without(p.tracks, e.Track.SID) })
	case live.Quality:
		s = s.changed(*e.Who, func(p *person) { p.quality = e.Quality })
	case live.Speaking:
		s.people = slices.Clone(s.people)
		for i := range s.people {
			s.people[i].speaks, s.people[i].level = false, 0
			for _, l := range e.Speakers {
				if l.Identity == s.people[i].Identity {
					s.people[i].speaks, s.people[i].level = true, l.Level
				}
			}
		}
	case live.PathChanged:
		s.path = e.Path
	case live.RTT:
		s.rtts = append(slices.Clone(s.rtts), *e.RTT)
		s.rtts = s.rtts[max(0, len(s.rtts)-keepRTTs):]
	case live.Stats:
		s.traffic = map[string]live.Traffic{}
		for _, t := range e.Traffic {
			s.traffic[t.SID] = t
		}
	case live.Reconnecting:
		s.phase, s.away = reconnecting, e.At
	case live.Reconnected:
		s.phase = inside
	case live.Ended:
		s.phase, s.until, s.last = over, e.At, e
	}
	if loggable(e.Type) {
		s.log = append(slices.Clone(s.log), line{at: e.At, kind: e.Type, text: e.Text})
		if e.Advice != "" && e.Type != live.Ended { // the end has a place of its own
			s.log = append(s.log, line{at: e.At, kind: e.Type, text: finding.Textf("Next: %s", e.Advice)})
		}
		s.log = s.log[max(0, len(s.log)-keepLines):]
	}
	return s
}

// loggable leaves out what has a place of its own on the screen, and would
// drown the rest.
func loggable(t live.Type) bool {
	return t != live.RTT && t != live.Stats && t != live.Speaking && t != live.Quality
}

// changed is the state with one person changed, who is added where unknown.
func (s state) changed(who live.Participant, change func(*person)) state {
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

func without(tracks []live.Track, sid string) []live.Track {
	return slices.DeleteFunc(slices.Clone(tracks), func(t live.Track) bool { return t.SID == sid })
}

// me is our own quality, "" while unknown.
func (s state) myQuality() string {
	for _, p := range s.people {
		if p.me {
			return p.quality
		}
	}
	return ""
}
