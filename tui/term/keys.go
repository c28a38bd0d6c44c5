package term

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/wrap"
	"lkdoctor/config/clean"
)

// Action is what keys, or a click on their hint, do to a model M.
type Action[M any] struct {
	// Keys are the names of the keys in Bubble Tea. A click is the first of them.
	Keys []string
	// Shown and Short are the hint in the footer: the keys, and what they do. An action
	// without Short has no hint.
	Shown string
	Short finding.Text
	// Long says in the help what the keys do.
	Long finding.Text
	Do   func(M) (M, tea.Cmd)
}

// Find returns the action of a key, and false if there is none.
func Find[M any](actions []Action[M], msg tea.KeyMsg) (a Action[M], found bool) {
	i := slices.IndexFunc(actions, func(a Action[M]) bool { return slices.Contains(a.Keys, msg.String()) })
	if i < 0 {
		return a, false
	}
	return actions[i], true
}

// Hints lays out the hints of actions, "t tone · v video", on at most limit lines of width
// columns. If they do not fit, it leaves out hints from the end of most, and none of last.
func Hints[M any](s Screen, most, last []Action[M], width, limit int) []string {
	for {
		lines := hints(s, slices.Concat(most, last), width)
		if len(lines) <= limit || len(most) == 0 {
			return lines
		}
		most = most[:len(most)-1]
	}
}

func hints[M any](s Screen, actions []Action[M], width int) (lines []string) {
	line, used, gap := "", 0, wrap.Width(s.Marks.Dot)
	for _, a := range actions {
		if a.Short.IsZero() {
			continue
		}
		does := s.Say(a.Short)
		takes := wrap.Width(a.Shown) + 1 + wrap.Width(does)
		switch {
		case used == 0:
		case used+gap+takes > width:
			lines, line, used = append(lines, line), "", 0
		default:
			line, used = line+s.Styles.Subtle.Render(s.Marks.Dot), used+gap
		}
		line += Zone("key", a.Keys[0], s.Styles.Key.Render(a.Shown)+" "+s.Styles.Subtle.Render(does))
		used += takes
	}
	if used > 0 {
		lines = append(lines, line)
	}
	return lines
}

// A zone is a part of a line that can be clicked. It stands between two escape sequences
// that are not sent to the terminal: Frame removes them, and a click is looked up in the
// lines that still hold them. Like colours, they take no columns.
const (
	zoneBegin = "\x1b]7001;"
	zoneEnd   = "\a"
)

// Zone marks text as a zone of a kind ("row"); which is its number or name.
func Zone(kind string, which any, text string) string {
	return fmt.Sprintf("%s%s %v%s%s%s%s", zoneBegin, kind, which, zoneEnd, text, zoneBegin, zoneEnd)
}

// Frame returns lines, none longer than width columns, as they are sent to the terminal.
func Frame(lines []string, width int) string {
	out := make([]string, len(lines))
	for i, line := range lines {
		for {
			before, rest, found := strings.Cut(line, zoneBegin)
			if !found {
				break
			}
			_, after, _ := strings.Cut(rest, zoneEnd)
			line = before + after
		}
		out[i] = ansi.Truncate(line, width, "")
	}
	return strings.Join(out, "\n")
}

// Clicked returns the kind and the number or name of the zone that a click hit. Both are
// empty outside of all zones.
func Clicked(lines []string, click tea.MouseMsg) (kind, which string) {
	if click.Y < 0 || click.Y >= len(lines) {
		return "", ""
	}
	var state byte
	at, name := 0, ""
	for line := lines[click.Y]; len(line) > 0; {
		seq, width, n, next := ansi.DecodeSequence(line, state, nil)
		if rest, is := strings.CutPrefix(seq, zoneBegin); is {
			name = strings.TrimSuffix(rest, zoneEnd)
		}
		if width > 0 && click.X < at+width {
			kind, which, _ = strings.Cut(name, " ")
			return kind, which
		}
		at, line, state = at+width, line[n:], next
	}
	return "", ""
}

// KeyMsg returns the message for a key by its Bubble Tea name.
func KeyMsg(name string) tea.KeyMsg {
	for _, k := range []tea.KeyType{
		tea.KeyEnter, tea.KeyEsc, tea.KeyTab, tea.KeyUp, tea.KeyDown, tea.KeyLeft, tea.KeyRight, tea.KeyPgUp,
		tea.KeyPgDown, tea.KeyHome, tea.KeyEnd, tea.KeyCtrlC, tea.KeyCtrlZ,
	} {
		if k.String() == name {
			return tea.KeyMsg{Type: k}
		}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}

// mostTyped is how many keys may come in one read of the terminal: more are a paste
// into a terminal that does not mark pastes.
const mostTyped = 8

// EachKey calls pressed for each key of msg, until gone reports that the program ends.
// Bubble Tea makes one message of letters that came in one read, as over a slow
// connection. What is longer than people type is marked as a paste.
func EachKey[M any](m M, msg tea.KeyMsg, pressed func(M, tea.KeyMsg) (M, tea.Cmd), gone func(M) bool) (M, tea.Cmd) {
	keys := []tea.KeyMsg{msg}
	switch n := len(msg.Runes); {
	case msg.Type != tea.KeyRunes || msg.Paste || n < 2:
	case n > mostTyped:
		keys[0].Paste = true
	default:
		keys = nil
		for _, r := range msg.Runes {
			one := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: msg.Alt}
			if r == ' ' {
				one.Type = tea.KeySpace
			}
			keys = append(keys, one)
		}
	}
	var cmds []tea.Cmd
	for _, one := range keys {
		if gone(m) {
			break
		}
		var cmd tea.Cmd
		m, cmd = pressed(m, one)
		cmds = append(cmds, cmd)
	}
	return m, tea.Batch(cmds...)
}

// IsText reports whether a key enters characters.
func IsText(msg tea.KeyMsg) bool { return msg.Type == tea.KeyRunes || msg.Type == tea.KeySpace }

// NewInput returns an empty editor of one line. Its text takes only what Typed returns.
func NewInput() textinput.Model {
	input := textinput.New()
	// The input's own paste runs a clipboard program; the terminal's paste arrives as a
	// key message.
	input.KeyMap.Paste = key.NewBinding(key.WithDisabled())
	input.Focus()
	return input
}

// Typed returns a key without control characters. The line breaks of a paste become
// spaces.
func Typed(msg tea.KeyMsg) tea.KeyMsg {
	var runes []rune
	for _, r := range msg.Runes {
		switch one := string(r); {
		case r == '\n' || r == '\r' || r == '\t':
			runes = append(runes, ' ')
		case clean.Line(one, 1) == one:
			runes = append(runes, r)
		}
	}
	msg.Runes = runes
	return msg
}
