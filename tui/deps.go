package tui

import (
	"context"
	"io"
	"time"

	"github.com/charmbracelet/lipgloss"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/tui/term"
)

// Deps are the things that the TUI cannot do itself. Start is required; the
// others may be left out, and what needs them is then not offered.
type Deps struct {
	// Checks is the plan: the rows of the first frame.
	Checks []check.Spec
	Title  Header
	// Start does one run and returns when it has ended, soon after ctx has. It
	// is called with an empty Change first, and once for each re-run. observe
	// may be called until Start returns.
	Start func(ctx context.Context, change Change, observe func(check.Event)) check.Run
	// Page returns the catalogue's page of a code.
	Page func(code check.Code) (catalogue.Page, bool)
	// Limit is the most time that one run may take; 0 is unknown.
	Limit time.Duration
	// Language guesses what the maker of the token is written in, as the minting
	// code of the catalogue names it: "python", "node" or "go". It is asked after
	// each run, until somebody chooses.
	Language func() string
	// Confirm returns what runs the confirming command of a page with what the
	// last run holds, such as its token, and returns what it printed, without
	// secrets. It is nil where the run lacks a value that the command reads.
	Confirm func(c catalogue.Confirm) func() (printed string, err error)
	// Skip ends one running check of the present run, which is then skipped.
	Skip func(id string)
	// Join joins a room with a token made here and stays in it, on a screen of
	// its own on in and out, until it is left. No run is replaced by it.
	Join func(in io.Reader, out io.Writer) error
	// Looked returns where the last run looked for settings.
	Looked func() Looked
	// Listening returns those ports of this machine on which something listens.
	Listening func(ports []int) []int
	// Watch sends each time that the env files have changed, until ctx ends; it
	// closes the channel then.
	Watch func(ctx context.Context) <-chan struct{}
	// Save writes the report for the maintainer, SaveJSON the JSON document. Both
	// return the absolute path of the file.
	Save, SaveJSON func(run check.Run) (path string, err error)
	// Copy puts text on the clipboard.
	Copy func(text string) (Copied, error)
	// Open shows a web address in the browser, and returns what was asked to.
	Open func(address string) (by string, err error)
	// Now is the clock of what is shown; nil is time.Now.
	Now func() time.Time
	// Translate maps an English format to another language's, "" where it
	// knows none; nil is English.
	Translate func(format string) string
	// Renderer knows the terminal's colours; nil is no colour at all.
	Renderer *lipgloss.Renderer
	// Dark tells that the terminal's background is dark.
	Dark bool
	// ASCII keeps to the characters that every terminal can show.
	ASCII bool
	// Links tells that the terminal takes links (OSC 8).
	Links bool
	// Mouse lets the wheel and clicks reach the screen; the terminal's own
	// selection then needs a key held down.
	Mouse bool
	// SpinnerOff keeps the spinner, and the clock that ticks with it, still.
	SpinnerOff bool
}

// Header is what the first line says about the run.
type Header struct {
	URL    string // "wss://demo.example.com"
	Source string // where it came from: ".env.local"
}

// Copied says where a copied text went.
type Copied = term.Copied

// Change is what a re-run does differently from the settings that lkdoctor was
// started with. The zero value changes nothing.
type Change struct {
	// Ticket replaces the configured ticket.
	Ticket string
	// Token is checked as it is, and no ticket is consumed: a bare token or
	// whatever else was pasted. It is a secret.
	Token string
	// NoTicket tells that the configured ticket is spent, or not to be spent:
	// this run must not consume it. With From it may still use the answer that
	// the spent ticket brought.
	NoTicket bool
	// From is the stage to start at, with what the run before it learned in
	// the stages above; empty for all of them.
	From check.Stage
	// Watched tells that the env files have changed: the run joins no room and
	// consumes no ticket, but examines what a spent one brought.
	Watched bool
	// Address is a server's that was pasted. The run looks at that server alone,
	// with nothing that is configured here, and says nothing of a token.
	Address string
	// Server is what was chosen to look at where no settings were found.
	Server Server
}

// Server is a LiveKit server, or an app that knows one, to look at without
// settings. The zero value is none.
type Server struct {
	// Project is a project of lk's, Dev the server of livekit-server --dev on
	// this machine, Frontend the base URL of an app.
	Project  string
	Dev      bool
	Frontend string
}

func (d Deps) withDefaults() Deps {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Page == nil {
		d.Page = func(check.Code) (catalogue.Page, bool) { return catalogue.Page{}, false }
	}
	find, found := d.Page, map[check.Code]catalogue.Page{}
	d.Page = func(code check.Code) (catalogue.Page, bool) { // pages are parsed anew each time
		if page, known := found[code]; known {
			return page, true
		}
		page, known := find(code)
		if known {
			found[code] = page
		}
		return page, known
	}
	return d
}
