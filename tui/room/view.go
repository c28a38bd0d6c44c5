package room

import (
	"github.com/charmbracelet/lipgloss"

	"lkdoctor/checks/room"
	"lkdoctor/checks/wrap"
	"lkdoctor/tui/term"
)

// Below minHeight rows, the status and the keys take one line each. From twoPanes
// columns on, people and connection are side by side. Prose is at most maxProse columns
// wide.
const (
	minHeight = 14
	twoPanes  = 110
	maxProse  = 100
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
	width := max(m.width-2, 1)
	if m.page == theQR {
		return m.qrLines(width)
	}
	foot := append(m.notices(width), m.hints(width)...)
	var top []string
	if m.height >= minHeight {
		head := m.Styles.Title.Render("lkdoctor join") + "   " + m.Plain(m.deps.URL) + "   " +
			m.Styles.Subtle.Render(m.Sayf("%s in %s", m.deps.Identity, m.deps.Room))
		top = append([]string{m.Fit(head, width), ""}, m.status(width)...)
	} else if m.page == thePeople {
		top = m.status(width)[:1]
	}
	height := m.height - len(top) - len(foot)
	lines := append(top, term.Filled(m.body(width, height), height)...)
	return term.Indent(term.Filled(append(lines, foot...), m.height), 1)
}

func (m model) status(width int) []string {
	s := m.state
	mark, style, text := m.Marks.Pending, m.Styles.Key, ""
	switch s.phase {
	case asking:
		mark, style, text = m.Marks.Warn, m.Styles.Warn, m.Sayf("not joined yet")
	case joining:
		text = m.Sayf("joining")
	case connecting:
		text = m.Sayf("joined; media is connecting")
	case inside:
		mark, style, text = m.Marks.Pass, m.Styles.Good, m.Sayf("in the room for %s", clock(m.now.Sub(s.since)))
	case reconnecting:
		mark, style, text = m.Marks.Warn, m.Styles.Warn, m.Sayf("connection lost; reconnecting for %s", clock(m.now.Sub(s.away)))
	case over:
		mark, style, text = m.ended()
	}
	first := style.Render(mark + " " + text)
	for _, p := range s.people {
		if p.me && p.quality != "" && s.phase == inside {
			first += "   " + m.Sayf("connection: %s", m.grade(p.quality))
		}
	}
	if s.server.Version != "" {
		first += "   " + m.Styles.Subtle.Render(m.Sayf("LiveKit %s", s.server.Version))
	}
	lines := []string{m.Fit(first, width)}
	if !m.wide() {
		lines = append(lines, term.Indent(m.connection(width-2), 2)...)
	}
	return append(lines, "")
}

func (m model) ended() (string, lipgloss.Style, string) {
	text := m.Sayf("not in the room")
	if m.state.last.End == nil {
		return m.Marks.Pending, m.Styles.Subtle, text
	}
	switch m.state.last.End.Outcome {
	case room.Left, room.Interrupted:
		return m.Marks.Pass, m.Styles.Good, m.Sayf("left the room")
	case room.NotJoined:
		text = m.Sayf("could not join")
	case room.ThrownOut:
		text = m.Sayf("thrown out")
	case room.Lost:
		text = m.Sayf("connection lost")
	}
	return m.Marks.Fail, m.Styles.Bad, text
}

func (m model) wide() bool { return m.width >= twoPanes && m.height >= minHeight }

func (m model) body(width, height int) []string {
	switch {
	case m.page == theHelp:
		return m.helpLines(width)
	case m.page == theLink:
		return m.linkLines(width)
	case m.state.phase == asking:
		text := m.Sayf("%s is in room %s now. Joining with this token throws that participant out: "+
			"LiveKit keeps one of each identity.", m.deps.Identity, m.deps.Room)
		return append(wrap.Lines(text, min(width, maxProse)), "", m.Styles.Warn.Render(m.Sayf("Join all the same?")))
	}
	var lines []string
	switch {
	case m.state.phase == over:
		lines = m.endLines(width)
	case m.wide():
		right := min(56, width/2)
		left := width - right - 3
		lines = m.Columns(m.peopleLines(left, max(8, height/2)), m.connection(right), left, m.Styles.Subtle.Render(m.Marks.Bar))
	default:
		lines = m.peopleLines(width, max(3, height/2))
	}
	lines = append(lines, "")
	return append(lines, m.logLines(width, height-len(lines))...)
}

func (m model) endLines(width int) []string {
	e, prose := m.state.last, min(width, maxProse)
	lines := wrap.Lines(m.Say(e.Text), prose)
	if m.explaining && e.End != nil && e.End.Outcome == room.NotJoined {
		return append(lines, "", m.Styles.Key.Render(m.Fit(m.Sayf("Looking for the cause: lkdoctor asks the server as its checks do."),
			width)))
	}
	for _, f := range e.Findings {
		lines = append(lines, m.Styles.Bad.Render(string(f.Code)))
		lines = append(lines, wrap.Hang("    ", m.Plain(f.Message), prose)...)
	}
	if e.Advice != "" {
		lines = append(lines, "")
		lines = append(lines, wrap.Lines(m.Sayf("Next: %s", e.Advice), prose)...)
	}
	return lines
}

// logLines returns the newest lines of the log that fit, or older ones after scrolling.
func (m model) logLines(width, height int) []string {
	if height < 1 {
		return nil
	}
	end := max(len(m.state.log)-m.scroll, 0)
	var lines []string
	for i := end - 1; i >= 0 && len(lines) < height; i-- {
		l := m.state.log[i]
		if l.kind == room.Ended && m.state.phase == over && i == len(m.state.log)-1 {
			continue // endLines has it
		}
		at := m.Styles.Subtle.Render(l.at.Format("15:04:05")) + "  "
		text := term.Styled(m.look(l.kind), wrap.Lines(m.Say(l.text), width-wrap.Width(at)))
		lines = append(wrap.Under(at, text), lines...)
	}
	return lines[max(0, len(lines)-height):]
}

func (m model) look(kind room.Type) lipgloss.Style {
	switch kind {
	case room.Problem, room.Ended:
		return m.Styles.Bad
	case room.Reconnecting:
		return m.Styles.Warn
	case room.Data, room.DataSent:
		return m.Styles.Key
	}
	return lipgloss.NewStyle()
}

func (m model) notices(width int) (lines []string) {
	style, text := m.Styles.Key, m.notice
	if m.bad {
		style = m.Styles.Bad
	}
	if text == "" && m.scroll > 0 {
		text = m.Sayf("Newer lines below: %d (PgDn)", m.scroll)
	}
	if text != "" || m.height >= minHeight {
		lines = append(lines, style.Render(m.Fit(text, width)))
	}
	if m.typing {
		lines = append(lines, m.messageLine(width))
	}
	return lines
}

func (m model) messageLine(width int) string {
	mark := m.Charset("›") + " "
	text := m.Plain(m.input.Value())
	if text == "" {
		return m.Fit(m.Styles.Key.Render(mark)+m.Marks.Block+m.Styles.Subtle.Render(m.Sayf("a message to everybody in the room")), width)
	}
	text = m.Tail(text, max(1, width-wrap.Width(mark)-2))
	return m.Fit(m.Styles.Key.Render(mark)+text+m.Marks.Block, width)
}
