package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/report"
	"lkdoctor/config"
)

// A scenario is a run in which some checks have findings and some were skipped.
type scenario struct {
	found   map[string][]check.Finding
	skipped map[string]check.Skip
	outcome map[string]finding.Text
	source  check.TokenSource
	local   diagnosis.Trit
	server  diagnosis.Trit
	minted  diagnosis.Trit
	status  check.Status
	exit    int
	spent   bool
}

func blocked(by string, ids ...string) map[string]check.Skip {
	out := map[string]check.Skip{}
	for _, id := range ids {
		out[id] = check.Skip{Reason: check.Blocked, By: by, Text: finding.Textf("not run: %s", finding.Textf("no readable token"))}
	}
	return out
}

func scenarios() map[string]scenario {
	seen := map[string]finding.Text{
		"env.livekit":    finding.Textf("%d settings from %s", 5, ".env.local, .env"),
		"ticket.reach":   finding.Textf("%s answers", "10.0.0.7:8000"),
		"ticket.consume": finding.Textf("traded %s for a token at %s", "tkt_e26…", "10.0.0.7:8000"),
		"token.time":     finding.Textf("valid until %s", "07:30:00 UTC on 23 November 2026"),
		"join.reach":     finding.Textf("LiveKit answers at %s", "demo.example.com"),
		"join.media":     finding.Textf("joined %s over %s, %s", "support-42", "udp", "24 ms"),
		"fallback.join":  finding.Textf("joined %s over %s, %s", "lkdoctor-7f3a9c21", "udp", "24 ms"),
	}
	afterToken := []string{"token.claims", "token.time", "signature.local", "signature.server", "join.websocket", "join.media"}
	return map[string]scenario{
		"good": {
			outcome: seen, source: check.SourceTicket, local: diagnosis.Yes, server: diagnosis.Yes, status: check.StatusPass, spent: true,
			skipped: map[string]check.Skip{
				"fallback.mint": {Reason: check.NotApplicable, Text: finding.Textf("not needed: the token under test got in")},
				"fallback.join": {Reason: check.NotApplicable, Text: finding.Textf("not needed: the token under test got in")},
			},
		},
		"opaque": {
			outcome: seen, source: check.SourceTicket, minted: diagnosis.Yes, status: check.StatusFail, exit: 1, spent: true,
			skipped: blocked("token.format", afterToken...),
			found: map[string][]check.Finding{"token.format": {finding.New(finding.TokenOpaque, finding.Fail,
				"%d characters, begins with %s, no dots: not a JWT", 51, "lk_demo_").With("length", 51).With("prefix", "lk_demo_")}},
		},
		"unreachable": {
			outcome: map[string]finding.Text{"env.livekit": seen["env.livekit"]}, source: check.SourceTicket, status: check.StatusFail, exit: 1,
			skipped: blocked("ticket.reach", append([]string{"ticket.consume", "token.format", "fallback.join"}, afterToken...)...),
			found: map[string][]check.Finding{
				"ticket.reach": {finding.New(finding.TicketRefused, finding.Fail, "%s refuses the connection: nothing listens there", "10.0.0.7:8000")},
				"join.reach":   {finding.New(finding.ServerTimeout, finding.Fail, "%s does not answer the attempt to connect within %s", "demo.example.com", "4s")},
			},
		},
		"warning": {
			outcome: seen, source: check.SourceTicket, local: diagnosis.Yes, server: diagnosis.Yes, status: check.StatusWarn,
			found: map[string][]check.Finding{"join.media": {finding.New(finding.MediaUDPBlocked, finding.Warn,
				"media connected over TCP only: %s did not answer over UDP", "203.0.113.9:7882").By(finding.OwnerNetwork)}},
		},
		"cancelled": {
			source: check.SourceTicket, status: check.StatusError, exit: 130,
			skipped: blocked("join.reach", append([]string{"token.format", "fallback.join"}, afterToken...)...),
			found:   map[string][]check.Finding{"join.reach": {finding.New(finding.DoctorCancelled, finding.Fail, "interrupted before this check had ended")}},
		},
		"stranger": {
			source: check.SourceTicket, status: check.StatusFail, exit: 1,
			found: map[string][]check.Finding{"ticket.consume": {finding.New(finding.TicketRejected, finding.Fail,
				"%s refuses the request (%d): %s", finding.Textf("the ticket service"), 422, "<b>|no|</b> `x` [a](http://b) *y*").
				With("said", "<b>|no|</b> ``` x").With("complaints", []string{"body.profile: Field required"})}},
		},
	}
}

// shown returns the checks that the goldens show. The list is frozen, so that a new check
// changes no golden.
func shown() []check.Spec {
	ids := []string{
		"env.files", "env.livekit", "env.ticket", "env.exposure", "ticket.reach", "ticket.consume", "ticket.frontend",
		"token.format", "token.claims", "token.time", "signature.local", "signature.server",
		"join.reach", "join.websocket", "join.media", "join.browser", "join.agent", "join.api", "join.turn", "join.publish",
		"join.reconnect", "fallback.mint", "fallback.join",
	}
	var out []check.Spec
	for _, id := range ids {
		for _, spec := range checks.Specs() {
			if spec.ID == id {
				out = append(out, spec)
			}
		}
	}
	if len(out) != len(ids) {
		panic("a check that the goldens show has gone")
	}
	return out
}

// run returns the finished run of a scenario, at a fixed time.
func (s scenario) run() check.Run {
	run := check.Run{
		StartedAt: time.Date(2026, 11, 23, 7, 15, 0, 0, time.UTC), Took: 41800 * time.Microsecond,
		Target: check.Target{LiveKitURL: "wss://demo.example.com", Room: "support-42", Identity: "caller", TokenSource: s.source},
		Settings: []config.Shown{{Name: "LIVEKIT_URL", Source: ".env.local", Value: "wss://demo.example.com"},
			{Name: "LIVEKIT_API_SECRET", Source: ".env.local", Value: "[hidden]", Length: 43, Fingerprint: "9f2c1a"}},
		Status: s.status, ExitCode: s.exit, TicketSpent: s.spent,
	}
	for _, c := range shown() {
		r := check.Result{Check: c, Status: check.StatusPass, Took: 1200 * time.Microsecond}
		r.Outcome.Text = s.outcome[c.ID]
		if skip, is := s.skipped[c.ID]; is {
			r.Status, r.Skip, r.Took, r.Outcome = check.StatusSkip, &skip, 0, check.Outcome{}
		} else if c.ID == "ticket.frontend" || slices.Contains([]string{"join.turn", "join.publish", "join.reconnect"}, c.ID) {
			r.Status, r.Took = check.StatusSkip, 0
			r.Skip = &check.Skip{Reason: check.NotRequested, Text: finding.Textf("not run: add --media for it")}
		}
		if found := s.found[c.ID]; len(found) > 0 {
			r.Findings, r.Outcome = found, check.Outcome{}
			switch {
			case s.status == check.StatusError:
				r.Status = check.StatusError
			case finding.Worst(found) == finding.Warn:
				r.Status = check.StatusWarn
			default:
				r.Status = check.StatusFail
			}
		}
		run.Results = append(run.Results, r)
	}
	run.Summary = check.Summarise(run.Results)
	run.Results, run.Diagnosis = diagnosis.Conclude(diagnosis.Evidence{Results: run.Results, Source: s.source, Maker: finding.OwnerTicketService,
		Local: s.local, Server: s.server, Minted: s.minted})
	return run
}

// golden compares got with testdata/name.golden. UPDATE_GOLDEN=1 writes the file first.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestGoldens(t *testing.T) {
	for name, s := range scenarios() {
		t.Run(name, func(t *testing.T) {
			run := s.run()
			golden(t, name+".txt", []byte(report.Text(run, report.Style{Width: 80}, "wss://demo.example.com  .env.local")))
			var document bytes.Buffer
			if err := report.JSON(&document, report.NewDocument(run, "0.1.0", report.Style{})); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", document.Bytes())
			golden(t, name+".md", report.Markdown(run, "0.1.0", report.Style{}))
		})
	}
}

func TestStyles(t *testing.T) {
	run := scenarios()["opaque"].run()
	golden(t, "opaque-colour.txt", []byte(report.Text(run, report.Style{Width: 80, Color: true}, "wss://demo.example.com")))
	golden(t, "opaque-verbose.txt", []byte(report.Text(run, report.Style{Width: 80, Verbose: true}, "wss://demo.example.com")))
	golden(t, "opaque-quiet.txt", []byte(report.Text(run, report.Style{Width: 80, Quiet: true}, "wss://demo.example.com")))
	golden(t, "opaque-ascii-narrow.txt", []byte(report.Text(run, report.Style{Width: 50, ASCII: true}, "wss://demo.example.com")))
}

// TestPlainWhileItHappens checks that the streamed text equals the finished text, and that
// each stage is printed as soon as it has ended.
func TestPlainWhileItHappens(t *testing.T) {
	run := scenarios()["opaque"].run()
	var out strings.Builder
	p := report.NewPlain(&out, report.Style{Width: 80}, "wss://demo.example.com", shown())
	for _, r := range run.Results {
		p.Observe(check.Event{Kind: check.CheckStarted, ID: r.Check.ID})
		p.Observe(check.Event{Kind: check.CheckEnded, ID: r.Check.ID, Result: r})
		if r.Check.ID == "token.format" && !strings.Contains(out.String(), "Ticket service") {
			t.Error("the ticket stage has ended and is not printed")
		}
	}
	p.Observe(check.Event{Kind: check.RunEnded, Run: &run})
	if diff := cmp.Diff(report.Text(run, report.Style{Width: 80}, "wss://demo.example.com"), out.String()); diff != "" {
		t.Error(diff)
	}
}

// TestWhatIsClearedIsSaidOnce checks that a report says once which parties are cleared.
func TestWhatIsClearedIsSaidOnce(t *testing.T) {
	for name, s := range scenarios() {
		run := s.run()
		run.Diagnosis.NotIt = finding.Textf("the clock")
		run.Diagnosis.Summary = finding.Textf("%s It is not %s.", run.Diagnosis.Broke, run.Diagnosis.NotIt)
		text := report.Text(run, report.Style{Width: 80}, "")
		if n := strings.Count(strings.ToLower(text), "it is not "); n != 1 {
			t.Errorf("%s: %d times:\n%s", name, n, text)
		}
	}
}
