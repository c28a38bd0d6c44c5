package report

import (
	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
)

// Style is the layout for the user's terminal and language.
type Style struct {
	// Color allows SGR escapes. Colours never carry meaning alone.
	Color bool
	// ASCII keeps to ASCII glyphs, for terminals that are not UTF-8.
	ASCII bool
	// Width is the terminal's, in columns; 0 means 100.
	Width int
	// Verbose shows every check with its facts, Quiet only what is wrong.
	Verbose, Quiet bool
	// Lang picks the catalogue's pages; "" is English.
	Lang string
	// Translate maps an English format to the reader's language; nil for none.
	Translate func(format string) string
}

// text renders a sentence in the reader's language.
func (s Style) text(t finding.Text) string { return t.In(s.Translate) }

// Say renders a format in the reader's language.
func (s Style) Say(format string, args ...any) string { return s.text(finding.Textf(format, args...)) }

// Page returns a code's catalogue page in the user's language.
func (s Style) Page(code finding.Code) (catalogue.Page, bool) {
	if s.Lang == "" {
		return catalogue.Lookup(code)
	}
	return catalogue.LookupIn(s.Lang, code)
}

func (s Style) width() int {
	if s.Width <= 0 {
		return 100
	}
	return min(max(s.Width, 40), 120)
}

// role is the role of a text: the parameter of the SGR sequence that colours it.
type role string

const (
	rolePlain   role = ""
	roleStrong  role = "1"
	roleFaint   role = "2"
	roleBad     role = "31"
	roleGood    role = "32"
	roleWarn    role = "33"
	roleCommand role = "36"
)

func (s Style) paint(r role, text string) string {
	if !s.Color || text == "" || r == rolePlain {
		return text
	}
	return "\x1b[" + string(r) + "m" + text + "\x1b[0m"
}

// Strong emphasises text if colours are allowed.
func (s Style) Strong(text string) string { return s.paint(roleStrong, text) }

// Ink returns the colours of a catalogue page.
func (s Style) Ink() catalogue.Ink {
	in := func(r role) func(string) string { return func(text string) string { return s.paint(r, text) } }
	return catalogue.Ink{Title: in(roleStrong), Heading: in(roleStrong), Code: in(roleCommand)}
}

// mark is a state's glyph and colour role.
type mark struct {
	glyph, ascii string
	role         role
}

func markOf(state progress.State) mark {
	switch state {
	case progress.Passed:
		return mark{"✓", "+", roleGood}
	case progress.Warned:
		return mark{"!", "!", roleWarn}
	case progress.Failed:
		return mark{"✗", "x", roleBad}
	case progress.Skipped:
		return mark{"–", "-", roleFaint}
	case progress.Errored:
		return mark{"?", "?", roleBad}
	case progress.Running:
		return mark{"·", ".", rolePlain}
	}
	return mark{" ", " ", roleFaint}
}

// glyph returns the state's sign. It must be shown together with Word.
func (s Style) glyph(state progress.State) string {
	if s.ASCII {
		return markOf(state).ascii
	}
	return markOf(state).glyph
}

// word returns the state in one word.
func (s Style) word(state progress.State) string { return s.text(state.Word()) }
