package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
	"lkdoctor/checks/wrap"
)

// The window sizes at which the layout changes.
const (
	minWidth  = 60  // under it, or under minHeight, only the essentials
	minHeight = 15  //
	twoPanes  = 110 // from here on the details stand beside the rows
	gutter    = 3   // between the panes

	noticeLimit = 3 // lines
)

// View is Bubble Tea's: exactly the window's height of lines, none wider than
// the window; nothing once the program ends.
func (m model) View() string {
	if m.gone {
		return ""
	}
	lines := m.layout()
	for i, line := range lines {
		lines[i] = ansi.Truncate(withoutZones(line), m.width, "")
	}
	return strings.Join(lines, "\n")
}

func (m model) layout() []string {
	if m.tiny() {
		return filled(m.tinyLines(), m.height)
	}
	if m.browser.open && !m.menu.open && !m.prompt.isOpen() {
		return filled(m.browserLines(), m.height)
	}
	head, footer := m.head(), m.footer()
	height := m.height - len(head) - len(footer)
	body := filled(m.body(height), height)
	if m.notice != "" && !m.prompt.isOpen() && !m.open {
		lines := indent(m.noticed(m.width-2), 1)
		for i, line := range lines[:min(len(lines), max(0, height))] {
			body[height-len(lines)+i] = line
		}
	}
	return append(append(head, body...), footer...)
}

// head is what stands above the body.
func (m model) head() []string {
	switch {
	case m.showsBegin() && !m.browser.open:
		return []string{m.headerLine(), ""}
	case m.wide() && !m.browser.open:
		return append([]string{m.headerLine(), ""}, indent(m.top(m.width-2), 1)...)
	case m.menu.open || !m.open:
		return []string{m.headerLine(), ""}
	}
	return []string{m.pageTitle(m.width), " " + m.tabsLine(m.width-2), ""}
}

func (m model) tiny() bool { return m.width < minWidth || m.height < minHeight }

func (m model) wide() bool { return m.width >= twoPanes }

// split reports whether the page stands beside the rows; an open one takes the
// whole width, so that code keeps its lines.
func (m model) split() bool {
	return m.wide() && !m.browser.open && (!m.open || m.menu.open) && !m.showsBegin()
}

// filled cuts or fills lines to exactly n.
func filled(lines []string, n int) []string {
	n = max(n, 0)
	if len(lines) > n {
		return lines[:n]
	}
	return append(lines, make([]string, n-len(lines))...)
}

func (m model) headerLine() string {
	head := " " + m.styles.title.Render("lkdoctor")
	url, source := m.plain(m.deps.Title.URL), m.say(diagnosis.SourceText(m.deps.Title.Source))
	if url == "" && m.run != nil && m.run.Target.LiveKitURL != "" {
		url, source = m.plain(m.run.Target.LiveKitURL), "" // it came with a token, or was chosen
	}
	if url != "" {
		head += "   " + url
	}
	if source != "" {
		head += "   " + m.styles.subtle.Render(source)
	}
	state := m.runState()
	for len(state) > 0 && wrap.Width(head+strings.Join(state, m.marks.dot))+4 > m.width {
		state = state[1:] // the address is not cut for it
	}
	return m.ends(head, m.styles.subtle.Render(strings.Join(state, m.marks.dot)), m.width-1)
}

// runState is what the end of the first line says about the run, the least
// important first.
func (m model) runState() []string {
	if m.running || m.run == nil {
		return m.watch.state(m.speech)
	}
	state := []string{m.sayf("took %s", finding.Millis(m.run.Took))}
	if len(m.runs) > 1 {
		state = append(state, m.sayf("run %d of %d", m.showing+1, len(m.runs)))
	}
	if m.spent {
		state = append(state, m.sayf("ticket spent"))
	}
	return append(state, m.watch.state(m.speech)...)
}

// body is what stands between the head and the footer.
func (m model) body(height int) []string {
	switch {
	case m.split():
		return m.beside(height)
	case m.menu.open:
		return indent(m.menuWindow(m.width-2, height), 1)
	case m.showsBegin():
		return indent(m.beginLines(m.width-2, height), 1)
	case m.open && m.wide():
		return append([]string{" " + m.tabsLine(m.width-2), ""}, strings.Split(m.pane.View(), "\n")...)
	case m.open:
		return strings.Split(m.pane.View(), "\n")
	}
	return m.overview(m.width-2, height)
}

// room is how much of the window each part of the overview may take: lines a
// row, lines of the next step, lines of its code; whether the finding that the
// verdict is about says its sentence too; and how many rows, from the first on,
// may take two lines more.
type room struct {
	row, next, code int
	root            bool
	grown           int
}

// rooms are from the most to the least. Whole sentences come before code, but
// the first lines of the fix before the sentence that the verdict stands for.
func rooms() []room {
	return []room{
		{row: 8, next: 5, code: 12, root: true}, {row: 4, next: 4, code: 8, root: true}, {row: 3, next: 4, code: 6, root: true},
		{row: 3, next: 4, code: 4, root: true}, {row: 3, next: 3, code: 4, root: true},
		{row: 3, next: 4, code: 8}, {row: 3, next: 4, code: 5}, {row: 3, next: 3, code: 4}, {row: 3, next: 3, code: 3},
		{row: 3, next: 3, code: 2}, {row: 3, next: 2, code: 2}, {row: 2, next: 3, code: 3}, {row: 2, next: 2, code: 2},
		{row: 2, next: 2, code: 1}, {row: 2, next: 2}, {row: 2, next: 1},
		{row: 1, next: 2, code: 2}, {row: 1, next: 2, code: 1}, {row: 1, next: 1}, {row: 1},
	}
}

// overview is the verdict, the rows and the next step, as whole as there is
// room for.
func (m model) overview(width, height int) []string {
	var lines []string
	for _, r := range rooms() {
		if r.row < 3 {
			r.grown = len(check.Stages()) // of longer rows a few lines more are no gain
		}
		for ; r.grown >= 0; r.grown-- {
			if lines = m.laid(width, r); len(lines) <= height {
				return append(lines, indent(m.workedLines(width-1, height-len(lines)), 1)...)
			}
		}
	}
	return m.marked(lines, width, height)
}

// laid is the overview with that much room for each part.
func (m model) laid(width int, r room) []string {
	lines := append(indent(m.top(width-1), 1), m.rowLines(width+1, r)...)
	lines = append(lines, indent(m.nextLines(width-1, r.next, r.code), 1)...)
	if runs := m.runsLine(width - 1); runs != "" {
		lines = append(lines, "", " "+runs)
	}
	return lines
}

// marked cuts lines to height, with a mark where something is missing.
func (m model) marked(lines []string, width, height int) []string {
	if len(lines) <= height || height < 1 {
		return lines
	}
	lines = lines[:height]
	lines[height-1] = m.fit(ansi.Truncate(lines[height-1], max(0, width-4), ""), width-4) + " " + m.ellipsis()
	return lines
}

// leftColumns is the width of the left one of two panes.
func (m model) leftColumns() int { return min(84, m.width*48/100) }

// beside puts the rows to the left of the page.
func (m model) beside(height int) []string {
	var left []string
	for _, r := range []room{{row: 16, root: true}, {row: 8, root: true}, {row: 3, root: true}, {row: 3}, {row: 2}, {row: 1}} {
		left = m.rowLines(m.leftColumns(), r)
		if runs := m.runsLine(m.leftColumns() - 2); runs != "" {
			left = append(left, "", " "+runs)
		}
		if len(left) <= height {
			break
		}
	}
	left = filled(m.marked(left, m.leftColumns(), height), height)
	var right []string
	if m.menu.open {
		right = m.menuWindow(m.pane.Width, height)
	} else {
		right = append([]string{m.tabsLine(m.pane.Width), ""}, strings.Split(m.pane.View(), "\n")...)
	}
	right = filled(right, height)
	bar := m.styles.subtle.Render(m.marks.bar)
	if m.menu.open {
		bar = m.styles.key.Render(m.marks.thickBar)
	}
	out := make([]string, len(left))
	for i := range left {
		out[i] = wrap.Pad(ansi.Truncate(left[i], m.leftColumns(), ""), m.leftColumns()) + " " + bar + " " + right[i]
	}
	return out
}

// menuWindow is the part of the help around the selected key.
func (m model) menuWindow(width, height int) []string {
	lines, at := m.menuLines(width)
	if len(lines) <= height {
		return lines
	}
	const head = 2
	rest := lines[head:]
	from := min(max(0, at-head-(height-head)/2), len(rest)-(height-head))
	to := from + max(0, height-head)
	shown := m.styles.subtle.Render(m.sayf("%d–%d of %d", from+1, to, len(rest)))
	return append([]string{m.ends(lines[0], shown, width), ""}, rest[from:to]...)
}

// footer is the prompt, or the keys.
func (m model) footer() []string {
	width := m.width - 2
	if m.prompt.isOpen() {
		return indent(m.promptLines(width), 1)
	}
	if m.open {
		return indent(append(m.noticeLines(width), m.short(width+1)), 1)
	}
	return indent([]string{m.short(width + 1)}, 1)
}

// noticeLines tell under a page what a key has done, else whether there is more
// to read. On the overview a notice lies over the last lines.
func (m model) noticeLines(width int) []string {
	reading, pane := m.open, m.pane
	if m.browser.open {
		reading, pane = m.browser.reading, m.browser.pane
	}
	switch {
	case m.notice != "":
		return m.noticed(width)
	case reading && !m.menu.open && !pane.AtBottom():
		return []string{zone("key", "pgdown", m.styles.subtle.Render(m.fit(m.sayf("More below: PgDn"), width)))}
	}
	return []string{""}
}

// noticed is the notice on as many lines as its paths and addresses need.
func (m model) noticed(width int) []string {
	lines := m.wrapTo(m.notice, width, noticeLimit)
	for i := range lines {
		lines[i] = m.styles.notice.Render(lines[i])
	}
	return lines
}

// tinyLines are the essentials for a window that is too small for the rest.
func (m model) tinyLines() []string {
	if m.prompt.isOpen() {
		lines := m.promptLines(m.width)
		if m.height < len(lines) {
			lines = lines[len(lines)-min(2, len(lines)):]
		}
		return lines
	}
	lines := []string{m.tinyState(), m.fit(m.sayf("Small window: %d×%d shows all. q quits.", minWidth, minHeight), m.width)}
	for _, row := range m.progress.Rows() {
		mark := m.glyph(row.State) + " " + m.say(row.Name) + "  " + m.word(row.State)
		if row.Code != "" {
			mark += "  " + string(row.Code)
		}
		lines = append(lines, m.styles.mark(row.State).Render(m.fit(mark, m.width)))
	}
	return append(append(lines, ""), m.verdictLines(m.width)...)
}

// tinyState is the whole run in one line.
func (m model) tinyState() string {
	state := progress.Running
	text := m.sayf("running")
	switch {
	case m.stopping:
		text = m.sayf("stopping")
	case m.failure != nil:
		state, text = progress.Errored, m.word(progress.Errored)
	case !m.running && m.run != nil:
		state = progress.State(m.run.Status)
		text = m.word(state)
		if cause := m.run.Diagnosis.RootCause; cause != nil {
			text += "  " + string(cause.Code)
		}
	}
	return m.styles.mark(state).Render(m.fit(m.glyph(state)+" "+text, m.width))
}

// synced is the model with its pane laid out for what is selected and for the
// size of the window, so that View has only to read.
func (m model) synced() model {
	if m.tiny() {
		return m
	}
	m.pane.Width = m.width - 2
	m.pane.Height = max(1, m.height-len(m.head())-len(m.footer()))
	if m.split() {
		m.pane.Width = m.width - m.leftColumns() - gutter
	}
	if m.wide() {
		m.pane.Height = max(1, m.pane.Height-2)
	}
	laid := m.page(m.pane.Width - 1)
	if m.over = max(0, laid.over); m.shift > m.over {
		m.shift = m.over
		laid = m.page(m.pane.Width - 1)
	}
	lines := laid.lines
	if !m.split() {
		lines = indent(lines, 1)
	}
	if m.browser.reading {
		m.browser.pane.Width, m.browser.pane.Height = m.width-2, max(1, m.height-3-len(m.noticeLines(m.width-2)))
		m.browser.pane.SetContent(strings.Join(indent(m.browserPage(m.width-4), 1), "\n"))
	}
	m.pane.SetContent(strings.Join(lines, "\n"))
	m.pane.SetYOffset(m.pane.YOffset)
	return m
}
