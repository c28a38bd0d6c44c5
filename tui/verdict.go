package tui

import (
	"strings"

	"lkdoctor/checks"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/report"
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
	style := m.styles.mark(report.State(m.run.Status))
	var lines []string
	for _, line := range m.wrapTo(m.summary(d), width, 3) {
		lines = append(lines, style.Render(line))
	}
	if cleared := m.cleared(d); cleared != "" {
		lines = append(lines, m.wrapTo(cleared, width, 2)...)
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

// summary names who must act first, unless the sentence does so itself.
func (m model) summary(d checks.Diagnosis) string {
	act := checks.MustAct(d.Owner)
	if d.RootCause == nil || strings.HasPrefix(d.Summary.String(), act.String()) {
		return m.say(d.Summary)
	}
	return m.say(act) + " " + m.say(d.Summary)
}

func (m model) cleared(d checks.Diagnosis) string {
	if len(d.Cleared) == 0 {
		return ""
	}
	names := make([]string, len(d.Cleared))
	for i, owner := range d.Cleared {
		names[i] = m.say(checks.ClearedName(owner))
	}
	return m.sayf("Cleared: %s.", strings.Join(names, m.sayf(", ")))
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
			if c.State != report.Pending && c.State != report.Running {
				done++
			}
		}
	}
	return done, all
}
