package tui

import (
	"strings"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/progress"
	"lkdoctor/checks/wrap"
)

// keptRuns is how many runs of a session can be gone back to.
const keptRuns = 20

// kept is a run of this session that has ended.
type kept struct {
	run check.Run
	at  time.Time
	// counted tells that it may be the session's verdict: it was not made
	// without the ticket, and no check of it was skipped by hand.
	counted bool
}

// counts reports whether a run with change says as much as the one before it:
// one without the ticket says less, unless it goes on from what the ticket
// brought.
func (m model) counts(change Change) bool {
	if change.Watched || change.Address != "" {
		return false
	}
	if change.NoTicket && (change.From == "" || !before(check.StageTicket, change.From)) {
		return false
	}
	return change.From == "" || len(m.runs) == 0 || m.runs[len(m.runs)-1].counted
}

// keeps is the model with run as the last of the session, and shown.
func (m model) keeps(run check.Run) model {
	next := append([]kept(nil), m.runs...)
	next = append(next, kept{run: run, at: m.now, counted: m.counts(m.last) && !run.SkippedByHand()})
	m.runs = next[max(0, len(next)-keptRuns):]
	m.showing = len(m.runs) - 1
	m.run = &m.runs[m.showing].run
	return m
}

// shows is the model with another run of the session on the screen.
func (m model) shows(index int) model {
	m.showing = min(max(index, 0), len(m.runs)-1)
	m.run = &m.runs[m.showing].run
	m.progress = finishedProgress(m.deps.Checks, m.run.Results)
	m.failure = nil
	if !m.open {
		m.selected, m.finding = m.rootRow(), 0
	}
	m.finding = 0
	return m
}

// newest reports whether the run that is shown is the last one.
func (m model) newest() bool { return len(m.runs) == 0 || m.showing == len(m.runs)-1 }

// finishedProgress is the progress of a run that has ended.
func finishedProgress(list []check.Spec, results []check.Result) progress.Progress {
	p := progress.New(list)
	for _, r := range results {
		p = p.With(check.Event{Kind: check.CheckEnded, ID: r.Check.ID, Result: r})
	}
	return p
}

// was are the rows of the run before the one that is shown, nil without one.
func (m model) was() []progress.Row {
	if m.running || m.showing < 1 || m.showing >= len(m.runs) {
		return nil
	}
	return finishedProgress(m.deps.Checks, m.runs[m.showing-1].run.Results).Rows()
}

// runsLine is the strip of the session's runs, the latest first; empty while
// there is one only.
func (m model) runsLine(width int) string {
	if len(m.runs) < 2 || m.running {
		return ""
	}
	line := m.Sayf("Runs")
	for i := len(m.runs) - 1; i >= 0; i-- {
		k := m.runs[i]
		state := progress.State(k.run.Status)
		name := k.at.Format("15:04") + " " + stateMark(m.marks, state)
		if cause := k.run.Diagnosis.RootCause; cause != nil {
			name += " " + string(cause.Code)
		}
		if !k.counted {
			name += " " + m.Sayf("(in part)")
		}
		if i == m.showing {
			name = m.styles.Title.Render("[" + name + "]")
		}
		if wrap.Width(line)+wrap.Width(name)+2 > width {
			return line + " " + m.Ellipsis()
		}
		line += "  " + name
	}
	return strings.TrimRight(line, " ")
}
