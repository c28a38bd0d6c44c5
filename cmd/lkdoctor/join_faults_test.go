package main

import (
	"testing"

	"lkdoctor/checks"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/room"
)

// TestJoinToldWhyItEnded stands in a room until the lab puts it out, in each of
// its ways: the last event has LiveKit's own reason, and the exit code says that
// it was not a good end.
func TestJoinToldWhyItEnded(t *testing.T) {
	for _, fault := range lab.Faults() {
		if fault.Ends == "" {
			continue
		}
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			j := startJoin(t, startLab(t, fault.Name), "--json", "--for", "30s")
			code, last := j.code(), j.last()
			if code != checks.ExitFailed || last.Type != room.Ended || last.Reason != fault.Ends || last.Text == "" {
				t.Errorf("exit code %d, last event %s %q: %s; want reason %s", code, last.Type, last.Reason, last.Text, fault.Ends)
			}
		})
	}
}
