// Package progress presents a run, also while it goes on, as rows: one a stage, with
// its most important line. It is pure. The TUI and the plain report use it.
package progress

import (
	"slices"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// State is the state of a row.
type State string

// The states: the statuses of a check, and two before it has one.
const (
	Pending State = "pending"
	Running State = "running"
	Passed  State = State(check.StatusPass)
	Warned  State = State(check.StatusWarn)
	Failed  State = State(check.StatusFail)
	Skipped State = State(check.StatusSkip)
	Errored State = State(check.StatusError)
)

// States returns all states, in the order in which a check can reach them.
func States() []State { return []State{Pending, Running, Passed, Warned, Failed, Skipped, Errored} }

// Word returns the state in a word.
func (s State) Word() finding.Text {
	switch s {
	case Passed:
		return finding.Textf("ok")
	case Warned:
		return finding.Textf("warning")
	case Failed:
		return finding.Textf("failed")
	case Skipped:
		return finding.Textf("not run")
	case Errored:
		return finding.Textf("error")
	case Running:
		return finding.Textf("running")
	}
	return finding.Textf("waiting")
}

// Row is one stage: its state, its most important line, and its checks.
type Row struct {
	Stage check.Stage
	Name  finding.Text
	State State
	// Code is the finding that Line is about, empty if none.
	Code   check.Code
	Line   finding.Text
	Took   time.Duration
	Checks []CheckRow
}

// CheckRow is one check of a row.
type CheckRow struct {
	Check   check.Spec
	State   State
	Waiting finding.Text // what a running check waits for, if it said so
	Result  check.Result
}

// Progress is the state of a run, derived from its events. It has a row for every
// stage from the start.
type Progress struct {
	rows   []CheckRow
	staged []Row
}

// New returns a Progress with every check of list pending.
func New(list []check.Spec) Progress {
	rows := make([]CheckRow, len(list))
	for i, c := range list {
		rows[i] = CheckRow{Check: c, State: Pending}
	}
	return Progress{rows, staged(rows)}
}

// With returns the progress after e. It does not change the receiver, so that a Bubble
// Tea model can hold it by value.
func (p Progress) With(e check.Event) Progress {
	if e.Kind == check.RunEnded {
		return p.Ended(e.Run.Results)
	}
	rows := slices.Clone(p.rows)
	for i := range rows {
		row := &rows[i]
		if row.Check.ID != e.ID {
			continue
		}
		switch e.Kind {
		case check.CheckStarted:
			row.State = Running
		case check.CheckWaiting:
			row.Waiting = e.Text
		case check.CheckEnded:
			row.end(e.Result)
		}
	}
	return Progress{rows, staged(rows)}
}

// Ended returns the progress after checks have ended with results.
func (p Progress) Ended(results []check.Result) Progress {
	rows := slices.Clone(p.rows)
	for i := range rows {
		for _, r := range results {
			if r.Check.ID == rows[i].Check.ID {
				rows[i].end(r)
			}
		}
	}
	return Progress{rows, staged(rows)}
}

func (c *CheckRow) end(r check.Result) {
	c.State, c.Result, c.Waiting = State(r.Status), r, finding.Text{}
}

// Checks returns the checks in the order of the list. The caller must not change them.
func (p Progress) Checks() []CheckRow { return p.rows }

// Rows groups the checks by stage. The caller must not change the rows.
func (p Progress) Rows() []Row { return p.staged }

func staged(checks []CheckRow) []Row {
	var rows []Row
	for _, stage := range check.Stages() {
		row := Row{Stage: stage}
		for _, c := range checks {
			if c.Check.Stage == stage {
				row.Checks = append(row.Checks, c)
			}
		}
		if len(row.Checks) > 0 {
			row.Name = row.name()
			rows = append(rows, summed(row))
		}
	}
	return rows
}

// name returns the row's name: "App" if an app was asked for the token and the ticket
// service is not at fault, else the stage's.
func (r Row) name() finding.Text {
	app := false
	for _, c := range r.Checks {
		asked := c.State != Pending && c.State != Skipped
		switch {
		case c.Check.ID == "ticket.frontend":
			app = asked
		case asked && c.State != Passed && c.State != Running || asked && c.Check.ID == "ticket.consume":
			return StageName(r.Stage)
		}
	}
	if app {
		return finding.Textf("App")
	}
	return StageName(r.Stage)
}

// StageName returns the stage's name.
func StageName(stage check.Stage) finding.Text {
	return finding.Textf(map[check.Stage]string{
		check.StageEnv: "Environment", check.StageTicket: "Ticket service", check.StageToken: "Token",
		check.StageSignature: "Signature", check.StageJoin: "Live join", check.StageFallback: "Local dev token",
	}[stage])
}

func summed(r Row) Row {
	r.State = r.worst()
	for _, c := range r.Checks {
		r.Took += c.Result.Took
	}
	switch r.State {
	case Running:
		r.Line = r.waiting()
	case Failed, Warned, Errored:
		r.Code, r.Line = r.worstFinding()
	case Skipped:
		r.Line = r.skipped()
	case Passed:
		r.Line = r.outcome()
	}
	if left := r.LeftOut(); !left.IsZero() && (r.State == Failed || r.State == Warned || r.State == Errored) {
		r.Line = finding.Textf("%s; %s", r.Line, left)
	}
	return r
}

// LeftOut names the checks of the row that the user skipped; it is empty if none.
func (r Row) LeftOut() finding.Text {
	var names finding.Text
	for _, c := range r.Checks {
		if c.Result.SkippedByHand() {
			names = finding.Joined("%s, %s", names, c.Check.Short)
		}
	}
	if names.IsZero() {
		return names
	}
	return finding.Textf("skipped by you: %s", names)
}

// worst returns the row's state: running while any check runs, pending while one is to
// come and none has failed, then the worst of its checks. It is skipped if all its
// checks are, if the user skipped one, or if one was blocked by a failure in another
// row: what is unknown is not shown as a pass.
func (r Row) worst() State {
	rank := map[State]int{Skipped: 0, Passed: 1, Warned: 2, Failed: 3, Errored: 4}
	state, pending := Skipped, 0
	for _, c := range r.Checks {
		switch c.State {
		case Running:
			return Running
		case Pending:
			pending++
		default:
			if rank[c.State] > rank[state] {
				state = c.State
			}
		}
	}
	switch {
	case pending > 0 && rank[state] < rank[Warned]:
		return Pending
	case state == Passed && (r.blocked() != nil || !r.LeftOut().IsZero()):
		return Skipped
	}
	return state
}

// blocked returns the first check of the row that a failure in another row blocked,
// nil if none.
func (r Row) blocked() *CheckRow {
	for i, c := range r.Checks {
		if c.State == Skipped && c.Result.Skip.Reason == check.Blocked {
			return &r.Checks[i]
		}
	}
	return nil
}

// skipped says why the row was skipped, and what was seen nevertheless.
func (r Row) skipped() finding.Text {
	why := r.LeftOut()
	if stopped := r.blocked(); why.IsZero() && stopped == nil {
		return r.Checks[0].Result.Skip.Text
	} else if why.IsZero() {
		why = stopped.Result.Skip.Text
	}
	if seen := r.outcome(); !seen.IsZero() {
		return finding.Textf("%s (%s)", why, seen)
	}
	return why
}

func (r Row) waiting() finding.Text {
	var text finding.Text
	for _, c := range r.Checks {
		if c.State != Running {
			continue
		}
		if !c.Waiting.IsZero() {
			return c.Waiting
		}
		text = c.Check.Title
	}
	return finding.Textf("checking: %s", text)
}

func (r Row) worstFinding() (check.Code, finding.Text) {
	var worst finding.Finding
	for _, c := range r.Checks {
		for _, f := range c.Result.Findings {
			if f.Severity.Rank() > worst.Severity.Rank() {
				worst = f
			}
		}
	}
	return worst.Code, worst.Message
}

// outcome returns the line of the last check that has one, because later checks of a
// stage build on earlier ones. It appends the names of the checks with Also that passed.
func (r Row) outcome() (line finding.Text) {
	var also finding.Text
	for _, c := range r.Checks {
		switch {
		case c.State != Passed || c.Result.Outcome.Text.IsZero() || c.Result.Outcome.Refused:
		case c.Check.Also.IsZero() || line.IsZero():
			line = c.Result.Outcome.Text
		default:
			also = finding.Joined("%s, %s", also, c.Check.Also)
		}
	}
	if !also.IsZero() {
		line = finding.Textf("%s; %s too", line, also)
	}
	calls := func(f finding.Finding) bool { return f.Code == finding.TokenDispatchesAgent }
	for _, c := range r.Checks {
		if slices.ContainsFunc(c.Result.Findings, calls) && !line.IsZero() {
			line = finding.Textf("joining with it starts an agent; %s", line)
		}
	}
	return line
}

// Ended reports whether all checks of the row have ended.
func (r Row) Ended() bool {
	return !slices.ContainsFunc(r.Checks, func(c CheckRow) bool { return c.State == Pending || c.State == Running })
}
