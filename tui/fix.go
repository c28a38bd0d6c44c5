package tui

import (
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// languages are the names of the minting code in the catalogue.
func languages() []string { return []string{"python", "node", "go"} }

// languageNames are the same for people.
func languageNames() []string { return []string{"Python", "Node", "Go"} }

// mints reports whether a fix carries the minting code.
func mints(fix check.Fix) bool {
	return slices.ContainsFunc(fix.Code, func(b finding.Block) bool { return slices.Contains(languages(), b.Lang) })
}

// shownCode are the blocks of a fix to show: of the minting code only the
// chosen language.
func (m model) shownCode(fix check.Fix) []finding.Block {
	return slices.DeleteFunc(slices.Clone(fix.Code), func(b finding.Block) bool {
		return slices.Contains(languages(), b.Lang) && b.Lang != languages()[m.language]
	})
}

// offersCode reports whether the details show minting code.
func (m model) offersCode() bool {
	l, ok := m.current()
	return ok && slices.ContainsFunc(l.Finding.Fixes, mints)
}

// fixToCopy is what the copy key puts on the clipboard: the code or the command
// of the first fix that has one, else the fixes in words; for a row without
// findings the first next step.
func (m model) fixToCopy() string {
	var fixes []check.Fix
	if l, ok := m.current(); ok {
		fixes = l.Finding.Fixes
	} else if m.run != nil {
		fixes = m.run.Diagnosis.NextSteps[:min(1, len(m.run.Diagnosis.NextSteps))]
	}
	var words []string
	for _, fix := range fixes {
		if code := m.shownCode(fix); len(code) > 0 {
			return code[0].Text
		}
		if fix.Command != "" {
			return fix.Command
		}
		words = append(words, m.say(fix.Text))
	}
	return strings.Join(words, "\n")
}

// copying is the command that puts text on the clipboard.
func (m model) copying(text string) tea.Cmd {
	put := m.deps.Copy
	return func() tea.Msg {
		return copiedMsg{lines: strings.Count(strings.TrimRight(text, "\n"), "\n") + 1, err: put(text)}
	}
}

// severity is the style of a finding's code.
func (s styles) severity(f check.Finding) lipgloss.Style {
	switch f.Severity {
	case finding.Fail:
		return s.failMark
	case finding.Warn:
		return s.warnMark
	}
	return s.heading
}
