package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"lkdoctor/checks/catalogue"
)

// confirmWait is how long a confirming command may take, and maxPrinted how much
// of what it prints is shown, in bytes.
const (
	confirmWait = 20 * time.Second
	maxPrinted  = 8 << 10
)

// language guesses what the token is made with: from the answer that brought
// it, else from the folder that the program was called in.
func (r *reruns) language() string {
	if r.last != nil {
		if name := r.last.MadeWith(); name != "" {
			return name
		}
	}
	for _, sign := range [][2]string{
		{"pyproject.toml", "python"}, {"requirements.txt", "python"}, {"go.mod", "go"}, {"package.json", "node"},
	} {
		if _, err := os.Stat(filepath.Join(r.exam.app.dir, sign[0])); err == nil {
			return sign[1]
		}
	}
	return ""
}

// confirm returns what runs a confirming command of the catalogue in bash with
// what the last run holds, and nil where that is not all that the command reads.
// The values go into the environment of that one process; what it prints is
// cleaned of them.
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
			err = nil // what it printed says the rest
		}
		return redact.Block(string(out), maxPrinted), err
	}
}

// firstBytes keeps the first maxPrinted bytes that are written to it.
type firstBytes []byte

// Write takes all of p and keeps what there is room for.
func (f *firstBytes) Write(p []byte) (int, error) {
	*f = append(*f, p[:min(len(p), maxPrinted-len(*f))]...)
	return len(p), nil
}
