package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"golang.org/x/term"

	"lkdoctor/checks/check"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/report"
	"lkdoctor/checks/room"
)

// A stopping is a run of the program that a signal ends.
type stopping struct {
	args   []string // without the flag for the face
	face   face
	signal syscall.Signal // SIGPIPE means closing the reader of stdout
	// when returns when the signal is to be sent; out is what the program has written.
	when func(out *watched)
}

func (s stopping) String() string {
	name := map[syscall.Signal]string{syscall.SIGINT: "INT", syscall.SIGTERM: "TERM", syscall.SIGHUP: "HUP", syscall.SIGPIPE: "PIPE"}
	return strings.TrimPrefix(fmt.Sprintf("%s %s %s", strings.Join(s.args, " "), s.face, name[s.signal]), " ")
}

// joins reports whether the command is lkdoctor join.
func (s stopping) joins() bool { return len(s.args) > 0 && s.args[0] == "join" }

// TestSignals stops the checks, the checks with --media and a stay in each face. It checks
// the document, the exit code, that no participant remains in a room, and the terminal's
// state. TestSoak sends signals at random times.
func TestSignals(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no processes by the dozen")
	}
	t.Parallel()
	// With blocked media, a run stays in the room for seconds.
	runs, stays := startLab(t, "media-blocked"), startLab(t, "")
	inRoom := func(*watched) { waitFor(t, func() bool { return len(people(t, runs))+len(people(t, stays)) > 0 }) }
	shown := func(out *watched) { waitFor(t, func() bool { return strings.Contains(out.String(), "\x1b[?1049h") }) }
	for _, s := range []stopping{
		{nil, faceJSON, syscall.SIGHUP, inRoom},
		{nil, faceJSON, syscall.SIGPIPE, inRoom},
		{nil, facePlain, syscall.SIGTERM, inRoom},
		{nil, facePlain, syscall.SIGPIPE, inRoom},
		{nil, faceTUI, syscall.SIGTERM, shown},
		{[]string{"--media"}, faceJSON, syscall.SIGTERM, inRoom},
		{[]string{"--media"}, facePlain, syscall.SIGHUP, inRoom},
		{[]string{"--media"}, faceTUI, syscall.SIGHUP, inRoom},
		{[]string{"join"}, faceJSON, syscall.SIGHUP, inRoom},
		{[]string{"join"}, faceJSON, syscall.SIGPIPE, inRoom},
		{[]string{"join"}, facePlain, syscall.SIGTERM, inRoom},
		{[]string{"join"}, faceTUI, syscall.SIGINT, inRoom},
		{[]string{"join"}, faceTUI, syscall.SIGHUP, inRoom},
	} {
		t.Run(s.String(), func(t *testing.T) {
			l := runs
			if s.joins() {
				l = stays
			}
			l.Renew()
			if !s.run(t, l) {
				t.Error("the signal ended it at once")
			}
			waitFor(t, func() bool { return len(people(t, l)) == 0 })
		})
	}
}

// TestTerminalGoesAway closes the terminal of either screen.
func TestTerminalGoesAway(t *testing.T) {
	t.Parallel()
	l := startLab(t, "")
	for _, args := range [][]string{nil, {"join"}} {
		l.Renew() // the run before may have consumed the ticket
		s := startScreen(t, l.Environ(), 80, 24, args...)
		waitFor(t, func() bool { return strings.Contains(s.String(), "\x1b[?1049h") })
		if args != nil {
			waitFor(t, func() bool { return len(people(t, l)) > 0 })
		}
		_ = s.terminal.Close()
		if code := exitCodeOf(t, s.cmd.Wait()); code != check.ExitInterrupted {
			t.Errorf("%v: exit code %d", args, code)
		}
		waitFor(t, func() bool { return len(people(t, l)) == 0 })
	}
}

// run runs the program, sends the signal and checks the result. It returns false if the
// signal came before the program could handle it.
func (s stopping) run(t *testing.T, l *lab.Lab) bool {
	t.Helper()
	args := append(slices.Clone(s.args), l.Args()...)
	if s.face != faceTUI {
		args = append(args, "--"+string(s.face))
	}
	cmd := program(t, l.Environ(), args...)
	out, errs := newWatched(), newWatched()
	var ours, theirs *os.File
	var err error
	if s.face == faceTUI {
		ours, theirs, err = pty.Open()
	} else {
		ours, theirs, err = os.Pipe()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ours.Close() }()
	cmd.Stdout, cmd.Stderr = theirs, errs
	var before *term.State
	if s.face == faceTUI {
		_ = pty.Setsize(ours, &pty.Winsize{Rows: 24, Cols: 80})
		cmd.Stdin, cmd.SysProcAttr = theirs, &syscall.SysProcAttr{Setsid: true, Setctty: true}
		if before, err = term.GetState(int(theirs.Fd())); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() { _, _ = io.Copy(out, ours); close(read) }()
	s.when(out)
	if s.signal == syscall.SIGPIPE {
		_ = ours.Close()
	} else {
		_ = cmd.Process.Signal(s.signal)
	}
	guard := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	code := exitCodeOf(t, cmd.Wait())
	if !guard.Stop() {
		t.Errorf("it did not end:\n%s%s", out, errs)
	}
	if before != nil {
		after, err := term.GetState(int(theirs.Fd()))
		if err != nil || *after != *before {
			t.Errorf("the terminal's state has changed: %v", err)
		}
	}
	_ = theirs.Close()
	<-read
	if found := wholeToken(out.String() + errs.String()); found != "" || strings.Contains(errs.String(), "goroutine ") {
		t.Errorf("stderr: %s", errs)
	}
	if code == -1 && out.String() == "" && errs.String() == "" {
		return false
	}
	s.judge(t, code, out.String())
	return true
}

// judge checks the exit code and the document of a run that was stopped, or that had ended
// before the signal.
func (s stopping) judge(t *testing.T, code int, out string) {
	t.Helper()
	stopped := check.ExitInterrupted
	if s.signal == syscall.SIGPIPE {
		stopped = check.ExitDoctor
	}
	ended := code == check.ExitOK && !s.joins() && s.face != faceTUI
	if code != stopped && !ended {
		t.Errorf("exit code %d, want %d\n%s", code, stopped, out)
	}
	switch {
	case s.signal == syscall.SIGPIPE: // nothing was read
	case s.face == faceTUI:
		for on, off := range map[string]string{"\x1b[?1049h": "\x1b[?1049l", "\x1b[?25l": "\x1b[?25h", "\x1b[?2004h": "\x1b[?2004l", "\x1b[?1002h": "\x1b[?1002l"} {
			if strings.LastIndex(out, on) > strings.LastIndex(out, off) {
				t.Errorf("%q is still on", on)
			}
		}
	case s.face == faceJSON && s.joins():
		lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
		for i, line := range lines {
			var e struct {
				Type room.Type `json:"type"`
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil || (i == len(lines)-1) != (e.Type == room.Ended) {
				t.Errorf("line %d of %d: %v: %s", i+1, len(lines), err, line)
			}
		}
	case s.face == faceJSON:
		var d report.Document
		decoder := json.NewDecoder(strings.NewReader(out))
		if err := decoder.Decode(&d); err != nil || d.ExitCode != code || decoder.More() {
			t.Errorf("the document: %v, exit code %d of %d\n%s", err, d.ExitCode, code, out)
		}
		if cancelled := strings.Contains(out, "DOCTOR_CANCELLED"); cancelled != (code == check.ExitInterrupted) {
			t.Errorf("exit code %d, and DOCTOR_CANCELLED reported: %v\n%s", code, cancelled, out)
		}
	}
}

// exitCodeOf returns the exit code of a program, or -1 if a signal ended it.
func exitCodeOf(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &exit):
		t.Fatal(err)
	}
	return exit.ExitCode()
}

// people lists the participants of all rooms on l's server.
func people(t *testing.T, l *lab.Lab) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	rooms := lksdk.NewRoomServiceClient("http://"+l.LiveKit.Addr, l.Pair.Key, l.Pair.Secret)
	list, err := rooms.ListRooms(ctx, &livekit.ListRoomsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range list.GetRooms() {
		there, err := rooms.ListParticipants(ctx, &livekit.ListParticipantsRequest{Room: r.GetName()})
		if err != nil {
			continue // the room has just ended
		}
		for _, p := range there.GetParticipants() {
			if p.GetState() != livekit.ParticipantInfo_DISCONNECTED {
				out = append(out, r.GetName()+"/"+p.GetIdentity())
			}
		}
	}
	return out
}
