package room

import (
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/room"
	"lkdoctor/config/clean"
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

// actionList collects the actions of [model.actions].
type actionList []action

// add appends an action if on is set.
func (l *actionList) add(on bool, shown string, short finding.Text, do does, keys ...string) {
	if on {
		*l = append(*l, action{Keys: keys, Shown: shown, Short: short, Do: do})
	}
}

// actions are the actions of the keys that have an effect now, the most important first.
// While a message is written, letters are text.
func (m model) actions() []action {
	ask, ended := m.state.phase == asking, m.state.phase == over
	var list actionList
	list.add(ask, "y", finding.Textf("join all the same"), model.rejoins, "y", "Y")
	list.add(ask, "n", finding.Textf("do not join"), model.declines, "n", "N", "q", "esc")
	list.add(ended && !m.explaining, "r", finding.Textf("join again"), func(m model) (model, tea.Cmd) {
		if m.state.last.Reason == "DUPLICATE_IDENTITY" {
			m.state.phase = asking
			return m, nil
		}
		return m.rejoins()
	}, "r")
	list.add(m.typing, "enter", finding.Textf("send to everybody"), model.sends, "enter")
	list.add(m.typing, "esc", finding.Textf("back to the keys"), changes(func(m model) model { m.typing = false; return m }), "esc")
	m.addLink(&list)
	m.addRoom(&list)
	list.add(m.scroll > 0 && m.page == thePeople, "PgDn", finding.Textf("scroll"),
		changes(func(m model) model { return m.scrolled(-5) }), "pgdown", "down")
	list.add(!ask && len(m.state.log) > 0 && m.page == thePeople, "PgUp", finding.Textf("scroll"),
		changes(func(m model) model { return m.scrolled(5) }), "pgup", "up")
	list.add(!ask && !m.typing, "?", finding.Textf("help"), changes(func(m model) model {
		if m.page == theHelp {
			return m.turned(thePeople)
		}
		return m.turned(theHelp)
	}), "?")
	list.add(m.stays(), "q", finding.Textf("leave"), model.leave, "q")
	list.add(ended || m.leaving, "q", finding.Textf("quit"), model.leave, "q")
	return list
}

// stays reports whether the stay goes on and no message is written.
func (m model) stays() bool {
	return m.state.phase != asking && m.state.phase != over && !m.leaving && !m.typing
}

// addLink adds the actions of the link's page and the QR code, and the way back from any
// page.
func (m model) addLink(list *actionList) {
	link := m.stays() && (m.page == theLink || m.page == theQR)
	list.add(link && m.deps.Copy != nil, "c", finding.Textf("copy link"), func(m model) (model, tea.Cmd) {
		return m, m.copying(m.link, finding.Textf("the link; it holds a token: whoever has it can join"))
	}, "c")
	list.add(link && m.deps.OpenLink != nil, "o", finding.Textf("open in browser"), func(m model) (model, tea.Cmd) {
		open, address := m.deps.OpenLink, m.link
		return m, func() tea.Msg { return doneMsg{text: finding.Textf("Opened in the browser."), err: open(address)} }
	}, "o")
	list.add(link && m.page == theLink && !m.ASCII, "g", finding.Textf("QR code"),
		changes(func(m model) model { m.page, m.code = theQR, m.qr(); return m }), "g")
	list.add(link && m.page == theLink, "s", either(m.whole, finding.Textf("show it whole"), finding.Textf("shorten it")),
		changes(func(m model) model { m.whole = !m.whole; return m }), "s")
	list.add(m.page != thePeople && !m.typing, "esc", finding.Textf("back"), changes(func(m model) model {
		if m.page == theQR {
			m.page, m.code = theLink, nil
			return m
		}
		return m.turned(thePeople)
	}), "esc", "l")
}

// addRoom adds what is done in the room: publishing, messages, links and reconnects.
func (m model) addRoom(list *actionList) {
	stays := m.stays() && m.page == thePeople
	in := stays && m.state.phase == inside
	tone, video := m.publishes(room.Tone), m.publishes(room.Pattern)
	list.add(in, "t", either(tone, finding.Textf("tone"), finding.Textf("tone off")), asks(publish(room.Tone, !tone)), "t")
	list.add(in, "v", either(video, finding.Textf("video"), finding.Textf("video off")), asks(publish(room.Pattern, !video)), "v")
	silent := slices.ContainsFunc(m.mine, func(s room.Sending) bool { return s.Muted })
	list.add(in && (tone || video), "m", either(silent, finding.Textf("mute"), finding.Textf("unmute")),
		asks(func(s Stay) (finding.Text, error) {
			return either(silent, finding.Textf("Muted."), finding.Textf("Unmuted.")), s.Mute(!silent)
		}), "m")
	list.add(in, "enter", finding.Textf("message"), changes(func(m model) model {
		if !m.busy {
			m.typing = true
			m.input.SetValue("")
		}
		return m
	}), "enter", "d")
	list.add(stays && m.deps.Link != nil, "l", finding.Textf("link, QR code"), changes(func(m model) model {
		m.page, m.link, m.linkOf = theLink, m.deps.Link(), ""
		if m.deps.Token != nil {
			if _, identity, other := m.deps.Token(); other {
				m.linkOf = identity
			}
		}
		return m
	}), "l")
	reconnect := func(full bool) does {
		return asks(func(s Stay) (finding.Text, error) { return finding.Text{}, s.Reconnect(full) })
	}
	list.add(in, "r", finding.Textf("reconnect"), reconnect(false), "r")
	list.add(in, "R", finding.Textf("join anew"), reconnect(true), "R")
	list.add(stays && m.deps.Copy != nil && m.deps.Token != nil, "c", finding.Textf("copy token"),
		func(m model) (model, tea.Cmd) {
			raw, identity, other := m.deps.Token()
			what := finding.Textf("the token of %s; using it elsewhere ends this stay", identity)
			if other {
				what = finding.Textf("a token for %s in this room", identity)
			}
			return m, m.copying(raw, what)
		}, "c")
}

// either returns a, or b if second is set.
func either(second bool, a, b finding.Text) finding.Text {
	if second {
		return b
	}
	return a
}

func (m model) hints(width int) []string {
	limit := 3
	if m.height < minHeight {
		limit = 1
	}
	most := m.actions()
	n := len(most)
	for n > 0 && (most[n-1].Keys[0] == "q" || most[n-1].Keys[0] == "?") {
		n--
	}
	return term.Hints(m.Screen, most[:n], most[n:], width, limit)
}

func (m model) helpLines(width int) []string {
	list := [][2]string{
		{"t", m.Sayf("publish a test tone as the microphone, or stop")},
		{"v", m.Sayf("publish a test pattern as the camera, or stop")},
		{"m", m.Sayf("mute what is published, or unmute it")},
		{"enter, d", m.Sayf("write messages to everybody in the room")},
		{"l", m.Sayf("a link that joins this room with LiveKit Meet, also as a QR code; it holds a token")},
		{"c", m.Sayf("copy a token for this room to the clipboard")},
		{"r", m.Sayf("simulate a lost connection: the WebSocket is cut, the session is resumed")},
		{"R", m.Sayf("simulate a full reconnect: everything is set up anew")},
		{"PgUp, PgDn", m.Sayf("scroll what has happened")},
		{"q, ctrl+c", m.Sayf("leave the room and quit; ctrl+c ends with exit code 130")},
	}
	for i := range list {
		list[i][0] = m.Styles.Key.Render(list[i][0])
	}
	title := m.Styles.Title.Render(m.Fit(m.Sayf("Keys"), width))
	return append([]string{title, ""}, m.Pairs(list, width, m.height)...)
}

func (m model) pressed(msg tea.KeyMsg) (model, tea.Cmd) {
	if msg.Type == tea.KeyCtrlC {
		m.interrupted = true
		return m.leave()
	}
	if !m.busy && !m.typing {
		m.notice, m.bad = "", false
	}
	if a, found := term.Find(m.actions(), msg); found && !(m.typing && term.IsText(msg)) {
		return a.Do(m)
	}
	if m.typing {
		m.input, _ = m.input.Update(term.Typed(msg))
	}
	return m, nil
}

// turned returns the model with another page, and without the link.
func (m model) turned(to page) model {
	m.page, m.link, m.whole = to, "", false
	return m
}

func (m model) scrolled(lines int) model {
	m.scroll = min(max(m.scroll+lines, 0), max(0, len(m.state.log)-1))
	return m
}

// clicked returns the model after an event of the mouse. The wheel scrolls; a click on a
// key of the footer is that key.
func (m model) clicked(msg tea.MouseMsg) (model, tea.Cmd) {
	switch {
	case msg.Button == tea.MouseButtonWheelUp && m.page == thePeople:
		return m.scrolled(3), nil
	case msg.Button == tea.MouseButtonWheelDown && m.page == thePeople:
		return m.scrolled(-3), nil
	case msg.Button == tea.MouseButtonLeft && msg.Action == tea.MouseActionPress:
		if kind, name := term.Clicked(m.layout(), msg); kind == "key" {
			return m.pressed(term.KeyMsg(name))
		}
	}
	return m, nil
}

// declines answers the question whether to join with no.
func (m model) declines() (model, tea.Cmd) {
	if m.state.last.End == nil {
		return m.quits()
	}
	m.state.phase = over
	return m, nil
}

// asks returns the function of an action that calls the stay. It has no effect until the
// server has answered the action before.
func asks(do func(Stay) (finding.Text, error)) does {
	return func(m model) (model, tea.Cmd) {
		if m.busy {
			return m, nil
		}
		m.busy = true
		return m.says(m.Sayf("Asking the server …"), false), m.act(do)
	}
}

// sends sends the written message. The line stays open for the next one.
func (m model) sends() (model, tea.Cmd) {
	text := strings.TrimSpace(m.input.Value())
	if text == "" || m.busy {
		return m, nil
	}
	m.input.SetValue("")
	m.busy = true
	return m, m.act(func(s Stay) (finding.Text, error) { return finding.Text{}, s.Send(text) })
}

// copying returns the command that copies text, which is what. Its notice claims no more
// than is known.
func (m model) copying(text string, what finding.Text) tea.Cmd {
	put := m.deps.Copy
	return func() tea.Msg {
		to, err := put(text)
		if err == nil && to.Sure {
			return doneMsg{text: finding.Textf("On the clipboard (%s): %s.", clean.Line(to.By, 40), what)}
		}
		return doneMsg{text: finding.Textf("The terminal was asked to copy %s. It does not say whether it did.", what), err: err}
	}
}
