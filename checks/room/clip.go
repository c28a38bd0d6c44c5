package room

import (
	"context"
	"time"

	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4/pkg/media"

	"lkdoctor/checks/probe/clips"
)

// toneLevel is how loud the test tone is said to be, in dB below the loudest
// (RFC 6464): loud enough for the server to name us as a speaker.
const toneLevel = 12

// clip plays packets or frames again and again, in real time. The SDK asks for
// them from one goroutine at a time.
type clip struct {
	lksdk.BaseSampleProvider
	samples [][]byte
	each    time.Duration
	at      int
}

// NextSample is the next packet or frame.
func (c *clip) NextSample(ctx context.Context) (media.Sample, error) {
	if err := ctx.Err(); err != nil {
		return media.Sample{}, err
	}
	sample := media.Sample{Data: c.samples[c.at], Duration: c.each}
	c.at = (c.at + 1) % len(c.samples)
	return sample, nil
}

// tone is a clip that is heard.
type tone struct{ clip }

// CurrentAudioLevel makes the server see a speaker.
func (t *tone) CurrentAudioLevel() uint8 { return toneLevel }

func newTone() (*tone, error) {
	packets, err := clips.Tone()
	if err != nil {
		return nil, err
	}
	return &tone{clip{samples: packets, each: clips.Pace}}, nil
}

func newPattern() (*clip, error) {
	frames, err := clips.Pattern()
	if err != nil {
		return nil, err
	}
	return &clip{samples: frames, each: clips.Pace}, nil
}
