// Command lkdoctor finds out why a LiveKit connection fails, and who must act.
package main

import (
	"io"
	"log"
	"os"

	"github.com/mattn/go-runewidth"

	"lkdoctor/checks/room"
	"lkdoctor/cmd/lkdoctor/quiet"
)

func main() {
	quiet.Restore()
	log.SetOutput(io.Discard) // net/http would quote a stranger's bytes there
	// Terminals draw … and “ in one column in every locale.
	runewidth.DefaultCondition.EastAsianWidth = false
	room.Silence() // LiveKit's SDK logs tokens
	os.Exit(run(newApp(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())))
}
