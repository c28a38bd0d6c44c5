package tui

import (
	"context"
	"io"
	"time"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/tui/term"
)

// Deps are the effects that the screen needs. Start is required. A feature whose
// function is nil is not offered.
type Deps struct {
	// Checks are the planned checks, for the first frame.
	Checks []check.Spec
	Title  Header
	// Start does one run. It returns when the run has ended, which is soon after the end
	// of ctx. The first call has an empty Change; each re-run is one further call. Start
	// may call observe until it returns.
	Start func(ctx context.Context, change Change, observe func(check.Event)) check.Run
	// Page returns the catalogue's page of a code.
	Page func(code check.Code) (catalogue.Page, bool)
	// Limit is the longest time of one run; 0 is unknown.
	Limit time.Duration
	// Language guesses the language of the program that made the token, by its name in
	// the catalogue's minting code: "python", "node" or "go". It is called after each
	// run until the user chooses a language.
	Language func() string
	// Confirm returns the function that runs a page's confirming command with values of
	// the last run, such as its token. What it returns holds no secrets. Confirm returns
	// nil if the run lacks a value that the command reads.
	Confirm func(c catalogue.Confirm) func() (printed string, err error)
	// Skip ends one check of the current run, whose result is then skipped.
	Skip func(id string)
	// Join joins a room with a token made here, and shows the room's screen on in and
	// out until the user leaves. It does not change the results of the runs.
	Join func(in io.Reader, out io.Writer) error
	// Looked returns where the last run looked for settings.
	Looked func() Looked
	// Listening returns those of the ports on which a program listens.
	Listening func(ports []int) []int
	// Watch sends a value after each change of the env files, and closes the channel
	// when ctx ends.
	Watch func(ctx context.Context) <-chan struct{}
	// Save writes the report for the maintainer; SaveJSON writes the JSON document. Both
	// return the absolute path of the file.
	Save, SaveJSON func(run check.Run) (path string, err error)
	// Copy puts text on the clipboard.
	Copy func(text string) (Copied, error)
	// Open opens a web address in the browser, and returns the name of the program that
	// it started.
	Open func(address string) (by string, err error)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	term.Terminal
	// Links reports whether the terminal supports links (OSC 8).
	Links bool
	// SpinnerOff stops the spinner and the clock.
	SpinnerOff bool
}

// Header describes the server on the first line.
type Header struct {
	URL    string // "wss://demo.example.com"
	Source string // its source: ".env.local"
}

// Copied says where a copied text is now.
type Copied = term.Copied

// Change is what a re-run does differently from the settings of the command line. The
// zero value changes nothing.
type Change struct {
	// Ticket replaces the configured ticket.
	Ticket string
	// Token is checked as it is, and no ticket is consumed. It is what the user pasted:
	// a bare token or other text that may hold one. It is a secret.
	Token string
	// NoTicket forbids the run to consume the configured ticket. With From, it may still
	// use the answer that the consumed ticket returned.
	NoTicket bool
	// From is the first stage to run; the results of the stages before it are kept.
	// Empty runs all stages.
	From check.Stage
	// Watched reports that the env files have changed. The run joins no room and
	// consumes no ticket; it checks the answer of a consumed ticket.
	Watched bool
	// Address is the address of a server that was pasted. The run checks that server
	// alone, without the settings of this machine and without a token.
	Address string
	// Server is the server that the user chose when no settings were found.
	Server Server
}

// Server is a LiveKit server, or an app that knows one, to check without settings. The
// zero value is none.
type Server struct {
	// Project is the name of a project of lk, Dev the server of livekit-server --dev on
	// this machine, and Frontend the base URL of an app.
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
	d.Page = func(code check.Code) (catalogue.Page, bool) { // Page parses the text in each call
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
