package check

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lkdoctor/checks/codetest"
	"lkdoctor/checks/finding"
)

func execute(ctx context.Context, list []Check, s Selection) []Result {
	keep := func(text string) string { return strings.ReplaceAll(text, "c2lnbmF0dXJl", "") }
	return Plan{Checks: list, Select: s, Clean: keep}.Execute(ctx, func(Event) {})
}

func failing(code Code) func(context.Context, Ended) Report {
	return func(context.Context, Ended) Report {
		return Found(finding.New(code, finding.Fail, "made to fail"))
	}
}

func passing(context.Context, Ended) Report { return Report{} }

func statuses(results []Result) map[string]Status {
	out := map[string]Status{}
	for _, r := range results {
		out[r.Check.ID] = r.Status
	}
	return out
}

func TestSkipsNameTheFirstCause(t *testing.T) {
	list := []Check{
		{Spec: Spec{ID: "a.one", Title: finding.Textf("One holds")}, Run: failing(finding.TokenOpaque)},
		{Spec: Spec{ID: "b.two", Needs: []string{"a.one"}, Title: finding.Textf("Two holds")}, Run: passing},
		{Spec: Spec{ID: "c.three", Needs: []string{"b.two"}}, Run: passing},
		{Spec: Spec{ID: "d.four"}, Run: passing},
	}
	results := execute(t.Context(), list, Selection{})
	want := map[string]Status{"a.one": StatusFail, "b.two": StatusSkip, "c.three": StatusSkip, "d.four": StatusPass}
	if diff := cmp.Diff(want, statuses(results)); diff != "" {
		t.Fatal(diff)
	}
	for _, r := range results[1:3] {
		if r.Skip.Reason != Blocked || r.Skip.By != "a.one" || r.Skip.Text.String() != "not run: needs “One holds”" {
			t.Errorf("%s: skip %+v", r.Check.ID, r.Skip)
		}
	}
}

// TestAFailureThatServesBlocksNothing fails a check whose product is there.
func TestAFailureThatServesBlocksNothing(t *testing.T) {
	serving := failing(finding.ConfigSecretStale)
	list := []Check{
		{Spec: Spec{ID: "a.one"}, Run: func(ctx context.Context, e Ended) Report {
			r := serving(ctx, e)
			r.Serves = true
			return r
		}},
		{Spec: Spec{ID: "b.two", Needs: []string{"a.one"}}, Run: passing},
	}
	want := map[string]Status{"a.one": StatusFail, "b.two": StatusPass}
	if diff := cmp.Diff(want, statuses(execute(t.Context(), list, Selection{}))); diff != "" {
		t.Error(diff)
	}
}

func TestNotApplicableIsNoFailureAndPropagates(t *testing.T) {
	list := []Check{
		{Spec: Spec{ID: "a.one"}, Run: func(context.Context, Ended) Report { return NotHere("not checked: nothing there") }},
		{Spec: Spec{ID: "b.two", Needs: []string{"a.one"}}, Run: passing},
		{Spec: Spec{ID: "c.three", Uses: []string{"a.one"}}, Run: passing},
	}
	results := execute(t.Context(), list, Selection{})
	if results[1].Skip == nil || results[1].Skip.Reason != NotApplicable {
		t.Errorf("needs: %+v", results[1].Skip)
	}
	if results[2].Status != StatusPass {
		t.Errorf("after: %v", results[2].Status)
	}
}

// TestIndependentChecksOverlap runs two checks that each wait until the other has
// begun, and fail if they run one after the other.
func TestIndependentChecksOverlap(t *testing.T) {
	first, second := make(chan struct{}), make(chan struct{})
	meet := func(mine, other chan struct{}) func(context.Context, Ended) Report {
		return func(ctx context.Context, _ Ended) Report {
			close(mine)
			select {
			case <-other:
				return Report{}
			case <-ctx.Done():
				return Found(finding.New(finding.TicketTimeout, finding.Fail, "never met"))
			}
		}
	}
	list := []Check{
		{Spec: Spec{ID: "a.one", Timeout: 5 * time.Second}, Run: meet(first, second)},
		{Spec: Spec{ID: "b.two", Timeout: 5 * time.Second}, Run: meet(second, first)},
	}
	for _, r := range execute(t.Context(), list, Selection{}) {
		if r.Status != StatusPass {
			t.Errorf("%s: %v", r.Check.ID, r.Status)
		}
	}
}

func TestAPanicIsAnErrorAndKeepsSecretsToItself(t *testing.T) {
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJBUEkifQ.c2lnbmF0dXJlLWNhbmFyeQ"
	list := []Check{
		{Spec: Spec{ID: "a.one"}, Run: func(context.Context, Ended) Report { panic("lost " + jwt) }},
		{Spec: Spec{ID: "b.two", Needs: []string{"a.one"}}, Run: passing},
	}
	results := execute(t.Context(), list, Selection{})
	codetest.Wants(t, results[0].Findings, finding.DoctorInternal)
	if results[0].Status != StatusError {
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
	list := []Check{{Spec: Spec{ID: "a.one", Timeout: time.Millisecond}, Run: func(context.Context, Ended) Report { <-release; return Report{} }}}
	begin := time.Now()
	results := execute(t.Context(), list, Selection{})
	codetest.Wants(t, results[0].Findings, finding.DoctorTimeout)
	if results[0].Status != StatusError {
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
	}{
		"DOCTOR_CANCELLED": {context.Canceled, finding.DoctorCancelled},
		"DOCTOR_TIMEOUT":   {ErrTimeout, finding.DoctorTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			list := []Check{
				{Spec: Spec{ID: "a.one"}, Run: failing(finding.TokenOpaque)},
				{Spec: Spec{ID: "b.two", Timeout: time.Minute, Uses: []string{"a.one"}}, Run: func(ctx context.Context, _ Ended) Report {
					cancel(tt.cause)
					<-ctx.Done()
					return Report{}
				}},
				{Spec: Spec{ID: "c.three", Needs: []string{"b.two"}}, Run: passing},
			}
			results := execute(ctx, list, Selection{})
			want := map[string]Status{"a.one": StatusFail, "b.two": StatusError, "c.three": StatusSkip}
			if diff := cmp.Diff(want, statuses(results)); diff != "" {
				t.Fatal(diff)
			}
			codetest.Wants(t, results[1].Findings, tt.code)
		})
	}
}

// TestOnlyBringsWhatItReads checks that a selected check brings what it needs and uses,
// except what Skip or LeaveOut names.
func TestOnlyBringsWhatItReads(t *testing.T) {
	list := []Check{
		{Spec: Spec{ID: "a.one", Stage: "a"}, Run: passing},
		{Spec: Spec{ID: "b.two", Stage: "b", Needs: []string{"a.one"}}, Run: passing},
		{Spec: Spec{ID: "c.three", Stage: "c", Uses: []string{"b.two"}}, Run: passing},
		{Spec: Spec{ID: "d.four", Stage: "d"}, Run: passing},
	}
	for name, tt := range map[string]struct {
		selection Selection
		ran       []string
	}{
		"only what needs":        {Selection{Only: []string{"b"}}, []string{"a.one", "b.two"}},
		"only what uses":         {Selection{Only: []string{"c.three"}}, []string{"a.one", "b.two", "c.three"}},
		"all but what is needed": {Selection{Skip: []string{"a.one"}}, []string{"c.three", "d.four"}},
		"all but what is used":   {Selection{Skip: []string{"b"}}, []string{"a.one", "c.three", "d.four"}},
		"left out": {Selection{Only: []string{"c"}, LeaveOut: func(s Spec) Text {
			if s.ID == "b.two" {
				return finding.Textf("not today")
			}
			return Text{}
		}}, []string{"c.three"}},
	} {
		t.Run(name, func(t *testing.T) {
			var ran []string
			for _, r := range execute(t.Context(), list, tt.selection) {
				if r.Status == StatusPass {
					ran = append(ran, r.Check.ID)
				}
			}
			if diff := cmp.Diff(tt.ran, ran); diff != "" {
				t.Error(diff)
			}
		})
	}
	if err := (Selection{Only: []string{"nothing.here"}}).Validate(Specs(list)); err == nil {
		t.Error("an unknown ID is not refused")
	}
}

// TestOnlyDeclaredResultsReachACheck checks that Ended holds only the results of the
// checks that a check needs or uses, not those they depend on.
func TestOnlyDeclaredResultsReachACheck(t *testing.T) {
	list := []Check{
		{Spec: Spec{ID: "a.one"}, Run: failing(finding.TokenOpaque)},
		{Spec: Spec{ID: "b.two", Uses: []string{"a.one"}}, Run: func(_ context.Context, ended Ended) Report {
			if !ended.Stopped("a.one") || len(ended) != 1 {
				return failing(finding.TokenEmpty)(nil, nil)
			}
			return Report{}
		}},
		{Spec: Spec{ID: "c.three", Uses: []string{"b.two"}}, Run: func(_ context.Context, ended Ended) Report {
			if _, there := ended["a.one"]; there {
				return failing(finding.TokenEmpty)(nil, nil)
			}
			return Report{}
		}},
	}
	for _, r := range execute(t.Context(), list, Selection{})[1:] {
		if r.Status != StatusPass {
			t.Errorf("%s: %s", r.Check.ID, r.Status)
		}
	}
}

func TestASkippedCheckEndsAndBlocksWhatNeedsIt(t *testing.T) {
	skips := make(chan string, 2)
	skips <- "no.such"
	list := []Check{
		{Spec: Spec{ID: "a.one", Timeout: time.Minute, Title: finding.Textf("One holds")}, Run: func(ctx context.Context, _ Ended) Report {
			skips <- "a.one"
			<-ctx.Done()
			return Found(finding.New(finding.TokenOpaque, finding.Fail, "cut off"))
		}},
		{Spec: Spec{ID: "b.two", Needs: []string{"a.one"}}, Run: passing},
		{Spec: Spec{ID: "c.three", Uses: []string{"a.one"}}, Run: passing},
	}
	results := Plan{Checks: list, Skips: skips}.Execute(t.Context(), func(Event) {})
	want := map[string]Status{"a.one": StatusSkip, "b.two": StatusSkip, "c.three": StatusPass}
	if diff := cmp.Diff(want, statuses(results)); diff != "" {
		t.Fatal(diff)
	}
	if s := results[0].Skip; s.Reason != NotRequested || s.Text.String() != "skipped by you" || len(results[0].Findings) > 0 {
		t.Errorf("a.one: %+v, findings %v", s, results[0].Findings)
	}
	if s := results[1].Skip; s.Reason != Blocked || s.By != "a.one" {
		t.Errorf("b.two: %+v", s)
	}
}
