package tui

import (
	"strings"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/progress"
	"lkdoctor/checks/wrap"
	"lkdoctor/tui/term"
)

// topLines is the least number of lines above the rows, so that the rows seldom move
// when the verdict replaces the progress.
const topLines = 4

func (m model) top(width int) []string {
	lines := m.verdictLines(width)
	for len(lines) < topLines {
		lines = append(lines, "")
	}
	return append(lines, "")
}

// verdictLines returns what is wrong, where to fix it, and what is ruled out. Before the
// end of a run it returns waitingLines.
func (m model) verdictLines(width int) []string {
	width = min(width, proseColumns)
	switch {
	case m.stopping:
		return m.WrapTo(m.Sayf("Stopping: leaving the room and closing what is open."), width, 2)
	case m.running:
		return m.waitingLines(width)
	case m.failure != nil:
		return m.WrapTo(m.Sayf("lkdoctor itself failed: %s", m.failure.Error()), width, 3)
	case m.run == nil:
		return nil
	}
	d := m.run.Diagnosis
	state := progress.State(m.run.Status)
	if !d.Warning.IsZero() && state == progress.Warned {
		state = progress.Passed // a warning is shown separately
	}
	mark, style := m.State(state)
	lines := term.Styled(style, m.Labelled(mark+" ", m.broke(d), width, 3))
	if since := m.since(); since != "" {
		lines = append(lines, term.Indent(m.WrapTo(since, width-2, 2), 2)...)
	}
	if !d.Warning.IsZero() {
		lines = append(lines, m.Labelled(m.Styles.Warn.Render(m.Marks.Warn)+" ", m.Say(d.Warning), width, 3)...)
	}
	fixIn, notIt := "  "+m.Sayf("Fix it in"), "  "+m.Sayf("It is not")
	columns := max(wrap.Width(fixIn), wrap.Width(notIt)) + 2
	if !d.FixIn.IsZero() {
		lines = append(lines, m.Labelled(wrap.Pad(fixIn, columns), m.Say(d.FixIn), width, 2)...)
	}
	if !d.NotIt.IsZero() {
		lines = append(lines, m.Labelled(wrap.Pad(notIt, columns), m.Say(d.NotIt), width, 3)...)
	}
	return lines
}

// waitingLines returns the progress of the run, the check that it waits for, and the
// limits of both.
func (m model) waitingLines(width int) []string {
	mark, style := m.glyph(progress.Running)
	passed, limit := m.now.Sub(m.started), ""
	if m.deps.Limit > 0 {
		limit = m.Sayf(", %d s at most", int(m.deps.Limit.Seconds()))
	}
	done, all, failed := m.tally()
	sofar := m.Sayf("Nothing has failed.")
	if failed > 0 {
		sofar = m.Sayf("Failed: %d", failed)
	}
	lines := []string{
		style.Render(m.Fit(mark+" "+m.Sayf("%s.", m.Sayf("Running for %d s", int(max(0, passed).Seconds()))+limit), width)),
		m.Fit("  "+m.Sayf("%d of %d checks done.", done, all)+" "+sofar, width),
	}
	c := m.waitsFor()
	if c == nil {
		return lines
	}
	what := c.Waiting
	if what.IsZero() {
		what = c.Check.Title
	}
	text := m.Sayf("Now: %s", what)
	if c.Check.Timeout >= time.Second {
		text += m.Sayf(" (%d s of %d)", int(m.elapsed(*c).Seconds()), int(c.Check.Timeout.Seconds()))
	}
	if m.deps.Skip != nil {
		text += "   " + m.Sayf("s skips it")
	}
	return append(lines, term.Indent(m.WrapTo(text, width-2, 2), 2)...)
}

// broke returns what is wrong in one sentence. A warning follows on a line of its own.
func (m model) broke(d check.Diagnosis) string {
	if !d.Warning.IsZero() {
		return m.Say(d.Broke)
	}
	return m.Say(d.Headline())
}

// nextLines returns the first next step on at most words lines, and at most code lines
// of its code or command.
func (m model) nextLines(width, words, code int) []string {
	step := m.nextStep()
	if len(step) == 0 || words < 1 {
		return nil
	}
	label := m.Styles.Heading.Render(m.Sayf("Next")) + "  "
	columns := wrap.Width(label)
	lines := m.Labelled(label, m.Say(step[0].Text), width, words)
	block, minted := m.preview(step[0])
	if len(block) == 0 || code < 1 {
		return append([]string{""}, lines...)
	}
	if minted {
		last := len(lines) - 1
		if tabs := m.languageTabs(); wrap.Width(lines[last])+wrap.Width(tabs)+3 <= width {
			lines[last] = m.Ends(lines[last], tabs, width)
		} else {
			lines = append(lines, wrap.Pad("", columns)+tabs)
		}
	}
	if len(block) > code {
		more := len(block) - max(1, code-1)
		block = append(block[:max(1, code-1):max(1, code-1)], m.Sayf("… %d more: enter, y copies all", more))
	}
	for _, line := range block {
		lines = append(lines, wrap.Pad("", columns)+m.Styles.Subtle.Render(m.Marks.Block)+
			" "+m.Styles.Code.Render(m.Fit(line, width-columns-2)))
	}
	return append([]string{""}, lines...)
}

// preview returns a fix's command or code. Minting code is without its imports and
// indentation.
func (m model) preview(fix check.Fix) (lines []string, minted bool) {
	if fix.Command != "" {
		return m.Block(fix.Command), false
	}
	code := m.shownCode(fix)
	if len(code) == 0 {
		return nil, false
	}
	lines, minted = m.Block(code[0].Text), mints(fix)
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
	for _, c := range m.progress.Checks() {
		if c.State != progress.Pending && c.State != progress.Running {
			done++
		}
		if c.State == progress.Failed || c.State == progress.Errored {
			failed++
		}
	}
	return done, len(m.progress.Checks()), failed
}
