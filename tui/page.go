package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
	"lkdoctor/checks/wrap"
)

// tab is one of the sides from which the page shows a finding.
type tab int

const (
	tabFix tab = iota
	tabEvidence
	tabWhy
	tabConfirm
)

// tabs are those that have something to say on what is selected, at least one.
func (m model) tabs() []tab {
	l, found := m.current()
	if !found {
		return []tab{tabEvidence}
	}
	var out []tab
	if len(l.Finding.Fixes) > 0 {
		out = append(out, tabFix)
	}
	out = append(out, tabEvidence)
	known, _ := m.deps.Page(l.Finding.Code)
	if known.Means != "" || known.Why != "" {
		out = append(out, tabWhy)
	}
	if known.Confirm.Text != "" || known.Confirm.Command != "" {
		out = append(out, tabConfirm)
	}
	return out
}

// shownTab is the chosen tab, where there is one, else the first.
func (m model) shownTab() tab {
	if tabs := m.tabs(); !slices.Contains(tabs, m.tab) {
		return tabs[0]
	}
	return m.tab
}

// tabsLine names the tabs with their keys, the open one in brackets, and at the
// right how much of it is in view.
func (m model) tabsLine(width int) string {
	keys := map[tab]string{tabFix: "f", tabEvidence: "e", tabWhy: "i", tabConfirm: "v"}
	names := map[tab]string{
		tabFix: m.sayf("Fix"), tabEvidence: m.sayf("Evidence"), tabWhy: m.sayf("Why"), tabConfirm: m.sayf("Confirm"),
	}
	var line string
	for _, t := range m.tabs() {
		if t == m.shownTab() {
			line += m.styles.key.Bold(true).Render("["+keys[t]+" "+names[t]+"]") + " "
			continue
		}
		line += " " + zone("key", keys[t], m.styles.subtle.Render(keys[t]+" "+names[t])) + "  "
	}
	at := ""
	if all := m.pane.TotalLineCount(); all > m.pane.Height {
		at = m.sayf("%d–%d of %d", m.pane.YOffset+1, min(all, m.pane.YOffset+m.pane.Height), all)
	}
	if l, found := m.current(); found && m.wide() {
		if long := strings.TrimSpace(string(l.Finding.Code) + m.which() + "  " + at); wrap.Width(line+long) < width {
			at = long
		}
	}
	if wrap.Width(line+at) >= width {
		at = ""
	}
	return m.ends(line, m.styles.subtle.Render(at), width)
}

// which tells which of several findings of a stage the page is about.
func (m model) which() string {
	if n := len(m.findings()); n > 1 {
		return " " + m.sayf("(%d of %d)", m.finding%n+1, n)
	}
	return ""
}

// pageTitle is the first line of a page that fills the window.
func (m model) pageTitle(width int) string {
	row, _ := m.row()
	line := " " + m.styles.title.Render(m.say(row.Name))
	if l, found := m.current(); found {
		line += " › " + m.styles.severity(l.Finding).Render(string(l.Finding.Code)) + m.which()
	}
	return m.fit(m.charset(line), width)
}

// page lays out the open tab of the selected stage.
func (m model) page(width int) page {
	p := page{model: m, width: max(width, 1)}
	row, ok := m.row()
	if !ok {
		return p
	}
	l, _ := m.current()
	known, _ := m.deps.Page(l.Finding.Code)
	switch m.shownTab() {
	case tabFix:
		p.fixes(l.Finding, known)
	case tabWhy:
		p.heading(p.sayf("What it means"))
		p.prose(known.Means)
		p.heading(p.sayf("Why it happens"))
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

// page collects the lines of the details, none wider than width.
type page struct {
	model
	width int
	lines []string
	over  int // by how much the widest line of code is wider than the window
}

func (p *page) add(line string) { p.lines = append(p.lines, line) }

// blank adds one blank line, never two.
func (p *page) blank() {
	if n := len(p.lines); n > 0 && p.lines[n-1] != "" {
		p.add("")
	}
}

// heading starts a section.
func (p *page) heading(text string) {
	p.blank()
	p.add(p.styles.heading.Render(p.fit(text, p.width)))
}

// prose adds a text of the catalogue: paragraphs parted by blank lines, list
// items by single ones.
func (p *page) prose(text string) {
	for _, line := range p.block(text) {
		if strings.TrimSpace(line) == "" {
			p.blank()
			continue
		}
		mark := listMark(line)
		p.hang("  "+mark, line[len(mark):])
	}
}

// listMark is the "- " or "1. " that a list item starts with.
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

// proseColumns is how wide a paragraph may be: eyes lose longer lines.
const proseColumns = 120

// hang adds text behind a mark; further lines start under the text.
func (p *page) hang(mark, text string) {
	width := min(p.width, proseColumns)
	under := wrap.Width(mark)
	for i, line := range wrap.Lines(text, width-under) {
		if i == 0 {
			p.add(p.fit(mark+line, p.width))
			continue
		}
		p.add(p.fit(strings.Repeat(" ", under)+line, p.width))
	}
}

// codeIndent is how far code stands in.
const codeIndent = 4

// code adds lines to be copied. A line that is wider than the window is not
// broken, because it would be copied so by mouse: it is cut with a mark, and the
// code moves sideways. The copy key copies the lines as they are.
func (p *page) code(text string) {
	room := max(1, p.width-codeIndent)
	for _, line := range p.block(text) {
		width := wrap.Width(line)
		p.over = max(p.over, width-room)
		shown := ansi.Cut(line, p.shift, p.shift+room)
		if width > p.shift+room {
			shown = ansi.Truncate(shown, room-wrap.Width(p.ellipsis()), "") + p.ellipsis()
		}
		if shown != "" {
			shown = strings.Repeat(" ", codeIndent) + p.styles.code.Render(shown)
		}
		p.add(p.cut(shown))
	}
}

// check adds one check with its status, and what it saw when nothing is wrong.
// Beside the rows, shown is what the row says already.
func (p *page) check(c progress.CheckRow, shown string) {
	style := p.styles.mark(c.State)
	mark := p.glyph(c.State) + " " + wrap.Pad(p.word(c.State), p.wordColumns())
	room := p.width - wrap.Width(mark) - timeColumns
	clock := ""
	if c.State != progress.Pending && c.State != progress.Running && c.State != progress.Skipped {
		clock = finding.Millis(c.Result.Took)
	}
	for i, line := range wrap.Lines(p.say(c.Check.Title), room) {
		if i == 0 {
			p.add(p.cut(style.Render(mark) + wrap.Pad(line, room) + p.styles.subtle.Render(padLeft(clock, timeColumns))))
			continue
		}
		p.add(p.cut(strings.Repeat(" ", wrap.Width(mark)) + line))
	}
	p.beneath(c, wrap.Width(mark), shown)
}

// beneath adds why a check did not run, or what it saw.
func (p *page) beneath(c progress.CheckRow, by int, shown string) {
	said := p.say(c.Result.Outcome.Text)
	switch {
	case c.State == progress.Skipped && c.Result.Skip != nil:
		said = p.say(c.Result.Skip.Text)
	case c.State == progress.Running && !c.Waiting.IsZero():
		said = p.say(c.Waiting)
	}
	if said != "" && !(p.split() && said == shown) {
		for _, line := range wrap.Lines(said, p.width-by) {
			p.add(p.cut(strings.Repeat(" ", by) + p.styles.subtle.Render(line)))
		}
	}
	p.facts(c.Result.Outcome.Facts, by)
	l, _ := p.current()
	for _, f := range c.Result.Findings {
		p.add(p.cut(strings.Repeat(" ", by) + p.styles.severity(f).Render(string(f.Code))))
		// That of the selected finding stands above, that of the row beside it.
		if message := p.say(f.Message); (f.Code != l.Finding.Code || c.Check.ID != l.Check) && !(p.split() && message == shown) {
			p.hang(strings.Repeat(" ", by), message)
		}
		p.facts(f.Facts, by)
	}
}

// cut holds a styled line to the width.
func (p *page) cut(line string) string { return ansi.Truncate(line, p.width, "") }

// confirm adds how to see the problem without lkdoctor, and how that went here;
// runs tells that it can run here.
func (p *page) confirm(c catalogue.Confirm, here confirmation, runs bool) {
	if c.Text == "" && c.Command == "" {
		return
	}
	p.prose(c.Text)
	if runs {
		p.hang("", p.styles.key.Render(p.sayf("v runs it here, with what this run holds; secrets stay out of what is shown.")))
	} else if len(c.Variables) > 0 {
		p.hang("  ", p.sayf("Set first (bash or zsh):"))
		for _, v := range c.Variables {
			p.hang("    "+v.Name+"  ", p.plain(v.Text))
		}
	}
	if c.Command != "" {
		p.code(c.Command)
	}
	if c.Prints != "" {
		p.hang("  ", p.sayf("It prints:"))
		p.code(c.Prints)
	}
	switch {
	case here.runs:
		p.hang("  ", p.sayf("It runs …"))
	case here.err != nil:
		p.hang("  ", p.sayf("Here it did not run: %s", here.err.Error()))
		p.code(here.printed)
	case here.ended:
		p.hang("  ", p.sayf("Here it printed:"))
		p.code(here.printed)
	}
}

// fixes adds what to do: in a window of its own under what is wrong. Code that
// several fixes need stands there once.
func (p *page) fixes(f check.Finding, known catalogue.Page) {
	if title := p.plain(known.Title); title != "" && !(p.wide() && p.isCause(f)) {
		p.hang("", p.styles.title.Render(title))
		p.blank()
	}
	shown := map[string]bool{}
	for _, fix := range f.Fixes {
		p.todo(p.say(fix.Text), fix, shown)
	}
	if p.deps.Save != nil && p.forOthers(f.Owner) {
		p.hang("", p.styles.subtle.Render(p.sayf("Not your service? w writes a report for its maintainer, without secrets.")))
	}
}

// todo adds one thing to do, and its code; what is shown already is only pointed
// to.
func (p *page) todo(text string, fix check.Fix, shown map[string]bool) {
	p.hang("- ", text)
	if fix.Command != "" {
		p.code(finding.Fill(fix.Command, nil))
	}
	for i, block := range p.shownCode(fix) {
		switch {
		case shown[block.Text]:
			p.hang("  ", p.styles.subtle.Render(p.sayf("The code is the one above.")))
			continue
		case i == 0 && mints(fix):
			p.blank()
			p.add(p.cut("  " + p.languageTabs()))
		case !catalogue.IsMint(block.Lang):
			p.hang("  ", p.plain(catalogue.BlockTitle(block.Lang))+":")
		}
		shown[block.Text] = true
		p.code(finding.Fill(block.Text, nil))
	}
	p.blank()
}

// styled is hang with the text in a style.
func (p *page) styled(style lipgloss.Style, mark, text string) {
	for _, line := range wrap.Lines(text, p.width-wrap.Width(mark)) {
		p.add(mark + style.Render(line))
		mark = strings.Repeat(" ", wrap.Width(mark))
	}
}
