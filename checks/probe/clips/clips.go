// Package clips holds the tone and the test pattern that are published to try a
// connection. Both are embedded; it touches no files.
package clips

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
)

var (
	// The clips, made with ffmpeg 5.1 (Debian 12): a tone of 1.2 s as Opus, one
	// packet of 20 ms a page, and 40 frames of a test pattern as VP8, a keyframe
	// every 10, 50 frames a second so that both keep the same pace.
	//
	//	ffmpeg -f lavfi -i "sine=frequency=440:sample_rate=48000:duration=1.2" \
	//	  -c:a libopus -b:a 24k -ac 1 -frame_duration 20 -page_duration 20000 \
	//	  -map_metadata -1 -fflags +bitexact -flags:a +bitexact tone.ogg
	//	ffmpeg -f lavfi -i "testsrc2=size=160x90:rate=50:duration=0.8" \
	//	  -c:v libvpx -b:v 300k -g 10 -keyint_min 10 -deadline good -auto-alt-ref 0 \
	//	  -map_metadata -1 -fflags +bitexact -flags:v +bitexact pattern.ivf
	//
	//go:embed tone.ogg
	toneOgg []byte
	//go:embed pattern.ivf
	patternIVF []byte
)

// Pace is the real-time distance of two packets of the tone, and of two frames
// of the pattern.
const Pace = 20 * time.Millisecond

// The size of the pattern, in pixels.
const (
	Width  = 160
	Height = 90
)

// Clip names a clip.
type Clip string

// The clips: a tone as the microphone, a test pattern as the camera.
const (
	Tone    Clip = "tone"
	Pattern Clip = "pattern"
)

// Sending is a clip that is published, and whether it is muted.
type Sending struct {
	Clip  Clip
	Muted bool
}

// Samples are a clip's Opus packets, or its VP8 frames, the first one a keyframe.
func (c Clip) Samples() ([][]byte, error) {
	if c == Pattern {
		return pattern()
	}
	return tone()
}

func tone() ([][]byte, error) {
	reader, err := oggreader.NewWithOptions(bytes.NewReader(toneOgg))
	if err != nil {
		return nil, fmt.Errorf("read the tone: %w", err)
	}
	var packets [][]byte
	for {
		page, header, err := reader.ParseNextPage()
		if errors.Is(err, io.EOF) {
			return packets, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the tone: %w", err)
		}
		if _, isHeader := header.HeaderType(page); !isHeader { // OpusHead, OpusTags
			packets = append(packets, page)
		}
	}
}

func pattern() ([][]byte, error) {
	reader, _, err := ivfreader.NewWith(bytes.NewReader(patternIVF))
	if err != nil {
		return nil, fmt.Errorf("read the pattern: %w", err)
	}
	var frames [][]byte
	for {
		frame, _, err := reader.ParseNextFrame()
		if errors.Is(err, io.EOF) {
			return frames, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the pattern: %w", err)
		}
		frames = append(frames, frame)
	}
}
