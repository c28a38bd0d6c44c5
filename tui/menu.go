package tui

import (
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/wrap"
	"lkdoctor/config/clean"
	"lkdoctor/tui/term"
)

// menu is the state of the help: the list of enabled keys, which can be filtered and
// run.
type menu struct {
	open   bool
	typing bool // keys go to the filter
	filter string
	at     int // the index of the selected key among the matches
}

// menuItems returns the keys that match the filter.
func (m model) menuItems() []key.Binding {
	var out []key.Binding
	for _, b := range m.full() {
		text := strings.ToLower(b.Help().Key + " " + b.Help().Desc)
		if strings.Contains(text, strings.ToLower(m.menu.filter)) {
			out = append(out, b)
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
		chosen := keyMsg(items[min(m.menu.at, len(items)-1)].Keys()[0])
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
	case m.menu.typing && (msg.Type == tea.KeyRunes || msg.Type == tea.KeySpace):
		m.menu.filter, m.menu.at = clean.Line(m.menu.filter+string(msg.Runes), 40), 0
	case name == "/":
		m.menu.typing = true
	case name == "q":
		return m.stopped()
	}
	return m, nil
}

// menuKeys returns the footer's keys while the help is open.
func (m model) menuKeys() []key.Binding {
	bind := func(shown, desc string) key.Binding {
		return key.NewBinding(key.WithKeys(shown), key.WithHelp(shown, desc))
	}
	keys := []key.Binding{bind("enter", m.Sayf("do it")), bind("esc", m.Sayf("back")),
		key.NewBinding(key.WithKeys("down"), key.WithHelp(m.marks.UpDown, m.Sayf("select")))}
	if !m.menu.typing {
		keys = append(keys, bind("/", m.Sayf("filter")), bind("q", m.Sayf("quit")))
	}
	return keys
}

// keyMsg returns the message for a key by the name in its binding.
func keyMsg(name string) tea.KeyMsg { return term.KeyMsg(name) }

// menuLines returns the list of keys, and the line on which the selected one begins.
func (m model) menuLines(width int) (lines []string, selected int) {
	items := m.menuItems()
	title := m.Sayf("Keys")
	if m.menu.typing || m.menu.filter != "" {
		title += "  /" + m.Plain(m.menu.filter)
		if m.menu.typing {
			title += m.marks.Block
		}
	}
	lines = []string{m.styles.Title.Render(m.Fit(title, width)), ""}
	if len(items) == 0 {
		return append(lines, m.Sayf("No key does that here.")), 0
	}
	longest := 0
	for _, b := range items {
		longest = max(longest, wrap.Width(b.Help().Key))
	}
	at := min(m.menu.at, len(items)-1)
	for i, b := range items {
		cursor := "  "
		if i == at {
			selected, cursor = len(lines), m.styles.Key.Render(m.marks.Cursor)+" "
		}
		label := cursor + m.styles.Key.Render(wrap.Pad(b.Help().Key, longest)) + "  "
		for j, line := range wrap.Lines(b.Help().Desc, width-longest-4) {
			if j > 0 {
				label = strings.Repeat(" ", longest+4)
			}
			lines = append(lines, zone("item", i, ansi.Truncate(label+line, width, "")))
		}
	}
	if m.deps.Mouse && m.menu.filter == "" {
		lines = append(lines, "")
		for _, line := range wrap.Lines(m.Sayf("The mouse works too: wheel, rows, tabs, keys. To select text with it, hold shift (option or fn on a Mac); --no-mouse leaves it to the terminal."), width) {
			lines = append(lines, m.styles.Subtle.Render(line))
		}
	}
	return lines, selected
}
