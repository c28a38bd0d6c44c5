package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/config"
	"lkdoctor/tui"
)

// TestAWatchedRun checks that a watched run reads the corrected env file and examines the
// token of the consumed ticket. It must not consume a ticket or join a room.
func TestAWatchedRun(t *testing.T) {
	t.Parallel()
	l := startLab(t, "healthy")
	environ := slices.DeleteFunc(l.Environ(), func(v string) bool { return strings.HasPrefix(v, "LIVEKIT_API_SECRET=") })
	file := filepath.Join(l.Dir(), ".env.local")
	put := func(secret string) {
		write(t, file, "LIVEKIT_API_SECRET="+secret+"\n")
	}
	put("an-old-secret-of-this-project-0123456789abc")
	e := examWith(t, l, environ, l.Args(), "")
	runs := &reruns{exam: e, skips: make(chan string, 1)}
	start := func(change tui.Change) check.Run { return runs.start(t.Context(), change, func(check.Event) {}) }

	first := start(tui.Change{})
	if !slices.Contains(codesOf(first), finding.ConfigSecretStale) || !first.TicketSpent {
		t.Fatalf("the first run found %v", codesOf(first))
	}
	put(l.Pair.Secret)
	second := start(tui.Change{NoTicket: true, Watched: true})
	if found := codesOf(second); slices.Contains(found, finding.ConfigSecretStale) || slices.Contains(found, finding.TicketConsumed) || second.Summary.Fail > 0 {
		t.Errorf("the corrected secret still leads to %v", found)
	}
	for _, r := range second.Results {
		switch r.Check.ID {
		case "signature.local", "signature.server":
			if r.Status != check.StatusPass {
				t.Errorf("%s: %s", r.Check.ID, r.Status)
			}
		case "ticket.consume":
			if r.Began >= 0 {
				t.Error("the ticket was consumed once more")
			}
		case "join.websocket", "join.media", "join.agent", "fallback.join":
			if r.Status != check.StatusSkip {
				t.Errorf("%s ran: %s", r.Check.ID, r.Outcome.Text)
			}
		}
	}

	// A watched run does not consume a new ticket.
	l.Renew()
	fresh := &reruns{exam: examWith(t, l, l.Environ(), l.Args(), ""), skips: make(chan string, 1)}
	if run := fresh.start(t.Context(), tui.Change{NoTicket: true, Watched: true}, func(check.Event) {}); run.TicketSpent {
		t.Error("a watched run spent a ticket")
	}
	if run := fresh.start(t.Context(), tui.Change{}, func(check.Event) {}); !run.TicketSpent || run.Summary.Fail > 0 {
		t.Errorf("the ticket is of no use any more: %v", codesOf(run))
	}
}

// TestWatchFiles checks that each write, creation and removal of a file is reported once,
// and nothing after the context has ended.
func TestWatchFiles(t *testing.T) {
	dir := t.TempDir()
	files := []config.EnvFile{{Path: filepath.Join(dir, ".env.local")}, {Path: filepath.Join(dir, ".env")}}
	ctx, stop := context.WithCancel(t.Context())
	news := watchFiles(ctx, files, time.Millisecond)
	for _, change := range []func() error{
		func() error { return os.WriteFile(files[1].Path, []byte("A=1\n"), 0o600) },
		func() error { return os.WriteFile(files[1].Path, []byte("A=22\n"), 0o600) },
		func() error { return os.WriteFile(files[0].Path, nil, 0o600) },
		func() error { return os.Remove(files[1].Path) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-news:
		case <-time.After(20 * time.Second):
			t.Fatal("a change was not told of")
		}
	}
	stop()
	for range news {
		t.Error("a change was told of that never was")
	}
}
