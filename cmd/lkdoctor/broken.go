package main

import (
	"errors"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/report"
)

// broken ends a call of the checks that could not begin, or was interrupted
// before it had, and returns the exit code.
func (a *app) broken(f *flags, err error) int {
	a.complain("", err)
	if f.jsonOut {
		a.brokenDocument(err)
	}
	_ = a.saveForMachines(f, a.brokenRun(err), "") // stderr says it, and the exit code is that of a failure
	if errors.Is(err, errInterrupted) {
		return check.ExitInterrupted
	}
	return check.ExitDoctor
}

// brokenDocument is the one document of a run that could not begin: whoever
// parses stdout is never left with nothing.
func (a *app) brokenDocument(err error) {
	// The exit code says it all if stdout cannot be written to.
	_ = report.JSON(a.out, report.NewDocument(a.brokenRun(err), toolVersion(), report.Style{}))
}

// brokenRun is the run that err kept from beginning.
func (a *app) brokenRun(err error) check.Run {
	switch {
	case errors.Is(err, errInterrupted):
		return checks.Interrupted(a.now())
	case errors.Is(err, check.ErrTimeout):
		return checks.Late(a.now(), err.Error())
	}
	return checks.Broken(a.now(), a.line(err.Error(), 300))
}
