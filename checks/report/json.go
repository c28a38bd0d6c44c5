// Package report formats a finished run: as plain text, as a JSON document with its
// schema, as Markdown for the party that must act, as JUnit XML and as Prometheus
// metrics. It also formats the result of examining a token. It writes to the given
// io.Writer or returns bytes, and opens no file.
package report

import (
	_ "embed" // for the schema
	"encoding/json"
	"io"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/config"
)

// SchemaVersion is the version of the JSON document. Additions keep it.
const SchemaVersion = 1

// Document is the JSON contract. Scripts match on id, code, status and owner;
// texts may change.
type Document struct {
	SchemaVersion int            `json:"schema_version"`
	Tool          ToolInfo       `json:"tool"`
	StartedAt     time.Time      `json:"started_at"`
	DurationMS    float64        `json:"duration_ms"`
	Target        TargetInfo     `json:"target"`
	Status        check.Status   `json:"status"`
	ExitCode      int            `json:"exit_code"`
	Summary       check.Summary  `json:"summary"`
	Diagnosis     DiagnosisInfo  `json:"diagnosis"`
	Settings      []config.Shown `json:"settings"`
	TicketSpent   bool           `json:"ticket_spent"`
	Checks        []CheckInfo    `json:"checks"`
}

// ToolInfo names the program that made the document.
type ToolInfo struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// TargetInfo is what was examined; a field that is not known is null.
type TargetInfo struct {
	LiveKitURL  *string           `json:"livekit_url"`
	Room        *string           `json:"room"`
	Identity    *string           `json:"identity"`
	TokenSource check.TokenSource `json:"token_source"`
}

// DiagnosisInfo is the conclusion of the run.
type DiagnosisInfo struct {
	Owner     check.Owner  `json:"owner"`
	RootCause *check.Cause `json:"root_cause"`
	Summary   string       `json:"summary"`
	// The summary in its parts: what broke or what works, where to fix it, and
	// what is cleared and how that was seen.
	Broke     string        `json:"broke"`
	FixIn     *string       `json:"fix_in"`
	ItIsNot   *string       `json:"it_is_not"`
	Cleared   []check.Owner `json:"cleared"`
	NextSteps []FixInfo     `json:"next_steps"`
}

// FixInfo is one thing to do; command is null unless it can be pasted.
type FixInfo struct {
	Text    string          `json:"text"`
	Command *string         `json:"command"`
	Code    []finding.Block `json:"code,omitempty"`
}

// CheckInfo is one check. Every registered check appears, in declared order.
type CheckInfo struct {
	ID         string        `json:"id"`
	Stage      check.Stage   `json:"stage"`
	Title      string        `json:"title"`
	Status     check.Status  `json:"status"`
	DurationMS float64       `json:"duration_ms"`
	Skip       *SkipInfo     `json:"skip,omitempty"`
	Outcome    *OutcomeInfo  `json:"outcome,omitempty"`
	Findings   []FindingInfo `json:"findings"`
}

// SkipInfo is why a check did not run.
type SkipInfo struct {
	Reason    check.SkipReason `json:"reason"`
	BlockedBy *string          `json:"blocked_by"`
	Text      string           `json:"text"`
}

// OutcomeInfo is what a check saw, whether or not anything was wrong.
type OutcomeInfo struct {
	Text  string        `json:"text"`
	Facts finding.Facts `json:"facts"`
}

// FindingInfo is one finding.
type FindingInfo struct {
	Code     check.Code       `json:"code"`
	Severity finding.Severity `json:"severity"`
	// Variant is the form of the problem; it is left out for a code that has only one.
	Variant string        `json:"variant,omitempty"`
	Owner   check.Owner   `json:"owner"`
	Message string        `json:"message"`
	Facts   finding.Facts `json:"facts"`
	Fixes   []FixInfo     `json:"fixes"`
}

// NewDocument makes the document of a run, in the language of style.
func NewDocument(run check.Run, version string, style Style) Document {
	d := Document{
		SchemaVersion: SchemaVersion,
		Tool:          ToolInfo{Name: "lkdoctor", Version: version},
		StartedAt:     run.StartedAt.UTC().Truncate(time.Second),
		DurationMS:    finding.Milliseconds(run.Took),
		Target: TargetInfo{
			LiveKitURL: orNull(run.Target.LiveKitURL), Room: orNull(run.Target.Room),
			Identity: orNull(run.Target.Identity), TokenSource: run.Target.TokenSource,
		},
		Status:      run.Status,
		ExitCode:    run.ExitCode,
		Summary:     run.Summary,
		Settings:    append([]config.Shown{}, run.Settings...),
		TicketSpent: run.TicketSpent,
		Diagnosis: DiagnosisInfo{
			Owner: run.Diagnosis.Owner, RootCause: run.Diagnosis.RootCause,
			Summary: style.text(run.Diagnosis.Summary), Broke: style.text(run.Diagnosis.Broke),
			FixIn: orNull(style.text(run.Diagnosis.FixIn)), ItIsNot: orNull(style.text(run.Diagnosis.NotIt)),
			Cleared: append([]check.Owner{}, run.Diagnosis.Cleared...), NextSteps: fixes(run.Diagnosis.NextSteps, style),
		},
		Checks: make([]CheckInfo, 0, len(run.Results)),
	}
	for _, r := range run.Results {
		d.Checks = append(d.Checks, checkInfo(r, style))
	}
	return d
}

func checkInfo(r check.Result, style Style) CheckInfo {
	c := CheckInfo{
		ID: r.Check.ID, Stage: r.Check.Stage, Title: style.text(r.Check.Title), Status: r.Status,
		DurationMS: finding.Milliseconds(r.Took), Findings: make([]FindingInfo, 0, len(r.Findings)),
	}
	if r.Skip != nil {
		c.Skip = &SkipInfo{Reason: r.Skip.Reason, BlockedBy: orNull(r.Skip.By), Text: style.text(r.Skip.Text)}
	} else if !r.Outcome.Text.IsZero() || len(r.Outcome.Facts) > 0 {
		c.Outcome = &OutcomeInfo{Text: style.text(r.Outcome.Text), Facts: orEmpty(r.Outcome.Facts)}
	}
	for _, f := range r.Findings {
		c.Findings = append(c.Findings, findingInfo(f, style))
	}
	return c
}

// JSON writes a document, indented, with a newline at its end.
func JSON(w io.Writer, document any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(document)
}

func fixes(list []finding.Fix, style Style) []FixInfo {
	out := make([]FixInfo, 0, len(list))
	for _, f := range list {
		out = append(out, FixInfo{Text: style.text(f.Text), Command: orNull(f.Command), Code: f.Code})
	}
	return out
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orEmpty(f finding.Facts) finding.Facts {
	if f == nil {
		return finding.Facts{}
	}
	return f
}

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema (2020-12) of the --json document.
func Schema() []byte { return append([]byte(nil), schema...) }
