package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"lkdoctor/checks/check"
	"lkdoctor/checks/report"
)

// The file names of the TUI's report, if --report names none, and of its JSON document.
const (
	defaultReport   = "lkdoctor-report.md"
	defaultDocument = "lkdoctor-report.json"
)

// save writes the files of the flags, and returns the run. After an error, which it
// writes to stderr, the run's exit code is ExitDoctor unless the run was interrupted.
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

// saved reports whether err is nil, and writes it to stderr if not.
func (a *app) saved(what string, err error) bool {
	if err != nil {
		a.complain("write the "+what+": ", err)
	}
	return err == nil
}

// write writes a report. It replaces no file that is not a report of lkdoctor.
func (e *exam) write(run check.Run, path string) error {
	return overwrite(path, "a report", report.IsMarkdown, report.Markdown(run, toolVersion(), e.style))
}

func (e *exam) saveFromTUI(run check.Run) (string, error) {
	path := e.app.absolute(cmp.Or(e.flags.report, defaultReport))
	return path, e.write(run, path)
}

// saveJSON writes the document of --json. It replaces no file that is not such a
// document.
func (e *exam) saveJSON(run check.Run) (string, error) {
	path := e.app.absolute(defaultDocument)
	ours := func(beginning []byte) bool { return bytes.Contains(beginning, []byte(`"schema_version"`)) }
	var out bytes.Buffer
	if err := report.JSON(&out, report.NewDocument(run, toolVersion(), e.style)); err != nil {
		return path, err
	}
	return path, overwrite(path, "a document", ours, out.Bytes())
}

// absolute returns the absolute form of a path. Relative paths begin in the working
// directory, or under lklab in the directory that lklab was called in, since the lab's
// own is removed.
func (a *app) absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	if dir := a.getenv("LKLAB_CALLER"); filepath.IsAbs(dir) {
		return filepath.Join(dir, path)
	}
	return filepath.Join(a.dir, path)
}

// overwrite writes a file that is overwritable.
func overwrite(path, kind string, ours func(beginning []byte) bool, text []byte) error {
	if err := overwritable(path, kind, ours); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// overwritable returns nil if path does not exist, or if ours recognises the beginning
// of its content. kind names the content in the error.
func overwritable(path, kind string, ours func(beginning []byte) bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular(): // reading a device or a pipe may not end
		return fmt.Errorf("%s is not a file: name another one", path)
	}
	old, err := beginning(path)
	if err == nil && !ours(old) {
		err = fmt.Errorf("%s exists and is not %s of lkdoctor: name another file", path, kind)
	}
	return err
}

// beginning returns as much of a file as recognising a report needs.
func beginning(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 4<<10))
}
