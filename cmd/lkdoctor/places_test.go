package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// TestPlaces runs the program with limits, folders and files that it cannot use. It must
// end with the right message and exit code.
func TestPlaces(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no processes by the dozen")
	}
	t.Parallel()
	const noJoin = "--no-join"
	for name, tt := range map[string]struct {
		args    []string
		prepare func(t *testing.T, cmd *exec.Cmd)
		exit    int
		want    string // in stdout or stderr
	}{
		"few files":            {[]string{"--plain", "--dev"}, limitedTo("20"), 2, "raise the limit (ulimit -n)"},
		"few files, join":      {[]string{"join", "--json", "--dev"}, limitedTo("20"), 2, "raise the limit (ulimit -n)"},
		"few files, inspect":   {[]string{"token", "inspect", "x"}, limitedTo("20"), 2, "raise the limit (ulimit -n)"},
		"no HOME":              {[]string{"--plain", noJoin}, environment("HOME="), 1, "ENV_URL_MISSING"},
		"HOME is nowhere":      {[]string{"--plain", noJoin}, environment("HOME=/no/such/home"), 1, "ENV_URL_MISSING"},
		"no folder":            {[]string{"--json", "--dir", "/no/such/folder"}, nothing, 2, "--dir cannot be read"},
		"a folder that goes":   {[]string{"--plain", noJoin}, deleted, 1, "ENV_URL_MISSING"},
		"report, folder gone":  {[]string{"--plain", noJoin, "--report", "r.md"}, deleted, 2, "write the report: "},
		"report nowhere":       {[]string{"--plain", noJoin, "--report", "/no/such/r.md"}, nothing, 2, "write the report: "},
		"report into a device": {[]string{"--plain", noJoin, "--report", "/dev/full"}, nothing, 2, "write the report: "},
		"report, JSON":         {[]string{"--json", noJoin, "--report", "/no/such/r.md"}, nothing, 2, `"exit_code": 2`},
		"metrics nowhere":      {[]string{"--plain", noJoin, "--metrics", "/no/such/m.prom"}, nothing, 2, "write the metrics: "},
		"JUnit nowhere":        {[]string{"--plain", noJoin, "--junit", "/no/such/j.xml"}, nothing, 2, "write the JUnit file: "},
		"JUnit is a folder":    {[]string{"--plain", noJoin, "--junit", "/"}, nothing, 2, "write the JUnit file: "},
		"man nowhere":          {[]string{"man", "/no/such"}, nothing, 2, "no such file"},
		"HTML into a file":     {[]string{"codes", "--html", "/dev/null/x"}, nothing, 2, "not a directory"},

		"env file of 1 GiB":      {[]string{"--plain", noJoin}, made(".env", huge), 1, "ENV_FILE_UNREADABLE"},
		"env file is a pipe":     {[]string{"--plain", noJoin}, made(".env", pipe), 1, "ENV_FILE_UNREADABLE"},
		"env file is a device":   {[]string{"--plain", noJoin}, made(".env", linkTo("/dev/zero")), 1, "ENV_FILE_UNREADABLE"},
		"env file is a terminal": {[]string{"--plain", noJoin}, made(".env", linkTo("/dev/tty")), 1, "ENV_FILE_UNREADABLE"},
		"env file is a folder":   {[]string{"--plain", noJoin}, made(".env", folder), 1, "ENV_FILE_UNREADABLE"},
		"env file is a loop":     {[]string{"--plain", noJoin}, made(".env", linkTo(".env")), 1, "ENV_FILE_UNREADABLE"},

		"lk's file of 1 GiB":    {[]string{"--json", "--project", "x"}, made(lkFile, huge), 2, "larger than 1 MiB"},
		"lk's file is a pipe":   {[]string{"--json", "--project", "x"}, made(lkFile, pipe), 2, "a named pipe"},
		"lk's file is a device": {[]string{"--json", "--project", "x"}, made(lkFile, linkTo("/dev/zero")), 2, "a device"},
		"lk's file is a loop":   {[]string{"--json", "--project", "x"}, made(lkFile, linkTo("cli-config.yaml")), 2, "too many levels"},
		"lk's file, not named":  {[]string{"--plain", noJoin}, made(lkFile, pipe), 1, "cli-config.yaml cannot be read"},
		"lk's file is a bomb":   {[]string{"--json", "--project", "x"}, made(lkFile, bomb), 2, "cannot be read"},

		"silent stdin":          {[]string{"--json", "--token", "-", "--timeout", "100ms"}, silent, 2, "DOCTOR_TIMEOUT"},
		"silent stdin, join":    {[]string{"join", "--json", "--token", "-", "--timeout", "100ms"}, silent, 2, "did not end within 100ms"},
		"silent stdin, inspect": {[]string{"token", "inspect", "-", "--timeout", "100ms"}, silent, 2, "did not end within 100ms"},
		"header from a pipe": {[]string{"--json", "--frontend", "http://127.0.0.1:1", "-H", "@headers", "--timeout", "100ms"},
			made("headers", pipe), 2, "DOCTOR_TIMEOUT"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := program(t, nil, tt.args...)
			tt.prepare(t, cmd)
			out, errs, code := within(t, cmd)
			if code != tt.exit || !strings.Contains(squeezed(out+errs), tt.want) || strings.Contains(errs, "usage:") {
				t.Errorf("exit code %d, want %d and %q\n%s%s", code, tt.exit, tt.want, out, errs)
			}
		})
	}
}

// TestFullDisk checks that each command reports a full disk on stdout.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no processes by the dozen")
	}
	t.Parallel()
	for _, line := range []string{
		"codes", "codes --json", "codes --help", "help", "--help", "--version", "version", "schema", "explain TOKEN_OPAQUE", "explain could not establish pc connection",
		"completion bash", "completion zsh", "completion fish", "completion powershell", "__complete explain TOKEN",
		"token create --dev --room x --identity y", "token create --dev --room x --identity y --json", "token create --dev --room x --identity y --token-only",
		"token inspect eyJ.a.b", "token inspect eyJ.a.b --json", "--json --no-join", "--plain --no-join", "-q --no-join",
		"--json --project nothere", "--json --bogus", "join --json", "join --plain", "join --json --project nothere",
	} {
		t.Run(line, func(t *testing.T) {
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Skip("there is no /dev/full")
			}
			defer func() { _ = full.Close() }()
			cmd := program(t, nil, strings.Fields(line)...)
			cmd.Stdout = full
			_, errs, code := within(t, cmd)
			if code != check.ExitDoctor || !strings.Contains(errs, "lkdoctor: write to stdout: no space left on device\n") {
				t.Errorf("exit code %d, stderr: %s", code, errs)
			}
		})
	}
}

// TestClockJumps moves the clock by an hour during a run. Failures may only be about time:
// the clock is wrong, or the token is expired or not yet valid.
func TestClockJumps(t *testing.T) {
	l := startLab(t, "")
	for _, jump := range []time.Duration{time.Hour, -time.Hour} {
		l.Renew()
		e := examOf(t, l)
		var calls atomic.Int32
		e.app.now = func() time.Time {
			if calls.Add(1) > 3 {
				return time.Now().Add(jump)
			}
			return time.Now()
		}
		_, events := examinedBy(t, l, e)
		run := events[len(events)-1].Run
		if run.Took < 0 || run.Took > 20*time.Second || run.Summary.Error > 0 {
			t.Errorf("%s: took %s, %+v", jump, run.Took, run.Summary)
		}
		for _, f := range run.Findings(finding.Fail) {
			if !slices.Contains([]finding.Code{finding.ClockSkew, finding.TokenExpired, finding.TokenNotYetValid}, f.Finding.Code) {
				t.Errorf("%s: %s %s", jump, f.Finding.Code, f.Finding.Message)
			}
		}
	}
}

// within runs cmd for at most 30 s.
func within(t *testing.T, cmd *exec.Cmd) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &out
	}
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hangs := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	if !hangs.Stop() {
		t.Fatalf("it hangs\n%s%s", &out, &errs)
	}
	return out.String(), errs.String(), exitCodeOf(t, err)
}

const lkFile = ".livekit/cli-config.yaml"

func nothing(*testing.T, *exec.Cmd) {}

// limitedTo limits the number of files that the program may open.
func limitedTo(files string) func(*testing.T, *exec.Cmd) {
	return func(t *testing.T, cmd *exec.Cmd) {
		sh, err := exec.LookPath("sh")
		if err != nil {
			t.Skip("there is no sh to limit it with")
		}
		cmd.Args = append([]string{sh, "-c", `ulimit -n ` + files + ` && exec "$0" "$@"`}, cmd.Args...)
		cmd.Path = sh
	}
}

// environment adds a variable to the program's environment.
func environment(entry string) func(*testing.T, *exec.Cmd) {
	return func(_ *testing.T, cmd *exec.Cmd) { cmd.Env = append(cmd.Env, entry) }
}

// deleted removes the program's folder before it starts.
func deleted(t *testing.T, cmd *exec.Cmd) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh to delete the folder with")
	}
	cmd.Dir = t.TempDir()
	cmd.Args = append([]string{sh, "-c", `rmdir "$PWD" && exec "$0" "$@"`}, cmd.Args...)
	cmd.Path = sh
}

// silent gives the program a pipe without data as stdin.
func silent(t *testing.T, cmd *exec.Cmd) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = read.Close(), write.Close() })
	cmd.Stdin = read
}

// made creates a file in the program's folder, which is also its home.
func made(name string, make func(path string) error) func(*testing.T, *exec.Cmd) {
	return func(t *testing.T, cmd *exec.Cmd) {
		path := filepath.Join(cmd.Dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), make(path)); err != nil {
			t.Fatal(err)
		}
	}
}

func huge(path string) error {
	return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<30)) // a sparse file
}

func pipe(path string) error { return syscall.Mkfifo(path, 0o600) }

func folder(path string) error { return os.Mkdir(path, 0o700) }

func linkTo(target string) func(string) error {
	return func(path string) error { return os.Symlink(target, path) }
}

// bomb writes YAML of a few hundred bytes that expands to a billion words.
func bomb(path string) error {
	text := "a: &a [" + strings.Repeat("lol,", 8) + "lol]\n"
	for c := 'b'; c <= 'j'; c++ {
		text += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+",", 8) + "*" + string(c-1) + "]\n"
	}
	return os.WriteFile(path, []byte(text+"projects: *j\ndefault_project: x\n"), 0o600)
}
