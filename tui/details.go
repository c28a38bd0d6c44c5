package tui

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
)

// details lays out the selected stage: its checks, and for one finding what
// was seen, why it happens, how to confirm it, how to fix it, and the facts.
func (m model) details(width int) []string {
	row, ok := m.row()
	if !ok {
		return nil
	}
	p := page{model: m, width: max(width, 1)}
	p.add(m.styles.title.Render(m.fit(m.say(row.Name), width)))
	p.blank()
	for _, c := range row.Checks {
		p.check(c)
	}
	l, found := m.current()
	if !found {
		return p.lines
	}
	p.blank()
	p.finding(l)
	return p.lines
}

// page collects the lines of the details, none wider than width.
type page struct {
	model
	width int
	lines []string
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

// hang adds text behind a mark; further lines start under the text.
func (p *page) hang(mark, text string) {
	under := ansi.StringWidth(mark)
	for i, line := range wrap(text, p.width-under) {
		if i == 0 {
			p.add(p.fit(mark+line, p.width))
			continue
		}
		p.add(p.fit(strings.Repeat(" ", under)+line, p.width))
	}
}

// codeIndent is how far code stands in, and how much further in a line goes on
// that was too long.
const codeIndent = 4

// code adds lines to be copied. The copy key copies them as they are.
func (p *page) code(text string) {
	for _, line := range p.block(text) {
		rest := strings.TrimLeft(line, " ")
		in := min(codeIndent+len(line)-len(rest), p.width/2)
		parts := wrap(rest, p.width-in)
		if len(parts) > 1 {
			parts = wrap(rest, p.width-in-codeIndent)
		}
		for i, part := range parts {
			if i == 1 {
				in += codeIndent
			}
			if part = p.styles.code.Render(part); part != "" {
				part = strings.Repeat(" ", in) + part
			}
			p.add(p.cut(part))
		}
	}
}

// check adds one check with its status, and what it saw when nothing is wrong.
func (p *page) check(c progress.CheckRow) {
	style := p.styles.mark(c.State)
	mark := p.glyph(c.State) + " " + pad(p.word(c.State), p.wordColumns())
	room := p.width - ansi.StringWidth(mark) - timeColumns
	clock := ""
	if c.State != progress.Pending && c.State != progress.Running && c.State != progress.Skipped {
		clock = finding.Millis(c.Result.Took)
	}
	for i, line := range wrap(p.say(c.Check.Title), room) {
		if i == 0 {
			p.add(p.cut(style.Render(mark) + pad(line, room) + p.styles.subtle.Render(padLeft(clock, timeColumns))))
			continue
		}
		p.add(p.cut(strings.Repeat(" ", ansi.StringWidth(mark)) + line))
	}
	p.beneath(c, ansi.StringWidth(mark))
}

// beneath adds why a check did not run, or what it saw.
func (p *page) beneath(c progress.CheckRow, by int) {
	said := p.say(c.Result.Outcome.Text)
	switch {
	case c.State == progress.Skipped && c.Result.Skip != nil:
		said = p.say(c.Result.Skip.Text)
	case c.State == progress.Running && !c.Waiting.IsZero():
		said = p.say(c.Waiting)
	}
	if said != "" {
		for _, line := range wrap(said, p.width-by) {
			p.add(p.cut(strings.Repeat(" ", by) + p.styles.subtle.Render(line)))
		}
	}
	p.facts(c.Result.Outcome.Facts, by)
}

// cut holds a styled line to the width.
func (p *page) cut(line string) string { return ansi.Truncate(line, p.width, "") }

func (p *page) wordColumns() int {
	_, word := p.rowColumns(nil)
	return word
}

// finding adds all that is known about one finding.
func (p *page) finding(l check.Located) {
	f := l.Finding
	head := string(f.Code)
	if n := len(p.findings()); n > 1 {
		head += "  " + p.sayf("%d of %d, tab for the next", p.model.finding%n+1, n)
	}
	p.add(p.styles.severity(f).Render(p.fit(head, p.width)))
	known, ok := p.deps.Page(f.Code)
	if ok {
		p.hang("", p.plain(known.Title))
	}
	p.heading(p.sayf("What was seen"))
	p.hang("  ", p.say(f.Message))
	if known.Means != "" {
		p.heading(p.sayf("What it means"))
		p.prose(known.Means)
	}
	if known.Why != "" {
		p.heading(p.sayf("Why it happens"))
		p.prose(known.Why)
	}
	p.confirm(known.Confirm)
	p.fixes(f)
	if len(f.Facts) > 0 {
		p.heading(p.sayf("The facts"))
		p.facts(f.Facts, 2)
	}
}

func (p *page) confirm(c catalogue.Confirm) {
	if c.Text == "" && c.Command == "" {
		return
	}
	p.heading(p.sayf("How to confirm it"))
	p.prose(c.Text)
	if len(c.Variables) > 0 {
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
}

func (p *page) fixes(f check.Finding) {
	if len(f.Fixes) == 0 {
		return
	}
	p.heading(p.sayf("How to fix it"))
	for _, fix := range f.Fixes {
		p.hang("  - ", p.say(fix.Text))
		if fix.Command != "" {
			p.code(fix.Command)
		}
		if mints(fix) {
			p.blank()
			p.tabs()
		}
		for _, block := range p.shownCode(fix) {
			if !slices.Contains(languages(), block.Lang) {
				p.hang("  ", p.plain(catalogue.BlockTitle(block.Lang))+":")
			}
			p.code(block.Text)
		}
	}
}

// tabs shows the languages of the minting code, the chosen one in brackets.
func (p *page) tabs() {
	var parts []string
	for i, name := range languageNames() {
		tab := fmt.Sprintf(" %d %s ", i+1, name)
		if i == p.language {
			tab = p.styles.selected.Render(fmt.Sprintf("[%d %s]", i+1, name))
		}
		parts = append(parts, tab)
	}
	p.add(p.cut("  " + strings.Join(parts, " ")))
}

// facts adds measured details, sorted and aligned.
func (p *page) facts(facts check.Facts, by int) {
	names := slices.Sorted(maps.Keys(facts))
	longest := 0
	for _, name := range names {
		longest = max(longest, ansi.StringWidth(p.plain(name)))
	}
	longest = min(longest, max(1, p.width/2-by))
	for _, name := range names {
		label := strings.Repeat(" ", by) + pad(p.fit(p.plain(name), longest), longest) + "  "
		p.hang(label, p.charset(factValue(facts[name])))
	}
}

// factValue is a fact's value on one line.
func factValue(value any) string {
	if list, ok := value.([]string); ok {
		return clean.Line(strings.Join(list, ", "), textLimit)
	}
	return clean.Line(fmt.Sprint(value), textLimit)
}
