package tui

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
)

// textLimit caps a sentence, in runes. Texts arrive capped; this keeps one
// that is not from filling the screen's memory.
const textLimit = 4000

// speech turns texts into what this terminal can show: in the reader's
// language, of the characters it has, and nothing that it would act upon.
type speech struct {
	translate func(format string) string
	ascii     bool
}

// say is one line.
func (s speech) say(t check.Text) string { return s.plain(t.In(s.translate)) }

// sayf is say of a text made on the spot.
func (s speech) sayf(format string, args ...any) string {
	return s.say(finding.Textf(format, args...))
}

// plain is one line of a string that is in the reader's language already.
func (s speech) plain(text string) string { return s.charset(clean.Line(text, textLimit)) }

// block is text of several lines, such as code.
func (s speech) block(text string) []string {
	text = strings.ReplaceAll(clean.Block(text, 8*textLimit), "\t", "    ")
	return strings.Split(s.charset(strings.TrimRight(text, "\n")), "\n")
}

func (s speech) charset(text string) string {
	if !s.ascii {
		return text
	}
	return strings.NewReplacer(
		"…", "...", "–", "-", "—", "-", "·", "|", "•", "*", "×", "x", "→", "->", "›", ">",
		"‘", "'", "’", "'", "“", `"`, "”", `"`, "≥", ">=", "≤", "<=",
	).Replace(text)
}

func (s speech) ellipsis() string { return s.charset("…") }

// fit cuts text to width columns, marking the cut where the mark has room.
func (s speech) fit(text string, width int) string {
	if width < 1 {
		return ""
	}
	tail := s.ellipsis()
	if ansi.StringWidth(tail) > width {
		tail = ""
	}
	return ansi.Truncate(text, width, tail)
}

// wrap breaks text into lines of at most width columns.
func wrap(text string, width int) []string {
	lines := strings.Split(ansi.Wrap(text, max(width, 1), ""), "\n")
	for i := 1; i < len(lines); i++ {
		// A closing mark stays with what it closes, where there is room.
		first, _ := utf8.DecodeRuneInString(lines[i])
		_, size := utf8.DecodeLastRuneInString(lines[i-1])
		moved := lines[i-1][len(lines[i-1])-size:]
		if strings.ContainsRune("，。、；：？！）》」』”’", first) && len(moved) > 1 && ansi.StringWidth(moved+lines[i]) <= width {
			lines[i-1], lines[i] = strings.TrimSuffix(lines[i-1], moved), moved+lines[i]
		}
	}
	return lines
}

// wrapTo is wrap with at most limit lines, the last one marked where text is
// missing.
func (s speech) wrapTo(text string, width, limit int) []string {
	lines := wrap(text, width)
	if limit < 1 {
		return nil
	}
	if len(lines) <= limit {
		return lines
	}
	lines = lines[:limit]
	room := max(0, width-ansi.StringWidth(s.ellipsis()))
	lines[limit-1] = s.fit(ansi.Truncate(lines[limit-1], room, "")+s.ellipsis(), width)
	return lines
}

// pad fills text up to width columns.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-ansi.StringWidth(text)))
}

// padLeft fills text up to width columns from the left.
func padLeft(text string, width int) string {
	return strings.Repeat(" ", max(0, width-ansi.StringWidth(text))) + text
}

// indent puts by spaces before each line.
func indent(lines []string, by int) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.Repeat(" ", by) + line
	}
	return out
}

// ends puts right at the right end of a line of width columns, and cuts left
// where there is not room for both.
func (s speech) ends(left, right string, width int) string {
	room := width - ansi.StringWidth(right)
	if room == width || room < 12 {
		return s.fit(left, width)
	}
	return pad(s.fit(strings.TrimRight(left, " "), room-1), room) + right
}

// labelled is text wrapped behind a label of the given columns; further lines
// start under the text.
func (s speech) labelled(label, text string, columns, width, limit int) []string {
	lines := s.wrapTo(text, width-columns, limit)
	for i, line := range lines {
		if i == 0 {
			lines[i] = pad(label, columns) + line
			continue
		}
		lines[i] = strings.Repeat(" ", columns) + line
	}
	return lines
}
