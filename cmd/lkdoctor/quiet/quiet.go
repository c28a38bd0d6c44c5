// Package quiet sets TERM=dumb while the program starts, and catches the signals that
// arrive in that time. It changes the environment and the signals of the process when it
// is imported.
//
// Bubble Tea v1 asks the terminal for its background colour in an init function
// (bubbletea v1.3.10, tea_init.go). If the terminal does not answer, the program waits 5
// s, and the output of lkdoctor --json begins with an escape sequence. With TERM=dumb it
// does not ask. Go initializes a package as soon as its imports are initialized, in the
// order of import paths; with few imports, this one is initialized before Bubble Tea. A
// test runs the program on a terminal that never answers.
package quiet

import (
	"os"
	"os/signal"
	"syscall"
)

// term is the value of TERM when the program started.
var term, hadTerm = silence()

func silence() (string, bool) {
	value, had := os.LookupEnv("TERM")
	_ = os.Setenv("TERM", "dumb") // fails for malformed names only
	return value, had
}

// Restore restores TERM. main calls it first.
func Restore() {
	if !hadTerm {
		_ = os.Unsetenv("TERM")
		return
	}
	_ = os.Setenv("TERM", term)
}

// stops catches a signal from the initialization of this package on: even then, lkdoctor
// --json prints its document.
var stops = catch()

func catch() chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, stopSignals()...)
	return c
}

// stopSignals returns the signals that ask a program to end.
func stopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} }

// Stops returns the channel of the signals that ask the program to end.
func Stops() <-chan os.Signal { return stops }

// Default makes those signals end the program, as they do without this package, and
// reports whether one has arrived.
func Default() bool {
	signal.Reset(stopSignals()...)
	return len(stops) > 0
}
