package main

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
	"lkdoctor/cmd/lkdoctor/quiet"
)

// waitsFor returns the limits for a test of l: short ones if something in l never answers,
// and otherwise the defaults, because a busy machine is slow.
func waitsFor(l *lab.Lab) probe.Limits {
	if l.Fault().Silent {
		return shortWaits()
	}
	return probe.Limits{}
}

func shortWaits() probe.Limits { return probe.DefaultLimits().Scaled(0.3) }

// waitsEnviron returns the variable that makes a child process use waitsFor(l).
func waitsEnviron(l *lab.Lab) string { return fmt.Sprintf("TEST_SHORT_WAITS=%v", l.Fault().Silent) }

// TestMain lets scripts run this binary as lkdoctor, with short limits and a fixed clock if
// the script sets TEST_SHORT_WAITS, TEST_WAITS or TEST_NOW.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"lkdoctor": func() {
			quiet.Restore()
			tuneMemory()
			a := newApp(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())
			if os.Getenv("TEST_SHORT_WAITS") == "true" {
				a.limits = shortWaits()
			}
			if by, err := strconv.ParseFloat(os.Getenv("TEST_WAITS"), 64); err == nil {
				a.limits = probe.DefaultLimits().Scaled(by)
			}
			a.stops = quiet.Stops()
			if at, err := time.Parse(time.RFC3339, os.Getenv("TEST_NOW")); err == nil {
				a.now = func() time.Time { return at }
				a.nonce = func() string { return "7f3a9c21" }
			}
			os.Exit(run(a))
		},
	})
}

// raceOptions returns GORACE for child processes. A binary built with -race otherwise
// sleeps for a second before it exits.
func raceOptions() string { return os.Getenv("GORACE") + " atexit_sleep_ms=0" }

func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no processes by the dozen")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		UpdateScripts: os.Getenv("UPDATE_GOLDEN") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", raceOptions())
			return nil
		},
	})
}
