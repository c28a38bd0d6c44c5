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

// save writes the files that were asked for. The run counts even when one
// cannot be written: the failure goes to stderr.
func (e *exam) save(run check.Run) {
	if e.flags.report != "" {
		if err := e.write(run, e.flags.report); err != nil {
			fmt.Fprintf(e.app.err, "lkdoctor: write the report: %s\n", err)
		}
	}
	e.app.saveForMachines(e.flags, run, e.targetLabel())
}

// write writes a report, never over a file that is none of ours.
func (e *exam) write(run check.Run, path string) error {
	if err := overwritable(path, "a report", report.IsMarkdown); err != nil {
		return err
	}
	return os.WriteFile(path, report.Markdown(run, toolVersion(), e.style), 0o644)
}

func (e *exam) saveFromTUI(run check.Run) (string, error) {
	path := e.flags.report
	if path == "" {
		path = defaultReport
	}
	return path, e.write(run, path)
}

// overwritable returns nil when path names no file yet, or one that ours
// recognises by its beginning. kind is what ours recognises, for the error.
func overwritable(path, kind string, ours func(beginning []byte) bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular(): // a device or a pipe may be read for ever
		return fmt.Errorf("%s is not a file: name another one", path)
	}
	old, err := beginning(path)
	if err == nil && !ours(old) {
		err = fmt.Errorf("%s exists and is not %s of lkdoctor: name another file", path, kind)
	}
	return err
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
