package progress

import (
	"strings"
	"testing"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

func spec(id string, stage check.Stage) check.Spec {
	return check.Spec{ID: id, Stage: stage, Title: finding.Textf("it works"), Short: finding.Textf("trying it")}
}

func ended(id string, status check.Status, skip *check.Skip) check.Event {
	return check.Event{Kind: check.CheckEnded, ID: id, Result: check.Result{Status: status, Skip: skip}}
}

// TestTheTicketRowIsNamedAfterWhatIsAsked checks that the row names the app if the run
// asked one for the token, and the ticket service otherwise.
func TestTheTicketRowIsNamedAfterWhatIsAsked(t *testing.T) {
	plan := []check.Spec{
		spec("ticket.reach", check.StageTicket), spec("ticket.frontend", check.StageTicket), spec("token.format", check.StageToken),
	}
	notHere := &check.Skip{Reason: check.NotApplicable, Text: finding.Textf("not checked")}
	for name, test := range map[string]struct {
		app bool
		row string
	}{
		"a ticket service": {false, "Ticket service"},
		"an app":           {true, "App"},
	} {
		reach, frontend := ended("ticket.reach", check.StatusFail, nil), ended("ticket.frontend", check.StatusSkip, notHere)
		if test.app {
			reach, frontend = ended("ticket.reach", check.StatusPass, nil), ended("ticket.frontend", check.StatusFail, nil)
		}
		rows := New(plan).With(reach).With(frontend).Rows()
		if got := rows[0].Name.String(); got != test.row {
			t.Errorf("%s: the row is called %s", name, got)
		}
	}
	if got := New(plan).Rows()[0].Name.String(); got != "Ticket service" {
		t.Errorf("before anything is known the row is called %s", got)
	}
}

// TestASkippedCheckIsNamed checks that a row names a check that the user skipped, and is
// not shown as passed.
func TestASkippedCheckIsNamed(t *testing.T) {
	for status, want := range map[check.Status]State{check.StatusPass: Skipped, check.StatusWarn: Warned, check.StatusFail: Failed} {
		other := ended("join.media", status, nil)
		other.Result.Outcome.Text = finding.Textf("joined")
		if status != check.StatusPass {
			other.Result.Findings = []finding.Finding{finding.New(finding.MediaFailed, finding.Fail, "no media")}
		}
		byHand := &check.Skip{Reason: check.NotRequested, ByHand: true, Text: finding.Textf("skipped by you")}
		row := New([]check.Spec{spec("join.media", check.StageJoin), spec("join.agent", check.StageJoin)}).
			With(other).With(ended("join.agent", check.StatusSkip, byHand)).Rows()[0]
		if row.State != want || !strings.Contains(row.Line.String(), "skipped by you: trying it") {
			t.Errorf("%s: %s, %q", status, row.State, row.Line)
		}
	}
}
