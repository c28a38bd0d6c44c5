package lab

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lkdoctor/checks/codetest"
	"lkdoctor/checks/finding"
)

func TestFaultsAreComplete(t *testing.T) {
	known := finding.Codes()
	owners := []finding.Owner{finding.OwnerConfig, finding.OwnerTicketService, finding.OwnerFrontend,
		finding.OwnerLiveKitServer, finding.OwnerNetwork, finding.OwnerClock, finding.OwnerAgent, finding.OwnerNone, finding.OwnerUnknown}
	name := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	faults := Faults()
	for _, f := range faults {
		if seen[f.Name] {
			t.Errorf("%s: two faults have this name", f.Name)
		}
		seen[f.Name] = true
		if !name.MatchString(f.Name) {
			t.Errorf("%s: not a name in lower case with hyphens", f.Name)
		}
		if f.About == "" || strings.ContainsAny(f.About, "\n\x1b") {
			t.Errorf("%s: About is %q, want one line", f.Name, f.About)
		}
		if !slices.Contains(owners, f.Owner) {
			t.Errorf("%s: nobody is called %q", f.Name, f.Owner)
		}
		if f.Fails() && f.Owner == finding.OwnerNone || len(f.Want) == 0 && f.Owner != finding.OwnerNone {
			t.Errorf("%s: owner %s with findings %v", f.Name, f.Owner, f.Want)
		}
		for _, code := range f.Want {
			if !slices.Contains(known, code) {
				t.Errorf("%s: there is no code %s", f.Name, code)
			}
		}
	}
	if !slices.IsSortedFunc(faults, func(a, b Fault) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the faults are not sorted by name")
	}
}

func TestUnknownFault(t *testing.T) {
	if _, err := Start(t.Context(), Options{Fault: "no-such-fault"}); err == nil || !strings.Contains(err.Error(), "no-such-fault") {
		t.Errorf("got %v, want an error that names the fault", err)
	}
}

// TestEveryFaultStartsAndStops starts and stops each lab in parallel. After the last, no
// goroutine of a lab may run. -run with a fault's name checks that fault alone.
func TestEveryFaultStartsAndStops(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, the tests of cmd/lkdoctor start a fault a check")
	}
	t.Cleanup(func() { // runs after the last fault
		if stack := running(); stack != "" {
			t.Errorf("still running:\n%s", stack)
		}
	})
	for _, f := range Faults() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			l, err := Start(t.Context(), Options{Fault: f.Name})
			if err != nil {
				t.Fatal(err)
			}
			if f.Flags != (len(l.Args()) > 0) {
				t.Errorf("Flags is %v, and the flags are %q", f.Flags, l.Args())
			}
			for _, variable := range l.Environ() {
				if strings.ContainsRune(variable, 0) {
					t.Errorf("no process can have the variable %q", variable)
				}
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(l.Dir()); !os.IsNotExist(err) {
				t.Errorf("its folder is still there: %v", err)
			}
		})
	}
}

// running returns the stacks of goroutines that run code of this package other than
// tests.
func running() string {
	return codetest.Goroutines(func(stack string) bool {
		return strings.Contains(stack, "lkdoctor/checks/lab.") && !strings.Contains(stack, "lkdoctor/checks/lab.Test") &&
			!strings.Contains(stack, "lkdoctor/checks/lab.running")
	})
}
