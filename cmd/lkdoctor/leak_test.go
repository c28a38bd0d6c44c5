package main

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/check"
)

// TestNoGoroutineIsLeftBehind: when a run has ended, so has all that it
// started. The lab's server lives in this process too, so that only goroutines
// which stand in lkdoctor's own code, or were started by it, are counted; what
// pion starts for a join is counted in checks/probe. TestEveryFaultInEveryFace
// looks the same way once all of its runs have ended.
func TestNoGoroutineIsLeftBehind(t *testing.T) {
	for _, fault := range []string{"healthy", "media-blocked"} {
		t.Run(fault, func(t *testing.T) {
			_, events := examined(t, startLab(t, fault))
			if events[len(events)-1].Kind != check.RunEnded {
				t.Fatal("the run did not end")
			}
			nothingRuns(t)
		})
	}
}

// nothingRuns waits until nothing of the doctor's runs any longer.
func nothingRuns(t *testing.T) {
	t.Helper()
	var left []string
	for range 200 {
		if left = own(); len(left) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("left behind:\n%s", strings.Join(left, "\n\n"))
}

// own are the stacks that lkdoctor's checks and probes are in.
func own() []string {
	buf := make([]byte, 8<<20)
	n := runtime.Stack(buf, true)
	for ; n == len(buf); n = runtime.Stack(buf, true) {
		buf = make([]byte, 2*len(buf))
	}
	buf = buf[:n]
	var out []string
	for _, stack := range strings.Split(string(buf), "\n\n") {
		if strings.Contains(stack, "lkdoctor/checks/lab") || strings.Contains(stack, "lkdoctor/cmd/lkdoctor") {
			continue
		}
		if strings.Contains(stack, "lkdoctor/checks/probe") || strings.Contains(stack, "lkdoctor/checks.") {
			out = append(out, stack)
		}
	}
	return out
}
