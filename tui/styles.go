package tui

import (
	"github.com/charmbracelet/bubbles/help"
	"github.com/charmbracelet/lipgloss"

	"lkdoctor/checks/progress"
	"lkdoctor/tui/term"
)

// styles are the looks of this screen, named by role.
type styles struct {
	title, heading, selected, subtle, code, key, notice lipgloss.Style

	passMark, warnMark, failMark, errorMark, skipMark, runMark lipgloss.Style

	all term.Styles
}

func newStyles(r *lipgloss.Renderer, dark bool) styles {
	s := term.NewStyles(r, dark)
	return styles{
		title: s.Title, heading: s.Heading, selected: s.Title, subtle: s.Subtle, code: s.Code, key: s.Key, notice: s.Key,
		passMark: s.Good, warnMark: s.Warn, failMark: s.Bad, errorMark: s.Broken, skipMark: s.Subtle, runMark: s.Key,
		all: s,
	}
}

// help is the look of the key help.
func (s styles) help() help.Styles { return s.all.Help() }

// mark is the style of a state's glyph and word.
func (s styles) mark(state progress.State) lipgloss.Style {
	switch state {
	case progress.Passed:
		return s.passMark
	case progress.Warned:
		return s.warnMark
	case progress.Failed:
		return s.failMark
	case progress.Errored:
		return s.errorMark
	case progress.Running:
		return s.runMark
	}
	return s.skipMark
}

// marks are the characters of this terminal.
type marks struct {
	pass, warn, fail, skip, err, pending, partly string

	cursor, bar, thickBar, bullet, upDown, leftRight, dot, block, differs string
}

func newMarks(ascii bool) marks {
	t := term.NewMarks(ascii)
	return marks{
		pass: t.Pass, warn: t.Warn, fail: t.Fail, skip: t.Skip, err: t.Error, pending: t.Pending, partly: t.Partly,
		cursor: t.Cursor, bar: t.Bar, thickBar: t.ThickBar, bullet: t.Bullet, upDown: t.UpDown, leftRight: t.LeftRight, dot: t.Dot, block: t.Block, differs: t.Differs,
	}
}

// of is the glyph of a state; a running one has the spinner instead.
func (m marks) of(state progress.State) string {
	switch state {
	case progress.Passed:
		return m.pass
	case progress.Warned:
		return m.warn
	case progress.Failed:
		return m.fail
	case progress.Skipped:
		return m.skip
	case progress.Errored:
		return m.err
	}
	return m.pending
}
