package main

import (
	"errors"
	"fmt"
	"os"

	"lkdoctor/checks"
	"lkdoctor/checks/report"
)

// defaultReport is where the TUI saves a report when --report names no file.
const defaultReport = "lkdoctor-report.md"

// save writes the report that --report asked for. The run counts even when the
// report cannot be written: the failure goes to stderr.
func (e *exam) save(run checks.Run) {
	if e.flags.report == "" {
		return
	}
	if err := e.write(run, e.flags.report); err != nil {
		fmt.Fprintf(e.app.err, "lkdoctor: write the report: %s\n", err)
	}
}

func (e *exam) saveFromTUI(run checks.Run) (string, error) {
	path := e.flags.report
	if path == "" {
		path = defaultReport
	}
	return path, e.write(run, path)
}

// write never follows into an existing file that is no report of ours.
func (e *exam) write(run checks.Run, path string) error {
	old, err := os.ReadFile(path)
	if err == nil && !report.IsMarkdown(old) {
		return fmt.Errorf("%s exists and is not a report of lkdoctor: name another file", path)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.WriteFile(path, report.Markdown(run, toolVersion(), e.style), 0o644)
}
