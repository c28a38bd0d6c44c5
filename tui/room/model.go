package room

import (
	"errors"
	"slices"
	"time"

	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/room"
	"lkdoctor/config/clean"
	"lkdoctor/tui/term"
)

// model is the state of the screen. It is a value; the host, which holds the stay, is
// the only part that it shares.
type model struct {
	term.Screen
	deps Deps
	host *host

	width, height int
	now           time.Time
	state         state
	// mine is what the stay publishes, and what a further one is to publish.
	mine []room.Sending

	typing  bool
	input   textinput.Model
	page    page
	link    string   // the address on the page of the link
	linkOf  string   // the identity in its token; "" is our own
	whole   bool     // the link is shown with its token
	code    []string // the link as a QR code
	notice  string
	noticed time.Time
	bad     bool // the notice is about a failure
	busy    bool // the stay waits for the server's answer
	scroll  int  // how many lines of the log are below the visible ones

	explaining  bool // the cause of a failed join is being looked for
	leaving     bool // a key ended the stay; its end quits
	interrupted bool
	gone        bool // the program ends: View is empty
}

// page is what the screen shows in place of the people and the log.
type page int

const (
	thePeople page = iota
	theHelp
	theLink
	theQR
)

// noticeTime is how long a notice is shown.
const noticeTime = 6 * time.Second

// The messages.
type (
	eventMsg room.Event
	endMsg   struct{ of Stay } // the stream of events has ended
	doneMsg  struct {          // the result of a key
		text finding.Text
		err  error
	}
	explainedMsg room.Event
	tickMsg      time.Time
	interruptMsg struct{}
)

func newModel(deps Deps, h *host) model {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	input := term.NewInput()
	input.CharLimit = room.MaxMessage
	m := model{
		Screen: term.NewScreen(deps.Terminal), deps: deps, host: h, width: 80, height: 24, now: deps.Now(), input: input,
		state: state{phase: joining}, mine: deps.Publish,
	}
	m = m.says(m.Plain(deps.Notice), false)
	if deps.Evicts {
		m.state.phase = asking
	}
	return m
}

// Init begins the stay, unless the user is to be asked first.
func (m model) Init() tea.Cmd {
	if m.state.phase == asking {
		return m.tick()
	}
	m.host.begin(m.mine)
	return tea.Batch(m.next(), m.tick())
}

func (m model) next() tea.Cmd {
	stay := m.host.stay
	return func() tea.Msg {
		if e, more := <-stay.Events(); more {
			return eventMsg(e)
		}
		return endMsg{of: stay}
	}
}

func (m model) tick() tea.Cmd {
	if m.deps.ClockOff {
		return nil
	}
	return tea.Tick(time.Second, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// Update returns the model after msg.
func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = max(msg.Width, 1), max(msg.Height, 1)
	case tickMsg:
		m.now = m.deps.Now()
		if !m.busy && m.now.Sub(m.noticed) > noticeTime {
			m.notice, m.bad = "", false
		}
		return m, m.tick()
	case eventMsg:
		return m.happened(room.Event(msg))
	case endMsg:
		if msg.of == m.host.stay && !m.explaining && m.endsWithTheStay() {
			return m.quits()
		}
	case explainedMsg:
		m.explaining, m.state.last = false, room.Event(msg)
		if m.endsWithTheStay() || m.deps.Diagnosis && m.state.last.End.Outcome == room.NotJoined {
			return m.quits()
		}
	case doneMsg:
		return m.done(msg), nil
	case interruptMsg:
		m.interrupted = true
		return m.leave()
	case tea.KeyMsg:
		return term.EachKey(m, msg, model.pressed, func(m model) bool { return m.gone })
	case tea.MouseMsg:
		return m.clicked(msg)
	}
	return m, nil
}

// endsWithTheStay reports whether the screen ends with the stay: it ended as planned.
func (m model) endsWithTheStay() bool {
	end := m.state.last.End
	return m.leaving || end == nil || end.Outcome == room.Left || end.Outcome == room.Interrupted
}

func (m model) happened(e room.Event) (model, tea.Cmd) {
	m.now = m.deps.Now()
	before := len(m.state.log)
	m.state = m.state.with(e)
	if m.scroll > 0 {
		m.scroll += len(m.state.log) - before // the visible lines do not move
	}
	m = m.counted()
	switch e.Type {
	case room.Problem:
		m = m.says(m.Say(e.Text), true)
	case room.Ended:
		m.typing, m.busy, m.page, m.link, m.whole = false, false, thePeople, "", false
		m.code, m.notice = nil, ""
		if m.deps.Explain != nil && !m.leaving {
			m.explaining = true
			return m, tea.Batch(m.next(), m.host.explains(m.deps.Explain, e))
		}
	}
	return m, m.next()
}

// counted returns the model with what the stay publishes now, as the stay reports it:
// the server too may have muted a track. After the end it does not change.
func (m model) counted() model {
	if m.host.stay != nil && m.state.phase == inside {
		m.mine = m.host.stay.Publishing()
	}
	return m
}

func (m model) publishes(c room.Clip) bool {
	return slices.ContainsFunc(m.mine, func(s room.Sending) bool { return s.Clip == c })
}

func (m model) says(notice string, bad bool) model {
	m.notice, m.bad, m.noticed = notice, bad, m.deps.Now()
	return m
}

func (m model) done(msg doneMsg) model {
	m.busy = false
	m = m.counted()
	if msg.err == nil {
		return m.says(m.Say(msg.text), false)
	}
	for _, known := range []struct {
		err  error
		text finding.Text
	}{
		{room.ErrMayNot, finding.Textf("The token does not allow that (canPublish, canPublishData).")},
		{room.ErrNotInRoom, finding.Textf("Not now: we are not in the room.")},
		{room.ErrReconnect, finding.Textf("Not now: the connection is being set up again.")},
		{room.ErrNotOffered, finding.Textf("There is nothing to mute: publish the tone or the video first.")},
		{room.ErrTooLong, finding.Textf("The message is longer than the %d bytes that LiveKit takes.", room.MaxMessage)},
	} {
		if errors.Is(msg.err, known.err) {
			return m.says(m.Say(known.text), true)
		}
	}
	return m.says(m.Sayf("That did not work: %s", clean.Line(clean.Redact(msg.err.Error()), 200)), true)
}

func (m model) act(do func(Stay) (finding.Text, error)) tea.Cmd {
	stay := m.host.stay
	return func() tea.Msg {
		text, err := do(stay)
		return doneMsg{text: text, err: err}
	}
}

func publish(c room.Clip, on bool) func(Stay) (finding.Text, error) {
	return func(s Stay) (finding.Text, error) {
		switch {
		case c == room.Tone && on:
			return finding.Textf("Publishing a test tone as the microphone."), s.Publish(c)
		case c == room.Tone:
			return finding.Textf("The test tone is off."), s.Unpublish(c)
		case on:
			return finding.Textf("Publishing a test pattern as the camera."), s.Publish(c)
		}
		return finding.Textf("The test pattern is off."), s.Unpublish(c)
	}
}

// rejoins starts a further stay that publishes what the last one did.
func (m model) rejoins() (model, tea.Cmd) {
	m.state = state{phase: joining, log: m.state.log}
	m.scroll = 0
	m.host.begin(m.mine)
	return m, m.next()
}

// leave leaves the room. The end of the stay quits.
func (m model) leave() (model, tea.Cmd) {
	if m.host.stay == nil || m.state.phase == over || m.state.phase == asking || m.leaving {
		return m.quits()
	}
	m.leaving, m.typing = true, false
	m = m.says(m.Sayf("Leaving the room …"), false)
	stay := m.host.stay
	return m, func() tea.Msg { stay.Leave(); return nil }
}

// quits quits with an empty screen.
func (m model) quits() (model, tea.Cmd) {
	m.gone = true
	return m, tea.Quit
}
