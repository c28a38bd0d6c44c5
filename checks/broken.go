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
	run := Run{
		StartedAt: now, Target: Target{TokenSource: SourceNone}, Settings: []config.Shown{},
		Status: StatusError, ExitCode: ExitDoctor,
	}
	f := finding.New(finding.DoctorInternal, finding.Fail, "lkdoctor could not begin: %s", clean.Line(reason, 300)).
		Fixed("lkdoctor --help", "Mend what it says, and call it again.").By(finding.OwnerConfig)
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
		Owner: finding.OwnerConfig, RootCause: &Cause{Check: list[0].ID, Code: f.Code},
		Summary: f.Message, Cleared: []Owner{}, NextSteps: f.Fixes,
	}
	return run
}
