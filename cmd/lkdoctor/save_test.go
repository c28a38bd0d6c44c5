package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lkdoctor/checks"
	"lkdoctor/checks/report"
)

// TestTheScreenWritesWhereTheCallerIs checks that the screen writes into the caller's
// folder, even inside lklab, and does not overwrite a file that is not its own.
func TestTheScreenWritesWhereTheCallerIs(t *testing.T) {
	lab, caller := t.TempDir(), t.TempDir()
	run := checks.Broken(time.Unix(1e9, 0), "a test")
	for _, test := range []struct {
		environ []string
		report  string
		dir     string
		name    string
	}{
		{nil, "", lab, defaultReport},
		{[]string{"LKLAB_CALLER=" + caller}, "", caller, defaultReport},
		{[]string{"LKLAB_CALLER=" + caller}, "own.md", caller, "own.md"},
		{[]string{"LKLAB_CALLER=" + caller}, filepath.Join(lab, "abs.md"), lab, "abs.md"},
	} {
		e := &exam{app: &app{dir: lab, environ: test.environ, now: time.Now}, flags: &flags{report: test.report}}
		path, err := e.saveFromTUI(run)
		if want := filepath.Join(test.dir, test.name); err != nil || path != want {
			t.Errorf("%v: wrote to %s, want %s, error %v", test.environ, path, want, err)
		}
		if got, err := os.ReadFile(path); err != nil || !report.IsMarkdown(got) {
			t.Errorf("%s holds no report, error %v", path, err)
		}
	}

	e := &exam{app: &app{dir: lab, now: time.Now}, flags: &flags{}}
	for range 2 { // the second overwrites its own file
		path, err := e.saveJSON(run)
		got, readErr := os.ReadFile(path)
		if err != nil || readErr != nil || !filepath.IsAbs(path) || !json.Valid(got) {
			t.Errorf("%s: %d bytes, errors %v, %v", path, len(got), err, readErr)
		}
	}
	write(t, filepath.Join(lab, defaultDocument), "mine")
	if _, err := e.saveJSON(run); err == nil {
		t.Error("somebody's file was overwritten")
	}
}
