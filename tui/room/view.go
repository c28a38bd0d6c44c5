package room

import (
	"cmp"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/finding"
	live "lkdoctor/checks/room"
	"lkdoctor/checks/wrap"
)

// minHeight is where the list of people gives way: under it only what happens
// is shown.
const minHeight = 14

// View is Bubble Tea's: exactly the window's height of lines, none wider than
// the window; nothing once the program ends.
func (m model) View() string {
	if m.gone {
		return ""
	}
	lines := m.layout()
	for i, text := range lines {
		lines[i] = ansi.Truncate(text, m.width, "")
	}
	return strings.Join(lines, "\n")
}

func (m model) layout() []string {
	width := max(m.width-2, 1)
	top := []string{m.header(width), ""}
	top = append(top, m.status(width)...)
	footer := m.footer(width)
	room := m.height - len(top) - len(footer)
	if m.height < minHeight {
		return indent(filled(append(top[2:], footer...), m.height))
	}
	return indent(append(append(top, filled(m.body(width, room), room)...), footer...))
}

// filled cuts or fills lines to exactly n.
func filled(lines []string, n int) []string {
	n = max(n, 0)
	if len(lines) > n {
		return lines[:n]
	}
	return append(lines, make([]string, n-len(lines))...)
}

func indent(lines []string) []string {
	for i, text := range lines {
		if text != "" {
			lines[i] = " " + text
		}
	}
	return lines
}

func (m model) header(width int) string {
	head := m.styles.Title.Render("lkdoctor join") + "   " + m.Plain(m.deps.URL) + "   " +
		m.styles.Subtle.Render(m.Sayf("%s in %s", m.deps.Identity, m.deps.Room))
	return m.Fit(head, width)
}

// status is how far the stay is, and what media goes over.
func (m model) status(width int) []string {
	s := m.state
	mark, style, text := m.marks.Pending, m.styles.Key, ""
	switch s.phase {
	case asking:
		mark, style, text = "!", m.styles.Warn, m.Sayf("not joined yet")
	case joining:
		text = m.Sayf("joining")
	case connecting:
		text = m.Sayf("joined; media is connecting")
	case inside:
		mark, style, text = m.marks.Pass, m.styles.Good, m.Sayf("in the room for %s", clock(m.now.Sub(s.since)))
	case reconnecting:
		mark, style, text = "!", m.styles.Warn, m.Sayf("reconnecting")
	case over:
		mark, style, text = m.ended()
	}
	first := style.Render(mark + " " + text)
	if q := s.myQuality(); q != "" && s.phase != over {
		first += "   " + m.Sayf("connection: %s", q)
	}
	if s.server.Version != "" {
		first += "   " + m.styles.Subtle.Render(m.Sayf("LiveKit %s", s.server.Version))
	}
	lines := []string{m.Fit(first, width)}
	if s.path != nil {
		path := m.Sayf("%s  %s (%s) to %s (%s)", s.path.Kind, s.path.Local, s.path.LocalType, s.path.Remote, s.path.RemoteType)
		lines = append(lines, m.Fit("  "+path, width))
		if n := len(s.rtts); n > 0 {
			rtt := m.Sayf("round trip %s", millis(s.rtts[n-1])) + "  "
			lines = append(lines, m.Fit("  "+rtt+m.styles.Key.Render(m.spark(s.rtts, min(keepRTTs, width-wrap.Width(rtt)-4))), width))
		}
	}
	return append(lines, "")
}

// ended is how the stay ended, as a mark, a look and a word.
func (m model) ended() (string, lipgloss.Style, string) {
	text := m.Sayf("not in the room")
	if m.state.last.End == nil {
		return m.marks.Pending, m.styles.Subtle, text
	}
	switch m.state.last.End.Outcome {
	case live.Left, live.Interrupted:
		return m.marks.Pass, m.styles.Good, m.Sayf("left the room")
	case live.NotJoined:
		text = m.Sayf("could not join")
	case live.ThrownOut:
		text = m.Sayf("thrown out")
	case live.Lost:
		text = m.Sayf("connection lost")
	}
	return m.marks.Fail, m.styles.Bad, text
}

// body is what stands between the status and the keys.
func (m model) body(width, height int) []string {
	switch {
	case m.helping:
		return m.helpLines(width)
	case m.state.phase == asking:
		return append(wrap.Lines(m.Sayf("%s is in room %s now. Joining with this token throws that participant out: LiveKit keeps one of each identity.",
			m.deps.Identity, m.deps.Room), width), "", m.styles.Warn.Render(m.Sayf("Join all the same?")))
	case m.link != "":
		return m.linkLines(width)
	}
	var lines []string
	if m.state.phase == over {
		lines = m.endLines(width)
	} else {
		lines = m.peopleLines(width, max(3, height/2))
	}
	lines = append(lines, "")
	return append(lines, m.logLines(width, height-len(lines))...)
}

// linkLines show the link, which the key has asked for.
func (m model) linkLines(width int) []string {
	warning := m.Sayf("This link holds a token: whoever sees it can join the room. Close it before you share your screen.")
	if m.deps.Token != nil {
		if _, identity, other := m.deps.Token(); other {
			warning += " " + m.Sayf("It joins as %s.", identity)
		} else {
			warning += " " + m.Sayf("It has our own identity: opening it ends this stay.")
		}
	}
	if !m.deps.LinkNote.IsZero() {
		warning += " " + m.Say(m.deps.LinkNote)
	}
	var lines []string
	for _, text := range wrap.Lines(warning, width) {
		lines = append(lines, m.styles.Warn.Render(text))
	}
	lines = append(lines, "")
	return append(lines, strings.Split(ansi.Hardwrap(m.Plain(m.link), max(width, 1), true), "\n")...)
}

// endLines say why it ended, and what to do.
func (m model) endLines(width int) []string {
	e := m.state.last
	var lines []string
	lines = append(lines, wrap.Lines(m.Say(e.Text), width)...)
	for _, f := range e.Findings {
		for i, text := range wrap.Lines(m.Plain(f.Message), width-4) {
			if i == 0 {
				lines = append(lines, m.styles.Bad.Render(string(f.Code)))
			}
			lines = append(lines, "    "+text)
		}
	}
	if e.Advice != "" {
		lines = append(lines, "")
		lines = append(lines, wrap.Lines(m.Sayf("Next: %s", e.Advice), width)...)
	}
	return lines
}

// peopleLines list who is there, at most limit lines.
func (m model) peopleLines(width, limit int) []string {
	people := m.state.people
	lines := []string{m.styles.Title.Render(m.Sayf("In the room: %d", len(people)))}
	name := 12
	for _, p := range people {
		name = max(name, min(wrap.Width(m.label(p)), width/3))
	}
	for i, p := range people {
		if len(lines) == limit-1 && i < len(people)-1 {
			return append(lines, m.styles.Subtle.Render(m.Sayf("and %d more", len(people)-i)))
		}
		mark := m.marks.Bullet
		if p.me {
			mark = m.marks.Cursor
		}
		text := mark + " " + wrap.Pad(m.Fit(m.label(p), name), name) + "  " + wrap.Pad(cmp.Or(p.quality, "-"), 9) + "  " + m.tracks(p)
		lines = append(lines, m.Fit(text, width))
	}
	return lines
}

func (m model) label(p person) string {
	label := m.Plain(p.Identity)
	if p.me {
		label += " " + m.Sayf("(you)")
	}
	if p.Name != "" && p.Name != p.Identity {
		label += " (" + m.Plain(p.Name) + ")"
	}
	if !p.me && p.Kind != "standard" && p.Kind != "" {
		label += " [" + m.Plain(p.Kind) + "]"
	}
	return label
}

// tracks are what a participant publishes, and whether it is heard.
func (m model) tracks(p person) string {
	var parts []string
	if p.speaks {
		parts = append(parts, m.styles.Good.Render(m.Sayf("speaking")))
	}
	for _, t := range p.tracks {
		text := m.Say(short(t))
		if t.Muted {
			text = m.Sayf("%s, muted", short(t))
		}
		parts = append(parts, text)
	}
	if len(p.tracks) == 0 {
		parts = append(parts, m.styles.Subtle.Render(m.Sayf("publishes nothing")))
	}
	return strings.Join(parts, m.marks.Dot)
}

// short names a track in a word.
func short(t live.Track) finding.Text {
	switch t.Source {
	case "microphone":
		return finding.Textf("microphone")
	case "camera":
		return finding.Textf("camera")
	case "screen_share":
		return finding.Textf("screen")
	case "screen_share_audio":
		return finding.Textf("screen's sound")
	}
	return live.Thing(t)
}

// logLines are the newest lines of the log that fit, older ones when scrolled.
func (m model) logLines(width, height int) []string {
	if height < 1 {
		return nil
	}
	end := max(len(m.state.log)-m.scroll, 0)
	var lines []string
	for i := end - 1; i >= 0 && len(lines) < height; i-- {
		l := m.state.log[i]
		at := m.styles.Subtle.Render(l.at.Format("15:04:05")) + "  "
		text := wrap.Lines(m.Say(l.text), max(width-10, 1))
		for k := range text {
			text[k] = m.look(l.kind).Render(text[k])
			if k == 0 {
				text[k] = at + text[k]
			} else {
				text[k] = strings.Repeat(" ", 10) + text[k]
			}
		}
		lines = append(text, lines...)
	}
	return lines[max(0, len(lines)-height):]
}

// look is the style of a kind of line.
func (m model) look(kind live.Type) lipgloss.Style {
	switch kind {
	case live.Problem, live.Ended:
		return m.styles.Bad
	case live.Reconnecting:
		return m.styles.Warn
	case live.Data, live.DataSent:
		return m.styles.Key
	}
	return lipgloss.NewStyle()
}

// footer is the message that is written, or the notice, and the keys.
func (m model) footer(width int) []string {
	if m.typing {
		name := m.Sayf("Message:") + " "
		space := max(1, width-wrap.Width(name)-2)
		text := m.Plain(m.input.Value())
		if cut := wrap.Width(text) - space; cut > 0 {
			text = ansi.TruncateLeft(text, cut+1, m.Charset("…"))
		}
		return []string{m.Fit(m.styles.Key.Render(name)+text+m.marks.Block, width),
			m.styles.Subtle.Render(m.Fit(m.Sayf("enter sends it to everybody in the room; esc cancels"), width))}
	}
	notice := m.styles.Key
	if m.bad {
		notice = m.styles.Bad
	}
	text := m.notice
	if text == "" && m.scroll > 0 {
		text = m.Say(finding.Textf("%d newer lines: PgDn", m.scroll))
	}
	return []string{notice.Render(m.Fit(text, width)), m.short(width)}
}
