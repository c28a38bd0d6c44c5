package checks

import (
	"context"
	"sync"
	"time"

	"lkdoctor/checks/finding"
)

// Execute runs the selected checks of list against c: every check whose needs
// are met starts at once, so independent ones overlap. observe is called from
// one goroutine at a time, in the order of events. It returns when every check
// has ended, or shortly after ctx has.
//
// list must be sorted so that Needs and After name earlier checks, or later
// ones without a cycle; All is.
func Execute(ctx context.Context, c *Case, list []Check, observe func(Event)) []Result {
	r := &runner{
		c: c, list: list,
		selected: c.Options.selects(list),
		results:  make(Ended, len(list)),
		started:  make(map[string]time.Time, len(list)),
		events:   make(chan Event, 4*len(list)),
		done:     make(chan Result, len(list)),
		observe:  observe,
		hide:     sync.OnceValue(func() *hider { return newHider(c) }),
	}
	return r.run(ctx)
}

type runner struct {
	c        *Case
	list     []Check
	selected map[string]bool
	results  Ended
	started  map[string]time.Time
	events   chan Event
	done     chan Result
	observe  func(Event)
	// hide is made with the first result: it reads the env files once more, while
	// the network is being waited for.
	hide func() *hider
}

func (r *runner) run(ctx context.Context) []Result {
	for _, res := range r.c.prior {
		r.end(res)
	}
	for {
		r.startReady(ctx)
		if len(r.results) == len(r.list) {
			return r.ordered()
		}
		select {
		case e := <-r.events:
			r.observe(e)
		case res := <-r.done:
			r.end(res)
		case <-ctx.Done():
			r.drain(ctx)
			return r.ordered()
		}
	}
}

// startReady starts or skips every check that waits for nothing any more. A
// skip may free others, so it goes round until nothing changes.
func (r *runner) startReady(ctx context.Context) {
	for changed := true; changed; {
		changed = false
		for _, check := range r.list {
			if !r.waiting(check) || !r.free(check) {
				continue
			}
			changed = true
			if skip := r.skip(check); skip != nil {
				r.end(Result{Check: check, Status: StatusSkip, Skip: skip, Findings: withFixes(skip.Findings)})
				continue
			}
			r.start(ctx, check)
		}
	}
}

func (r *runner) waiting(check Check) bool {
	_, ended := r.results[check.ID]
	_, started := r.started[check.ID]
	return !ended && !started
}

func (r *runner) free(check Check) bool {
	if !r.selected[check.ID] {
		return true
	}
	for _, ids := range [][]string{check.Needs, check.After} {
		for _, id := range ids {
			if _, ended := r.results[id]; !ended && r.knows(id) {
				return false
			}
		}
	}
	return true
}

func (r *runner) knows(id string) bool {
	for _, check := range r.list {
		if check.ID == id {
			return true
		}
	}
	return false
}

// skip tells why check does not run: not asked for, blocked by the first cause
// among its needs, or nothing for it to do.
func (r *runner) skip(check Check) *Skip {
	if !r.selected[check.ID] {
		return &Skip{Reason: NotRequested, Text: r.c.Options.notRequested(check)}
	}
	for _, id := range check.Needs {
		need, known := r.results[id]
		if !known {
			continue
		}
		switch {
		case need.Status == StatusFail || need.Status == StatusError:
			return r.blockedBy(id)
		case need.Status == StatusSkip && need.Skip.Reason == Blocked:
			return r.blockedBy(need.Skip.By)
		case need.Status == StatusSkip:
			return &Skip{Reason: need.Skip.Reason, Text: need.Skip.Text}
		}
	}
	if check.Ready == nil {
		return nil
	}
	return r.named(check.Ready(r.c, r.results))
}

// named gives a block that a Ready returned its sentence, when it has none.
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
	return &Skip{Reason: Blocked, By: id, Text: finding.Textf("not run: needs %s", r.title(id))}
}

func (r *runner) title(id string) Text {
	for _, check := range r.list {
		if check.ID == id {
			return check.Title
		}
	}
	return finding.Textf("%s", id)
}

func (r *runner) start(ctx context.Context, check Check) {
	r.started[check.ID] = time.Now()
	r.observe(Event{Kind: CheckStarted, ID: check.ID})
	go func() {
		r.done <- runOne(ctx, r.c, check, func(e Event) {
			select {
			case r.events <- e:
			default: // a face that lags loses a progress line, never a result
			}
		})
	}()
}

func (r *runner) end(res Result) {
	res = r.hide().result(res)
	r.results[res.Check.ID] = res
	r.observe(Event{Kind: CheckEnded, ID: res.Check.ID, Result: res})
}

// drain collects what still ends within the grace after ctx has ended, and
// closes the books on the rest.
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
					r.end(stopped(ctx, r.check(id), time.Since(r.started[id])))
				}
			}
		}
	}
	cause := r.firstStopped()
	for _, check := range r.list {
		if _, ended := r.results[check.ID]; ended {
			continue
		}
		if cause == "" {
			cause = check.ID
			r.end(stopped(ctx, check, 0))
			continue
		}
		r.end(Result{Check: check, Status: StatusSkip, Skip: &Skip{
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
	for _, check := range r.list {
		if res, ended := r.results[check.ID]; ended && res.Status == StatusError {
			return check.ID
		}
	}
	return ""
}

func (r *runner) check(id string) Check {
	for _, check := range r.list {
		if check.ID == id {
			return check
		}
	}
	return Check{ID: id}
}

func (r *runner) ordered() []Result {
	out := make([]Result, 0, len(r.list))
	for _, check := range r.list {
		out = append(out, r.results[check.ID])
	}
	return out
}
