package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/viewport"
	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/wrap"
	"lkdoctor/config/clean"
	"lkdoctor/tui/term"
)

// browser is the state of the catalogue: all pages, a filter, and the selected page. The
// state of the other screens does not change while it is open.
type browser struct {
	open    bool
	reading bool // the selected page fills the window
	typing  bool // keys go to the filter
	filter  string
	all     []catalogue.Page
	texts   []catalogue.SDKText
	found   []catalogue.Page // the pages that match the filter
	at      int              // the index of the selected page in found
	pane    viewport.Model   // the text of the selected page
}

// browses returns the model with the catalogue open, at the page of the current finding.
func (m model) browses() model {
	b := browser{open: true, pane: viewport.New(0, 0), all: m.browser.all, texts: m.browser.texts}
	if b.all == nil {
		b.texts = catalogue.SDKTexts()
		for _, code := range finding.Codes() {
			if page, known := m.deps.Page(code); known {
				b.all = append(b.all, page)
			}
		}
	}
	b.found = b.all
	if l, found := m.current(); found {
		b.at = max(0, slices.IndexFunc(b.found, func(p catalogue.Page) bool { return p.Code == l.Finding.Code }))
	}
	m.browser = b
	return m
}

// selected returns the selected page, and false if no page matches the filter.
func (b browser) selected() (catalogue.Page, bool) {
	if b.at < 0 || b.at >= len(b.found) {
		return catalogue.Page{}, false
	}
	return b.found[b.at], true
}

func (b browser) selects(at int) browser {
	b.at = min(max(at, 0), max(0, len(b.found)-1))
	return b
}

// filtered returns the browser with another filter and the first match selected.
func (b browser) filtered(filter string) browser {
	b.filter, b.at = filter, 0
	b.found = catalogue.Search(b.all, b.texts, filter)
	return b
}

// typed returns the browser after a key that edits the filter, and false for other keys.
func (b browser) typed(msg tea.KeyMsg) (browser, bool) {
	runes := []rune(b.filter)
	switch {
	case term.IsText(msg):
		return b.filtered(clean.Line(clean.Redact(b.filter+string(msg.Runes)), 200)), true
	case msg.Type == tea.KeyBackspace && len(runes) > 0:
		return b.filtered(string(runes[:len(runes)-1])), true
	case msg.Type == tea.KeyBackspace:
		b.typing = false
		return b, true
	}
	return b, false
}

// browserActions are the actions of the catalogue, the most important first. While the
// filter is edited, letters are text.
func (m model) browserActions() []action {
	var list []action
	b := m.browser
	page, found := b.selected()
	listed, letters := !b.reading && found, !b.typing
	add := func(on bool, shown string, short finding.Text, do does, keys ...string) {
		if b.typing {
			keys = slices.DeleteFunc(keys, func(name string) bool {
				return len(name) == 1 || name == "backspace" || name == "left" || name == "right"
			})
		}
		if on && len(keys) > 0 {
			list = append(list, action{Keys: keys, Shown: shown, Short: short, Long: short, Do: do})
		}
	}
	plain := func(change func(b browser) browser) does {
		return changes(func(m model) model { m.browser = change(m.browser); return m })
	}
	add(listed, "enter", finding.Textf("read it all"), plain(func(b browser) browser {
		b.reading, b.typing = true, false
		b.pane.GotoTop()
		return b
	}), "enter", "right", "l")
	add(b.reading, "esc", finding.Textf("back to the list"), plain(func(b browser) browser { b.reading = false; return b }),
		"esc", "backspace", "left", "h")
	add(!b.reading && b.filter != "", "esc", finding.Textf("show all again"), plain(func(b browser) browser {
		code, _ := b.selected()
		b = b.filtered("")
		b.typing = false
		return b.selects(slices.IndexFunc(b.found, func(p catalogue.Page) bool { return p.Code == code.Code }))
	}), "esc")
	add(!b.reading && b.filter == "", "esc", finding.Textf("back"),
		plain(func(b browser) browser { return browser{all: b.all, texts: b.texts} }), "esc", "backspace", "left", "h")
	add(letters, "/", finding.Textf("filter"), plain(func(b browser) browser {
		b.reading, b.typing = false, true
		return b
	}), "/")
	add(letters && m.deps.Open != nil && page.Docs() != "", "o", finding.Textf("LiveKit's docs"), commands(model.opening), "o")
	add(letters && m.deps.Copy != nil && found, "y", finding.Textf("copy fix"),
		commands(func(m model) tea.Cmd { return m.copying(m.copyOf(page.Fixes())) }), "y", "c")
	if found && letters && slices.ContainsFunc(page.Fixes(), mints) {
		add(true, "tab", finding.Textf("language"), speaks(-1), "tab")
		for i, name := range languageNames() {
			number := string(rune('1' + i))
			add(true, number, finding.Textf("%s", name), speaks(i), number)
		}
	}
	move := func(by int) does { return plain(func(b browser) browser { return b.selects(b.at + by) }) }
	scroll := func(how func(v *viewport.Model)) does {
		return plain(func(b browser) browser { how(&b.pane); return b })
	}
	add(listed, m.Marks.UpDown, finding.Textf("select"), move(-1), "up", "k")
	add(listed, m.Marks.UpDown, finding.Textf("select"), move(1), "down", "j")
	add(listed, "PgUp/PgDn", finding.Textf("select"), move(-10), "pgup", "b")
	add(listed, "PgUp/PgDn", finding.Textf("select"), move(10), "pgdown", " ")
	add(listed, "Home/End", finding.Textf("first or last"), move(-len(b.all)), "home", "g")
	add(listed, "Home/End", finding.Textf("first or last"), move(len(b.all)), "end", "G")
	add(b.reading, m.Marks.UpDown, finding.Textf("scroll"), scroll(func(v *viewport.Model) { v.ScrollUp(1) }), "up", "k")
	add(b.reading, m.Marks.UpDown, finding.Textf("scroll"), scroll(func(v *viewport.Model) { v.ScrollDown(1) }), "down", "j")
	add(b.reading, "PgUp/PgDn", finding.Textf("scroll by a page"), scroll(func(v *viewport.Model) { v.PageUp() }), "pgup", "b")
	add(b.reading, "PgUp/PgDn", finding.Textf("scroll by a page"), scroll(func(v *viewport.Model) { v.PageDown() }), "pgdown", " ")
	add(b.reading, "Home/End", finding.Textf("top or bottom"), scroll(func(v *viewport.Model) { v.GotoTop() }), "home", "g")
	add(b.reading, "Home/End", finding.Textf("top or bottom"), scroll(func(v *viewport.Model) { v.GotoBottom() }), "end", "G")
	add(letters, "?", finding.Textf("all keys"), changes(model.helps), "?")
	add(letters, "q", finding.Textf("quit"), model.stopped, "q")
	add(true, "ctrl+z", finding.Textf("suspend"), suspends, "ctrl+z")
	interrupt := action{Keys: []string{"ctrl+c"}, Long: interruptLong(), Do: model.interrupted}
	if b.typing { // q is text
		interrupt.Shown, interrupt.Short = "ctrl+c", finding.Textf("interrupt")
	}
	return append(list, interrupt)
}

// browserLines returns the lines of the catalogue; they fill the window.
func (m model) browserLines() []string {
	b, width := m.browser, m.width-2
	footer := term.Indent(append(m.noticeLines(width), m.short(width+1)), 1)
	height := m.height - len(footer)
	if b.reading {
		page, _ := b.selected()
		head := " " + m.Styles.Subtle.Render(m.Sayf("Catalogue")+" › ") + m.Styles.Title.Render(m.Plain(string(page.Code)))
		lines := []string{m.Ends(m.Charset(head), m.Styles.Subtle.Render(m.position(b.pane)), m.width-1), ""}
		return append(term.Filled(append(lines, strings.Split(b.pane.View(), "\n")...), height), footer...)
	}
	title := m.Sayf("Problems that lkdoctor knows")
	filter, count := m.Sayf("/ filters codes, titles, error texts"), fmt.Sprint(len(b.all))
	if b.typing || b.filter != "" {
		count = m.Sayf("%d of %d", len(b.found), len(b.all))
		filter = "/ " + m.Tail(m.Plain(b.filter), width-wrap.Width(title)-wrap.Width(count)-12)
		if b.typing {
			filter += m.Marks.Block
		}
	}
	title = m.Styles.Title.Render(title) + "   " + m.Styles.Subtle.Render(count)
	lines := []string{m.Ends(" "+title, m.Styles.Key.Render(filter), m.width-1), ""}
	height -= len(lines)
	if m.wide() {
		left := term.Filled(m.browserList(m.leftColumns(), height), height)
		right := term.Filled(m.browserPreview(m.width-m.leftColumns()-2*gutter, height), height)
		lines = append(lines, m.Columns(left, right, m.leftColumns(), m.Styles.Subtle.Render(m.Marks.Bar))...)
		return append(lines, footer...)
	}
	preview := []string{m.Styles.Subtle.Render(strings.Repeat("─", width))}
	if m.deps.ASCII {
		preview[0] = strings.Repeat("-", width)
	}
	preview = term.Indent(append(preview, m.browserPreview(width, height*2/5)...), 1)
	lines = append(lines, term.Filled(m.browserList(m.width-1, height-len(preview)), height-len(preview))...)
	return append(append(lines, preview...), footer...)
}

func (m model) browserList(width, height int) []string {
	b := m.browser
	if len(b.found) == 0 {
		return []string{"  " + m.Fit(m.Sayf("No code, title or error text has these words."), width-2)}
	}
	from, to := window(b.at, len(b.found), height)
	column := 0 // as wide as the widest code
	for _, page := range b.all {
		column = max(column, wrap.Width(string(page.Code))+1)
	}
	column = min(column, 28)
	var lines []string
	for i := from; i < to; i++ {
		code := wrap.Pad(m.Fit(m.Plain(string(b.found[i].Code)), column-1), column)
		if i == b.at {
			code = m.Styles.Title.Render(code)
		}
		lines = append(lines, term.Zone("code", i, m.Fit(m.Cursor(i == b.at)+code+m.Plain(b.found[i].Title), width)))
	}
	return lines
}

func (m model) browserPreview(width, height int) []string {
	known, found := m.browser.selected()
	if !found {
		return nil
	}
	p := page{model: m, width: max(width, 1)}
	p.add(m.Ends(m.Styles.Heading.Render(m.Plain(string(known.Code))), m.Styles.Subtle.Render(m.seen(known.Code)), width))
	p.hang("  ", p.Plain(known.Title))
	p.prose(known.Means)
	p.lines = m.marked(p.lines, width, max(2, height-4)) // the other lines are for the fix
	p.blank()
	label := p.Sayf("Fix") + "  "
	for _, v := range known.Variants {
		if title := p.variantTitle(known, v); title != "" {
			p.hang("  "+label, title)
			label = strings.Repeat(" ", wrap.Width(label))
		}
		for _, fix := range v.Fixes {
			p.hang("  "+label+"- ", p.Plain(fix.Text.String()))
			label = strings.Repeat(" ", wrap.Width(label))
		}
	}
	return m.marked(p.lines, width, height)
}

// variantTitle returns the heading of a page's variant, "" if it is the only one.
func (m model) variantTitle(known catalogue.Page, v catalogue.Variant) string {
	switch {
	case len(known.Variants) < 2:
		return ""
	case v.Name == catalogue.EveryVariant:
		return m.Sayf("In every case")
	}
	return m.Plain(v.Title)
}

func (m model) seen(code check.Code) string {
	for _, r := range m.results() {
		for _, f := range r.Findings {
			if f.Code == code {
				return m.Sayf("seen in this run")
			}
		}
	}
	return m.Sayf("not seen in this run")
}

func (m model) browserPage(width int) []string {
	known, found := m.browser.selected()
	if !found {
		return nil
	}
	p := page{model: m, width: max(width, 1)}
	p.styled(p.Styles.Title, "", p.Plain(known.Title))
	p.styled(p.Styles.Subtle, "",
		p.Sayf("check %s · as a rule: %s · %s", known.Check, diagnosis.RuleName(known.Owner), m.seen(known.Code)))
	p.heading(p.Sayf("What it means"))
	p.prose(known.Means)
	p.heading(p.Sayf("Why it happens"))
	p.prose(known.Why)
	p.heading(p.Sayf("How to confirm"))
	p.confirm(known.Confirm, confirmation{}, false)
	p.heading(p.Sayf("How to fix it"))
	shown := map[string]bool{}
	for _, v := range known.Variants {
		if title := p.variantTitle(known, v); title != "" {
			p.styled(p.Styles.Title, "  ", title)
		}
		for _, fix := range v.Fixes {
			p.todo(p.Plain(fix.Text.String()), fix, shown)
		}
	}
	p.documentation(known.Docs())
	return p.lines
}
