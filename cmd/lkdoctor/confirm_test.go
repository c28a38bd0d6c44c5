package main

import (
	"os/exec"
	"strings"
	"testing"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
)

// TestConfirmingCommandsRunWithWhatTheRunHolds checks that a confirming command gets the
// run's token, and that its shown output hides tokens and secrets.
func TestConfirmingCommandsRunWithWhatTheRunHolds(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash")
	}
	l := startLab(t, "wrong-secret")
	e := examOf(t, l)
	c := e.newCase()
	e.once(t.Context(), c, func(check.Event) {})
	r := &reruns{exam: e, last: c}
	reads := func(command string, names ...string) catalogue.Confirm {
		confirm := catalogue.Confirm{Command: command}
		for _, name := range names {
			confirm.Variables = append(confirm.Variables, catalogue.Variable{Name: name})
		}
		return confirm
	}

	token := c.Held()["TOKEN"]
	if strings.Count(token, ".") != 2 {
		t.Fatalf("the run holds no token: %d characters", len(token))
	}
	printed, err := r.confirm(reads(`printf '%s' "$TOKEN" | wc -c; echo "$TOKEN $LIVEKIT_API_SECRET"; exit 3`, "TOKEN", "LIVEKIT_API_SECRET"))()
	if err != nil || !strings.Contains(printed, "\n") || strings.Contains(printed, token[len(token)-20:]) || strings.Contains(printed, l.Pair.Secret) {
		t.Errorf("printed %q, error %v", strings.ReplaceAll(printed, token, "(the token)"), err)
	}
	if printed, err = r.confirm(reads("yes | head -c 1000000"))(); err != nil || len(printed) > maxPrinted+8 {
		t.Errorf("%d bytes are kept, error %v", len(printed), err)
	}
	if r.confirm(reads(`echo "$TICKET"`, "TICKET")) != nil {
		t.Error("a ticket that is spent is offered")
	}
	if (&reruns{exam: e}).confirm(reads("true")) != nil {
		t.Error("there is something to confirm before the first run")
	}
}
