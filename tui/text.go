package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/check"
	"lkdoctor/checks/wrap"
	"lkdoctor/tui/term"
)

const textLimit = term.TextLimit

// speech is the words of this terminal, under the names that this package has for
// them.
type speech struct{ term.Speech }

func (s speech) say(t check.Text) string                { return s.Say(t) }
func (s speech) sayf(format string, args ...any) string { return s.Sayf(format, args...) }
func (s speech) plain(text string) string               { return s.Plain(text) }
func (s speech) block(text string) []string             { return s.Block(text) }
func (s speech) charset(text string) string             { return s.Charset(text) }
func (s speech) ellipsis() string                       { return s.Ellipsis() }
func (s speech) fit(text string, width int) string      { return s.Fit(text, width) }

// wrapTo is wrap with at most limit lines, the last one marked where text is
// missing.
func (s speech) wrapTo(text string, width, limit int) []string {
	lines := wrap.Lines(text, width)
	if limit < 1 {
		return nil
	}
	if len(lines) <= limit {
		return lines
	}
	lines = lines[:limit]
	room := max(0, width-wrap.Width(s.ellipsis()))
	lines[limit-1] = s.fit(ansi.Truncate(lines[limit-1], room, "")+s.ellipsis(), width)
	return lines
}

// padLeft fills text up to width columns from the left.
func padLeft(text string, width int) string {
	return strings.Repeat(" ", max(0, width-wrap.Width(text))) + text
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
	room := width - wrap.Width(right)
	if room == width || room < 12 {
		return s.fit(left, width)
	}
	return wrap.Pad(s.fit(strings.TrimRight(left, " "), room-1), room) + right
}

// labelled is text wrapped behind a label of the given columns; further lines
// start under the text.
func (s speech) labelled(label, text string, columns, width, limit int) []string {
	lines := s.wrapTo(text, width-columns, limit)
	for i, line := range lines {
		if i == 0 {
			lines[i] = wrap.Pad(label, columns) + line
			continue
		}
		lines[i] = strings.Repeat(" ", columns) + line
	}
	return lines
}
