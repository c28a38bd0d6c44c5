package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"lkdoctor/checks/lab"
)

// asChild is the variable that makes this test binary lklab or one of its child commands.
const asChild = "LAB_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(asChild) {
	case "lklab":
		main()
	case "wait":
		waitForSignal()
	case "count":
		countSignals()
	}
	os.Exit(m.Run())
}

// waitForSignal prints "ready" and exits with 42 at the first signal.
func waitForSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	fmt.Println("ready")
	<-signals
	os.Exit(42)
}

// countSignals prints "ready" and exits with the number of interrupts once none has come
// for 300 ms.
func countSignals() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt)
	fmt.Println("ready")
	<-signals
	count := 1
	for {
		select {
		case <-signals:
			count++
		case <-time.After(300 * time.Millisecond):
			os.Exit(count)
		}
	}
}

func lklab(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader("from stdin\n"), &out, &errs)
	return code, out.String(), errs.String()
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "plain"), []byte("no program"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"success", []string{"--", "true"}, 0, ""},
		{"failure", []string{"--fault", "opaque-token", "--", "sh", "-c", "exit 7"}, 7, ""},
		{"killed", []string{"--", "sh", "-c", "kill -TERM $$"}, 143, ""},
		{"no command", []string{"--", "no-such-command-here"}, 127, `lklab: there is no command "no-such-command-here"` + "\n"},
		{"no program", []string{"--", filepath.Join(dir, "plain")}, 126, "permission denied"},
		{"a negative round trip", []string{"--rtt", "-1ms", "--", "true"}, 2, "lklab: --rtt is negative: -1ms\n"},
		{"unknown fault", []string{"--fault", "nope", "--", "true"}, 2, `lklab: no fault is called "nope": lklab list names them all` + "\n"},
		{"an unknown act", []string{"--worker", "sing", "--", "true"}, 2, `lklab: --worker "sing" is none of [serve`},
		{"an agent and its worker", []string{"--agent", "helper", "--worker", "serve", "--", "true"}, 0, ""},
		{"unknown flag", []string{"--nope"}, 2, "lklab: unknown flag: --nope\n"},
		{"no dashes", []string{"true"}, 2, `lklab: unknown command "true" (a command to run goes after --)` + "\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := lklab(t, test.args...)
			if code != test.code || stdout != "" || !strings.Contains(stderr, test.stderr) || test.stderr == "" && stderr != "" {
				t.Errorf("exit code %d, stdout %q, stderr %q; want %d and %q", code, stdout, stderr, test.code, test.stderr)
			}
			if strings.Count(stderr, "\n") > 1 {
				t.Errorf("more than one line: %q", stderr)
			}
		})
	}
}

func TestCommandSeesTheLab(t *testing.T) {
	t.Setenv("LIVEKIT_URL", "wss://callers-own.invalid")
	t.Setenv("LIVEKIT_TOKEN", "callers-own")
	t.Setenv("KEPT", "kept")
	code, stdout, stderr := lklab(t, "--fault", "shadowed", "--", "sh", "-c", `cat; echo "$LIVEKIT_URL|$LIVEKIT_TOKEN|$KEPT|$PWD"; cat .env.local`)
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	lines := strings.Split(stdout, "\n")
	fields := strings.Split(lines[1], "|")
	if lines[0] != "from stdin" || !strings.HasPrefix(fields[0], "ws://127.0.0.1:") || fields[1] != "" || fields[2] != "kept" {
		t.Errorf("the command saw %q", stdout)
	}
	if lines[2] != "LIVEKIT_URL=wss://elsewhere.invalid" {
		t.Errorf(".env.local is %q", lines[2])
	}
	if _, err := os.Stat(fields[3]); !os.IsNotExist(err) {
		t.Errorf("the folder %s is still there", fields[3])
	}
}

func TestCommandRunsInAnotherFolder(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := lklab(t, "--in", dir, "--", "pwd"); code != 0 || stdout != dir+"\n" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
}

func TestFlagsOfTheFault(t *testing.T) {
	doctor := filepath.Join(t.TempDir(), "lkdoctor")
	if err := os.WriteFile(doctor, []byte("#!/bin/sh\necho \"$@|$LKLAB_ARGS\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, stdout, _ := lklab(t, "--fault", "frontend-method", "--", doctor, "--json")
	given, named, _ := strings.Cut(strings.TrimSpace(stdout), "|")
	if !strings.HasPrefix(given, "--json --frontend http://127.0.0.1:") || "--json "+named != given {
		t.Errorf("the command was given %q", stdout)
	}
	for _, tt := range []struct{ fault, command, given string }{
		{"healthy-turn", "--plain", "--plain --media"},
		{"healthy-turn", "join --plain", "join --plain"}, // join knows no --media
		{"frontend-method", "join", "join --frontend"},
		{"frontend-method", "explain TOKEN_OPAQUE", "explain TOKEN_OPAQUE"},
	} {
		_, stdout, _ := lklab(t, append([]string{"--fault", tt.fault, "--", doctor}, strings.Fields(tt.command)...)...)
		given, _, _ := strings.Cut(stdout, "|")
		if given, _, _ = strings.Cut(given, " http://"); given != tt.given {
			t.Errorf("%s: %q is given %q, want %q", tt.fault, tt.command, given, tt.given)
		}
	}
}

func TestList(t *testing.T) {
	code, stdout, stderr := lklab(t, "list")
	if code != 0 || stderr != "" || strings.Count(stdout, "\n") != len(lab.Faults()) {
		t.Errorf("exit code %d, %d lines, stderr %q", code, strings.Count(stdout, "\n"), stderr)
	}
	_, stdout, _ = lklab(t, "list", "--json")
	var got []listed
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	for _, f := range got {
		if f.Name == "opaque-token" && (f.Owner != "ticket_service" || len(f.Want) != 1 || f.Want[0] != "TOKEN_OPAQUE" || !f.Fails) {
			t.Errorf("got %+v", f)
		}
	}
	if len(got) != len(lab.Faults()) {
		t.Errorf("%d faults, want %d", len(got), len(lab.Faults()))
	}
}

// process starts lklab in a session without a terminal, and returns once it has printed a
// line that holds ready.
func process(t *testing.T, ready string, args ...string) (*exec.Cmd, *bytes.Buffer, *[]string) {
	t.Helper()
	command := exec.Command(os.Args[0], args...)
	command.Env = append(os.Environ(), asChild+"=lklab")
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := &bytes.Buffer{}
	command.Stderr = stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill() })
	var lines []string
	scanner := bufio.NewScanner(stdout)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
		if strings.Contains(scanner.Text(), ready) {
			return command, stderr, &lines
		}
	}
	t.Fatalf("it ended early: %q, stderr %q", lines, stderr)
	return nil, nil, nil
}

func end(t *testing.T, command *exec.Cmd) int {
	t.Helper()
	ended := make(chan struct{})
	go func() { _ = command.Wait(); close(ended) }()
	select {
	case <-ended:
		return command.ProcessState.ExitCode()
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end")
		return 0
	}
}

func TestServesUntilInterrupted(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		command, stderr, lines := process(t, "another ticket", "--fault", "key-missing")
		text := strings.Join(*lines, "\n")
		for _, want := range []string{"export LIVEKIT_URL='ws://127.0.0.1:", "export LIVEKIT_API_SECRET='", "unset LIVEKIT_API_KEY", "unset LKDOCTOR_TICKET"} {
			if !strings.Contains(text, want) {
				t.Errorf("it printed %q, without %q", text, want)
			}
		}
		if err := command.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		if code := end(t, command); code != 0 || stderr.Len() > 0 {
			t.Errorf("%s: exit code %d, stderr %q", s, code, stderr)
		}
	}
}

func TestSignalsReachTheCommand(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		command, stderr, _ := process(t, "ready", "--", "env", asChild+"=wait", os.Args[0])
		if err := command.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		if code := end(t, command); code != 42 || stderr.Len() > 0 {
			t.Errorf("%s: exit code %d, stderr %q; want the command's 42", s, code, stderr)
		}
	}
}

// TestCtrlCReachesTheCommandOnce types Ctrl+C into the terminal that lklab and its command
// share. lklab must not forward it, and must end after the command.
func TestCtrlCReachesTheCommandOnce(t *testing.T) {
	command := exec.Command(os.Args[0], "--", "env", asChild+"=count", os.Args[0])
	command.Env = append(os.Environ(), asChild+"=lklab")
	terminal, err := pty.Start(command)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	t.Cleanup(func() { _ = command.Process.Kill() })
	reader := bufio.NewReader(terminal)
	for line := ""; !strings.Contains(line, "ready"); {
		if line, err = reader.ReadString('\n'); err != nil {
			t.Fatalf("%q, %v", line, err)
		}
	}
	if _, err := terminal.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = reader.WriteTo(io.Discard) }()
	if code := end(t, command); code != 1 {
		t.Errorf("exit code %d, want the command's 1 for one interrupt", code)
	}
}

func TestQuote(t *testing.T) {
	for _, value := range []string{"", "plain", "a'b", "$x `y` \"z\" \\", "line\nfeed"} {
		out, err := exec.Command("sh", "-c", "printf %s "+quote(value)).Output()
		if err != nil || string(out) != value {
			t.Errorf("%q came back as %q (%v)", value, out, err)
		}
	}
}
