// Command lkdoctor finds out why a LiveKit connection fails, and who must act.
package main

import (
	"io"
	"log"
	"os"

	"lkdoctor/cmd/lkdoctor/quiet"
)

func main() {
	quiet.Restore()
	log.SetOutput(io.Discard) // net/http would quote a stranger's bytes there
	os.Exit(run(newApp(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())))
}
