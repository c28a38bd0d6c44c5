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

// The ticket row is named after what is asked for the token: the service, or the app
// where that was asked.
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
