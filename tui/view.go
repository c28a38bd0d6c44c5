package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
	"lkdoctor/checks/wrap"
	"lkdoctor/tui/term"
)

// The window sizes at which the layout changes.
const (
	minWidth  = 60  // below it, or below minHeight, only the essentials are shown
	minHeight = 15  //
	twoPanes  = 110 // from this width on, the details are to the right of the rows
	gutter    = 3   // the columns between the panes
	minPane   = 47  // the least columns of the right one

	noticeLimit = 3 // lines
)

// View returns exactly as many lines as the window has, none wider than the window. It
// is empty once the program ends.
func (m model) View() string {
	if m.gone {
		return ""
	}
	return term.Frame(m.layout(), m.width)
}

func (m model) layout() []string {
	if m.tiny() {
		return term.Filled(m.tinyLines(), m.height)
	}
	head := m.head()
	m = m.paged(len(head))
	if m.browser.open && !m.menu.open && !m.prompt.isOpen() {
		return term.Filled(m.browserLines(), m.height)
	}
	footer := m.footer()
	height := m.height - len(head) - len(footer)
	body := term.Filled(m.body(height), height)
	if m.notice != "" && !m.prompt.isOpen() && !m.open {
		lines := term.Indent(m.noticed(m.width-2), 1)
		for i, line := range lines[:min(len(lines), max(0, height))] {
			body[height-len(lines)+i] = line
		}
	}
	return append(append(head, body...), footer...)
}

func (m model) head() []string {
	switch {
	case m.wide() && !m.browser.open && !m.showsBegin():
		return append([]string{m.headerLine(), ""}, term.Indent(m.top(m.width-2), 1)...)
	case m.open && !m.menu.open:
		return []string{m.pageTitle(m.width)}
	}
	return []string{m.headerLine(), ""}
}

func (m model) tiny() bool { return m.width < minWidth || m.height < minHeight }

func (m model) wide() bool { return m.width >= twoPanes }

// split reports whether the page is shown to the right of the rows. An open page takes
// the whole width, so that code is cut less.
func (m model) split() bool {
	return m.wide() && !m.browser.open && (!m.open || m.menu.open) && !m.showsBegin()
}

func (m model) headerLine() string {
	head := " " + m.Styles.Title.Render("lkdoctor")
	url, source := m.Plain(m.deps.Title.URL), m.Say(diagnosis.SourceText(m.deps.Title.Source))
	if url == "" && m.run != nil && m.run.Target.LiveKitURL != "" {
		url, source = m.Plain(m.run.Target.LiveKitURL), "" // the URL came with a token, or the user chose it
	}
	if url != "" {
		head += "   " + url
	}
	if source != "" {
		head += "   " + m.Styles.Subtle.Render(source)
	}
	state := m.runState()
	for len(state) > 0 && wrap.Width(head+strings.Join(state, m.Marks.Dot))+4 > m.width {
		state = state[1:] // the address is more important
	}
	return m.Ends(head, m.Styles.Subtle.Render(strings.Join(state, m.Marks.Dot)), m.width-1)
}

// runState returns the parts of the first line's end, the least important first.
func (m model) runState() []string {
	var state []string
	if !m.running && m.run != nil {
		state = append(state, m.Sayf("took %s", finding.Millis(m.run.Took)))
		if len(m.runs) > 1 {
			state = append(state, m.Sayf("run %d of %d", m.showing+1, len(m.runs)))
		}
		if m.spent {
			state = append(state, m.Sayf("ticket spent"))
		}
	}
	if m.watch.news != nil {
		state = append(state, m.Sayf("watching .env*"))
	}
	return state
}

func (m model) body(height int) []string {
	switch {
	case m.split():
		return m.panes(height)
	case m.menu.open:
		return term.Indent(m.menuLines(m.width-2, height), 1)
	case m.showsBegin():
		return term.Indent(m.beginLines(m.width-2, height), 1)
	case m.open:
		return append([]string{" " + m.tabsLine(m.width-2), ""}, strings.Split(m.pane.View(), "\n")...)
	}
	return m.overview(m.width-2, height)
}

// size is the space for the parts of the overview: lines for each row, lines of the next
// step, and lines of its code; and whether the root cause's row repeats its message.
type size struct {
	row, next, code int
	root            bool
}

// sizes returns the layouts from the largest to the smallest. Whole messages are more
// important than code, and the first lines of the fix more important than the message
// that the verdict replaces.
func sizes() []size {
	return []size{
		{row: 8, next: 5, code: 12, root: true}, {row: 4, next: 4, code: 8, root: true}, {row: 3, next: 4, code: 6, root: true},
		{row: 3, next: 4, code: 4, root: true}, {row: 3, next: 3, code: 4, root: true},
		{row: 3, next: 4, code: 8}, {row: 3, next: 4, code: 5}, {row: 3, next: 3, code: 4}, {row: 3, next: 3, code: 3},
		{row: 3, next: 3, code: 2}, {row: 3, next: 2, code: 2}, {row: 2, next: 3, code: 3}, {row: 2, next: 2, code: 2},
		{row: 2, next: 2, code: 1}, {row: 2, next: 2}, {row: 2, next: 1},
		{row: 1, next: 2, code: 2}, {row: 1, next: 2, code: 1}, {row: 1, next: 1}, {row: 1},
	}
}

// overview returns the verdict, the rows and the next step in the largest layout that
// fits.
func (m model) overview(width, height int) []string {
	top := term.Indent(m.top(width-1), 1)
	runs := m.runsLines(width - 1)
	var lines []string
	for _, r := range sizes() {
		rows := m.rowBlocks(width+1, r)
		grown, tall := 0, rows
		if r.row < 3 { // a few more lines do not help longer rows
			r.row += 2
			grown, tall = len(rows), m.rowBlocks(width+1, r)
		}
		next := term.Indent(m.nextLines(width-1, r.next, r.code), 1)
		for ; grown >= 0; grown-- {
			blocks := append(tall[:grown:grown], rows[grown:]...)
			if lines = slices.Concat(top, slices.Concat(blocks...), next, runs); len(lines) <= height {
				return append(lines, term.Indent(m.workedLines(width-1, height-len(lines)), 1)...)
			}
		}
	}
	return m.marked(lines, width, height)
}

// marked cuts lines to height, with a mark if it left out any.
func (m model) marked(lines []string, width, height int) []string {
	if len(lines) <= height || height < 1 {
		return lines
	}
	lines = lines[:height]
	lines[height-1] = m.Fit(ansi.Truncate(lines[height-1], max(0, width-4), ""), width-4) + " " + m.Ellipsis()
	return lines
}

// leftColumns is the width of the left pane. The rows of a run without failures are one
// line each, as long as minPane columns remain for the right one.
func (m model) leftColumns() int {
	columns := min(84, m.width*48/100)
	if m.worked() && !m.browser.open {
		columns = max(columns, min(m.rowColumns(), m.width-minPane-gutter))
	}
	return columns
}

func (m model) panes(height int) []string {
	var left []string
	for _, r := range []size{{row: 16, root: true}, {row: 8, root: true}, {row: 3, root: true}, {row: 3}, {row: 2}, {row: 1}} {
		left = append(slices.Concat(m.rowBlocks(m.leftColumns(), r)...), m.runsLines(m.leftColumns()-2)...)
		if len(left) <= height {
			break
		}
	}
	row, _ := m.row()
	timed := m.shownTab() == tabEvidence && (row.Stage == check.StageTicket || m.connects(row)) // on the page
	if !m.summed() && !timed {
		left = append(left, term.Indent(m.workedLines(m.leftColumns()-2, height-len(left)), 1)...)
	}
	left = term.Filled(m.marked(left, m.leftColumns(), height), height)
	bar, right := m.Styles.Subtle.Render(m.Marks.Bar), []string(nil)
	if m.menu.open {
		bar, right = m.Styles.Key.Render(m.Marks.ThickBar), m.menuLines(m.pane.Width, height)
	} else if right = strings.Split(m.pane.View(), "\n"); !m.summed() {
		right = append([]string{m.tabsLine(m.pane.Width), ""}, right...)
	}
	return m.Columns(left, term.Filled(right, height), m.leftColumns(), bar)
}

func (m model) footer() []string {
	var notice []string
	if m.prompt.isOpen() {
		return term.Indent(m.promptLines(m.width-2), 1)
	} else if m.open {
		notice = m.noticeLines(m.width - 2)
	}
	return term.Indent(append(notice, m.short(m.width-1)), 1)
}

// noticeLines returns the notice under a page, else whether there is more to read. On
// the overview a notice covers the last lines.
func (m model) noticeLines(width int) []string {
	reading, pane := m.open, m.pane
	if m.browser.open {
		reading, pane = m.browser.reading, m.browser.pane
	}
	switch {
	case m.notice != "":
		return m.noticed(width)
	case reading && !m.menu.open && !pane.AtBottom():
		return []string{term.Zone("key", "pgdown", m.Styles.Subtle.Render(m.Fit(m.Sayf("More below: PgDn"), width)))}
	}
	return []string{""}
}

// noticed returns the notice, wrapped so that its paths and addresses are whole.
func (m model) noticed(width int) []string {
	return term.Styled(m.Styles.Key, m.WrapTo(m.notice, width, noticeLimit))
}

func (m model) tinyLines() []string {
	if m.prompt.isOpen() {
		lines := m.promptLines(m.width)
		if m.height < len(lines) {
			lines = lines[len(lines)-min(2, len(lines)):]
		}
		return lines
	}
	lines := []string{m.tinyState(), m.Fit(m.Sayf("Small window: %d×%d shows all. q quits.", minWidth, minHeight), m.width)}
	for _, row := range m.progress.Rows() {
		mark, style := m.glyph(row.State)
		line := mark + " " + m.Say(row.Name) + "  " + m.word(row.State)
		if row.Code != "" {
			line += "  " + string(row.Code)
		}
		lines = append(lines, style.Render(m.Fit(line, m.width)))
	}
	return append(append(lines, ""), m.verdictLines(m.width)...)
}

func (m model) tinyState() string {
	state := progress.Running
	text := m.Sayf("running")
	switch {
	case m.stopping:
		text = m.Sayf("stopping")
	case m.failure != nil:
		state, text = progress.Errored, m.word(progress.Errored)
	case !m.running && m.run != nil:
		state = progress.State(m.run.Status)
		text = strings.TrimSpace(m.word(state) + "  " + string(m.cause().Code))
	}
	mark, style := m.glyph(state)
	return style.Render(m.Fit(mark+" "+text, m.width))
}

// paged returns the model with the selected page in its panes, for a window with head lines
// above the body. Keys that scroll need it, and so does the layout.
func (m model) paged(head int) model {
	if m.browser.reading {
		m.browser.pane.Width, m.browser.pane.Height = m.width-2, max(1, m.height-3-len(m.noticeLines(m.width-2)))
		m.browser.pane.SetContent(strings.Join(term.Indent(m.browserPage(m.width-4), 1), "\n"))
		return m
	}
	if m.tiny() || !m.open && !m.split() {
		return m // no page is shown
	}
	m.pane.Width = m.width - 2
	if m.split() {
		m.pane.Width = m.width - m.leftColumns() - gutter
	}
	const tabs = 2 // the line of the tabs, and a blank one
	m.pane.Height = max(1, m.height-head-len(m.footer())-tabs)
	laid := m.page(m.pane.Width - 1)
	if m.over = max(0, laid.over); m.shift > m.over {
		m.shift = m.over
		laid = m.page(m.pane.Width - 1)
	}
	lines := laid.lines
	if !m.split() {
		lines = term.Indent(lines, 1)
	}
	m.pane.SetContent(strings.Join(lines, "\n"))
	m.pane.SetYOffset(m.pane.YOffset)
	return m
}
