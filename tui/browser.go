package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/viewport"
	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/wrap"
	"lkdoctor/config/clean"
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

// action is a key binding and what it does.
type action struct {
	key  key.Binding
	does func(m model) (model, tea.Cmd)
}

// browserActions returns the actions of the catalogue, the most important first. While
// the filter is edited, letters are text.
func (m model) browserActions() []action {
	var list []action
	b := m.browser
	page, found := b.selected()
	listed, letters := !b.reading && found, !b.typing
	add := func(on bool, shown, desc string, does func(m model) (model, tea.Cmd), keys ...string) {
		if b.typing {
			keys = slices.DeleteFunc(keys, func(name string) bool {
				return len(name) == 1 || name == "backspace" || name == "left" || name == "right"
			})
		}
		if on && len(keys) > 0 {
			list = append(list, action{key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, desc)), does})
		}
	}
	plain := func(change func(b browser) browser) func(m model) (model, tea.Cmd) {
		return func(m model) (model, tea.Cmd) { m.browser = change(m.browser); return m, nil }
	}
	move := func(by int) func(m model) (model, tea.Cmd) {
		return plain(func(b browser) browser { return b.selects(b.at + by) })
	}
	scroll := func(how func(v *viewport.Model)) func(m model) (model, tea.Cmd) {
		return plain(func(b browser) browser { how(&b.pane); return b })
	}
	add(listed, "enter", m.Sayf("read it all"), plain(func(b browser) browser {
		b.reading, b.typing = true, false
		b.pane.GotoTop()
		return b
	}), "enter", "right", "l")
	add(b.reading, "esc", m.Sayf("back to the list"), plain(func(b browser) browser { b.reading = false; return b }), "esc", "backspace",
		"left", "h")
	add(!b.reading && b.filter != "", "esc", m.Sayf("show all again"), plain(func(b browser) browser {
		code, _ := b.selected()
		b = b.filtered("")
		b.typing = false
		return b.selects(slices.IndexFunc(b.found, func(p catalogue.Page) bool { return p.Code == code.Code }))
	}), "esc")
	add(!b.reading && b.filter == "", "esc", m.Sayf("back"), plain(func(b browser) browser { return browser{all: b.all, texts: b.texts} }),
		"esc", "backspace", "left", "h")
	add(letters, "/", m.Sayf("filter"), plain(func(b browser) browser {
		b.reading, b.typing = false, true
		return b
	}), "/")
	add(letters && m.deps.Open != nil && page.Docs() != "", "o", m.Sayf("LiveKit's docs"),
		func(m model) (model, tea.Cmd) { return m, m.opening() }, "o")
	add(letters && m.deps.Copy != nil && found, "y", m.Sayf("copy fix"), func(m model) (model, tea.Cmd) {
		return m, m.copying(m.copyOf(page.Fixes()))
	}, "y", "c")
	if found && letters && slices.ContainsFunc(page.Fixes(), mints) {
		speak := func(language func(m model) int) func(m model) (model, tea.Cmd) {
			return func(m model) (model, tea.Cmd) { m.language, m.chosen = language(m), true; return m, nil }
		}
		add(true, "tab", m.Sayf("language"), speak(func(m model) int { return (m.language + 1) % len(languages()) }), "tab")
		for i, name := range languageNames() {
			number := string(rune('1' + i))
			add(true, number, name, speak(func(model) int { return i }), number)
		}
	}
	add(listed, m.marks.UpDown, m.Sayf("select"), move(-1), "up", "k")
	add(listed, m.marks.UpDown, m.Sayf("select"), move(1), "down", "j")
	add(listed, "PgUp/PgDn", m.Sayf("select"), move(-10), "pgup", "b")
	add(listed, "PgUp/PgDn", m.Sayf("select"), move(10), "pgdown", " ")
	add(listed, "Home/End", m.Sayf("first or last"), move(-len(b.all)), "home", "g")
	add(listed, "Home/End", m.Sayf("first or last"), move(len(b.all)), "end", "G")
	add(b.reading, m.marks.UpDown, m.Sayf("scroll"), scroll(func(v *viewport.Model) { v.ScrollUp(1) }), "up", "k")
	add(b.reading, m.marks.UpDown, m.Sayf("scroll"), scroll(func(v *viewport.Model) { v.ScrollDown(1) }), "down", "j")
	add(b.reading, "PgUp/PgDn", m.Sayf("scroll by a page"), scroll(func(v *viewport.Model) { v.PageUp() }), "pgup", "b")
	add(b.reading, "PgUp/PgDn", m.Sayf("scroll by a page"), scroll(func(v *viewport.Model) { v.PageDown() }), "pgdown", " ")
	add(b.reading, "Home/End", m.Sayf("top or bottom"), scroll(func(v *viewport.Model) { v.GotoTop() }), "home", "g")
	add(b.reading, "Home/End", m.Sayf("top or bottom"), scroll(func(v *viewport.Model) { v.GotoBottom() }), "end", "G")
	add(letters, "?", m.Sayf("all keys"), func(m model) (model, tea.Cmd) { m.menu = menu{open: true}; return m, nil }, "?")
	add(letters, "q", m.Sayf("quit"), func(m model) (model, tea.Cmd) { return m.stopped() }, "q")
	add(true, "ctrl+z", m.Sayf("suspend"), func(m model) (model, tea.Cmd) { return m, tea.Suspend }, "ctrl+z")
	return list
}

// browserKey returns the model after a key in the catalogue.
func (m model) browserKey(msg tea.KeyMsg) (model, tea.Cmd) {
	m.notice = ""
	if b := m.browser; b.typing {
		runes := []rune(b.filter)
		switch {
		case msg.Type == tea.KeyRunes, msg.Type == tea.KeySpace:
			m.browser = b.filtered(clean.Line(clean.Redact(b.filter+string(msg.Runes)), 200))
			return m, nil
		case msg.Type == tea.KeyBackspace && len(runes) > 0:
			m.browser = b.filtered(string(runes[:len(runes)-1]))
			return m, nil
		case msg.Type == tea.KeyBackspace:
			m.browser.typing = false
			return m, nil
		}
	}
	for _, a := range m.browserActions() {
		if key.Matches(msg, a.key) {
			return a.does(m)
		}
	}
	return m, nil
}

// browserLines returns the lines of the catalogue; they fill the window.
func (m model) browserLines() []string {
	b, width := m.browser, m.width-2
	footer := indent(append(m.noticeLines(width), m.short(width+1)), 1)
	height := m.height - len(footer)
	if b.reading {
		page, _ := b.selected()
		head := " " + m.styles.Subtle.Render(m.Sayf("Catalogue")+" › ") + m.styles.Title.Render(m.Plain(string(page.Code)))
		at := ""
		if all := b.pane.TotalLineCount(); all > b.pane.Height {
			at = m.Sayf("%d–%d of %d", b.pane.YOffset+1, min(all, b.pane.YOffset+b.pane.Height), all)
		}
		lines := []string{m.Ends(m.Charset(head), m.styles.Subtle.Render(at), m.width-1), ""}
		return append(filled(append(lines, strings.Split(b.pane.View(), "\n")...), height), footer...)
	}
	title := m.Sayf("Problems that lkdoctor knows")
	filter, count := m.Sayf("/ filters codes, titles, error texts"), fmt.Sprint(len(b.all))
	if b.typing || b.filter != "" {
		count = m.Sayf("%d of %d", len(b.found), len(b.all))
		filter = "/ " + tailFit(m.Plain(b.filter), width-wrap.Width(title)-wrap.Width(count)-12, m.Ellipsis())
		if b.typing {
			filter += m.marks.Block
		}
	}
	title = m.styles.Title.Render(title) + "   " + m.styles.Subtle.Render(count)
	lines := []string{m.Ends(" "+title, m.styles.Key.Render(filter), m.width-1), ""}
	height -= len(lines)
	if m.wide() {
		left := filled(m.browserList(m.leftColumns(), height), height)
		right := filled(m.browserPreview(m.width-m.leftColumns()-2*gutter, height), height)
		bar := " " + m.styles.Subtle.Render(m.marks.Bar) + " "
		for i := range left {
			lines = append(lines, wrap.Pad(left[i], m.leftColumns())+bar+right[i])
		}
		return append(lines, footer...)
	}
	preview := []string{m.styles.Subtle.Render(strings.Repeat("─", width))}
	if m.deps.ASCII {
		preview[0] = strings.Repeat("-", width)
	}
	preview = indent(append(preview, m.browserPreview(width, height*2/5)...), 1)
	lines = append(lines, filled(m.browserList(m.width-1, height-len(preview)), height-len(preview))...)
	return append(append(lines, preview...), footer...)
}

// browserList returns the pages around the selected one, one on a line.
func (m model) browserList(width, height int) []string {
	b := m.browser
	if len(b.found) == 0 {
		return []string{"  " + m.Fit(m.Sayf("No code, title or error text has these words."), width-2)}
	}
	from := min(max(0, b.at-height/2), max(0, len(b.found)-height))
	const column = 28
	var lines []string
	for i, page := range b.found[from:min(len(b.found), from+max(0, height))] {
		cursor, code := "  ", wrap.Pad(m.Fit(m.Plain(string(page.Code)), column-1), column)
		if from+i == b.at {
			cursor, code = m.styles.Key.Render(m.marks.Cursor)+" ", m.styles.Title.Render(code)
		}
		lines = append(lines, zone("code", from+i, m.Fit(cursor+code+m.Plain(page.Title), width)))
	}
	return lines
}

// browserPreview returns the beginning of the selected page.
func (m model) browserPreview(width, height int) []string {
	known, found := m.browser.selected()
	if !found {
		return nil
	}
	p := page{model: m, width: max(width, 1)}
	p.add(m.Ends(m.styles.Heading.Render(m.Plain(string(known.Code))), m.styles.Subtle.Render(m.seen(known.Code)), width))
	p.hang("  ", p.Plain(known.Title))
	p.prose(known.Means)
	p.lines = m.marked(p.lines, width, max(2, height-4)) // the other lines are for the fix
	p.blank()
	label := p.Sayf("Fix") + "  "
	for _, fix := range known.Fixes() {
		p.hang("  "+label+"- ", p.Plain(fix.Text.String()))
		label = strings.Repeat(" ", wrap.Width(label))
	}
	return m.marked(p.lines, width, height)
}

// seen says whether a code is among the findings of the shown run.
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

// browserPage returns the whole selected page.
func (m model) browserPage(width int) []string {
	known, found := m.browser.selected()
	if !found {
		return nil
	}
	p := page{model: m, width: max(width, 1)}
	p.styled(p.styles.Title, "", p.Plain(known.Title))
	p.styled(p.styles.Subtle, "", p.Sayf("check %s · as a rule: %s · %s", known.Check, diagnosis.RuleName(known.Owner), m.seen(known.Code)))
	p.heading(p.Sayf("What it means"))
	p.prose(known.Means)
	p.heading(p.Sayf("Why it happens"))
	p.prose(known.Why)
	p.heading(p.Sayf("How to confirm"))
	p.confirm(known.Confirm, confirmation{}, false)
	p.heading(p.Sayf("How to fix it"))
	shown := map[string]bool{}
	for _, v := range known.Variants {
		switch {
		case v.Name == catalogue.EveryVariant && len(known.Variants) > 1:
			p.styled(p.styles.Title, "  ", p.Sayf("In every case"))
		case v.Title != "" && len(known.Variants) > 1:
			p.styled(p.styles.Title, "  ", p.Plain(v.Title))
		}
		for _, fix := range v.Fixes {
			p.todo(p.Plain(fix.Text.String()), fix, shown)
		}
	}
	p.documentation(known.Docs())
	return p.lines
}
