package main

import (
	"testing"

	"lkdoctor/checks/check"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/room"
)

// TestJoinToldWhyItEnded joins in each lab that ends the stay. The last event must have
// LiveKit's reason, and the exit code must be 1. It tries three times, because
// livekit-server 1.13.5 sometimes loses its Leave when it closes the connection.
func TestJoinToldWhyItEnded(t *testing.T) {
	t.Parallel()
	const tries = 3
	for _, fault := range lab.Faults() {
		if fault.Ends == "" {
			continue
		}
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			for range tries {
				j := startJoin(t, startLab(t, fault.Name), "--json", "--for", "8s")
				code, last := j.code(), j.last()
				if code == check.ExitFailed && last.Type == room.Ended && last.Reason == fault.Ends && last.Text != "" {
					return
				}
				t.Logf("exit code %d, last event %s %q: %s", code, last.Type, last.Reason, last.Text)
			}
			t.Errorf("in %d tries the reason %s did not come", tries, fault.Ends)
		})
	}
}
