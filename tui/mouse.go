package tui

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// A zone is a part of a line that can be clicked on. It stands between two
// sequences that no terminal gets: View takes them out, and a click looks for
// them in the lines as they were laid out. Like colours, they take no columns.
const (
	zoneBegin = "\x1b]7001;"
	zoneEnd   = "\a"
)

// zone marks text as a place that does what name says when it is clicked on: a
// kind ("row") and which one of it.
func zone(kind string, which any, text string) string {
	return fmt.Sprintf("%s%s %v%s%s%s%s", zoneBegin, kind, which, zoneEnd, text, zoneBegin, zoneEnd)
}

// withoutZones is a line as the terminal gets it.
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

// zoneAt is what stands at a column of a line: the kind of its zone, and which
// one; both are empty outside of all zones.
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

// mouseAgain is the command that turns the mouse on again, which Bubble Tea turns
// off for good when it gives the terminal away.
func (m model) mouseAgain() tea.Cmd {
	if !m.deps.Mouse {
		return nil
	}
	return tea.EnableMouseCellMotion
}

// wheelLines is how far one turn of the wheel scrolls.
const wheelLines = 3

// moused is the model after a click or a turn of the wheel. The keys do the
// work, so that the mouse can do nothing that they cannot.
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

// clicked does what a zone says. A click on what is selected already opens it.
func (m model) clicked(kind, which string) (model, tea.Cmd) {
	if m.menu.open && kind != "key" && kind != "item" {
		return m, nil // what is behind the help
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
