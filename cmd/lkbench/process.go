package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// patience is how long one run may take before it counts as hung.
const patience = 90 * time.Second

// program is a command line and its surroundings.
type program struct {
	path string
	args []string
	env  []string
	dir  string
}

// outcome is a run that has ended, in whatever way.
type outcome struct {
	took           time.Duration
	code           int
	stdout, stderr []byte
}

// run runs the program once. The time is that from the start of the process to
// its end.
func (p program) run(ctx context.Context) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	command := exec.CommandContext(ctx, p.path, p.args...)
	command.Env, command.Dir = append(p.env, "PWD="+p.dir), p.dir
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	begun := time.Now()
	err := command.Run()
	out := outcome{took: time.Since(begun), stdout: stdout.Bytes(), stderr: stderr.Bytes()}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return out, fmt.Errorf("%s did not end: %w", p.path, ctx.Err())
	case errors.As(err, &exit):
		out.code = exit.ExitCode()
	case err != nil:
		return out, err
	}
	return out, nil
}

// succeed is run, and exit code 0.
func (p program) succeed(ctx context.Context) (outcome, error) {
	out, err := p.run(ctx)
	if err == nil && out.code != 0 {
		err = fmt.Errorf("%s %v ended with %d: %s", p.path, p.args, out.code, excerpt(out))
	}
	return out, err
}

// excerpt is the end of what a run said, for an error message.
func excerpt(o outcome) []byte {
	text := o.stderr
	if len(text) == 0 {
		text = o.stdout
	}
	return bytes.TrimSpace(text[max(0, len(text)-600):])
}

// document is what the bench reads of lkdoctor's JSON.
type document struct {
	Status   string
	ExitCode int     `json:"exit_code"`
	Duration float64 `json:"duration_ms"`
	Target   struct {
		Identity    string
		TokenSource string `json:"token_source"`
	}
	Diagnosis struct {
		RootCause *struct{ Check, Code string } `json:"root_cause"`
	}
	Checks []struct{ ID, Status string }
}

func (d document) cause() string {
	if d.Diagnosis.RootCause == nil {
		return ""
	}
	return d.Diagnosis.RootCause.Code
}

func (d document) passed(id string) bool {
	for _, c := range d.Checks {
		if c.ID == id {
			return c.Status == "pass" || c.Status == "warn"
		}
	}
	return false
}

// diagnose runs lkdoctor --json and reads its document.
func diagnose(ctx context.Context, p program) (outcome, document, error) {
	var doc document
	out, err := p.run(ctx)
	if err != nil {
		return out, doc, err
	}
	if err := json.Unmarshal(out.stdout, &doc); err != nil {
		return out, doc, fmt.Errorf("read lkdoctor's document: %w: %s", err, excerpt(out))
	}
	return out, doc, nil
}

// healthy is diagnose on a patient that has nothing: the run must have joined
// with media, by the check of that name.
func healthy(ctx context.Context, p program, joined string) (outcome, error) {
	out, doc, err := diagnose(ctx, p)
	if err == nil && (out.code != 0 || !doc.passed(joined)) {
		err = fmt.Errorf("lkdoctor ended with %d and %s on a healthy lab, %s passed: %t", out.code, doc.cause(), joined, doc.passed(joined))
	}
	return out, err
}
