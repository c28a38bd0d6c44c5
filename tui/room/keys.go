package room

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/finding"
	live "lkdoctor/checks/room"
	"lkdoctor/checks/wrap"
	"lkdoctor/config/clean"
	"lkdoctor/tui/term"
)

// keyMap is what can be pressed at the moment. It is made anew each time, so a
// key that does nothing is neither matched nor shown.
type keyMap struct {
	yes, no                                            key.Binding
	tone, video, mute, message, reconnect, anew        key.Binding
	rejoin                                             key.Binding
	copy, copyLink, link, whole, qr, open, back        key.Binding
	send, stop, up, down, help, quit, leave, interrupt key.Binding
}

func (m model) keys() keyMap {
	bind := func(on bool, shown, desc string, keys ...string) key.Binding {
		b := key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, desc))
		b.SetEnabled(on)
		return b
	}
	toggle := func(on bool, start, stop string) string {
		if on {
			return m.Sayf(stop)
		}
		return m.Sayf(start)
	}
	ask, ended := m.state.phase == asking, m.state.phase == over
	in := m.state.phase == inside && !m.leaving && !m.typing && m.page == thePeople
	stays := !ask && !ended && !m.leaving && !m.typing
	link := stays && (m.page == theLink || m.page == theQR)
	tone, video := m.publishes(live.Tone), m.publishes(live.Pattern)
	return keyMap{
		yes:       bind(ask, "y", m.Sayf("join all the same"), "y", "Y"),
		no:        bind(ask, "n", m.Sayf("do not join"), "n", "N", "q", "esc"),
		tone:      bind(in, "t", toggle(tone, "tone", "tone off"), "t"),
		video:     bind(in, "v", toggle(video, "video", "video off"), "v"),
		mute:      bind(in && (tone || video), "m", toggle(m.silent(), "mute", "unmute"), "m"),
		message:   bind(in, "enter", m.Sayf("message"), "enter", "d"),
		reconnect: bind(in, "r", m.Sayf("reconnect"), "r"),
		anew:      bind(in, "R", m.Sayf("join anew"), "R"),
		rejoin:    bind(ended && !m.explaining, "r", m.Sayf("join again"), "r"),
		copy:      bind(stays && m.page == thePeople && m.deps.Copy != nil && m.deps.Token != nil, "c", m.Sayf("copy token"), "c"),
		link:      bind(stays && m.page == thePeople && m.deps.Link != nil, "l", m.Sayf("link, QR code"), "l"),
		copyLink:  bind(link && m.deps.Copy != nil, "c", m.Sayf("copy link"), "c"),
		open:      bind(link && m.deps.OpenLink != nil, "o", m.Sayf("open in browser"), "o"),
		qr:        bind(link && m.page == theLink && !m.ASCII, "g", m.Sayf("QR code"), "g"),
		whole:     bind(link && m.page == theLink, "s", toggle(m.whole, "show it whole", "shorten it"), "s"),
		back:      bind(m.page != thePeople && !m.typing, "esc", m.Sayf("back"), "esc", "l"),
		send:      bind(m.typing, "enter", m.Sayf("send to everybody"), "enter"),
		stop:      bind(m.typing, "esc", m.Sayf("back to the keys"), "esc"),
		up:        bind(!ask && len(m.state.log) > 0 && m.page == thePeople, "PgUp", m.Sayf("scroll"), "pgup", "up"),
		down:      bind(m.scroll > 0 && m.page == thePeople, "PgDn", m.Sayf("scroll"), "pgdown", "down"),
		help:      bind(!ask && !m.typing, "?", m.Sayf("help"), "?"),
		quit:      bind(ended || m.leaving, "q", m.Sayf("quit"), "q"),
		leave:     bind(stays, "q", m.Sayf("leave"), "q"),
		interrupt: bind(true, "ctrl+c", m.Sayf("leave"), "ctrl+c"),
	}
}

// hints are the keys at the foot of the screen.
func (m model) hints(width, limit int) term.Hints {
	k := m.keys()
	most := []key.Binding{k.yes, k.no, k.rejoin, k.send, k.stop, k.copyLink, k.open, k.qr, k.whole, k.back,
		k.tone, k.video, k.mute, k.message, k.link, k.reconnect, k.anew, k.copy, k.down, k.up}
	return term.NewHints(m.styles, m.marks.Dot, most, []key.Binding{k.help, k.leave, k.quit}, width, limit)
}

// helpLines list every key.
func (m model) helpLines(width int) []string {
	lines := []string{m.styles.Title.Render(m.Fit(m.Sayf("Keys"), width)), ""}
	for _, l := range [][2]string{
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
	} {
		label := m.styles.Key.Render(wrap.Pad(l[0], 10)) + "  "
		for i, text := range wrap.Lines(l[1], width-12) {
			if i > 0 {
				label = strings.Repeat(" ", 12)
			}
			lines = append(lines, label+text)
		}
	}
	return lines
}

// pressed is the model after a key.
func (m model) pressed(msg tea.KeyMsg) (tea.Model, tea.Cmd) {
	k := m.keys()
	if key.Matches(msg, k.interrupt) {
		m.interrupted = true
		return m.leave()
	}
	if m.typing {
		return m.types(msg, k)
	}
	if !m.busy {
		m.notice, m.bad = "", false
	}
	switch {
	case key.Matches(msg, k.yes):
		return m.rejoins()
	case key.Matches(msg, k.no) && m.state.last.End != nil:
		m.state.phase = over
	case key.Matches(msg, k.no):
		return m.quits()
	case key.Matches(msg, k.rejoin):
		if m.state.last.Reason == "DUPLICATE_IDENTITY" {
			m.state.phase = asking
			return m, nil
		}
		return m.rejoins()
	case key.Matches(msg, k.help) && m.page == theHelp:
		m.page = thePeople
	case key.Matches(msg, k.help):
		m.page, m.link, m.whole = theHelp, "", false
	case key.Matches(msg, k.back) && m.page == theQR:
		m.page, m.code = theLink, nil
	case key.Matches(msg, k.back):
		m.page, m.link, m.whole = thePeople, "", false
	case key.Matches(msg, k.quit, k.leave):
		return m.leave()
	case key.Matches(msg, k.up):
		m = m.scrolled(5)
	case key.Matches(msg, k.down):
		m = m.scrolled(-5)
	case key.Matches(msg, k.copy):
		return m, m.copyingToken()
	case key.Matches(msg, k.copyLink):
		return m, m.copyingLink()
	case key.Matches(msg, k.open):
		open, link := m.deps.OpenLink, m.link
		return m, func() tea.Msg { return doneMsg{text: finding.Textf("Opened in the browser."), err: open(link)} }
	case key.Matches(msg, k.link):
		m.page, m.link, m.linkOf = theLink, m.deps.Link(), ""
		if m.deps.Token != nil {
			if _, identity, other := m.deps.Token(); other {
				m.linkOf = identity
			}
		}
	case key.Matches(msg, k.qr):
		m.page, m.code = theQR, m.qr()
	case key.Matches(msg, k.whole):
		m.whole = !m.whole
	case m.busy:
		// One thing at a time: the server's answer is waited for.
	default:
		return m.asks(msg, k)
	}
	return m, nil
}

func (m model) scrolled(lines int) model {
	m.scroll = min(max(m.scroll+lines, 0), max(0, len(m.state.log)-1))
	return m
}

// clicked is the model after the mouse: the wheel scrolls, and a click on the hint
// of a key is that key.
func (m model) clicked(msg tea.MouseMsg) (tea.Model, tea.Cmd) {
	switch {
	case msg.Button == tea.MouseButtonWheelUp && m.page == thePeople:
		return m.scrolled(3), nil
	case msg.Button == tea.MouseButtonWheelDown && m.page == thePeople:
		return m.scrolled(-3), nil
	case msg.Button == tea.MouseButtonLeft && msg.Action == tea.MouseActionPress:
		hints := m.foot(max(m.width-2, 1)).hints
		if name, found := hints.At(msg.Y-(m.height-len(hints.Lines)), msg.X-1); found {
			return m.pressed(term.KeyMsg(name))
		}
	}
	return m, nil
}

// asks lets the stay do what a key asks for.
func (m model) asks(msg tea.KeyMsg, k keyMap) (tea.Model, tea.Cmd) {
	var do func(Stay) (finding.Text, error)
	tone, video := m.publishes(live.Tone), m.publishes(live.Pattern)
	switch {
	case key.Matches(msg, k.tone):
		do = m.publish(live.Tone, !tone)
	case key.Matches(msg, k.video):
		do = m.publish(live.Pattern, !video)
	case key.Matches(msg, k.mute):
		muted := !m.silent()
		do = func(s Stay) (finding.Text, error) {
			if muted {
				return finding.Textf("Muted."), s.Mute(true)
			}
			return finding.Textf("Unmuted."), s.Mute(false)
		}
	case key.Matches(msg, k.reconnect), key.Matches(msg, k.anew):
		full := key.Matches(msg, k.anew)
		do = func(s Stay) (finding.Text, error) { return finding.Text{}, s.Reconnect(full) }
	case key.Matches(msg, k.message):
		m.typing = true
		m.input.SetValue("")
		m.input.Focus()
		return m, nil
	default:
		return m, nil
	}
	m.busy = true
	return m.says(m.Sayf("Asking the server …"), false), m.act(do)
}

// types is the model after a key while a message is written. Sending it leaves the
// line open for the next one.
func (m model) types(msg tea.KeyMsg, k keyMap) (tea.Model, tea.Cmd) {
	switch {
	case key.Matches(msg, k.stop):
		m.typing = false
	case key.Matches(msg, k.send):
		text := strings.TrimSpace(m.input.Value())
		if text == "" || m.busy {
			return m, nil
		}
		m.input.SetValue("")
		m.busy = true
		return m, m.act(func(s Stay) (finding.Text, error) { return finding.Text{}, s.Send(text) })
	case key.Matches(msg, k.up) && msg.Type != tea.KeyRunes:
		return m.scrolled(5), nil
	case key.Matches(msg, k.down) && msg.Type != tea.KeyRunes:
		return m.scrolled(-5), nil
	default:
		msg.Runes = printable(msg.Runes)
		m.input, _ = m.input.Update(msg)
	}
	return m, nil
}

// printable leaves out what a terminal would act upon; line breaks of a paste
// become spaces.
func printable(runes []rune) []rune {
	var out []rune
	for _, r := range runes {
		switch one := string(r); {
		case slices.Contains([]rune("\n\r\t"), r):
			out = append(out, ' ')
		case clean.Line(one, 1) == one:
			out = append(out, r)
		}
	}
	return out
}

// copyingToken copies the token, copyingLink the link that is shown.
func (m model) copyingToken() tea.Cmd {
	put, tokenOf := m.deps.Copy, m.deps.Token
	return func() tea.Msg {
		raw, identity, other := tokenOf()
		what := finding.Textf("the token of %s; using it elsewhere ends this stay", identity)
		if other {
			what = finding.Textf("a token for %s in this room", identity)
		}
		return copied(put, raw, what)
	}
}

func (m model) copyingLink() tea.Cmd {
	put, link := m.deps.Copy, m.link
	return func() tea.Msg {
		return copied(put, link, finding.Textf("the link; it holds a token: whoever has it can join"))
	}
}

// copied says of a copy what is known, and no more.
func copied(put func(string) (term.Copied, error), text string, what finding.Text) doneMsg {
	to, err := put(text)
	if err == nil && to.Sure {
		return doneMsg{text: finding.Textf("On the clipboard (%s): %s.", clean.Line(to.By, 40), what)}
	}
	return doneMsg{text: finding.Textf("The terminal was asked to copy %s. It does not say whether it did.", what), err: err}
}
