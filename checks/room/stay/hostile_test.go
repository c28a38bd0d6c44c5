package stay

import (
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/lab/hostile"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/room"
)

// TestReconnectsWithoutEnd checks that a stay ends after maxRejoins if the server asks for
// a new join each time media is up.
func TestReconnectsWithoutEnd(t *testing.T) {
	t.Parallel()
	for _, s := range hostile.Servers() {
		if s.Name != "reconnect-forever" {
			continue
		}
		server, err := s.Start()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		value := func(name string) string {
			for _, variable := range server.Environ {
				if v, is := strings.CutPrefix(variable, name+"="); is {
					return v
				}
			}
			t.Fatalf("no %s", name)
			return ""
		}
		o := options(t, value("LIVEKIT_URL"), value("LIVEKIT_TOKEN"))
		o.Net.Limits = probe.Limits{Connect: 5 * time.Second, Pause: time.Millisecond}
		g := &guest{Stay: Open(t.Context(), o), t: t}
		t.Cleanup(g.Close)
		back := 0
		for e := range g.Events() {
			if e.Type == room.Reconnected {
				back++
			}
			if e.Type == room.Ended {
				if e.End.Outcome != room.Lost || back != maxRejoins+1 {
					t.Errorf("%s after %d reconnects: %s", e.End.Outcome, back, e.Text)
				}
				return
			}
		}
		t.Fatal("the stay did not end")
	}
	t.Fatal("there is no such server")
}
