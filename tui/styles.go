package tui

import (
	"io"

	"github.com/charmbracelet/bubbles/help"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"lkdoctor/checks/progress"
)

// styles are the looks of the TUI, named by role. A colour never says anything
// that a word or a glyph beside it does not.
type styles struct {
	title, heading, selected, subtle, code, key, notice lipgloss.Style

	passMark, warnMark, failMark, errorMark, skipMark, runMark lipgloss.Style
}

// newStyles makes the styles for a terminal. The colours are numbers of the
// 256-colour palette with enough contrast on white and on black.
func newStyles(r *lipgloss.Renderer, dark bool) styles {
	if r == nil {
		r = lipgloss.NewRenderer(io.Discard)
		r.SetColorProfile(termenv.Ascii)
	}
	r.SetHasDarkBackground(dark)
	colour := func(onLight, onDark string) lipgloss.Style {
		return r.NewStyle().Foreground(lipgloss.AdaptiveColor{Light: onLight, Dark: onDark})
	}
	return styles{
		title:    r.NewStyle().Bold(true),
		heading:  colour("25", "75").Bold(true),
		selected: r.NewStyle().Bold(true),
		subtle:   colour("242", "246"),
		code:     colour("23", "152"),
		key:      colour("25", "75"),
		notice:   colour("25", "75"),

		passMark:  colour("28", "78"),
		warnMark:  colour("130", "214"),
		failMark:  colour("160", "203").Bold(true),
		errorMark: colour("90", "177").Bold(true),
		skipMark:  colour("242", "246"),
		runMark:   colour("25", "75"),
	}
}

// help is the look of the key help.
func (s styles) help() help.Styles {
	return help.Styles{
		Ellipsis: s.subtle, ShortKey: s.key, ShortDesc: s.subtle, ShortSeparator: s.subtle,
		FullKey: s.key, FullDesc: s.subtle, FullSeparator: s.subtle,
	}
}

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

// marks are the characters that a terminal without UTF-8 has other ones for.
type marks struct {
	pass, warn, fail, skip, err, pending, partly string

	cursor, bar, thickBar, bullet, upDown, leftRight, dot, block, differs string
}

func newMarks(ascii bool) marks {
	if ascii {
		return marks{
			pass: "+", warn: "!", fail: "x", skip: "-", err: "?", pending: ".", partly: "o",
			cursor: ">", bar: "|", thickBar: "#", bullet: "*", upDown: "up/down", leftRight: "left/right", dot: " | ", block: "_", differs: "!",
		}
	}
	return marks{
		pass: "✓", warn: "!", fail: "✗", skip: "–", err: "?", pending: "·", partly: "◐",
		cursor: "▸", bar: "│", thickBar: "┃", bullet: "•", upDown: "↑/↓", leftRight: "←/→", dot: " · ", block: "▏", differs: "≠",
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
