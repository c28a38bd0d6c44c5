package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/viewport"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
	"lkdoctor/checks/wrap"
	"lkdoctor/tui/term"
)

// tab is one of the views of a finding.
type tab int

const (
	tabFirst tab = iota // none is chosen
	tabFix
	tabEvidence
	tabWhy
	tabConfirm
)

// tabs returns the tabs that have content for the selection, at least one. The fix is
// first, unless nothing failed.
func (m model) tabs() []tab {
	l, found := m.current()
	if !found {
		return []tab{tabEvidence}
	}
	var out []tab
	if len(l.Finding.Fixes) > 0 {
		out = append(out, tabFix)
	}
	if out = append(out, tabEvidence); l.Finding.Severity == finding.Info {
		slices.Reverse(out)
	}
	known, _ := m.deps.Page(l.Finding.Code)
	if known.Means != "" || known.Why != "" {
		out = append(out, tabWhy)
	}
	if known.Confirm.Text != "" || known.Confirm.Command != "" {
		out = append(out, tabConfirm)
	}
	return out
}

// shownTab returns the chosen tab if it has content, else the first one.
func (m model) shownTab() tab {
	if tabs := m.tabs(); !slices.Contains(tabs, m.tab) {
		return tabs[0]
	}
	return m.tab
}

// tabsLine returns the names of the tabs with their keys, the open one in brackets. At
// the right end is which part of the page is visible.
func (m model) tabsLine(width int) string {
	names := map[tab]string{
		tabFix: "f " + m.Sayf("Fix"), tabEvidence: "e " + m.Sayf("Evidence"),
		tabWhy: "i " + m.Sayf("Why"), tabConfirm: "v " + m.Sayf("Confirm"),
	}
	l, found := m.current()
	if l.Finding.Severity == finding.Info {
		names[tabFix] = "f " + m.Sayf("Advice")
	}
	var line string
	for _, t := range m.tabs() {
		if t == m.shownTab() {
			line += m.Styles.Key.Bold(true).Render("["+names[t]+"]") + " "
			continue
		}
		line += " " + term.Zone("key", names[t][:1], m.Styles.Subtle.Render(names[t])) + "  "
	}
	at := m.position(m.pane)
	if found && m.wide() {
		if long := strings.TrimSpace(string(l.Finding.Code) + m.which() + "  " + at); wrap.Width(line+long) < width {
			at = long
		}
	}
	if wrap.Width(line+at) >= width {
		at = ""
	}
	return m.Ends(line, m.Styles.Subtle.Render(at), width)
}

func (m model) position(pane viewport.Model) string {
	all := pane.TotalLineCount()
	if all <= pane.Height {
		return ""
	}
	return m.Sayf("%d–%d of %d", pane.YOffset+1, min(all, pane.YOffset+pane.Height), all)
}

// which says which of a stage's findings the page shows, if there are several.
func (m model) which() string {
	if n := len(m.findings()); n > 1 {
		return " " + m.Sayf("(%d of %d)", m.finding%n+1, n)
	}
	return ""
}

func (m model) pageTitle(width int) string {
	row, _ := m.row()
	line := " " + m.Styles.Title.Render(m.Say(row.Name))
	if l, found := m.current(); found {
		line += " › " + m.severity(l.Finding).Render(string(l.Finding.Code)) + m.which()
	}
	return m.Fit(m.Charset(line), width)
}

func (m model) severity(f check.Finding) lipgloss.Style {
	switch f.Severity {
	case finding.Fail:
		return m.Styles.Bad
	case finding.Warn:
		return m.Styles.Warn
	}
	return m.Styles.Heading
}

func (m model) page(width int) page {
	p := page{model: m, width: max(width, 1)}
	row, ok := m.row()
	if !ok {
		return p
	}
	if m.summed() {
		p.lines = m.workedLines(width, m.height)[1:]
		return p
	}
	l, _ := m.current()
	known, _ := m.deps.Page(l.Finding.Code)
	switch m.shownTab() {
	case tabFix:
		p.fixes(l.Finding, known)
	case tabWhy:
		p.heading(p.Sayf("What it means"))
		p.prose(known.Means)
		p.heading(p.Sayf("Why it happens"))
		p.prose(known.Why)
		p.documentation(known.Docs())
	case tabConfirm:
		p.confirm(known.Confirm, m.confirmed[l.Finding.Code], m.confirms() != nil)
		p.documentation(known.Docs())
	default:
		p.evidence(row)
	}
	return p
}

// page collects the lines of the details. None is wider than width.
type page struct {
	model
	width int
	lines []string
	over  int // the columns by which the widest line of code exceeds the window
}

func (p *page) add(line string) { p.lines = append(p.lines, line) }

// blank adds a blank line, unless the last line is blank.
func (p *page) blank() {
	if n := len(p.lines); n > 0 && p.lines[n-1] != "" {
		p.add("")
	}
}

func (p *page) heading(text string) {
	p.blank()
	p.add(p.Styles.Heading.Render(p.Fit(text, p.width)))
}

// prose adds a text of the catalogue: blank lines separate paragraphs, and each list
// item starts a line.
func (p *page) prose(text string) {
	for _, line := range p.Block(text) {
		if strings.TrimSpace(line) == "" {
			p.blank()
			continue
		}
		mark := listMark(line)
		p.hang("  "+mark, line[len(mark):])
	}
}

// listMark returns the "- " or "1. " at the start of a list item.
func listMark(line string) string {
	if strings.HasPrefix(line, "- ") {
		return "- "
	}
	digits := len(line) - len(strings.TrimLeft(line, "0123456789"))
	if digits > 0 && strings.HasPrefix(line[digits:], ". ") {
		return line[:digits+2]
	}
	return ""
}

// proseColumns is the widest that a paragraph may be. Longer lines are hard to read.
const proseColumns = 120

// hang adds text after a mark. Further lines start under the text.
func (p *page) hang(mark, text string) {
	for _, line := range wrap.Hang(mark, text, min(p.width, proseColumns)) {
		p.add(p.Fit(line, p.width))
	}
}

// codeIndent is the number of blanks before code.
const codeIndent = 4

// code adds lines of code. A line that is wider than the window is not wrapped, since a
// selection with the mouse would copy the line break. It is cut with a mark, and keys
// shift the code sideways. The copy key copies whole lines.
func (p *page) code(text string) {
	space := max(1, p.width-codeIndent)
	for _, line := range p.Block(text) {
		width := wrap.Width(line)
		p.over = max(p.over, width-space)
		shown := ansi.Cut(line, p.shift, p.shift+space)
		if width > p.shift+space {
			shown = ansi.Truncate(shown, space-wrap.Width(p.Ellipsis()), "") + p.Ellipsis()
		}
		if shown != "" {
			shown = strings.Repeat(" ", codeIndent) + p.Styles.Code.Render(shown)
		}
		p.add(p.cut(shown))
	}
}

// check adds a check with its status, and what it observed if nothing is wrong. In the
// layout with two panes, shown is the text that the row has already.
func (p *page) check(c progress.CheckRow, shown string) {
	mark, style := p.glyph(c.State)
	mark += " " + wrap.Pad(p.word(c.State), p.wordColumns())
	space := p.width - wrap.Width(mark) - timeColumns
	clock := ""
	if c.State != progress.Pending && c.State != progress.Running && c.State != progress.Skipped {
		clock = finding.Millis(c.Result.Took)
	}
	title := wrap.Under(style.Render(mark), wrap.Lines(p.Say(c.Check.Title), space))
	title[0] = wrap.Pad(title[0], p.width-timeColumns) + p.Styles.Subtle.Render(fmt.Sprintf("%*s", timeColumns, clock))
	for _, line := range title {
		p.add(p.cut(line))
	}
	p.beneath(c, wrap.Width(mark), shown)
}

// beneath adds why a check did not run, or what it observed.
func (p *page) beneath(c progress.CheckRow, by int, shown string) {
	text := p.Say(c.Result.Outcome.Text)
	switch {
	case c.State == progress.Skipped && c.Result.Skip != nil:
		text = p.Say(c.Result.Skip.Text)
	case c.State == progress.Running && !c.Waiting.IsZero():
		text = p.Say(c.Waiting)
	}
	if text != "" && !(p.split() && text == shown) {
		for _, line := range wrap.Lines(text, p.width-by) {
			p.add(p.cut(strings.Repeat(" ", by) + p.Styles.Subtle.Render(line)))
		}
	}
	p.facts(c.Result.Outcome.Facts, by)
	l, _ := p.current()
	for _, f := range c.Result.Findings {
		p.add(p.cut(strings.Repeat(" ", by) + p.severity(f).Render(string(f.Code))))
		// The page has the message of the selected finding, and the row its own.
		if message := p.Say(f.Message); (f.Code != l.Finding.Code || c.Check.ID != l.Check) && !(p.split() && message == shown) {
			p.hang(strings.Repeat(" ", by), message)
		}
		p.facts(f.Facts, by)
	}
}

func (p *page) cut(line string) string { return ansi.Truncate(line, p.width, "") }

// confirm adds how to see the problem without lkdoctor, and the result of the command
// here. runs reports whether the command can run here.
func (p *page) confirm(c catalogue.Confirm, here confirmation, runs bool) {
	if c.Text == "" && c.Command == "" {
		return
	}
	p.prose(c.Text)
	if runs {
		p.hang("", p.Styles.Key.Render(p.Sayf("v runs it here, with what this run holds; secrets stay out of what is shown.")))
	} else if len(c.Variables) > 0 {
		p.hang("  ", p.Sayf("Set first (bash or zsh):"))
		for _, v := range c.Variables {
			p.hang("    "+v.Name+"  ", p.Plain(v.Text))
		}
	}
	if c.Command != "" {
		p.code(c.Command)
	}
	if c.Prints != "" {
		p.hang("  ", p.Sayf("It prints:"))
		p.code(c.Prints)
	}
	switch {
	case here.runs:
		p.hang("  ", p.Sayf("It runs …"))
	case here.err != nil:
		p.hang("  ", p.Sayf("Here it did not run: %s", here.err.Error()))
		p.code(here.printed)
	case here.ended:
		p.hang("  ", p.Sayf("Here it printed:"))
		p.code(here.printed)
	}
}

// fixes adds what to do. Code that several fixes share is added once.
func (p *page) fixes(f check.Finding, known catalogue.Page) {
	if title := p.Plain(known.Title); title != "" && !(p.wide() && p.isCause(f.Code)) {
		p.hang("", p.Styles.Title.Render(title))
		p.blank()
	}
	shown := map[string]bool{}
	for _, fix := range f.Fixes {
		p.todo(p.Say(fix.Text), fix, shown)
	}
	if p.deps.Save != nil && (f.Owner == finding.OwnerTicketService || f.Owner == finding.OwnerFrontend) {
		p.hang("", p.Styles.Subtle.Render(p.Sayf("Not your service? w writes a report for its maintainer, without secrets.")))
	}
}

// todo adds one step and its code. For code that is on the page already, it adds a
// reference.
func (p *page) todo(text string, fix check.Fix, shown map[string]bool) {
	p.hang("- ", text)
	if fix.Command != "" {
		p.code(finding.Fill(fix.Command, nil))
	}
	for i, block := range p.shownCode(fix) {
		switch {
		case shown[block.Text]:
			p.hang("  ", p.Styles.Subtle.Render(p.Sayf("The code is the one above.")))
			continue
		case i == 0 && mints(fix):
			p.blank()
			p.add(p.cut("  " + p.languageTabs()))
		case !catalogue.IsMint(block.Lang):
			p.hang("  ", p.Plain(catalogue.BlockTitle(block.Lang))+":")
		}
		shown[block.Text] = true
		p.code(finding.Fill(block.Text, nil))
	}
	p.blank()
}

// styled is hang with a style for the text.
func (p *page) styled(style lipgloss.Style, mark, text string) {
	p.lines = append(p.lines, wrap.Under(mark, term.Styled(style, wrap.Lines(text, p.width-wrap.Width(mark))))...)
}

// documentation adds the address of LiveKit's documentation, as a link if the terminal
// supports links.
func (p *page) documentation(address string) {
	if address == "" {
		return
	}
	p.heading(p.Sayf("LiveKit's documentation"))
	text := p.Fit(p.Plain(address), p.width-2)
	if p.deps.Links {
		text = ansi.SetHyperlink(address) + text + ansi.ResetHyperlink()
	}
	p.add("  " + p.Styles.Key.Render(text))
}
