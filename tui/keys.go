package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"

	"lkdoctor/checks/wrap"
)

// keyMap holds the key bindings. It is computed from the model each time; a key without
// an effect is disabled, and neither matched nor shown.
type keyMap struct {
	up, down, open, back                                          key.Binding
	codeLeft, codeRight                                           key.Binding
	pageUp, pageDown, top, bottom                                 key.Binding
	previousTab, nextTab, fix, evidence, why, confirm, runConfirm key.Binding
	nextFinding, language, python, node, golang                   key.Binding
	rerun, rerunFrom, ticket, token, join, skip                   key.Binding
	earlier, later, watch, catalogue, openDocs                    key.Binding
	copyFix, save, saveJSON                                       key.Binding
	help, quit, interrupt, suspend                                key.Binding
}

// keys returns the bindings for the model's state, while neither the help nor a prompt
// is open.
func (m model) keys() keyMap {
	bind := func(on bool, shown, desc string, keys ...string) key.Binding {
		b := key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, desc))
		b.SetEnabled(on)
		return b
	}
	idle := !m.running
	ended := idle && m.run != nil
	code := m.offersCode()
	move, quit := m.Sayf("select"), m.Sayf("quit")
	if m.open {
		move = m.Sayf("scroll")
	}
	if m.running {
		quit = m.Sayf("stop and quit")
	}
	what := m.Sayf("evidence")
	if m.tabs()[0] == tabFix && !(m.split() && m.shownTab() != tabFix) {
		what = m.Sayf("whole fix")
	}
	if m.showsBegin() {
		what = m.Sayf("go on")
	}
	tab := func(t tab) bool { return slices.Contains(m.tabs(), t) }
	return keyMap{
		up:       bind(true, m.marks.UpDown, move, "up", "k"),
		down:     bind(true, m.marks.UpDown, move, "down", "j"),
		open:     bind(!m.open, "enter", what, "enter", "right"),
		back:     bind(m.open || m.showsBegin(), "esc", m.Sayf("back"), "esc", "backspace"),
		pageUp:   bind(m.open, "PgUp/PgDn", m.Sayf("scroll"), "pgup", "b"),
		pageDown: bind(m.open, "PgUp/PgDn", m.Sayf("scroll"), "pgdown", " "),
		top:      bind(m.open, "Home/End", m.Sayf("top or bottom"), "home", "g"),
		bottom:   bind(m.open, "Home/End", m.Sayf("top or bottom"), "end", "G"),

		codeLeft:  bind(m.open && m.over > 0, "< >", m.Sayf("move code"), "<", ","),
		codeRight: bind(m.open && m.over > 0, "< >", m.Sayf("move code"), ">", "."),

		previousTab: bind(m.open && len(m.tabs()) > 1, m.marks.LeftRight, m.Sayf("other tab"), "left", "h"),
		nextTab:     bind(m.open && len(m.tabs()) > 1, m.marks.LeftRight, m.Sayf("other tab"), "right", "l"),
		fix:         bind(tab(tabFix), "f", m.Sayf("fix"), "f"),
		evidence:    bind(tab(tabEvidence), "e", m.Sayf("evidence"), "e"),
		why:         bind(tab(tabWhy), "i", m.Sayf("why"), "i"),
		confirm:     bind(tab(tabConfirm) && !(m.open && m.shownTab() == tabConfirm), "v", m.Sayf("confirm"), "v"),
		runConfirm:  bind(m.open && m.shownTab() == tabConfirm && m.confirms() != nil, "v", m.Sayf("run it"), "v"),
		nextFinding: bind(len(m.findings()) > 1 && (m.open || m.wide()), "n", m.Sayf("next finding"), "n"),
		language:    bind(code, "tab", m.Sayf("language"), "tab"),
		python:      bind(code, "1", "Python", "1"),
		node:        bind(code, "2", "Node", "2"),
		golang:      bind(code, "3", "Go", "3"),

		rerun:     bind(idle, "r", m.Sayf("re-run"), "r"),
		rerunFrom: bind(ended && m.newest(), "R", m.Sayf("re-run from here"), "R"),
		ticket:    bind(idle, "t", m.Sayf("ticket"), "t"),
		token:     bind(idle, "p", m.Sayf("paste token"), "p"),
		join:      bind(idle && m.deps.Join != nil, "J", m.Sayf("join a room"), "J"),
		skip:      bind(m.deps.Skip != nil && m.waitsFor() != nil, "s", m.Sayf("skip this check"), "s"),
		earlier:   bind(idle && m.showing > 0, "[", m.Sayf("earlier run"), "["),
		later:     bind(idle && !m.newest(), "]", m.Sayf("later run"), "]"),

		catalogue: bind(true, "/", m.Sayf("catalogue"), "/", "C"),
		openDocs:  bind(m.deps.Open != nil && m.docs() != "", "o", m.Sayf("LiveKit's docs"), "o"),
		watch:     bind(m.deps.Watch != nil, "W", m.watchLabel(), "W"),

		copyFix:   bind(m.deps.Copy != nil && m.fixToCopy() != "", "y", m.Sayf("copy fix"), "y", "c"),
		save:      bind(m.deps.Save != nil && ended, "w", m.Sayf("report"), "w"),
		saveJSON:  bind(m.deps.SaveJSON != nil && ended, "S", "JSON", "S"),
		help:      bind(true, "?", m.Sayf("all keys"), "?"),
		quit:      bind(true, "q", quit, "q"),
		interrupt: bind(true, "ctrl+c", m.Sayf("interrupt"), "ctrl+c"),
		suspend:   bind(true, "ctrl+z", m.Sayf("suspend"), "ctrl+z"),
	}
}

// short returns the keys of the footer that fit into width. The keys for help and quit
// are always among them.
func (m model) short(width int) string {
	k := m.keys()
	most := []key.Binding{k.open, k.copyFix, k.rerun, k.join, k.skip, k.save, k.ticket, k.watch, k.earlier, k.language, k.up, k.token,
		k.saveJSON, k.catalogue}
	if m.showsBegin() {
		most = []key.Binding{k.open, k.up, k.token, k.back, k.watch, k.rerun, k.catalogue}
	}
	if m.open {
		most = []key.Binding{k.back, k.runConfirm, k.nextTab, k.copyFix, k.language, k.codeRight, k.up, k.nextFinding, k.save, k.openDocs,
			k.rerun, k.catalogue}
	}
	last := []key.Binding{k.help, k.quit}
	switch {
	case m.menu.open:
		most, last = m.menuKeys(), nil
	case m.browser.open:
		most, last = m.browserKeys()
	}
	most = slices.DeleteFunc(most, func(b key.Binding) bool { return !b.Enabled() })
	for {
		var hints []string
		for _, b := range append(slices.Clone(most), last...) {
			hints = append(hints, zone("key", b.Keys()[0], m.help.ShortHelpView([]key.Binding{b})))
		}
		line := strings.Join(hints, m.styles.Subtle.Render(m.marks.Dot))
		if wrap.Width(line) <= width || len(most) == 0 {
			return line
		}
		most = most[:len(most)-1]
	}
}

// browserKeys returns the footer's keys in the catalogue: most may be left out for lack
// of width, last may not.
func (m model) browserKeys() (most, last []key.Binding) {
	for _, a := range m.browserActions() {
		switch n := len(most); {
		case a.key.Help().Key == "?" || a.key.Help().Key == "q":
			last = append(last, a.key)
		case n == 0 || most[n-1].Help() != a.key.Help():
			most = append(most, a.key)
		}
	}
	return most, last
}

// full returns the enabled keys for the help. Keys that belong together are one binding.
func (m model) full() []key.Binding {
	if m.browser.open {
		return m.fullBrowser()
	}
	k := m.keys()
	move, open := m.Sayf("select a stage"), m.Sayf("open the stage: fix, evidence, why, confirm")
	if m.showsBegin() {
		move, open = m.Sayf("select"), m.Sayf("look at what is selected")
	}
	if m.open {
		move = m.Sayf("scroll")
	}
	all := []struct {
		desc string
		keys []key.Binding
	}{
		{move, []key.Binding{k.up, k.down}},
		{open, []key.Binding{k.open}},
		{m.Sayf("go back"), []key.Binding{k.back}},
		{m.Sayf("the tab before or behind"), []key.Binding{k.previousTab, k.nextTab}},
		{m.Sayf("how to fix it"), []key.Binding{k.fix}},
		{m.Sayf("what was seen: the checks and the facts"), []key.Binding{k.evidence}},
		{m.Sayf("what it means and why it happens"), []key.Binding{k.why}},
		{m.Sayf("how to confirm it without lkdoctor"), []key.Binding{k.confirm}},
		{m.Sayf("run the command here, with what this run holds"), []key.Binding{k.runConfirm}},
		{m.Sayf("next finding of the stage"), []key.Binding{k.nextFinding}},
		{m.Sayf("code in the next language"), []key.Binding{k.language}},
		{m.Sayf("code in Python"), []key.Binding{k.python}},
		{m.Sayf("code for Node"), []key.Binding{k.node}},
		{m.Sayf("code in Go"), []key.Binding{k.golang}},
		{m.Sayf("move code that is wider than the window"), []key.Binding{k.codeLeft, k.codeRight}},
		{m.Sayf("scroll by a page"), []key.Binding{k.pageDown, k.pageUp}},
		{m.Sayf("go to the top"), []key.Binding{k.top}},
		{m.Sayf("go to the bottom"), []key.Binding{k.bottom}},
		{m.Sayf("copy the fix: its code or command, else its words"), []key.Binding{k.copyFix}},
		{m.Sayf("all problems that lkdoctor knows, to filter and to read"), []key.Binding{k.catalogue}},
		{m.Sayf("open LiveKit's documentation in the browser"), []key.Binding{k.openDocs}},
		{m.Sayf("run all checks again; asks before a ticket is spent"), []key.Binding{k.rerun}},
		{m.Sayf("run again from the selected stage on"), []key.Binding{k.rerunFrom}},
		{m.Sayf("enter a ticket and run with it"), []key.Binding{k.ticket}},
		{m.Sayf("paste a token and check it, without a ticket"), []key.Binding{k.token}},
		{m.Sayf("join a room with a token made here and stay; the diagnosis is kept"), []key.Binding{k.join}},
		{m.Sayf("skip the check that is waited for"), []key.Binding{k.skip}},
		{m.Sayf("show the run before"), []key.Binding{k.earlier}},
		{m.Sayf("show the run after"), []key.Binding{k.later}},
		{m.watchHelp(), []key.Binding{k.watch}},
		{m.Sayf("write the report for the maintainer"), []key.Binding{k.save}},
		{m.Sayf("write the JSON document"), []key.Binding{k.saveJSON}},
		{m.Sayf("this help"), []key.Binding{k.help}},
		{m.Sayf("back to the shell; fg comes back"), []key.Binding{k.suspend}},
		{m.Sayf("quit; the report of the last full run is printed"), []key.Binding{k.quit}},
		{m.Sayf("stop at once: leaves the room, prints what was finished"), []key.Binding{k.interrupt}},
	}
	var out []key.Binding
	for _, a := range all {
		if b := m.joined(a.desc, a.keys...); b.Enabled() {
			out = append(out, b)
		}
	}
	return out
}

// fullBrowser is full for the catalogue.
func (m model) fullBrowser() []key.Binding {
	var out []key.Binding
	for _, a := range m.browserActions() {
		if n := len(out); n > 0 && out[n-1].Help().Desc == a.key.Help().Desc {
			out[n-1] = m.joined(a.key.Help().Desc, out[n-1], a.key)
			continue
		}
		out = append(out, m.joined(a.key.Help().Desc, a.key))
	}
	return append(out, m.joined(m.Sayf("stop at once: leaves the room, prints what was finished"), m.keys().interrupt))
}

// joined returns one binding for several: the enabled ones, under the names of all their
// keys.
func (m model) joined(desc string, all ...key.Binding) key.Binding {
	var keys, names []string
	for _, b := range all {
		if b.Enabled() {
			keys = append(keys, b.Keys()...)
		}
	}
	for _, name := range keys {
		names = append(names, m.keyName(name))
	}
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(strings.Join(names, " "), desc))
}

// keyName returns the name of a key for people.
func (m model) keyName(name string) string {
	arrows := map[string]string{"up": "↑", "down": "↓", "left": "←", "right": "→"}
	named := map[string]string{" ": "space", "pgup": "PgUp", "pgdown": "PgDn", "home": "Home", "end": "End"}
	switch {
	case arrows[name] != "" && !m.deps.ASCII:
		return arrows[name]
	case named[name] != "":
		return named[name]
	}
	return name
}
