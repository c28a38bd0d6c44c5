package tui

import (
	"strings"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/progress"
	"lkdoctor/checks/wrap"
)

// topLines is how many lines stand above the rows at least, so that the rows
// seldom move when the verdict takes the place of what is waited for.
const topLines = 4

// top is what stands above the rows: the verdict, or what a run waits for.
func (m model) top(width int) []string {
	lines := m.verdictLines(width)
	for len(lines) < topLines {
		lines = append(lines, "")
	}
	return append(lines, "")
}

// verdictLines are what broke, where to fix it and what it is not; before the
// end, how far the run is and what it waits for.
func (m model) verdictLines(width int) []string {
	width = min(width, proseColumns)
	switch {
	case m.stopping:
		return m.wrapTo(m.sayf("Stopping: leaving the room and closing what is open."), width, 2)
	case m.running:
		return m.waitingLines(width)
	case m.failure != nil:
		return m.wrapTo(m.sayf("lkdoctor itself failed: %s", m.failure.Error()), width, 3)
	case m.run == nil:
		return nil
	}
	d := m.run.Diagnosis
	state := progress.State(m.run.Status)
	if !d.Warning.IsZero() && state == progress.Warned {
		state = progress.Passed // what is only a warning stands apart
	}
	style := m.styles.mark(state)
	lines := m.labelled(m.marks.of(state), m.broke(d), 2, width, 3)
	for i, line := range lines {
		lines[i] = style.Render(line)
	}
	if since := m.since(); since != "" {
		lines = append(lines, indent(m.wrapTo(since, width-2, 2), 2)...)
	}
	if !d.Warning.IsZero() {
		lines = append(lines, m.labelled(m.styles.warnMark.Render(m.marks.warn), m.say(d.Warning), 2, width, 3)...)
	}
	fixIn, notIt := m.sayf("Fix it in"), m.sayf("It is not")
	columns := max(wrap.Width(fixIn), wrap.Width(notIt)) + 2
	if !d.FixIn.IsZero() {
		lines = append(lines, indent(m.labelled(fixIn, m.say(d.FixIn), columns, width-2, 2), 2)...)
	}
	if !d.NotIt.IsZero() {
		lines = append(lines, indent(m.labelled(notIt, m.say(d.NotIt), columns, width-2, 3), 2)...)
	}
	return lines
}

// waitingLines tell from the first frame how far the run is, what it waits for,
// and how long that may take.
func (m model) waitingLines(width int) []string {
	passed, limit := m.now.Sub(m.started), ""
	if m.deps.Limit > 0 {
		limit = m.sayf(", %d s at most", int(m.deps.Limit.Seconds()))
	}
	done, all, failed := m.tally()
	sofar := m.sayf("Nothing has failed.")
	if failed > 0 {
		sofar = m.sayf("Failed: %d", failed)
	}
	lines := []string{
		m.styles.runMark.Render(m.fit(m.glyph(progress.Running)+" "+m.sayf("%s.", m.sayf("Running for %d s", int(max(0, passed).Seconds()))+limit), width)),
		m.fit("  "+m.sayf("%d of %d checks done.", done, all)+" "+sofar, width),
	}
	c := m.waitsFor()
	if c == nil {
		return lines
	}
	what := c.Waiting
	if what.IsZero() {
		what = c.Check.Title
	}
	text := m.sayf("Now: %s", what)
	if c.Check.Timeout >= time.Second {
		text += m.sayf(" (%d s of %d)", int(m.elapsed(*c).Seconds()), int(c.Check.Timeout.Seconds()))
	}
	if m.deps.Skip != nil {
		text += "   " + m.sayf("s skips it")
	}
	return append(lines, indent(m.wrapTo(text, width-2, 2), 2)...)
}

// broke is what is wrong in one sentence; where nothing failed it is the
// summary, which says what works first.
func (m model) broke(d check.Diagnosis) string {
	if d.FixIn.IsZero() && d.Warning.IsZero() {
		return m.say(d.Summary)
	}
	return m.say(d.Broke)
}

// nextLines are the first next step on at most words lines, and the first code
// lines of its code or command.
func (m model) nextLines(width, words, code int) []string {
	step := m.nextStep()
	if len(step) == 0 || words < 1 {
		return nil
	}
	label := m.sayf("Next")
	columns := wrap.Width(label) + 2
	lines := m.labelled(m.styles.heading.Render(label), m.say(step[0].Text), columns, width, words)
	block, minted := m.preview(step[0])
	if len(block) == 0 || code < 1 {
		return append([]string{""}, lines...)
	}
	if minted {
		last := len(lines) - 1
		if tabs := m.languageTabs(); wrap.Width(lines[last])+wrap.Width(tabs)+3 <= width {
			lines[last] = m.ends(lines[last], tabs, width)
		} else {
			lines = append(lines, wrap.Pad("", columns)+tabs)
		}
	}
	if len(block) > code {
		more := len(block) - max(1, code-1)
		block = append(block[:max(1, code-1):max(1, code-1)], m.sayf("… %d more: enter, y copies all", more))
	}
	for _, line := range block {
		lines = append(lines, wrap.Pad("", columns)+m.styles.subtle.Render(m.marks.block)+" "+m.styles.code.Render(m.fit(line, width-columns-2)))
	}
	return append([]string{""}, lines...)
}

// preview is the fix's command or code, from where it begins to matter: the
// imports of minting code are left out, and its indentation is taken off.
func (m model) preview(fix check.Fix) (lines []string, minted bool) {
	if fix.Command != "" {
		return m.block(fix.Command), false
	}
	code := m.shownCode(fix)
	if len(code) == 0 {
		return nil, false
	}
	lines, minted = m.block(code[0].Text), mints(fix)
	for i, line := range lines {
		if minted && strings.Contains(line, "AccessToken(") {
			lines = lines[i:]
			break
		}
	}
	margin := len(lines[0]) - len(strings.TrimLeft(lines[0], " "))
	for i, line := range lines {
		lines[i] = line[min(margin, len(line)-len(strings.TrimLeft(line, " "))):]
	}
	return lines, minted
}

func (m model) tally() (done, all, failed int) {
	for _, row := range m.progress.Rows() {
		for _, c := range row.Checks {
			all++
			if c.State != progress.Pending && c.State != progress.Running {
				done++
			}
			if c.State == progress.Failed || c.State == progress.Errored {
				failed++
			}
		}
	}
	return done, all, failed
}
