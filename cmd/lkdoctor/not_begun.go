package main

import (
	"errors"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/report"
)

// notBegun ends a call whose checks could not begin or were interrupted before. It
// returns the exit code.
func (a *app) notBegun(f *flags, err error) int {
	a.complain("", err)
	if f.jsonOut {
		a.notBegunDocument(err)
	}
	_ = a.saveForMachines(f, a.notBegunRun(err), "") // the error is on stderr, and the exit code is that of a failure
	if errors.Is(err, errInterrupted) {
		return check.ExitInterrupted
	}
	return check.ExitDoctor
}

// notBegunDocument prints the JSON document of a run that could not begin, so that
// stdout always has one.
func (a *app) notBegunDocument(err error) {
	// If stdout cannot be written to, the exit code still reports the failure.
	_ = report.JSON(a.out, report.NewDocument(a.notBegunRun(err), toolVersion(), report.Style{}))
}

// notBegunRun returns the run that err kept from beginning.
func (a *app) notBegunRun(err error) check.Run {
	switch {
	case errors.Is(err, errInterrupted):
		return checks.Interrupted(a.now())
	case errors.Is(err, check.ErrTimeout):
		return checks.Late(a.now(), err.Error())
	}
	return checks.Broken(a.now(), a.line(err.Error(), 300))
}
