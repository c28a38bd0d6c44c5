package term

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/wrap"
	"lkdoctor/config/clean"
)

// TextLimit is the number of runes of a line that are shown. Checks limit their texts too; this bounds the
// memory of the screen if one does not.
const TextLimit = 4000

// Speech turns texts into what the terminal can show: in the reader's language, in the
// characters that the terminal has, without control characters.
type Speech struct {
	// Translate returns an English format in the reader's language, "" if it has no
	// translation; nil is English.
	Translate func(format string) string
	// ASCII limits the output to characters that every terminal can show.
	ASCII bool
}

// Say returns a text as one line.
func (s Speech) Say(t finding.Text) string { return s.Plain(t.In(s.Translate)) }

// Sayf is Say for a format and its arguments.
func (s Speech) Sayf(format string, args ...any) string {
	return s.Say(finding.Textf(format, args...))
}

// Plain returns a string that is in the reader's language already as one line.
func (s Speech) Plain(text string) string { return s.Charset(clean.Line(text, TextLimit)) }

// Block returns the lines of a text such as code.
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

// Fit cuts text to width columns, with a mark if the width suffices.
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

// WrapTo wraps text into at most limit lines of width columns. A mark on the last
// one shows where text is missing.
func (s Speech) WrapTo(text string, width, limit int) []string {
	lines := wrap.Lines(text, width)
	if limit < 1 {
		return nil
	}
	if len(lines) <= limit {
		return lines
	}
	lines = lines[:limit]
	room := max(0, width-wrap.Width(s.Ellipsis()))
	lines[limit-1] = s.Fit(ansi.Truncate(lines[limit-1], room, "")+s.Ellipsis(), width)
	return lines
}

// Ends returns a line of width columns with left at its start and right at its end.
// It cuts left where there is not room for both.
func (s Speech) Ends(left, right string, width int) string {
	room := width - wrap.Width(right)
	if room == width || room < 12 {
		return s.Fit(left, width)
	}
	return wrap.Pad(s.Fit(strings.TrimRight(left, " "), room-1), room) + right
}

// Labelled wraps text after a label into at most limit lines of width columns. Further
// lines start under the text.
func (s Speech) Labelled(label, text string, width, limit int) []string {
	return wrap.Under(label, s.WrapTo(text, width-wrap.Width(label), limit))
}

// Pairs lays out names and their values in two columns of together width columns, each
// value on at most limit lines.
func (s Speech) Pairs(pairs [][2]string, width, limit int) (lines []string) {
	columns := 0
	for _, pair := range pairs {
		columns = max(columns, wrap.Width(pair[0])+2)
	}
	for _, pair := range pairs {
		lines = append(lines, s.Labelled(wrap.Pad(pair[0], columns), pair[1], width, limit)...)
	}
	return lines
}

// Tail cuts text from the left to width columns, with a mark.
func (s Speech) Tail(text string, width int) string {
	if over := wrap.Width(text) - width; over > 0 {
		return ansi.TruncateLeft(text, over+wrap.Width(s.Ellipsis()), s.Ellipsis())
	}
	return text
}
