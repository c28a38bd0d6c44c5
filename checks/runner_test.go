package checks

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/config"
)

// newTestCase is a patient without settings, at a fixed time.
func newTestCase(t *testing.T, settings *config.Settings) *Case {
	t.Helper()
	if settings == nil {
		settings = &config.Settings{Env: &config.Variables{}}
	}
	return &Case{
		Settings: settings,
		Now:      func() time.Time { return time.Date(2026, 11, 23, 7, 15, 0, 0, time.UTC) },
		Net:      &probe.Net{}, Redact: clean.NewRedactor(), Nonce: "00000000",
	}
}

func failing(code Code) func(context.Context, *Case) []Finding {
	return func(context.Context, *Case) []Finding {
		return []Finding{finding.New(code, finding.Fail, "made to fail")}
	}
}

func passing(context.Context, *Case) []Finding { return nil }

func statuses(results []Result) map[string]Status {
	out := map[string]Status{}
	for _, r := range results {
		out[r.Check.ID] = r.Status
	}
	return out
}

func TestSkipsNameTheFirstCause(t *testing.T) {
	list := []Check{
		{ID: "a.one", Run: failing(finding.TokenOpaque), Title: finding.Textf("One holds")},
		{ID: "b.two", Run: passing, Needs: []string{"a.one"}, Title: finding.Textf("Two holds")},
		{ID: "c.three", Run: passing, Needs: []string{"b.two"}},
		{ID: "d.four", Run: passing},
	}
	results := Execute(t.Context(), newTestCase(t, nil), list, func(Event) {})
	want := map[string]Status{"a.one": StatusFail, "b.two": StatusSkip, "c.three": StatusSkip, "d.four": StatusPass}
	if diff := cmp.Diff(want, statuses(results)); diff != "" {
		t.Fatal(diff)
	}
	for _, r := range results[1:3] {
		if r.Skip.Reason != Blocked || r.Skip.By != "a.one" || r.Skip.Text.String() != "not run: needs One holds" {
			t.Errorf("%s: skip %+v", r.Check.ID, r.Skip)
		}
	}
}

func TestNotApplicableIsNoFailureAndPropagates(t *testing.T) {
	list := []Check{
		{ID: "a.one", Run: passing, Ready: func(*Case, Ended) *Skip { return NotHere("not checked: nothing there") }},
		{ID: "b.two", Run: passing, Needs: []string{"a.one"}},
		{ID: "c.three", Run: passing, After: []string{"a.one"}},
	}
	results := Execute(t.Context(), newTestCase(t, nil), list, func(Event) {})
	if results[1].Skip == nil || results[1].Skip.Reason != NotApplicable {
		t.Errorf("needs: %+v", results[1].Skip)
	}
	if results[2].Status != StatusPass {
		t.Errorf("after: %v", results[2].Status)
	}
}

// TestIndependentChecksOverlap cannot pass when one waits for the other: each
// needs the other to have begun.
func TestIndependentChecksOverlap(t *testing.T) {
	first, second := make(chan struct{}), make(chan struct{})
	meet := func(mine, other chan struct{}) func(context.Context, *Case) []Finding {
		return func(ctx context.Context, _ *Case) []Finding {
			close(mine)
			select {
			case <-other:
				return nil
			case <-ctx.Done():
				return []Finding{finding.New(finding.TicketTimeout, finding.Fail, "never met")}
			}
		}
	}
	list := []Check{
		{ID: "a.one", Run: meet(first, second), Timeout: 5 * time.Second},
		{ID: "b.two", Run: meet(second, first), Timeout: 5 * time.Second},
	}
	for _, r := range Execute(t.Context(), newTestCase(t, nil), list, func(Event) {}) {
		if r.Status != StatusPass {
			t.Errorf("%s: %v", r.Check.ID, r.Status)
		}
	}
}

func TestAPanicIsAnErrorAndKeepsSecretsToItself(t *testing.T) {
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJBUEkifQ.c2lnbmF0dXJlLWNhbmFyeQ"
	list := []Check{
		{ID: "a.one", Run: func(context.Context, *Case) []Finding { panic("lost " + jwt) }},
		{ID: "b.two", Run: passing, Needs: []string{"a.one"}},
	}
	results := Execute(t.Context(), newTestCase(t, nil), list, func(Event) {})
	if results[0].Status != StatusError || results[0].Findings[0].Code != finding.DoctorInternal {
		t.Fatalf("%+v", results[0])
	}
	if text := results[0].Findings[0].Message.String(); strings.Contains(text, "c2lnbmF0dXJl") {
		t.Errorf("the panic's token is shown: %s", text)
	}
	if results[1].Status != StatusSkip || results[1].Skip.By != "a.one" {
		t.Errorf("%+v", results[1].Skip)
	}
}

func TestACheckThatIgnoresItsDeadlineIsAbandoned(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	list := []Check{{ID: "a.one", Timeout: time.Millisecond, Run: func(context.Context, *Case) []Finding { <-release; return nil }}}
	begin := time.Now()
	results := Execute(t.Context(), newTestCase(t, nil), list, func(Event) {})
	if results[0].Status != StatusError || results[0].Findings[0].Code != finding.DoctorTimeout {
		t.Fatalf("%+v", results[0])
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestAStoppedRunKeepsWhatWasFinished(t *testing.T) {
	for name, tt := range map[string]struct {
		cause error
		code  Code
		exit  int
	}{
		"DOCTOR_CANCELLED": {context.Canceled, finding.DoctorCancelled, ExitInterrupted},
		"DOCTOR_TIMEOUT":   {ErrTimeout, finding.DoctorTimeout, ExitDoctor},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			list := []Check{
				{ID: "a.one", Run: failing(finding.TokenOpaque)},
				{ID: "b.two", Timeout: time.Minute, After: []string{"a.one"}, Run: func(ctx context.Context, _ *Case) []Finding {
					cancel(tt.cause)
					<-ctx.Done()
					return nil
				}},
				{ID: "c.three", Run: passing, Needs: []string{"b.two"}},
			}
			run := Do(ctx, newTestCase(t, nil), list, false, func(Event) {})
			want := map[string]Status{"a.one": StatusFail, "b.two": StatusError, "c.three": StatusSkip}
			if diff := cmp.Diff(want, statuses(run.Results)); diff != "" {
				t.Fatal(diff)
			}
			if got := run.Results[1].Findings[0].Code; got != tt.code {
				t.Errorf("code %s, want %s", got, tt.code)
			}
			if run.ExitCode != tt.exit || run.Status != StatusError {
				t.Errorf("exit %d, status %s", run.ExitCode, run.Status)
			}
			if run.Diagnosis.RootCause.Code != finding.TokenOpaque {
				t.Errorf("what was finished is not diagnosed: %+v", run.Diagnosis.RootCause)
			}
		})
	}
}

func TestOnlyBringsWhatItNeeds(t *testing.T) {
	list := []Check{
		{ID: "a.one", Stage: "a", Run: passing}, {ID: "b.two", Stage: "b", Run: passing, Needs: []string{"a.one"}},
		{ID: "c.three", Stage: "c", Run: passing},
	}
	c := newTestCase(t, nil)
	c.Options.Only = []string{"b"}
	want := map[string]Status{"a.one": StatusPass, "b.two": StatusPass, "c.three": StatusSkip}
	if diff := cmp.Diff(want, statuses(Execute(t.Context(), c, list, func(Event) {}))); diff != "" {
		t.Error(diff)
	}
	c.Options = Options{Skip: []string{"b.two"}}
	want = map[string]Status{"a.one": StatusPass, "b.two": StatusSkip, "c.three": StatusPass}
	if diff := cmp.Diff(want, statuses(Execute(t.Context(), c, list, func(Event) {}))); diff != "" {
		t.Error(diff)
	}
	if err := (Options{Only: []string{"nothing.here"}}).Validate(list); err == nil {
		t.Error("an unknown ID is not refused")
	}
}

// TestRegistry holds the rules that every check keeps.
func TestRegistry(t *testing.T) {
	seen := map[string]bool{}
	list := All()
	for _, c := range list {
		if seen[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		seen[c.ID] = true
		if !strings.HasPrefix(c.ID, string(c.Stage)+".") {
			t.Errorf("%s is not named after its stage %s", c.ID, c.Stage)
		}
		if c.Title.IsZero() || c.Short.IsZero() || c.Run == nil || c.Timeout <= 0 {
			t.Errorf("%s lacks a title, a short name, a time-out or Run", c.ID)
		}
	}
	for _, c := range list {
		for _, id := range append(append([]string{}, c.Needs...), c.After...) {
			if !seen[id] {
				t.Errorf("%s waits for %s, which does not exist", c.ID, id)
			}
		}
	}
	acyclic(t, list)
}

func acyclic(t *testing.T, list []Check) {
	t.Helper()
	waits := map[string][]string{}
	for _, c := range list {
		waits[c.ID] = append(append([]string{}, c.Needs...), c.After...)
	}
	state := map[string]int{}
	var visit func(id string)
	visit = func(id string) {
		if state[id] == 1 {
			t.Fatalf("%s waits for itself", id)
		}
		if state[id] == 2 {
			return
		}
		state[id] = 1
		for _, next := range waits[id] {
			visit(next)
		}
		state[id] = 2
	}
	for id := range waits {
		visit(id)
	}
}
