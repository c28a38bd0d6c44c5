package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/progress"
)

// The window sizes at which the layout changes.
const (
	minWidth  = 60  // under it, or under minHeight, only the essentials
	minHeight = 15  //
	twoPanes  = 110 // from here on the details stand beside the rows
	gutter    = 3   // between the panes
)

// View is Bubble Tea's: exactly the window's height of lines, none wider than
// the window; nothing once the program ends.
func (m model) View() string {
	if m.gone {
		return ""
	}
	lines := m.layout()
	for i, line := range lines {
		lines[i] = ansi.Truncate(line, m.width, "")
	}
	return strings.Join(lines, "\n")
}

func (m model) layout() []string {
	if m.tiny() {
		return filled(m.tinyLines(), m.height)
	}
	footer := m.footer()
	body := m.height - 2 - len(footer)
	lines := append([]string{m.headerLine(), ""}, filled(m.body(body), body)...)
	return append(lines, footer...)
}

func (m model) tiny() bool { return m.width < minWidth || m.height < minHeight }

func (m model) wide() bool { return m.width >= twoPanes }

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
	if url := m.plain(m.deps.Title.URL); url != "" {
		head += "   " + url
	}
	if source := m.plain(m.deps.Title.Source); source != "" {
		head += "   " + m.styles.subtle.Render(source)
	}
	return m.fit(head, m.width)
}

// body is what stands between the header and the footer.
func (m model) body(height int) []string {
	switch {
	case m.wide():
		return m.beside(height)
	case m.open || m.helping:
		return strings.Split(m.pane.View(), "\n")
	}
	return m.overview(m.width-2, height)
}

// overview is the rows and the diagnosis; failing rows unfold as far as there
// is room.
func (m model) overview(width, height int) []string {
	var lines []string
	for unfold := 3; unfold >= 0; unfold-- {
		lines = m.rowLines(width, unfold)
		lines = append(append(lines, ""), indent(m.verdictLines(width-1), 1)...)
		if len(lines) <= height {
			break
		}
	}
	return lines
}

// leftColumns is the width of the left one of two panes.
func (m model) leftColumns() int { return min(84, m.width*52/100) }

// beside puts the overview to the left of the pane.
func (m model) beside(height int) []string {
	left := filled(m.overview(m.leftColumns(), height), height)
	right := filled(strings.Split(m.pane.View(), "\n"), height)
	bar := m.styles.subtle
	if m.open || m.helping {
		bar = m.styles.key
	}
	out := make([]string, len(left))
	for i := range left {
		out[i] = pad(ansi.Truncate(left[i], m.leftColumns(), ""), m.leftColumns()) + " " + bar.Render(m.marks.bar) + " " + right[i]
	}
	return out
}

// footer is the prompt, or the notice and the keys.
func (m model) footer() []string {
	width := m.width - 2
	if m.prompt.isOpen() {
		return indent(m.promptLines(width), 1)
	}
	return indent([]string{m.noticeLine(width), m.short(width + 1)}, 1)
}

// noticeLine tells what a key has done, else whether there is more to read.
func (m model) noticeLine(width int) string {
	switch {
	case m.notice != "":
		return m.styles.notice.Render(m.fit(m.notice, width))
	case (m.wide() || m.open || m.helping) && !m.pane.AtBottom():
		return m.styles.subtle.Render(m.fit(m.sayf("More below: PgDn"), width))
	}
	return ""
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
	if m.wide() {
		m.pane.Width = m.width - m.leftColumns() - gutter
	}
	m.pane.Height = max(1, m.height-2-len(m.footer()))
	lines := m.details(m.pane.Width - 1)
	if m.helping {
		lines = m.helpLines(m.pane.Width - 1)
	}
	if !m.wide() {
		lines = indent(lines, 1)
	}
	m.pane.SetContent(strings.Join(lines, "\n"))
	m.pane.SetYOffset(m.pane.YOffset)
	return m
}

// helpLines list every key.
func (m model) helpLines(width int) []string {
	lines := []string{m.styles.title.Render(m.fit(m.sayf("Keys"), width)), ""}
	longest := 0
	for _, b := range m.full() {
		longest = max(longest, ansi.StringWidth(b.Help().Key))
	}
	for _, b := range m.full() {
		label := m.styles.key.Render(pad(b.Help().Key, longest)) + "  "
		for i, line := range wrap(b.Help().Desc, width-longest-2) {
			if i > 0 {
				label = strings.Repeat(" ", longest+2)
			}
			lines = append(lines, label+line)
		}
	}
	return lines
}
