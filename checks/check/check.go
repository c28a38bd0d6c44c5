// Package check defines checks and runs them. It holds what a check is, how it may
// end, a runner that overlaps independent checks, and the result of a run. It is
// independent of LiveKit and does no I/O.
package check

import (
	"context"
	"slices"
	"time"

	"lkdoctor/checks/finding"
)

// The types that checks share with the pure packages.
type (
	// Code is the stable code of a kind of finding.
	Code = finding.Code
	// Finding is one problem or remark of this run.
	Finding = finding.Finding
	// Fix is one step to correct a finding.
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

// Status is the result of a check, derived from its findings.
type Status string

// The statuses, as the JSON contract spells them. StatusError means that the doctor
// could not finish the check; it is never shown as a pass.
const (
	StatusPass  Status = "pass"
	StatusWarn  Status = "warn"
	StatusFail  Status = "fail"
	StatusSkip  Status = "skip"
	StatusError Status = "error"
)

// StatusOf returns the status of a check with these findings.
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

// SkipReason is the kind of reason why a check did not run.
type SkipReason string

// The reasons, as the JSON contract spells them.
const (
	Blocked       SkipReason = "blocked"
	NotApplicable SkipReason = "not_applicable"
	NotRequested  SkipReason = "not_requested"
)

// Skip is the reason why a check did not run.
type Skip struct {
	Reason SkipReason
	// By is the ID of the check that blocks it: the one that failed, not one that was
	// skipped for it. It is empty for other reasons.
	By string
	// Text is the reason as a sentence. It may be zero if By is set.
	Text Text
	// ByHand is set if the user skipped the check while it ran.
	ByHand bool
}

// Spec is the description of a check. It is plain data.
type Spec struct {
	// ID is public API, such as "token.claims".
	ID    string
	Stage Stage
	// Title is a sentence that is true if the check passes.
	Title Text
	// Short is the name in a narrow row, such as "the WebSocket".
	Short Text
	// Needs are the checks that must not have failed, because their products are required;
	// a failed one whose Report says Serves has them.
	// Uses are checks whose products are read if present. The check starts when all of
	// both have ended.
	Needs, Uses []string
	// Timeout bounds Run; 0 is a second. The runner abandons a check that exceeds it.
	Timeout time.Duration
	// Lacks is the reason why other checks cannot run if this one does not pass, such as
	// "no readable token".
	Lacks Text
	// Also is set if the check exceeds its stage's question, and names what it examines,
	// such as "the server API". Its outcome is not used as the stage's line.
	Also Text
}

func (s Spec) reads() []string { return slices.Concat(s.Needs, s.Uses) }

// Reads reports whether the check may read the product of check id: its own, or one
// that it declares.
func (s Spec) Reads(id string) bool { return s.ID == id || slices.Contains(s.reads(), id) }

// Check is one question, its ID and its code.
type Check struct {
	Spec
	// Run does the work. ended holds the results of Needs and Uses. It must return when
	// ctx ends.
	Run func(ctx context.Context, ended Ended) Report
}

// Report is the result of Run. Without findings the check passes.
type Report struct {
	Findings []Finding
	// Outcome is what was seen, set even if nothing is wrong.
	Outcome Outcome
	// Skip is set if there was nothing to check. Findings then have severity info.
	Skip *Skip
	// Serves is set if a failure is not about what other checks need from this one, so
	// that it blocks none.
	Serves bool
}

// Found returns a report of findings alone.
func Found(findings ...Finding) Report { return Report{Findings: findings} }

// NotHere returns the report of a check that does not apply to this run.
func NotHere(format string, args ...any) Report {
	return Report{Skip: &Skip{Reason: NotApplicable, Text: finding.Textf(format, args...)}}
}

// Unasked returns the report of a check that was not requested.
func Unasked(format string, args ...any) Report {
	return Report{Skip: &Skip{Reason: NotRequested, Text: finding.Textf(format, args...)}}
}

// BlockedBy returns the report of a check that the failure of check id prevents.
func BlockedBy(id string) Report { return Report{Skip: &Skip{Reason: Blocked, By: id}} }

// Outcome is one line on what a check saw, and its facts.
type Outcome struct {
	Text  Text
	Facts Facts
	// Refused is set if what Also names answered and refused the question, which is no
	// fault of its own.
	Refused bool
}

// Result is the result of a check that has ended.
type Result struct {
	Check    Spec
	Status   Status
	Skip     *Skip
	Findings []Finding
	Outcome  Outcome
	// Serves is that of the Report.
	Serves bool
	Took   time.Duration
	// Began is the start of the check after the start of the run; negative for a result of
	// an earlier run.
	Began time.Duration
}

// Ended holds the results of checks that have ended, by ID.
type Ended map[string]Result

// Stopped reports whether check id failed, or did not run because another one failed.
func (e Ended) Stopped(id string) bool {
	r, ended := e[id]
	return ended && (r.Status == StatusFail || r.Status == StatusError ||
		r.Status == StatusSkip && r.Skip.Reason == Blocked)
}

// EventKind is the kind of an Event.
type EventKind int

// The kinds of events, in the order in which they occur.
const (
	// RunStarted is sent once, first.
	RunStarted EventKind = iota
	// CheckStarted is sent when a check starts.
	CheckStarted
	// CheckWaiting says what a running check waits for.
	CheckWaiting
	// CheckEnded carries the Result.
	CheckEnded
	// RunEnded carries the whole Run. It is sent once, last.
	RunEnded
)

// Event is one step of a run. All faces are fed by events.
type Event struct {
	Kind   EventKind
	ID     string
	Text   Text
	Result Result
	Run    *Run
}
