// Package room is the screen of `lkdoctor join`: who is in the room, what media
// goes over, and what has happened. It shows a stay of checks/room, and lets
// the stay do what the keys ask for.
//
// Its rules are those of package tui: View only reads the model, all waiting is
// a command, whatever a stranger said is cleaned before it is shown, and the
// room is left on every way out. A token is never shown unless its key asked for
// it: as a link, whose token is shown in full by a further key, or as a QR code.
package room

import (
	"context"
	"time"

	"github.com/charmbracelet/lipgloss"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/room"
	"lkdoctor/tui/term"
)

// Stay is what the screen needs of a room.Stay.
type Stay interface {
	Next(ctx context.Context) (room.Event, error)
	Leave()
	Close()
	Send(text string) error
	Publish(c room.Clip) error
	Unpublish(c room.Clip) error
	Publishing(c room.Clip) (on, muted bool)
	Mute(muted bool) error
	Reconnect(full bool) error
}

// Deps are the things that the screen cannot do itself. Start is required;
// what needs one that is missing is not offered.
type Deps struct {
	// URL, Room and Identity are for the first line, cleaned.
	URL, Room, Identity string
	// Evicts tells that the identity is in the room now: joining asks first.
	Evicts bool
	// Notice is worth knowing before anything happens; "" is nothing.
	Notice string
	// Start begins a stay that publishes these as soon as media is up. It is not
	// called before a question was answered, and again to come back after the end
	// of the stay before.
	Start func(ctx context.Context, publish []room.Sending) Stay
	// Publish is what the first stay publishes.
	Publish []room.Sending
	// Token is the token to hand out, whose it is, and whether that is somebody
	// else than us: two participants with one identity throw each other out.
	Token func() (raw, identity string, other bool)
	// Link is an address that holds that token, LinkNote what else there is to
	// say about it; OpenLink opens it. PhoneNote is what there is to say to
	// somebody who opens it elsewhere.
	Link                func() string
	LinkNote, PhoneNote finding.Text
	OpenLink            func(link string) error
	// Copy puts text on the clipboard.
	Copy func(text string) (term.Copied, error)
	// Explain adds to the last event what the doctor finds about a failed join.
	Explain func(ctx context.Context, e room.Event) room.Event
	// Diagnosis reports that the caller shows what Explain found on a screen of
	// its own: a failed join then ends this one.
	Diagnosis bool
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Translate maps an English format to another language's, "" where it knows
	// none; nil is English.
	Translate func(format string) string
	// Renderer knows the terminal's colours; nil is no colour at all.
	Renderer *lipgloss.Renderer
	// Dark tells that the terminal's background is dark.
	Dark bool
	// ASCII keeps to the characters that every terminal can show.
	ASCII bool
	// Mouse takes the wheel, and clicks on the hints of keys.
	Mouse bool
	// ClockOff keeps the clock still.
	ClockOff bool
}
