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

// browser is the catalogue: all pages, to filter and to read. What it was opened
// from stays as it is behind it.
type browser struct {
	open    bool
	reading bool // the selected page, in the whole window
	typing  bool // what is typed goes to the filter
	filter  string
	all     []catalogue.Page
	texts   []catalogue.SDKText
	found   []catalogue.Page // those that the filter leaves
	at      int              // the selected one of them
	pane    viewport.Model   // the page that is read
}

// browses is the model with the catalogue open, at the page of the finding that
// was looked at.
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

// selected is the page at the cursor; false when the filter leaves none.
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

// filtered is the browser with another filter, at the first page that is left.
func (b browser) filtered(filter string) browser {
	b.filter, b.at = filter, 0
	b.found = catalogue.Search(b.all, b.texts, filter)
	return b
}

// action is a key, and what it does.
type action struct {
	key  key.Binding
	does func(m model) (model, tea.Cmd)
}

// browserActions are the keys that work in the catalogue, the most important
// first. While the filter is typed, letters go there.
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
	add(listed, "enter", m.sayf("read it all"), plain(func(b browser) browser {
		b.reading, b.typing = true, false
		b.pane.GotoTop()
		return b
	}), "enter", "right", "l")
	add(b.reading, "esc", m.sayf("back to the list"), plain(func(b browser) browser { b.reading = false; return b }), "esc", "backspace", "left", "h")
	add(!b.reading && b.filter != "", "esc", m.sayf("show all again"), plain(func(b browser) browser {
		code, _ := b.selected()
		b = b.filtered("")
		b.typing = false
		return b.selects(slices.IndexFunc(b.found, func(p catalogue.Page) bool { return p.Code == code.Code }))
	}), "esc")
	add(!b.reading && b.filter == "", "esc", m.sayf("back"), plain(func(b browser) browser { return browser{all: b.all, texts: b.texts} }),
		"esc", "backspace", "left", "h")
	add(letters, "/", m.sayf("filter"), plain(func(b browser) browser {
		b.reading, b.typing = false, true
		return b
	}), "/")
	add(letters && m.deps.Open != nil && page.Docs() != "", "o", m.sayf("LiveKit's docs"), func(m model) (model, tea.Cmd) { return m, m.opening() }, "o")
	add(letters && m.deps.Copy != nil && found, "y", m.sayf("copy fix"), func(m model) (model, tea.Cmd) {
		return m, m.copying(m.copyOf(page.Fixes()))
	}, "y", "c")
	if found && letters && slices.ContainsFunc(page.Fixes(), mints) {
		speak := func(language func(m model) int) func(m model) (model, tea.Cmd) {
			return func(m model) (model, tea.Cmd) { m.language, m.chosen = language(m), true; return m, nil }
		}
		add(true, "tab", m.sayf("language"), speak(func(m model) int { return (m.language + 1) % len(languages()) }), "tab")
		for i, name := range languageNames() {
			number := string(rune('1' + i))
			add(true, number, name, speak(func(model) int { return i }), number)
		}
	}
	add(listed, m.marks.upDown, m.sayf("select"), move(-1), "up", "k")
	add(listed, m.marks.upDown, m.sayf("select"), move(1), "down", "j")
	add(listed, "PgUp/PgDn", m.sayf("select"), move(-10), "pgup", "b")
	add(listed, "PgUp/PgDn", m.sayf("select"), move(10), "pgdown", " ")
	add(listed, "Home/End", m.sayf("first or last"), move(-len(b.all)), "home", "g")
	add(listed, "Home/End", m.sayf("first or last"), move(len(b.all)), "end", "G")
	add(b.reading, m.marks.upDown, m.sayf("scroll"), scroll(func(v *viewport.Model) { v.ScrollUp(1) }), "up", "k")
	add(b.reading, m.marks.upDown, m.sayf("scroll"), scroll(func(v *viewport.Model) { v.ScrollDown(1) }), "down", "j")
	add(b.reading, "PgUp/PgDn", m.sayf("scroll by a page"), scroll(func(v *viewport.Model) { v.PageUp() }), "pgup", "b")
	add(b.reading, "PgUp/PgDn", m.sayf("scroll by a page"), scroll(func(v *viewport.Model) { v.PageDown() }), "pgdown", " ")
	add(b.reading, "Home/End", m.sayf("top or bottom"), scroll(func(v *viewport.Model) { v.GotoTop() }), "home", "g")
	add(b.reading, "Home/End", m.sayf("top or bottom"), scroll(func(v *viewport.Model) { v.GotoBottom() }), "end", "G")
	add(letters, "?", m.sayf("all keys"), func(m model) (model, tea.Cmd) { m.menu = menu{open: true}; return m, nil }, "?")
	add(letters, "q", m.sayf("quit"), func(m model) (model, tea.Cmd) { return m.stopped() }, "q")
	add(true, "ctrl+z", m.sayf("suspend"), func(m model) (model, tea.Cmd) { return m, tea.Suspend }, "ctrl+z")
	return list
}

// browserKey is the model after a key in the catalogue.
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

// browserLines fill the window with the catalogue.
func (m model) browserLines() []string {
	b, width := m.browser, m.width-2
	footer := indent(append(m.noticeLines(width), m.short(width+1)), 1)
	height := m.height - len(footer)
	if b.reading {
		page, _ := b.selected()
		head := " " + m.styles.subtle.Render(m.sayf("Catalogue")+" › ") + m.styles.title.Render(m.plain(string(page.Code)))
		at := ""
		if all := b.pane.TotalLineCount(); all > b.pane.Height {
			at = m.sayf("%d–%d of %d", b.pane.YOffset+1, min(all, b.pane.YOffset+b.pane.Height), all)
		}
		lines := []string{m.ends(m.charset(head), m.styles.subtle.Render(at), m.width-1), ""}
		return append(filled(append(lines, strings.Split(b.pane.View(), "\n")...), height), footer...)
	}
	title := m.sayf("Problems that lkdoctor knows")
	filter, count := m.sayf("/ filters codes, titles, error texts"), fmt.Sprint(len(b.all))
	if b.typing || b.filter != "" {
		count = m.sayf("%d of %d", len(b.found), len(b.all))
		filter = "/ " + tailFit(m.plain(b.filter), width-wrap.Width(title)-wrap.Width(count)-12, m.ellipsis())
		if b.typing {
			filter += m.marks.block
		}
	}
	title = m.styles.title.Render(title) + "   " + m.styles.subtle.Render(count)
	lines := []string{m.ends(" "+title, m.styles.key.Render(filter), m.width-1), ""}
	height -= len(lines)
	if m.wide() {
		left := filled(m.browserList(m.leftColumns(), height), height)
		right := filled(m.browserPreview(m.width-m.leftColumns()-2*gutter, height), height)
		bar := " " + m.styles.subtle.Render(m.marks.bar) + " "
		for i := range left {
			lines = append(lines, wrap.Pad(left[i], m.leftColumns())+bar+right[i])
		}
		return append(lines, footer...)
	}
	preview := []string{m.styles.subtle.Render(strings.Repeat("─", width))}
	if m.deps.ASCII {
		preview[0] = strings.Repeat("-", width)
	}
	preview = indent(append(preview, m.browserPreview(width, height*2/5)...), 1)
	lines = append(lines, filled(m.browserList(m.width-1, height-len(preview)), height-len(preview))...)
	return append(append(lines, preview...), footer...)
}

// browserList are the pages around the selected one, one a line.
func (m model) browserList(width, height int) []string {
	b := m.browser
	if len(b.found) == 0 {
		return []string{"  " + m.fit(m.sayf("No code, title or error text has these words."), width-2)}
	}
	from := min(max(0, b.at-height/2), max(0, len(b.found)-height))
	const column = 28
	var lines []string
	for i, page := range b.found[from:min(len(b.found), from+max(0, height))] {
		cursor, code := "  ", wrap.Pad(m.fit(m.plain(string(page.Code)), column-1), column)
		if from+i == b.at {
			cursor, code = m.styles.key.Render(m.marks.cursor)+" ", m.styles.selected.Render(code)
		}
		lines = append(lines, zone("code", from+i, m.fit(cursor+code+m.plain(page.Title), width)))
	}
	return lines
}

// browserPreview is the beginning of the selected page.
func (m model) browserPreview(width, height int) []string {
	known, found := m.browser.selected()
	if !found {
		return nil
	}
	p := page{model: m, width: max(width, 1)}
	p.add(m.ends(m.styles.heading.Render(m.plain(string(known.Code))), m.styles.subtle.Render(m.seen(known.Code)), width))
	p.hang("  ", p.plain(known.Title))
	p.prose(known.Means)
	p.lines = m.marked(p.lines, width, max(2, height-4)) // the rest is for the fix
	p.blank()
	label := p.sayf("Fix") + "  "
	for _, fix := range known.Fixes() {
		p.hang("  "+label+"- ", p.plain(fix.Text.String()))
		label = strings.Repeat(" ", wrap.Width(label))
	}
	return m.marked(p.lines, width, height)
}

// seen tells whether a code is among the findings of the run that is shown.
func (m model) seen(code check.Code) string {
	for _, r := range m.results() {
		for _, f := range r.Findings {
			if f.Code == code {
				return m.sayf("seen in this run")
			}
		}
	}
	return m.sayf("not seen in this run")
}

// browserPage is all of the selected page.
func (m model) browserPage(width int) []string {
	known, found := m.browser.selected()
	if !found {
		return nil
	}
	p := page{model: m, width: max(width, 1)}
	p.styled(p.styles.title, "", p.plain(known.Title))
	p.styled(p.styles.subtle, "", p.sayf("check %s · as a rule: %s · %s", known.Check, diagnosis.RuleName(known.Owner), m.seen(known.Code)))
	p.heading(p.sayf("What it means"))
	p.prose(known.Means)
	p.heading(p.sayf("Why it happens"))
	p.prose(known.Why)
	p.heading(p.sayf("How to confirm"))
	p.confirm(known.Confirm, confirmation{}, false)
	p.heading(p.sayf("How to fix it"))
	shown := map[string]bool{}
	for _, v := range known.Variants {
		switch {
		case v.Name == catalogue.EveryVariant && len(known.Variants) > 1:
			p.styled(p.styles.title, "  ", p.sayf("In every case"))
		case v.Title != "" && len(known.Variants) > 1:
			p.styled(p.styles.title, "  ", p.plain(v.Title))
		}
		for _, fix := range v.Fixes {
			p.todo(p.plain(fix.Text.String()), fix, shown)
		}
	}
	p.documentation(known.Docs())
	return p.lines
}
