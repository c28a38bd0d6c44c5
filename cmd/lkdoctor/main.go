// Command lkdoctor finds out why a LiveKit connection fails, and who must act.
package main

import (
	"io"
	"log"
	"os"
	"runtime/debug"

	"lkdoctor/cmd/lkdoctor/quiet"
)

// gcPercent lets the heap grow to 16 MiB before it is collected for the first
// time: a run of 50 ms that allocates 8 MiB is over before that pays.
const gcPercent = 400

// memoryLimit has the heap collected more often where a hostile server fills it:
// a run stays far below.
const memoryLimit = 64 << 20

func main() {
	quiet.Restore()
	tuneMemory()
	log.SetOutput(io.Discard) // net/http would quote a stranger's bytes there
	a := newApp(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())
	a.stops = quiet.Stops()
	os.Exit(run(a))
}

func tuneMemory() {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(memoryLimit)
}
