package probe

import (
	"context"
	"net/url"
	"time"
)

// PublishOptions are the choices of one publication.
type PublishOptions struct {
	// Sender and Receiver are the tokens of two participants of one room.
	Sender, Receiver string
	// Via is how the tokens travel; "" means ViaHeader.
	Via TokenVia
	// Enough is how many audio packets and video frames end the measurement; 0
	// means 20. Both are sent in real time, one every 20 ms.
	Enough int
	// Silence is how long the receiver may see nothing, once the sender sends;
	// 0 means 3 s. Longest bounds the measurement after that; 0 means 2 s.
	Silence, Longest time.Duration
	// Connect is what joining and connecting may take; 0 means 10 s.
	Connect time.Duration
}

// String keeps the tokens out of every print.
func (PublishOptions) String() string { return "options of a publication" }

// GoString is String.
func (o PublishOptions) GoString() string { return o.String() }

func (o PublishOptions) withDefaults() PublishOptions {
	if o.Enough <= 0 {
		o.Enough = 20
	}
	if o.Silence <= 0 {
		o.Silence = 3 * time.Second
	}
	if o.Longest <= 0 {
		o.Longest = 2 * time.Second
	}
	if o.Connect <= 0 {
		o.Connect = 10 * time.Second
	}
	return o
}

// PublishOutcome is how a publication ended up.
type PublishOutcome string

// The outcomes.
const (
	// PublishReceived: audio and video came through. Losses are in the counters.
	PublishReceived PublishOutcome = "received"
	// PublishPartly: one of the two kinds came through, the other did not.
	PublishPartly PublishOutcome = "partly_received"
	// PublishSilent: packets were sent, and the other participant got none.
	PublishSilent PublishOutcome = "not_received"
	// PublishNoJoin: one of the two did not get in; Failure says why.
	PublishNoJoin PublishOutcome = "no_join"
	// PublishNotConnected: the sender's or the receiver's media connection did
	// not come up; Who says whose.
	PublishNotConnected PublishOutcome = "not_connected"
	// PublishLeft: the server ended one of the stays; End says why.
	PublishLeft PublishOutcome = "left"
	// PublishCancelled: the caller's context ended first.
	PublishCancelled PublishOutcome = "cancelled"
	// PublishInternal: the WebRTC library could not be set up; Detail says why.
	PublishInternal PublishOutcome = "internal"
)

// Sent is what one track sent, and what the server reported about it.
type Sent struct {
	Packets, Bytes int
	// Frames are whole video frames; 0 for audio.
	Frames int
	// Repeats counts packets that the server asked for again (RTCP NACK), and
	// Keyframes its requests for a keyframe (PLI, FIR).
	Repeats, Keyframes int
	// Reported tells that the server sent a receiver report; then ReportedLost
	// is the number of lost packets in it, and ReportedJitter its jitter. A
	// server sends the first one after about a second.
	Reported       bool
	ReportedLost   int
	ReportedJitter time.Duration
	First, Last    time.Time
}

// Bitrate is in bits a second.
func (s Sent) Bitrate() float64 { return bitrate(s.Bytes, s.Last.Sub(s.First)) }

// Published is what came of publishing audio and video from one participant to
// another: upstream from the sender to the server, downstream from there to the
// receiver.
type Published struct {
	Outcome PublishOutcome
	// Who is "sender" or "receiver" where an outcome is about one of them.
	Who     string
	Failure *SignalFailure
	End     *SignalEnd
	Detail  string

	Room string
	// Join is how long both took to join, Connect until the sender's media
	// connection was up.
	Join, Connect time.Duration
	// Accepted counts the tracks that the server said it took.
	Accepted           int
	AudioSent          Sent
	VideoSent          Sent
	AudioGot, VideoGot Received
	// FirstPacket is from the first packet sent to the first received, of either
	// kind; FirstFrame until the first keyframe was complete. 0 if never.
	FirstPacket, FirstFrame time.Duration
	// Up and Down are the round trips of the two media connections.
	Up, Down time.Duration
	// UpPath and DownPath are their protocols: udp, tcp; "" if not connected.
	UpPath, DownPath string
	Took             time.Duration
}

// Publish lets two participants join a room, publishes a tone and a test
// pattern from one, and counts what the other receives. Nothing is repaired
// (no retransmission is answered), so that a lost packet shows as one. It stops
// as soon as enough came through, and both have left when it returns.
func (n *Net) Publish(ctx context.Context, base *url.URL, o PublishOptions) *Published {
	o = o.withDefaults()
	r := &publishRun{net: n, base: base, o: o, out: &Published{}, start: time.Now(), ctx: ctx}
	defer func() {
		r.end()
		r.out.Took = time.Since(r.start)
	}()
	r.out.Outcome = r.run(ctx)
	if r.out.Outcome != PublishReceived && r.out.Outcome != PublishPartly && ctx.Err() != nil {
		r.out.Outcome = PublishCancelled
	}
	return r.out
}
