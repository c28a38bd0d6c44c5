package tui

import (
	"maps"

	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/check"
)

// confirmation is the result of a confirming command.
type confirmation struct {
	runs, ended bool
	printed     string
	err         error
}

// confirmedMsg is the result of the confirming command of a code.
type confirmedMsg struct {
	code check.Code
	confirmation
}

// confirms returns the function that runs the page's confirming command. It is nil while
// the command runs, and if the run lacks a value that the command reads.
func (m model) confirms() func() (string, error) {
	l, found := m.current()
	if !found || m.deps.Confirm == nil || m.running || m.run == nil || !m.newest() || m.confirmed[l.Finding.Code].runs {
		return nil
	}
	known, _ := m.deps.Page(l.Finding.Code)
	if known.Confirm.Command == "" {
		return nil
	}
	return m.deps.Confirm(known.Confirm)
}

// confirming returns the model and the command that runs the confirming command.
func (m model) confirming() (model, tea.Cmd) {
	l, _ := m.current()
	run, code := m.confirms(), l.Finding.Code
	m.confirmed = maps.Clone(m.confirmed)
	if m.confirmed == nil {
		m.confirmed = map[check.Code]confirmation{}
	}
	m.confirmed[code] = confirmation{runs: true}
	return m, func() tea.Msg {
		printed, err := run()
		return confirmedMsg{code, confirmation{ended: true, printed: printed, err: err}}
	}
}
