package tui

import (
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"lkdoctor/checks"
	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/finding"
)

// languages are the names of the minting code in the catalogue.
func languages() []string { return []string{"python", "node", "go"} }

// languageNames are the same for people.
func languageNames() []string { return []string{"Python", "Node", "Go"} }

// mints tells whether a page carries the minting code.
func (m model) mints(known catalogue.Page) bool {
	return slices.ContainsFunc(languages(), func(lang string) bool { return known.Snippets[lang] != "" })
}

// snippet is the minting code in the chosen language.
func (m model) snippet(known catalogue.Page) string {
	lang := languages()[m.language]
	if code := known.Snippets[lang]; code != "" {
		return code
	}
	return m.deps.Snippet(lang)
}

// offersCode tells whether the details show minting code.
func (m model) offersCode() bool {
	l, ok := m.current()
	if !ok {
		return false
	}
	known, _ := m.deps.Page(l.Finding.Code)
	return m.mints(known)
}

// fixesOf are the fixes of this run, else the catalogue's.
func fixesOf(f checks.Finding, known catalogue.Page) []checks.Fix {
	if len(f.Fixes) > 0 {
		return f.Fixes
	}
	return known.Fixes
}

// fixToCopy is what the copy key puts on the clipboard: the minting code where
// the page has it, else the first command, else the fixes in words; for a row
// without findings the first next step.
func (m model) fixToCopy() string {
	var fixes []checks.Fix
	if l, ok := m.current(); ok {
		known, _ := m.deps.Page(l.Finding.Code)
		if m.mints(known) {
			return m.snippet(known)
		}
		fixes = fixesOf(l.Finding, known)
	} else if m.run != nil {
		fixes = m.run.Diagnosis.NextSteps[:min(1, len(m.run.Diagnosis.NextSteps))]
	}
	var words []string
	for _, fix := range fixes {
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
func (s styles) severity(f checks.Finding) lipgloss.Style {
	switch f.Severity {
	case finding.Fail:
		return s.failMark
	case finding.Warn:
		return s.warnMark
	}
	return s.heading
}
