//go:build unix

package tui

import (
	"io"
	"os"
	"os/signal"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// asksBackground runs Background on a new terminal that sends answer.
func asksBackground(t *testing.T, answer string, timeout time.Duration) (dark, known bool, took time.Duration) {
	t.Helper()
	x := newTerminal(t)
	before := x.state(t)
	played := make(chan struct{})
	go func() {
		defer close(played)
		if x.shown(backgroundQuery) {
			_, _ = io.WriteString(x.master, answer)
		}
	}()
	begin := time.Now()
	dark, known = Background(x.tty, timeout)
	took = time.Since(begin)
	<-played
	if diff := cmp.Diff(before, x.state(t), cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Errorf("the mode was not restored:\n%s", diff)
	}
	return dark, known, took
}

func TestBackground(t *testing.T) {
	if dark, known, _ := asksBackground(t, "\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;22c", limit); dark || !known {
		t.Errorf("light terminal: dark %v known %v", dark, known)
	}
	// The answer to the second query ends the wait for the first.
	if dark, known, took := asksBackground(t, "\x1b[?1;2c", limit); !dark || known || took > limit/2 {
		t.Errorf("a terminal that knows no OSC 11: dark %v known %v after %v", dark, known, took)
	}
	if dark, known, took := asksBackground(t, "", 150*time.Millisecond); !dark || known || took > limit/2 {
		t.Errorf("a silent terminal: dark %v known %v after %v", dark, known, took)
	}
}

func TestBackgroundOfNoTerminal(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close(); _ = w.Close() }()
	if dark, known := Background(r, time.Second); !dark || known {
		t.Errorf("dark %v known %v", dark, known)
	}
}

// TestBackgroundInterrupted checks that Ctrl+C during the query raises SIGINT.
func TestBackgroundInterrupted(t *testing.T) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	defer signal.Stop(signals)
	if _, known, took := asksBackground(t, "\x03", 5*time.Second); known || took > 2*time.Second {
		t.Errorf("known %v after %v", known, took)
	}
	select {
	case <-signals:
	case <-time.After(2 * time.Second):
		t.Error("the key was lost")
	}
}
