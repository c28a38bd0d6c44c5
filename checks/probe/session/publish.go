package session

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/clips"
)

// PublishOutcome is the result of a publication.
type PublishOutcome string

// The outcomes.
const (
	// PublishReceived: audio and video arrived. Losses are in the counters.
	PublishReceived PublishOutcome = "received"
	// PublishPartly: one of the two kinds arrived, the other did not.
	PublishPartly PublishOutcome = "partly_received"
	// PublishSilent: packets were sent, and the other participant got none.
	PublishSilent PublishOutcome = "not_received"
	// PublishNoJoin: one of the two was refused; Failure says why.
	PublishNoJoin PublishOutcome = "no_join"
	// PublishNotConnected: the media connection of the sender or the receiver, see
	// Who, did not come up.
	PublishNotConnected PublishOutcome = "not_connected"
	// PublishLeft: the server ended one of the stays; End says why.
	PublishLeft PublishOutcome = "left"
	// PublishCancelled: the caller's context ended first.
	PublishCancelled PublishOutcome = "cancelled"
	// PublishInternal: the WebRTC library could not be set up; Detail says why.
	PublishInternal PublishOutcome = "internal"
)

// Published is the result of publishing audio and video from one participant to
// another: upstream from the sender to the server, downstream from there to the
// receiver.
type Published struct {
	Outcome PublishOutcome
	// Who is "sender" or "receiver" where an outcome is about one of them.
	Who     string
	Failure *SignalFailure
	End     *SignalEnd
	// Ended is the time from the start of the joins until the stay ended, for
	// PublishLeft.
	Ended  time.Duration
	Detail string

	Room string
	// Join is the time that both joins took, Connect that until the sender's media
	// was connected.
	Join, Connect time.Duration
	// Accepted counts the tracks that the server accepted.
	Accepted             int
	AudioSent, VideoSent Counts
	AudioGot, VideoGot   Counts
	// FirstPacket is the time from the first packet sent to the first received, of
	// either kind; FirstFrame that until the first keyframe was complete. 0 if
	// never.
	FirstPacket, FirstFrame time.Duration
	// Up and Down are the round trips of the two media connections.
	Up, Down time.Duration
	// UpPath and DownPath are their protocols: udp, tcp; "" if not connected.
	UpPath, DownPath string
}

// Publish joins a room with two participants, publishes a tone and a test pattern
// from one, and counts what the other receives. No retransmission is answered, so
// that a lost packet shows as one. It ends once enough audio packets and video
// frames arrived (0 means 20; one of each is sent every 20 ms). Both have left when
// it returns. sender and receiver are the tokens of two participants of one room.
func Publish(ctx context.Context, n *probe.Net, base *url.URL, sender, receiver string, inQuery bool, enough int) *Published {
	if enough <= 0 {
		enough = 20
	}
	r := &publishRun{net: n, enough: enough, out: &Published{}, start: time.Now(), arrived: make(chan struct{}, 1),
		audio: NewTally(toneCodec), video: NewTally(patternCodec)}
	r.out.Outcome = r.run(ctx, base, [2]string{sender, receiver}, inQuery)
	var both sync.WaitGroup
	both.Go(r.sender.Leave)
	both.Go(r.receiver.Leave)
	both.Wait()
	if r.out.Outcome != PublishReceived && r.out.Outcome != PublishPartly && ctx.Err() != nil {
		r.out.Outcome = PublishCancelled
	}
	return r.out
}

// publishRun is one call of Publish.
type publishRun struct {
	net    *probe.Net
	enough int
	out    *Published
	start  time.Time

	sender, receiver *Participant

	audio, video *Tally
	// arrived has an element while there are uncounted packets.
	arrived chan struct{}
}

func (r *publishRun) run(ctx context.Context, base *url.URL, tokens [2]string, inQuery bool) PublishOutcome {
	connect, cancel := context.WithTimeout(ctx, r.net.Waits().Connect)
	defer cancel()
	if out := r.join(connect, base, tokens, inQuery); out != "" {
		return out
	}
	if out := r.publish(connect); out != "" {
		return out
	}
	out := r.measure(ctx)
	r.sum()
	return out
}

func (r *publishRun) join(ctx context.Context, base *url.URL, tokens [2]string, inQuery bool) PublishOutcome {
	var failed [2]*SignalFailure
	var both sync.WaitGroup
	both.Go(func() { r.sender, failed[0] = Join(ctx, r.net, base, tokens[0], Options{InQuery: inQuery}) })
	both.Go(func() {
		r.receiver, failed[1] = Join(ctx, r.net, base, tokens[1], Options{InQuery: inQuery, Subscribe: true, Track: r.track})
	})
	both.Wait()
	r.out.Join = time.Since(r.start)
	for i, who := range []string{"sender", "receiver"} {
		if failed[i] != nil {
			r.out.Who, r.out.Failure = who, failed[i]
			return PublishNoJoin
		}
	}
	r.out.Room = r.sender.Facts.Room
	for who, p := range map[string]*Participant{"sender": r.sender, "receiver": r.receiver} {
		if err := p.Start(MediaOptions{}); err != nil {
			return r.failed(who, p, err)
		}
	}
	return ""
}

// publish publishes both clips, and waits until both media connections are up.
func (r *publishRun) publish(ctx context.Context) PublishOutcome {
	var err error
	if r.out.Accepted, err = r.sender.Publish(ctx, clips.Sending{Clip: clips.Tone}, clips.Sending{Clip: clips.Pattern}); err != nil {
		return r.failed("sender", r.sender, err)
	}
	if err := r.sender.Up(ctx, true); err != nil {
		return r.failed("sender", r.sender, err)
	}
	r.out.Connect = time.Since(r.start)
	if err := r.receiver.Up(ctx, false); err != nil {
		return r.failed("receiver", r.receiver, err)
	}
	return ""
}

func (r *publishRun) failed(who string, p *Participant, err error) PublishOutcome {
	switch r.out.Who = who; {
	case p.End() != nil:
		r.out.End, r.out.Ended = p.End(), time.Since(r.start)
		return PublishLeft
	case errors.Is(err, errLate):
		return PublishNotConnected
	}
	r.out.Detail = r.net.Line(err.Error())
	return PublishInternal
}

func (r *publishRun) track(t *webrtc.TrackRemote) {
	c := r.audio
	if t.Kind() == webrtc.RTPCodecTypeVideo {
		c = r.video
	}
	c.Read(t, func() { signal(r.arrived) })
}

func (r *publishRun) measure(ctx context.Context) PublishOutcome {
	// A slow connection delays what follows, too: the server announces the tracks
	// to the receiver over it.
	waits := r.net.Waits()
	silence := time.After(max(waits.Silence, min(r.out.Connect, waits.FirstPacket)))
	var over <-chan time.Time
	for {
		select {
		case <-r.arrived:
			audio, video := r.audio.Got().Packets, r.video.Got().Frames
			if audio >= r.enough && video >= r.enough {
				return PublishReceived
			}
			if over == nil && audio+video > 0 {
				over = time.After(waits.Measure)
			}
		case <-silence:
			if over == nil {
				return PublishSilent
			}
		case <-over:
			if r.audio.Got().Packets == 0 || r.video.Got().Frames == 0 {
				return PublishPartly
			}
			return PublishReceived
		case <-r.sender.Done():
			return r.failed("sender", r.sender, errEnded)
		case <-r.receiver.Done():
			return r.failed("receiver", r.receiver, errEnded)
		case <-ctx.Done():
			return PublishCancelled
		}
	}
}

// sum reads all counters, while the connections are up.
func (r *publishRun) sum() {
	r.out.AudioGot, r.out.VideoGot = r.audio.Got(), r.video.Got()
	_, r.out.AudioSent = r.sender.Sent(clips.Tone)
	_, r.out.VideoSent = r.sender.Sent(clips.Pattern)
	began := r.out.AudioSent.First
	for _, got := range []Counts{r.out.AudioGot, r.out.VideoGot} {
		if took := got.First.Sub(began); !got.First.IsZero() && (r.out.FirstPacket == 0 || took < r.out.FirstPacket) {
			r.out.FirstPacket = max(took, 1)
		}
	}
	if !r.out.VideoGot.FirstFrame.IsZero() {
		r.out.FirstFrame = r.out.VideoGot.FirstFrame.Sub(began)
	}
	if up := r.sender.transport(publisher).pair(); up != nil {
		r.out.Up, r.out.UpPath = up.RTT, up.Remote.Protocol
	}
	if down := r.receiver.transport(subscriber).pair(); down != nil {
		r.out.Down, r.out.DownPath = down.RTT, down.Remote.Protocol
	}
}

// Path is the result of one path of media.
type Path struct {
	// Connected reports whether ICE and DTLS came up on this path, and Relayed whether
	// they did through a TURN server only.
	Connected, Relayed bool
	// Outcome is the media's, "" when there was no Join.
	Outcome Outcome
	// Total is the time that media took to connect, RTT its round trip. A TCP
	// connection to livekit-server takes a second longer than the network needs:
	// the server waits that long for a better one.
	Total, RTT time.Duration
	// Advertised are the server's addresses for this path.
	Advertised []Candidate
}

// ComparePaths joins once with UDP alone and once with ICE/TCP alone, concurrently,
// each with the token of a separate participant, and leaves.
func ComparePaths(ctx context.Context, n *probe.Net, base *url.URL, udpToken, tcpToken string, inQuery bool) (udp, tcp Path) {
	join := func(token string, media MediaOptions) (p Path) {
		s, f := Join(ctx, n, base, token, Options{InQuery: inQuery})
		if f != nil {
			return Path{}
		}
		defer s.Leave()
		mctx, cancel := context.WithTimeout(ctx, n.Waits().Path)
		defer cancel()
		m := s.Media(mctx, media)
		p = Path{Connected: m.Connected, Outcome: m.Outcome, Total: m.Phases.Total}
		if m.Selected != nil {
			p.RTT = m.Selected.RTT
			p.Relayed = m.Selected.Local.Type == "relay"
			p.Connected = p.Connected && !p.Relayed
		}
		for _, c := range m.Remote {
			if c.Type == "host" && (c.Protocol == "tcp") == media.NoUDP {
				p.Advertised = append(p.Advertised, c)
			}
		}
		return p
	}
	var both sync.WaitGroup
	both.Go(func() { udp = join(udpToken, MediaOptions{NoTCP: true}) })
	both.Go(func() { tcp = join(tcpToken, MediaOptions{NoUDP: true}) })
	both.Wait()
	return udp, tcp
}
