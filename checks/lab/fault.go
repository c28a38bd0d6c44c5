package lab

import (
	"fmt"
	"slices"
	"strings"

	"lkdoctor/checks/finding"
)

// Healthy is the name of the fault that breaks nothing.
const Healthy = "healthy"

// Fault is one way to break the lab, and the expected result of lkdoctor.
type Fault struct {
	// Name is what --fault takes.
	Name string
	// About says in one line what is broken.
	About string
	// Want are the codes that lkdoctor must find, the root cause first. It is empty if
	// nothing is wrong. lkdoctor may find others too.
	Want []finding.Code
	// Variant is the variant of the root cause; empty accepts any.
	Variant string
	// Owner is who must act; OwnerNone when nobody must.
	Owner finding.Owner
	// Warn reports whether the findings are warnings: the run passes with exit code 0.
	Warn bool
	// Ends is the reason, as LiveKit names it, with which the server ends a stay; empty if
	// it does not end one.
	Ends string
	// Flags reports whether lkdoctor finds this fault only with the flags of Lab.Args.
	Flags bool
	// Silent reports whether something never answers, so that a run waits for a time-out.
	Silent bool

	// changes are made to the plan of the lab before anything is started.
	changes []change
}

// by returns the constructor of the faults that owner must mend: code is the root cause,
// and the changes break the lab, in their order.
func by(owner finding.Owner) func(name, about string, code finding.Code, changes ...change) Fault {
	return func(name, about string, code finding.Code, changes ...change) Fault {
		f := working(name, about, changes...)
		f.Want, f.Owner = []finding.Code{code}, owner
		return f
	}
}

// working returns a fault with which nobody must act.
func working(name, about string, changes ...change) Fault {
	return Fault{Name: name, About: about, Owner: finding.OwnerNone, Flags: newPlan(Pair{}, changes).flags(), changes: changes}
}

// and returns f with further codes that lkdoctor must find.
func (f Fault) and(codes ...finding.Code) Fault {
	f.Want = slices.Concat(f.Want, codes)
	return f
}

// as returns f with the variant of its root cause.
func (f Fault) as(variant string) Fault {
	f.Variant = variant
	return f
}

// warning returns f with Warn set, silent with Silent.
func (f Fault) warning() Fault {
	f.Warn = true
	return f
}

func (f Fault) silent() Fault {
	f.Silent = true
	return f
}

// Fails reports whether lkdoctor's run must fail.
func (f Fault) Fails() bool { return len(f.Want) > 0 && !f.Warn }

// Faults lists every fault, sorted by name. To add one, add a row to the table
// of its stage (faults_env.go, faults_ticket.go, …).
func Faults() []Fault {
	all := slices.Concat(healthyFaults(), envFaults(), ticketFaults(), tokenFaults(), signatureFaults(), frontendFaults(), endpointFaults(),
		serverFaults(), proxyFaults(), joinFaults(), clientFaults(), mediaFaults(), turnFaults(), stayFaults())
	slices.SortFunc(all, func(a, b Fault) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Lookup returns the fault of that name. The empty name is Healthy.
func Lookup(name string) (Fault, error) {
	if name == "" {
		name = Healthy
	}
	for _, f := range Faults() {
		if f.Name == name {
			return f, nil
		}
	}
	return Fault{}, fmt.Errorf("no fault is called %q", name)
}
