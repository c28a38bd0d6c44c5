package probe

import (
	"fmt"

	media "lkdoctor/checks/probe/clips"
)

// What the clips are paced and sized by.
const (
	clipPace              = media.Pace
	clipWidth, clipHeight = media.Width, media.Height
)

// clips are what is published: Opus packets and VP8 frames, whole.
type clips struct {
	audio, video [][]byte
	// keys tells which frames are keyframes.
	keys []bool
}

// readClips takes the embedded files apart.
func readClips() (c clips, err error) {
	if c.audio, err = media.Tone(); err != nil {
		return c, fmt.Errorf("publish: %w", err)
	}
	if c.video, err = media.Pattern(); err != nil {
		return c, fmt.Errorf("publish: %w", err)
	}
	for _, frame := range c.video {
		c.keys = append(c.keys, isKeyframe(frame))
	}
	return c, nil
}

// isKeyframe reads the first bit of a VP8 frame (RFC 6386 §9.1): 0 is a key.
func isKeyframe(frame []byte) bool { return len(frame) > 0 && frame[0]&1 == 0 }

// reel walks through the pattern, and starts again at a keyframe when one is
// asked for or the pattern is over.
type reel struct {
	clips clips
	at    int
}

// next is the next frame.
func (r *reel) next(keyframe bool) []byte {
	if r.at >= len(r.clips.video) {
		r.at = 0
	}
	if keyframe {
		for !r.clips.keys[r.at] {
			r.at = (r.at + 1) % len(r.clips.video)
		}
	}
	frame := r.clips.video[r.at]
	r.at++
	return frame
}
