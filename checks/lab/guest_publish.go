package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"lkdoctor/checks/probe/clips"
)

// tone is a guest's microphone. It has its own connection, as in LiveKit's protocol.
type tone struct {
	pc    *webrtc.PeerConnection
	track *webrtc.TrackLocalStaticSample
	clip  [][]byte
	early []webrtc.ICECandidateInit // for the goroutine that listens
	quit  chan struct{}
	work  sync.WaitGroup
}

// Publish publishes a tone as the guest's microphone, and returns once it is sent. The
// tone goes on until Close. ctx bounds the start only.
func (g *Guest) Publish(ctx context.Context) error {
	connected := make(chan struct{})
	t, err := g.newTone(connected)
	if err != nil {
		return fmt.Errorf("publish a tone: %w", err)
	}
	if !g.tone.CompareAndSwap(nil, t) {
		return errors.Join(errors.New("publish a tone: there is one already"), t.close())
	}
	if err := t.offer(g); err != nil {
		return fmt.Errorf("publish a tone: %w", err)
	}
	select {
	case <-connected:
		t.work.Go(t.play)
		return nil
	case <-g.done:
		return errors.New("publish a tone: the server hung up")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *Guest) newTone(connected chan struct{}) (*tone, error) {
	clip, err := clips.Tone.Samples()
	if err != nil {
		return nil, err
	}
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	track, err := webrtc.NewTrackLocalStaticSample(opus, "lab-tone", "lab")
	if err != nil {
		return nil, err
	}
	pc, err := g.connection(livekit.SignalTarget_PUBLISHER, connected)
	if err != nil {
		return nil, err
	}
	t := &tone{pc: pc, track: track, clip: clip, quit: make(chan struct{})}
	if _, err = pc.AddTransceiverFromTrack(track,
		webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

// offer announces the track, and offers the connection that carries it.
func (t *tone) offer(g *Guest) error {
	g.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: &livekit.AddTrackRequest{
		Cid: t.track.ID(), Name: "tone", Type: livekit.TrackType_AUDIO, Source: livekit.TrackSource_MICROPHONE}}})
	offer, err := t.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	if err := t.pc.SetLocalDescription(offer); err != nil {
		return err
	}
	g.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{
		Offer: &livekit.SessionDescription{Type: "offer", Sdp: offer.SDP, Id: 1}}})
	return nil
}

// answered and trickled take what the server says of the connection; a tone
// that is not there takes nothing.
func (t *tone) answered(answer *livekit.SessionDescription) {
	if t == nil || t.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.Sdp}) != nil {
		return
	}
	for _, init := range t.early {
		_ = t.pc.AddICECandidate(init)
	}
	t.early = nil
}

func (t *tone) trickled(trickle *livekit.TrickleRequest) {
	var init webrtc.ICECandidateInit
	if t == nil || json.Unmarshal([]byte(trickle.CandidateInit), &init) != nil {
		return
	}
	if t.pc.RemoteDescription() == nil {
		t.early = append(t.early, init)
		return
	}
	_ = t.pc.AddICECandidate(init)
}

// play sends the clip in real time, again and again.
func (t *tone) play() {
	ticker := time.NewTicker(clips.Pace)
	defer ticker.Stop()
	for i := 0; ; i++ {
		_ = t.track.WriteSample(media.Sample{Data: t.clip[i%len(t.clip)], Duration: clips.Pace})
		select {
		case <-t.quit:
			return
		case <-ticker.C:
		}
	}
}

func (t *tone) close() error {
	if t == nil {
		return nil
	}
	close(t.quit)
	err := t.pc.GracefulClose()
	t.work.Wait()
	return err
}
