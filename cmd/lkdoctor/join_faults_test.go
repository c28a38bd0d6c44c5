package main

import (
	"testing"

	"lkdoctor/checks/check"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/room"
)

// TestJoinToldWhyItEnded stands in a room until the lab puts it out, in each of
// its ways: the last event has LiveKit's own reason, and the exit code says that
// it was not a good end. livekit-server 1.13.5 loses its Leave once in a while
// (it closes the connection beside it), so there are three tries.
func TestJoinToldWhyItEnded(t *testing.T) {
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
