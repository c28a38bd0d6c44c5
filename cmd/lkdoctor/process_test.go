package main

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/codetest"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/report"
)

// program returns a command that runs this test binary as lkdoctor (see TestMain).
func program(t *testing.T, environ []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// testscript selects the command by the name of the binary.
	link := t.TempDir() + "/lkdoctor"
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(link, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"HOME=" + cmd.Dir, "TERM=xterm-256color", "PATH=" + os.Getenv("PATH"), "GORACE=" + raceOptions()}, environ...)
	return cmd
}

// TestJSONOnASilentTerminal checks that lkdoctor does not query the terminal at start.
// Bubble Tea v1 does when it is linked, and waits up to 5 s for an answer.
func TestJSONOnASilentTerminal(t *testing.T) {
	codetest.Alone(t)
	for name, args := range map[string][]string{
		"--json": {"--json"}, "--plain": {"--plain"}, "version": {"version"}, "codes": {"codes"},
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			s := startScreen(t, nil, 80, 24, args...)
			s.ends()
			if took := time.Since(begin); took > 3*time.Second {
				t.Errorf("took %s: it waited for the terminal", took)
			}
			out := s.String()
			if out == "" || strings.Contains(out, "\x1b]") || strings.Contains(out, "\x1b[6n") {
				t.Errorf("it begins with %q", out[:min(len(out), 20)])
			}
			if name == "--json" && out[0] != '{' {
				t.Errorf("the first byte is %q, not {", out[0])
			}
		})
	}
}

// TestInterrupt stops a run that waits for a silent server. It must still print its
// results, and exit with 130.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	l := startLab(t, "server-silent")
	for name, tt := range map[string]struct {
		args   []string
		signal os.Signal
	}{
		"--json":         {[]string{"--json"}, os.Interrupt},
		"--plain":        {[]string{"--plain"}, os.Interrupt},
		"--json SIGTERM": {[]string{"--json"}, syscall.SIGTERM},
	} {
		t.Run(name, func(t *testing.T) {
			l.Renew()
			cmd := program(t, l.Environ(), append(tt.args, l.Args()...)...)
			spent := l.Tickets.Consumed()
			var out, errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			// The ticket is consumed while the server is silent.
			waitFor(t, func() bool { return l.Tickets.Consumed() > spent })
			_ = cmd.Process.Signal(tt.signal)
			if code := exitCodeOf(t, cmd.Wait()); code != check.ExitInterrupted {
				t.Fatalf("exit code %d, want 130\n%s%s", code, &out, &errs)
			}
			if !strings.Contains(out.String(), "DOCTOR_CANCELLED") {
				t.Errorf("the output does not say that the run was stopped:\n%s", &out)
			}
			if tt.args[0] == "--json" {
				var d report.Document
				if err := json.Unmarshal(out.Bytes(), &d); err != nil || d.ExitCode != 130 {
					t.Errorf("the document: %v, exit code %d", err, d.ExitCode)
				}
			}
		})
	}
}

// TestInterruptLeavesTheRoom stops a run that waits for media in a room. The participant
// must have left when the program ends.
func TestInterruptLeavesTheRoom(t *testing.T) {
	t.Parallel()
	l := startLab(t, "media-blocked")
	server, err := url.Parse(l.LiveKit.URL)
	if err != nil {
		t.Fatal(err)
	}
	network := &probe.Net{}
	defer network.Close()
	inside := func() bool {
		present, known, _ := network.InRoom(t.Context(), server, l.Pair.Key, l.Pair.Secret, l.Room, l.Identity)
		return known && present
	}
	cmd := program(t, l.Environ(), "--json")
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, inside)
	_ = cmd.Process.Signal(os.Interrupt)
	if code := exitCodeOf(t, cmd.Wait()); code != check.ExitInterrupted {
		t.Fatalf("exit code %d, want 130\n%s", code, &out)
	}
	waitFor(t, func() bool { return !inside() })
}

// TestInterruptBeforeTheFirstCheck interrupts the program while it reads a token from
// stdin. It must print a document and exit with 130.
func TestInterruptBeforeTheFirstCheck(t *testing.T) {
	for name, args := range map[string][]string{"checks": {"--json", "--token", "-"}, "join": {"join", "--json", "--token", "-"}} {
		t.Run(name, func(t *testing.T) {
			cmd := program(t, nil, args...)
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = stdin.Close() }()
			var out bytes.Buffer
			cmd.Stdout = &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			// More than fits into a pipe, so that Write returns only once the program reads.
			if _, err := stdin.Write(make([]byte, 256<<10)); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Process.Signal(os.Interrupt)
			if code := exitCodeOf(t, cmd.Wait()); code != check.ExitInterrupted {
				t.Errorf("exit code %d, want 130", code)
			}
			if !json.Valid(out.Bytes()) || name == "checks" && !bytes.Contains(out.Bytes(), []byte("DOCTOR_CANCELLED")) {
				t.Errorf("stdout: %s", &out)
			}
		})
	}
}

// TestTimeout checks that --timeout ends a run with exit code 2.
func TestTimeout(t *testing.T) {
	t.Parallel()
	l := startLab(t, "server-silent")
	cmd := program(t, l.Environ(), "--json", "--timeout", "700ms")
	out, err := cmd.Output()
	if code := exitCodeOf(t, err); code != 2 || !bytes.Contains(out, []byte("DOCTOR_TIMEOUT")) {
		t.Errorf("exit code %d, want 2 and DOCTOR_TIMEOUT\n%s", code, out)
	}
}

// TestTUIOnATerminal runs the program on a terminal and ends it with q and with Ctrl+C.
// The plain report must remain on the terminal.
func TestTUIOnATerminal(t *testing.T) {
	t.Parallel()
	l := startLab(t, "opaque-token")
	for name, tt := range map[string]struct {
		key  string
		exit int
	}{"q": {"q", 1}, "Ctrl+C": {"\x03", 130}} {
		t.Run(name, func(t *testing.T) {
			l.Renew()
			s := startScreen(t, l.Environ(), 80, 24)
			s.awaits("Fix it in")
			s.types(tt.key)
			if code, left := s.ends(); code != tt.exit || !strings.Contains(left, "TOKEN_OPAQUE") {
				t.Errorf("exit code %d, want %d; left behind:\n%s", code, tt.exit, left)
			}
		})
	}
}

func startLab(t *testing.T, fault string) *lab.Lab {
	t.Helper()
	return startLabWith(t, lab.Options{Fault: fault})
}

func startLabWith(t *testing.T, opts lab.Options) *lab.Lab {
	t.Helper()
	l, err := lab.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func waitFor(t *testing.T, what func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !what() {
		if time.Now().After(deadline) {
			t.Fatal("it never happened")
		}
		time.Sleep(5 * time.Millisecond)
	}
}
