package tui

import (
	"maps"

	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/check"
)

// confirmation is how a confirming command went here.
type confirmation struct {
	runs, ended bool
	printed     string
	err         error
}

// confirmedMsg tells how the confirming command of a code went.
type confirmedMsg struct {
	code check.Code
	confirmation
}

// confirms is what runs the confirming command of the page, nil where this run
// has not got what the command reads, and while it runs.
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

// confirming is the model with the confirming command running.
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
