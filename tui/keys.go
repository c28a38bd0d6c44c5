package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/viewport"
	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/finding"
	"lkdoctor/tui/term"
)

// action is what keys do on this screen.
type action = term.Action[model]

// does is the function of an action.
type does = func(m model) (model, tea.Cmd)

// changes returns the function of an action without a command.
func changes(change func(m model) model) does {
	return func(m model) (model, tea.Cmd) { return change(m), nil }
}

// commands returns the function of an action that is only a command.
func commands(command func(m model) tea.Cmd) does {
	return func(m model) (model, tea.Cmd) { return m, command(m) }
}

// actions are the actions of the keys that have an effect now, in the order of the help,
// while neither the help nor a prompt is open.
func (m model) actions() []action {
	if m.browser.open {
		return m.browserActions()
	}
	var list actionList
	m.addMoves(&list)
	m.addTabs(&list)
	m.addScrolling(&list)
	m.addReading(&list)
	m.addRuns(&list)
	quit := finding.Textf("quit")
	if m.running {
		quit = finding.Textf("stop and quit")
	}
	list.add(true, "?", finding.Textf("all keys"), finding.Textf("this help"), changes(model.helps), "?")
	list.add(true, "", helpOnly, finding.Textf("back to the shell; fg comes back"), suspends, "ctrl+z")
	list.add(true, "q", quit, finding.Textf("quit; the report of the last full run is printed"), model.stopped, "q")
	list.add(true, "", helpOnly, interruptLong(), model.interrupted, "ctrl+c")
	return list
}

// helpOnly is the short text of actions that only the help lists.
var helpOnly finding.Text

// actionList collects the actions of [model.actions].
type actionList []action

// add appends an action if on is set.
func (l *actionList) add(on bool, shown string, short, long finding.Text, do does, keys ...string) {
	if on {
		*l = append(*l, action{Keys: keys, Shown: shown, Short: short, Long: long, Do: do})
	}
}

// addMoves adds what moves the selection, opens what is selected and goes back.
func (m model) addMoves(list *actionList) {
	move, moveLong := finding.Textf("select"), finding.Textf("select a stage")
	open, openLong := finding.Textf("evidence"), finding.Textf("open the stage: fix, evidence, why, confirm")
	if m.tabs()[0] == tabFix && !(m.split() && m.shownTab() != tabFix) {
		open = finding.Textf("whole fix")
	}
	if m.showsBegin() {
		moveLong = move
		open, openLong = finding.Textf("go on"), finding.Textf("look at what is selected")
	}
	if m.open {
		move, moveLong = finding.Textf("scroll"), finding.Textf("scroll")
	}
	list.add(true, m.Marks.UpDown, move, moveLong, changes(func(m model) model { return m.stepped(-1) }), "up", "k")
	list.add(true, m.Marks.UpDown, move, moveLong, changes(func(m model) model { return m.stepped(1) }), "down", "j")
	list.add(!m.open, "enter", open, openLong, model.opens, "enter", "right")
	list.add(m.open || m.showsBegin(), "esc", finding.Textf("back"), finding.Textf("go back"), changes(func(m model) model {
		m.open, m.begin.open = false, m.begin.open && m.open
		m.pane.GotoTop()
		return m
	}), "esc", "backspace")
}

// addTabs adds what chooses a tab or a finding of the stage.
func (m model) addTabs(list *actionList) {
	tabs := m.tabs()
	has := func(t tab) bool { return slices.Contains(tabs, t) }
	sideways := finding.Textf("the previous or the next tab")
	list.add(m.open && len(tabs) > 1, "", helpOnly, sideways, turns(func(m model) model { return m.tabbed(-1) }), "left", "h")
	list.add(m.open && len(tabs) > 1, m.Marks.LeftRight, finding.Textf("other tab"), sideways,
		turns(func(m model) model { return m.tabbed(1) }), "right", "l")
	show := func(t tab) does { return turns(func(m model) model { m.tab = t; return m }) }
	list.add(has(tabFix), "", helpOnly, finding.Textf("how to fix it"), show(tabFix), "f")
	list.add(has(tabEvidence), "", helpOnly, finding.Textf("what was seen: the checks and the facts"), show(tabEvidence), "e")
	list.add(has(tabWhy), "", helpOnly, finding.Textf("what it means and why it happens"), show(tabWhy), "i")
	confirms := m.open && m.shownTab() == tabConfirm
	list.add(has(tabConfirm) && !confirms, "", helpOnly, finding.Textf("how to confirm it without lkdoctor"), show(tabConfirm), "v")
	list.add(confirms && m.confirms() != nil, "v", finding.Textf("run it"),
		finding.Textf("run the command here, with what this run holds"), model.confirming, "v")
	list.add(len(m.findings()) > 1 && (m.open || m.wide()), "n", finding.Textf("next finding"), finding.Textf("next finding of the stage"),
		turns(func(m model) model { m.finding = (m.finding + 1) % len(m.findings()); return m }), "n")
}

// addScrolling adds what moves through a page, and what chooses the language of its code.
func (m model) addScrolling(list *actionList) {
	code := m.offersCode()
	list.add(code, "tab", finding.Textf("language"), finding.Textf("code in the next language"), speaks(-1), "tab")
	list.add(code, "", helpOnly, finding.Textf("code in Python"), speaks(0), "1")
	list.add(code, "", helpOnly, finding.Textf("code for Node"), speaks(1), "2")
	list.add(code, "", helpOnly, finding.Textf("code in Go"), speaks(2), "3")
	shift := func(by int) does {
		return changes(func(m model) model { m.shift = min(max(m.shift+by, 0), m.over); return m })
	}
	wider := finding.Textf("move code that is wider than the window")
	list.add(m.open && m.over > 0, "", helpOnly, wider, shift(-codeStep), "<", ",")
	list.add(m.open && m.over > 0, "< >", finding.Textf("move code"), wider, shift(codeStep), ">", ".")
	scroll := func(how func(v *viewport.Model)) does { return changes(func(m model) model { how(&m.pane); return m }) }
	page := finding.Textf("scroll by a page")
	list.add(m.open, "", helpOnly, page, scroll(func(v *viewport.Model) { v.PageDown() }), "pgdown", " ")
	list.add(m.open, "", helpOnly, page, scroll(func(v *viewport.Model) { v.PageUp() }), "pgup", "b")
	list.add(m.open, "", helpOnly, finding.Textf("go to the top"), scroll(func(v *viewport.Model) { v.GotoTop() }), "home", "g")
	list.add(m.open, "", helpOnly, finding.Textf("go to the bottom"), scroll(func(v *viewport.Model) { v.GotoBottom() }), "end", "G")
}

// addReading adds what copies the fix and opens other texts.
func (m model) addReading(list *actionList) {
	list.add(m.deps.Copy != nil && m.fixToCopy() != "", "y", finding.Textf("copy fix"),
		finding.Textf("copy the fix: its code or command, else its words"),
		commands(func(m model) tea.Cmd { return m.copying(m.fixToCopy()) }), "y", "c")
	problems := finding.Textf("all problems that lkdoctor knows, to filter and to read")
	list.add(true, "/", finding.Textf("catalogue"), problems, changes(func(m model) model {
		m = m.browses()
		m.browser.typing = true
		return m
	}), "/")
	list.add(true, "", helpOnly, problems, changes(model.browses), "C")
	list.add(m.deps.Open != nil && m.docs() != "", "o", finding.Textf("LiveKit's docs"),
		finding.Textf("open LiveKit's documentation in the browser"), commands(model.opening), "o")
}

// addRuns adds what begins a run, shows another one or writes one to a file.
func (m model) addRuns(list *actionList) {
	idle := !m.running
	ended := idle && m.run != nil
	list.add(idle, "r", finding.Textf("re-run"), finding.Textf("run all checks again; asks before a ticket is spent"),
		func(m model) (model, tea.Cmd) { return m.again("") }, "r")
	list.add(ended && m.newest(), "", helpOnly, finding.Textf("run again from the selected stage on"), func(m model) (model, tea.Cmd) {
		row, _ := m.row()
		return m.again(row.Stage)
	}, "R")
	asks := func(what asking) does {
		return changes(func(m model) model { m.prompt = newPrompt(what, ""); return m })
	}
	list.add(idle, "t", finding.Textf("ticket"), finding.Textf("enter a ticket and run with it"), asks(aTicket), "t")
	list.add(idle, "p", finding.Textf("paste token"), finding.Textf("paste a token and check it, without a ticket"),
		asks(aTokenToCheck), "p")
	list.add(idle && m.deps.Join != nil, "J", finding.Textf("join a room"),
		finding.Textf("join a room with a token made here and stay; the diagnosis is kept"), commands(model.joining), "J")
	list.add(m.deps.Skip != nil && m.waitsFor() != nil, "s", finding.Textf("skip this check"),
		finding.Textf("skip the check that is waited for"), commands(func(m model) tea.Cmd {
			skip, c := m.deps.Skip, m.waitsFor()
			return func() tea.Msg { skip(c.Check.ID); return nil }
		}), "s")
	shows := func(by int) does { return changes(func(m model) model { return m.shows(m.showing + by) }) }
	list.add(idle && m.showing > 0, "[", finding.Textf("earlier run"), finding.Textf("show the run before"), shows(-1), "[")
	list.add(idle && !m.newest(), "", helpOnly, finding.Textf("show the run after"), shows(1), "]")
	watch, watchLong := finding.Textf("watch .env*"),
		finding.Textf("watch the env files: run again what needs no ticket and no room when one changes")
	if m.watch.news != nil {
		watch, watchLong = finding.Textf("stop watching"), finding.Textf("stop watching the env files")
	}
	list.add(m.deps.Watch != nil, "W", watch, watchLong, model.watches, "W")
	list.add(m.deps.Save != nil && ended, "w", finding.Textf("report"), finding.Textf("write the report for the maintainer"),
		commands(func(m model) tea.Cmd { return m.saving(m.deps.Save) }), "w")
	list.add(m.deps.SaveJSON != nil && ended, "S", finding.Textf("%s", "JSON"), finding.Textf("write the JSON document"),
		commands(func(m model) tea.Cmd { return m.saving(m.deps.SaveJSON) }), "S")
}

func interruptLong() finding.Text {
	return finding.Textf("stop at once: leaves the room, prints what was finished")
}

// suspends stops the program until the shell continues it.
func suspends(m model) (model, tea.Cmd) { return m, tea.Suspend }

func (m model) helps() model {
	m.menu = menu{open: true}
	return m
}

// speaks returns the function that chooses a language of the minting code, the next one if
// number is negative.
func speaks(number int) does {
	return changes(func(m model) model {
		m.language, m.chosen = number, true
		if number < 0 {
			m.language = (m.language + 1) % len(languages())
		}
		return m
	})
}

// turns returns the function that changes what the page shows, and opens it. With two
// panes, only enter opens it.
func turns(change func(m model) model) does {
	return changes(func(m model) model {
		opens := !m.split()
		m = change(m)
		m.open, m.moved, m.shift = m.open || opens, true, 0
		m.pane.GotoTop()
		return m
	})
}

// tabbed chooses the tab by places from the shown one.
func (m model) tabbed(by int) model {
	tabs := m.tabs()
	m.tab = tabs[(slices.Index(tabs, m.shownTab())+by+len(tabs))%len(tabs)]
	return m
}

// opens opens what is selected: a choice, or the page of a stage.
func (m model) opens() (model, tea.Cmd) {
	if m.showsBegin() {
		list := m.choices()
		return list[min(m.begin.at, len(list)-1)].do(m)
	}
	return turns(func(m model) model {
		if !m.split() {
			m.tab = tabFirst
		}
		m.tab, m.open = m.shownTab(), true
		return m
	})(m)
}

// stepped scrolls the open page, or moves the selection.
func (m model) stepped(by int) model {
	switch {
	case m.showsBegin():
		m.begin.at = min(max(m.begin.at+by, 0), len(m.choices())-1)
		return m
	case m.open:
		m.pane.SetYOffset(m.pane.YOffset + by)
		return m
	}
	return m.selects(m.selected + by)
}

// codeStep is the number of columns by which a key shifts code.
const codeStep = 16

func (m model) selects(row int) model {
	m.selected = min(max(row, 0), max(0, len(m.progress.Rows())-1))
	m.moved, m.finding, m.shift = true, 0, 0
	m.pane.GotoTop()
	return m
}

// short returns the hints of the footer that fit into width. Those for help and quit are
// always among them.
func (m model) short(width int) string {
	if m.menu.open {
		return m.hints(m.menuHints(), nil, width)
	}
	actions := m.actions()
	pick := func(keys ...string) (out []action) {
		for _, name := range keys {
			hinted := func(a action) bool { return a.Keys[0] == name && !a.Short.IsZero() }
			if i := slices.IndexFunc(actions, hinted); i >= 0 {
				out = append(out, actions[i])
			}
		}
		return out
	}
	kept := []string{"?", "q", "ctrl+c"}
	last := pick(kept...)
	switch {
	case m.browser.open:
		most := slices.DeleteFunc(slices.Clone(actions), func(a action) bool { return slices.Contains(kept, a.Keys[0]) })
		same := func(a, b action) bool { return a.Shown == b.Shown && a.Short.Format == b.Short.Format }
		return m.hints(slices.CompactFunc(most, same), last, width)
	case m.open:
		return m.hints(pick("esc", ">", "v", "right", "y", "tab", "up", "n", "w", "o", "r", "/"), last, width)
	case m.showsBegin():
		return m.hints(pick("enter", "up", "p", "esc", "W", "r", "/"), last, width)
	}
	return m.hints(pick("enter", "y", "r", "J", "s", "w", "t", "W", "[", "tab", "up", "p", "S", "/"), last, width)
}

func (m model) hints(most, last []action, width int) string {
	return append(term.Hints(m.Screen, most, last, width, 1), "")[0]
}

// full returns the actions for the help. Those that do the same are one, under the names
// of all their keys.
func (m model) full() []action {
	var out []action
	for _, a := range m.actions() {
		if n := len(out); n > 0 && m.Say(out[n-1].Long) == m.Say(a.Long) {
			out[n-1].Keys = slices.Concat(out[n-1].Keys, a.Keys)
			continue
		}
		out = append(out, a)
	}
	for i, a := range out {
		names := make([]string, len(a.Keys))
		for j, name := range a.Keys {
			names[j] = m.keyName(name)
		}
		out[i].Shown = strings.Join(names, " ")
	}
	return out
}

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
