package session

import (
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"

	"lkdoctor/checks/probe/clips"
)

// patternPackets returns the RTP packets of the first frames of the test pattern.
func patternPackets(t testing.TB, frames int) []*rtp.Packet {
	t.Helper()
	video, err := clips.Pattern.Samples()
	if err != nil {
		t.Fatal(err)
	}
	packer := rtp.NewPacketizer(maxPacket, 96, 1, &codecs.VP8Payloader{EnablePictureID: true}, rtp.NewFixedSequencer(65530), 90000)
	var out []*rtp.Packet
	for i := range frames {
		out = append(out, packer.Packetize(video[i%len(video)], 1800)...)
	}
	return out
}

func TestClips(t *testing.T) {
	tone, err := clips.Tone.Samples()
	if err != nil || len(tone) < 50 {
		t.Fatalf("%d packets of audio, %v", len(tone), err)
	}
	video, err := clips.Pattern.Samples()
	if err != nil || len(video) != 40 || !isKeyframe(video[0]) || !isKeyframe(video[10]) || isKeyframe(video[1]) {
		t.Fatalf("%d frames, %v", len(video), err)
	}
	one := &publication{clip: clips.Pattern, samples: video}
	for range 5 {
		one.next()
	}
	one.keyframe = true
	if !isKeyframe(one.next()) || one.at != 11 {
		t.Errorf("no keyframe when one was asked for, at %d", one.at)
	}
	for range 35 {
		one.next()
	}
	if one.at != 6 {
		t.Errorf("at %d after the end of the pattern", one.at)
	}
}

// count adds packets to a tally at the times of their timestamps.
func count(packets []*rtp.Packet) Counts {
	c := NewTally(patternCodec)
	begin := time.Now()
	for _, p := range packets {
		c.Add(p, begin.Add(time.Duration(p.Timestamp-packets[0].Timestamp)*time.Second/90000))
	}
	return c.got
}

func TestTally(t *testing.T) {
	all := patternPackets(t, 20) // the sequence numbers wrap
	without := func(drop ...int) []*rtp.Packet {
		var out []*rtp.Packet
		for i, p := range all {
			keep := true
			for _, d := range drop {
				keep = keep && i != d
			}
			if keep {
				out = append(out, p)
			}
		}
		return out
	}
	swapped := append([]*rtp.Packet(nil), all...)
	swapped[1], swapped[2] = swapped[2], swapped[1]
	twice := append(append([]*rtp.Packet(nil), all...), all[3], all[4])
	for _, c := range []struct {
		name                 string
		packets              []*rtp.Packet
		lost, frames, broken int
	}{
		{"all", all, 0, 20, 0},
		{"out of order", swapped, 0, 20, 0},
		{"repeated", twice, 0, 20, 0},
		// The first frame has four packets; the eleventh frame is the next keyframe.
		{"part of a keyframe", without(1), 1, 10, 0},
		{"a whole frame", without(6), 1, 19, 0},
		{"part of a later keyframe", without(14), 1, 19, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := count(c.packets)
			if got.Lost != c.lost || got.Frames != c.frames || got.Broken != c.broken || got.Expected != len(all) {
				t.Errorf("lost %d, %d frames, %d broken, %d expected; want %d, %d, %d, %d",
					got.Lost, got.Frames, got.Broken, got.Expected, c.lost, c.frames, c.broken, len(all))
			}
			if got.Jitter > time.Millisecond {
				t.Errorf("jitter %v of packets on time", got.Jitter)
			}
		})
	}
}

func TestTallyJitter(t *testing.T) {
	c := NewTally(toneCodec)
	begin := time.Now()
	for i := range 200 {
		late := time.Duration(i%2) * 10 * time.Millisecond
		c.Add(&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i), Timestamp: uint32(i * 960)}, Payload: []byte{1}},
			begin.Add(time.Duration(i)*20*time.Millisecond+late))
	}
	if j := c.got.Jitter; j < 9*time.Millisecond || j > 11*time.Millisecond {
		t.Errorf("jitter %v, want about 10 ms", j)
	}
}

func FuzzTally(f *testing.F) {
	for _, p := range patternPackets(f, 3) {
		f.Add(p.SequenceNumber, p.Timestamp, p.Marker, p.Payload)
	}
	f.Fuzz(func(t *testing.T, seq uint16, timestamp uint32, marker bool, payload []byte) {
		c := NewTally(patternCodec)
		now := time.Now()
		for i := range 8 {
			c.Add(&rtp.Packet{Header: rtp.Header{SequenceNumber: seq + uint16(i*i), Timestamp: timestamp * uint32(i), Marker: marker}, Payload: payload},
				now.Add(time.Duration(i)*time.Millisecond))
		}
		if g := c.got; g.Lost < 0 || g.Lost+g.Packets != g.Expected || len(c.frames) > framesHeld+1 || g.Jitter < 0 {
			t.Errorf("%+v", g)
		}
	})
}
