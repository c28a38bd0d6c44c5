package tui

import (
	"io"
	"maps"
	"slices"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/spinner"
	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/check"
	"lkdoctor/config/clean"
	"lkdoctor/tui/term"
)

// interruptMsg is sent when the caller's context has ended.
type interruptMsg struct{}

// savedMsg is the result of writing the report.
type savedMsg struct {
	path string
	err  error
}

// copiedMsg is the result of a copy.
type copiedMsg struct {
	lines int
	to    Copied
	err   error
}

// joinedMsg is sent when the room was left.
type joinedMsg struct{ err error }

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
		followed, launch := next.follows()
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
		return m.listens(msg), nil
	case changedMsg:
		return m.changed(msg)
	case savedMsg:
		m.notice = m.Sayf("Written to %s", clean.Line(msg.path, 300))
		if msg.err != nil {
			m.notice = m.Sayf("Nothing was written: %s", clean.Line(msg.err.Error(), 300))
		}
	case copiedMsg:
		m.notice = m.copied(msg)
	case confirmedMsg:
		if m.confirmed[msg.code].runs { // else the result is of an earlier run
			m.confirmed = maps.Clone(m.confirmed)
			m.confirmed[msg.code] = msg.confirmation
		}
	case joinedMsg:
		m.notice = m.Sayf("Back from the room. The diagnosis is as it was.")
		if msg.err != nil {
			m.notice = m.Sayf("No room was joined: %s", clean.Line(clean.Redact(msg.err.Error()), 300))
		}
		return m, m.mouseAgain()
	case tea.ResumeMsg:
		return m, m.mouseAgain()
	case openedMsg:
		m.notice = m.opened(msg)
	case tea.MouseMsg:
		return m.moused(msg)
	case tea.KeyMsg:
		var cmds []tea.Cmd
		for _, pressed := range term.Keys(msg) {
			if m.gone {
				break
			}
			var cmd tea.Cmd
			m, cmd = m.pressed(pressed)
			cmds = append(cmds, cmd)
		}
		return m, tea.Batch(cmds...)
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

// pressed returns the model after a key.
func (m model) pressed(msg tea.KeyMsg) (model, tea.Cmd) {
	if m.open || m.browser.reading {
		m = m.paged(len(m.head()))
	}
	k := m.keys()
	if key.Matches(msg, k.interrupt) {
		return m.interrupted()
	}
	switch {
	case m.prompt.isOpen():
		return m.promptKey(msg)
	case m.menu.open:
		return m.menuKey(msg)
	case m.browser.open:
		return m.browserKey(msg)
	}
	m.notice = ""
	switch {
	case msg.Paste && k.token.Enabled():
		// A paste without a prompt may hold a token: it opens the prompt, and enter
		// checks it.
		m.prompt = newPrompt(aTokenToCheck, "").typed(msg)
	case key.Matches(msg, k.quit):
		return m.stopped()
	case key.Matches(msg, k.suspend):
		return m, tea.Suspend
	case key.Matches(msg, k.help):
		m.menu = menu{open: true}
	case key.Matches(msg, k.catalogue):
		m = m.browses()
		m.browser.typing = msg.String() == "/"
	case key.Matches(msg, k.openDocs):
		return m, m.opening()
	case key.Matches(msg, k.open) && m.showsBegin():
		return m.chooses()
	case key.Matches(msg, k.back):
		m.open, m.begin.open = false, m.begin.open && m.open
		m.pane.GotoTop()
	case key.Matches(msg, k.runConfirm):
		return m.confirming()
	case key.Matches(msg, k.up, k.down, k.pageUp, k.pageDown, k.top, k.bottom):
		return m.moves(msg, k), nil
	case key.Matches(msg, k.open, k.nextFinding, k.previousTab, k.nextTab, k.fix, k.evidence, k.why, k.confirm):
		return m.turns(msg, k), nil
	case key.Matches(msg, k.codeLeft):
		m.shift = max(0, m.shift-codeStep)
	case key.Matches(msg, k.codeRight):
		m.shift = min(m.over, m.shift+codeStep)
	case key.Matches(msg, k.language):
		m.language, m.chosen = (m.language+1)%len(languages()), true
	case key.Matches(msg, k.python):
		m.language, m.chosen = 0, true
	case key.Matches(msg, k.node):
		m.language, m.chosen = 1, true
	case key.Matches(msg, k.golang):
		m.language, m.chosen = 2, true
	case key.Matches(msg, k.earlier):
		return m.shows(m.showing - 1), nil
	case key.Matches(msg, k.later):
		return m.shows(m.showing + 1), nil
	default:
		return m.acts(msg, k)
	}
	return m, nil
}

// turns opens the page, or another tab of it. With two panes, only enter opens it.
func (m model) turns(msg tea.KeyMsg, k keyMap) model {
	opens := !m.split()
	tabs := m.tabs()
	at := max(0, slices.Index(tabs, m.shownTab()))
	switch {
	case key.Matches(msg, k.open):
		m.tab, opens = tabs[0], true
		if m.split() {
			m.tab = tabs[at]
		}
	case key.Matches(msg, k.nextFinding):
		m.finding = (m.finding + 1) % len(m.findings())
	case key.Matches(msg, k.previousTab):
		m.tab = tabs[(at+len(tabs)-1)%len(tabs)]
	case key.Matches(msg, k.nextTab):
		m.tab = tabs[(at+1)%len(tabs)]
	case key.Matches(msg, k.fix):
		m.tab = tabFix
	case key.Matches(msg, k.evidence):
		m.tab = tabEvidence
	case key.Matches(msg, k.why):
		m.tab = tabWhy
	case key.Matches(msg, k.confirm):
		m.tab = tabConfirm
	}
	m.open, m.moved, m.shift = m.open || opens, true, 0
	m.pane.GotoTop()
	return m
}

// moves scrolls the open page, or selects another row.
func (m model) moves(msg tea.KeyMsg, k keyMap) model {
	reading := m.open
	switch {
	case key.Matches(msg, k.pageUp):
		m.pane.PageUp()
	case key.Matches(msg, k.pageDown):
		m.pane.PageDown()
	case key.Matches(msg, k.top):
		m.pane.GotoTop()
	case key.Matches(msg, k.bottom):
		m.pane.GotoBottom()
	case key.Matches(msg, k.up) && m.showsBegin():
		m.begin.at = max(0, m.begin.at-1)
	case key.Matches(msg, k.down) && m.showsBegin():
		m.begin.at = min(len(m.choices())-1, m.begin.at+1)
	case key.Matches(msg, k.up) && reading:
		m.pane.ScrollUp(1)
	case key.Matches(msg, k.down) && reading:
		m.pane.ScrollDown(1)
	case key.Matches(msg, k.up):
		m = m.selects(m.selected - 1)
	case key.Matches(msg, k.down):
		m = m.selects(m.selected + 1)
	}
	return m
}

// codeStep is the number of columns by which a key shifts code.
const codeStep = 16

func (m model) selects(row int) model {
	m.selected = min(max(row, 0), max(0, len(m.progress.Rows())-1))
	m.moved, m.finding, m.shift = true, 0, 0
	m.pane.GotoTop()
	return m
}

// acts handles the keys whose effects are outside of the screen.
func (m model) acts(msg tea.KeyMsg, k keyMap) (model, tea.Cmd) {
	switch {
	case key.Matches(msg, k.rerun):
		return m.again("")
	case key.Matches(msg, k.rerunFrom):
		row, _ := m.row()
		return m.again(row.Stage)
	case key.Matches(msg, k.watch):
		return m.watches()
	case key.Matches(msg, k.join):
		return m, m.joining()
	case key.Matches(msg, k.skip):
		skip, c := m.deps.Skip, m.waitsFor()
		return m, func() tea.Msg { skip(c.Check.ID); return nil }
	case key.Matches(msg, k.ticket):
		m.prompt = newPrompt(aTicket, "")
	case key.Matches(msg, k.token):
		m.prompt = newPrompt(aTokenToCheck, "")
	case key.Matches(msg, k.copyFix):
		return m, m.copying(m.fixToCopy())
	case key.Matches(msg, k.save):
		return m, m.saving(m.deps.Save)
	case key.Matches(msg, k.saveJSON):
		return m, m.saving(m.deps.SaveJSON)
	}
	return m, nil
}

// saving returns the command that writes the shown run to a file.
func (m model) saving(save func(check.Run) (string, error)) tea.Cmd {
	run := *m.run
	return func() tea.Msg {
		path, err := save(run)
		return savedMsg{path: path, err: err}
	}
}

// joining returns the command that shows the room's screen on the terminal until the
// room is left.
func (m model) joining() tea.Cmd {
	return tea.Exec(&roomScreen{join: m.deps.Join}, func(err error) tea.Msg { return joinedMsg{err: err} })
}

// roomScreen is a room's screen as the tea.ExecCommand that Bubble Tea runs.
type roomScreen struct {
	join func(in io.Reader, out io.Writer) error
	in   io.Reader
	out  io.Writer
}

// Run shows the room's screen until it is left.
func (s *roomScreen) Run() error { return s.join(s.in, s.out) }

// SetStdin sets the input. Bubble Tea calls it before Run.
func (s *roomScreen) SetStdin(in io.Reader) { s.in = in }

// SetStdout sets the output. Bubble Tea calls it before Run.
func (s *roomScreen) SetStdout(out io.Writer) { s.out = out }

// SetStderr does nothing: the screen does not write to stderr.
func (s *roomScreen) SetStderr(io.Writer) {}

// promptKey returns the model after a key while the prompt is open.
func (m model) promptKey(msg tea.KeyMsg) (model, tea.Cmd) {
	switch msg.Type {
	case tea.KeyEsc:
		m.prompt = prompt{}
	case tea.KeyEnter:
		return m.answered()
	default:
		m.prompt = m.prompt.typed(msg)
	}
	return m, nil
}
