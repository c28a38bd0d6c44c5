package progress_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
	"lkdoctor/checks/wrap"
)

func timed(id string, began, took int, status check.Status, facts finding.Facts) check.Result {
	return check.Result{
		Check: check.Spec{ID: id, Short: finding.Textf("%s", id)}, Status: status, Skip: &check.Skip{}, Outcome: check.Outcome{Facts: facts},
		Began: time.Duration(began) * time.Millisecond, Took: time.Duration(took) * time.Millisecond,
	}
}

// TestTimeline checks that checks are sorted by their begin and followed by their steps.
// A step that a failed join did not finish lasts until the join's end.
func TestTimeline(t *testing.T) {
	spans := progress.Timeline([]check.Result{
		timed("env.files", -1, 5, check.StatusPass, nil),
		timed("token.format", 0, 0, check.StatusSkip, nil),
		timed("join.media", 30, 70, check.StatusFail, finding.Facts{"offer_ms": 10.0, "ice_ms": 0.0, "dtls_ms": 0.0, "tcp_ms": 5.0}),
		timed("join.websocket", 10, 20, check.StatusPass, finding.Facts{"upgrade_ms": 6.0, "join_ms": 2.0}),
		timed("join.reach", 0, 8, check.StatusPass, finding.Facts{"dns_ms": 0.0, "tcp_ms": 3.0, "tls_ms": 0.0}),
	})
	var got []string
	for _, s := range spans {
		line := s.Name.String() + " " + s.From.String() + " " + s.Took.String()
		if s.Step {
			line = "  " + line
		}
		got = append(got, line)
	}
	want := []string{
		"join.reach 0s 8ms", "  TCP 0s 3ms",
		"join.websocket 10ms 20ms", "  TCP 10ms 5ms", "  WebSocket upgrade 15ms 6ms", "  Join 21ms 2ms",
		"join.media 30ms 70ms", "  Offer 30ms 10ms", "  ICE 40ms 60ms",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestWaterfallFits checks that no line is wider than the window, and that the bars are
// at the right times.
func TestWaterfallFits(t *testing.T) {
	spans := []progress.Span{
		{Name: finding.Textf("LiveKit 服务器可达，名字很长很长很长"), From: 0, Took: 12 * time.Millisecond},
		{Name: finding.Textf("TCP"), From: time.Millisecond, Took: time.Microsecond, Step: true},
		{Name: finding.Textf("Media"), From: 12 * time.Millisecond, Took: 12 * time.Second},
	}
	for width := range 200 {
		for _, ascii := range []bool{true, false} {
			lines := progress.Waterfall(spans, width, ascii, finding.Text.String)
			if len(lines) != len(spans) && (width > 40 || len(lines) > 0) {
				t.Fatalf("%d columns: %d lines", width, len(lines))
			}
			for _, line := range lines {
				if wrap.Width(line) > width {
					t.Errorf("%d columns: %q", width, line)
				}
			}
		}
	}
	lines := progress.Waterfall(spans, 60, true, finding.Text.String)
	if !strings.Contains(lines[1], " = ") && !strings.Contains(lines[1], "= ") || strings.Count(lines[2], "#") < 20 || !strings.HasSuffix(lines[2], "12 s") {
		t.Error(strings.Join(lines, "\n"))
	}
}
