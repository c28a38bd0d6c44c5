package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/term"
)

// paged writes text. If the output is a terminal with too few lines, it uses a pager:
// $PAGER as a shell command, else less -FRX.
func (a *app) paged(text string) error {
	if f, is := terminal(a.out); is && a.getenv("TERM") != "dumb" {
		if _, rows, err := term.GetSize(int(f.Fd())); err == nil && strings.Count(text, "\n") >= rows && a.page(f, text) {
			return nil
		}
	}
	_, err := fmt.Fprint(a.out, text)
	return err
}

// page shows text in the pager, and reports whether the pager could be run.
func (a *app) page(tty *os.File, text string) bool {
	pager := a.getenv("PAGER")
	if pager == "cat" {
		return false
	}
	command := exec.Command("less", "-FRX")
	if pager != "" {
		command = exec.Command("sh", "-c", pager)
		if runtime.GOOS == "windows" {
			command = exec.Command("cmd", "/c", pager)
		}
	}
	command.Env = a.environ
	if a.getenv("LESS") == "" {
		command.Env = append(slices.Clip(command.Env), "LESS=FRX")
	}
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(text), tty, a.err
	// Ctrl+C is for the pager: lkdoctor must not end before it.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	if err := command.Start(); err != nil {
		return false
	}
	err := command.Wait()
	// 126 and 127: the shell could not run the command.
	var exit *exec.ExitError
	return !errors.As(err, &exit) || exit.ExitCode() != 126 && exit.ExitCode() != 127
}
