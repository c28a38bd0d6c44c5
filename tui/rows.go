package tui

import (
	"time"

	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
)

// waitShown is how long a row runs before it says what it waits for.
const waitShown = 3 * time.Second

// The columns of a row: cursor, glyph, name, word, line, time.
const (
	cursorColumns = 2
	glyphColumns  = 2
	timeColumns   = 7
	maxName       = 18
	maxWord       = 10
)

// rowLines are the six stages, each on one line; failing ones unfold by up to
// unfold lines more once the run has ended, so that no row moves before.
func (m model) rowLines(width, unfold int) []string {
	rows := m.progress.Rows()
	name, word := m.rowColumns(rows)
	var lines []string
	for i, row := range rows {
		lines = append(lines, m.rowLine(row, i == m.selected, width, name, word))
		if unfold > 0 && m.unfolds(row) {
			text := m.wrapTo(m.say(row.Line), width-cursorColumns-glyphColumns, unfold)
			lines = append(lines, indent(text, cursorColumns+glyphColumns)...)
		}
	}
	return lines
}

// unfolds tells whether a row has more to say than its one line.
func (m model) unfolds(row progress.Row) bool {
	return !m.running && m.run != nil && (row.State == progress.Failed || row.State == progress.Errored)
}

// rowColumns are the widths of the names and words, blanks included.
func (m model) rowColumns(rows []progress.Row) (name, word int) {
	for _, row := range rows {
		name = max(name, ansi.StringWidth(m.say(row.Name)))
	}
	for _, state := range states() {
		word = max(word, ansi.StringWidth(m.word(state)))
	}
	return min(name, maxName) + 2, min(word, maxWord) + 2
}

func states() []progress.State {
	return []progress.State{
		progress.Pending, progress.Running, progress.Passed, progress.Warned,
		progress.Failed, progress.Skipped, progress.Errored,
	}
}

func (m model) rowLine(row progress.Row, selected bool, width, name, word int) string {
	cursor := "  "
	label := pad(m.fit(m.say(row.Name), name-2), name)
	if selected {
		cursor = m.styles.key.Render(m.marks.cursor) + " "
		label = m.styles.selected.Render(label)
	}
	style := m.styles.mark(row.State)
	head := cursor + style.Render(m.glyph(row.State)) + " " + label

	clock := padLeft(m.rowTime(row), timeColumns)
	room := width - ansi.StringWidth(head) - ansi.StringWidth(clock)
	text := m.rowText(row)
	if row.State == progress.Skipped && text != "" {
		// The sentence starts with "not run" or "not checked" itself.
		return head + m.styles.subtle.Render(m.fit(text, room+timeColumns))
	}
	said := style.Render(pad(m.fit(m.word(row.State), word-2), word))
	room -= word
	return head + said + pad(m.fit(text, room), max(room, 0)) + m.styles.subtle.Render(clock)
}

// glyph is the one character of a state; a running row has the spinner.
func (m model) glyph(state progress.State) string {
	if state == progress.Running {
		return ansi.Strip(m.spin.View())
	}
	return m.marks.of(state)
}

// word says what the glyph shows.
func (m model) word(state progress.State) string {
	switch state {
	case progress.Passed:
		return m.sayf("ok")
	case progress.Warned:
		return m.sayf("warning")
	case progress.Failed:
		return m.sayf("failed")
	case progress.Skipped:
		return m.sayf("not run")
	case progress.Errored:
		return m.sayf("error")
	case progress.Running:
		return m.sayf("running")
	}
	return m.sayf("waiting")
}

// rowText is the row's one line: what was seen, what is waited for, or why the
// stage did not run.
func (m model) rowText(row progress.Row) string {
	switch {
	case row.State == progress.Running && m.elapsed(row) < waitShown:
		return ""
	case m.unfolds(row):
		return string(row.Code)
	case row.Code != "":
		return string(row.Code) + "  " + m.say(row.Line)
	}
	return m.say(row.Line)
}

// rowTime is how long the stage took, or runs by now.
func (m model) rowTime(row progress.Row) string {
	switch row.State {
	case progress.Running:
		if d := m.elapsed(row); d >= time.Second {
			return m.sayf("%d s", int(d.Seconds()))
		}
		return ""
	case progress.Pending, progress.Skipped:
		return ""
	}
	return finding.Millis(row.Took)
}

// elapsed is how long the longest running check of the row runs.
func (m model) elapsed(row progress.Row) time.Duration {
	var longest time.Duration
	for _, c := range row.Checks {
		if began, ok := m.began[c.Check.ID]; ok && c.State == progress.Running {
			longest = max(longest, m.now.Sub(began))
		}
	}
	return longest
}
