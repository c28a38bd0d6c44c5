package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"lkdoctor/checks/check"
	"lkdoctor/checks/report"
)

// defaultReport is where the TUI saves a report when --report names no file, and
// defaultDocument where it saves the JSON document.
const (
	defaultReport   = "lkdoctor-report.md"
	defaultDocument = "lkdoctor-report.json"
)

// save writes the files that were asked for, and returns the run. Where one
// cannot be written, stderr says so and the run's exit code is the doctor's own
// failure, unless the run was interrupted.
func (e *exam) save(run check.Run) check.Run {
	written := true
	if e.flags.report != "" {
		written = e.app.saved("report", e.write(run, e.app.absolute(e.flags.report)))
	}
	written = e.app.saveForMachines(e.flags, run, e.targetLabel()) && written
	if !written && run.ExitCode != check.ExitInterrupted {
		run.ExitCode = check.ExitDoctor
	}
	return run
}

// saved reports whether err is nil; stderr says what it is.
func (a *app) saved(what string, err error) bool {
	if err != nil {
		a.complain("write the "+what+": ", err)
	}
	return err == nil
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
	path = e.app.absolute(path)
	return path, e.write(run, path)
}

// saveJSON writes the document that --json prints, never over a file that is
// none of ours.
func (e *exam) saveJSON(run check.Run) (string, error) {
	path := e.app.absolute(defaultDocument)
	ours := func(beginning []byte) bool { return bytes.Contains(beginning, []byte(`"schema_version"`)) }
	if err := overwritable(path, "a document", ours); err != nil {
		return path, err
	}
	var out bytes.Buffer
	if err := report.JSON(&out, report.NewDocument(run, toolVersion(), e.style)); err != nil {
		return path, err
	}
	return path, os.WriteFile(path, out.Bytes(), 0o644)
}

// absolute is a path in the folder that the program was called in; in a lab,
// whose own folder is gone afterwards, in the one that lklab was called in.
func (a *app) absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	if dir := a.getenv("LKLAB_CALLER"); filepath.IsAbs(dir) {
		return filepath.Join(dir, path)
	}
	return filepath.Join(a.dir, path)
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
