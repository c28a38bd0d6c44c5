package checks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/probe"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

// newTestCase is a patient without settings, at a fixed time.
func newTestCase(t *testing.T, settings *config.Settings) *Case {
	t.Helper()
	if settings == nil {
		settings = &config.Settings{Env: config.Variables{}}
	}
	return &Case{
		Settings: settings,
		Now:      func() time.Time { return time.Date(2026, 11, 23, 7, 15, 0, 0, time.UTC) },
		Net:      &probe.Net{}, Redact: clean.NewRedactor(), Nonce: "00000000",
	}
}

// TestRegistry holds the rules that every check keeps.
func TestRegistry(t *testing.T) {
	seen := map[string]bool{}
	list := All(nil)
	for _, c := range list {
		if seen[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		seen[c.ID] = true
		if !strings.HasPrefix(c.ID, string(c.Stage)+".") {
			t.Errorf("%s is not named after its stage %s", c.ID, c.Stage)
		}
		if c.Title.IsZero() || c.Short.IsZero() || c.Run == nil || c.Timeout <= 0 {
			t.Errorf("%s lacks a title, a short name, a time-out or Run", c.ID)
		}
	}
	for _, c := range list {
		for _, need := range c.Needs {
			if i := slices.IndexFunc(list, func(c Check) bool { return c.ID == need }); i >= 0 && list[i].Lacks.IsZero() {
				t.Errorf("%s has no words for what %s lacks without it", need, c.ID)
			}
		}
		for _, id := range append(append([]string{}, c.Needs...), c.Uses...) {
			if !seen[id] {
				t.Errorf("%s waits for %s, which does not exist", c.ID, id)
			}
		}
	}
	acyclic(t, list)
}

func acyclic(t *testing.T, list []Check) {
	t.Helper()
	waits := map[string][]string{}
	for _, c := range list {
		waits[c.ID] = append(append([]string{}, c.Needs...), c.Uses...)
	}
	state := map[string]int{}
	var visit func(id string)
	visit = func(id string) {
		if state[id] == 1 {
			t.Fatalf("%s waits for itself", id)
		}
		if state[id] == 2 {
			return
		}
		state[id] = 1
		for _, next := range waits[id] {
			visit(next)
		}
		state[id] = 2
	}
	for id := range waits {
		visit(id)
	}
}
