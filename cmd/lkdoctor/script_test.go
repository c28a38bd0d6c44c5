package main

import (
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"lkdoctor/cmd/lkdoctor/quiet"
)

// TestMain lets scripts run this very program as `lkdoctor`, with a clock that
// stands still where a script asks for it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"lkdoctor": func() {
			quiet.Restore()
			a := newApp(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())
			a.stops = quiet.Stops()
			if at, err := time.Parse(time.RFC3339, os.Getenv("TEST_NOW")); err == nil {
				a.now = func() time.Time { return at }
				a.nonce = func() string { return "7f3a9c21" }
			}
			os.Exit(run(a))
		},
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		UpdateScripts: os.Getenv("UPDATE_GOLDEN") != "",
	})
}
