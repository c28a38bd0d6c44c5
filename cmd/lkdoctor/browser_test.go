package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOpens(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh")
	}
	path := filepath.Join(t.TempDir(), "opened")
	for name, test := range map[string]struct {
		argv []string
		want string
	}{
		"it works":            {[]string{"sh", "-c", `printf %s "$0" >"$OUT"`, "https://docs.example.com"}, ""},
		"no such program":     {[]string{"no-such-opener", "https://docs.example.com"}, "start no-such-opener"},
		"it fails":            {[]string{"sh", "-c", "exit 3", "https://docs.example.com"}, "sh: exit status 3"},
		"it goes on for long": {[]string{"sleep", "3"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			by, err := opens(test.argv, []string{"OUT=" + path, "PATH=" + os.Getenv("PATH")})
			if by != test.argv[0] || test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%q, %v", by, err)
			}
			if time.Since(begin) > openWait+time.Second {
				t.Error("it was waited for")
			}
		})
	}
	t.Cleanup(func() {
		if got, err := os.ReadFile(path); err != nil || string(got) != "https://docs.example.com" {
			t.Errorf("opened %q, %v", got, err)
		}
	})
}

func TestOpener(t *testing.T) {
	for goos, want := range map[string]string{"linux": "xdg-open", "freebsd": "xdg-open", "darwin": "open", "windows": "rundll32"} {
		got := opener(goos, "https://docs.example.com")
		if got[0] != want || got[len(got)-1] != "https://docs.example.com" {
			t.Errorf("%s: %q", goos, got)
		}
	}
}

func TestTakesLinks(t *testing.T) {
	for environ, want := range map[string]bool{
		"":                                     false,
		"TERM=xterm-256color":                  false,
		"TERM=xterm-kitty":                     true,
		"TERM=xterm-256color VTE_VERSION=7003": true,
		"TERM=xterm-256color VTE_VERSION=4205": false,
		"TERM_PROGRAM=iTerm.app":               true,
		"TERM_PROGRAM=Apple_Terminal":          false,
		"WT_SESSION=1":                         true,
		"TMUX=/tmp/x TERM_PROGRAM=tmux TERM_PROGRAM_VERSION=3.3a": false,
		"TMUX=/tmp/x TERM_PROGRAM=tmux TERM_PROGRAM_VERSION=3.4":  true,
		"TMUX=/tmp/x TERM=tmux-256color VTE_VERSION=7003":         false,
		"STY=1 VTE_VERSION=7003":                                  false,
	} {
		a := &app{environ: strings.Fields(environ)}
		if got := takesLinks(a.getenv); got != want {
			t.Errorf("%q: %v, want %v", environ, got, want)
		}
	}
}
