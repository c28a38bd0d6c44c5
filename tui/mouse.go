package tui

import (
	"strconv"

	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/tui/term"
)

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
	case tea.MouseButtonWheelUp:
		return m.wheeled(msg, "up", -wheelLines)
	case tea.MouseButtonWheelDown:
		return m.wheeled(msg, "down", wheelLines)
	case tea.MouseButtonLeft:
		return m.clicked(term.Clicked(m.layout(), msg))
	}
	return m, nil
}

// wheeled scrolls the text under the pointer by lines, or moves the selection as a key
// does.
func (m model) wheeled(msg tea.MouseMsg, name string, lines int) (model, tea.Cmd) {
	list := m.menu.open || m.browser.open && !m.browser.reading
	if !list && m.split() && msg.X > m.leftColumns() {
		m = m.paged(len(m.head()))
		m.pane.SetYOffset(m.pane.YOffset + lines)
		return m, nil
	}
	times := 1
	if !list && (m.open || m.browser.open) {
		times = wheelLines
	}
	var cmd tea.Cmd
	for range times {
		m, cmd = m.pressed(term.KeyMsg(name))
	}
	return m, cmd
}

// clicked returns the model after a click on a zone. A click on what is already selected
// opens it.
func (m model) clicked(kind, which string) (model, tea.Cmd) {
	if m.menu.open && kind != "key" && kind != "item" {
		return m, nil // the help covers the zone
	}
	number, _ := strconv.Atoi(which) // the zones of other kinds than keys have numbers
	enter := term.KeyMsg("enter")
	switch kind {
	case "key":
		return m.pressed(term.KeyMsg(which))
	case "row":
		if m.selected == number {
			return m.pressed(enter)
		}
		return m.selects(number), nil
	case "choice":
		if m.begin.at = number; m.showsBegin() {
			return m.pressed(enter)
		}
	case "item":
		m.menu.at = number
		return m.pressed(enter)
	case "code":
		if m.browser.at == number {
			return m.pressed(enter)
		}
		m.browser = m.browser.selects(number)
	}
	return m, nil
}
