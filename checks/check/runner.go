package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"lkdoctor/checks/finding"
)

// ErrTimeout is the cause of a context that --timeout ended.
var ErrTimeout = errors.New("the time given to the run is over")

// errSkipped is the cause of the context of a check that the user skipped.
var errSkipped = errors.New("the check was skipped")

// Plan is a list of checks to run.
type Plan struct {
	// Checks are in the order shown. Needs and Uses have no cycle.
	Checks []Check
	Select Selection
	// Prior are results of an earlier run that remain valid; their checks do not run.
	Prior []Result
	// Skips receives IDs of running checks to skip. It may be nil. It must not be closed.
	Skips <-chan string
	// Finish completes each result before it is observed. It may be nil.
	Finish func(Result) Result
	// Clean makes the text of a panic safe to show.
	Clean func(string) string
}

// Execute runs the chosen checks. Each starts as soon as its needs and uses have
// ended, so independent ones overlap. Calls of observe do not overlap and are in the
// order of events. It returns the results in declared order after every check has
// ended, or shortly after ctx has.
func (p Plan) Execute(ctx context.Context, observe func(Event)) []Result {
	r := &runner{
		Plan: p, chosen: p.Select.Chosen(Specs(p.Checks)),
		results: make(Ended, len(p.Checks)), running: map[string]running{}, begin: time.Now(),
		events: make(chan Event, 4*len(p.Checks)), done: make(chan Result, len(p.Checks)), observe: observe,
	}
	return r.run(ctx)
}

// Specs returns the descriptions of checks.
func Specs(list []Check) []Spec {
	out := make([]Spec, len(list))
	for i, c := range list {
		out[i] = c.Spec
	}
	return out
}

type runner struct {
	Plan
	chosen  map[string]bool
	results Ended
	running map[string]running
	begin   time.Time
	events  chan Event
	done    chan Result
	observe func(Event)
}

// running is a check that was started and has not ended.
type running struct {
	began  time.Time
	cancel context.CancelCauseFunc
}

func (r *runner) run(ctx context.Context) []Result {
	for _, res := range r.Prior {
		res.Began = -1
		r.end(res)
	}
	for {
		r.startReady(ctx)
		if len(r.results) == len(r.Checks) {
			return r.ordered()
		}
		select {
		case e := <-r.events:
			r.observe(e)
		case res := <-r.done:
			r.end(res)
		case id := <-r.Skips:
			if c, runs := r.running[id]; runs {
				c.cancel(errSkipped)
			}
		case <-ctx.Done():
			r.drain(ctx)
			return r.ordered()
		}
	}
}

// startReady starts or skips every check that waits for nothing. A skip may release
// others, so it repeats until nothing changes.
func (r *runner) startReady(ctx context.Context) {
	for changed := true; changed; {
		changed = false
		for _, c := range r.Checks {
			_, ended := r.results[c.ID]
			if _, runs := r.running[c.ID]; runs || ended || !r.free(c.Spec) {
				continue
			}
			changed = true
			if skip := r.skip(c.Spec); skip != nil {
				r.end(Result{Check: c.Spec, Status: StatusSkip, Skip: skip})
				continue
			}
			r.start(ctx, c)
		}
	}
}

// free reports whether all checks that c reads have ended, or c is not to run.
func (r *runner) free(c Spec) bool {
	if !r.chosen[c.ID] {
		return true
	}
	for _, id := range c.reads() {
		if _, ended := r.results[id]; !ended && r.spec(id).ID != "" {
			return false
		}
	}
	return true
}

// skip returns why c does not run: not requested, or blocked by a failed check. It
// returns nil if c runs.
func (r *runner) skip(c Spec) *Skip {
	if !r.chosen[c.ID] {
		return &Skip{Reason: NotRequested, Text: r.Select.Why(c)}
	}
	for _, id := range c.Needs {
		switch need := r.results[id]; {
		case need.Skip == nil && (need.Serves && need.Status == StatusFail || need.Status != StatusFail && need.Status != StatusError):
		case need.Skip == nil, need.Skip.ByHand, need.Skip.Reason == Blocked:
			return r.blockedBy(id)
		default:
			return &Skip{Reason: need.Skip.Reason, Text: need.Skip.Text}
		}
	}
	return nil
}

// blockedBy returns the skip of a check that check id prevents, or the check that id
// was itself skipped for.
func (r *runner) blockedBy(id string) *Skip {
	if skip := r.results[id].Skip; skip != nil && skip.Reason == Blocked {
		id = skip.By
	}
	skip := &Skip{Reason: Blocked, By: id}
	switch spec := r.spec(id); {
	case !spec.Lacks.IsZero():
		skip.Text = finding.Textf("not run: %s", spec.Lacks)
	case !spec.Title.IsZero():
		skip.Text = finding.Textf("not run: needs “%s”", spec.Title)
	default:
		skip.Text = finding.Textf("not run: needs “%s”", id)
	}
	return skip
}

func (r *runner) start(ctx context.Context, c Check) {
	own, cancel := context.WithCancelCause(ctx)
	r.running[c.ID] = running{time.Now(), cancel}
	r.observe(Event{Kind: CheckStarted, ID: c.ID})
	ended := Ended{}
	for _, id := range c.reads() {
		if res, known := r.results[id]; known {
			ended[id] = res
		}
	}
	go func() {
		defer cancel(nil)
		r.done <- runOne(own, c, ended, r.Clean, func(e Event) {
			select {
			case r.events <- e:
			default: // a slow observer loses a progress line, never a result
			}
		})
	}()
}

// end records a result. It completes a skip that the check reported.
func (r *runner) end(res Result) {
	if skip := res.Skip; skip != nil && skip.Reason == Blocked && skip.Text.IsZero() {
		res.Skip = r.blockedBy(skip.By)
	}
	if c, ran := r.running[res.Check.ID]; ran {
		res.Began = c.began.Sub(r.begin)
		delete(r.running, res.Check.ID)
	}
	if r.Finish != nil {
		res = r.Finish(res)
	}
	r.results[res.Check.ID] = res
	r.observe(Event{Kind: CheckEnded, ID: res.Check.ID, Result: res})
}

// drain collects the checks that end within the grace after ctx, and records the rest
// as stopped.
func (r *runner) drain(ctx context.Context) {
	grace := time.After(abandonGrace + 300*time.Millisecond)
	for len(r.running) > 0 {
		select {
		case <-r.events:
		case res := <-r.done:
			r.end(res)
		case <-grace:
			for id, c := range r.running {
				r.end(stopped(ctx, r.spec(id), time.Since(c.began)))
			}
		}
	}
	cause := ""
	for _, res := range r.ordered() {
		if res.Status == StatusError {
			cause = res.Check.ID
			break
		}
	}
	for _, c := range r.Checks {
		if _, ended := r.results[c.ID]; ended {
			continue
		}
		if cause == "" {
			cause = c.ID
			r.end(stopped(ctx, c.Spec, 0))
			continue
		}
		r.end(Result{Check: c.Spec, Status: StatusSkip, Skip: &Skip{
			Reason: Blocked, By: cause, Text: finding.Textf("not run: the run was stopped"),
		}})
	}
}

func (r *runner) spec(id string) Spec {
	for _, c := range r.Checks {
		if c.ID == id {
			return c.Spec
		}
	}
	return Spec{}
}

func (r *runner) ordered() []Result {
	out := make([]Result, len(r.Checks))
	for i, c := range r.Checks {
		out[i] = r.results[c.ID]
	}
	return out
}

// abandonGrace is the time a check may take after its deadline, for example to leave a
// room. After it the runner abandons the check and reports it as stuck.
const abandonGrace = 700 * time.Millisecond

// runOne runs one check within its time-out. A panic becomes DOCTOR_INTERNAL, a check
// that does not return DOCTOR_TIMEOUT.
func runOne(ctx context.Context, c Check, before Ended, clean func(string) string, send func(Event)) Result {
	begin := time.Now()
	own, cancel := context.WithTimeout(context.WithValue(ctx, waitingKey{}, waiting{c.ID, send}), cmp.Or(c.Timeout, time.Second))
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
	res := Result{Check: c.Spec, Status: StatusOf(report.Findings), Findings: report.Findings, Serves: report.Serves, Took: took}
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
		"this check did not end within %s, so its result is unknown", took.Round(10*time.Millisecond))
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
	where := ""
	for line := range strings.SplitSeq(string(debug.Stack()), "\n") {
		if strings.HasPrefix(line, "\t") && strings.Contains(line, "/checks/") && !strings.Contains(line, "/checks/check/runner.go") {
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

// waitingKey is the key under which the context of a running check holds its waiting:
// the check's ID and the function that takes its events.
type waitingKey struct{}

type waiting struct {
	id   string
	send func(Event)
}

// Waiting sends an event that says what the running check waits for. Outside a run it
// does nothing.
func Waiting(ctx context.Context, format string, args ...any) {
	if w, ok := ctx.Value(waitingKey{}).(waiting); ok {
		w.send(Event{Kind: CheckWaiting, ID: w.id, Text: finding.Textf(format, args...)})
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
		"the time for this check was over before it had ended, so its result is unknown"))
}
