package tui

import (
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
)

// verdictLines are the diagnosis: who must act, what is cleared, one next
// step; before the end, how far the run is.
func (m model) verdictLines(width int) []string {
	switch {
	case m.stopping:
		return m.wrapTo(m.sayf("Stopping: leaving the room and closing what is open."), width, 2)
	case m.running:
		done, all := m.counts()
		return []string{m.fit(m.sayf("%d of %d checks done.", done, all), width)}
	case m.failure != nil:
		return m.wrapTo(m.sayf("lkdoctor itself failed: %s", m.failure.Error()), width, 3)
	case m.run == nil:
		return nil
	}
	d := m.run.Diagnosis
	style := m.styles.mark(progress.State(m.run.Status))
	var lines []string
	for _, line := range m.wrapTo(m.broke(d), width, 3) {
		lines = append(lines, style.Render(line))
	}
	if !d.FixIn.IsZero() {
		lines = append(lines, m.wrapTo(m.sayf("Fix it in  %s", d.FixIn), width, 2)...)
	}
	if !d.NotIt.IsZero() {
		lines = append(lines, m.wrapTo(m.sayf("It is not  %s", d.NotIt), width, 2)...)
	}
	if len(d.NextSteps) > 0 {
		step := d.NextSteps[0]
		lines = append(lines, m.wrapTo(m.sayf("Next: %s", step.Text), width, 3)...)
		if step.Command != "" {
			lines = append(lines, "  "+m.styles.code.Render(m.fit(m.plain(step.Command), width-2)))
		}
	}
	if m.run.TicketSpent {
		lines = append(lines, m.styles.subtle.Render(m.fit(m.sayf("The ticket is spent: a re-run asks for a fresh one."), width)))
	}
	return append(lines, m.hint(width)...)
}

// broke is what is wrong in one sentence; where nothing failed it is the
// summary, which says what works first.
func (m model) broke(d check.Diagnosis) string {
	if d.FixIn.IsZero() {
		return m.say(d.Summary)
	}
	return m.say(d.Broke)
}

// hint points at the two keys that help with a failure.
func (m model) hint(width int) []string {
	if m.run.Diagnosis.RootCause == nil {
		return nil
	}
	hint := m.sayf("[enter] how to fix it")
	owner := m.run.Diagnosis.Owner
	if m.deps.Save != nil && (owner == finding.OwnerTicketService || owner == finding.OwnerFrontend) {
		hint += "   " + m.sayf("[w] report for its maintainer")
	}
	return []string{m.styles.subtle.Render(m.fit(hint, width))}
}

func (m model) counts() (done, all int) {
	for _, row := range m.progress.Rows() {
		for _, c := range row.Checks {
			all++
			if c.State != progress.Pending && c.State != progress.Running {
				done++
			}
		}
	}
	return done, all
}
