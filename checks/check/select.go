package check

import (
	"fmt"
	"slices"
	"strings"

	"lkdoctor/checks/finding"
)

// Selection says which checks of a list run.
type Selection struct {
	// Only and Skip hold check or stage IDs. Only includes what its checks need and use.
	Only, Skip []string
	// SkipWhy says why Skip is left out. The zero Text names the flag.
	SkipWhy Text
	// LeaveOut returns why a check is left out even if Only includes it; the zero Text for
	// none. It may be nil.
	LeaveOut func(Spec) Text
}

// Validate returns an error for the first ID in Only or Skip that is neither a check
// nor a stage.
func (s Selection) Validate(specs []Spec) error {
	for _, id := range slices.Concat(s.Only, s.Skip) {
		if !slices.ContainsFunc(specs, func(c Spec) bool { return c.matches(id) }) {
			known := make([]string, len(specs))
			for i, c := range specs {
				known[i] = c.ID
			}
			return fmt.Errorf("%q is neither a check nor a stage (known: %s)", id, strings.Join(known, ", "))
		}
	}
	return nil
}

func (s Spec) matches(id string) bool { return s.ID == id || string(s.Stage) == id }

// Asked reports whether c itself was requested, not only included for another check.
func (s Selection) Asked(c Spec) bool {
	return s.why(c).IsZero() && (len(s.Only) == 0 || slices.ContainsFunc(s.Only, c.matches))
}

// Chosen returns the IDs of the checks to run.
func (s Selection) Chosen(specs []Spec) map[string]bool {
	chosen := make(map[string]bool, len(specs))
	var bring func(c Spec)
	bring = func(c Spec) {
		if chosen[c.ID] || !s.why(c).IsZero() {
			return
		}
		chosen[c.ID] = true
		for _, id := range c.reads() {
			if i := slices.IndexFunc(specs, func(o Spec) bool { return o.ID == id }); i >= 0 {
				bring(specs[i])
			}
		}
	}
	for _, c := range specs {
		if s.Asked(c) {
			bring(c)
		}
	}
	return chosen
}

// why returns why c is left out although others may need it.
func (s Selection) why(c Spec) Text {
	if s.LeaveOut != nil {
		if text := s.LeaveOut(c); !text.IsZero() {
			return text
		}
	}
	if slices.ContainsFunc(s.Skip, c.matches) {
		if !s.SkipWhy.IsZero() {
			return s.SkipWhy
		}
		return finding.Textf("not run: left out by --skip")
	}
	return Text{}
}

// Why returns why a check is not chosen, and names the flag that includes it.
func (s Selection) Why(c Spec) Text {
	if text := s.why(c); !text.IsZero() {
		return text
	}
	return finding.Textf("not run: not among --only")
}
