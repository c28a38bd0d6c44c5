// Package room is the screen of `lkdoctor join`: the participants of a room, the path of
// the media, and the events. It shows a stay of package checks/room/stay, and calls its
// methods for the keys.
//
// The rules are those of package tui: View only reads the model, everything that waits
// is a tea.Cmd, and text from the network is cleaned before it is shown. Run leaves the
// room on every way out. A token is shown only if the user asks for it: as a QR code, or
// as a link, in which a further key shows the token.
package room

import (
	"context"
	"time"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/room"
	"lkdoctor/tui/term"
)

// Stay is the part of a stay.Stay that the screen needs.
type Stay interface {
	Events() <-chan room.Event
	Leave()
	Close()
	Send(text string) error
	Publish(c room.Clip) error
	Unpublish(c room.Clip) error
	Publishing() []room.Sending
	Mute(muted bool) error
	Reconnect(full bool) error
}

// Deps are the effects that the screen needs. Start is required. A feature whose
// function is nil is not offered.
type Deps struct {
	// URL, Room and Identity are shown on the first line. They are clean.
	URL, Room, Identity string
	// Evicts reports whether the identity is in the room now. Joining would remove that
	// participant, so the screen asks first.
	Evicts bool
	// Notice is shown before the first event; "" is none.
	Notice string
	// Start begins a stay that publishes the given tracks once media is connected. It is
	// called after the question, if there is one, and once more for each rejoin after
	// the end of the stay before.
	Start func(ctx context.Context, publish []room.Sending) Stay
	// Publish is what the first stay publishes.
	Publish []room.Sending
	// Token returns the token to hand out, its identity, and whether that is another
	// identity than that of the stay. LiveKit disconnects one of two participants with
	// the same identity.
	Token func() (raw, identity string, other bool)
	// Link returns an address that holds that token, and LinkNote a warning about it.
	// OpenLink opens it. PhoneNote is a warning for a user who opens it on another
	// device.
	Link                func() string
	LinkNote, PhoneNote finding.Text
	OpenLink            func(link string) error
	// Copy puts text on the clipboard.
	Copy func(text string) (term.Copied, error)
	// Explain adds the cause that lkdoctor finds for a failed join to the last event.
	Explain func(ctx context.Context, e room.Event) room.Event
	// Diagnosis reports whether the caller shows the cause on a screen of its own. A
	// failed join then ends this one.
	Diagnosis bool
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	term.Terminal
	// ClockOff stops the clock.
	ClockOff bool
}
