package progress

import (
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

// A row that another kept from running names that row, as it stands on the
// screen: the app's, where the app was asked for the token.
func TestSkippedRowsNameTheRowThatFailed(t *testing.T) {
	plan := []check.Spec{
		spec("ticket.reach", check.StageTicket), spec("ticket.frontend", check.StageTicket), spec("token.format", check.StageToken),
	}
	notHere := &check.Skip{Reason: check.NotApplicable, Text: finding.Textf("not checked")}
	for name, test := range map[string]struct {
		app      bool
		row, why string
	}{
		"a ticket service": {false, "Ticket service", "not run: Ticket service failed"},
		"an app":           {true, "App", "not run: App failed"},
	} {
		reach, frontend, by := ended("ticket.reach", check.StatusFail, nil), ended("ticket.frontend", check.StatusSkip, notHere), "ticket.reach"
		if test.app {
			reach, frontend, by = ended("ticket.reach", check.StatusPass, nil), ended("ticket.frontend", check.StatusFail, nil), "ticket.frontend"
		}
		rows := New(plan).With(reach).With(frontend).
			With(ended("token.format", check.StatusSkip, &check.Skip{Reason: check.Blocked, By: by, Text: finding.Textf("not run: needs “%s”", "it works")})).Rows()
		if got := rows[0].Name.String(); got != test.row {
			t.Errorf("%s: the row is called %s", name, got)
		}
		if got := rows[1].Line.String(); got != test.why {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := New(plan).Rows()[0].Name.String(); got != "Ticket service" {
		t.Errorf("before anything is known the row is called %s", got)
	}
}
