package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/aymanbagabas/go-osc52/v2"

	"lkdoctor/tui"
)

// clipboardWait is how long a clipboard's program may take.
const clipboardWait = 2 * time.Second

// clipboardProgram puts its input on a clipboard, and another call of it, or of
// its twin, says what the clipboard holds.
type clipboardProgram struct {
	name  string
	write []string
	read  []string
}

// clipboards are the programs that may reach the clipboard of this session, the
// nearest to the reader's screen first.
func clipboards(goos string, getenv func(string) string) []clipboardProgram {
	var list []clipboardProgram
	if goos == "darwin" {
		list = append(list, clipboardProgram{"pbcopy", []string{"pbcopy"}, []string{"pbpaste"}})
	}
	if getenv("WAYLAND_DISPLAY") != "" {
		list = append(list, clipboardProgram{"wl-copy", []string{"wl-copy"}, []string{"wl-paste", "--no-newline"}})
	}
	if getenv("DISPLAY") != "" {
		list = append(list,
			clipboardProgram{"xclip", []string{"xclip", "-selection", "clipboard"}, []string{"xclip", "-selection", "clipboard", "-o"}},
			clipboardProgram{"xsel", []string{"xsel", "--clipboard", "--input"}, []string{"xsel", "--clipboard", "--output"}})
	}
	if goos == "windows" || getenv("WSL_DISTRO_NAME") != "" {
		list = append(list, clipboardProgram{"clip.exe", []string{"clip.exe"}, []string{"powershell.exe", "-NoProfile", "-Command", "Get-Clipboard"}})
	}
	if getenv("TMUX") != "" {
		// -w hands the text on to the terminal outside, which newer ones know.
		list = append(list,
			clipboardProgram{"tmux", []string{"tmux", "load-buffer", "-w", "-"}, []string{"tmux", "show-buffer"}},
			clipboardProgram{"tmux", []string{"tmux", "load-buffer", "-"}, []string{"tmux", "show-buffer"}})
	}
	return list
}

// clipboard reaches the clipboard of one call of the program.
type clipboard struct {
	programs []clipboardProgram
	environ  []string
	// ask writes the sequence that asks the terminal, in one write: the screen
	// is drawn at the same time.
	ask func(sequence string) error
}

func (a *app) clipboard() clipboard {
	return clipboard{
		programs: clipboards(runtime.GOOS, a.getenv), environ: a.environ,
		ask: func(sequence string) error { _, err := fmt.Fprint(a.out, sequence); return err },
	}
}

// put gives text to the first program that afterwards holds it; where there is
// none, it asks the terminal.
func (c clipboard) put(text string) (tui.Copied, error) {
	for _, p := range c.programs {
		if c.holds(p, text) {
			return tui.Copied{By: p.name, Sure: true}, nil
		}
	}
	return tui.Copied{By: "terminal"}, c.ask(osc52.New(text).String())
}

// putOrFile is put, and writes text to a file where no program holds it.
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

// holds has a program take text, and reports whether it has it then.
func (c clipboard) holds(p clipboardProgram, text string) bool {
	if _, err := c.run(p.write, text); err != nil {
		return false
	}
	got, err := c.run(p.read, "")
	return err == nil && unbroken(got) == unbroken(text)
}

// unbroken is text without what some clipboards change: the kind of line breaks
// and those at the end.
func unbroken(text string) string {
	return strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
}

// run returns what a program prints. Its output goes to a file: xclip and
// wl-copy leave a process behind that keeps it open.
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
	var got bytes.Buffer
	if _, err := out.Seek(0, 0); err != nil {
		return "", err
	}
	_, err = got.ReadFrom(out)
	return got.String(), err
}
