// Package quiet keeps the terminal quiet while the program starts.
//
// Bubble Tea v1 asks the terminal for its background colour in an init
// function (bubbletea v1.3.10, tea_init.go). A terminal that does not answer
// holds the program for 5 s, and `lkdoctor --json` would begin with an escape
// sequence. With TERM=dumb nothing is asked. Go runs a package's init as soon
// as those of its imports are done, in the order of import paths; importing
// only os makes this one run before Bubble Tea's, which a test on a terminal
// that never answers proves.
package quiet

import "os"

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
