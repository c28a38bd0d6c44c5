package main

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"
)

// A screenOf is the program on a terminal.
type screenOf struct {
	t        *testing.T
	cmd      *exec.Cmd
	terminal *os.File
	read     chan struct{}

	mu    sync.Mutex
	drawn strings.Builder
	from  int // where the next wait begins in drawn
	more  chan struct{}
}

func startScreen(t *testing.T, environ []string, columns, rows uint16, args ...string) *screenOf {
	t.Helper()
	s := &screenOf{t: t, cmd: program(t, environ, args...), read: make(chan struct{}), more: make(chan struct{}, 1)}
	var err error
	if s.terminal, err = pty.StartWithSize(s.cmd, &pty.Winsize{Rows: rows, Cols: columns}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.terminal.Close() })
	go func() { _, _ = io.Copy(s, s.terminal); close(s.read) }()
	return s
}

// Write records what the program draws.
func (s *screenOf) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
	return s.drawn.Write(p)
}

// text returns what was drawn since the last wait, without escape sequences.
func (s *screenOf) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ansi.Strip(s.drawn.String()[s.from:])
}

// awaits waits until text has been drawn.
func (s *screenOf) awaits(text string) {
	s.t.Helper()
	late := time.After(40 * time.Second)
	for !strings.Contains(s.text(), text) {
		select {
		case <-s.more:
		case <-late:
			s.t.Fatalf("%q was not drawn:\n%s", text, s.text())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from = s.drawn.Len()
}

func (s *screenOf) types(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.terminal, keys); err != nil {
		s.t.Fatal(err)
	}
}

// ends waits for the end of the program, and returns its exit code and what remains on
// the terminal.
func (s *screenOf) ends() (code int, left string) {
	s.t.Helper()
	code = exitCodeOf(s.t, s.cmd.Wait())
	<-s.read
	all := s.drawn.String()
	return code, ansi.Strip(all[strings.LastIndex(all, "\x1b[?1049l")+1:])
}

// TestAFailedJoinHasAScreen checks that a cause found before or in the join is shown on
// the doctor's screen, and that the report remains on the terminal.
func TestAFailedJoinHasAScreen(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string][]string{
		"opaque-token": {"Fix it in", "TOKEN_OPAQUE"},
		"room-full":    {"Fix it in", "ROOM_JOIN_REFUSED"},
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			l := startLab(t, fault)
			s := startScreen(t, l.Environ(), 80, 24, append([]string{"join"}, l.Args()...)...)
			s.awaits(want[0])
			s.types("q")
			code, left := s.ends()
			if code != 1 || !strings.Contains(left, want[1]) || strings.Contains(left, "--skip") {
				t.Errorf("exit code %d; left behind:\n%s", code, left)
			}
		})
	}
}

// TestTwoScreensInOneRoom checks that each of two screens shows what the other does, and
// that mute survives a resume and a full reconnect.
func TestTwoScreensInOneRoom(t *testing.T) {
	t.Parallel()
	l := startLab(t, "")
	join := func(identity string) *screenOf {
		s := startScreen(t, l.Environ(), 100, 30, "join", "--dev-join", "-r", "demo", "-i", identity)
		s.awaits("in the room for")
		return s
	}
	ann := join("ann")
	bob := join("bob")
	ann.awaits("bob joined")
	bob.types("t")
	bob.awaits("Publishing a test tone")
	ann.awaits("receiving the microphone (audio) of bob")
	ann.awaits("speaking")
	bob.types("m")
	bob.awaits("microphone, muted")
	ann.awaits("bob muted the microphone")
	for _, key := range []string{"r", "R"} {
		bob.types(key)
		bob.awaits("back after")
	}
	ann.awaits("bob joined")
	ann.awaits("microphone, muted")
	bob.types("\r你好\r")
	ann.awaits("bob says: 你好")
	bob.awaits("sent: 你好")
	bob.types("\x1b")
	bob.awaits("m unmute")
	bob.types("q")
	if code, left := bob.ends(); code != 0 || !strings.Contains(left, "left the room") || !strings.Contains(left, "Media went over udp") {
		t.Errorf("exit code %d; left behind:\n%s", code, left)
	}
	ann.awaits("bob left")
	ann.types("\x03")
	if code, _ := ann.ends(); code != 130 {
		t.Errorf("exit code %d", code)
	}
}
