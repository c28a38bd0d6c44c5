package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"

	"golang.org/x/term"
)

// paged writes text, by way of a pager where the output is a terminal that it
// does not fit on: $PAGER as a shell reads it, else less -FRX.
func (a *app) paged(text string) error {
	if f, is := terminal(a.out); is && a.getenv("TERM") != "dumb" {
		if _, rows, err := term.GetSize(int(f.Fd())); err == nil && strings.Count(text, "\n") >= rows && a.page(f, text) {
			return nil
		}
	}
	_, err := fmt.Fprint(a.out, text)
	return err
}

// page shows text in the pager, and reports whether there is one that ran.
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
		command.Env = append(command.Env[:len(command.Env):len(command.Env)], "LESS=FRX")
	}
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(text), tty, a.err
	// Ctrl+C is for the pager: it must not be left alone on the terminal.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	if err := command.Start(); err != nil {
		return false
	}
	err := command.Wait()
	// 126 and 127: the shell found nothing that it could run.
	exit := (*exec.ExitError)(nil)
	return !errors.As(err, &exit) || exit.ExitCode() != 126 && exit.ExitCode() != 127
}
