package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"lkdoctor/checks"
	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/report"
	"lkdoctor/tui"
)

// TestEveryFaultInEveryFace runs the checks once against each fault of the lab and shows
// the run in all three faces. It checks the root cause, that all faces agree, the exit
// code, the schema of the document, and that no face shows a secret. With -short and
// without -run it has one fault for each check and owner.
func TestEveryFaultInEveryFace(t *testing.T) {
	schema := compiledSchema(t)
	counts := newScreenCounts()
	t.Cleanup(func() { nothingRuns(t); counts.judge(t) })
	type cause struct {
		check string
		owner finding.Owner
	}
	seen := map[cause]bool{}
	for _, fault := range lab.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			if len(fault.Want) > 0 && testing.Short() && flag.Lookup("test.run").Value.String() == "" {
				page, _ := catalogue.Lookup(fault.Want[0])
				if seen[cause{page.Check, fault.Owner}] {
					t.Skip("with -short, one fault a check and owner")
				}
				seen[cause{page.Check, fault.Owner}] = true
			}
			t.Parallel()
			l := startLab(t, fault.Name)
			e, events := examined(t, l)
			run := events[len(events)-1].Run

			wantCause(t, fault, *run)
			document := e.asJSON(t, *run)
			validate(t, schema, document)
			plain := replayPlain(e, report.Style{}, events)
			screen, shown := replayTUI(t, e, events)
			sameVerdict(t, *run, document, plain, screen, shown)
			if !testing.Short() { // one goroutine draws, so -race adds nothing
				counts.look(t, e, events)
				wantFactsInReach(t, e, events)
			}
			forMachines(t, *run, e, l)
			forItsReader(t, *run)
			agentTold(t, *run, map[string]string{"json": string(document), "plain": plain, "tui": screen})
			for face, text := range map[string]string{"json": string(document), "plain": plain, "tui": screen,
				"report": string(report.Markdown(*run, "test", report.Style{}))} {
				nothingSecret(t, face, text, l, e)
				nothingRaw(t, face, text)
			}
		})
	}
}

// forItsReader checks that a report is addressed to the party that must act, if that is
// not the user.
func forItsReader(t *testing.T, run check.Run) {
	t.Helper()
	switch run.Diagnosis.Owner {
	case finding.OwnerConfig, finding.OwnerClock, finding.OwnerNone, finding.OwnerUnknown:
		return
	}
	text, _, _ := strings.Cut(string(report.Markdown(run, "test", report.Style{})), "## What it means")
	if run.Diagnosis.RootCause != nil && !strings.Contains(text, "for whoever looks after") {
		t.Error("the report does not say whom it is for")
	}
	for _, word := range []string{"Cleared: your settings", "maintainer", "end a report", "lkdoctor join"} {
		if strings.Contains(text, word) {
			t.Errorf("the report tells its reader %q:\n%s", word, text)
		}
	}
}

// examined runs the checks against l as the program would, and returns the events.
func examined(t *testing.T, l *lab.Lab) (*exam, []check.Event) {
	t.Helper()
	return examinedBy(t, l, examOf(t, l))
}

// examinedBy runs the checks of e against l.
func examinedBy(t *testing.T, l *lab.Lab, e *exam) (*exam, []check.Event) {
	t.Helper()
	c := e.newCase()
	c.Net.Roots = l.Roots()
	sent := &ledger{exam: e}
	sent.watch(c.Net)
	var events []check.Event
	e.once(t.Context(), c, func(event check.Event) { events = append(events, event) })
	onTheList(t, sent)
	return e, events
}

// examOf returns an exam in the environment and folder of l.
func examOf(t *testing.T, l *lab.Lab) *exam {
	t.Helper()
	return examWith(t, l, l.Environ(), l.Args(), "")
}

// examWith returns an exam in the folder of l with other settings, arguments and stdin.
func examWith(t *testing.T, l *lab.Lab, environ, args []string, stdin string) *exam {
	t.Helper()
	environ = append([]string{"HOME=" + t.TempDir(), "TERM=dumb"}, environ...)
	a := newApp(args, strings.NewReader(stdin), io.Discard, io.Discard, environ)
	a.dir, a.limits = l.Dir(), waitsFor(l)
	return a.examFor(t)
}

// examFor returns the exam for the command line.
func (a *app) examFor(t *testing.T) *exam {
	t.Helper()
	f := &flags{}
	if err := a.rootWith(f).ParseFlags(a.args); err != nil {
		t.Fatal(err)
	}
	e, err := a.ready(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func wantCause(t *testing.T, fault lab.Fault, run check.Run) {
	t.Helper()
	codes := codesOf(run)
	t.Log(report.Text(run, report.Style{Verbose: true}, "")) // for a failing test
	for _, code := range fault.Want {
		if !slices.Contains(codes, code) {
			t.Errorf("%s was not found; found: %v", code, codes)
		}
	}
	d := run.Diagnosis
	switch {
	case len(fault.Want) == 0 && d.RootCause != nil:
		t.Errorf("nothing is wrong, and the cause is %v", *d.RootCause)
	case len(fault.Want) > 0 && (d.RootCause == nil || d.RootCause.Code != fault.Want[0]):
		t.Errorf("cause %v, want %s; found: %v", d.RootCause, fault.Want[0], codes)
	}
	if d.Owner != fault.Owner {
		t.Errorf("owner %s, want %s", d.Owner, fault.Owner)
	}
	if fault.Variant != "" {
		wantVariant(t, fault, run)
	}
	wantAdvice(t, run)
	wantOwnSteps(t, fault, run)
	if slices.Contains(d.Cleared, fault.Owner) {
		t.Errorf("%s must act and is cleared", fault.Owner)
	}
	want := check.ExitOK
	if fault.Fails() {
		want = check.ExitFailed
	}
	if run.ExitCode != want {
		t.Errorf("exit code %d, want %d", run.ExitCode, want)
	}
}

// codesOf returns the codes of all findings.
func codesOf(run check.Run) (codes []finding.Code) {
	for _, r := range run.Results {
		for _, f := range r.Findings {
			codes = append(codes, f.Code)
		}
	}
	return codes
}

// wantOwnSteps checks that no step is for a code that the fault does not cause: the fix of
// an effect misleads.
func wantOwnSteps(t *testing.T, fault lab.Fault, run check.Run) {
	t.Helper()
	for _, step := range run.Diagnosis.NextSteps {
		code, _, _ := strings.Cut(step.Text.String(), ": ")
		if _, known := catalogue.Lookup(finding.Code(code)); known && !slices.Contains(fault.Want, finding.Code(code)) {
			t.Errorf("a step is for %s, and the fault is %v: %s", code, fault.Want, step.Text)
		}
	}
}

// wantVariant checks the variant of the root cause.
func wantVariant(t *testing.T, fault lab.Fault, run check.Run) {
	t.Helper()
	if root, found := run.Root(); !found || root.Severity != finding.Fail || root.Variant != fault.Variant {
		t.Errorf("%s has the variant %q, want %q: %s", root.Code, root.Variant, fault.Variant, root.Message)
	}
}

// wantAdvice checks that each finding's variant is on its page, that a code has one
// owner, that no fix has an unfilled placeholder, and that the first step is the root
// cause's fix.
func wantAdvice(t *testing.T, run check.Run) {
	t.Helper()
	owners := map[finding.Code]finding.Owner{}
	for _, r := range run.Results {
		for _, f := range r.Findings {
			page, known := catalogue.Lookup(f.Code)
			if _, has := page.Variant(f.Variant); known && !has {
				t.Errorf("%s (%s) has the variant %q, which its page does not know: %s", f.Code, r.Check.ID, f.Variant, f.Message)
			}
			if owner, has := owners[f.Code]; has && owner != f.Owner {
				t.Errorf("%s has two owners, %s and %s", f.Code, owner, f.Owner)
			}
			owners[f.Code] = f.Owner
			for _, fix := range f.Fixes {
				if text := fix.Text.String() + fix.Command; strings.Contains(text, "{{") || strings.Contains(text, "%!") {
					t.Errorf("%s: a fix has an open place: %s", f.Code, text)
				}
			}
		}
	}
	root, found := run.Root()
	if !found {
		return
	}
	if root.Owner != run.Diagnosis.Owner {
		t.Errorf("the diagnosis says %s, its root finding %s", run.Diagnosis.Owner, root.Owner)
	}
	if steps := run.Diagnosis.NextSteps; root.Severity == finding.Fail && steps[0].Text.String() != root.Fixes[0].Text.String() {
		t.Errorf("the first step is %q, and the root's fix %q", steps[0].Text, root.Fixes[0].Text)
	}
}

// agentTold checks that every face says that the token starts an agent.
func agentTold(t *testing.T, run check.Run, faces map[string]string) {
	t.Helper()
	for _, l := range run.Findings(finding.Info) {
		for face, text := range faces {
			if l.Finding.Code == finding.TokenDispatchesAgent && !strings.Contains(squeezed(text), "starts") {
				t.Errorf("%s does not say that the token starts an agent", face)
			}
		}
	}
}

func (e *exam) asJSON(t *testing.T, run check.Run) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := report.JSON(&out, report.NewDocument(run, "test", e.style)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func replayPlain(e *exam, style report.Style, events []check.Event) string {
	var out bytes.Buffer
	p := report.NewPlain(&out, style, e.header(), checks.Specs())
	for _, event := range events {
		p.Observe(event)
	}
	return out.String()
}

// replayTUI plays the events in the TUI, presses q at the end, and returns what was drawn.
func replayTUI(t *testing.T, e *exam, events []check.Event) (string, check.Run) {
	t.Helper()
	keys, press := io.Pipe()
	screen := newWatched()
	deps := e.deps(&reruns{exam: e})
	deps.Renderer, deps.SpinnerOff = nil, true
	deps.Start = func(_ context.Context, _ tui.Change, observe func(check.Event)) check.Run {
		for _, event := range events {
			observe(event)
		}
		return *events[len(events)-1].Run
	}
	go func() {
		screen.holds("q quit", 0, 20*time.Second)
		_, _ = press.Write([]byte("q"))
	}()
	run, err := tui.Run(t.Context(), deps, keys, screen)
	_ = press.Close()
	if err != nil {
		t.Fatal(err)
	}
	return screen.String(), run
}

func sameVerdict(t *testing.T, run check.Run, document []byte, plain, screen string, shown check.Run) {
	t.Helper()
	var d report.Document
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	if d.ExitCode != run.ExitCode || shown.ExitCode != run.ExitCode || d.Diagnosis.Owner != run.Diagnosis.Owner {
		t.Errorf("exit codes: run %d, json %d, tui %d", run.ExitCode, d.ExitCode, shown.ExitCode)
	}
	for _, part := range []finding.Text{run.Diagnosis.Broke, run.Diagnosis.FixIn, run.Diagnosis.NotIt} {
		if words := strings.Fields(part.String()); !strings.Contains(squeezed(plain), strings.Join(words, " ")) {
			t.Errorf("the plain report does not hold the verdict's %q", part)
		}
	}
	if cause := run.Diagnosis.RootCause; cause != nil {
		if string(d.Diagnosis.RootCause.Code) != string(cause.Code) || !strings.Contains(plain, string(cause.Code)) {
			t.Errorf("%s is not in every face", cause.Code)
		}
	}
	broke := strings.Fields(run.Diagnosis.Broke.String())
	begins := strings.Contains(screen, "No settings were found") // the first page, in place of the diagnosis
	if !begins && !strings.Contains(screen, strings.Join(broke[:min(3, len(broke))], " ")) {
		t.Errorf("the TUI does not show the diagnosis %q", broke)
	}
}

func squeezed(s string) string { return strings.Join(strings.Fields(s), " ") }

// nothingSecret fails the test if text holds a secret of the lab, the ticket or a token.
func nothingSecret(t *testing.T, face, text string, l *lab.Lab, e *exam) {
	t.Helper()
	secrets := []string{l.Pair.Secret, e.settings.APISecret.Secret.Reveal(), e.settings.Token.Secret.Reveal(), e.settings.Ticket.Secret.Reveal()}
	for _, secret := range secrets {
		// A template's placeholder may be shown.
		if len(secret) > 8 && !strings.Contains(secret, "your_") && strings.Contains(text, secret) {
			t.Errorf("%s shows a secret of %d characters", face, len(secret))
		}
	}
	if m := wholeToken(text); m != "" {
		t.Errorf("%s shows a token that begins with %.12s", face, m)
	}
}

// wholeToken returns the first word of text with the three parts of a JWT, or "".
func wholeToken(text string) string {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \n\t\"'`<>()=,;", r) }) {
		if parts := strings.Split(word, "."); len(parts) >= 3 && strings.HasPrefix(parts[0], "eyJ") && len(parts[2]) > 16 {
			return word
		}
	}
	return ""
}

// nothingRaw fails the test if text holds control characters. The TUI draws with such
// characters, so package tui tests it.
func nothingRaw(t *testing.T, face, text string) {
	t.Helper()
	if face == "tui" {
		return
	}
	for _, r := range text {
		if r < 0x20 && r != '\n' && (r != '\t' || face != "report") || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			t.Fatalf("%s holds the raw character %U", face, r)
		}
	}
}

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(report.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", parsed); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(t *testing.T, schema *jsonschema.Schema, document []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatalf("the document is not JSON: %v", err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("the document does not keep its schema: %v", err)
	}
}
