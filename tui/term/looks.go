package term

import (
	"io"

	"github.com/charmbracelet/bubbles/help"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

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
		Good: colour("28", "78"), Warn: colour("130", "214"), Bad: colour("160", "203").Bold(true), Broken: colour("90", "177").Bold(true),
	}
}

// Help returns the styles of the key help.
func (s Styles) Help() help.Styles {
	return help.Styles{
		Ellipsis: s.Subtle, ShortKey: s.Key, ShortDesc: s.Subtle, ShortSeparator: s.Subtle,
		FullKey: s.Key, FullDesc: s.Subtle, FullSeparator: s.Subtle,
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
