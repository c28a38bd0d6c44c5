package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/lipgloss"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/i18n"
	"lkdoctor/checks/report"
	"lkdoctor/tui"
)

// recording is a recorded run with an opaque token, so that pictures and examples keep
// their addresses, names and times.
const recording = "testdata/opaque-token.run.json"

// TestPictures checks that the pictures and the example in the READMEs show the recorded
// run, and that a run now has the same messages. UPDATE_GOLDEN=1 draws them again. RECORD=1
// records a new run first, and also draws the other screens into bin/pictures.
func TestPictures(t *testing.T) {
	t.Parallel()
	update := os.Getenv("UPDATE_GOLDEN") != ""
	l := startLab(t, "opaque-token")
	e, events := examined(t, l)
	today := *events[len(events)-1].Run
	if os.Getenv("RECORD") != "" {
		text, err := json.MarshalIndent(today, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		write(t, recording, strings.ReplaceAll(string(text), l.Dir(), "/home/me/app")+"\n")
	}
	run := recorded(t)
	// Checks added after the recording change no picture.
	today.Results = slices.DeleteFunc(today.Results, func(r check.Result) bool { return !holds(run, r.Check.ID) })
	if diff := cmp.Diff(said(run), said(today)); diff != "" {
		t.Errorf("the program no longer says what %s holds; make pictures records it anew (-recorded +today):\n%s", recording, diff)
	}
	pictures := drawn(t, e, run, 80, 24)
	for _, name := range slices.Sorted(maps.Keys(pictures)) {
		same(t, update, filepath.Join("../../.github/pictures", name), pictures[name])
	}
	wantPictures(t, slices.Collect(maps.Keys(pictures)))
	if os.Getenv("RECORD") != "" {
		others(t, e, run)
	}

	example := report.Text(run, report.Style{Width: 80}, run.Target.LiveKitURL+"  environment")
	example, _, _ = strings.Cut(example, "      3. ")
	for _, name := range []string{"../../README.md", "../../.github/README.zh.md"} {
		readme := read(t, name)
		before, rest, found := strings.Cut(readme, "```\nlkdoctor  ws")
		_, after, ended := strings.Cut(rest, "\n```")
		if !found || !ended {
			t.Fatalf("%s has no example", name)
		}
		same(t, update, name, before+"```\n"+strings.TrimRight(example, "\n")+"\n```"+after)
	}
}

// others draws other screens into bin/pictures.
func others(t *testing.T, e *exam, run check.Run) {
	t.Helper()
	const dir = "../../bin/pictures"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, size := range screenSizes() {
		for screen, keys := range map[string][]string{
			"verdict": nil, "fix": {"enter"}, "evidence": {"enter", "e"}, "why": {"enter", "i"}, "confirm": {"enter", "v"}, "help": {"?"},
		} {
			for name, svg := range drawn(t, e, run, size.width, size.height, keys...) {
				write(t, filepath.Join(dir, fmt.Sprintf("%s-%dx%d-%s", screen, size.width, size.height, name)), svg)
			}
		}
	}
}

// drawn returns pictures of the screen after keys, by file name, LANGUAGE-THEME.svg.
func drawn(t *testing.T, e *exam, run check.Run, columns, rows int, keys ...string) map[string]string {
	t.Helper()
	events := []check.Event{{Kind: check.RunStarted}}
	for _, r := range run.Results {
		events = append(events, check.Event{Kind: check.CheckEnded, ID: r.Check.ID, Result: r})
	}
	events = append(events, check.Event{Kind: check.RunEnded, Run: &run})

	out := map[string]string{}
	for _, lang := range []string{"en", "zh"} {
		for name, colours := range map[string]theme{"light": light, "dark": dark} {
			own := *e
			own.style = report.Style{Lang: lang, Translate: i18n.Translator(lang)}
			deps := own.deps(&reruns{exam: &own})
			deps.Checks = slices.DeleteFunc(checks.Specs(), func(s check.Spec) bool { return !holds(run, s.ID) })
			deps.Title = tui.Header{URL: run.Target.LiveKitURL, Source: "environment"}
			deps.Join = func(io.Reader, io.Writer) error { return nil }
			deps.Language = nil
			deps.Renderer, deps.Dark = lipgloss.NewRenderer(io.Discard), name == "dark"
			deps.Renderer.SetColorProfile(termenv.ANSI256)
			screen := tui.Still(deps, events, columns, rows, keys...)
			svg, err := drawSVG(screen, columns, colours, own.style.Say("%s", run.Diagnosis.Broke))
			if err != nil {
				t.Fatal(err)
			}
			out[lang+"-"+name+".svg"] = svg
		}
	}
	return out
}

// wantPictures checks that the READMEs show each picture, and that no other file is kept.
func wantPictures(t *testing.T, names []string) {
	t.Helper()
	readmes := read(t, "../../README.md") + read(t, "../../.github/README.zh.md")
	for _, name := range names {
		if !strings.Contains(readmes, "pictures/"+name) {
			t.Errorf("no README shows %s", name)
		}
	}
	kept, err := filepath.Glob("../../.github/pictures/*")
	if err != nil || len(kept) != len(names) {
		t.Errorf("%d pictures are kept, and %d are drawn: %v (%v)", len(kept), len(names), kept, err)
	}
}

// said returns the messages of a run without their arguments.
func said(run check.Run) []string {
	d := run.Diagnosis
	out := []string{formats(d.Broke), formats(d.FixIn), formats(d.NotIt)}
	for _, fix := range d.NextSteps {
		out = append(out, formats(fix.Text), fix.Command)
		for _, block := range fix.Code {
			out = append(out, block.Lang+": "+block.Text)
		}
	}
	for _, r := range run.Results {
		line := r.Check.ID + " " + string(r.Status) + " " + formats(r.Check.Title) + " | " + formats(r.Check.Short) + " | " + formats(r.Outcome.Text)
		if r.Skip != nil {
			line += " | " + formats(r.Skip.Text)
		}
		for _, f := range r.Findings {
			line += " | " + string(f.Code) + " " + formats(f.Message)
		}
		out = append(out, line)
	}
	return out
}

// formats returns the format of a text and of the texts among its arguments.
func formats(text finding.Text) string {
	out := text.Format
	for _, arg := range text.Args {
		if inner, is := arg.(finding.Text); is {
			out += " (" + formats(inner) + ")"
		}
	}
	return out
}

// recorded reads the recording and restores the types that JSON loses.
func recorded(t *testing.T) check.Run {
	t.Helper()
	var run check.Run
	if err := json.Unmarshal([]byte(read(t, recording)), &run); err != nil {
		t.Fatal(err)
	}
	retype(reflect.ValueOf(&run).Elem())
	return run
}

// holds reports whether a run has a result of the check.
func holds(run check.Run, id string) bool {
	return slices.ContainsFunc(run.Results, func(r check.Result) bool { return r.Check.ID == id })
}

// retype restores the types of the arguments of all texts in v: whole numbers become int,
// objects become texts.
func retype(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			retype(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			retype(v.Index(i))
		}
	case reflect.Struct:
		if text, is := v.Interface().(finding.Text); is {
			for i, arg := range text.Args {
				text.Args[i] = argument(arg)
			}
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				retype(v.Field(i))
			}
		}
	}
}

func argument(arg any) any {
	switch arg := arg.(type) {
	case float64:
		if arg == math.Trunc(arg) {
			return int(arg)
		}
	case map[string]any:
		format, _ := arg["Format"].(string)
		args, _ := arg["Args"].([]any)
		text := finding.Textf(format, args...)
		for i, inner := range text.Args {
			text.Args[i] = argument(inner)
		}
		return text
	}
	return arg
}

// same compares the file with want. If update is true, it writes the file first.
func same(t *testing.T, update bool, name, want string) {
	t.Helper()
	if update {
		write(t, name, want)
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Errorf("%v (make pictures writes it)", err)
	} else if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not up to date; make pictures writes it (-program +file):\n%s", name, diff)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
