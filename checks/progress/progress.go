// Package progress is a run as far as it has come, as rows: one for each stage,
// with the one line that matters most. The TUI and the plain report follow it.
package progress

import (
	"slices"
	"sync"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// State is how far a row is.
type State string

// The states of a row: the statuses of a check, and two before it has one.
const (
	Pending State = "pending"
	Running State = "running"
	Passed  State = State(check.StatusPass)
	Warned  State = State(check.StatusWarn)
	Failed  State = State(check.StatusFail)
	Skipped State = State(check.StatusSkip)
	Errored State = State(check.StatusError)
)

// Row is one stage on the screen: its state, the one line that matters most,
// and the checks behind it.
type Row struct {
	Stage check.Stage
	Name  finding.Text
	State State
	// Code is the finding that Line is about, empty when Line is about none.
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

// Progress is a run as far as it has come. It is fed with the run's events and
// asked for rows; every stage has its row from the start.
type Progress struct {
	rows   []CheckRow
	staged func() []Row // made when first asked for: a screen asks several times a frame
}

func of(rows []CheckRow) Progress {
	return Progress{rows: rows, staged: sync.OnceValue(func() []Row { return staged(rows) })}
}

// New starts with every check of list pending.
func New(list []check.Spec) Progress {
	rows := make([]CheckRow, len(list))
	for i, c := range list {
		rows[i] = CheckRow{Check: c, State: Pending}
	}
	return of(rows)
}

// With returns the progress after e. The receiver stays as it was, so that a
// Bubble Tea model can hold it by value.
func (p Progress) With(e check.Event) Progress {
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
			row.State, row.Result, row.Waiting = State(e.Result.Status), e.Result, finding.Text{}
		}
	}
	return of(rows)
}

// Rows groups the checks by stage. The rows are not to be changed.
func (p Progress) Rows() []Row {
	if p.staged == nil {
		return nil
	}
	return p.staged()
}

func staged(checks []CheckRow) []Row {
	var rows []Row
	for _, stage := range check.Stages() {
		row := Row{Stage: stage, Name: StageName(stage)}
		for _, c := range checks {
			if c.Check.Stage == stage {
				row.Checks = append(row.Checks, c)
			}
		}
		if len(row.Checks) > 0 {
			rows = append(rows, summed(row, checks))
		}
	}
	return rows
}

// StageName is the row's name for people.
func StageName(stage check.Stage) finding.Text {
	switch stage {
	case check.StageEnv:
		return finding.Textf("Environment")
	case check.StageTicket:
		return finding.Textf("Ticket service")
	case check.StageToken:
		return finding.Textf("Token")
	case check.StageSignature:
		return finding.Textf("Signature")
	case check.StageJoin:
		return finding.Textf("Live join")
	case check.StageFallback:
		return finding.Textf("Local dev token")
	}
	return finding.Textf("%s", string(stage))
}

// summed derives the row's state, line and time from its checks; all are those of
// the run.
func summed(r Row, all []CheckRow) Row {
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
		r.Line = r.skipped(all)
	case Passed:
		r.Line = r.outcome()
	}
	return r
}

// worst is the row's state: running while anything runs, pending while
// something is still to come and nothing is wrong yet, then the worst of its
// checks. A row is skipped when all of its checks are, and also when one of
// them could not run because of a cause elsewhere: what is not known is never
// shown as fine.
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
	case state == Passed && r.blocked() != nil:
		return Skipped
	}
	return state
}

// blocked is the first check of the row that a cause elsewhere kept from
// running, nil without one.
func (r Row) blocked() *CheckRow {
	for i, c := range r.Checks {
		if c.State == Skipped && c.Result.Skip.Reason == check.Blocked {
			return &r.Checks[i]
		}
	}
	return nil
}

// skipped says why the row did not run, and what was seen all the same.
func (r Row) skipped(all []CheckRow) finding.Text {
	for _, c := range r.Checks {
		if c.Result.Skip != nil && c.Result.Skip.ByHand {
			return c.Result.Skip.Text
		}
	}
	stopped := r.blocked()
	if stopped == nil {
		return r.Checks[0].Result.Skip.Text
	}
	why := stopped.Result.Skip.Text
	if name := short(all, stopped.Result.Skip.By); !name.IsZero() {
		why = finding.Textf("not run: needs %s", name)
	}
	if seen := r.outcome(); !seen.IsZero() {
		return finding.Textf("%s (%s)", why, seen)
	}
	return why
}

// short is a check's name where a whole sentence does not fit.
func short(all []CheckRow, id string) finding.Text {
	for _, row := range all {
		if row.Check.ID == id {
			return row.Check.Short
		}
	}
	return finding.Text{}
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
	var worst *finding.Finding
	for i := range r.Checks {
		for j := range r.Checks[i].Result.Findings {
			f := &r.Checks[i].Result.Findings[j]
			if worst == nil || f.Severity.Rank() > worst.Severity.Rank() {
				worst = f
			}
		}
	}
	if worst == nil {
		return "", finding.Text{}
	}
	return worst.Code, worst.Message
}

// outcome is the line of the last check that has one to show: the later checks
// of a stage build on the earlier ones. The names of those that go beyond the
// stage's claim, and passed, stand behind it.
func (r Row) outcome() (line finding.Text) {
	for _, c := range r.Checks {
		switch {
		case c.State != Passed || c.Result.Outcome.Text.IsZero():
		case c.Check.Extra && !line.IsZero():
			line = finding.Textf("%s, %s", line, c.Check.Short)
		default:
			line = c.Result.Outcome.Text
		}
	}
	for _, c := range r.Checks {
		if slices.ContainsFunc(c.Result.Findings, func(f finding.Finding) bool { return f.Code.AlwaysShown() }) && !line.IsZero() {
			line = finding.Textf("joining with it starts an agent; %s", line)
		}
	}
	return line
}

// Ended reports whether all checks of the row have ended.
func (r Row) Ended() bool {
	for _, c := range r.Checks {
		if c.State == Pending || c.State == Running {
			return false
		}
	}
	return true
}
