package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"lkdoctor/checks/check"
	"lkdoctor/checks/report"
)

// defaultReport is where the TUI saves a report when --report names no file.
const defaultReport = "lkdoctor-report.md"

// save writes the report that --report asked for. The run counts even when the
// report cannot be written: the failure goes to stderr.
func (e *exam) save(run check.Run) {
	if e.flags.report == "" {
		return
	}
	if err := e.write(run, e.flags.report); err != nil {
		fmt.Fprintf(e.app.err, "lkdoctor: write the report: %s\n", err)
	}
}

func (e *exam) saveFromTUI(run check.Run) (string, error) {
	path := e.flags.report
	if path == "" {
		path = defaultReport
	}
	return path, e.write(run, path)
}

// write never follows into an existing file that is no report of ours.
func (e *exam) write(run check.Run, path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return err
	case !info.Mode().IsRegular(): // a device or a pipe may be read for ever
		return fmt.Errorf("%s is not a file: name another one", path)
	default:
		old, err := beginning(path)
		if err != nil {
			return err
		}
		if !report.IsMarkdown(old) {
			return fmt.Errorf("%s exists and is not a report of lkdoctor: name another file", path)
		}
	}
	return os.WriteFile(path, report.Markdown(run, toolVersion(), e.style), 0o644)
}

// beginning is enough of a file to recognise a report.
func beginning(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 4<<10))
}
