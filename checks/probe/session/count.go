package session

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
)

// Counts are those of one track, sent or received.
type Counts struct {
	// Packets and Bytes are RTP packets and their payload; repeats count once.
	Packets, Bytes int
	// Reported reports whether Lost and Jitter are known: of a received track with its
	// first packet, of a sent one with the server's first receiver report, after about a
	// second.
	Reported bool
	// Expected is the number of packets from the first to the last sequence number,
	// and Lost the number of those that did not arrive.
	Expected, Lost int
	// Jitter is the interarrival jitter of RFC 3550 section 6.4.1.
	Jitter time.Duration
	// Frames counts the video frames that were sent, or the complete ones that were
	// received from the first complete keyframe on, and Broken those after it with a
	// missing part. 0 for audio.
	Frames, Broken int
	// Repeats counts the sent packets that the server asked for again (RTCP NACK).
	Repeats int
	// First and Last are the times of the first and the last packet, FirstFrame is
	// the time at which the first received keyframe was complete; zero if there was
	// none.
	First, Last, FirstFrame time.Time
}

// Bitrate returns bits per second, 0 before the second packet.
func (c Counts) Bitrate() float64 {
	over := c.Last.Sub(c.First)
	if over <= 0 {
		return 0
	}
	return float64(c.Bytes) * 8 / over.Seconds()
}

// Tally counts the packets of one received track, in bounded memory. Its methods may
// be called from any goroutine.
type Tally struct {
	clock float64 // of the RTP timestamps, in Hz
	vp8   bool    // whose frames are counted

	mu  sync.Mutex
	got Counts
	// first and last are the lowest and the highest sequence number, extended beyond
	// 16 bits. recent holds the last ones: number n is at index n modulo its length.
	first, last uint64
	recent      [1024]uint64
	// transit is that of the packet before, if timed, and jitter the mean so far, both
	// in units of clock.
	transit, jitter float64
	timed           bool
	frames          []*frame // incomplete ones
}

// frame is an incomplete video frame.
type frame struct {
	timestamp  uint32
	begin, end uint64 // sequence numbers; 0 while they are unknown
	key        bool
	parts      uint64
	// later counts the frames that were completed since it began.
	later int
}

// framesHeld is the number of later complete frames after which an incomplete one
// counts as broken, and the number of incomplete frames kept at a time: delayed
// parts have arrived by then.
const framesHeld = 3

// NewTally returns a Tally of a track with such a codec. The frames of VP8 are
// counted, too.
func NewTally(codec webrtc.RTPCodecCapability) *Tally {
	return &Tally{clock: max(1, float64(codec.ClockRate)), vp8: codec.MimeType == webrtc.MimeTypeVP8}
}

// Read counts the packets of a track until its connection ends. each, if not nil, is
// called after each packet.
func (c *Tally) Read(t *webrtc.TrackRemote, each func()) {
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		c.Add(p, time.Now())
		if each != nil {
			each()
		}
	}
}

// Got returns the counts.
func (c *Tally) Got() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got
}

// Add counts a packet that arrived at that time.
func (c *Tally) Add(p *rtp.Packet, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seq, repeated := c.number(p.SequenceNumber, at)
	// Padding, which a server may send to probe the bandwidth, has a sequence number
	// and no payload.
	if repeated || len(p.Payload) == 0 {
		return
	}
	c.got.Bytes += len(p.Payload)
	c.delay(p.Timestamp, at)
	if c.vp8 {
		c.part(p, seq, at)
	}
}

func (c *Tally) number(n uint16, at time.Time) (seq uint64, repeated bool) {
	if c.first == 0 {
		// It is far from 0, so that earlier packets have a number too.
		c.first = 1<<32 | uint64(n)
		c.last = c.first
		c.got.First = at
	}
	seq = c.last + uint64(int64(int16(n-uint16(c.last))))
	place := &c.recent[seq%uint64(len(c.recent))]
	if *place == seq {
		return seq, true
	}
	*place = seq
	c.first, c.last = min(c.first, seq), max(c.last, seq)
	c.got.Last = at
	c.got.Packets++
	c.got.Reported = true
	c.got.Expected = int(c.last - c.first + 1)
	c.got.Lost = c.got.Expected - c.got.Packets
	return seq, false
}

// delay computes the jitter as RFC 3550 appendix A.8 does.
func (c *Tally) delay(timestamp uint32, at time.Time) {
	transit := at.Sub(c.got.First).Seconds()*c.clock - float64(timestamp)
	if d := math.Abs(transit - c.transit); c.timed && d < c.clock { // a timestamp that jumps is no jitter
		c.jitter += (d - c.jitter) / 16
	}
	c.transit, c.timed = transit, true
	c.got.Jitter = time.Duration(c.jitter / c.clock * float64(time.Second))
}

func (c *Tally) part(p *rtp.Packet, seq uint64, at time.Time) {
	var vp8 codecs.VP8Packet
	payload, err := vp8.Unmarshal(p.Payload)
	if err != nil {
		return
	}
	i := slices.IndexFunc(c.frames, func(f *frame) bool { return f.timestamp == p.Timestamp })
	if i < 0 {
		i, c.frames = len(c.frames), append(c.frames, &frame{timestamp: p.Timestamp})
	}
	f := c.frames[i]
	f.parts++
	if vp8.S == 1 && vp8.PID == 0 {
		f.begin, f.key = seq, isKeyframe(payload)
	}
	if p.Marker {
		f.end = seq
	}
	if f.begin > 0 && f.end > 0 && f.parts == f.end-f.begin+1 {
		c.complete(f, at)
	}
	if len(c.frames) > framesHeld {
		c.broken(c.frames[0])
	}
}

func (c *Tally) complete(f *frame, at time.Time) {
	if c.got.FirstFrame.IsZero() && f.key {
		c.got.FirstFrame = at
	}
	if !c.got.FirstFrame.IsZero() {
		c.got.Frames++
	}
	c.drop(f)
	for _, held := range slices.Clone(c.frames) {
		if held.later++; held.later > framesHeld {
			c.broken(held)
		}
	}
}

// broken counts a frame of which a part is missing.
func (c *Tally) broken(f *frame) {
	if c.drop(f); !c.got.FirstFrame.IsZero() {
		c.got.Broken++
	}
}

func (c *Tally) drop(f *frame) {
	c.frames = slices.DeleteFunc(c.frames, func(o *frame) bool { return o == f })
}
