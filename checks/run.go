package checks

import (
	"context"
	"errors"
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
	// Status is the worst status of all: pass, warn, fail or error.
	Status Status
	// ExitCode is what the process must return, the same in every face.
	ExitCode int
	// TicketSpent tells that this run consumed the ticket it was given.
	TicketSpent bool
}

// The exit codes.
const (
	ExitOK          = 0
	ExitFailed      = 1
	ExitDoctor      = 2
	ExitInterrupted = 130
)

// Do runs every check of list against c and returns the finished run. It leaves
// every room that it joins, spends at most the one ticket that c
// carries, and leaves no connection open. strict makes warnings fail the exit
// code.
func Do(ctx context.Context, c *Case, list []Check, strict bool, observe func(Event)) Run {
	begin, started := time.Now(), c.Now()
	observe(Event{Kind: RunStarted})
	results := Execute(ctx, c, list, observe)
	c.Close()

	run := Run{
		StartedAt:   started,
		Took:        time.Since(begin),
		Target:      c.target(),
		Settings:    c.Settings.Shown(),
		Results:     results,
		Summary:     summarise(results),
		Diagnosis:   Diagnose(c.evidence(results)),
		TicketSpent: c.TicketSpent(),
	}
	run.Status = run.Summary.worst()
	run.ExitCode = exitCode(run, strict, ctx)
	observe(Event{Kind: RunEnded, Run: &run})
	return run
}

func summarise(results []Result) Summary {
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

func (s Summary) worst() Status {
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

func exitCode(run Run, strict bool, ctx context.Context) int {
	interrupted := ctx.Err() != nil && !errors.Is(context.Cause(ctx), ErrTimeout)
	switch {
	case interrupted && run.Summary.Error > 0:
		return ExitInterrupted
	case run.Summary.Error > 0:
		return ExitDoctor
	case run.Summary.Fail > 0, strict && run.Summary.Warn > 0:
		return ExitFailed
	}
	return ExitOK
}

// Findings lists the findings of a severity in the order of the checks, each
// with the ID of its check.
func (r Run) Findings(severity finding.Severity) []Located {
	return located(r.Results, severity)
}

// Located is a finding and the check that made it.
type Located struct {
	Check   string
	Finding Finding
}

func located(results []Result, severity finding.Severity) []Located {
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
