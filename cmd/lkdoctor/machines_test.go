package main

import (
	"bytes"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/report"
)

// forMachines checks that metrics and JUnit agree with the document, and that no label has
// a value from outside lkdoctor.
func forMachines(t *testing.T, run check.Run, e *exam, l *lab.Lab) {
	t.Helper()
	d := report.NewDocument(run, "test", e.style)
	series := gathered(t, d, e.targetLabel())
	up := series["lkdoctor_up"]
	if len(up) != 1 || (up[0].value == 1) != (run.Summary.Fail+run.Summary.Error == 0) {
		t.Errorf("lkdoctor_up is %v, of a run with %+v", up, run.Summary)
	}
	if cause := d.Diagnosis.RootCause; cause != nil && !slices.ContainsFunc(series["lkdoctor_finding"], func(s sample) bool {
		return s.labels["code"] == string(cause.Code)
	}) {
		t.Errorf("%s is not among the findings", cause.Code)
	}
	known := knownLabels()
	for name, samples := range series {
		for _, s := range samples {
			for label, value := range s.labels {
				if label == "target" && value == e.targetLabel() || label == "version" && value == "test" {
					continue
				}
				if !slices.Contains(known[label], value) {
					t.Errorf("%s has the label %s=%q", name, label, value)
				}
			}
		}
	}

	var junit bytes.Buffer
	if err := report.JUnit(&junit, d, false); err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
		Cases    []struct {
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
			Skipped *struct{} `xml:"skipped"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal(junit.Bytes(), &parsed); err != nil || !report.IsJUnit(junit.Bytes()) {
		t.Fatalf("JUnit: %v\n%s", err, &junit)
	}
	failures, errs, skipped := 0, 0, 0
	for _, c := range parsed.Cases {
		switch {
		case c.Failure != nil:
			failures++
		case c.Error != nil:
			errs++
		case c.Skipped != nil:
			skipped++
		}
	}
	for name, is := range map[string][3]int{
		"failures": {parsed.Failures, failures, run.Summary.Fail},
		"errors":   {parsed.Errors, errs, run.Summary.Error},
		"skipped":  {parsed.Skipped, skipped, run.Summary.Skip},
	} {
		if is[0] != is[2] || is[1] != is[2] {
			t.Errorf("JUnit counts %d %s and holds %d, the run has %d", is[0], name, is[1], is[2])
		}
	}
	nothingSecret(t, "junit", junit.String(), l, e)
	nothingRaw(t, "junit", junit.String())
}

// A sample is one series of a family of metrics.
type sample struct {
	labels map[string]string
	value  float64
}

func gathered(t *testing.T, d report.Document, target string) map[string][]sample {
	t.Helper()
	families, err := report.Metrics(d, target, time.Unix(1_795_850_000, 0)).Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]sample{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			s := sample{labels: map[string]string{}, value: m.GetGauge().GetValue()}
			for _, pair := range m.GetLabel() {
				s.labels[pair.GetName()] = pair.GetValue()
			}
			out[f.GetName()] = append(out[f.GetName()], s)
		}
	}
	return out
}

// knownLabels returns the values that lkdoctor gives to each label.
func knownLabels() map[string][]string {
	known := map[string][]string{
		"status":   {"pass", "warn", "fail", "skip", "error"},
		"severity": {"info", "warn", "fail"},
		"phase":    {"dns", "tcp", "tls", "upgrade", "join", "offer", "ice", "dtls"},
		"owner": {"config", "ticket_service", "frontend", "livekit_server", "network", "clock", "agent", "none", "unknown",
			"maker", ""},
	}
	for _, c := range checks.Specs() {
		known["check"] = append(known["check"], c.ID)
	}
	for _, c := range finding.Codes() {
		known["code"] = append(known["code"], string(c))
	}
	return known
}

// TestTargetLabel checks that the label is the configured address without credentials and
// path, and never a pasted one.
func TestTargetLabel(t *testing.T) {
	for name, tt := range map[string]struct {
		args  []string
		stdin string
		want  string
	}{
		"a flag":     {[]string{"--url", "wss://user:pw@lk.example.com:7443/x?access_token=eyJhbGciOi"}, "", "wss://lk.example.com:7443"},
		"none":       {nil, "", ""},
		"not a URL":  {[]string{"--url", "lk.example.com"}, "", ""},
		"in a paste": {[]string{"--token", "-"}, `{"url":"wss://stranger.example.com","token":"lk_demo_0123456789012345678901234567890123456789012"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(tt.args, strings.NewReader(tt.stdin), &bytes.Buffer{}, &bytes.Buffer{}, []string{"HOME=" + t.TempDir()})
			a.dir = t.TempDir()
			if got := a.examFor(t).targetLabel(); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// TestFilesOfAStoppedRun ends runs by --timeout, by Ctrl+C, and before the first check.
// Metrics and JUnit must be written and replace older files, and no other file may remain.
func TestFilesOfAStoppedRun(t *testing.T) {
	t.Parallel()
	l := startLab(t, "server-silent")
	at := slices.IndexFunc(l.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "LIVEKIT_URL=") })
	server := strings.TrimPrefix(l.Environ()[at], "LIVEKIT_URL=")
	for name, tt := range map[string]struct {
		args []string
		stop func(cmd *exec.Cmd, consumed int)
		exit int
		code string
	}{
		"time-out": {[]string{"--timeout", "300ms"}, nil, 2, "DOCTOR_TIMEOUT"},
		"Ctrl+C": {nil, func(cmd *exec.Cmd, consumed int) {
			waitFor(t, func() bool { return l.Tickets.Consumed() > consumed })
			_ = cmd.Process.Signal(os.Interrupt)
		}, 130, "DOCTOR_CANCELLED"},
		"no settings": {[]string{"--project", "nothere", "--metrics-target", "staging"}, nil, 2, "DOCTOR_INTERNAL"},
	} {
		t.Run(name, func(t *testing.T) {
			l.Renew()
			dir := t.TempDir()
			prom, junit := filepath.Join(dir, "lkdoctor.prom"), filepath.Join(dir, "lkdoctor.xml")
			for _, again := range []bool{false, true} {
				if again && tt.stop != nil {
					break
				}
				cmd := program(t, l.Environ(), append([]string{"--plain", "--metrics", prom, "--junit", junit}, tt.args...)...)
				var errs bytes.Buffer
				cmd.Stderr = &errs
				consumed := l.Tickets.Consumed()
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				if tt.stop != nil {
					tt.stop(cmd, consumed)
				}
				if code := exitCodeOf(t, cmd.Wait()); code != tt.exit || strings.Contains(errs.String(), "write the") {
					t.Fatalf("exit code %d, want %d; stderr: %s", code, tt.exit, &errs)
				}
			}
			metrics := read(t, prom)
			target := server
			if slices.Contains(tt.args, "--metrics-target") {
				target = "staging"
			}
			for _, want := range []string{
				`lkdoctor_up{target="` + target + `"} 0`, `code="` + tt.code + `"`, "lkdoctor_last_run_timestamp_seconds{",
			} {
				if !strings.Contains(metrics, want) {
					t.Errorf("the metrics lack %s:\n%s", want, metrics)
				}
			}
			cases, err := os.ReadFile(junit)
			if err != nil || !report.IsJUnit(cases) || !strings.Contains(string(cases), `type="`+tt.code+`"`) {
				t.Errorf("JUnit: %v\n%s", err, cases)
			}
			if left, _ := os.ReadDir(dir); len(left) != 2 {
				t.Errorf("beside the two files there is more: %v", left)
			}
		})
	}
}
