package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"lkdoctor/checks/lab"
)

// runCommand runs a command in a lab, in the folder dir or else in the lab's own, with the
// streams of cmd. It returns an exitError with the command's exit code.
func runCommand(cmd *cobra.Command, opts lab.Options, dir string, args []string) error {
	// From here on signals are for the command: lklab waits for its end.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	path, err := find(args[0])
	if err != nil {
		return err
	}
	l, err := lab.Start(cmd.Context(), opts)
	if err != nil {
		return err
	}
	command := commandIn(l, dir, path, args[1:])
	command.Stdin, command.Stdout, command.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	return errors.Join(wait(command, signals), l.Close())
}

// wait runs a command and passes signals on to it.
func wait(command *exec.Cmd, signals <-chan os.Signal) error {
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

func commandIn(l *lab.Lab, dir, path string, args []string) *exec.Cmd {
	extra := l.Args()
	if strings.TrimSuffix(filepath.Base(path), ".exe") == "lkdoctor" {
		args = slices.Concat(args, flagsFor(args, extra))
	}
	command := exec.Command(path, args...)
	command.Dir = cmp.Or(dir, l.Dir())
	command.Env = append(lab.Scrub(os.Environ()), "PWD="+command.Dir)
	if caller, err := os.Getwd(); err == nil && dir == "" {
		command.Env = append(command.Env, "LKLAB_CALLER="+caller) // the lab's directory is removed at the end
	}
	if len(extra) > 0 {
		command.Env = append(command.Env, "LKLAB_ARGS="+strings.Join(extra, " "))
	}
	command.Env = append(command.Env, l.Environ()...) // the last value of a name takes effect
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
