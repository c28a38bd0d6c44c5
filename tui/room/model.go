package room

import (
	"context"
	"errors"
	"time"

	"github.com/charmbracelet/bubbles/help"
	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/finding"
	live "lkdoctor/checks/room"
	"lkdoctor/config/clean"
)

// model is everything that the screen shows. It is held by value; the stay
// alone is shared.
type model struct {
	speech
	deps   Deps
	styles styles
	marks  marks
	help   help.Model
	host   *host

	width, height int
	now           time.Time
	state         state

	typing  bool
	input   textinput.Model
	helping bool
	link    string // shown, once it was asked for
	notice  string
	bad     bool // the notice is about something that did not work
	busy    string
	scroll  int // lines of the log above its end

	// on and muted are our publications, as of the last change.
	on, muted map[live.Clip]bool

	leaving     bool // left by a key: the end quits
	interrupted bool
	gone        bool // the program ends
}

// host owns the stay, which has to be closed whatever becomes of the screen.
type host struct {
	ctx   context.Context
	start func(context.Context) Stay
	stay  Stay
}

// begin starts the stay, once.
func (h *host) begin() {
	if h.stay == nil {
		h.stay = h.start(h.ctx)
	}
}

// The messages.
type (
	eventMsg live.Event
	endMsg   struct{}
	doneMsg  struct { // something that a key asked for
		text      finding.Text
		err       error
		on, muted map[live.Clip]bool
	}
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
		speech: speech{translate: deps.Translate, ascii: deps.ASCII}, deps: deps, styles: newStyles(deps.Renderer, deps.Dark),
		marks: newMarks(deps.ASCII), help: help.New(), host: h, width: 80, height: 24, now: deps.Now(), input: input,
		state: state{phase: joining},
	}
	m.notice = m.plain(deps.Notice)
	if deps.Evicts {
		m.state.phase = asking
	}
	m.help.ShortSeparator = m.marks.dot
	m.help.Styles.ShortKey, m.help.Styles.ShortDesc, m.help.Styles.ShortSeparator = m.styles.key, m.styles.subtle, m.styles.subtle
	return m
}

// Init begins the stay, unless that is to be asked first.
func (m model) Init() tea.Cmd {
	if m.state.phase == asking {
		return m.tick()
	}
	m.host.begin()
	return tea.Batch(m.next(), m.tick())
}

// next waits for the next event of the stay. A failed join is explained before
// it is shown, which takes a few seconds.
func (m model) next() tea.Cmd {
	stay, ctx, explain := m.host.stay, m.host.ctx, m.deps.Explain
	return func() tea.Msg {
		// The stay ends with the context by itself; its last event still counts.
		e, err := stay.Next(context.WithoutCancel(ctx))
		if err != nil {
			return endMsg{}
		}
		if e.Type == live.Ended && explain != nil {
			e = explain(ctx, e)
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
		return m, m.tick()
	case eventMsg:
		return m.happened(live.Event(msg))
	case endMsg:
		if m.leaving || m.state.last.End == nil || m.state.last.End.Outcome == live.Left || m.state.last.End.Outcome == live.Interrupted {
			return m.quits()
		}
	case doneMsg:
		return m.done(msg), nil
	case interruptMsg:
		m.interrupted = true
		return m.leave()
	case tea.KeyMsg:
		return m.pressed(msg)
	}
	return m, nil
}

// happened is the model after an event.
func (m model) happened(e live.Event) (tea.Model, tea.Cmd) {
	m.now = m.deps.Now()
	before := len(m.state.log)
	m.state = m.state.with(e)
	if m.scroll > 0 {
		m.scroll += len(m.state.log) - before // what is read stays where it is
	}
	switch e.Type {
	case live.Problem:
		m.notice, m.bad = m.say(e.Text), true
	case live.Ended:
		m.typing, m.link = false, ""
	case live.Media:
		cmds := []tea.Cmd{m.next()}
		for _, c := range m.deps.Publish {
			cmds = append(cmds, m.act(m.publish(c, true)))
		}
		return m, tea.Batch(cmds...)
	}
	return m, m.next()
}

// done is the model after something that a key asked for.
func (m model) done(msg doneMsg) model {
	m.busy = ""
	m.on, m.muted = msg.on, msg.muted
	m.bad = msg.err != nil
	switch {
	case msg.err == nil:
		m.notice = m.say(msg.text)
	case errors.Is(msg.err, live.ErrMayNot):
		m.notice = m.sayf("The token does not allow that (canPublish, canPublishData).")
	case errors.Is(msg.err, live.ErrNotInRoom):
		m.notice = m.sayf("Not now: we are not in the room.")
	case errors.Is(msg.err, live.ErrNotOffered):
		m.notice = m.sayf("There is nothing to mute: publish the tone or the video first.")
	default:
		m.notice = m.sayf("That did not work: %s", clean.Line(clean.Redact(msg.err.Error()), 200))
	}
	return m
}

// act lets the stay do something, which may take seconds.
func (m model) act(do func(Stay) (finding.Text, error)) tea.Cmd {
	stay := m.host.stay
	return func() tea.Msg {
		text, err := do(stay)
		on, muted := map[live.Clip]bool{}, map[live.Clip]bool{}
		for _, c := range []live.Clip{live.Tone, live.Pattern} {
			on[c], muted[c] = stay.Publishing(c)
		}
		return doneMsg{text: text, err: err, on: on, muted: muted}
	}
}

func (m model) publish(c live.Clip, on bool) func(Stay) (finding.Text, error) {
	name := map[live.Clip]string{live.Tone: "tone", live.Pattern: "video"}[c]
	return func(s Stay) (finding.Text, error) {
		if on {
			return finding.Textf("Publishing the test %s.", name), s.Publish(c)
		}
		return finding.Textf("The test %s is off.", name), s.Unpublish(c)
	}
}

// leave leaves the room; the end of the stay quits.
func (m model) leave() (tea.Model, tea.Cmd) {
	if m.host.stay == nil || m.state.phase == over || m.leaving {
		return m.quits()
	}
	m.leaving, m.typing = true, false
	m.notice, m.bad = m.sayf("Leaving the room …"), false
	stay := m.host.stay
	return m, func() tea.Msg { stay.Leave(); return nil }
}

// quits ends with an empty screen.
func (m model) quits() (tea.Model, tea.Cmd) {
	m.gone = true
	return m, tea.Quit
}
