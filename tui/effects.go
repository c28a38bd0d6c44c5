package tui

import (
	"io"
	"maps"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/check"
	"lkdoctor/config/clean"
)

// noticeMsg is what a command says when it has ended.
type noticeMsg string

// joinedMsg is the notice of joining, sent when the room was left.
type joinedMsg string

func (m model) saving(save func(check.Run) (string, error)) tea.Cmd {
	run := *m.run
	return func() tea.Msg {
		path, err := save(run)
		if err != nil {
			return noticeMsg(m.Sayf("Nothing was written: %s", clean.Line(err.Error(), 300)))
		}
		return noticeMsg(m.Sayf("Written to %s", clean.Line(path, 300)))
	}
}

// copying returns the command that copies text to the clipboard. Its notice claims no more
// than is known.
func (m model) copying(text string) tea.Cmd {
	put := m.deps.Copy
	return func() tea.Msg {
		to, err := put(text)
		file, by := clean.Line(to.File, 300), clean.Line(to.By, 40)
		notice := m.Sayf("The terminal was asked to copy; it does not say whether it did.")
		switch {
		case err != nil:
			notice = m.Sayf("Nothing was copied: %s", clean.Line(err.Error(), 200))
		case to.Sure:
			lines := strings.Count(strings.TrimRight(text, "\n"), "\n") + 1
			notice = m.Sayf("On the clipboard (%s). Lines: %d", by, lines)
		case file != "" && by != "":
			notice = m.Sayf("The terminal was asked to copy; to be sure, it is in %s", file)
		case file != "":
			notice = m.Sayf("No clipboard took it; it is in %s", file)
		}
		return noticeMsg(notice)
	}
}

// docs returns the address of LiveKit's documentation for what is shown, or "".
func (m model) docs() string {
	if m.browser.open {
		page, _ := m.browser.selected()
		return page.Docs()
	}
	l, found := m.current()
	if !found {
		return ""
	}
	page, _ := m.deps.Page(l.Finding.Code)
	return page.Docs()
}

func (m model) opening() tea.Cmd {
	show, address := m.deps.Open, m.docs()
	return func() tea.Msg {
		by, err := show(address)
		if err != nil {
			return noticeMsg(m.Sayf("Not opened (%s): %s", clean.Line(err.Error(), 200), address))
		}
		return noticeMsg(m.Sayf("Opened with %s: %s", clean.Line(by, 40), address))
	}
}

func (m model) joining() tea.Cmd {
	return tea.Exec(&roomScreen{join: m.deps.Join}, func(err error) tea.Msg {
		if err != nil {
			return joinedMsg(m.Sayf("No room was joined: %s", clean.Line(clean.Redact(err.Error()), 300)))
		}
		return joinedMsg(m.Sayf("Back from the room. The diagnosis is as it was."))
	})
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

// confirmation is the result of a confirming command.
type confirmation struct {
	runs, ended bool
	printed     string
	err         error
}

// confirmedMsg is the result of the confirming command of a code.
type confirmedMsg struct {
	code check.Code
	confirmation
}

// confirms returns the function that runs the page's confirming command. It is nil while
// the command runs, and if the run lacks a value that the command reads.
func (m model) confirms() func() (string, error) {
	l, found := m.current()
	if !found || m.deps.Confirm == nil || m.running || m.run == nil || !m.newest() || m.confirmed[l.Finding.Code].runs {
		return nil
	}
	known, _ := m.deps.Page(l.Finding.Code)
	if known.Confirm.Command == "" {
		return nil
	}
	return m.deps.Confirm(known.Confirm)
}

func (m model) confirming() (model, tea.Cmd) {
	l, _ := m.current()
	run, code := m.confirms(), l.Finding.Code
	m.confirmed = maps.Clone(m.confirmed)
	if m.confirmed == nil {
		m.confirmed = map[check.Code]confirmation{}
	}
	m.confirmed[code] = confirmation{runs: true}
	return m, func() tea.Msg {
		printed, err := run()
		return confirmedMsg{code, confirmation{ended: true, printed: printed, err: err}}
	}
}
