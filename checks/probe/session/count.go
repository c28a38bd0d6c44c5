package session

import (
	"slices"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
)

// Received counts what one track delivered to its receiver.
type Received struct {
	// Packets and Bytes are RTP packets and their payload; repeats count once.
	Packets, Bytes int
	// Expected is the number of packets from the first to the last sequence number,
	// and Lost the number of those that did not arrive.
	Expected, Lost int
	// Jitter is the interarrival jitter of RFC 3550 section 6.4.1.
	Jitter time.Duration
	// Frames counts the complete video frames from the first complete keyframe on,
	// and Broken those after it with a missing part. 0 for audio.
	Frames, Broken int
	// First and Last are the times of the first and the last packet, FirstFrame is
	// the time at which the first keyframe was complete; zero if there was none.
	First, Last, FirstFrame time.Time
}

// Bitrate returns bits per second, 0 before the second packet.
func (r Received) Bitrate() float64 { return bitrate(r.Bytes, r.Last.Sub(r.First)) }

func bitrate(bytes int, over time.Duration) float64 {
	if over <= 0 {
		return 0
	}
	return float64(bytes) * 8 / over.Seconds()
}

// tally counts the packets of one track. It is pure: the caller passes the time of
// arrival.
type tally struct {
	clock uint32 // of the RTP timestamps, in Hz
	video bool

	got       Received
	begun     bool
	first     uint64
	last      uint64 // highest, extended beyond 16 bits
	seen      map[uint64]bool
	transit   float64
	timed     bool              // transit is known
	frames    map[uint32]*frame // by timestamp, while incomplete
	order     []uint32
	jitterNow float64
}

// frame is an incomplete video frame.
type frame struct {
	begin, end uint64
	begun, key bool
	ended      bool
	parts      int
	// later counts the frames that were completed since it began.
	later int
}

// framesHeld is the number of later complete frames after which an incomplete one
// counts as broken, and the number of incomplete frames kept at a time: delayed
// parts have arrived by then.
const framesHeld = 3

func newTally(clock uint32, video bool) *tally {
	return &tally{clock: clock, video: video, seen: map[uint64]bool{}, frames: map[uint32]*frame{}}
}

// add counts one packet.
func (c *tally) add(p *rtp.Packet, at time.Time) {
	if len(p.Payload) == 0 {
		// Padding, which a server may send to probe the bandwidth: it has a
		// sequence number and no payload.
		c.number(p.SequenceNumber, at)
		return
	}
	seq, repeated := c.number(p.SequenceNumber, at)
	if repeated {
		return
	}
	c.got.Bytes += len(p.Payload)
	c.jitter(p.Timestamp, at)
	if c.video {
		c.part(p, seq, at)
	}
}

// number counts a sequence number, extended beyond its 16 bits.
func (c *tally) number(n uint16, at time.Time) (seq uint64, repeated bool) {
	if !c.begun {
		c.begun = true
		// First is far from 0, so that earlier packets have a number too.
		c.first = 1<<32 | uint64(n)
		c.last = c.first
		c.got.First = at
	}
	seq = c.last + uint64(int64(int16(n-uint16(c.last))))
	if c.seen[seq] {
		return seq, true
	}
	c.seen[seq] = true
	c.first, c.last = min(c.first, seq), max(c.last, seq)
	c.got.Last = at
	c.got.Packets++
	c.got.Expected = int(c.last - c.first + 1)
	c.got.Lost = c.got.Expected - c.got.Packets
	return seq, false
}

// jitter implements RFC 3550 appendix A.8.
func (c *tally) jitter(timestamp uint32, at time.Time) {
	arrival := at.Sub(c.got.First).Seconds() * float64(c.clock)
	transit := arrival - float64(timestamp)
	if c.timed {
		d := transit - c.transit
		if d < 0 {
			d = -d
		}
		if d < float64(c.clock) { // a timestamp that jumps is no jitter
			c.jitterNow += (d - c.jitterNow) / 16
		}
	}
	c.transit, c.timed = transit, true
	c.got.Jitter = time.Duration(c.jitterNow / float64(c.clock) * float64(time.Second))
}

// part adds one packet of video to its frame.
func (c *tally) part(p *rtp.Packet, seq uint64, at time.Time) {
	var vp8 codecs.VP8Packet
	payload, err := vp8.Unmarshal(p.Payload)
	if err != nil {
		return
	}
	f := c.frames[p.Timestamp]
	if f == nil {
		f = &frame{}
		c.frames[p.Timestamp] = f
		c.order = append(c.order, p.Timestamp)
	}
	f.parts++
	if vp8.S == 1 && vp8.PID == 0 {
		f.begin, f.begun, f.key = seq, true, isKeyframe(payload)
	}
	if p.Marker {
		f.end, f.ended = seq, true
	}
	if f.begun && f.ended && uint64(f.parts) == f.end-f.begin+1 {
		c.complete(p.Timestamp, f, at)
	}
	for len(c.order) > framesHeld {
		c.drop(c.order[0], true)
	}
}

func (c *tally) complete(timestamp uint32, f *frame, at time.Time) {
	if c.got.FirstFrame.IsZero() && f.key {
		c.got.FirstFrame = at
	}
	if !c.got.FirstFrame.IsZero() {
		c.got.Frames++
	}
	c.drop(timestamp, false)
	for _, t := range slices.Clone(c.order) {
		if held := c.frames[t]; held.later < framesHeld {
			held.later++
		} else {
			c.drop(t, true)
		}
	}
}

// drop removes a frame.
func (c *tally) drop(timestamp uint32, broken bool) {
	delete(c.frames, timestamp)
	c.order = slices.DeleteFunc(c.order, func(t uint32) bool { return t == timestamp })
	if broken && !c.got.FirstFrame.IsZero() {
		c.got.Broken++
	}
}
