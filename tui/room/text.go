package room

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
)

// speech turns texts into what this terminal can show: in the reader's
// language, of the characters it has, and nothing that it would act upon.
type speech struct {
	translate func(format string) string
	ascii     bool
}

func (s speech) say(t finding.Text) string { return s.plain(t.In(s.translate)) }

func (s speech) sayf(format string, args ...any) string { return s.say(finding.Textf(format, args...)) }

// plain is one line of a string that is in the reader's language already.
func (s speech) plain(text string) string { return s.charset(clean.Line(text, 4000)) }

func (s speech) charset(text string) string {
	if !s.ascii {
		return text
	}
	return strings.NewReplacer("…", "...", "–", "-", "—", "-", "·", "|", "•", "*", "→", "->", "‘", "'", "’", "'", "“", `"`, "”", `"`).Replace(text)
}

// fit cuts text to width columns, and marks the cut.
func (s speech) fit(text string, width int) string {
	if width < 1 {
		return ""
	}
	tail := s.charset("…")
	if ansi.StringWidth(tail) > width {
		tail = ""
	}
	return ansi.Truncate(text, width, tail)
}

// wrap breaks text into lines of at most width columns.
func wrap(text string, width int) []string {
	return strings.Split(ansi.Wrap(text, max(width, 1), ""), "\n")
}

// pad fills text up to width columns.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-ansi.StringWidth(text)))
}

// spark draws values as a row of bars, the newest at the right.
func (s speech) spark(values []float64, width int) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	if s.ascii {
		bars = []rune("_.-=+*#@")
	}
	if len(values) == 0 || width < 1 {
		return ""
	}
	values = values[max(0, len(values)-width):]
	// Under a millisecond nothing is worth a mountain.
	low, high := 0.0, max(slices.Max(values), 1)
	var b strings.Builder
	for _, v := range values {
		i := int((v - low) / (high - low) * float64(len(bars)-1))
		b.WriteRune(bars[min(max(i, 0), len(bars)-1)])
	}
	return b.String()
}

// clock is a duration as a stay shows it: 0:07, 12:30, 1:02:03.
func clock(d time.Duration) string {
	sec := int(max(d, 0).Seconds())
	if sec >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", sec/3600, sec/60%60, sec%60)
	}
	return fmt.Sprintf("%d:%02d", sec/60, sec%60)
}

// millis is a round trip: "0.4 ms", "31 ms".
func millis(ms float64) string {
	if ms < 10 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// styles are the looks, named by role, in the colours of package tui. A colour
// never says anything that a word beside it does not.
type styles struct {
	title, subtle, key, good, warn, bad lipgloss.Style
}

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
		title: r.NewStyle().Bold(true), subtle: colour("242", "246"), key: colour("25", "75"),
		good: colour("28", "78"), warn: colour("130", "214"), bad: colour("160", "203").Bold(true),
	}
}

// marks are the characters that a terminal without UTF-8 has other ones for.
type marks struct{ good, wait, bad, you, bullet, dot, block string }

func newMarks(ascii bool) marks {
	if ascii {
		return marks{good: "+", wait: ".", bad: "x", you: ">", bullet: "*", dot: " | ", block: "_"}
	}
	return marks{good: "✓", wait: "·", bad: "✗", you: "▸", bullet: "•", dot: " · ", block: "▏"}
}
