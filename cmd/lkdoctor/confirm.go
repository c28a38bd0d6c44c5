package main

import (
	"context"
	"errors"
	"os/exec"
	"time"

	"lkdoctor/checks/catalogue"
)

// confirmWait is the longest that a confirming command may take; maxPrinted is how many
// bytes of its output are shown.
const (
	confirmWait = 20 * time.Second
	maxPrinted  = 8 << 10
)

// confirm returns the function that runs a confirming command of the catalogue in bash
// with values of the last run. It returns nil if the run lacks a value that the command
// reads. Only that process gets the values, in its environment; they are redacted from
// its output.
func (r *reruns) confirm(c catalogue.Confirm) func() (string, error) {
	if r.last == nil {
		return nil
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		return nil
	}
	held, environ, secrets := r.last.Held(), append([]string(nil), r.exam.app.environ...), []string(nil)
	for _, v := range c.Variables {
		value, has := held[v.Name]
		if !has {
			return nil
		}
		environ = append(environ, v.Name+"="+value)
		if v.Name == "TOKEN" || v.Name == "LIVEKIT_API_SECRET" {
			secrets = append(secrets, value)
		}
	}
	redact := r.exam.app.redact.With(secrets...)
	return func() (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), confirmWait)
		defer cancel()
		command := exec.CommandContext(ctx, bash, "-c", c.Command)
		command.Dir, command.Env, command.WaitDelay = r.exam.app.dir, environ, time.Second
		var out firstBytes
		command.Stdout, command.Stderr = &out, &out
		err := command.Run()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && ctx.Err() == nil {
			err = nil // the output describes the failure
		}
		return redact.Block(string(out), maxPrinted), err
	}
}

// firstBytes keeps the first maxPrinted bytes that are written to it.
type firstBytes []byte

// Write keeps as much of p as fits, and never fails.
func (f *firstBytes) Write(p []byte) (int, error) {
	*f = append(*f, p[:min(len(p), maxPrinted-len(*f))]...)
	return len(p), nil
}
