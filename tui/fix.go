package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
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

// offersCode reports whether minting code is in view.
func (m model) offersCode() bool {
	if l, ok := m.current(); ok && (m.open || m.wide()) {
		return m.shownTab() == tabFix && slices.ContainsFunc(l.Finding.Fixes, mints)
	}
	return !m.open && !m.running && m.run != nil && slices.ContainsFunc(m.nextStep(), mints)
}

// nextStep is the first next step of the run that is shown, if there is one.
func (m model) nextStep() []check.Fix {
	if m.run == nil || m.running {
		return nil
	}
	return m.run.Diagnosis.NextSteps[:min(1, len(m.run.Diagnosis.NextSteps))]
}

// languageTabs are the languages of the minting code, the chosen one in
// brackets.
func (m model) languageTabs() string {
	var parts []string
	for i, name := range languageNames() {
		tab := " " + zone("key", i+1, fmt.Sprintf("%d %s", i+1, name)) + " "
		if i == m.language {
			tab = m.styles.Title.Render(fmt.Sprintf("[%d %s]", i+1, name))
		}
		parts = append(parts, tab)
	}
	return strings.Join(parts, " ") + m.styles.Subtle.Render("  tab")
}

// forOthers reports whether owner is a party that the reader may not be.
func (m model) forOthers(owner check.Owner) bool {
	return owner == finding.OwnerTicketService || owner == finding.OwnerFrontend
}

// fixToCopy is what the copy key puts on the clipboard: the code or the command
// of the first fix that has one, else the fixes in words; on the tab for it the
// confirming command; for a row without findings the first next step.
func (m model) fixToCopy() string {
	var fixes []check.Fix
	if l, ok := m.current(); ok && m.open && m.shownTab() == tabConfirm {
		known, _ := m.deps.Page(l.Finding.Code)
		return known.Confirm.Command
	} else if ok {
		fixes = l.Finding.Fixes
	} else {
		fixes = m.nextStep()
	}
	return m.copyOf(fixes)
}

// copyOf is the code or the command of the first fix that has one, else the fixes
// in words.
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

// copying is the command that puts text on the clipboard.
func (m model) copying(text string) tea.Cmd {
	put := m.deps.Copy
	return func() tea.Msg {
		to, err := put(text)
		return copiedMsg{lines: strings.Count(strings.TrimRight(text, "\n"), "\n") + 1, to: to, err: err}
	}
}

// copied tells what is known of a copy, and no more.
func (m model) copied(msg copiedMsg) string {
	file, by := clean.Line(msg.to.File, 300), clean.Line(msg.to.By, 40)
	switch {
	case msg.err != nil:
		return m.Sayf("Nothing was copied: %s", clean.Line(msg.err.Error(), 200))
	case msg.to.Sure:
		return m.Sayf("On the clipboard (%s). Lines: %d", by, msg.lines)
	case file != "" && by != "":
		return m.Sayf("The terminal was asked to copy; to be sure, it is in %s", file)
	case file != "":
		return m.Sayf("No clipboard took it; it is in %s", file)
	}
	return m.Sayf("The terminal was asked to copy; it does not say whether it did.")
}
