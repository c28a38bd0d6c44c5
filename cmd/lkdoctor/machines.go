package main

import (
	"bytes"
	"cmp"
	"net/url"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"lkdoctor/checks/check"
	"lkdoctor/checks/report"
)

// saveForMachines writes the files of --metrics and --junit. Each is replaced as a
// whole, so a reader never sees half a file. It reports whether it succeeded, and writes
// errors to stderr. target is the label of the metrics, unless --metrics-target is set.
func (a *app) saveForMachines(f *flags, run check.Run, target string) bool {
	if f.metrics == "" && f.junit == "" {
		return true
	}
	metrics, junit := true, true
	d := report.NewDocument(run, toolVersion(), a.style(f))
	if f.metrics != "" {
		err := overwritable(f.metrics, "metrics", report.IsMetrics)
		if err == nil {
			err = prometheus.WriteToTextfile(f.metrics,
				report.Metrics(d, a.redact.Clean(cmp.Or(f.metricsTarget, target), 200), run.StartedAt.Add(run.Took)))
		}
		metrics = a.saved("metrics", err)
	}
	if f.junit != "" {
		err := overwritable(f.junit, "JUnit XML", report.IsJUnit)
		if err == nil {
			err = writeJUnit(f.junit, d, f.strict)
		}
		junit = a.saved("JUnit file", err)
	}
	return metrics && junit
}

func writeJUnit(path string, d report.Document, strict bool) error {
	var text bytes.Buffer
	if err := report.JUnit(&text, d, strict); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path))
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.Write(text.Bytes())
	if closing := temp.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Chmod(temp.Name(), 0o644)
	}
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// targetLabel returns the scheme, host and port of the configured LIVEKIT_URL. It does
// not use an address from a token, an answer or a paste: labels must not hold untrusted
// text.
func (e *exam) targetLabel() string {
	raw := e.settings.URL.Value
	if raw == "" || raw == e.flags.pastedURL {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	return e.app.redact.Clean((&url.URL{Scheme: u.Scheme, Host: u.Host}).String(), 200)
}
