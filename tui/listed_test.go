package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// everyKey returns all keys, without modifiers except ctrl, by their names in bindings.
func everyKey() map[string]tea.KeyMsg {
	all := map[string]tea.KeyMsg{}
	for r := rune(' '); r <= '~'; r++ {
		all[string(r)] = tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}}
	}
	for _, kind := range []tea.KeyType{
		tea.KeyEnter, tea.KeyEsc, tea.KeyTab, tea.KeyShiftTab, tea.KeyBackspace, tea.KeyDelete, tea.KeyInsert,
		tea.KeyUp, tea.KeyDown, tea.KeyLeft, tea.KeyRight, tea.KeyPgUp, tea.KeyPgDown, tea.KeyHome, tea.KeyEnd,
		tea.KeyCtrlA, tea.KeyCtrlB, tea.KeyCtrlC, tea.KeyCtrlD, tea.KeyCtrlE, tea.KeyCtrlF, tea.KeyCtrlG, tea.KeyCtrlH,
		tea.KeyCtrlK, tea.KeyCtrlL, tea.KeyCtrlN, tea.KeyCtrlO, tea.KeyCtrlP, tea.KeyCtrlR, tea.KeyCtrlT, tea.KeyCtrlU,
		tea.KeyCtrlW, tea.KeyCtrlX, tea.KeyCtrlY, tea.KeyCtrlZ, tea.KeyF1, tea.KeyF5,
	} {
		msg := tea.KeyMsg{Type: kind}
		all[msg.String()] = msg
	}
	return all
}

// screensByName returns one screen for each set of keys.
func screensByName(t *testing.T, width, height int) map[string]model {
	deps := catalogueDeps()
	two := opaqueRun()
	two.Results[4].Findings = []check.Finding{opaqueToken(), finding.New(finding.TokenExpiresSoon, finding.Warn, "it expires in a minute")}
	first := ends(drawn(t, deps, width, height), two)
	second := ends(first, goodRun())
	nothing, _ := beginDeps()
	return map[string]model{
		"nothing is set":  step(ends(drawn(t, nothing, width, height), nothingRun()), press("down")),
		"running":         midway(t, deps, width, height),
		"failed":          first,
		"good":            ends(drawn(t, deps, width, height), goodRun()),
		"an earlier run":  step(second, press("[")),
		"the fix":         step(first, press("enter")),
		"the evidence":    step(first, press("enter"), press("e")),
		"why":             step(first, press("enter"), press("i"), press("down")),
		"confirm":         step(first, press("enter"), press("v")),
		"the catalogue":   step(first, press("C"), press("up")),
		"a filter":        step(first, press("/"), press("e"), press("down")),
		"nothing is left": step(first, press("/"), press("z"), press("z")),
		"a page of it":    step(first, press("C"), press("enter"), press("down")),
	}
}

// state returns the parts of a model that a key can change.
func state(m model) string {
	return fmt.Sprint(m.notice, m.selected, m.moved, m.finding, m.language, m.open, m.tab, m.menu, m.prompt.asks, m.running, m.stopping, m.showing,
		m.pane.YOffset, m.browser.open, m.browser.reading, m.browser.typing, m.browser.filter, m.browser.at, m.browser.pane.YOffset, m.gone)
}

// TestEveryKeyIsListed presses every key on every screen. The help of the screen must list
// each key that has an effect.
func TestEveryKeyIsListed(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 24}} {
		for name, m := range screensByName(t, size[0], size[1]) {
			if size[0] > 80 && name != "failed" && name != "why" {
				continue // others have the same keys in a wide window
			}
			var listed []string
			for _, b := range m.full() {
				listed = append(listed, b.Keys...)
				for _, k := range b.Keys {
					if !slices.Contains(strings.Fields(b.Shown), m.keyName(k)) {
						t.Errorf("%s: the line %q does not name %s", name, b.Shown, k)
					}
				}
			}
			before, acts := state(m), 0
			for k, msg := range everyKey() {
				if m.browser.typing && (msg.Type == tea.KeyRunes || msg.Type == tea.KeyBackspace) {
					continue // text for the filter
				}
				after, cmd := m.Update(msg)
				if cmd == nil && state(after.(model)) == before {
					continue
				}
				acts++
				if !slices.Contains(listed, k) {
					t.Errorf("%s at %dx%d: %s does something and is not in the help", name, size[0], size[1], k)
				}
			}
			if acts < 3 {
				t.Errorf("%s: only %d keys do anything", name, acts)
			}
		}
	}
}
