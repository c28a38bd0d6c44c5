package tui

import (
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/progress"
	"lkdoctor/checks/wrap"
)

// keptRuns is how many runs of a session are kept.
const keptRuns = 20

// kept is a run of this session that has ended.
type kept struct {
	run check.Run
	at  time.Time
	// counted reports whether the run may be the session's result: it used the ticket,
	// and the user skipped none of its checks.
	counted bool
	// token and address are what the user pasted for the run.
	token, address string
}

// counts reports whether a run with change replaces the result of the one before it. A
// run without the ticket does not, unless it uses the answer that the ticket returned.
func (m model) counts(change Change) bool {
	if change.Watched || change.Address != "" {
		return false
	}
	if change.NoTicket && (change.From == "" || !before(check.StageTicket, change.From)) {
		return false
	}
	return change.From == "" || len(m.runs) == 0 || m.runs[len(m.runs)-1].counted
}

// keeps returns the model with run added to the session, and shown.
func (m model) keeps(run check.Run) model {
	next := append([]kept(nil), m.runs...)
	next = append(next, kept{run: run, at: m.now, counted: m.counts(m.last) && !run.SkippedByHand(),
		token: m.last.Token, address: m.last.Address})
	m.runs = next[max(0, len(next)-keptRuns):]
	m.showing = len(m.runs) - 1
	m.run = &m.runs[m.showing].run
	return m
}

func (m model) shows(index int) model {
	m.showing = min(max(index, 0), len(m.runs)-1)
	m.run = &m.runs[m.showing].run
	m.progress = progress.New(m.deps.Checks).Ended(m.run.Results)
	m.failure = nil
	if !m.open {
		m.selected, m.finding = m.rootRow(), 0
	}
	m.finding = 0
	return m
}

// newest reports whether the last run is shown.
func (m model) newest() bool { return len(m.runs) == 0 || m.showing == len(m.runs)-1 }

// was returns the run before the shown one, the zero value if there is none or if the user
// pasted something else for it.
func (m model) was() progress.Progress {
	if m.running || m.showing < 1 || m.showing >= len(m.runs) {
		return progress.Progress{}
	}
	before, shown := m.runs[m.showing-1], m.runs[m.showing]
	if before.token != shown.token || before.address != shown.address {
		return progress.Progress{}
	}
	return progress.New(m.deps.Checks).Ended(before.run.Results)
}

// runsLines lists the session's runs, the latest first, in a line after a blank one. It is
// empty while there is only one.
func (m model) runsLines(width int) []string {
	if len(m.runs) < 2 || m.running {
		return nil
	}
	line := m.Sayf("Runs")
	for i := len(m.runs) - 1; i >= 0; i-- {
		k := m.runs[i]
		mark, _ := m.State(progress.State(k.run.Status))
		name := k.at.Format("15:04") + " " + mark
		if cause := k.run.Diagnosis.RootCause; cause != nil {
			name += " " + string(cause.Code)
		}
		if !k.counted {
			name += " " + m.Sayf("(in part)")
		}
		if i == m.showing {
			name = m.Styles.Title.Render("[" + name + "]")
		}
		if wrap.Width(line)+wrap.Width(name)+2 > width {
			line += " " + m.Ellipsis()
			break
		}
		line += "  " + name
	}
	return []string{"", " " + line}
}
