package tui

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// A zone is a part of a line that can be clicked. It stands between two escape sequences
// that are not sent to the terminal: View removes them, and a click is looked up in the
// lines that still hold them. Like colours, they take no columns.
const (
	zoneBegin = "\x1b]7001;"
	zoneEnd   = "\a"
)

// zone marks text as a zone of a kind ("row"); which is its number or name.
func zone(kind string, which any, text string) string {
	return fmt.Sprintf("%s%s %v%s%s%s%s", zoneBegin, kind, which, zoneEnd, text, zoneBegin, zoneEnd)
}

// withoutZones returns a line as it is sent to the terminal.
func withoutZones(line string) string {
	for {
		before, rest, found := strings.Cut(line, zoneBegin)
		if !found {
			return line
		}
		_, after, _ := strings.Cut(rest, zoneEnd)
		line = before + after
	}
}

// zoneAt returns the kind and the number or name of the zone at a column of a line. Both
// are empty outside of all zones.
func zoneAt(line string, column int) (kind, which string) {
	var state byte
	at, name := 0, ""
	for len(line) > 0 {
		seq, width, n, next := ansi.DecodeSequence(line, state, nil)
		if rest, is := strings.CutPrefix(seq, zoneBegin); is {
			name = strings.TrimSuffix(rest, zoneEnd)
		}
		if width > 0 && column < at+width {
			kind, which, _ = strings.Cut(name, " ")
			return kind, which
		}
		at, line, state = at+width, line[n:], next
	}
	return "", ""
}

// mouseAgain returns the command that turns the mouse on again after another program
// used the terminal. Bubble Tea turns it off for that and not on again.
func (m model) mouseAgain() tea.Cmd {
	if !m.deps.Mouse {
		return nil
	}
	return tea.EnableMouseCellMotion
}

// wheelLines is the number of lines that one turn of the wheel scrolls.
const wheelLines = 3

// moused returns the model after a click or a turn of the wheel. Both are handled as
// keys, so the mouse can do nothing that the keys cannot.
func (m model) moused(msg tea.MouseMsg) (model, tea.Cmd) {
	if m.tiny() || m.prompt.isOpen() || msg.Action != tea.MouseActionPress {
		return m, nil
	}
	switch msg.Button {
	case tea.MouseButtonWheelUp, tea.MouseButtonWheelDown:
		return m.wheeled(msg)
	case tea.MouseButtonLeft:
		lines := m.layout()
		if msg.Y < 0 || msg.Y >= len(lines) {
			return m, nil
		}
		return m.clicked(zoneAt(lines[msg.Y], msg.X))
	}
	return m, nil
}

// wheeled scrolls the text under the pointer, or moves the selection.
func (m model) wheeled(msg tea.MouseMsg) (model, tea.Cmd) {
	name := "down"
	if msg.Button == tea.MouseButtonWheelUp {
		name = "up"
	}
	switch {
	case m.menu.open, m.browser.open && !m.browser.reading:
		return m.pressed(keyMsg(name))
	case m.split() && msg.X > m.leftColumns():
		m = m.paged(len(m.head()))
		if name == "up" {
			m.pane.ScrollUp(wheelLines)
		} else {
			m.pane.ScrollDown(wheelLines)
		}
		return m, nil
	case m.open, m.browser.open:
		var cmd tea.Cmd
		for range wheelLines {
			m, cmd = m.pressed(keyMsg(name))
		}
		return m, cmd
	}
	return m.pressed(keyMsg(name))
}

// clicked returns the model after a click on a zone. A click on what is already selected
// opens it.
func (m model) clicked(kind, which string) (model, tea.Cmd) {
	if m.menu.open && kind != "key" && kind != "item" {
		return m, nil // the help covers the zone
	}
	number := 0
	if _, err := fmt.Sscan(which, &number); err != nil && kind != "key" {
		return m, nil
	}
	switch kind {
	case "key":
		return m.pressed(keyMsg(which))
	case "row":
		if m.selected == number {
			return m.pressed(keyMsg("enter"))
		}
		return m.selects(number), nil
	case "choice":
		if m.begin.at = number; m.showsBegin() {
			return m.pressed(keyMsg("enter"))
		}
	case "item":
		m.menu.at = number
		return m.pressed(keyMsg("enter"))
	case "code":
		if m.browser.at == number {
			return m.pressed(keyMsg("enter"))
		}
		m.browser = m.browser.selects(number)
	}
	return m, nil
}
