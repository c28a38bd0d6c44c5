package main

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"lkdoctor/checks/probe"
	"lkdoctor/cmd/lkdoctor/quiet"
)

// TestMain lets scripts run this very program as `lkdoctor`, with a clock that
// stands still, and waits that are shorter, where a script asks for it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"lkdoctor": func() {
			quiet.Restore()
			tuneMemory()
			a := newApp(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())
			if at, err := time.Parse(time.RFC3339, os.Getenv("TEST_NOW")); err == nil {
				a.now = func() time.Time { return at }
				a.nonce = func() string { return "7f3a9c21" }
			}
			if by, err := strconv.ParseFloat(os.Getenv("TEST_WAITS"), 64); err == nil {
				a.waits = probe.DefaultLimits().Scaled(by)
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
