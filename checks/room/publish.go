package room

import (
	"errors"
	"fmt"
	"sync"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe/clips"
)

// Clip is something that can be published.
type Clip string

// The clips: a tone as the microphone, a test pattern as the camera.
const (
	Tone    Clip = "tone"
	Pattern Clip = "pattern"
)

// publications are our own tracks.
type publications struct {
	stay *Stay
	// busy lets one change at a time happen: the SDK waits for the server in it.
	busy sync.Mutex

	mu   sync.Mutex
	list map[Clip]*publication
}

type publication struct {
	track *lksdk.LocalTrack
	pub   *lksdk.LocalTrackPublication
}

// Publishing tells whether a clip is published, and whether it is muted.
func (s *Stay) Publishing(c Clip) (on, muted bool) {
	s.mine.mu.Lock()
	defer s.mine.mu.Unlock()
	p := s.mine.list[c]
	if p == nil {
		return false, false
	}
	return true, s.current(c, p).IsMuted()
}

// current is the publication as it is now: a full reconnect publishes the
// tracks anew, under other SIDs.
func (s *Stay) current(c Clip, p *publication) *lksdk.LocalTrackPublication {
	for _, pub := range s.room.LocalParticipant.TrackPublications() {
		if local, is := pub.(*lksdk.LocalTrackPublication); is && pub.Name() == string(c) {
			return local
		}
	}
	return p.pub
}

// Publish starts to publish a clip; it waits until the server has taken it. A
// clip that is published already is left alone.
func (s *Stay) Publish(c Clip) error {
	may, in := s.may()
	switch {
	case !in:
		return ErrNotInRoom
	case !may.Publish:
		return ErrMayNot
	}
	s.mine.busy.Lock()
	defer s.mine.busy.Unlock()
	if on, _ := s.Publishing(c); on {
		return nil
	}
	p, options, err := prepare(c)
	if err != nil {
		return err
	}
	if p.pub, err = s.room.LocalParticipant.PublishTrack(p.track, options); err != nil {
		_ = p.track.Close()
		return fmt.Errorf("publish the %s: %w", c, err)
	}
	s.mine.mu.Lock()
	s.mine.list[c] = p
	s.mine.mu.Unlock()
	return nil
}

// publishFirst publishes what Options.Publish asks for, and tells what did not
// work.
func (s *Stay) publishFirst() {
	for _, c := range s.o.Publish {
		err := s.Publish(c)
		switch {
		case errors.Is(err, ErrNotInRoom):
			return
		case errors.Is(err, ErrMayNot):
			s.tell(Event{Type: Problem, Text: finding.Textf("the token does not allow publishing (canPublish)")})
			return
		case err != nil:
			s.tell(Event{Type: Problem, Text: finding.Textf("%s could not be published: %s", string(c), s.o.Redact.Clean(err.Error(), 200))})
		}
	}
}

// prepare makes the track of a clip and lets it play.
func prepare(c Clip) (*publication, *lksdk.TrackPublicationOptions, error) {
	var provider lksdk.SampleProvider
	var err error
	codec := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	options := &lksdk.TrackPublicationOptions{Name: string(Tone), Source: livekit.TrackSource_MICROPHONE, DisableDTX: true}
	if c == Pattern {
		codec = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}
		options = &lksdk.TrackPublicationOptions{Name: string(Pattern), Source: livekit.TrackSource_CAMERA,
			VideoWidth: clips.Width, VideoHeight: clips.Height}
		provider, err = newPattern()
	} else {
		provider, err = newTone()
	}
	if err != nil {
		return nil, nil, err
	}
	track, err := lksdk.NewLocalTrack(codec)
	if err != nil {
		return nil, nil, fmt.Errorf("make a track: %w", err)
	}
	p := &publication{track: track}
	return p, options, track.StartWrite(provider, nil)
}

// Unpublish takes a clip back.
func (s *Stay) Unpublish(c Clip) error {
	s.mine.busy.Lock()
	defer s.mine.busy.Unlock()
	s.mine.mu.Lock()
	p := s.mine.list[c]
	delete(s.mine.list, c)
	s.mine.mu.Unlock()
	if p == nil {
		return ErrNotOffered
	}
	defer p.track.Close()
	if err := s.room.LocalParticipant.UnpublishTrack(s.current(c, p).SID()); err != nil {
		return fmt.Errorf("unpublish the %s: %w", c, err)
	}
	return nil
}

// Mute mutes what is published, or unmutes it.
func (s *Stay) Mute(muted bool) error {
	s.mine.mu.Lock()
	defer s.mine.mu.Unlock()
	if len(s.mine.list) == 0 {
		return ErrNotOffered
	}
	for c, p := range s.mine.list {
		s.current(c, p).SetMuted(muted)
	}
	return nil
}

// stop ends the clips; the server forgets the tracks as we leave.
func (p *publications) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.list {
		_ = one.track.Close()
	}
}
