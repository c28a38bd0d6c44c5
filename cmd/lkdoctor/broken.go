package main

import (
	"lkdoctor/checks"
	"lkdoctor/checks/report"
)

// brokenDocument is the one document of a run that could not begin: whoever
// parses stdout is never left with nothing.
func (a *app) brokenDocument(err error) {
	run := checks.Broken(checks.All(), a.now(), err.Error())
	// The exit code says it all if stdout cannot be written to.
	_ = report.JSON(a.out, report.NewDocument(run, toolVersion(), report.Style{}))
}
