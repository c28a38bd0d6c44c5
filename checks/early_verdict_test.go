package checks

import (
	"context"
	"testing"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

// TestVerdictAskedEarly checks that the server is asked for its verdict before the
// check that reports it begins, which saves a round trip.
func TestVerdictAskedEarly(t *testing.T) {
	const rtt = 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	l, err := lab.Start(ctx, lab.Options{RTT: rtt})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	settings, err := config.Load(config.Inputs{Dir: t.TempDir(), Environ: []string{
		"LIVEKIT_URL=" + l.URL, "LIVEKIT_API_KEY=" + l.Pair.Key, "LIVEKIT_API_SECRET=" + l.Pair.Secret}})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		options Options
		asked   bool
	}{
		"a dev token":                  {Options{}, true},
		"only whether it is reachable": {Options{Only: []string{"join.reach"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := &Case{Settings: settings, Options: tt.options, Now: time.Now, Net: &probe.Net{}, Redact: clean.NewRedactor(), Nonce: "0000abcd"}
			run := Do(ctx, c, false, func(check.Event) {})
			if asked := c.asked() != nil; asked != tt.asked {
				t.Fatalf("asked early: %v", asked)
			}
			if tt.asked && (c.dev() != c.asked().dev || acceptance(c.dev().Verdict) != diagnosis.Yes) {
				t.Error("the answer to the question that was asked early is not the one that was used")
			}
			if run.ExitCode != check.ExitOK {
				t.Errorf("exit code %d: %s", run.ExitCode, run.Diagnosis.Summary)
			}
		})
	}
}
