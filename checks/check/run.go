package check

import (
	"slices"
	"time"

	"lkdoctor/checks/finding"
	"lkdoctor/config"
)

// TokenSource is where the token under test came from.
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

// Target is what a run examined. Its fields are cleaned, and empty if unknown.
type Target struct {
	LiveKitURL  string
	Room        string
	Identity    string
	TokenSource TokenSource
}

// Summary is the number of checks of a run by status.
type Summary struct {
	Pass  int `json:"pass"`
	Warn  int `json:"warn"`
	Fail  int `json:"fail"`
	Skip  int `json:"skip"`
	Error int `json:"error"`
}

// Run is a finished run, with all that faces show.
type Run struct {
	StartedAt time.Time
	Took      time.Duration
	Target    Target
	Settings  []config.Shown
	Results   []Result
	Summary   Summary
	Diagnosis Diagnosis
	// Status is the worst status: pass, warn, fail or error. It is error if nothing that
	// was requested could be checked.
	Status Status
	// ExitCode is the process's exit code, the same in every face.
	ExitCode int
	// TicketSpent reports whether this run consumed its ticket.
	TicketSpent bool
	// Token compares the token under test with a correct one, in the order shown. It is
	// empty if there is no token.
	Token []TokenPart
}

// TokenPart is a part of a token: its form, its header, a claim or its signature. It
// never shows a signature.
type TokenPart struct {
	// Name is the name of the claim: "exp", "video.room".
	Name string
	// Want is the value in a correct token, empty if it needs none; Came is the value in
	// the token under test.
	Want, Came Text
	// Differs reports whether a check found a fault in the part.
	Differs bool
}

// Diagnosis is the conclusion of a run: one root cause, one owner, the parties that
// are cleared, and the next steps.
type Diagnosis struct {
	Owner Owner
	// RootCause is nil only if no check failed or warned.
	RootCause *Cause
	// Summary is the verdict in one text.
	Summary Text
	// Broke says what is wrong, or what works. FixIn is the party that must act, with
	// its address or file, empty if none must. NotIt says which parties are cleared and
	// by what evidence, empty if none are.
	Broke, FixIn, NotIt Text
	// Warning is the most serious warning of a run without failures. It is no part of
	// Broke.
	Warning Text
	// Cleared are the parties that this run examined and found healthy.
	Cleared   []Owner
	NextSteps []Fix
}

// Headline returns the sentence that begins a report in which FixIn and NotIt follow on
// lines of their own: Broke, or the whole Summary where neither follows.
func (d Diagnosis) Headline() Text {
	if d.FixIn.IsZero() && d.NotIt.IsZero() {
		return d.Summary
	}
	return d.Broke
}

// Cause is a finding, by its check and its code.
type Cause struct {
	Check string `json:"check"`
	Code  Code   `json:"code"`
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

// Worst returns the worst status that was counted.
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

// SkippedByHand reports whether the user skipped a check while it ran.
func (r Run) SkippedByHand() bool { return slices.ContainsFunc(r.Results, Result.SkippedByHand) }

// SkippedByHand reports whether the user skipped the check while it ran.
func (r Result) SkippedByHand() bool { return r.Skip != nil && r.Skip.ByHand }

// ResultOf returns the result of check id, zero if it is not among results.
func ResultOf(results []Result, id string) Result {
	for _, r := range results {
		if r.Check.ID == id {
			return r
		}
	}
	return Result{}
}

// Findings returns the findings of a severity in the order of the checks, each with
// the ID of its check.
func (r Run) Findings(severity finding.Severity) []Located {
	return Locate(r.Results, severity)
}

// Root returns the finding that the diagnosis names as the root cause, and false if it
// names none.
func (r Run) Root() (Finding, bool) {
	for _, result := range r.Results {
		for _, f := range result.Findings {
			if cause := r.Diagnosis.RootCause; cause != nil && *cause == (Cause{Check: result.Check.ID, Code: f.Code}) {
				return f, true
			}
		}
	}
	return Finding{}, false
}

// Located is a finding and the ID of its check.
type Located struct {
	Check   string
	Finding Finding
}

// Locate returns the findings of a severity in the order of results.
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
