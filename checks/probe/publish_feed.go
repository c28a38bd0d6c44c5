package probe

import (
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
)

// maxPacket is the size of an RTP packet that every network carries.
const maxPacket = 1200

// publishedTracks are the tone and the pattern.
const publishedTracks = 2

// feed sends the clips, in real time.
type feed struct {
	clips        clips
	audio, video *outgoing
	quit         chan struct{}
	quitOnce     sync.Once
	work         sync.WaitGroup
}

// outgoing is one track that is sent, and what the server says of it.
type outgoing struct {
	track  *webrtc.TrackLocalStaticRTP
	sender *webrtc.RTPSender
	packer rtp.Packetizer
	// clock is the RTP clock in Hz.
	clock uint32

	mu    sync.Mutex
	count Sent
	// keyframe tells that the server wants one.
	keyframe bool
}

// newFeed puts both tracks onto the connection.
func newFeed(pc *webrtc.PeerConnection) (*feed, error) {
	f := &feed{quit: make(chan struct{})}
	var err error
	if f.clips, err = readClips(); err != nil {
		return nil, err
	}
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	vp8 := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}
	if f.audio, err = newOutgoing(pc, opus, "lkdoctor-tone", &codecs.OpusPayloader{}); err != nil {
		return nil, err
	}
	f.video, err = newOutgoing(pc, vp8, "lkdoctor-pattern", &codecs.VP8Payloader{EnablePictureID: true})
	return f, err
}

func newOutgoing(pc *webrtc.PeerConnection, codec webrtc.RTPCodecCapability, id string, payloader rtp.Payloader) (*outgoing, error) {
	track, err := webrtc.NewTrackLocalStaticRTP(codec, id, "lkdoctor")
	if err != nil {
		return nil, err
	}
	transceiver, err := pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return nil, err
	}
	// Payload type and SSRC are the connection's own, which the track fills in.
	return &outgoing{track: track, sender: transceiver.Sender(), clock: codec.ClockRate,
		packer: rtp.NewPacketizer(maxPacket, 0, 0, payloader, rtp.NewRandomSequencer(), codec.ClockRate)}, nil
}

// announce tells the server of both tracks. The video's one layer is not listed,
// as it need not be: livekit-server 1.13.5 would write to the list while it sends
// it to others (a data race of its own, in updateRidsFromSDP).
func (f *feed) announce(s *Signal) {
	add := func(r *livekit.AddTrackRequest) {
		_ = s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: r}})
	}
	add(&livekit.AddTrackRequest{Cid: f.audio.track.ID(), Name: "tone", Type: livekit.TrackType_AUDIO, Source: livekit.TrackSource_MICROPHONE})
	add(&livekit.AddTrackRequest{Cid: f.video.track.ID(), Name: "pattern", Type: livekit.TrackType_VIDEO, Source: livekit.TrackSource_CAMERA,
		Width: clipWidth, Height: clipHeight})
}

// start sends until stop.
func (f *feed) start() {
	f.work.Go(f.play)
	f.work.Go(f.audio.listen)
	f.work.Go(f.video.listen)
}

// stop ends the sending; wait waits for its goroutines, once the connection is
// closed.
func (f *feed) stop() {
	if f != nil {
		f.quitOnce.Do(func() { close(f.quit) })
	}
}

func (f *feed) wait() {
	if f != nil {
		f.work.Wait()
	}
}

// play sends one packet of the tone and one frame of the pattern every 20 ms.
func (f *feed) play() {
	ticker := time.NewTicker(clipPace)
	defer ticker.Stop()
	pattern := reel{clips: f.clips}
	for i := 0; ; i++ {
		f.audio.send(f.clips.audio[i%len(f.clips.audio)], false)
		f.video.send(pattern.next(f.video.wantsKeyframe()), true)
		select {
		case <-f.quit:
			return
		case <-ticker.C:
		}
	}
}

// send sends one sample.
func (o *outgoing) send(sample []byte, frame bool) {
	now := time.Now()
	packets := o.packer.Packetize(sample, uint32(clipPace.Seconds()*float64(o.clock)))
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range packets {
		if o.track.WriteRTP(p) != nil {
			return
		}
		o.count.Packets++
		o.count.Bytes += len(p.Payload)
	}
	if frame {
		o.count.Frames++
	}
	if o.count.First.IsZero() {
		o.count.First = now
	}
	o.count.Last = now
}

// listen reads the server's reports until the connection is closed.
func (o *outgoing) listen() {
	for {
		reports, _, err := o.sender.ReadRTCP()
		if err != nil {
			return
		}
		o.mu.Lock()
		for _, r := range reports {
			o.report(r)
		}
		o.mu.Unlock()
	}
}

func (o *outgoing) report(r rtcp.Packet) {
	switch r := r.(type) {
	case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
		o.keyframe = true
		o.count.Keyframes++
	case *rtcp.TransportLayerNack:
		for _, pair := range r.Nacks {
			o.count.Repeats += len(pair.PacketList())
		}
	case *rtcp.ReceiverReport:
		for _, b := range r.Reports {
			o.count.Reported = true
			o.count.ReportedLost = int(b.TotalLost)
			o.count.ReportedJitter = time.Duration(float64(b.Jitter) / float64(o.clock) * float64(time.Second))
		}
	}
}

func (o *outgoing) wantsKeyframe() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	wants := o.keyframe
	o.keyframe = false
	return wants
}

func (o *outgoing) sent() Sent {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.count
}
