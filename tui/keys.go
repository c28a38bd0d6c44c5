package tui

import (
	"slices"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/x/ansi"
)

// keyMap is what can be pressed at the moment. It is made anew from the model
// each time, so a key that does nothing is neither matched nor shown.
type keyMap struct {
	up, down, open, back                          key.Binding
	pageUp, pageDown, top, bottom                 key.Binding
	python, node, golang, nextFinding             key.Binding
	rerun, rerunFrom, ticket, token, dev          key.Binding
	copyFix, save, help, quit, interrupt, suspend key.Binding
}

// keys are the bindings that work in the model's present state.
func (m model) keys() keyMap {
	bind := func(on bool, shown, desc string, keys ...string) key.Binding {
		b := key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, desc))
		b.SetEnabled(on)
		return b
	}
	idle := !m.running
	reading := m.open || m.helping
	code := m.offersCode() && !m.helping
	select_, quit := m.sayf("select"), m.sayf("quit")
	if reading {
		select_ = m.sayf("scroll")
	}
	if m.running {
		quit = m.sayf("stop and quit")
	}
	return keyMap{
		up:       bind(true, m.marks.upDown, select_, "up"),
		down:     bind(true, m.marks.upDown, select_, "down"),
		open:     bind(!reading, "enter", m.sayf("details"), "enter", "right"),
		back:     bind(reading, "esc", m.sayf("back"), "esc", "enter", "left", "backspace"),
		pageUp:   bind(true, "PgUp/PgDn", m.sayf("scroll"), "pgup", "b"),
		pageDown: bind(true, "PgUp/PgDn", m.sayf("scroll"), "pgdown", " "),
		top:      bind(true, "Home/End", m.sayf("top or bottom"), "home", "g"),
		bottom:   bind(true, "Home/End", m.sayf("top or bottom"), "end", "G"),

		python:      bind(code, "1", "Python", "1"),
		node:        bind(code, "2", "Node", "2"),
		golang:      bind(code, "3", "Go", "3"),
		nextFinding: bind(len(m.findings()) > 1 && !m.helping, "tab", m.sayf("next finding"), "tab"),

		rerun:     bind(idle, "r", m.sayf("re-run"), "r"),
		rerunFrom: bind(idle && m.run != nil, "R", m.sayf("re-run from here"), "R"),
		ticket:    bind(idle, "t", m.sayf("ticket"), "t"),
		token:     bind(idle, "p", m.sayf("paste token"), "p"),
		dev:       bind(idle, "j", m.sayf("dev join"), "j"),
		copyFix:   bind(m.deps.Copy != nil && m.fixToCopy() != "", "c", m.sayf("copy fix"), "c"),
		save:      bind(m.deps.Save != nil && idle && m.run != nil, "w", m.sayf("report"), "w"),
		help:      bind(true, "?", m.sayf("help"), "?"),
		quit:      bind(true, "q", quit, "q"),
		interrupt: bind(true, "ctrl+c", m.sayf("interrupt"), "ctrl+c"),
		suspend:   bind(true, "ctrl+z", m.sayf("suspend"), "ctrl+z"),
	}
}

// short are the keys of the footer that fit into width: those for the help and
// for leaving always, of the others the first ones.
func (m model) short(width int) string {
	k := m.keys()
	most := []key.Binding{k.up, k.open, k.rerun, k.ticket, k.dev, k.save, k.token, k.copyFix}
	if m.open || m.helping {
		most = []key.Binding{k.up, k.back, k.nextFinding, k.python, k.node, k.golang, k.copyFix, k.save}
	}
	for {
		line := m.help.ShortHelpView(append(slices.Clone(most), k.help, k.quit))
		if ansi.StringWidth(line) <= width || len(most) == 0 {
			return line
		}
		most = most[:len(most)-1]
	}
}

// full are all keys with what they do, as the help lists them.
func (m model) full() []key.Binding {
	k := m.keys()
	all := []*key.Binding{
		&k.up, &k.open, &k.back, &k.pageUp, &k.top, &k.nextFinding, &k.rerun, &k.rerunFrom,
		&k.ticket, &k.token, &k.dev, &k.copyFix, &k.save, &k.help, &k.quit, &k.interrupt,
	}
	explain := []string{
		m.sayf("select a stage, or scroll what is open"),
		m.sayf("show the stage: its checks, what was seen, why, how to fix"),
		m.sayf("go back"),
		m.sayf("scroll by a page"),
		m.sayf("go to the top or the bottom"),
		m.sayf("next finding of the stage"),
		m.sayf("run all checks again; asks for a fresh ticket when the last one is spent"),
		m.sayf("run again from the selected stage on"),
		m.sayf("enter a ticket and run with it"),
		m.sayf("paste a token and check it, without a ticket"),
		m.sayf("join with a token made here: skips ticket and token"),
		m.sayf("copy the fix of the selected stage"),
		m.sayf("write the report for the maintainer"),
		m.sayf("this help"),
		m.sayf("quit; the report is printed then"),
		m.sayf("stop at once: leaves the room, prints what was finished"),
	}
	out := make([]key.Binding, len(all))
	for i, b := range all {
		out[i] = *b
		out[i].SetHelp(b.Help().Key, explain[i])
	}
	return out
}
