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
	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/report"
	"lkdoctor/config"
)

// scenario is a run in which some checks found something and some did not run.
type scenario struct {
	found   map[string][]checks.Finding
	skipped map[string]checks.Skip
	outcome map[string]finding.Text
	source  checks.TokenSource
	local   checks.Trit
	server  checks.Trit
	minted  checks.Trit
	status  checks.Status
	exit    int
	spent   bool
}

func blocked(by string, ids ...string) map[string]checks.Skip {
	out := map[string]checks.Skip{}
	for _, id := range ids {
		out[id] = checks.Skip{Reason: checks.Blocked, By: by, Text: finding.Textf("not run: needs %s", finding.Textf("The token is a JWT"))}
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
			outcome: seen, source: checks.SourceTicket, local: checks.Yes, server: checks.Yes, status: checks.StatusPass, spent: true,
			skipped: map[string]checks.Skip{
				"fallback.mint": {Reason: checks.NotApplicable, Text: finding.Textf("not needed: the token under test got in")},
				"fallback.join": {Reason: checks.NotApplicable, Text: finding.Textf("not needed: the token under test got in")},
			},
		},
		"opaque": {
			outcome: seen, source: checks.SourceTicket, minted: checks.Yes, status: checks.StatusFail, exit: 1, spent: true,
			skipped: blocked("token.format", afterToken...),
			found: map[string][]checks.Finding{"token.format": {finding.New(finding.TokenOpaque, finding.Fail,
				"%d characters, begins with %s, no dots: not a JWT", 51, "lk_demo_").With("length", 51).With("prefix", "lk_demo_")}},
		},
		"unreachable": {
			outcome: map[string]finding.Text{"env.livekit": seen["env.livekit"]}, source: checks.SourceTicket, status: checks.StatusFail, exit: 1,
			skipped: blocked("ticket.reach", append([]string{"ticket.consume", "token.format", "fallback.join"}, afterToken...)...),
			found: map[string][]checks.Finding{
				"ticket.reach": {finding.New(finding.TicketRefused, finding.Fail, "%s refuses the connection: nothing listens there", "10.0.0.7:8000")},
				"join.reach":   {finding.New(finding.ServerTimeout, finding.Fail, "%s does not answer the attempt to connect within %s", "demo.example.com", "4s")},
			},
		},
		"warning": {
			outcome: seen, source: checks.SourceTicket, local: checks.Yes, server: checks.Yes, status: checks.StatusWarn,
			found: map[string][]checks.Finding{"join.media": {finding.New(finding.MediaUDPBlocked, finding.Warn,
				"media connected over TCP only: %s did not answer over UDP", "203.0.113.9:7882").By(finding.OwnerNetwork)}},
		},
		"cancelled": {
			source: checks.SourceTicket, status: checks.StatusError, exit: 130,
			skipped: blocked("join.reach", append([]string{"token.format", "fallback.join"}, afterToken...)...),
			found:   map[string][]checks.Finding{"join.reach": {finding.New(finding.DoctorCancelled, finding.Fail, "interrupted before this check had ended")}},
		},
		"stranger": {
			source: checks.SourceTicket, status: checks.StatusFail, exit: 1,
			found: map[string][]checks.Finding{"ticket.consume": {finding.New(finding.TicketRejected, finding.Fail,
				"%s refuses the request (%d): %s", finding.Textf("the ticket service"), 422, "<b>|no|</b> `x` [a](http://b) *y*").
				With("said", "<b>|no|</b> ``` x").With("complaints", []string{"body.profile: Field required"})}},
		},
	}
}

// run makes the finished run of a scenario, at a fixed time.
func (s scenario) run() checks.Run {
	run := checks.Run{
		StartedAt: time.Date(2026, 11, 23, 7, 15, 0, 0, time.UTC), Took: 41800 * time.Microsecond,
		Target: checks.Target{LiveKitURL: "wss://demo.example.com", Room: "support-42", Identity: "caller", TokenSource: s.source},
		Settings: []config.Shown{{Name: "LIVEKIT_URL", Source: ".env.local", Value: "wss://demo.example.com"},
			{Name: "LIVEKIT_API_SECRET", Source: ".env.local", Value: "[hidden]", Length: 43, Fingerprint: "9f2c1a"}},
		Status: s.status, ExitCode: s.exit, TicketSpent: s.spent,
	}
	for _, c := range checks.All() {
		r := checks.Result{Check: c, Status: checks.StatusPass, Took: 1200 * time.Microsecond}
		r.Outcome.Text = s.outcome[c.ID]
		if skip, is := s.skipped[c.ID]; is {
			r.Status, r.Skip, r.Took, r.Outcome = checks.StatusSkip, &skip, 0, checks.Outcome{}
		} else if c.ID == "ticket.frontend" || slices.Contains([]string{"join.turn", "join.publish", "join.reconnect"}, c.ID) {
			r.Status, r.Took = checks.StatusSkip, 0
			r.Skip = &checks.Skip{Reason: checks.NotRequested, Text: finding.Textf("not run: add --media for it")}
		}
		if found := s.found[c.ID]; len(found) > 0 {
			page, _ := catalogue.Lookup(found[0].Code)
			found[0].Fixes = page.Fixes()
			r.Findings, r.Outcome = found, checks.Outcome{}
			switch {
			case s.status == checks.StatusError:
				r.Status = checks.StatusError
			case finding.Worst(found) == finding.Warn:
				r.Status = checks.StatusWarn
			default:
				r.Status = checks.StatusFail
			}
		}
		run.Results = append(run.Results, r)
		switch r.Status {
		case checks.StatusPass:
			run.Summary.Pass++
		case checks.StatusWarn:
			run.Summary.Warn++
		case checks.StatusFail:
			run.Summary.Fail++
		case checks.StatusSkip:
			run.Summary.Skip++
		case checks.StatusError:
			run.Summary.Error++
		}
	}
	run.Diagnosis = checks.Diagnose(checks.Evidence{Results: run.Results, Source: s.source, Maker: finding.OwnerTicketService,
		Local: s.local, Server: s.server, Minted: s.minted})
	return run
}

// golden compares with testdata/name; UPDATE_GOLDEN=1 writes it.
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

// TestPlainWhileItHappens: what is streamed is what the finished text says, and
// a stage is printed as soon as it has ended.
func TestPlainWhileItHappens(t *testing.T) {
	run := scenarios()["opaque"].run()
	var out strings.Builder
	p := report.NewPlain(&out, report.Style{Width: 80}, "wss://demo.example.com", checks.All())
	for _, r := range run.Results {
		p.Observe(checks.Event{Kind: checks.CheckStarted, ID: r.Check.ID})
		p.Observe(checks.Event{Kind: checks.CheckEnded, ID: r.Check.ID, Result: r})
		if r.Check.ID == "token.format" && !strings.Contains(out.String(), "Ticket service") {
			t.Error("the ticket stage has ended and is not printed")
		}
	}
	p.Observe(checks.Event{Kind: checks.RunEnded, Run: &run})
	if diff := cmp.Diff(report.Text(run, report.Style{Width: 80}, "wss://demo.example.com"), out.String()); diff != "" {
		t.Error(diff)
	}
}
