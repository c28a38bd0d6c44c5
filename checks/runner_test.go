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

// newTestCase returns a Case at a fixed time. A nil settings means empty settings.
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

// checkOf returns a check of c.
func checkOf(c *Case, id string) Check {
	list := All(c)
	return list[slices.IndexFunc(list, func(k Check) bool { return k.ID == id })]
}

// TestRegistry checks what must be true of every check.
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

// TestAnUndeclaredProductPanics checks that only the check that makes a product and
// those that declare that check can read it.
func TestAnUndeclaredProductPanics(t *testing.T) {
	made := &products{}
	value := 7
	(&Case{made: made, reader: &Spec{ID: "a.one"}}).produce(&value)
	for reader, allowed := range map[*Spec]bool{
		nil: true, {ID: "a.one"}: true, {ID: "b.two", Needs: []string{"a.one"}}: true, {ID: "b.two", Uses: []string{"a.one"}}: true,
		{ID: "b.two"}: false, {ID: "b.two", Uses: []string{"c.three"}}: false,
	} {
		func() {
			defer func() {
				if panicked := recover() != nil; panicked == allowed {
					t.Errorf("%+v: panicked %v", reader, panicked)
				}
			}()
			if got := product[int](&Case{made: made, reader: reader}, "a.one"); *got != 7 {
				t.Errorf("%+v reads %d", reader, *got)
			}
		}()
	}
}
