package checks

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/lab"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

func TestExitCode(t *testing.T) {
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	late, end := context.WithDeadlineCause(t.Context(), time.Unix(0, 0), check.ErrTimeout)
	defer end()
	for name, tt := range map[string]struct {
		ctx     context.Context
		summary check.Summary
		strict  bool
		want    int
	}{
		"passed":           {t.Context(), check.Summary{Pass: 1}, true, 0},
		"warned":           {t.Context(), check.Summary{Pass: 1, Warn: 1}, false, 0},
		"warned, --strict": {t.Context(), check.Summary{Pass: 1, Warn: 1}, true, 1},
		"failed":           {t.Context(), check.Summary{Pass: 1, Fail: 1}, false, 1},
		"in error":         {t.Context(), check.Summary{Fail: 1, Error: 1}, false, 2},
		"interrupted":      {stopped, check.Summary{Error: 1}, false, 130},
		"over, then stopped": {
			stopped, check.Summary{Fail: 1}, false, 1},
		"--timeout": {late, check.Summary{Error: 1}, false, 2},
	} {
		if got := exitCode(tt.ctx, check.Run{Summary: tt.summary}, tt.strict); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

// TestTheTicketIsSentOnce checks that lkdoctor does not send a ticket again when the
// service closes the connection, nor when a run continues an earlier one.
func TestTheTicketIsSentOnce(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"hangs up": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"answers": func(w http.ResponseWriter) {
			_, _ = w.Write([]byte(`{"token":"lk_demo_x","url":"ws://127.0.0.1:9","room":"r"}`))
		},
	} {
		var sent atomic.Int32
		service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				sent.Add(1)
				answer(w)
			}
		}))
		settings, err := config.Load(config.Inputs{Dir: t.TempDir(), Environ: []string{
			"LIVEKIT_URL=ws://127.0.0.1:9", "USER_MGMT_BASE_URL=" + service.URL, "LKDOCTOR_TICKET=tkt_single",
		}})
		if err != nil {
			t.Fatal(err)
		}
		first := newTestCase(t, settings)
		first.Options.Only = []string{"ticket"}
		run := Do(t.Context(), first, false, func(check.Event) {})
		next := newTestCase(t, settings)
		next.Options.Only = []string{"ticket", "token"}
		next.Continue(first, run.Results, check.StageToken)
		Do(t.Context(), next, false, func(check.Event) {})
		service.Close()
		if sent.Load() != 1 {
			t.Errorf("%s: sent %d times", name, sent.Load())
		}
	}
}

// TestAChangedSecretJudgesAKeptToken checks that a watch or rerun verifies the token
// of the earlier run with the secret that is configured now.
func TestAChangedSecretJudgesAKeptToken(t *testing.T) {
	l, err := lab.Start(t.Context(), lab.Options{Fault: "healthy-env-files"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	in := config.Inputs{Dir: l.Dir(), Environ: l.Environ()}
	load := func() *Case {
		settings, err := config.Load(in)
		if err != nil {
			t.Fatal(err)
		}
		c := newTestCase(t, settings)
		c.Now, c.Options.Only = time.Now, []string{"ticket", "token", "signature.local"}
		return c
	}
	local := func(run check.Run) check.Status {
		for _, r := range run.Results {
			if r.Check.ID == "signature.local" {
				return r.Status
			}
		}
		return ""
	}
	first := load()
	run := Do(t.Context(), first, false, func(check.Event) {})
	if got := local(run); got != check.StatusPass {
		t.Fatalf("with the right secret: %s", got)
	}
	for name, goesOn := range map[string]func(*Case){
		"a watch":                func(c *Case) { c.Watch(first, run.Results) },
		"a rerun from Signature": func(c *Case) { c.Continue(first, run.Results, check.StageSignature) },
		"a rerun from Live join": func(c *Case) { c.Continue(first, run.Results, check.StageJoin) },
	} {
		for secret, want := range map[string]check.Status{first.Settings.APISecret.Secret.Reveal(): check.StatusPass,
			"another-secret-of-more-than-32-characters": check.StatusFail} {
			in.Flags = map[string]string{"api-secret": secret}
			next := load()
			goesOn(next)
			if got := local(Do(t.Context(), next, false, func(check.Event) {})); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
	}
}

// TestAPresentParticipantIsNotThrownOut runs the checks with the identity of a
// participant who is in the room, and wants JOIN_WOULD_EVICT.
func TestAPresentParticipantIsNotThrownOut(t *testing.T) {
	l, err := lab.Start(t.Context(), lab.Options{Fault: "would-evict"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	settings, err := config.Load(config.Inputs{Dir: l.Dir(), Environ: l.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	c := newTestCase(t, settings)
	c.Now, c.Redact = time.Now, clean.NewRedactor()
	found := false
	for _, f := range Do(t.Context(), c, false, func(check.Event) {}).Findings(finding.Warn) {
		found = found || f.Finding.Code == finding.JoinWouldEvict
	}
	if !found {
		t.Error("no JOIN_WOULD_EVICT")
	}
}
