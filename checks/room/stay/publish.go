package stay

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/room"
	"lkdoctor/config/clean"
)

// Publishing returns the published clips, the tone first.
func (s *Stay) Publishing() []room.Sending {
	if p := s.participant(); p != nil {
		return p.Published()
	}
	return nil
}

// Publish publishes a clip; it waits until the server has accepted it. For a
// published clip it does nothing.
func (s *Stay) Publish(c room.Clip) error { return s.publish(room.Sending{Clip: c}) }

func (s *Stay) publish(what room.Sending) error {
	c := what.Clip
	s.busy.Lock()
	defer s.busy.Unlock()
	p, err := s.inside()
	switch {
	case err != nil:
		return err
	case !p.Facts.CanPublish:
		return room.ErrMayNot
	case slices.ContainsFunc(p.Published(), func(one room.Sending) bool { return one.Clip == c }):
		return nil
	}
	taken, err := p.Publish(context.Background(), what)
	if err == nil && taken == 0 {
		err = errors.Join(session.ErrNotTaken, p.Unpublish(c))
	}
	if err != nil {
		return fmt.Errorf("publish the %s: %w", c, err)
	}
	return nil
}

// publishFirst publishes Options.Publish, and reports failures.
func (s *Stay) publishFirst() {
	for _, what := range s.o.Publish {
		err := s.publish(what)
		switch {
		case errors.Is(err, room.ErrNotInRoom):
			return
		case errors.Is(err, room.ErrMayNot):
			s.problem(finding.Textf("the token does not allow publishing (canPublish)"))
			return
		case err != nil:
			s.problem(finding.Textf("%s could not be published: %s", string(what.Clip), s.o.Redact.Clean(err.Error(), 200)))
		}
	}
}

// Unpublish ends the publication of a clip.
func (s *Stay) Unpublish(c room.Clip) error {
	return s.change(func(p *session.Participant) error { return p.Unpublish(c) })
}

// Mute mutes what is published, or unmutes it. It survives reconnects.
func (s *Stay) Mute(muted bool) error {
	return s.change(func(p *session.Participant) error { return p.Mute(muted) })
}

func (s *Stay) change(do func(*session.Participant) error) error {
	s.busy.Lock()
	defer s.busy.Unlock()
	p, err := s.inside()
	if err == nil {
		err = do(p)
	}
	if errors.Is(err, session.ErrNotPublished) {
		return room.ErrNotOffered
	}
	return err
}

// inside returns the participant, or why it cannot act now.
func (s *Stay) inside() (*session.Participant, error) {
	select {
	case <-s.gone:
		return nil, room.ErrNotInRoom
	default:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.since.IsZero():
		return nil, room.ErrNotInRoom
	case !s.away.IsZero():
		return nil, room.ErrReconnect
	}
	return s.part, nil
}

// Reconnect simulates a lost connection: it cuts the WebSocket and resumes the
// session; with full it joins anew, as if the server had asked for that.
func (s *Stay) Reconnect(full bool) error {
	if _, err := s.inside(); err != nil {
		return err
	}
	select {
	case s.simulate <- full:
		return nil
	default:
		return room.ErrReconnect
	}
}

// Send sends a reliable data message to all participants. It waits some seconds at
// most for the data channel.
func (s *Stay) Send(text string) error {
	p, err := s.inside()
	switch {
	case err != nil:
		return err
	case !p.Facts.CanPublishData:
		return room.ErrMayNot
	case len(text) > room.MaxMessage:
		return room.ErrTooLong
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.o.Net.Waits().Connect)
	defer cancel()
	if err := p.Send(ctx, []byte(text)); err != nil {
		return err
	}
	shown := clean.Line(text, caps.MessageShown)
	s.emit(room.Event{Type: room.DataSent, Message: &room.Message{Text: shown, Bytes: len(text)}, Me: true,
		Text: finding.Textf("sent: %s", shown)})
	return nil
}
