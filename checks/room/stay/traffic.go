package stay

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/pion/rtp"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe/clips"
	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/room"
)

// flow counts the received packets of one track.
type flow struct {
	sid   string
	clock float64 // of the RTP timestamps, in Hz

	mu          sync.Mutex
	n           counts
	begun       bool
	began       time.Time
	last        uint16  // the highest sequence number
	transit     float64 // of the packet before, in units of clock
	jitterUnits float64
}

// counts are those of a track since its first packet. expected is the number of
// packets by the sequence numbers, or by the sender.
type counts struct {
	bytes, expected, lost int
	jitter                time.Duration
	reported              bool // lost and jitter are known
}

// add counts a packet, with the jitter of RFC 3550 appendix A.8.
func (f *flow) add(p *rtp.Packet, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n.bytes += len(p.Payload)
	if !f.begun {
		f.begun, f.began, f.last = true, at, p.SequenceNumber
		f.n.expected, f.n.reported = 1, true
		f.transit = -float64(p.Timestamp)
		return
	}
	switch step := int(int16(p.SequenceNumber - f.last)); {
	case step > 0:
		f.n.expected, f.n.lost, f.last = f.n.expected+step, f.n.lost+step-1, p.SequenceNumber
	case step < 0:
		f.n.lost = max(0, f.n.lost-1) // late, or sent again
	}
	transit := at.Sub(f.began).Seconds()*f.clock - float64(p.Timestamp)
	if d := max(transit-f.transit, f.transit-transit); d < f.clock { // a timestamp that jumps is no jitter
		f.jitterUnits += (d - f.jitterUnits) / 16
	}
	f.transit = transit
	f.n.jitter = time.Duration(f.jitterUnits / f.clock * float64(time.Second))
}

// since returns what a track carried from one reading of its counts to the next.
func (n counts) since(before counts, over time.Duration) room.Traffic {
	if n.bytes < before.bytes || n.expected < before.expected {
		before = counts{} // published anew
	}
	t := room.Traffic{Rate: float64(n.bytes-before.bytes) * 8 / over.Seconds()}
	if packets := n.expected - before.expected; n.reported && packets > 0 {
		lost := min(100, max(0, 100*float64(n.lost-before.lost)/float64(packets)))
		t.Lost, t.Jitter = &lost, room.Millis(n.jitter)
	}
	return t
}

// traffic reports what the tracks carried since its last call.
func (s *Stay) traffic(p *session.Participant, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	over := now.Sub(s.counted)
	s.counted = now
	read := map[string]counts{}
	var list []room.Traffic
	add := func(sid string, me bool, n counts) {
		read[sid] = n
		if before, known := s.before[sid]; known && over > 0 {
			t := n.since(before, over)
			t.SID, t.Me = sid, me
			list = append(list, t)
		}
	}
	for _, c := range []clips.Clip{clips.Tone, clips.Pattern} {
		if sent := p.Sent(c); sent.SID != "" {
			add(sent.SID, true, counts{bytes: sent.Bytes, expected: sent.Packets, lost: sent.ReportedLost, jitter: sent.ReportedJitter, reported: sent.Reported})
		}
	}
	for f := range s.flows {
		f.mu.Lock()
		n := f.n
		f.mu.Unlock()
		add(f.sid, false, n)
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
