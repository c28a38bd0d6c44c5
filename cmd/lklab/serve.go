package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"lkdoctor/checks/lab"
)

// settings are the variables that a healthy lab sets. serve unsets those that a fault
// leaves out, so that the caller's values do not replace them.
var settings = [...]string{"LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "LIVEKIT_TOKEN", "USER_MGMT_BASE_URL", "LKDOCTOR_TICKET"}

// serve prints the environment for a shell and serves until SIGINT, SIGTERM or SIGHUP.
func serve(ctx context.Context, opts lab.Options, out io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	l, err := lab.Start(ctx, opts)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	_, err = io.WriteString(out, exports(l))
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, l.Close())
}

// exports returns the lab's environment as lines of a shell.
func exports(l *lab.Lab) string {
	var b strings.Builder
	set := map[string]bool{}
	for _, variable := range l.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		set[name] = true
		fmt.Fprintf(&b, "export %s=%s\n", name, quote(value))
	}
	for _, name := range settings {
		if !set[name] {
			fmt.Fprintf(&b, "unset %s\n", name)
		}
	}
	if files, err := os.ReadDir(l.Dir()); err == nil && len(files) > 0 {
		fmt.Fprintf(&b, "cd %s\n", quote(l.Dir()))
	}
	if args := l.Args(); len(args) > 0 {
		fmt.Fprintf(&b, "export LKLAB_ARGS=%s  # the flags that lkdoctor needs\n", quote(strings.Join(args, " ")))
	}
	if l.Tickets != nil {
		fmt.Fprintf(&b, "# another ticket: curl -s -X POST %s/api/v1/tickets\n", l.Tickets.Peer.URL("http"))
	}
	return b.String()
}

// quote quotes a value for a POSIX shell.
func quote(value string) string { return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'" }
