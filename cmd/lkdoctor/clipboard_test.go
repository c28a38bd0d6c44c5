package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestClipboardsAreThoseOfTheSession(t *testing.T) {
	for name, test := range map[string]struct {
		goos    string
		environ map[string]string
		want    string
	}{
		"macOS in tmux":   {"darwin", map[string]string{"TMUX": "x"}, "pbcopy tmux tmux"},
		"Wayland and X11": {"linux", map[string]string{"WAYLAND_DISPLAY": "w", "DISPLAY": ":0"}, "wl-copy xclip xsel"},
		"WSL":             {"linux", map[string]string{"WSL_DISTRO_NAME": "Debian"}, "clip.exe"},
		"Windows":         {"windows", nil, "clip.exe"},
		"ssh":             {"linux", nil, ""},
	} {
		var got []string
		for _, p := range clipboards(test.goos, func(n string) string { return test.environ[n] }) {
			got = append(got, p.name)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// held returns a clipboard program that keeps its text in a file, or loses it.
func held(t *testing.T, loses bool) clipboardProgram {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh")
	}
	path := filepath.Join(t.TempDir(), "held")
	write := `cat > "$0"; sleep 30 &` // like xclip, leaves a process with the output open
	if loses {
		write = `cat > /dev/null; : > "$0"`
	}
	return clipboardProgram{"held", []string{"sh", "-c", write, path}, []string{"cat", path}}
}

func TestCopyIsBelievedOnlyWhenItIsThere(t *testing.T) {
	const text = "one\ntwo\n"
	asked := ""
	c := clipboard{environ: os.Environ(), ask: func(s string) error { asked += s; return nil }}

	c.programs = []clipboardProgram{{"missing", []string{"lkdoctor-no-such-program"}, nil}, held(t, true), held(t, false)}
	if to, err := c.putOrFile(text); err != nil || !to.Sure || to.By != "held" || to.File != "" || asked != "" {
		t.Errorf("%+v, error %v, asked %q", to, err, asked)
	}
	c.programs = c.programs[:2]
	to, err := c.putOrFile(text)
	if err != nil || to.Sure || !filepath.IsAbs(to.File) || !strings.HasPrefix(asked, "\x1b]52;") {
		t.Fatalf("%+v, error %v, asked %q", to, err, asked)
	}
	t.Cleanup(func() { _ = os.Remove(to.File) })
	if got, err := os.ReadFile(to.File); err != nil || string(got) != text {
		t.Errorf("the file holds %q, error %v", got, err)
	}
	c.ask = func(string) error { return errors.New("gone") }
	to, err = c.putOrFile(text)
	if err != nil || to.By != "" || to.File == "" {
		t.Errorf("%+v, error %v", to, err)
	}
	_ = os.Remove(to.File)
}
