package tui

import (
	"errors"
	"strings"
	"testing"

	"lkdoctor/checks/catalogue"
	"lkdoctor/tui/term"
)

func TestConfirmingIsOfferedAndTold(t *testing.T) {
	deps, _ := testDeps()
	if m := step(ends(drawn(t, deps, 80, 24), opaqueRun()), press("v"), press("v")); len(m.confirmed) > 0 {
		t.Error("v ran something although nothing can be run")
	}
	var printed string
	var failure error
	deps.Confirm = func(c catalogue.Confirm) func() (string, error) {
		if c.Command == "" {
			return nil
		}
		return func() (string, error) { return printed, failure }
	}
	m := ends(drawn(t, deps, 80, 24), opaqueRun())
	if m = step(m, press("v")); len(m.confirmed) > 0 {
		t.Fatal("opening the tab ran the command")
	}
	printed = "0\x1b[2J"
	next, cmd := m.Update(press("v"))
	m = next.(model)
	if _, again := term.Find(laid(m).actions(), press("v")); !strings.Contains(m.View(), "It runs") || again {
		t.Errorf("that it runs is not shown:\n%s", m.View())
	}
	m = step(m, cmd())
	golden(t, "confirmed_80x24", m.View())
	failure = errors.New("no node here")
	next, cmd = m.Update(press("v"))
	if m = step(next.(model), cmd()); !strings.Contains(m.View(), "Here it did not run: no node here") {
		t.Errorf("the failure is not shown:\n%s", m.View())
	}
	late := cmd()
	m = step(m, press("t"), paste("tkt_2"), press("enter"))
	if m = step(ends(m, opaqueRun()), late); len(m.confirmed) > 0 {
		t.Error("what was printed for another run is shown")
	}
}
