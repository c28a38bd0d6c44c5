package session

import (
	"slices"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
)

// Received is what one track brought to the participant that receives it.
type Received struct {
	// Packets and Bytes are RTP packets and their payload; repeats count once.
	Packets, Bytes int
	// Expected is how many packets the sequence numbers from the first to the
	// last one stand for, and Lost those among them that never came.
	Expected, Lost int
	// Jitter is the interarrival jitter of RFC 3550 section 6.4.1.
	Jitter time.Duration
	// Frames are the complete video frames from the first complete keyframe on,
	// and Broken those after it of which a part is missing. 0 for audio.
	Frames, Broken int
	// First and Last are when the first and the last packet came, FirstFrame when
	// the first keyframe was complete; zero if none did.
	First, Last, FirstFrame time.Time
}

// Bitrate is in bits a second, 0 before there is a second packet.
func (r Received) Bitrate() float64 { return bitrate(r.Bytes, r.Last.Sub(r.First)) }

func bitrate(bytes int, over time.Duration) float64 {
	if over <= 0 {
		return 0
	}
	return float64(bytes) * 8 / over.Seconds()
}

// tally counts the packets of one track as they come. It is pure: the time of
// arrival is handed in.
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

// frame is a video frame that is being put together.
type frame struct {
	begin, end uint64
	begun, key bool
	ended      bool
	parts      int
	// later counts the frames that were complete since it began.
	later int
}

// framesHeld is how many frames may be complete after the beginning of another
// before that one counts as broken, and how many are put together at a time:
// late parts have come by then.
const framesHeld = 3

func newTally(clock uint32, video bool) *tally {
	return &tally{clock: clock, video: video, seen: map[uint64]bool{}, frames: map[uint32]*frame{}}
}

// add counts one packet.
func (c *tally) add(p *rtp.Packet, at time.Time) {
	if len(p.Payload) == 0 {
		// Padding, which a server may send to probe the bandwidth: it has a
		// sequence number and carries nothing.
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
		// Far from 0, so that packets before the first have a number too.
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

// jitter is RFC 3550 appendix A.8.
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

// part puts one packet of video into its frame.
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

// drop forgets a frame.
func (c *tally) drop(timestamp uint32, broken bool) {
	delete(c.frames, timestamp)
	c.order = slices.DeleteFunc(c.order, func(t uint32) bool { return t == timestamp })
	if broken && !c.got.FirstFrame.IsZero() {
		c.got.Broken++
	}
}
