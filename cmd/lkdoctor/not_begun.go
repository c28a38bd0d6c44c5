package main

import (
	"errors"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/report"
)

// notBegun ends a call of the checks that could not begin, or was interrupted
// before it had, and returns the exit code.
func (a *app) notBegun(f *flags, err error) int {
	a.complain("", err)
	if f.jsonOut {
		a.notBegunDocument(err)
	}
	_ = a.saveForMachines(f, a.notBegunRun(err), "") // stderr says it, and the exit code is that of a failure
	if errors.Is(err, errInterrupted) {
		return check.ExitInterrupted
	}
	return check.ExitDoctor
}

// notBegunDocument is the one document of a run that could not begin: whoever
// parses stdout is never left with nothing.
func (a *app) notBegunDocument(err error) {
	// The exit code says it all if stdout cannot be written to.
	_ = report.JSON(a.out, report.NewDocument(a.notBegunRun(err), toolVersion(), report.Style{}))
}

// notBegunRun is the run that err kept from beginning.
func (a *app) notBegunRun(err error) check.Run {
	switch {
	case errors.Is(err, errInterrupted):
		return checks.Interrupted(a.now())
	case errors.Is(err, check.ErrTimeout):
		return checks.Late(a.now(), err.Error())
	}
	return checks.Broken(a.now(), a.line(err.Error(), 300))
}
