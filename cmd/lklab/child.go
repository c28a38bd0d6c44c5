package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"lkdoctor/checks/lab"
)

// child is the command to run, with what it gets of this process.
type child struct {
	args           []string
	dir            string // "" is the lab's directory
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// runCommand runs a command in a lab. It returns an exitError with the command's exit
// code.
func runCommand(ctx context.Context, opts lab.Options, c child) error {
	// From here on signals are for the command: lklab waits for its end.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	path, err := find(c.args[0])
	if err != nil {
		return err
	}
	l, err := lab.Start(ctx, opts)
	if err != nil {
		return err
	}
	err = c.run(l, path, signals)
	return errors.Join(err, l.Close())
}

func (c child) run(l *lab.Lab, path string, signals <-chan os.Signal) error {
	command := c.command(l, path)
	if err := command.Start(); err != nil {
		return exitError{code: exitNotRunnable, cause: err}
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	shared := hasTerminal()
	for {
		select {
		case s := <-signals:
			if !shared || s != os.Interrupt && s != syscall.SIGQUIT {
				_ = command.Process.Signal(s)
			}
		case err := <-ended:
			return exitOf(err)
		}
	}
}

func (c child) command(l *lab.Lab, path string) *exec.Cmd {
	dir := c.dir
	if dir == "" {
		dir = l.Dir()
	}
	args := c.args[1:]
	extra := l.Args()
	if strings.TrimSuffix(filepath.Base(path), ".exe") == "lkdoctor" {
		args = slices.Concat(args, flagsFor(args, extra))
	}
	command := exec.Command(path, args...)
	command.Dir = dir
	command.Env = append(lab.Scrub(c.environ), "PWD="+dir)
	if caller, err := os.Getwd(); err == nil && c.dir == "" {
		command.Env = append(command.Env, "LKLAB_CALLER="+caller) // the lab's directory is removed at the end
	}
	if len(extra) > 0 {
		command.Env = append(command.Env, "LKLAB_ARGS="+strings.Join(extra, " "))
	}
	command.Env = append(command.Env, l.Environ()...) // the last value of a name takes effect
	command.Stdin, command.Stdout, command.Stderr = c.stdin, c.stdout, c.stderr
	return command
}

// flagsFor returns those of a fault's flags that lkdoctor takes with args: all without
// a command, and with join those that say where the token comes from.
func flagsFor(args, flags []string) []string {
	switch {
	case len(args) == 0 || strings.HasPrefix(args[0], "-"):
		return flags
	case args[0] == "join":
		return slices.DeleteFunc(slices.Clone(flags), func(flag string) bool { return flag == "--media" })
	}
	return nil
}

// find looks the command up before the working directory changes.
func find(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	switch {
	case err == nil:
		return path, nil
	case errors.Is(err, fs.ErrPermission):
		return "", exitError{code: exitNotRunnable, cause: err}
	}
	return "", exitError{code: exitNotFound, cause: fmt.Errorf("there is no command %q", name)}
}

// hasTerminal reports whether this process has a controlling terminal. If so, the
// command receives Ctrl+C and Ctrl+\ from the terminal and must not get them twice.
func hasTerminal() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	_ = tty.Close()
	return true
}

// exitOf returns an exitError for the end of a command: its exit code, or 128 and the
// number of the signal that killed it, as in shells.
func exitOf(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitError{code: 128 + int(status.Signal())}
	}
	return exitError{code: exit.ExitCode()}
}
