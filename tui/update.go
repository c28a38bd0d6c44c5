package tui

import (
	"maps"

	"github.com/charmbracelet/bubbles/spinner"
	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/check"
	"lkdoctor/tui/term"
)

// interruptMsg is sent when the caller's context has ended.
type interruptMsg struct{}

// Init reads the events of the first run, which Run has started.
func (m model) Init() tea.Cmd { return tea.Batch(m.session.next(m.feed), m.tick()) }

// Update returns the model after msg.
func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	next, cmd := m.updated(msg)
	switch msg.(type) {
	case tea.KeyMsg, tea.MouseMsg:
	default:
		next = next.holding(m)
	}
	if next.mayFollow() {
		next.watch.due = false
		followed, launch := next.launched(Change{Token: next.token, Address: next.address, NoTicket: next.token == "", Watched: true})
		next, cmd = followed, tea.Batch(cmd, launch)
	}
	return next, cmd
}

func (m model) updated(msg tea.Msg) (model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = max(msg.Width, 1), max(msg.Height, 1)
	case spinner.TickMsg:
		if !m.running {
			return m, nil
		}
		m.now = m.deps.Now()
		var cmd tea.Cmd
		m.spin, cmd = m.spin.Update(msg)
		return m, cmd
	case eventMsg:
		return m.observed(check.Event(msg)), m.session.next(m.feed)
	case endMsg:
		stopping := m.stopping
		m = m.ended(msg)
		if stopping {
			return m.leaves()
		}
	case interruptMsg:
		return m.interrupted()
	case listensMsg:
		m.begin.asking, m.begin.asked, m.begin.listens = false, true, msg
	case changedMsg:
		if msg == m.watch.news { // else an earlier watch sent it
			m.watch.due = true
			return m, m.watch.next()
		}
	case noticeMsg:
		m.notice = string(msg)
	case confirmedMsg:
		if m.confirmed[msg.code].runs { // else the result is of an earlier run
			m.confirmed = maps.Clone(m.confirmed)
			m.confirmed[msg.code] = msg.confirmation
		}
	case joinedMsg:
		m.notice = string(msg)
		return m, m.mouseAgain()
	case tea.ResumeMsg:
		return m, m.mouseAgain()
	case tea.MouseMsg:
		return m.moused(msg)
	case tea.KeyMsg:
		return term.EachKey(m, msg, model.pressed, func(m model) bool { return m.gone })
	}
	return m, nil
}

// interrupted cancels the run and quits when it has ended, since it may have to leave a
// room. A second interrupt quits immediately, and Run waits.
func (m model) interrupted() (model, tea.Cmd) {
	m.left = true
	return m.stopped()
}

func (m model) stopped() (model, tea.Cmd) {
	if !m.running || m.stopping {
		return m.leaves()
	}
	m.stopping, m.prompt = true, prompt{}
	return m, func() tea.Msg { m.session.interrupt(); return nil }
}

// leaves quits with an empty screen. Some terminals show its lines again when their
// window has grown meanwhile (tmux 3.3).
func (m model) leaves() (model, tea.Cmd) {
	m.gone = true
	return m, tea.Quit
}

func (m model) pressed(msg tea.KeyMsg) (model, tea.Cmd) {
	switch {
	case msg.Type == tea.KeyCtrlC:
		return m.interrupted()
	case m.prompt.isOpen():
		switch msg.Type {
		case tea.KeyEsc:
			m.prompt = prompt{}
		case tea.KeyEnter:
			return m.answered()
		default:
			m.prompt = m.prompt.typed(msg)
		}
		return m, nil
	case m.menu.open:
		return m.menuKey(msg)
	}
	m.notice = ""
	if m.browser.typing {
		if typed, is := m.browser.typed(msg); is {
			m.browser = typed
			return m, nil
		}
	}
	if msg.Paste && !m.running && !m.browser.open {
		// A paste without a prompt may hold a token: it opens the prompt, and enter
		// checks it.
		m.prompt = newPrompt(aTokenToCheck, "").typed(msg)
		return m, nil
	}
	if m.open || m.browser.reading {
		m = m.paged(len(m.head())) // keys scroll it
	}
	if a, found := term.Find(m.actions(), msg); found {
		return a.Do(m)
	}
	return m, nil
}
