package main

import (
	"strings"
	"testing"

	"lkdoctor/checks/check"
	"lkdoctor/checks/codetest"
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

// nothingRuns waits up to 2 s until no goroutine of lkdoctor's checks and probes runs.
func nothingRuns(t *testing.T) {
	t.Helper()
	left := codetest.Goroutines(func(stack string) bool {
		if strings.Contains(stack, "lkdoctor/checks/lab") || strings.Contains(stack, "lkdoctor/cmd/lkdoctor") {
			return false
		}
		return strings.Contains(stack, "lkdoctor/checks/probe") || strings.Contains(stack, "lkdoctor/checks.")
	})
	if left != "" {
		t.Errorf("left behind:\n%s", left)
	}
}
