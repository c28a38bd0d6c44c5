package room

import (
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/finding"
	live "lkdoctor/checks/room"
	"lkdoctor/config/clean"
)

// keyMap is what can be pressed at the moment. It is made anew each time, so a
// key that does nothing is neither matched nor shown.
type keyMap struct {
	yes, no                                     key.Binding
	tone, video, mute, message, reconnect, anew key.Binding
	copy, link, open, back                      key.Binding
	up, down, help, quit, interrupt             key.Binding
}

func (m model) keys() keyMap {
	bind := func(on bool, shown, desc string, keys ...string) key.Binding {
		b := key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, desc))
		b.SetEnabled(on)
		return b
	}
	in := m.state.phase == inside && !m.leaving
	ask := m.state.phase == asking
	running := !ask && m.state.phase != over
	toggle := func(on bool, start, stop string) string {
		if on {
			return m.sayf(stop)
		}
		return m.sayf(start)
	}
	offers := m.on[live.Tone] || m.on[live.Pattern]
	silent := m.muted[live.Tone] || m.muted[live.Pattern]
	quit := m.sayf("leave")
	if m.state.phase == over {
		quit = m.sayf("quit")
	}
	return keyMap{
		yes:       bind(ask, "y", m.sayf("join all the same"), "y", "Y"),
		no:        bind(ask, "n", m.sayf("do not join"), "n", "N", "q", "esc"),
		tone:      bind(in, "t", toggle(m.on[live.Tone], "tone", "tone off"), "t"),
		video:     bind(in, "v", toggle(m.on[live.Pattern], "video", "video off"), "v"),
		mute:      bind(in && offers, "m", toggle(silent, "mute", "unmute"), "m"),
		message:   bind(in, "d", m.sayf("message"), "d"),
		reconnect: bind(in, "r", m.sayf("reconnect"), "r"),
		anew:      bind(in, "R", m.sayf("join anew"), "R"),
		copy:      bind(running && m.deps.Copy != nil && m.deps.Token != nil, "c", toggle(m.link != "", "copy token", "copy link"), "c"),
		link:      bind(running && m.deps.Link != nil, "l", toggle(m.link != "", "link", "hide link"), "l"),
		open:      bind(m.link != "" && m.deps.OpenLink != nil, "o", m.sayf("open in browser"), "o"),
		back:      bind(m.helping || m.link != "", "esc", m.sayf("back"), "esc"),
		up:        bind(true, "PgUp/PgDn", m.sayf("scroll"), "pgup", "up"),
		down:      bind(true, "PgUp/PgDn", m.sayf("scroll"), "pgdown", "down"),
		help:      bind(!ask, "?", m.sayf("help"), "?"),
		quit:      bind(!ask, "q", quit, "q"),
		interrupt: bind(true, "ctrl+c", m.sayf("leave"), "ctrl+c"),
	}
}

// short are the keys of the footer that fit: those for the help and for leaving
// always, of the others the first ones.
func (m model) short(width int) string {
	k := m.keys()
	most := []key.Binding{k.yes, k.no, k.open, k.tone, k.video, k.message, k.copy, k.link, k.reconnect, k.mute, k.back}
	for {
		text := m.help.ShortHelpView(append(most[:len(most):len(most)], k.help, k.quit))
		if ansi.StringWidth(text) <= width || len(most) == 0 {
			return text
		}
		most = most[:len(most)-1]
	}
}

// helpLines list every key.
func (m model) helpLines(width int) []string {
	lines := []string{m.styles.title.Render(m.fit(m.sayf("Keys"), width)), ""}
	for _, l := range [][2]string{
		{"t", m.sayf("publish a test tone as the microphone, or stop")},
		{"v", m.sayf("publish a test pattern as the camera, or stop")},
		{"m", m.sayf("mute what is published, or unmute it")},
		{"d", m.sayf("send a data message to everybody in the room")},
		{"r", m.sayf("simulate a lost connection: the WebSocket is cut, the session is resumed")},
		{"R", m.sayf("simulate a full reconnect: everything is set up anew")},
		{"c", m.sayf("copy a token for this room to the clipboard (OSC 52)")},
		{"l", m.sayf("show a link that joins this room with LiveKit Meet; it holds a token")},
		{"o", m.sayf("open that link, while it is shown")},
		{"PgUp/PgDn", m.sayf("scroll the log")},
		{"q, ctrl+c", m.sayf("leave the room and quit; ctrl+c ends with exit code 130")},
	} {
		label := m.styles.key.Render(pad(l[0], 9)) + "  "
		for i, text := range wrap(l[1], width-11) {
			if i > 0 {
				label = strings.Repeat(" ", 11)
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
		return m.types(msg)
	}
	if m.busy == "" {
		m.notice, m.bad = "", false
	}
	switch {
	case key.Matches(msg, k.yes):
		m.state.phase = joining
		m.host.begin()
		return m, m.next()
	case key.Matches(msg, k.no):
		return m.quits()
	case key.Matches(msg, k.quit):
		return m.leave()
	case key.Matches(msg, k.help):
		m.helping = !m.helping
	case key.Matches(msg, k.back):
		m.helping, m.link = false, ""
	case key.Matches(msg, k.up):
		m.scroll = min(m.scroll+5, max(0, len(m.state.log)-1))
	case key.Matches(msg, k.down):
		m.scroll = max(0, m.scroll-5)
	case key.Matches(msg, k.copy):
		return m, m.copying()
	case key.Matches(msg, k.open):
		open, link := m.deps.OpenLink, m.link
		return m, m.other(func() (finding.Text, error) { return finding.Textf("Opened in the browser."), open(link) })
	case key.Matches(msg, k.link):
		if m.link == "" {
			m.link = m.deps.Link()
		} else {
			m.link = ""
		}
	case m.busy != "":
		// One thing at a time: the server's answer is waited for.
	default:
		return m.asks(msg, k)
	}
	return m, nil
}

// asks lets the stay do what a key asks for.
func (m model) asks(msg tea.KeyMsg, k keyMap) (tea.Model, tea.Cmd) {
	var do func(Stay) (finding.Text, error)
	switch {
	case key.Matches(msg, k.tone):
		do = m.publish(live.Tone, !m.on[live.Tone])
	case key.Matches(msg, k.video):
		do = m.publish(live.Pattern, !m.on[live.Pattern])
	case key.Matches(msg, k.mute):
		muted := !m.muted[live.Tone] && !m.muted[live.Pattern]
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
	m.busy = "…"
	m.notice = m.sayf("Asking the server …")
	return m, m.act(do)
}

// types is the model after a key while a message is written.
func (m model) types(msg tea.KeyMsg) (tea.Model, tea.Cmd) {
	switch msg.Type {
	case tea.KeyEsc:
		m.typing = false
	case tea.KeyEnter:
		text := strings.TrimSpace(m.input.Value())
		m.typing = false
		if text == "" {
			m.notice = m.sayf("Nothing was entered.")
			return m, nil
		}
		m.busy = "…"
		return m, m.act(func(s Stay) (finding.Text, error) { return finding.Textf("Sent."), s.Send(text) })
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
		case r == '\n' || r == '\r' || r == '\t':
			out = append(out, ' ')
		case clean.Line(one, 1) == one:
			out = append(out, r)
		}
	}
	return out
}

// copying copies the token, or the link while that is shown.
func (m model) copying() tea.Cmd {
	put, link, tokenOf := m.deps.Copy, m.link, m.deps.Token
	return m.other(func() (finding.Text, error) {
		if link != "" {
			return finding.Textf("Copied the link. It holds a token: whoever has it can join."), put(link)
		}
		raw, identity, other := tokenOf()
		text := finding.Textf("Copied the token of %s. Using it elsewhere ends this stay.", identity)
		if other {
			text = finding.Textf("Copied a token for %s in this room.", identity)
		}
		return text, put(raw)
	})
}

// other is act for what the stay has no part in.
func (m model) other(do func() (finding.Text, error)) tea.Cmd {
	on, muted := m.on, m.muted
	return func() tea.Msg {
		text, err := do()
		return doneMsg{text: text, err: err, on: on, muted: muted}
	}
}
