package stay

import (
	"cmp"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/room"
	"lkdoctor/config/clean"
)

// receives reports a received track, and reads it, so that the server learns its
// quality.
func (s *Stay) receives(t *webrtc.TrackRemote) {
	owner, track, found := strings.Cut(t.StreamID(), "|")
	if !found {
		track = t.ID()
	}
	tally := session.NewTally(t.Codec().RTPCodecCapability)
	s.mu.Lock()
	if e, known := s.people.Receives(owner, track); known {
		s.emit(e)
	}
	s.flows[tally] = s.o.Redact.Clean(track, 120)
	s.mu.Unlock()
	tally.Read(t, nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.flows, tally)
}

// sample reads the path of the media, its round trip, and its traffic.
func (s *Stay) sample() {
	p := s.participant()
	s.reportExcess(p.Excess())
	s.traffic(p, time.Now())
	pair := p.Path()
	if pair == nil {
		return
	}
	path := room.Path{Kind: pair.Remote.Protocol, Local: address(pair.Local), LocalType: pair.Local.Type,
		Remote: address(pair.Remote), RemoteType: pair.Remote.Type}
	if pair.Local.Type == "relay" || pair.Remote.Type == "relay" {
		path.Kind = "relay"
	}
	s.mu.Lock()
	changed := s.path == nil || *s.path != path
	s.path = &path
	s.mu.Unlock()
	if changed {
		text := finding.Textf("media goes over %s: %s (%s) to %s (%s)", path.Kind, path.Local, path.LocalType, path.Remote, path.RemoteType)
		if path.RemoteType == "prflx" {
			text = finding.Textf("media goes over %s: %s (%s) to %s, which the server does not advertise: it advertises another address",
				path.Kind, path.Local, path.LocalType, path.Remote)
		}
		s.emit(room.Event{Type: room.PathChanged, Path: &path, Text: text})
	}
	if rtt := pair.LastRTT; rtt > 0 {
		s.emit(room.Event{Type: room.RTT, RTT: room.Millis(rtt), Text: finding.Textf("round trip %s", finding.Duration(rtt))})
	}
}

func address(c session.Candidate) string {
	return net.JoinHostPort(clean.Line(c.Address, 64), strconv.Itoa(c.Port))
}

// carried returns what a track carried between two readings of its counts.
func carried(before, now session.Counts, over time.Duration) room.Traffic {
	if now.Bytes < before.Bytes || now.Expected < before.Expected {
		before = session.Counts{} // published anew
	}
	t := room.Traffic{Rate: float64(now.Bytes-before.Bytes) * 8 / over.Seconds()}
	if packets := now.Expected - before.Expected; now.Reported && packets > 0 {
		lost := min(100, max(0, 100*float64(now.Lost-before.Lost)/float64(packets)))
		t.Lost, t.Jitter = &lost, room.Millis(now.Jitter)
	}
	return t
}

// traffic reports what the tracks carried since its last call.
func (s *Stay) traffic(p *session.Participant, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	over := now.Sub(s.counted)
	s.counted = now
	read := map[string]session.Counts{}
	var list []room.Traffic
	add := func(sid string, me bool, n session.Counts) {
		read[sid] = n
		if before, known := s.before[sid]; known && over > 0 {
			t := carried(before, n, over)
			t.SID, t.Me = sid, me
			list = append(list, t)
		}
	}
	for _, c := range []room.Clip{room.Tone, room.Pattern} {
		if sid, sent := p.Sent(c); sid != "" {
			add(sid, true, sent)
		}
	}
	for tally, sid := range s.flows {
		add(sid, false, tally.Got())
	}
	s.before = read
	if len(list) == 0 {
		return
	}
	slices.SortStableFunc(list, func(a, b room.Traffic) int { return cmp.Compare(a.SID, b.SID) })
	e := room.Event{Type: room.Stats, Traffic: list}
	out, in := e.Rates()
	e.Text = finding.Textf("sends %d kbit/s, receives %d kbit/s", int(out/1000+0.5), int(in/1000+0.5))
	s.emit(e)
}
