package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"

	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/clips"
	"lkdoctor/checks/probe/session"
)

// Guest is a participant that joins a room and stays until Close. It is no SDK client:
// those ask the public STUN servers that the server names, and share a logger with the
// program under test.
type Guest struct {
	participant *session.Participant
	net         *probe.Net
}

// Join joins with a token, and returns when media is connected. ctx bounds the joining
// only.
func Join(ctx context.Context, server, token string) (*Guest, error) {
	base, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	g := &Guest{net: &probe.Net{}}
	participant, failure := session.Join(ctx, g.net, base, token, session.Options{})
	if failure != nil {
		g.net.Close()
		return nil, fmt.Errorf("let a guest join: %w", cmp.Or[error](ctx.Err(), failure))
	}
	g.participant = participant
	if err = participant.Start(session.MediaOptions{}); err == nil {
		err = participant.Up(ctx, false)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("let a guest join: %w", cmp.Or(ctx.Err(), err)), g.Close())
	}
	return g, nil
}

// Publish publishes a tone as the guest's microphone, and returns when it is sent. The
// tone goes on until Close. ctx bounds the start only.
func (g *Guest) Publish(ctx context.Context) error {
	_, err := g.participant.Publish(ctx, clips.Sending{Clip: clips.Tone})
	if err == nil {
		err = g.participant.Up(ctx, true)
	}
	if err != nil {
		return fmt.Errorf("publish a tone: %w", err)
	}
	return nil
}

// Close leaves the room. It may be called twice.
func (g *Guest) Close() error {
	g.participant.Leave()
	g.net.Close()
	return nil
}
