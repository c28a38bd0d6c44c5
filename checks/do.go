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
	results := plan.Execute(ctx, func(e check.Event) {
		// The event's text may hold a secret; results are cleaned by Plan.Finish.
		e.Text = c.Redact.HideIn(e.Text).(Text)
		observe(e)
	})
	c.Close()

	redact := hide()
	e := hideInEvidence(redact, c.evidence(results))
	e.Nothing = nothing(plan, results)
	run := check.Run{
		StartedAt: started, Took: time.Since(begin),
		Target: redact.HideIn(c.target()).(check.Target), Settings: redact.HideIn(c.Settings.Shown()).([]config.Shown),
		TicketSpent: c.TicketSpent(),
	}
	run.Results, run.Diagnosis = diagnosis.Conclude(e)
	run.Token = c.compared(run.Results, redact.Hide)
	run.Summary = check.Summarise(run.Results)
	run.Status = run.Summary.Worst()
	run.ExitCode = exitCode(ctx, run, strict)
	if !e.Nothing.IsZero() && run.ExitCode == check.ExitOK {
		run.Status, run.ExitCode = check.StatusError, check.ExitDoctor
	}
	observe(check.Event{Kind: check.RunEnded, Run: &run})
	return run
}

// plan returns the checks of c's run, whose results come without secrets, and with
// owner and fixes as far as known. hide returns the Redactor that knows all secrets.
func (c *Case) plan() (plan check.Plan, hide func() *clean.Redactor) {
	if c.Redact == nil {
		c.Redact = clean.NewRedactor()
	}
	c.Redact.Learn(Secrets(c.Settings, c.Options)...)
	if c.Net.Redact == nil {
		c.Net.Redact = c.Redact
	}
	list := All(c)
	c.made.chosen = c.Options.Selection().Chosen(check.Specs(list))
	// Candidates are learned with the first result, while the network is awaited.
	hide = sync.OnceValue(c.learnCandidates)
	return check.Plan{
		Checks: list, Select: c.Options.Selection(), Prior: c.prior, Skips: c.Skips,
		Clean: func(s string) string { return c.Redact.Clean(s, 200) },
		Finish: func(r check.Result) check.Result {
			return diagnosis.Preview(hideInEvidence(hide(), c.preview()), hideInResult(hide(), r))
		},
	}, hide
}

// nothing returns why no selected check ran; it is empty where one ran or failed.
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

func exitCode(ctx context.Context, run check.Run, strict bool) int {
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

// Continue lets c reuse an earlier run: the stages before from keep their results
// and products, so that no ticket is consumed again. If the LiveKit settings have changed
// meanwhile, only the ticket's stage keeps them. Call it before Do.
func (c *Case) Continue(earlier *Case, results []check.Result, from check.Stage) {
	order, a, b := check.Stages(), earlier.Settings, c.Settings
	same := a.URL.Secret.Equal(b.URL.Secret) && a.APIKey.Secret.Equal(b.APIKey.Secret) && a.APISecret.Secret.Equal(b.APISecret.Secret)
	c.keep(earlier, results, func(s check.Stage) bool {
		return slices.Index(order, s) < slices.Index(order, from) && (same || s == check.StageTicket)
	})
}

// Watch makes c a run after a change of the env files: it joins no room, calls no agent
// and consumes no ticket, but examines the last token again. Call it before Do.
func (c *Case) Watch(earlier *Case, results []check.Result) {
	c.Options.Watched, c.Options.NoJoin = true, true
	answered := earlier != nil && slices.ContainsFunc(results, func(r check.Result) bool {
		return r.Check.Stage == check.StageTicket &&
			(r.Status == check.StatusPass || r.Status == check.StatusWarn || r.Status == check.StatusFail)
	})
	if answered && earlier.TicketSpent() {
		c.keep(earlier, results, func(s check.Stage) bool { return s == check.StageTicket })
		if c.answer() != nil {
			return
		}
	}
	c.setTicket(config.Setting{Name: c.Settings.Ticket.Name, Flag: c.Settings.Ticket.Flag, Sensitive: true})
}

func (c *Case) setTicket(ticket config.Setting) {
	settings := *c.Settings
	settings.Ticket = ticket
	c.Settings = &settings
}

func (c *Case) keep(earlier *Case, results []check.Result, stage func(check.Stage) bool) {
	kept := map[string]bool{}
	for _, r := range results {
		if r.Status != check.StatusError && stage(r.Check.Stage) {
			kept[r.Check.ID] = true
			c.prior = append(c.prior, r)
		}
	}
	if earlier.TicketSpent() && stage(check.StageTicket) {
		c.setTicket(earlier.Settings.Ticket) // whether it was configured or typed
	}
	c.products().carry(earlier.products(), kept)
}

// Broken returns the run of a doctor that could not begin: the first check carries the
// reason, and the exit code is that of an internal failure.
func Broken(now time.Time, reason string) check.Run {
	return unbegun(now, check.ExitDoctor, finding.New(finding.DoctorInternal, finding.Fail,
		"lkdoctor could not begin: %s", clean.Line(reason, 300)).As("could-not-begin").By(finding.OwnerConfig))
}

// Late returns the run of a doctor whose time-out passed before it began.
func Late(now time.Time, reason string) check.Run {
	return unbegun(now, check.ExitDoctor, finding.New(finding.DoctorTimeout, finding.Fail,
		"lkdoctor could not begin: %s", clean.Line(reason, 300)).As("run").By(finding.OwnerConfig))
}

// Interrupted returns the run of a doctor that was interrupted before it began.
func Interrupted(now time.Time) check.Run {
	return unbegun(now, check.ExitInterrupted, finding.New(finding.DoctorCancelled, finding.Fail,
		"interrupted before this check had ended").By(finding.OwnerNone))
}

func unbegun(now time.Time, exit int, f Finding) check.Run {
	run := check.Run{
		StartedAt: now, Target: check.Target{TokenSource: check.SourceNone}, Settings: []config.Shown{},
		Status: check.StatusError, ExitCode: exit,
	}
	specs := Specs()
	for _, spec := range specs {
		run.Results = append(run.Results, check.Result{Check: spec, Status: check.StatusSkip, Skip: &check.Skip{
			Reason: check.Blocked, By: specs[0].ID, Text: finding.Textf("not run: lkdoctor could not begin"),
		}})
	}
	run.Results[0] = check.Result{Check: specs[0], Status: check.StatusError, Findings: []Finding{f}}
	run.Results, run.Diagnosis = diagnosis.Conclude(diagnosis.Evidence{Results: run.Results})
	run.Diagnosis.Broke, run.Diagnosis.Summary = f.Message, f.Message
	run.Summary = check.Summarise(run.Results)
	return run
}
