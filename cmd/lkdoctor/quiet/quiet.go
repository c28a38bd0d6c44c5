// Package quiet keeps the terminal quiet while the program starts, and keeps
// the signals that come meanwhile.
//
// Bubble Tea v1 asks the terminal for its background colour in an init
// function (bubbletea v1.3.10, tea_init.go). A terminal that does not answer
// holds the program for 5 s, and `lkdoctor --json` would begin with an escape
// sequence. With TERM=dumb nothing is asked. Go runs a package's init as soon
// as those of its imports are done, in the order of import paths; importing
// little makes this one run before Bubble Tea's, which a test on a terminal that
// never answers proves.
package quiet

import (
	"os"
	"os/signal"
	"syscall"
)

// term is what TERM was when the program started.
var term, hadTerm = silence()

func silence() (string, bool) {
	value, had := os.LookupEnv("TERM")
	// Setenv fails for malformed names only.
	_ = os.Setenv("TERM", "dumb")
	return value, had
}

// Restore puts TERM back and returns its value. Call it first in main: from
// then on nothing asks the terminal unless the TUI does.
func Restore() string {
	if !hadTerm {
		_ = os.Unsetenv("TERM")
		return ""
	}
	_ = os.Setenv("TERM", term)
	return term
}

// stops is filled from the program's first moments on: a program that is told
// to stop while its other packages begin has a document to print all the same.
var stops = catch()

func catch() chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, stopSignals()...)
	return c
}

// stopSignals are those that ask a program to end.
func stopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} }

// Stops receives the signals that ask the program to end.
func Stops() <-chan os.Signal { return stops }

// Default lets those signals end the program at once, as they do without
// Stops, and reports whether one has come already.
func Default() bool {
	signal.Reset(stopSignals()...)
	return len(stops) > 0
}
