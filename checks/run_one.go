package checks

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
)

// abandonGrace is how long a check may go on after its deadline before the
// runner reports it as stuck and goes on without it. Leaving a room politely
// after an interrupt has to fit in.
const abandonGrace = 700 * time.Millisecond

// runOne runs one check within its time-out. A panic becomes DOCTOR_INTERNAL,
// a check that does not come back becomes DOCTOR_TIMEOUT.
func runOne(ctx context.Context, c *Case, check Check, progress func(Event)) Result {
	begin := time.Now()
	limit := check.Timeout
	if limit <= 0 {
		limit = time.Second
	}
	own, cancel := context.WithTimeout(withProgress(ctx, check.ID, progress), limit)
	defer cancel()

	ended := make(chan []Finding, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				ended <- []Finding{internalError(p)}
			}
		}()
		ended <- check.Run(own, c)
	}()

	var findings []Finding
	select {
	case findings = <-ended:
	case <-own.Done():
		select {
		case findings = <-ended:
		case <-time.After(abandonGrace):
			return stopped(ctx, check, time.Since(begin))
		}
	}
	took := time.Since(begin)
	if ctx.Err() != nil {
		// What a check says of a network that was cut off under it is no finding.
		return stopped(ctx, check, took)
	}
	res := Result{Check: check, Status: statusOf(findings), Findings: withFixes(findings), Took: took}
	if check.Moot != nil && res.Status == StatusPass {
		if skip := check.Moot(c); skip != nil {
			res.Status, res.Skip = StatusSkip, skip
			return res
		}
	}
	if check.Outcome != nil && res.Status != StatusError {
		res.Outcome = check.Outcome(c)
	}
	return res
}

// stopped is the result of a check that the end of ctx, or its own time-out,
// cut off.
func stopped(ctx context.Context, check Check, took time.Duration) Result {
	f := finding.New(finding.DoctorTimeout, finding.Fail,
		"this check did not come back within %s, so it says nothing about what it was to check", roundTook(took))
	switch {
	case errors.Is(context.Cause(ctx), ErrTimeout):
		f = finding.New(finding.DoctorTimeout, finding.Fail,
			"the time given to the whole run was over before this check had ended")
	case ctx.Err() != nil:
		f = finding.New(finding.DoctorCancelled, finding.Fail, "interrupted before this check had ended")
	}
	return Result{Check: check, Status: StatusError, Findings: withFixes([]Finding{f}), Took: took}
}

func roundTook(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

// internalError keeps what a panic said, and where it came from; values are
// cleaned, because a panic may carry a token.
func internalError(p any) Finding {
	where := ""
	for _, line := range strings.Split(string(debug.Stack()), "\n") {
		if strings.HasPrefix(line, "\t") && strings.Contains(line, "lkdoctor/") && !strings.Contains(line, "checks/runner.go") ||
			strings.HasPrefix(line, "\t") && strings.Contains(line, "/checks/") && !strings.Contains(line, "checks/runner.go") {
			where = strings.TrimSpace(line)
			break
		}
	}
	if i := strings.LastIndex(where, "/checks/"); i >= 0 {
		where = where[i+1:]
	}
	if i := strings.Index(where, " +0x"); i >= 0 {
		where = where[:i]
	}
	return finding.New(finding.DoctorInternal, finding.Fail, "lkdoctor itself failed here: %s",
		clean.Line(clean.Redact(fmt.Sprint(p)), 200)).With("where", clean.Line(where, 120))
}

type progressKey struct{}

type progress struct {
	id   string
	send func(Event)
}

func withProgress(ctx context.Context, id string, send func(Event)) context.Context {
	return context.WithValue(ctx, progressKey{}, progress{id: id, send: send})
}

// Waiting tells the faces what the running check waits for. Outside a run it
// does nothing.
func Waiting(ctx context.Context, format string, args ...any) {
	if p, ok := ctx.Value(progressKey{}).(progress); ok {
		p.send(Event{Kind: CheckWaiting, ID: p.id, Text: finding.Textf(format, args...)})
	}
}
