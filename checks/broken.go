package checks

import (
	"time"

	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
	"lkdoctor/config"
)

// Broken is the run of a doctor that could not begin: the first check carries
// the reason, the others were not run. The exit code is that of a doctor's own
// failure.
func Broken(list []Check, now time.Time, reason string) Run {
	return unbegun(list, now, ExitDoctor, finding.New(finding.DoctorInternal, finding.Fail, "lkdoctor could not begin: %s", clean.Line(reason, 300)).
		Fixed("lkdoctor --help", "Mend what it says, and call it again.").By(finding.OwnerConfig))
}

// Interrupted is the run of a doctor that was told to stop before it had begun.
func Interrupted(list []Check, now time.Time) Run {
	return unbegun(list, now, ExitInterrupted, finding.New(finding.DoctorCancelled, finding.Fail, "interrupted before this check had ended").
		Fixed("", "Run it again.").By(finding.OwnerNone))
}

// unbegun is a run in which nothing was checked, because of f.
func unbegun(list []Check, now time.Time, exit int, f Finding) Run {
	run := Run{
		StartedAt: now, Target: Target{TokenSource: SourceNone}, Settings: []config.Shown{},
		Status: StatusError, ExitCode: exit,
	}
	for i, check := range list {
		if i == 0 {
			run.Results = append(run.Results, Result{Check: check, Status: StatusError, Findings: []Finding{f}})
			continue
		}
		run.Results = append(run.Results, Result{Check: check, Status: StatusSkip, Skip: &Skip{
			Reason: Blocked, By: list[0].ID, Text: finding.Textf("not run: lkdoctor could not begin"),
		}})
	}
	run.Summary = summarise(run.Results)
	run.Diagnosis = Diagnosis{
		Owner: f.Owner, RootCause: &Cause{Check: list[0].ID, Code: f.Code},
		Summary: f.Message, Cleared: []Owner{}, NextSteps: f.Fixes,
	}
	return run
}
