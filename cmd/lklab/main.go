// Command lklab starts a LiveKit installation on loopback to practise on: a real
// livekit-server and a ticket service, healthy or with the fault of --fault. It removes
// its files and ends its servers when it ends.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
