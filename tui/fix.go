package tui

import (
	"fmt"
	"slices"
	"strings"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/tui/term"
)

// languages are the names of the catalogue's minting code.
func languages() []string { return []string{"python", "node", "go"} }

// languageNames are the names for people, in the order of languages.
func languageNames() []string { return []string{"Python", "Node", "Go"} }

func mints(fix check.Fix) bool {
	return slices.ContainsFunc(fix.Code, func(b finding.Block) bool { return catalogue.IsMint(b.Lang) })
}

// shownCode returns the blocks of a fix to show. Of the minting code, that is the chosen
// language only.
func (m model) shownCode(fix check.Fix) []finding.Block {
	return slices.DeleteFunc(slices.Clone(fix.Code), func(b finding.Block) bool {
		return catalogue.IsMint(b.Lang) && b.Lang != languages()[m.language]
	})
}

func (m model) offersCode() bool {
	if l, ok := m.current(); ok && (m.open || m.wide()) {
		return m.shownTab() == tabFix && slices.ContainsFunc(l.Finding.Fixes, mints)
	}
	return !m.open && !m.running && m.run != nil && slices.ContainsFunc(m.nextStep(), mints)
}

func (m model) nextStep() []check.Fix {
	if m.run == nil || m.running {
		return nil
	}
	return m.run.Diagnosis.NextSteps[:min(1, len(m.run.Diagnosis.NextSteps))]
}

func (m model) languageTabs() string {
	var parts []string
	for i, name := range languageNames() {
		tab := " " + term.Zone("key", i+1, fmt.Sprintf("%d %s", i+1, name)) + " "
		if i == m.language {
			tab = m.Styles.Title.Render(fmt.Sprintf("[%d %s]", i+1, name))
		}
		parts = append(parts, tab)
	}
	return strings.Join(parts, " ") + m.Styles.Subtle.Render("  tab")
}

// fixToCopy returns what the copy key copies: the code or command of the first fix that
// has one, else the text of the fixes. On the tab of the confirming command it is that
// command; for a row without findings, the first next step. The advice of a finding
// that is no problem is copied only where it is read.
func (m model) fixToCopy() string {
	var fixes []check.Fix
	if l, ok := m.current(); ok && m.open && m.shownTab() == tabConfirm {
		known, _ := m.deps.Page(l.Finding.Code)
		return known.Confirm.Command
	} else if ok && (l.Finding.Severity != finding.Info || m.open && m.shownTab() == tabFix) {
		fixes = l.Finding.Fixes
	} else {
		fixes = m.nextStep()
	}
	return m.copyOf(fixes)
}

func (m model) copyOf(fixes []check.Fix) string {
	var words []string
	for _, fix := range fixes {
		if code := m.shownCode(fix); len(code) > 0 {
			return finding.Fill(code[0].Text, nil)
		}
		if fix.Command != "" {
			return finding.Fill(fix.Command, nil)
		}
		words = append(words, m.Say(fix.Text))
	}
	return strings.Join(words, "\n")
}
