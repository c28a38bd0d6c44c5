package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/report"
)

// TestLongWaitsAreTold checks that a check that takes long prints what it waits for, and
// that one that has ended does not.
func TestLongWaitsAreTold(t *testing.T) {
	told := make(chan string, 1)
	w := &waits{out: writerFunc(func(p []byte) { told <- string(p) }), style: report.Style{}, after: time.Millisecond, timers: map[string]*time.Timer{}}
	seen := 0
	observe := w.observing(func(check.Event) { seen++ })
	observe(check.Event{Kind: check.CheckWaiting, ID: "ticket.frontend", Text: finding.Textf("waiting for %s", "the app")})
	if got := <-told; got != "lkdoctor: waiting for the app\n" {
		t.Errorf("%q", got)
	}
	var out bytes.Buffer
	w.out, w.after = &out, time.Hour
	observe(check.Event{Kind: check.CheckWaiting, ID: "join.reach", Text: finding.Textf("waiting")})
	observe(check.Event{Kind: check.CheckEnded, ID: "join.reach"})
	if len(w.timers) != 1 || seen != 3 || out.Len() > 0 {
		t.Errorf("%d timers, %d events, %q", len(w.timers), seen, &out)
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

// TestSlowFrontEndIsTold checks the message about an app that does not answer.
func TestSlowFrontEndIsTold(t *testing.T) {
	t.Parallel()
	got := attacked(t, hostileServer(t, "frontend-silent"), "TEST_WAITS=0.12", []string{"--plain"})
	if !strings.Contains(got.errs, "may have to compile its route") || got.exit != 1 {
		t.Errorf("exit %d: %q", got.exit, got.errs)
	}
	if got.took > 20*time.Second {
		t.Errorf("it took %v", got.took)
	}
}
