package tui

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/wrap"
	"lkdoctor/config/clean"
	"lkdoctor/tui/term"
)

// menu is the state of the help: the list of actions, which can be filtered and run.
type menu struct {
	open   bool
	typing bool // keys go to the filter
	filter string
	at     int // the index of the selected action among the matches
}

func (m model) menuItems() []action {
	var out []action
	for _, a := range m.full() {
		if text := strings.ToLower(a.Shown + " " + m.Say(a.Long)); strings.Contains(text, strings.ToLower(m.menu.filter)) {
			out = append(out, a)
		}
	}
	return out
}

// menuKey returns the model after a key while the help is open. The screen under the
// help receives a key only when enter runs it.
func (m model) menuKey(msg tea.KeyMsg) (model, tea.Cmd) {
	items := m.menuItems()
	switch name := msg.String(); {
	case name == "enter":
		if len(items) == 0 {
			return m, nil
		}
		chosen := term.KeyMsg(items[min(m.menu.at, len(items)-1)].Keys[0])
		m.menu = menu{}
		return m.pressed(chosen)
	case name == "esc" && m.menu.filter != "":
		m.menu.filter, m.menu.typing, m.menu.at = "", false, 0
	case name == "esc", name == "?" && !m.menu.typing, name == "backspace" && !m.menu.typing:
		m.menu = menu{}
	case name == "up", name == "k" && !m.menu.typing:
		m.menu.at = max(0, m.menu.at-1)
	case name == "down", name == "j" && !m.menu.typing:
		m.menu.at = max(0, min(len(items)-1, m.menu.at+1))
	case name == "backspace":
		runes := []rune(m.menu.filter)
		m.menu.filter, m.menu.at = string(runes[:max(0, len(runes)-1)]), 0
	case m.menu.typing && term.IsText(msg):
		m.menu.filter, m.menu.at = clean.Line(m.menu.filter+string(msg.Runes), 40), 0
	case name == "/":
		m.menu.typing = true
	case name == "q":
		return m.stopped()
	}
	return m, nil
}

func (m model) menuHints() []action {
	hints := []action{
		{Keys: []string{"enter"}, Shown: "enter", Short: finding.Textf("do it")},
		{Keys: []string{"esc"}, Shown: "esc", Short: finding.Textf("back")},
		{Keys: []string{"down"}, Shown: m.Marks.UpDown, Short: finding.Textf("select")},
	}
	if m.menu.typing {
		return hints
	}
	return append(hints, action{Keys: []string{"/"}, Shown: "/", Short: finding.Textf("filter")},
		action{Keys: []string{"q"}, Shown: "q", Short: finding.Textf("quit")})
}

func (m model) menuLines(width, height int) []string {
	items := m.menuItems()
	title := m.Sayf("Keys")
	if m.menu.typing || m.menu.filter != "" {
		title += "  /" + m.Plain(m.menu.filter)
		if m.menu.typing {
			title += m.Marks.Block
		}
	}
	title = m.Styles.Title.Render(m.Fit(title, width))
	if len(items) == 0 {
		return []string{title, "", m.Sayf("No key does that here.")}
	}
	longest, at, selected := 0, min(m.menu.at, len(items)-1), 0
	for _, a := range items {
		longest = max(longest, wrap.Width(a.Shown))
	}
	var lines []string
	for i, a := range items {
		if i == at {
			selected = len(lines)
		}
		label := m.Cursor(i == at) + m.Styles.Key.Render(wrap.Pad(a.Shown, longest)) + "  "
		for _, line := range wrap.Hang(label, m.Say(a.Long), width) {
			lines = append(lines, term.Zone("item", i, ansi.Truncate(line, width, "")))
		}
	}
	if m.deps.Mouse && m.menu.filter == "" {
		mouse := m.Sayf("The mouse works too: wheel, rows, tabs, keys. To select text with it, hold shift (option or fn on a Mac); " +
			"--no-mouse leaves it to the terminal.")
		lines = append(append(lines, ""), term.Styled(m.Styles.Subtle, wrap.Lines(mouse, width))...)
	}
	height = max(0, height-2) // the title, and a blank line
	if from, to := window(selected, len(lines), height); to-from < len(lines) {
		title = m.Ends(title, m.Styles.Subtle.Render(m.Sayf("%d–%d of %d", from+1, to, len(lines))), width)
		lines = lines[from:to]
	}
	return append([]string{title, ""}, lines...)
}

// window returns the range of n lines that shows the line at, if only height of them fit.
func window(at, n, height int) (from, to int) {
	height = min(max(height, 0), n)
	from = min(max(0, at-height/2), n-height)
	return from, from + height
}
