package tui

import (
	"github.com/charmbracelet/lipgloss"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
	"lkdoctor/tui/term"
)

// stateStyle is the style of a state's mark and word.
func stateStyle(s term.Styles, state progress.State) lipgloss.Style {
	switch state {
	case progress.Passed:
		return s.Good
	case progress.Warned:
		return s.Warn
	case progress.Failed:
		return s.Bad
	case progress.Errored:
		return s.Broken
	case progress.Running:
		return s.Key
	}
	return s.Subtle
}

// severityStyle is the style of a finding's code.
func severityStyle(s term.Styles, f check.Finding) lipgloss.Style {
	switch f.Severity {
	case finding.Fail:
		return s.Bad
	case finding.Warn:
		return s.Warn
	}
	return s.Heading
}

// stateMark is the mark of a state. A running check has the spinner instead.
func stateMark(m term.Marks, state progress.State) string {
	switch state {
	case progress.Passed:
		return m.Pass
	case progress.Warned:
		return m.Warn
	case progress.Failed:
		return m.Fail
	case progress.Skipped:
		return m.Skip
	case progress.Errored:
		return m.Error
	}
	return m.Pending
}
