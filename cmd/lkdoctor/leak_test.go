package main

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/check"
)

// TestNoGoroutineIsLeftBehind checks that nothing runs after a run. The lab's server is in
// this process, so only goroutines in or from lkdoctor's code count; those that pion starts
// are counted in checks/probe. TestEveryFaultInEveryFace checks the same after all its runs.
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

// nothingRuns waits up to 2 s until no goroutine of lkdoctor runs.
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

// own returns the stacks of goroutines in lkdoctor's checks and probes.
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
