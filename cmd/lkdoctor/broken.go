package main

import (
	"errors"
	"fmt"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/clean"
	"lkdoctor/checks/report"
)

// broken ends a call of the checks that could not begin, or was interrupted
// before it had, and returns the exit code.
func (a *app) broken(f *flags, err error) int {
	fmt.Fprintf(a.err, "lkdoctor: %s\n", clean.Line(err.Error(), 300))
	if f.jsonOut {
		a.brokenDocument(err)
	}
	if errors.Is(err, errInterrupted) {
		return check.ExitInterrupted
	}
	return check.ExitDoctor
}

// brokenDocument is the one document of a run that could not begin: whoever
// parses stdout is never left with nothing.
func (a *app) brokenDocument(err error) {
	run := checks.Broken(a.now(), err.Error())
	if errors.Is(err, errInterrupted) {
		run = checks.Interrupted(a.now())
	}
	// The exit code says it all if stdout cannot be written to.
	_ = report.JSON(a.out, report.NewDocument(run, toolVersion(), report.Style{}))
}
