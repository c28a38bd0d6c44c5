package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"

	"lkdoctor/checks/wrap"
)

// keyMap is what can be pressed at the moment. It is made anew from the model
// each time, so a key that does nothing is neither matched nor shown.
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

// keys are the bindings that work in the model's present state, while neither
// the help nor a prompt is open.
func (m model) keys() keyMap {
	bind := func(on bool, shown, desc string, keys ...string) key.Binding {
		b := key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, desc))
		b.SetEnabled(on)
		return b
	}
	idle := !m.running
	ended := idle && m.run != nil
	code := m.offersCode()
	move, quit := m.sayf("select"), m.sayf("quit")
	if m.open {
		move = m.sayf("scroll")
	}
	if m.running {
		quit = m.sayf("stop and quit")
	}
	what := m.sayf("evidence")
	if m.tabs()[0] == tabFix && !(m.split() && m.shownTab() != tabFix) {
		what = m.sayf("whole fix")
	}
	if m.showsBegin() {
		what = m.sayf("go on")
	}
	tab := func(t tab) bool { return slices.Contains(m.tabs(), t) }
	return keyMap{
		up:       bind(true, m.marks.upDown, move, "up", "k"),
		down:     bind(true, m.marks.upDown, move, "down", "j"),
		open:     bind(!m.open, "enter", what, "enter", "right"),
		back:     bind(m.open || m.showsBegin(), "esc", m.sayf("back"), "esc", "backspace"),
		pageUp:   bind(m.open, "PgUp/PgDn", m.sayf("scroll"), "pgup", "b"),
		pageDown: bind(m.open, "PgUp/PgDn", m.sayf("scroll"), "pgdown", " "),
		top:      bind(m.open, "Home/End", m.sayf("top or bottom"), "home", "g"),
		bottom:   bind(m.open, "Home/End", m.sayf("top or bottom"), "end", "G"),

		codeLeft:  bind(m.open && m.over > 0, "< >", m.sayf("move code"), "<", ","),
		codeRight: bind(m.open && m.over > 0, "< >", m.sayf("move code"), ">", "."),

		previousTab: bind(m.open && len(m.tabs()) > 1, m.marks.leftRight, m.sayf("other tab"), "left", "h"),
		nextTab:     bind(m.open && len(m.tabs()) > 1, m.marks.leftRight, m.sayf("other tab"), "right", "l"),
		fix:         bind(tab(tabFix), "f", m.sayf("fix"), "f"),
		evidence:    bind(tab(tabEvidence), "e", m.sayf("evidence"), "e"),
		why:         bind(tab(tabWhy), "i", m.sayf("why"), "i"),
		confirm:     bind(tab(tabConfirm) && !(m.open && m.shownTab() == tabConfirm), "v", m.sayf("confirm"), "v"),
		runConfirm:  bind(m.open && m.shownTab() == tabConfirm && m.confirms() != nil, "v", m.sayf("run it"), "v"),
		nextFinding: bind(len(m.findings()) > 1 && (m.open || m.wide()), "n", m.sayf("next finding"), "n"),
		language:    bind(code, "tab", m.sayf("language"), "tab"),
		python:      bind(code, "1", "Python", "1"),
		node:        bind(code, "2", "Node", "2"),
		golang:      bind(code, "3", "Go", "3"),

		rerun:     bind(idle, "r", m.sayf("re-run"), "r"),
		rerunFrom: bind(ended && m.newest(), "R", m.sayf("re-run from here"), "R"),
		ticket:    bind(idle, "t", m.sayf("ticket"), "t"),
		token:     bind(idle, "p", m.sayf("paste token"), "p"),
		join:      bind(idle && m.deps.Join != nil, "J", m.sayf("join a room"), "J"),
		skip:      bind(m.deps.Skip != nil && m.waitsFor() != nil, "s", m.sayf("skip this check"), "s"),
		earlier:   bind(idle && m.showing > 0, "[", m.sayf("earlier run"), "["),
		later:     bind(idle && !m.newest(), "]", m.sayf("later run"), "]"),

		catalogue: bind(true, "/", m.sayf("catalogue"), "/", "C"),
		openDocs:  bind(m.deps.Open != nil && m.docs() != "", "o", m.sayf("LiveKit's docs"), "o"),
		watch:     bind(m.deps.Watch != nil, "W", m.watchLabel(), "W"),

		copyFix:   bind(m.deps.Copy != nil && m.fixToCopy() != "", "y", m.sayf("copy fix"), "y", "c"),
		save:      bind(m.deps.Save != nil && ended, "w", m.sayf("report"), "w"),
		saveJSON:  bind(m.deps.SaveJSON != nil && ended, "S", "JSON", "S"),
		help:      bind(true, "?", m.sayf("all keys"), "?"),
		quit:      bind(true, "q", quit, "q"),
		interrupt: bind(true, "ctrl+c", m.sayf("interrupt"), "ctrl+c"),
		suspend:   bind(true, "ctrl+z", m.sayf("suspend"), "ctrl+z"),
	}
}

// short are the keys of the footer that fit into width: those for the help and
// for leaving always, of the others the first ones.
func (m model) short(width int) string {
	k := m.keys()
	most := []key.Binding{k.open, k.copyFix, k.rerun, k.join, k.skip, k.save, k.ticket, k.watch, k.earlier, k.language, k.up, k.token, k.saveJSON, k.catalogue}
	if m.showsBegin() {
		most = []key.Binding{k.open, k.up, k.token, k.back, k.watch, k.rerun, k.catalogue}
	}
	if m.open {
		most = []key.Binding{k.back, k.runConfirm, k.nextTab, k.copyFix, k.language, k.codeRight, k.up, k.nextFinding, k.save, k.openDocs, k.rerun, k.catalogue}
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
		line := strings.Join(hints, m.styles.subtle.Render(m.marks.dot))
		if wrap.Width(line) <= width || len(most) == 0 {
			return line
		}
		most = most[:len(most)-1]
	}
}

// browserKeys are the footer's keys of the catalogue, each once: those that may be
// left out where there is no room, and the others.
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

// full are the keys that work at the moment, with what they do, as the help
// lists them. Keys that belong together are one.
func (m model) full() []key.Binding {
	if m.browser.open {
		return m.fullBrowser()
	}
	k := m.keys()
	move, open := m.sayf("select a stage"), m.sayf("open the stage: fix, evidence, why, confirm")
	if m.showsBegin() {
		move, open = m.sayf("select"), m.sayf("look at what is selected")
	}
	if m.open {
		move = m.sayf("scroll")
	}
	all := []struct {
		desc string
		keys []key.Binding
	}{
		{move, []key.Binding{k.up, k.down}},
		{open, []key.Binding{k.open}},
		{m.sayf("go back"), []key.Binding{k.back}},
		{m.sayf("the tab before or behind"), []key.Binding{k.previousTab, k.nextTab}},
		{m.sayf("how to fix it"), []key.Binding{k.fix}},
		{m.sayf("what was seen: the checks and the facts"), []key.Binding{k.evidence}},
		{m.sayf("what it means and why it happens"), []key.Binding{k.why}},
		{m.sayf("how to confirm it without lkdoctor"), []key.Binding{k.confirm}},
		{m.sayf("run the command here, with what this run holds"), []key.Binding{k.runConfirm}},
		{m.sayf("next finding of the stage"), []key.Binding{k.nextFinding}},
		{m.sayf("code in the next language"), []key.Binding{k.language}},
		{m.sayf("code in Python"), []key.Binding{k.python}},
		{m.sayf("code for Node"), []key.Binding{k.node}},
		{m.sayf("code in Go"), []key.Binding{k.golang}},
		{m.sayf("move code that is wider than the window"), []key.Binding{k.codeLeft, k.codeRight}},
		{m.sayf("scroll by a page"), []key.Binding{k.pageDown, k.pageUp}},
		{m.sayf("go to the top"), []key.Binding{k.top}},
		{m.sayf("go to the bottom"), []key.Binding{k.bottom}},
		{m.sayf("copy the fix: its code or command, else its words"), []key.Binding{k.copyFix}},
		{m.sayf("all problems that lkdoctor knows, to filter and to read"), []key.Binding{k.catalogue}},
		{m.sayf("open LiveKit's documentation in the browser"), []key.Binding{k.openDocs}},
		{m.sayf("run all checks again; asks before a ticket is spent"), []key.Binding{k.rerun}},
		{m.sayf("run again from the selected stage on"), []key.Binding{k.rerunFrom}},
		{m.sayf("enter a ticket and run with it"), []key.Binding{k.ticket}},
		{m.sayf("paste a token and check it, without a ticket"), []key.Binding{k.token}},
		{m.sayf("join a room with a token made here and stay; the diagnosis is kept"), []key.Binding{k.join}},
		{m.sayf("skip the check that is waited for"), []key.Binding{k.skip}},
		{m.sayf("show the run before"), []key.Binding{k.earlier}},
		{m.sayf("show the run after"), []key.Binding{k.later}},
		{m.watchHelp(), []key.Binding{k.watch}},
		{m.sayf("write the report for the maintainer"), []key.Binding{k.save}},
		{m.sayf("write the JSON document"), []key.Binding{k.saveJSON}},
		{m.sayf("this help"), []key.Binding{k.help}},
		{m.sayf("back to the shell; fg comes back"), []key.Binding{k.suspend}},
		{m.sayf("quit; the report of the last full run is printed"), []key.Binding{k.quit}},
		{m.sayf("stop at once: leaves the room, prints what was finished"), []key.Binding{k.interrupt}},
	}
	var out []key.Binding
	for _, a := range all {
		if b := m.joined(a.desc, a.keys...); b.Enabled() {
			out = append(out, b)
		}
	}
	return out
}

// fullBrowser is full in the catalogue.
func (m model) fullBrowser() []key.Binding {
	var out []key.Binding
	for _, a := range m.browserActions() {
		if n := len(out); n > 0 && out[n-1].Help().Desc == a.key.Help().Desc {
			out[n-1] = m.joined(a.key.Help().Desc, out[n-1], a.key)
			continue
		}
		out = append(out, m.joined(a.key.Help().Desc, a.key))
	}
	return append(out, m.joined(m.sayf("stop at once: leaves the room, prints what was finished"), m.keys().interrupt))
}

// joined is one binding of several: those that work, each of their keys by name.
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

// keyName is a key as people write it.
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
