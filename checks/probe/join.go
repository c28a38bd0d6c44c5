package probe

import (
	"context"
	"net/url"
)

// JoinOptions are the choices of a join.
type JoinOptions struct {
	Token  string
	Signal SignalOptions
	Media  MediaOptions
	// NoMedia stops after the server's Join.
	NoMedia bool
}

// Joined is what a join that is over left as evidence.
type Joined struct {
	// Failure is why there was no Join; nil if there was.
	Failure *SignalFailure
	// Facts and Phases are those of the signalling connection.
	Facts  JoinFacts
	Phases SignalPhases
	// Media is nil if it was not asked for or there was no Join.
	Media *Media
	// End is how the signalling ended before we left, nil if it was still up.
	End *SignalEnd
}

// Join joins, measures and leaves. It ends within the options' times, and when
// ctx is cancelled within 500 ms, the room left.
func (n *Net) Join(ctx context.Context, base *url.URL, o JoinOptions) *Joined {
	s, f := n.OpenSignal(ctx, base, o.Token, o.Signal)
	if f != nil {
		return &Joined{Failure: f, Phases: f.Phases}
	}
	out := &Joined{Facts: s.Facts, Phases: s.Phases}
	if !o.NoMedia {
		out.Media = s.Media(ctx, o.Media)
	}
	out.End = s.End()
	if out.Media != nil && out.Media.Outcome == OutcomeCancelled {
		out.End = nil
	}
	s.Leave()
	out.Media.Close()
	return out
}
