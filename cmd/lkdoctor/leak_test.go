package main

import (
	"runtime"
	"strings"
	"testing"

	"lkdoctor/checks/check"
)

// TestNoGoroutineIsLeftBehind: when a run has ended, so has all that it
// started. The lab's server lives in this process too, so that only goroutines
// which stand in lkdoctor's own code, or were started by it, are counted; what
// pion starts for a join is counted in checks/probe.
func TestNoGoroutineIsLeftBehind(t *testing.T) {
	for _, fault := range []string{"healthy", "opaque-token", "server-silent", "ws-silent", "ticket-drip", "media-blocked", "ticket-endless"} {
		t.Run(fault, func(t *testing.T) {
			_, events := examined(t, startLab(t, fault))
			if events[len(events)-1].Kind != check.RunEnded {
				t.Fatal("the run did not end")
			}
			waitFor(t, func() bool { return len(own()) == 0 || t.Failed() })
			for _, stack := range own() {
				t.Errorf("left behind:\n%s", stack)
			}
		})
	}
}

// own are the stacks that lkdoctor's checks and probes are in.
func own() []string {
	buf := make([]byte, 8<<20)
	buf = buf[:runtime.Stack(buf, true)]
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
