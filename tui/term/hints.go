package term

import (
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/wrap"
)

// Hints are key hints, laid out on lines as "t tone · v video". At finds the key at a
// position, for the mouse.
type Hints struct {
	Lines []string
	spots []spot
}

// spot is the position of a hint, in columns of a line.
type spot struct {
	line, from, to int
	key            string
}

// NewHints lays out the enabled keys on at most limit lines of width columns. If they do
// not fit, it leaves out keys from the end of most, and none of last.
func NewHints(s Styles, separator string, most, last []key.Binding, width, limit int) Hints {
	for {
		h := laid(s, separator, append(most[:len(most):len(most)], last...), width)
		if len(h.Lines) <= limit || len(most) == 0 {
			return h
		}
		most = most[:len(most)-1]
	}
}

func laid(s Styles, separator string, keys []key.Binding, width int) Hints {
	var h Hints
	line, used := "", 0
	for _, b := range keys {
		if !b.Enabled() {
			continue
		}
		takes := wrap.Width(b.Help().Key) + 1 + wrap.Width(b.Help().Desc)
		switch gap := wrap.Width(separator); {
		case used == 0:
		case used+gap+takes > width:
			h.Lines, line, used = append(h.Lines, line), "", 0
		default:
			line, used = line+s.Subtle.Render(separator), used+gap
		}
		h.spots = append(h.spots, spot{line: len(h.Lines), from: used, to: used + takes, key: b.Keys()[0]})
		line += s.Key.Render(b.Help().Key) + " " + s.Subtle.Render(b.Help().Desc)
		used += takes
	}
	if used > 0 {
		h.Lines = append(h.Lines, line)
	}
	return h
}

// At returns the key whose hint is at a line and a column, both from 0.
func (h Hints) At(line, column int) (key string, found bool) {
	for _, s := range h.spots {
		if s.line == line && s.from <= column && column < s.to {
			return s.key, true
		}
	}
	return "", false
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

// Keys are the keys of msg, one by one: Bubble Tea makes one message of letters that
// came in one read, as over a slow connection. What is longer than people type is
// marked as a paste.
func Keys(msg tea.KeyMsg) []tea.KeyMsg {
	if msg.Type != tea.KeyRunes || msg.Paste || len(msg.Runes) < 2 {
		return []tea.KeyMsg{msg}
	}
	if len(msg.Runes) > mostTyped {
		msg.Paste = true
		return []tea.KeyMsg{msg}
	}
	keys := make([]tea.KeyMsg, len(msg.Runes))
	for i, r := range msg.Runes {
		keys[i] = tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: msg.Alt}
		if r == ' ' {
			keys[i].Type = tea.KeySpace
		}
	}
	return keys
}
