// Package check is the doctor's model: what a check is, how it may end, how
// checks are run so that independent ones overlap, and what a finished run
// holds. It knows nothing of LiveKit and touches no network.
package check

import (
	"context"
	"sync/atomic"
	"time"

	"lkdoctor/checks/finding"
)

// The words that checks share with the pure packages below them.
type (
	// Code names one kind of finding.
	Code = finding.Code
	// Finding is one thing worth telling, as seen in this run.
	Finding = finding.Finding
	// Fix is one thing to do about a finding.
	Fix = finding.Fix
	// Facts are measured details.
	Facts = finding.Facts
	// Owner is the party that must act.
	Owner = finding.Owner
	// Text is a translatable sentence.
	Text = finding.Text
)

// Stage is a row of the report: a group of checks that answer one question.
type Stage string

// The stages, as the JSON contract spells them.
const (
	StageEnv       Stage = "env"
	StageTicket    Stage = "ticket"
	StageToken     Stage = "token"
	StageSignature Stage = "signature"
	StageJoin      Stage = "join"
	StageFallback  Stage = "fallback"
)

// Stages lists the stages in the order shown.
func Stages() []Stage {
	return []Stage{StageEnv, StageTicket, StageToken, StageSignature, StageJoin, StageFallback}
}

// Status is how a check ended. It is derived, never chosen by a check.
type Status string

// The statuses, as the JSON contract spells them. StatusError means that the
// doctor itself could not finish: it is never shown as a pass.
const (
	StatusPass  Status = "pass"
	StatusWarn  Status = "warn"
	StatusFail  Status = "fail"
	StatusSkip  Status = "skip"
	StatusError Status = "error"
)

// StatusOf derives the status of a check from its findings.
func StatusOf(findings []Finding) Status {
	for _, f := range findings {
		if f.Code.IsDoctor() {
			return StatusError
		}
	}
	switch finding.Worst(findings) {
	case finding.Fail:
		return StatusFail
	case finding.Warn:
		return StatusWarn
	}
	return StatusPass
}

// SkipReason says why a check did not run.
type SkipReason string

// The reasons, as the JSON contract spells them.
const (
	Blocked       SkipReason = "blocked"
	NotApplicable SkipReason = "not_applicable"
	NotRequested  SkipReason = "not_requested"
)

// Skip is why a check did not run.
type Skip struct {
	Reason SkipReason
	// By is the ID of the check that blocks it, the first cause and not the
	// previous skip; empty for the other reasons.
	By string
	// Text says so to people; a block without one gets its sentence from By.
	Text Text
	// ByHand tells that somebody did not want to wait for the check any longer.
	ByHand bool
}

// Spec is what is known of a check before it runs. It is plain data.
type Spec struct {
	// ID is public API, such as "token.claims".
	ID    string
	Stage Stage
	// Title is a sentence that is true when the check passes.
	Title Text
	// Short is the row's name in a narrow place, such as "Token claims".
	Short Text
	// Needs are the checks that must not have failed, because their products are
	// read. Uses are checks whose products are read where they are there; they
	// may have failed. The check starts when all of both have ended.
	Needs, Uses []string
	// Timeout bounds Run; the runner abandons a check that ignores it.
	Timeout time.Duration
	// Lacks says of other checks why they cannot run when this one does not pass,
	// such as "no readable token".
	Lacks Text
	// Also names what the check looks at where that goes beyond the claim of its
	// stage, such as "the server API": its outcome is not the stage's own line.
	Also Text
}

// Reads reports whether the check may read what the check id made: its own
// product, or one that it declares.
func (s Spec) Reads(id string) bool {
	if s.ID == id {
		return true
	}
	for _, ids := range [][]string{s.Needs, s.Uses} {
		for _, other := range ids {
			if other == id {
				return true
			}
		}
	}
	return false
}

// Check is one question with a stable ID.
type Check struct {
	Spec
	// Run does the work. ended holds the results of Needs and Uses. It must end
	// when ctx does.
	Run func(ctx context.Context, ended Ended) Report
}

// Report is what Run comes to. No finding is a pass.
type Report struct {
	Findings []Finding
	// Outcome is what was seen even when nothing is wrong.
	Outcome Outcome
	// Skip says that there was nothing to check. Findings are then of severity
	// info.
	Skip *Skip
}

// Found is a report of findings alone.
func Found(findings ...Finding) Report { return Report{Findings: findings} }

// NotHere is the report of a check that has nothing to do in this run.
func NotHere(format string, args ...any) Report {
	return Report{Skip: &Skip{Reason: NotApplicable, Text: finding.Textf(format, args...)}}
}

// Unasked is the report of a check that nobody asked for in this run.
func Unasked(format string, args ...any) Report {
	return Report{Skip: &Skip{Reason: NotRequested, Text: finding.Textf(format, args...)}}
}

// BlockedBy is the report of a check that the check id stands in the way of.
func BlockedBy(id string) Report { return Report{Skip: &Skip{Reason: Blocked, By: id}} }

// Outcome is one line on what a check saw, and the facts behind it.
type Outcome struct {
	Text  Text
	Facts Facts
}

// Result is a check that has ended.
type Result struct {
	Check    Spec
	Status   Status
	Skip     *Skip
	Findings []Finding
	Outcome  Outcome
	Took     time.Duration
	// Began is when the check started, counted from the run's start; negative for
	// a result of an earlier run.
	Began time.Duration
}

// Ended are checks that have ended, by ID.
type Ended map[string]Result

// Stopped reports whether the check id failed, or never ran because another
// did.
func (e Ended) Stopped(id string) bool {
	r, ended := e[id]
	return ended && (r.Status == StatusFail || r.Status == StatusError ||
		r.Status == StatusSkip && r.Skip.Reason == Blocked)
}

// Product is what one check learns and others read.
type Product[T any] struct {
	// By is the ID of the check that makes it.
	By    string
	value atomic.Pointer[T]
}

// Set is called by the check that makes the product, before it returns.
func (p *Product[T]) Set(value *T) { p.value.Store(value) }

// For returns the product to reader, and nil where it was not made. A nil
// reader is not a check: it comes after the run and may read everything. A
// check that did not declare the product panics, which is its author's mistake:
// the product might be written at the same time.
func (p *Product[T]) For(reader *Spec) *T {
	if reader != nil && !reader.Reads(p.By) {
		panic("the check " + reader.ID + " reads the product of " + p.By + ", which is in neither its Needs nor its Uses")
	}
	return p.value.Load()
}

// Carry copies the product of an earlier run to p.
func (p *Product[T]) Carry(earlier *Product[T]) { p.value.Store(earlier.value.Load()) }

// EventKind says what an Event is about.
type EventKind int

// The kinds of events, in the order in which a check goes through them.
const (
	// RunStarted comes first, once.
	RunStarted EventKind = iota
	// CheckStarted says that a check runs.
	CheckStarted
	// CheckWaiting says what a running check waits for.
	CheckWaiting
	// CheckEnded carries the Result.
	CheckEnded
	// RunEnded carries the whole Run, once, last.
	RunEnded
)

// Event is one step of a run. One seam, observe(Event), feeds every face.
type Event struct {
	Kind   EventKind
	ID     string
	Text   Text
	Result Result
	Run    *Run
}
