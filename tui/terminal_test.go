//go:build unix

package tui

import (
	"bytes"
	"context"
	"io"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/term"

	"lkdoctor/checks/check"
)

// A terminal is a pseudo-terminal that collects its output.
type terminal struct {
	master, tty *os.File
	mu          sync.Mutex
	out         bytes.Buffer
	grown       chan struct{} // receives after out has grown
	drained     chan struct{} // is closed when all output has been read
}

// newTerminal returns a terminal of 80 columns and 24 rows, which is closed when t ends.
func newTerminal(t *testing.T) *terminal {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatalf("a pseudo-terminal is needed: %v", err)
	}
	if err := pty.Setsize(tty, &pty.Winsize{Cols: 80, Rows: 24}); err != nil {
		t.Fatal(err)
	}
	x := &terminal{master: master, tty: tty, grown: make(chan struct{}, 1), drained: make(chan struct{})}
	go func() {
		defer close(x.drained)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			x.mu.Lock()
			x.out.Write(buf[:n])
			x.mu.Unlock()
			select {
			case x.grown <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = tty.Close(); _ = master.Close(); <-x.drained })
	return x
}

// drawn returns all output so far.
func (x *terminal) drawn() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.out.String()
}

// awaits waits until text has been drawn.
func (x *terminal) awaits(t *testing.T, text string) {
	t.Helper()
	if !x.shown(text) {
		t.Fatalf("%q was not shown:\n%q", text, x.drawn())
	}
}

// shown waits until text has been drawn, and reports whether it was within limit.
func (x *terminal) shown(text string) bool {
	late := time.After(limit)
	for !strings.Contains(x.drawn(), text) {
		select {
		case <-x.grown:
		case <-late:
			return false
		}
	}
	return true
}

func (x *terminal) types(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(x.master, text); err != nil {
		t.Fatal(err)
	}
}

// steady is a file whose Fd works after Close. Bubble Tea reads the window size in a
// goroutine that may outlive the program.
type steady struct {
	*os.File
	fd uintptr
}

func (s steady) Fd() uintptr { return s.fd }

// left is what Run returns.
type left struct {
	run check.Run
	err error
}

// shows calls Run on the terminal. The channel receives what it returns.
func (x *terminal) shows(ctx context.Context, deps Deps) <-chan left {
	ended := make(chan left, 1)
	file := steady{File: x.tty, fd: x.tty.Fd()}
	go func() {
		run, err := Run(ctx, deps, file, file)
		ended <- left{run, err}
	}()
	return ended
}

func (x *terminal) ends(t *testing.T, ended <-chan left) left {
	t.Helper()
	select {
	case l := <-ended:
		return l
	case <-time.After(limit):
		t.Fatalf("Run does not return:\n%q", x.drawn())
		return left{}
	}
}

func (x *terminal) state(t *testing.T) *term.State {
	t.Helper()
	s, err := term.GetState(int(x.tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// restored checks that the terminal's mode is before, and that the program has left the
// alternate screen.
func (x *terminal) restored(t *testing.T, before *term.State) {
	t.Helper()
	if diff := cmp.Diff(before, x.state(t), cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Errorf("the terminal's mode was not restored (-before +after):\n%s", diff)
	}
	x.awaits(t, "\x1b[?1049l") // leave the alternate screen
	x.awaits(t, "\x1b[?25h")   // show the cursor
	x.awaits(t, "\x1b[?2004l") // bracketed paste off
}
