package check

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"lkdoctor/checks/finding"
)

// abandonGrace is the time a check may take after its deadline, for example to leave a
// room. After it the runner abandons the check and reports it as stuck.
const abandonGrace = 700 * time.Millisecond

// runOne runs one check within its time-out. A panic becomes DOCTOR_INTERNAL, a check
// that does not return DOCTOR_TIMEOUT.
func runOne(ctx context.Context, c Check, before Ended, clean func(string) string, progress func(Event)) Result {
	begin := time.Now()
	limit := c.Timeout
	if limit <= 0 {
		limit = time.Second
	}
	own, cancel := context.WithTimeout(withProgress(ctx, c.ID, progress), limit)
	defer cancel()

	ended := make(chan Report, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				ended <- Found(internalError(p, clean))
			}
		}()
		ended <- c.Run(own, before)
	}()

	var report Report
	select {
	case report = <-ended:
	case <-own.Done():
		select {
		case report = <-ended:
		case <-time.After(abandonGrace):
			return stopped(ctx, c.Spec, time.Since(begin))
		}
	}
	took := time.Since(begin)
	if ctx.Err() != nil {
		// Failures after the network was cancelled are not findings.
		return stopped(ctx, c.Spec, took)
	}
	res := Result{Check: c.Spec, Status: StatusOf(report.Findings), Findings: report.Findings, Took: took}
	switch {
	case report.Skip != nil:
		res.Status, res.Skip = StatusSkip, report.Skip
	case res.Status != StatusError:
		res.Outcome = report.Outcome
	}
	return res
}

// stopped returns the result of a check that ctx or its own time-out cut off.
func stopped(ctx context.Context, c Spec, took time.Duration) Result {
	if errors.Is(context.Cause(ctx), errSkipped) {
		return Result{Check: c, Status: StatusSkip, Took: took, Skip: &Skip{
			Reason: NotRequested, ByHand: true, Text: finding.Textf("skipped by you"),
		}}
	}
	f := finding.New(finding.DoctorTimeout, finding.Fail,
		"this check did not come back within %s, so it says nothing about what it was to check", took.Round(10*time.Millisecond))
	switch {
	case errors.Is(context.Cause(ctx), ErrTimeout):
		f = finding.New(finding.DoctorTimeout, finding.Fail,
			"the time given to the whole run was over before this check had ended")
	case ctx.Err() != nil:
		f = finding.New(finding.DoctorCancelled, finding.Fail, "interrupted before this check had ended")
	}
	return Result{Check: c, Status: StatusError, Findings: []Finding{f}, Took: took}
}

// internalError reports a panic and where it occurred. It cleans the value, which may
// contain a token.
func internalError(p any, clean func(string) string) Finding {
	if clean == nil {
		clean = func(string) string { return "" }
	}
	where := ""
	for line := range strings.SplitSeq(string(debug.Stack()), "\n") {
		if strings.HasPrefix(line, "\t") && strings.Contains(line, "/checks/") && !strings.Contains(line, "/checks/check/run_one.go") {
			where = strings.TrimSpace(line)
			break
		}
	}
	if i := strings.LastIndex(where, "/checks/"); i >= 0 {
		where = where[i+1:]
	}
	where, _, _ = strings.Cut(where, " +0x")
	return finding.New(finding.DoctorInternal, finding.Fail, "lkdoctor itself failed here: %s", clean(fmt.Sprint(p))).
		With("where", clean(where))
}

type progressKey struct{}

type progress struct {
	id   string
	send func(Event)
}

func withProgress(ctx context.Context, id string, send func(Event)) context.Context {
	return context.WithValue(ctx, progressKey{}, progress{id: id, send: send})
}

// Waiting sends an event that says what the running check waits for. Outside a run it
// does nothing.
func Waiting(ctx context.Context, format string, args ...any) {
	if p, ok := ctx.Value(progressKey{}).(progress); ok {
		p.send(Event{Kind: CheckWaiting, ID: p.id, Text: finding.Textf(format, args...)})
	}
}

// Unfinished returns the report of a check whose context ended first: empty if the run
// was stopped, which the runner reports, and never a pass if the check's own time-out
// was exceeded.
func Unfinished(ctx context.Context) Report {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(context.Cause(ctx), ErrTimeout) {
		return Report{}
	}
	return Found(finding.New(finding.DoctorTimeout, finding.Fail,
		"the time for this check was over before it had ended, so it says nothing about what it was to check"))
}
