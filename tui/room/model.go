package room

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/finding"
	live "lkdoctor/checks/room"
	"lkdoctor/config/clean"
	"lkdoctor/tui/term"
)

// model is everything that the screen shows. It is held by value; the stay
// alone is shared.
type model struct {
	term.Speech
	deps   Deps
	styles term.Styles
	marks  term.Marks
	host   *host

	width, height int
	now           time.Time
	state         state
	// mine is what we publish, and what a further stay is to publish.
	mine []live.Sending

	typing  bool
	input   textinput.Model
	page    page
	link    string   // what the page of the link shows
	linkOf  string   // whom it lets in; "" is ourselves
	whole   bool     // the link is shown with its token
	code    []string // the link as a QR code
	notice  string
	noticed time.Time
	bad     bool // the notice is about something that did not work
	busy    bool // the server's answer is waited for
	scroll  int  // lines of the log above its end

	explaining  bool // why the join failed
	leaving     bool // left by a key: the end quits
	interrupted bool
	gone        bool // the program ends
}

// page is what stands in place of the people and the log.
type page int

const (
	thePeople page = iota
	theHelp
	theLink
	theQR
)

// noticeTime is how long a notice stays that no key has taken away.
const noticeTime = 6 * time.Second

// host owns what has to end whatever becomes of the screen: the stay, and what
// explains its end, which may stand in a room of its own.
type host struct {
	ctx   context.Context
	start func(context.Context, []live.Sending) Stay
	stay  Stay

	asking context.Context // of what explains
	work   sync.WaitGroup
}

func newHost(ctx context.Context, start func(context.Context, []live.Sending) Stay) *host {
	return &host{ctx: ctx, asking: ctx, start: start}
}

// begin starts a stay. The one before has ended.
func (h *host) begin(publish []live.Sending) {
	if h.stay != nil {
		h.stay.Close()
	}
	h.stay = h.start(h.ctx, publish)
}

// explains has an end explained, and is the command that waits for it.
func (h *host) explains(explain func(context.Context, live.Event) live.Event, e live.Event) tea.Cmd {
	answer := make(chan live.Event, 1)
	h.work.Go(func() {
		said := e
		defer func() {
			if p := recover(); p != nil {
				said.Advice = term.Panicked("the diagnosis", p).Error()
			}
			answer <- said
		}()
		said = explain(h.asking, e)
	})
	return func() tea.Msg { return explainedMsg(<-answer) }
}

// The messages.
type (
	eventMsg live.Event
	endMsg   struct{ of Stay } // of the stream of events
	doneMsg  struct {          // something that a key asked for
		text finding.Text
		err  error
	}
	explainedMsg live.Event
	tickMsg      time.Time
	interruptMsg struct{}
)

func newModel(deps Deps, h *host) model {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	input := textinput.New()
	input.CharLimit = live.MaxMessage
	// The input's own paste runs a clipboard program; the terminal's paste comes
	// as a key message.
	input.KeyMap.Paste = key.NewBinding(key.WithDisabled())
	m := model{
		Speech: term.Speech{Translate: deps.Translate, ASCII: deps.ASCII}, deps: deps, styles: term.NewStyles(deps.Renderer, deps.Dark),
		marks: term.NewMarks(deps.ASCII), host: h, width: 80, height: 24, now: deps.Now(), input: input,
		state: state{phase: joining}, mine: deps.Publish,
	}
	m = m.says(m.Plain(deps.Notice), false)
	if deps.Evicts {
		m.state.phase = asking
	}
	return m
}

// Init begins the stay, unless that is to be asked first.
func (m model) Init() tea.Cmd {
	if m.state.phase == asking {
		return m.tick()
	}
	m.host.begin(m.mine)
	return tea.Batch(m.next(), m.tick())
}

// next waits for the next event of the stay.
func (m model) next() tea.Cmd {
	stay, ctx := m.host.stay, m.host.ctx
	return func() tea.Msg {
		// The stay ends with the context by itself; its last event still counts.
		e, err := stay.Next(context.WithoutCancel(ctx))
		if err != nil {
			return endMsg{of: stay}
		}
		return eventMsg(e)
	}
}

func (m model) tick() tea.Cmd {
	if m.deps.ClockOff {
		return nil
	}
	return tea.Tick(time.Second, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// Update is Bubble Tea's: the model after msg.
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
		return m.happened(live.Event(msg))
	case endMsg:
		if msg.of == m.host.stay && !m.explaining && m.endsWithTheStay() {
			return m.quits()
		}
	case explainedMsg:
		m.explaining, m.state.last = false, live.Event(msg)
		if m.endsWithTheStay() || m.deps.Diagnosis && m.state.last.End.Outcome == live.NotJoined {
			return m.quits()
		}
	case doneMsg:
		return m.done(msg), nil
	case interruptMsg:
		m.interrupted = true
		return m.leave()
	case tea.KeyMsg:
		return m.pressed(msg)
	case tea.MouseMsg:
		return m.clicked(msg)
	}
	return m, nil
}

// endsWithTheStay reports whether the end of the stay ends the screen, too: it
// was left as planned.
func (m model) endsWithTheStay() bool {
	end := m.state.last.End
	return m.leaving || end == nil || end.Outcome == live.Left || end.Outcome == live.Interrupted
}

// happened is the model after an event.
func (m model) happened(e live.Event) (tea.Model, tea.Cmd) {
	m.now = m.deps.Now()
	before := len(m.state.log)
	m.state = m.state.with(e)
	if m.scroll > 0 {
		m.scroll += len(m.state.log) - before // what is read stays where it is
	}
	m = m.counted()
	switch e.Type {
	case live.Problem:
		m = m.says(m.Say(e.Text), true)
	case live.Ended:
		m.typing, m.busy, m.page, m.link, m.whole = false, false, thePeople, "", false
		m.code, m.notice = nil, ""
		if m.deps.Explain != nil && !m.leaving {
			m.explaining = true
			return m, tea.Batch(m.next(), m.host.explains(m.deps.Explain, e))
		}
	}
	return m, m.next()
}

// counted is the model with what the stay publishes now, while it is in the room.
// The stay itself knows, whoever has muted what meanwhile; what it published when
// it ended is kept.
func (m model) counted() model {
	if m.host.stay == nil || m.state.phase != inside {
		return m
	}
	m.mine = nil
	for _, c := range []live.Clip{live.Tone, live.Pattern} {
		if on, muted := m.host.stay.Publishing(c); on {
			m.mine = append(m.mine, live.Sending{Clip: c, Muted: muted})
		}
	}
	return m
}

// publishes reports whether a clip is published.
func (m model) publishes(c live.Clip) bool {
	return slices.ContainsFunc(m.mine, func(s live.Sending) bool { return s.Clip == c })
}

// silent reports whether anything that is published is muted.
func (m model) silent() bool {
	for _, s := range m.mine {
		if s.Muted {
			return true
		}
	}
	return false
}

// says is the model with a notice.
func (m model) says(notice string, bad bool) model {
	m.notice, m.bad, m.noticed = notice, bad, m.deps.Now()
	return m
}

// done is the model after something that a key asked for.
func (m model) done(msg doneMsg) model {
	m.busy = false
	m = m.counted()
	switch {
	case msg.err == nil:
		return m.says(m.Say(msg.text), false)
	case errors.Is(msg.err, live.ErrMayNot):
		return m.says(m.Sayf("The token does not allow that (canPublish, canPublishData)."), true)
	case errors.Is(msg.err, live.ErrNotInRoom):
		return m.says(m.Sayf("Not now: we are not in the room."), true)
	case errors.Is(msg.err, live.ErrReconnect):
		return m.says(m.Sayf("Not now: the connection is being set up again."), true)
	case errors.Is(msg.err, live.ErrNotOffered):
		return m.says(m.Sayf("There is nothing to mute: publish the tone or the video first."), true)
	case errors.Is(msg.err, live.ErrTooLong):
		return m.says(m.Sayf("The message is longer than the %d bytes that LiveKit takes.", live.MaxMessage), true)
	}
	return m.says(m.Sayf("That did not work: %s", clean.Line(clean.Redact(msg.err.Error()), 200)), true)
}

// act lets the stay do something, which may take seconds.
func (m model) act(do func(Stay) (finding.Text, error)) tea.Cmd {
	stay := m.host.stay
	return func() tea.Msg {
		text, err := do(stay)
		return doneMsg{text: text, err: err}
	}
}

func (m model) publish(c live.Clip, on bool) func(Stay) (finding.Text, error) {
	return func(s Stay) (finding.Text, error) {
		switch {
		case c == live.Tone && on:
			return finding.Textf("Publishing a test tone as the microphone."), s.Publish(c)
		case c == live.Tone:
			return finding.Textf("The test tone is off."), s.Unpublish(c)
		case on:
			return finding.Textf("Publishing a test pattern as the camera."), s.Publish(c)
		}
		return finding.Textf("The test pattern is off."), s.Unpublish(c)
	}
}

// rejoins joins once more, with a stay that publishes what the one before did.
func (m model) rejoins() (tea.Model, tea.Cmd) {
	m.state = state{phase: joining, log: m.state.log}
	m.scroll = 0
	m.host.begin(m.mine)
	return m, m.next()
}

// leave leaves the room; the end of the stay quits.
func (m model) leave() (tea.Model, tea.Cmd) {
	if m.host.stay == nil || m.state.phase == over || m.state.phase == asking || m.leaving {
		return m.quits()
	}
	m.leaving, m.typing = true, false
	m = m.says(m.Sayf("Leaving the room …"), false)
	stay := m.host.stay
	return m, func() tea.Msg { stay.Leave(); return nil }
}

// quits ends with an empty screen.
func (m model) quits() (tea.Model, tea.Cmd) {
	m.gone = true
	return m, tea.Quit
}
