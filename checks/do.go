package checks

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

// Do runs the chosen checks against c and returns the finished run. It leaves
// every room that it joins, spends at most the one ticket that c carries, and
// leaves no connection open. strict makes warnings fail the exit code.
func Do(ctx context.Context, c *Case, strict bool, observe func(check.Event)) check.Run {
	begin, started := time.Now(), c.Now()
	observe(check.Event{Kind: check.RunStarted})
	plan, hide := c.plan()
	results := plan.Execute(ctx, observe)
	c.Close()

	e := hide().evidence(c.evidence(results))
	e.Nothing = nothing(plan, results)
	run := check.Run{
		StartedAt: started, Took: time.Since(begin),
		Target: c.target(), Settings: c.Settings.Shown(), TicketSpent: c.TicketSpent(),
	}
	run.Results, run.Diagnosis = diagnosis.Conclude(e)
	run.Token = c.compared(run.Results, hide().text)
	run.Summary = check.Summarise(run.Results)
	run.Status = run.Summary.Worst()
	run.ExitCode = exitCode(run, strict, ctx)
	if !e.Nothing.IsZero() && run.ExitCode == check.ExitOK {
		run.Status, run.ExitCode = check.StatusError, check.ExitDoctor
	}
	observe(check.Event{Kind: check.RunEnded, Run: &run})
	return run
}

// plan is what c's run does. Each result is cleaned of secrets, and gets its
// owner and fixes as far as they are known, before anybody sees it.
func (c *Case) plan() (plan check.Plan, hide func() *hider) {
	list := All(c)
	c.made.chosen = c.Options.Selection().Chosen(check.Specs(list))
	// The hider is made with the first result: it reads the env files once more,
	// while the network is being waited for.
	hide = sync.OnceValue(func() *hider { return newHider(c) })
	return check.Plan{
		Checks: list, Select: c.Options.Selection(), Prior: c.prior, Skips: c.Skips,
		Clean: func(s string) string { return clean.Line(clean.Redact(s), 200) },
		Finish: func(r check.Result) check.Result {
			return diagnosis.Preview(hide().evidence(c.preview()), hide().result(r))
		},
	}, hide
}

// nothing says why nothing of what was asked for was checked; it is empty where
// something was, or went wrong.
func nothing(plan check.Plan, results []check.Result) Text {
	var why Text
	for _, r := range results {
		switch {
		case !plan.Select.Asked(r.Check):
		case r.Status != check.StatusSkip:
			return Text{}
		case why.IsZero():
			why = r.Skip.Text
		}
	}
	if why.IsZero() {
		return finding.Textf("no check was asked for")
	}
	return why
}

func exitCode(run check.Run, strict bool, ctx context.Context) int {
	interrupted := ctx.Err() != nil && !errors.Is(context.Cause(ctx), check.ErrTimeout)
	switch {
	case interrupted && run.Summary.Error > 0:
		return check.ExitInterrupted
	case run.Summary.Error > 0:
		return check.ExitDoctor
	case run.Summary.Fail > 0, strict && run.Summary.Warn > 0:
		return check.ExitFailed
	}
	return check.ExitOK
}

// Continue makes c go on where an earlier run left off: the stages before from
// keep their results and products, so that a ticket is not consumed again.
// Call it before Do.
func (c *Case) Continue(earlier *Case, results []check.Result, from check.Stage) {
	order := check.Stages()
	c.keep(earlier, results, func(s check.Stage) bool { return slices.Index(order, s) < slices.Index(order, from) })
}

// Watch makes c one of the runs that follow the env files: it joins no room, so
// that it calls no agent, and consumes no ticket. What the ticket of the run
// before brought is examined again. Call it before Do.
func (c *Case) Watch(earlier *Case, results []check.Result) {
	c.Options.Watched, c.Options.NoJoin = true, true
	answered := earlier != nil && slices.ContainsFunc(results, func(r check.Result) bool {
		return r.Check.Stage == check.StageTicket && (r.Status == check.StatusPass || r.Status == check.StatusWarn || r.Status == check.StatusFail)
	})
	if answered && earlier.TicketSpent() {
		c.keep(earlier, results, func(s check.Stage) bool { return s == check.StageTicket })
		if c.answer() != nil {
			return
		}
	}
	c.setTicket(config.Setting{Name: c.Settings.Ticket.Name, Flag: c.Settings.Ticket.Flag, Sensitive: true})
}

// setTicket replaces the ticket of the run.
func (c *Case) setTicket(ticket config.Setting) {
	settings := *c.Settings
	settings.Ticket = ticket
	c.Settings = &settings
}

// keep takes over the results and products of those stages of an earlier run.
func (c *Case) keep(earlier *Case, results []check.Result, stage func(check.Stage) bool) {
	kept := func(id string) bool {
		return slices.ContainsFunc(results, func(r check.Result) bool {
			return r.Check.ID == id && r.Status != check.StatusError && stage(r.Check.Stage)
		})
	}
	for _, r := range results {
		if kept(r.Check.ID) {
			c.prior = append(c.prior, r)
		}
	}
	if earlier.TicketSpent() && stage(check.StageTicket) {
		c.setTicket(earlier.Settings.Ticket) // whether it was configured or typed
	}
	c.products().carry(earlier.products(), kept)
}

// Broken is the run of a doctor that could not begin: the first check carries
// the reason, the others were not run. The exit code is that of a doctor's own
// failure.
func Broken(now time.Time, reason string) check.Run {
	return unbegun(now, check.ExitDoctor, finding.New(finding.DoctorInternal, finding.Fail,
		"lkdoctor could not begin: %s", clean.Line(reason, 300)).As("could-not-begin").By(finding.OwnerConfig))
}

// Interrupted is the run of a doctor that was told to stop before it had begun.
func Interrupted(now time.Time) check.Run {
	return unbegun(now, check.ExitInterrupted, finding.New(finding.DoctorCancelled, finding.Fail,
		"interrupted before this check had ended").By(finding.OwnerNone))
}

// unbegun is a run in which nothing was checked, because of f.
func unbegun(now time.Time, exit int, f Finding) check.Run {
	run := check.Run{
		StartedAt: now, Target: check.Target{TokenSource: check.SourceNone}, Settings: []config.Shown{},
		Status: check.StatusError, ExitCode: exit,
	}
	specs := Specs()
	for i, spec := range specs {
		if i == 0 {
			run.Results = append(run.Results, check.Result{Check: spec, Status: check.StatusError, Findings: []Finding{f}})
			continue
		}
		run.Results = append(run.Results, check.Result{Check: spec, Status: check.StatusSkip, Skip: &check.Skip{
			Reason: check.Blocked, By: specs[0].ID, Text: finding.Textf("not run: lkdoctor could not begin"),
		}})
	}
	run.Results, run.Diagnosis = diagnosis.Conclude(diagnosis.Evidence{Results: run.Results})
	run.Diagnosis.Broke, run.Diagnosis.Summary = f.Message, f.Message
	run.Summary = check.Summarise(run.Results)
	return run
}
