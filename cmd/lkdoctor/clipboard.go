package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/aymanbagabas/go-osc52/v2"

	"lkdoctor/tui"
)

// clipboardWait is the longest that a clipboard program may take.
const clipboardWait = 2 * time.Second

// clipboardProgram is a program that copies its input to a clipboard, and the program
// that prints the clipboard.
type clipboardProgram struct {
	name  string
	write []string
	read  []string
}

// clipboards returns the programs for the clipboards of this session. The one of the
// reader's screen is first.
func clipboards(goos string, getenv func(string) string) []clipboardProgram {
	var list []clipboardProgram
	add := func(here bool, write, read string) {
		if here {
			argv := strings.Fields(write)
			list = append(list, clipboardProgram{argv[0], argv, strings.Fields(read)})
		}
	}
	x11, tmux := getenv("DISPLAY") != "", getenv("TMUX") != ""
	add(goos == "darwin", "pbcopy", "pbpaste")
	add(getenv("WAYLAND_DISPLAY") != "", "wl-copy", "wl-paste --no-newline")
	add(x11, "xclip -selection clipboard", "xclip -selection clipboard -o")
	add(x11, "xsel --clipboard --input", "xsel --clipboard --output")
	add(goos == "windows" || getenv("WSL_DISTRO_NAME") != "", "clip.exe", "powershell.exe -NoProfile -Command Get-Clipboard")
	// -w also copies to the terminal that tmux runs in; older versions of tmux lack it.
	add(tmux, "tmux load-buffer -w -", "tmux show-buffer")
	add(tmux, "tmux load-buffer -", "tmux show-buffer")
	return list
}

// clipboard reaches the clipboard for one call of lkdoctor.
type clipboard struct {
	programs []clipboardProgram
	environ  []string
	// ask writes the escape sequence for the terminal's clipboard. It must be one write,
	// because the screen is drawn at the same time.
	ask func(sequence string) error
}

func (a *app) clipboard() clipboard {
	return clipboard{
		programs: clipboards(runtime.GOOS, a.getenv), environ: a.environ,
		ask: func(sequence string) error { _, err := fmt.Fprint(a.out, sequence); return err },
	}
}

// put copies text with the first program whose clipboard then holds it. If there is
// none, it asks the terminal.
func (c clipboard) put(text string) (tui.Copied, error) {
	for _, p := range c.programs {
		if c.holds(p, text) {
			return tui.Copied{By: p.name, Sure: true}, nil
		}
	}
	return tui.Copied{By: "terminal"}, c.ask(osc52.New(text).String())
}

// putOrFile is put, and writes text to a file if no program's clipboard holds it.
func (c clipboard) putOrFile(text string) (tui.Copied, error) {
	to, err := c.put(text)
	if to.Sure {
		return to, nil
	}
	if err != nil {
		to.By = ""
	}
	f, fileErr := os.CreateTemp("", "lkdoctor-fix-*.txt")
	if fileErr != nil {
		return to, errors.Join(err, fileErr)
	}
	_, writeErr := f.WriteString(text)
	if fileErr = errors.Join(writeErr, f.Close()); fileErr != nil {
		return to, errors.Join(err, fileErr)
	}
	to.File = f.Name()
	return to, nil
}

// holds copies text with a program, and reports whether the clipboard then holds it.
func (c clipboard) holds(p clipboardProgram, text string) bool {
	if _, err := c.run(p.write, text); err != nil {
		return false
	}
	got, err := c.run(p.read, "")
	return err == nil && unbroken(got) == unbroken(text)
}

// unbroken returns text without the differences that some clipboards make: the kind of
// line breaks, and those at the end.
func unbroken(text string) string {
	return strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
}

// run returns what a program prints. Its output is a file, because xclip and wl-copy
// leave a process running that keeps the output open.
func (c clipboard) run(argv []string, input string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), clipboardWait)
	defer cancel()
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return "", err
	}
	out, err := os.CreateTemp("", "lkdoctor-clipboard-*")
	if err != nil {
		return "", err
	}
	defer func() { _ = out.Close(); _ = os.Remove(out.Name()) }()
	command := exec.CommandContext(ctx, path, argv[1:]...)
	command.Env = c.environ
	command.Stdin = strings.NewReader(input)
	command.Stdout = out
	command.WaitDelay = clipboardWait
	if err := command.Run(); err != nil {
		return "", err
	}
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	got, err := io.ReadAll(out)
	return string(got), err
}
