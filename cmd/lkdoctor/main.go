// Command lkdoctor finds out why a LiveKit connection fails, and who must act.
//
// It reads flags, environment variables, env files and lk's configuration, and talks to
// the servers that they name. It writes files only where a flag or a key asks for it.
package main

import (
	"io"
	"log"
	"os"
	"runtime/debug"

	"lkdoctor/cmd/lkdoctor/quiet"
)

// gcPercent delays the first garbage collection until the heap has 16 MiB. A run of 50
// ms allocates 8 MiB and ends before.
const gcPercent = 400

// memoryLimit makes the garbage collector run more often if a hostile server fills the
// heap. A normal run stays far below.
const memoryLimit = 64 << 20

func main() {
	quiet.Restore()
	tuneMemory()
	log.SetOutput(io.Discard) // net/http would log untrusted bytes
	a := newApp(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())
	a.stops = quiet.Stops()
	os.Exit(run(a))
}

func tuneMemory() {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(memoryLimit)
}
