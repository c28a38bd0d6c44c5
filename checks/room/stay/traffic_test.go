package stay

import (
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/room"
)

// packet returns a packet of 20 ms with 100 bytes.
func packet(number int) *rtp.Packet {
	return &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(number), Timestamp: uint32(number * 960)}, Payload: make([]byte, 100)}
}

func TestTraffic(t *testing.T) {
	const first = 65530 // so that the sequence numbers wrap
	begin := time.Unix(0, 0)
	for name, c := range map[string]struct {
		come   []int // packet numbers in order of arrival, 20 ms apart
		lost   float64
		jitter bool
	}{
		"all":        {[]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 0, false},
		"one lost":   {[]int{0, 1, 2, 3, 4, 5, 6, 7, 9}, 10, true},
		"sent again": {[]int{0, 1, 2, 4, 3, 5, 6, 7, 8, 9}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			tally := session.NewTally(webrtc.RTPCodecCapability{ClockRate: 48000})
			for i, n := range c.come {
				tally.Add(packet(first+n), begin.Add(time.Duration(i)*20*time.Millisecond))
			}
			got := carried(session.Counts{}, tally.Got(), time.Second)
			if got.Rate != float64(800*len(c.come)) || *got.Lost != c.lost || (*got.Jitter > 0) != c.jitter {
				t.Errorf("%+v: lost %g %%, jitter %g ms", got, *got.Lost, *got.Jitter)
			}
		})
	}
	if got := carried(session.Counts{Bytes: 900, Expected: 9}, session.Counts{Bytes: 100, Expected: 1}, time.Second); got.Rate != 800 || got.Lost != nil {
		t.Errorf("published anew, and not reported yet: %+v", got)
	}
}

// TestWhatTracksCarryIsTold checks the traffic of a track on both sides.
func TestWhatTracksCarryIsTold(t *testing.T) {
	s := newSite(t, "")
	ann, bob := s.in("ann"), s.in("bob")
	if err := bob.Publish(room.Tone); err != nil {
		t.Fatal(err)
	}
	carries := func(me bool) func(room.Event) bool {
		return func(e room.Event) bool {
			return e.Type == room.Stats && len(e.Traffic) == 1 && e.Traffic[0].Me == me && e.Traffic[0].Rate > 10000 && e.Traffic[0].Lost != nil
		}
	}
	sent := bob.until("bob sends, and the server reports it", carries(true)).Traffic[0]
	received := ann.until("ann receives", carries(false)).Traffic[0]
	if sent.SID != received.SID || sent.SID == "" || *received.Lost != 0 {
		t.Errorf("sent %+v, received %+v", sent, received)
	}
	if err := bob.Unpublish(room.Tone); err != nil {
		t.Fatal(err)
	}
	ann.until("the tone is gone", func(e room.Event) bool { return e.Type == room.TrackUnpublished })
}
