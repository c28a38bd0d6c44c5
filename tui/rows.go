package tui

import (
	"slices"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
	"lkdoctor/checks/wrap"
	"lkdoctor/tui/term"
)

// The widths of the columns of a row: cursor, mark, name, word and text, time.
const (
	cursorColumns = 2
	glyphColumns  = 2
	timeColumns   = 7
	maxName       = 18
	maxWord       = 10
)

// rowBlocks returns the lines of each stage. Before the end of the run each takes one line,
// so that no row moves; after it, each may take up to r.row lines.
func (m model) rowBlocks(width int, r size) [][]string {
	if m.running || m.run == nil {
		r = size{row: 1, root: true}
	}
	rows, was := m.progress.Rows(), m.was().Rows()
	name := m.nameColumns(rows)
	blocks := make([][]string, len(rows))
	for i, row := range rows {
		clock := m.rowTime(row)
		if i < len(was) && was[i].State != row.State {
			mark, _ := m.State(was[i].State)
			clock = m.Sayf("was %s", mark)
		}
		for _, line := range m.rowBlock(row, i == m.selected, clock, width, name, r) {
			blocks[i] = append(blocks[i], term.Zone("row", i, line))
		}
	}
	return blocks
}

// nameColumns returns the width of the column of names, blanks included.
func (m model) nameColumns(rows []progress.Row) int {
	name := 0
	for _, row := range rows {
		name = max(name, wrap.Width(m.Say(row.Name)))
	}
	return min(name, maxName) + 1
}

// wordColumns returns the width of the column of states, blanks included.
func (m model) wordColumns() int {
	word := 0
	for _, state := range progress.States() {
		word = max(word, wrap.Width(m.word(state)))
	}
	return min(word, maxWord) + 2
}

// rowColumns returns the width that holds each row on one line.
func (m model) rowColumns() int {
	rows, text := m.progress.Rows(), 0
	for _, row := range rows {
		text = max(text, wrap.Width(m.rowText(row)))
	}
	return cursorColumns + glyphColumns + m.nameColumns(rows) + m.wordColumns() + text + timeColumns
}

// rowBlock returns one stage on at most r.row lines, and one more for a code.
func (m model) rowBlock(row progress.Row, selected bool, clock string, width, name int, r size) []string {
	label := wrap.Pad(m.Fit(m.Say(row.Name), name-1), name)
	if selected {
		label = m.Styles.Title.Render(label)
	}
	mark, style := m.glyph(row.State)
	word := m.word(row.State)
	done := func(c progress.CheckRow) bool { return c.State != progress.Pending }
	if row.State == progress.Pending && slices.ContainsFunc(row.Checks, done) {
		mark, word = m.Marks.Partly, m.Sayf("partly done")
	}
	head := m.Cursor(selected) + style.Render(mark) + " " + label
	text := m.rowText(row)
	word += "  "
	if row.State == progress.Skipped && text != "" {
		// The text already starts with "not run" or "not checked".
		word, style = "", m.Styles.Subtle
	}
	columns := wrap.Width(head) + wrap.Width(word)
	limit, space := r.row, width-columns-timeColumns
	if len(row.Code) > space && limit > 1 {
		clock = "" // a code is not wrapped to show the time
	}
	if clock == "" {
		space = width - columns - 1
	}
	var under []string
	if row.Code != "" && (limit > 1 || !r.root && m.isCause(row.Code)) {
		if (r.root || !m.isCause(row.Code)) && !m.repeats(row, selected) {
			under = term.Indent(m.WrapTo(m.Say(row.Line), width-cursorColumns-glyphColumns-1, limit), cursorColumns+glyphColumns)
		}
		text = string(row.Code)
	}
	texts := m.WrapTo(text, max(space, 1), limit)
	if limit == 1 {
		texts = []string{m.Fit(text, space)}
	}
	if word == "" {
		texts = term.Styled(style, texts)
	}
	lines := wrap.Under(head+style.Render(word), texts)
	lines[0] = m.Ends(lines[0], m.Styles.Subtle.Render(clock), width)
	return append(lines, under...)
}

// repeats reports whether the message of a row's finding is already on the screen:
// in the verdict, or on the page in the other pane.
func (m model) repeats(row progress.Row, selected bool) bool {
	if m.run != nil && m.Say(row.Line) == m.broke(m.run.Diagnosis) {
		return true
	}
	l, found := m.current()
	return selected && found && m.wide() && m.shownTab() == tabEvidence && m.Say(l.Finding.Message) == m.Say(row.Line)
}

// glyph returns the mark of a state, for a running check the spinner, and the style of the
// mark and its word.
func (m model) glyph(state progress.State) (mark string, style lipgloss.Style) {
	mark, style = m.State(state)
	if state == progress.Running {
		mark = ansi.Strip(m.spin.View())
	}
	return mark, style
}

func (m model) word(state progress.State) string { return m.Say(state.Word()) }

func (m model) rowText(row progress.Row) string {
	switch {
	case row.State == progress.Running:
		c := m.longest(row.Checks)
		if short := m.Say(c.Check.Short); short != "" {
			return short
		}
		return m.Say(c.Check.Title)
	case row.Code != "":
		return string(row.Code) + "  " + m.Say(row.Line)
	}
	return m.Say(row.Line)
}

func (m model) rowTime(row progress.Row) string {
	switch row.State {
	case progress.Running:
		c := m.longest(row.Checks)
		d := m.elapsed(*c)
		switch {
		case d < time.Second:
			return ""
		case c.Check.Timeout >= time.Second:
			return m.Sayf("%d/%d s", int(d.Seconds()), int(c.Check.Timeout.Seconds()))
		}
		return m.Sayf("%d s", int(d.Seconds()))
	case progress.Pending, progress.Skipped:
		return ""
	}
	return finding.Millis(row.Took)
}

func (m model) longest(checks []progress.CheckRow) *progress.CheckRow {
	var longest *progress.CheckRow
	for i, c := range checks {
		if c.State == progress.Running && (longest == nil || m.elapsed(c) > m.elapsed(*longest)) {
			longest = &checks[i]
		}
	}
	return longest
}

func (m model) elapsed(c progress.CheckRow) time.Duration {
	if began, ok := m.began[c.Check.ID]; ok {
		return max(0, m.now.Sub(began))
	}
	return 0
}

// waitsFor returns the running check of the selected row, else the one that has run
// longest; nil while none runs.
func (m model) waitsFor() *progress.CheckRow {
	if !m.running || m.stopping {
		return nil
	}
	row, _ := m.row()
	if c := m.longest(row.Checks); c != nil && m.moved {
		return c
	}
	return m.longest(m.progress.Checks())
}
