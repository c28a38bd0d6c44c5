// Package checks is the doctor itself: the checks of each stage, the runner
// that overlaps them, and the diagnosis that turns their results into one root
// cause, one owner and the next steps.
//
// A new check is a file named stage_subject.go with one constructor that
// returns a Check, a line in All (registry.go), and a page in
// checks/catalogue for each code that it can emit.
package checks

import (
	"context"
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
	// Findings are worth knowing although there was nothing to check. They are
	// of severity info.
	Findings []Finding
}

// BlockedBy is the skip of a check that the check id stands in the way of.
func BlockedBy(id string) *Skip { return &Skip{Reason: Blocked, By: id} }

// NotHere is the skip of a check that has nothing to do in this run.
func NotHere(format string, args ...any) *Skip {
	return &Skip{Reason: NotApplicable, Text: finding.Textf(format, args...)}
}

// Ended are the checks that have ended so far, by ID.
type Ended map[string]Result

// Stopped tells whether check id failed, or never ran because another did.
func (e Ended) Stopped(id string) bool {
	r, ended := e[id]
	return ended && (r.Status == StatusFail || r.Status == StatusError ||
		r.Status == StatusSkip && r.Skip.Reason == Blocked)
}

// Check is one question with a stable ID.
type Check struct {
	// ID is public API, such as "token.claims".
	ID    string
	Stage Stage
	// Title is a sentence that is true when the check passes.
	Title Text
	// Short is the row's name in a narrow place, such as "Token claims".
	Short Text
	// Needs are the checks that must not have failed: their products are read.
	Needs []string
	// After are checks to wait for whatever their outcome: their products are
	// read when they are there.
	After []string
	// Timeout bounds Run; the runner abandons a check that ignores it.
	Timeout time.Duration
	// Ready returns why the check has nothing to do in this run, or nil. It is
	// asked once Needs and After have ended. It must not block.
	Ready func(*Case, Ended) *Skip
	// Run does the work and returns what it found; no finding is a pass. It
	// must end when ctx does, and write only its own products of the Case.
	Run func(ctx context.Context, c *Case) []Finding
	// Moot, asked after Run, tells that there turned out to be nothing to check:
	// the check is then skipped, not passed. It may be nil.
	Moot func(*Case) *Skip
	// Outcome is the one line of a check that ran: what was seen. It is asked
	// after Run, and may be nil.
	Outcome func(*Case) Outcome
	// Extra tells that the check goes beyond its stage's claim (--media): its
	// outcome is not the stage's own line.
	Extra bool
}

// Outcome is what a check that ran has to show even when nothing is wrong.
type Outcome struct {
	Text  Text
	Facts Facts
}

// Result is a check that has ended.
type Result struct {
	Check    Check
	Status   Status
	Skip     *Skip
	Findings []Finding
	Outcome  Outcome
	Took     time.Duration
}

// EventKind says what an Event tells.
type EventKind int

// The kinds of events, in the order in which a check goes through them.
const (
	// RunStarted comes first, once.
	RunStarted EventKind = iota
	// CheckStarted tells that a check runs.
	CheckStarted
	// CheckWaiting tells what a running check waits for.
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

// statusOf derives a check's status from its findings.
func statusOf(findings []Finding) Status {
	for _, f := range findings {
		if isDoctorCode(f.Code) {
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

func isDoctorCode(code Code) bool {
	return code == finding.DoctorInternal || code == finding.DoctorTimeout || code == finding.DoctorCancelled
}
