package probe

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// publishRun is one call of Publish.
type publishRun struct {
	net   *Net
	base  *url.URL
	o     PublishOptions
	ctx   context.Context
	out   *Published
	start time.Time

	sender, receiver *stay
	feed             *feed

	mu           sync.Mutex
	audio, video *tally
	// came has a token while something came that was not looked at.
	came chan struct{}
}

func (r *publishRun) run(ctx context.Context) PublishOutcome {
	r.audio, r.video = newTally(48000, false), newTally(90000, true)
	r.came = make(chan struct{}, 1)
	connect, cancel := context.WithTimeout(ctx, r.o.Connect)
	defer cancel()
	if out := r.join(connect); out != "" {
		return out
	}
	if out := r.publish(connect); out != "" {
		return out
	}
	out := r.measure(ctx)
	r.sum()
	return out
}

// join lets both in, side by side.
func (r *publishRun) join(ctx context.Context) PublishOutcome {
	var failed [2]*SignalFailure
	var both sync.WaitGroup
	both.Go(func() {
		r.sender, failed[0] = r.net.openStay(ctx, r.base, stayOptions{token: r.o.Sender, via: r.o.Via})
	})
	both.Go(func() {
		r.receiver, failed[1] = r.net.openStay(ctx, r.base, stayOptions{token: r.o.Receiver, via: r.o.Via, watch: true, onTrack: r.track})
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
	return ""
}

// publish announces both tracks, offers them, and waits until both sides'
// media connections are up.
func (r *publishRun) publish(ctx context.Context) PublishOutcome {
	pub, err := newStayPeer(r.sender.Signal, r.sender.o.media, livekit.SignalTarget_PUBLISHER)
	if err != nil {
		return r.internal(err)
	}
	if r.feed, err = newFeed(pub.p.pc); err != nil {
		pub.close()
		return r.internal(err)
	}
	r.sender.setPublisher(pub)
	r.feed.announce(r.sender.Signal)
	r.awaitAccepted(ctx)
	if err := pub.current().sendOffer(); err != nil {
		return r.internal(err)
	}
	if out := r.connected(ctx, "sender", r.sender, pub); out != "" {
		return out
	}
	r.out.Connect = time.Since(r.start)
	r.feed.start()
	return r.connected(ctx, "receiver", r.receiver, r.receiver.sub)
}

// acceptWait is how long the server may take to say that it takes a track.
const acceptWait = time.Second

// awaitAccepted waits for the server to take both tracks before they are
// offered, as the SDKs do. Offered all the same, what it did not take shows.
func (r *publishRun) awaitAccepted(ctx context.Context) {
	timer := time.NewTimer(acceptWait)
	defer timer.Stop()
	for r.out.Accepted < publishedTracks {
		select {
		case <-r.sender.published:
			r.out.Accepted++
		case <-timer.C:
			return
		case <-r.sender.readDone:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (r *publishRun) internal(err error) PublishOutcome {
	r.out.Detail = r.net.line(err.Error())
	return PublishInternal
}

func (r *publishRun) connected(ctx context.Context, who string, st *stay, p *stayPeer) PublishOutcome {
	switch err := st.awaitMedia(ctx, p); err {
	case nil:
		return ""
	case errStayEnded:
		r.out.Who, r.out.End = who, st.End()
		return PublishLeft
	}
	r.out.Who = who
	return PublishNotConnected
}

// track counts what comes on one track until the connection ends.
func (r *publishRun) track(t *webrtc.TrackRemote) {
	c := r.audio
	if t.Kind() == webrtc.RTPCodecTypeVideo {
		c = r.video
	}
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		at := time.Now()
		r.mu.Lock()
		c.add(p, at)
		r.mu.Unlock()
		select {
		case r.came <- struct{}{}:
		default:
		}
	}
}

// slowest is as long as the first packet is waited for on a slow way.
const slowest = 8 * time.Second

// measure waits until enough came, or nothing does.
func (r *publishRun) measure(ctx context.Context) PublishOutcome {
	// Where connecting was slow, so is what follows: the receiver is told of the
	// tracks over the same way, and by the same machines.
	silence := time.NewTimer(max(r.o.Silence, min(r.out.Connect, slowest)))
	defer silence.Stop()
	var over <-chan time.Time
	for {
		select {
		case <-r.came:
			audio, video := r.counts()
			if audio >= r.o.Enough && video >= r.o.Enough {
				return PublishReceived
			}
			if over == nil && audio+video > 0 {
				longest := time.NewTimer(r.o.Longest)
				defer longest.Stop()
				over = longest.C
			}
		case <-silence.C:
			if over == nil {
				return PublishSilent
			}
		case <-over:
			return r.partly()
		case <-r.sender.readDone:
			r.out.Who, r.out.End = "sender", r.sender.End()
			return PublishLeft
		case <-r.receiver.readDone:
			r.out.Who, r.out.End = "receiver", r.receiver.End()
			return PublishLeft
		case <-ctx.Done():
			return PublishCancelled
		}
	}
}

// counts are the audio packets and the video frames that came.
func (r *publishRun) counts() (audio, video int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.audio.got.Packets, r.video.got.Frames
}

// partly is the outcome when less than enough came in the time there was.
func (r *publishRun) partly() PublishOutcome {
	if audio, video := r.counts(); audio == 0 || video == 0 {
		return PublishPartly
	}
	return PublishReceived
}

// sum reads all counters, while the connections are up.
func (r *publishRun) sum() {
	r.feed.stop()
	r.mu.Lock()
	r.out.AudioGot, r.out.VideoGot = r.audio.got, r.video.got
	r.mu.Unlock()
	r.out.AudioSent, r.out.VideoSent = r.feed.audio.sent(), r.feed.video.sent()
	r.out.Accepted += len(r.sender.published)
	began := r.out.AudioSent.First
	for _, got := range []Received{r.out.AudioGot, r.out.VideoGot} {
		if took := got.First.Sub(began); !got.First.IsZero() && (r.out.FirstPacket == 0 || took < r.out.FirstPacket) {
			r.out.FirstPacket = max(took, 1)
		}
	}
	if !r.out.VideoGot.FirstFrame.IsZero() {
		r.out.FirstFrame = r.out.VideoGot.FirstFrame.Sub(began)
	}
	if up := r.sender.publisher().pair(); up != nil {
		r.out.Up, r.out.UpPath = up.RTT, up.Remote.Protocol
	}
	if down := r.receiver.sub.pair(); down != nil {
		r.out.Down, r.out.DownPath = down.RTT, down.Remote.Protocol
	}
}

// end lets both leave, side by side.
func (r *publishRun) end() {
	r.feed.stop()
	var both sync.WaitGroup
	both.Go(r.sender.end)
	both.Go(r.receiver.end)
	both.Wait()
	r.feed.wait()
}
