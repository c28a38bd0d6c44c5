package main

import (
	"slices"
	"testing"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/lab"
)

// TestOnlyChecksWhatItSays checks that --only with one check either runs it or has an exit
// code other than 0.
func TestOnlyChecksWhatItSays(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, TestEveryFaultInEveryFace alone examines a fault a check")
	}
	for _, fault := range []string{"healthy", "opaque-token"} {
		for _, spec := range checks.Specs() {
			t.Run(fault+"/"+spec.ID, func(t *testing.T) {
				t.Parallel()
				run := onlyRun(t, startLab(t, fault), spec.ID)
				i := slices.IndexFunc(run.Results, func(r check.Result) bool { return r.Check.ID == spec.ID })
				ran := run.Results[i].Status != check.StatusSkip
				if !ran && run.ExitCode == check.ExitOK {
					t.Errorf("did not run (%s), and the exit code is 0", run.Results[i].Skip.Text)
				}
				if !ran && run.Summary.Fail == 0 && (run.ExitCode != check.ExitDoctor || run.Status != check.StatusError || len(run.Diagnosis.NextSteps) == 0) {
					t.Errorf("nothing was checked: exit code %d, status %s, %s", run.ExitCode, run.Status, run.Diagnosis.Summary)
				}
				if spec.Stage == check.StageToken && fault == "opaque-token" && run.ExitCode != check.ExitFailed {
					t.Errorf("the incident is not found: exit code %d, %s", run.ExitCode, run.Diagnosis.Summary)
				}
			})
		}
	}
}

// onlyRun runs one check, and those that it reads, against l.
func onlyRun(t *testing.T, l *lab.Lab, id string) check.Run {
	t.Helper()
	e := examOf(t, l)
	e.options.Only, e.options.Media = []string{id}, true
	c := e.newCase()
	c.Net.Roots = l.Roots()
	return e.once(t.Context(), c, func(check.Event) {})
}
