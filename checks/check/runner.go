package check

import (
	"context"
	"errors"
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
		results: make(Ended, len(p.Checks)),
		begin:   time.Now(), started: make(map[string]time.Time, len(p.Checks)),
		events:  make(chan Event, 4*len(p.Checks)),
		done:    make(chan Result, len(p.Checks)),
		cancels: map[string]context.CancelCauseFunc{},
		observe: observe,
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
	begin   time.Time
	started map[string]time.Time
	events  chan Event
	done    chan Result
	cancels map[string]context.CancelCauseFunc
	observe func(Event)
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
			if cancel, started := r.cancels[id]; started {
				cancel(errSkipped)
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
			if !r.waiting(c.Spec) || !r.free(c.Spec) {
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

func (r *runner) waiting(c Spec) bool {
	_, ended := r.results[c.ID]
	_, started := r.started[c.ID]
	return !ended && !started
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
		need, known := r.results[id]
		switch {
		case !known:
		case need.Status == StatusFail || need.Status == StatusError, need.Status == StatusSkip && need.Skip.ByHand:
			return r.blockedBy(id)
		case need.Status == StatusSkip && need.Skip.Reason == Blocked:
			return r.blockedBy(need.Skip.By)
		case need.Status == StatusSkip:
			return &Skip{Reason: need.Skip.Reason, Text: need.Skip.Text}
		}
	}
	return nil
}

// named completes a skip that a check reported: it sets the sentence, and the failed
// check instead of one that was skipped for it.
func (r *runner) named(skip *Skip) *Skip {
	if skip == nil || skip.Reason != Blocked || !skip.Text.IsZero() {
		return skip
	}
	if by, known := r.results[skip.By]; known && by.Status == StatusSkip && by.Skip.Reason == Blocked {
		return r.blockedBy(by.Skip.By)
	}
	return r.blockedBy(skip.By)
}

func (r *runner) blockedBy(id string) *Skip {
	spec := r.spec(id)
	if !spec.Lacks.IsZero() {
		return &Skip{Reason: Blocked, By: id, Text: finding.Textf("not run: %s", spec.Lacks)}
	}
	title := spec.Title
	if title.IsZero() {
		title = finding.Textf("%s", id)
	}
	return &Skip{Reason: Blocked, By: id, Text: finding.Textf("not run: needs “%s”", title)}
}

func (r *runner) start(ctx context.Context, c Check) {
	r.started[c.ID] = time.Now()
	r.observe(Event{Kind: CheckStarted, ID: c.ID})
	ended := Ended{}
	for _, id := range c.reads() {
		if res, known := r.results[id]; known {
			ended[id] = res
		}
	}
	own, cancel := context.WithCancelCause(ctx)
	r.cancels[c.ID] = cancel
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

func (r *runner) end(res Result) {
	res.Skip = r.named(res.Skip)
	if at, started := r.started[res.Check.ID]; started {
		res.Began = at.Sub(r.begin)
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
	grace := time.NewTimer(abandonGrace + 300*time.Millisecond)
	defer grace.Stop()
	for r.unfinished() > 0 {
		select {
		case <-r.events:
		case res := <-r.done:
			r.end(res)
		case <-grace.C:
			for id := range r.started {
				if _, ended := r.results[id]; !ended {
					r.end(stopped(ctx, r.spec(id), time.Since(r.started[id])))
				}
			}
		}
	}
	cause := r.firstStopped()
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

func (r *runner) unfinished() int {
	n := 0
	for id := range r.started {
		if _, ended := r.results[id]; !ended {
			n++
		}
	}
	return n
}

func (r *runner) firstStopped() string {
	for _, c := range r.Checks {
		if res, ended := r.results[c.ID]; ended && res.Status == StatusError {
			return c.ID
		}
	}
	return ""
}

// spec returns the check with that ID, or a zero Spec if the plan has none.
func (r *runner) spec(id string) Spec {
	for _, c := range r.Checks {
		if c.ID == id {
			return c.Spec
		}
	}
	return Spec{}
}

func (r *runner) ordered() []Result {
	out := make([]Result, 0, len(r.Checks))
	for _, c := range r.Checks {
		out = append(out, r.results[c.ID])
	}
	return out
}
