package term

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"lkdoctor/checks/progress"
	"lkdoctor/checks/wrap"
)

// Terminal describes the user's terminal and language.
type Terminal struct {
	// Translate returns an English format in the reader's language, "" if it has no
	// translation; nil is English.
	Translate func(format string) string
	// Renderer knows the terminal's colours; nil is no colour.
	Renderer *lipgloss.Renderer
	// Dark reports whether the terminal's background is dark.
	Dark bool
	// ASCII limits the output to characters that every terminal can show.
	ASCII bool
	// Mouse turns on the wheel and clicks. The user then holds a key to select text with
	// the terminal.
	Mouse bool
}

// Screen is how a model presents texts: in words, styles and marks for the terminal.
type Screen struct {
	Speech
	Styles Styles
	Marks  Marks
}

// NewScreen returns the presentation for a terminal.
func NewScreen(t Terminal) Screen {
	return Screen{
		Speech: Speech{Translate: t.Translate, ASCII: t.ASCII}, Styles: NewStyles(t.Renderer, t.Dark), Marks: NewMarks(t.ASCII),
	}
}

// State returns the mark of a state, and the style of its mark and word. A running check
// may have a spinner instead.
func (s Screen) State(state progress.State) (mark string, style lipgloss.Style) {
	switch state {
	case progress.Passed:
		return s.Marks.Pass, s.Styles.Good
	case progress.Warned:
		return s.Marks.Warn, s.Styles.Warn
	case progress.Failed:
		return s.Marks.Fail, s.Styles.Bad
	case progress.Skipped:
		return s.Marks.Skip, s.Styles.Subtle
	case progress.Errored:
		return s.Marks.Error, s.Styles.Broken
	case progress.Running:
		return s.Marks.Pending, s.Styles.Key
	}
	return s.Marks.Pending, s.Styles.Subtle
}

// Cursor returns the first two columns of an item of a list.
func (s Screen) Cursor(selected bool) string {
	if selected {
		return s.Styles.Key.Render(s.Marks.Cursor) + " "
	}
	return "  "
}

// Columns returns two lists of lines side by side, the left one of width columns, with bar
// between them.
func (s Screen) Columns(left, right []string, width int, bar string) []string {
	n := max(len(left), len(right))
	left, right = Filled(left, n), Filled(right, n)
	for i := range left {
		left[i] = wrap.Pad(s.Fit(left[i], width), width) + " " + bar + " " + right[i]
	}
	return left
}

// Filled cuts lines, or adds empty ones, to exactly n.
func Filled(lines []string, n int) []string {
	n = max(n, 0)
	if len(lines) > n {
		return lines[:n]
	}
	return append(lines, make([]string, n-len(lines))...)
}

// Indent puts by spaces before each line that is not empty.
func Indent(lines []string, by int) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		if line != "" {
			out[i] = strings.Repeat(" ", by) + line
		}
	}
	return out
}

// Styled renders each line in a style.
func Styled(style lipgloss.Style, lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = style.Render(line)
	}
	return out
}

// Styles are the styles of both screens, named by role. A colour never says anything
// that a word or a mark does not say too.
type Styles struct {
	Title, Heading, Subtle, Code, Key lipgloss.Style

	Good, Warn, Bad, Broken lipgloss.Style
}

// NewStyles returns the styles for a terminal. The colours are numbers of the 256-colour
// palette with enough contrast on white and on black. A nil renderer means no colour.
func NewStyles(r *lipgloss.Renderer, dark bool) Styles {
	if r == nil {
		r = lipgloss.NewRenderer(io.Discard)
		r.SetColorProfile(termenv.Ascii)
	}
	r.SetHasDarkBackground(dark)
	colour := func(onLight, onDark string) lipgloss.Style {
		return r.NewStyle().Foreground(lipgloss.AdaptiveColor{Light: onLight, Dark: onDark})
	}
	return Styles{
		Title: r.NewStyle().Bold(true), Heading: colour("25", "75").Bold(true), Subtle: colour("242", "246"),
		Code: colour("23", "152"), Key: colour("25", "75"),
		Good: colour("28", "78"), Warn: colour("130", "214"),
		Bad: colour("160", "203").Bold(true), Broken: colour("90", "177").Bold(true),
	}
}

// Marks are the characters that have a substitute on terminals without UTF-8.
type Marks struct {
	Pass, Warn, Fail, Skip, Error, Pending, Partly string

	Cursor, Bar, ThickBar, Bullet, UpDown, LeftRight, Dot, Block, Differs string
}

// NewMarks returns the marks for a terminal.
func NewMarks(ascii bool) Marks {
	if ascii {
		return Marks{
			Pass: "+", Warn: "!", Fail: "x", Skip: "-", Error: "?", Pending: ".", Partly: "o",
			Cursor: ">", Bar: "|", ThickBar: "#", Bullet: "*", UpDown: "up/down", LeftRight: "left/right", Dot: " | ", Block: "_",
			Differs: "!",
		}
	}
	return Marks{
		Pass: "✓", Warn: "!", Fail: "✗", Skip: "–", Error: "?", Pending: "·", Partly: "◐",
		Cursor: "▸", Bar: "│", ThickBar: "┃", Bullet: "•", UpDown: "↑/↓", LeftRight: "←/→", Dot: " · ", Block: "▏", Differs: "≠",
	}
}
