package tui

import (
	"slices"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/x/ansi"
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
	earlier, later, watch                                         key.Binding
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

		watch: bind(m.deps.Watch != nil, "W", m.watchLabel(), "W"),

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
	most := []key.Binding{k.open, k.copyFix, k.rerun, k.join, k.skip, k.save, k.ticket, k.watch, k.earlier, k.language, k.up, k.token, k.saveJSON}
	if m.showsBegin() {
		most = []key.Binding{k.open, k.up, k.token, k.back, k.watch, k.rerun}
	}
	if m.open {
		most = []key.Binding{k.back, k.runConfirm, k.nextTab, k.copyFix, k.language, k.codeRight, k.up, k.nextFinding, k.save, k.rerun}
	}
	last := []key.Binding{k.help, k.quit}
	if m.menu.open {
		most, last = m.menuKeys(), nil
	}
	for {
		line := m.help.ShortHelpView(append(slices.Clone(most), last...))
		if ansi.StringWidth(line) <= width || len(most) == 0 {
			return line
		}
		most = most[:len(most)-1]
	}
}

// full are the keys that work at the moment, with what they do, as the help
// lists them.
func (m model) full() []key.Binding {
	k := m.keys()
	move, scroll, open := m.sayf("select a stage"), m.sayf("scroll by a page"), m.sayf("open the stage: fix, evidence, why, confirm")
	if m.showsBegin() {
		move, open = m.sayf("select"), m.sayf("look at what is selected")
	}
	if m.open {
		move = m.sayf("scroll")
	}
	all := []struct {
		b     key.Binding
		shown string
		desc  string
	}{
		{k.up, m.marks.upDown + " j k", move},
		{k.open, "enter", open},
		{k.back, "esc", m.sayf("go back")},
		{k.nextTab, m.marks.leftRight + " h l", m.sayf("the tab before or behind")},
		{k.fix, "f", m.sayf("how to fix it")},
		{k.evidence, "e", m.sayf("what was seen: the checks and the facts")},
		{k.why, "i", m.sayf("what it means and why it happens")},
		{k.confirm, "v", m.sayf("how to confirm it without lkdoctor")},
		{k.runConfirm, "v", m.sayf("run the command here, with what this run holds")},
		{k.nextFinding, "n", m.sayf("next finding of the stage")},
		{k.language, "tab", m.sayf("code in the next language")},
		{k.python, "1", m.sayf("code in Python")},
		{k.node, "2", m.sayf("code for Node")},
		{k.golang, "3", m.sayf("code in Go")},
		{k.codeRight, "< >", m.sayf("move code that is wider than the window")},
		{k.pageDown, "PgDn space", scroll},
		{k.pageUp, "PgUp b", scroll},
		{k.top, "Home g", m.sayf("go to the top")},
		{k.bottom, "End G", m.sayf("go to the bottom")},
		{k.copyFix, "y c", m.sayf("copy the fix: its code or command, else its words")},
		{k.rerun, "r", m.sayf("run all checks again; asks before a ticket is spent")},
		{k.rerunFrom, "R", m.sayf("run again from the selected stage on")},
		{k.ticket, "t", m.sayf("enter a ticket and run with it")},
		{k.token, "p", m.sayf("paste a token and check it, without a ticket")},
		{k.join, "J", m.sayf("join a room with a token made here and stay; the diagnosis is kept")},
		{k.skip, "s", m.sayf("skip the check that is waited for")},
		{k.earlier, "[", m.sayf("show the run before")},
		{k.later, "]", m.sayf("show the run after")},
		{k.watch, "W", m.watchHelp()},
		{k.save, "w", m.sayf("write the report for the maintainer")},
		{k.saveJSON, "S", m.sayf("write the JSON document")},
		{k.suspend, "ctrl+z", m.sayf("back to the shell; fg comes back")},
		{k.quit, "q", m.sayf("quit; the report of the last full run is printed")},
		{k.interrupt, "ctrl+c", m.sayf("stop at once: leaves the room, prints what was finished")},
	}
	var out []key.Binding
	for _, a := range all {
		if a.b.Enabled() {
			a.b.SetHelp(a.shown, a.desc)
			out = append(out, a.b)
		}
	}
	return out
}
