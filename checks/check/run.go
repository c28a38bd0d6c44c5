package check

import (
	"time"

	"lkdoctor/checks/finding"
	"lkdoctor/config"
)

// TokenSource says where the token under test came from.
type TokenSource string

// The token sources, as the JSON contract spells them.
const (
	SourceTicket   TokenSource = "ticket"
	SourceFrontend TokenSource = "frontend"
	SourceEndpoint TokenSource = "endpoint"
	SourceFlag     TokenSource = "flag"
	SourceMinted   TokenSource = "minted"
	SourceNone     TokenSource = "none"
)

// Target is what a run was about. Fields are cleaned, and empty when unknown.
type Target struct {
	LiveKitURL  string
	Room        string
	Identity    string
	TokenSource TokenSource
}

// Summary counts the checks of a run by status.
type Summary struct {
	Pass, Warn, Fail, Skip, Error int
}

// Run is a finished run: everything that a face shows.
type Run struct {
	StartedAt time.Time
	Took      time.Duration
	Target    Target
	Settings  []config.Shown
	Results   []Result
	Summary   Summary
	Diagnosis Diagnosis
	// Status is the worst status of all: pass, warn, fail or error. It is error
	// where nothing of what was asked for could be checked.
	Status Status
	// ExitCode is what the process must return, the same in every face.
	ExitCode int
	// TicketSpent reports whether this run consumed the ticket it was given.
	TicketSpent bool
	// Token is the token under test beside a correct one, in the order shown. It
	// is empty where there is no token.
	Token []TokenPart
}

// TokenPart is a part of a token: of its form, its header, its claims or its
// signature. No part shows a signature.
type TokenPart struct {
	// Name is the claim's: "exp", "video.room".
	Name string
	// Want is what a correct token has there, empty where it need have nothing.
	Want, Came Text
	// Differs reports whether a check found a fault in it.
	Differs bool
}

// Diagnosis is what a run comes to: one root cause, one owner, what is
// cleared, and what to do next.
type Diagnosis struct {
	Owner Owner
	// RootCause is nil only when nothing failed and nothing warned.
	RootCause *Cause
	// Summary is all of the verdict in one text.
	Summary Text
	// Broke says what is wrong, or what works. FixIn names the party that must
	// act, with its address or file; it is empty when nobody must. NotIt says
	// what is cleared and how that was seen; it is empty when nothing was.
	Broke, FixIn, NotIt Text
	// Warning is the most serious warning of a run in which nothing failed; it is
	// no part of Broke.
	Warning Text
	// Cleared are the parties that this run has seen to be healthy. A party
	// that was not examined is not in it.
	Cleared   []Owner
	NextSteps []Fix
}

// Cause names a finding by the check that made it and its code.
type Cause struct {
	Check string
	Code  Code
}

// The exit codes.
const (
	ExitOK          = 0
	ExitFailed      = 1
	ExitDoctor      = 2
	ExitInterrupted = 130
)

// Summarise counts results by status.
func Summarise(results []Result) Summary {
	var s Summary
	for _, r := range results {
		switch r.Status {
		case StatusPass:
			s.Pass++
		case StatusWarn:
			s.Warn++
		case StatusFail:
			s.Fail++
		case StatusSkip:
			s.Skip++
		case StatusError:
			s.Error++
		}
	}
	return s
}

// Worst is the worst status that was counted.
func (s Summary) Worst() Status {
	switch {
	case s.Error > 0:
		return StatusError
	case s.Fail > 0:
		return StatusFail
	case s.Warn > 0:
		return StatusWarn
	}
	return StatusPass
}

// SkippedByHand reports whether somebody left a check out while the run went on.
func (r Run) SkippedByHand() bool {
	for _, result := range r.Results {
		if result.Skip != nil && result.Skip.ByHand {
			return true
		}
	}
	return false
}

// Findings lists the findings of a severity in the order of the checks, each
// with the ID of its check.
func (r Run) Findings(severity finding.Severity) []Located {
	return Locate(r.Results, severity)
}

// Located is a finding and the check that made it.
type Located struct {
	Check   string
	Finding Finding
}

// Locate lists the findings of a severity in the order of results.
func Locate(results []Result, severity finding.Severity) []Located {
	var out []Located
	for _, r := range results {
		for _, f := range r.Findings {
			if f.Severity == severity {
				out = append(out, Located{Check: r.Check.ID, Finding: f})
			}
		}
	}
	return out
}
