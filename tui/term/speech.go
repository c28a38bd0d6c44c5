package term

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/wrap"
	"lkdoctor/config/clean"
)

// TextLimit caps a sentence, in runes. Texts arrive capped; this keeps one
// that is not from filling the screen's memory.
const TextLimit = 4000

// Speech turns texts into what this terminal can show: in the reader's
// language, of the characters it has, and nothing that it would act upon.
type Speech struct {
	// Translate maps an English format to the reader's language, "" where it knows
	// none; nil is English.
	Translate func(format string) string
	// ASCII keeps to the characters that every terminal can show.
	ASCII bool
}

// Say is one line.
func (s Speech) Say(t finding.Text) string { return s.Plain(t.In(s.Translate)) }

// Sayf is Say of a text made on the spot.
func (s Speech) Sayf(format string, args ...any) string {
	return s.Say(finding.Textf(format, args...))
}

// Plain is one line of a string that is in the reader's language already.
func (s Speech) Plain(text string) string { return s.Charset(clean.Line(text, TextLimit)) }

// Block is text of several lines, such as code.
func (s Speech) Block(text string) []string {
	text = strings.ReplaceAll(clean.Block(text, 8*TextLimit), "\t", "    ")
	return strings.Split(s.Charset(strings.TrimRight(text, "\n")), "\n")
}

// Charset replaces the signs that a terminal without UTF-8 lacks.
func (s Speech) Charset(text string) string {
	if !s.ASCII {
		return text
	}
	return strings.NewReplacer(
		"…", "...", "–", "-", "—", "-", "·", "|", "•", "*", "×", "x", "→", "->", "›", ">",
		"‘", "'", "’", "'", "“", `"`, "”", `"`, "≥", ">=", "≤", "<=",
	).Replace(text)
}

// Ellipsis is the mark of a cut.
func (s Speech) Ellipsis() string { return s.Charset("…") }

// Fit cuts text to width columns, and marks the cut where the mark has room.
func (s Speech) Fit(text string, width int) string {
	if width < 1 {
		return ""
	}
	tail := s.Ellipsis()
	if wrap.Width(tail) > width {
		tail = ""
	}
	return ansi.Truncate(text, width, tail)
}
