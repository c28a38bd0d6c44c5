package report

import (
	"bytes"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lkdoctor/checks/check"
)

// Metrics returns the metrics of a run for prometheus.WriteToTextfile. Every series
// has the label target, so that one node_exporter can read the files of many runs.
// target comes from this machine's settings; all other label values are lkdoctor's:
// check IDs, statuses, codes, owners, severities and phases. ended is the end of the
// run.
func Metrics(d Document, target string, ended time.Time) prometheus.Gatherer {
	m := metrics{registry: prometheus.NewRegistry(), target: target}
	m.gauge("lkdoctor_build_info", "1, and the version that made this file.", "target", "version").
		WithLabelValues(target, d.Tool.Version).Set(1)
	up := 0.0
	if d.Status == check.StatusPass || d.Status == check.StatusWarn {
		up = 1
	}
	m.of("lkdoctor_up", "1 if nothing failed in the last run, 0 if something did or the run could not be finished.").Set(up)
	m.of("lkdoctor_exit_code", "The exit code of the last run: 0 ok, 1 failed, 2 lkdoctor itself failed, 130 interrupted.").
		Set(float64(d.ExitCode))
	m.of("lkdoctor_run_duration_seconds", "How long the last run took.").Set(d.DurationMS / 1e3)
	m.of("lkdoctor_last_run_timestamp_seconds", "When the last run ended, in seconds since 1970.").
		Set(float64(ended.UnixMilli()) / 1e3)
	m.statuses(d)
	m.findings(d)
	m.phases(d)
	m.certificate(d)
	return m.registry
}

// metrics are gauges of one target.
type metrics struct {
	registry *prometheus.Registry
	target   string
}

func (m metrics) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(g)
	return g
}

// of returns a gauge of the target; more labels may be added.
func (m metrics) of(name, help string) prometheus.Gauge {
	return m.gauge(name, help, "target").WithLabelValues(m.target)
}

// statuses adds a series for every check and status, one of them 1, so that none
// becomes stale when the status changes.
func (m metrics) statuses(d Document) {
	status := m.gauge("lkdoctor_check_status", "1 for the status that the check ended with, 0 for the others.", "target", "check", "status")
	for _, c := range d.Checks {
		for _, s := range []check.Status{check.StatusPass, check.StatusWarn, check.StatusFail, check.StatusSkip, check.StatusError} {
			value := 0.0
			if c.Status == s {
				value = 1
			}
			status.WithLabelValues(m.target, c.ID, string(s)).Set(value)
		}
	}
}

func (m metrics) findings(d Document) {
	found := m.gauge("lkdoctor_finding", "1 for each code that was found; see lkdoctor explain CODE.",
		"target", "code", "owner", "severity")
	for _, c := range d.Checks {
		for _, f := range c.Findings {
			found.WithLabelValues(m.target, string(f.Code), string(f.Owner), string(f.Severity)).Set(1)
		}
	}
}

// phases adds the steps of connecting, from the facts of the check that times them. A
// step that was not reached has no series.
func (m metrics) phases(d Document) {
	phase := m.gauge("lkdoctor_phase_seconds", "How long a step of connecting took.", "target", "phase")
	for _, p := range []struct{ check, fact, name string }{
		{"join.reach", "dns_ms", "dns"}, {"join.reach", "tcp_ms", "tcp"}, {"join.reach", "tls_ms", "tls"},
		{"join.websocket", "upgrade_ms", "upgrade"}, {"join.websocket", "join_ms", "join"},
		{"join.media", "offer_ms", "offer"}, {"join.media", "ice_ms", "ice"}, {"join.media", "dtls_ms", "dtls"},
	} {
		if ms, is := d.fact(p.check, p.fact).(float64); is {
			phase.WithLabelValues(m.target, p.name).Set(ms / 1e3)
		}
	}
}

// certificate adds the expiry of the LiveKit server's certificate, if known.
func (m metrics) certificate(d Document) {
	text, _ := d.fact("join.reach", "cert_not_after").(string)
	expiry, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return
	}
	m.of("lkdoctor_certificate_expiry_timestamp_seconds", "When the LiveKit server's certificate expires, in seconds since 1970.").
		Set(float64(expiry.Unix()))
}

// fact returns a fact of a check's outcome or findings, nil if absent.
func (d Document) fact(check, name string) any {
	for _, c := range d.Checks {
		if c.ID != check {
			continue
		}
		if c.Outcome != nil && c.Outcome.Facts[name] != nil {
			return c.Outcome.Facts[name]
		}
		for _, f := range c.Findings {
			if f.Facts[name] != nil {
				return f.Facts[name]
			}
		}
	}
	return nil
}

// IsMetrics reports whether a file with this beginning was written by
// prometheus.WriteToTextfile from Metrics: it sorts families by name.
func IsMetrics(beginning []byte) bool { return bytes.HasPrefix(beginning, []byte("# HELP lkdoctor_")) }
