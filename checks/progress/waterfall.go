package progress

import (
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/wrap"
)

// Span is the time of a check, or of one step of it.
type Span struct {
	Name finding.Text
	// From is the time since the start of the run.
	From, Took time.Duration
	// Step is set for a step of the check before it.
	Step bool
}

// step is a step of connecting: the fact with its time, and its name.
type step struct {
	fact string
	name finding.Text
}

// steps returns the steps of a check in their order. If by is not "", their facts are
// those of the check by.
func steps(id string) (list []step, by string) {
	reach := []step{{"dns_ms", finding.Textf("DNS")}, {"tcp_ms", finding.Textf("TCP")}, {"tls_ms", finding.Textf("TLS")}}
	signal := []step{{"upgrade_ms", finding.Textf("WebSocket upgrade")}, {"join_ms", finding.Textf("Join")}}
	media := []step{{"offer_ms", finding.Textf("Offer")}, {"ice_ms", finding.Textf("ICE")}, {"dtls_ms", finding.Textf("DTLS")}}
	switch id {
	case "join.reach":
		return reach, ""
	case "join.websocket":
		return append(reach, signal...), "join.media"
	case "join.media":
		return media, ""
	case "fallback.join":
		return slices.Concat(reach, signal, media), ""
	}
	return nil, ""
}

// Timeline returns the checks of a run in the order in which they began, each followed
// by its steps of connecting. It omits results of an earlier run.
func Timeline(results []check.Result) []Span {
	ran := slices.DeleteFunc(slices.Clone(results), func(r check.Result) bool {
		return r.Began < 0 || r.Took <= 0 || r.Status == check.StatusSkip && !r.SkippedByHand()
	})
	slices.SortStableFunc(ran, func(a, b check.Result) int { return int(a.Began - b.Began) })
	var spans []Span
	for _, r := range ran {
		name := r.Check.Short
		if name.IsZero() {
			name = r.Check.Title
		}
		spans = append(spans, Span{Name: name, From: r.Began, Took: r.Took})
		list, by := steps(r.Check.ID)
		at, end := r.Began, r.Began+r.Took
		for i, s := range list {
			took := millisFact(r, s.fact)
			if took == 0 && by != "" {
				took = millisFact(check.ResultOf(results, by), s.fact)
			}
			if took == 0 && i > 0 && r.Status == check.StatusFail && millisFact(r, list[i-1].fact) > 0 && !slices.ContainsFunc(list[i:], func(s step) bool { return millisFact(r, s.fact) > 0 }) {
				took = end - at // the unfinished step
			}
			if took = min(took, end-at); took > 0 {
				spans = append(spans, Span{Name: s.name, From: at, Took: took, Step: true})
			}
			at += took
		}
	}
	return spans
}

// millisFact returns a time among the facts of a check, 0 if absent.
func millisFact(r check.Result, name string) time.Duration {
	facts := []check.Facts{r.Outcome.Facts}
	for _, f := range r.Findings {
		facts = append(facts, f.Facts)
	}
	for _, list := range facts {
		if ms, is := list[name].(float64); is {
			return time.Duration(ms * float64(time.Millisecond))
		}
	}
	return 0
}

// Waterfall draws a timeline within width columns: name, bar and duration. say
// translates names.
func Waterfall(spans []Span, width int, ascii bool, say func(finding.Text) string) []string {
	var all time.Duration
	names, columns := make([]string, len(spans)), 0
	for i, s := range spans {
		all = max(all, s.From+s.Took)
		if names[i] = say(s.Name); s.Step {
			names[i] = "  " + names[i]
		}
		columns = max(columns, wrap.Width(names[i]))
	}
	columns = min(columns, max(8, width/3))
	const clock = 8
	bars := width - columns - 2 - clock
	if bars < 4 || all <= 0 {
		return nil
	}
	full, half, cut := "█", "▒", "…"
	if ascii {
		full, half, cut = "#", "=", "."
	}
	lines := make([]string, len(spans))
	for i, s := range spans {
		from := min(bars-1, int(int64(bars)*int64(s.From)/int64(all)))
		to := min(bars, max(from+1, int((int64(bars)*int64(s.From+s.Took)+int64(all)/2)/int64(all))))
		block := full
		if s.Step {
			block = half
		}
		took := finding.Duration(s.Took)
		name := wrap.Pad(ansi.Truncate(names[i], columns, cut), columns)
		lines[i] = name + "  " + strings.Repeat(" ", from) + strings.Repeat(block, to-from) +
			strings.Repeat(" ", bars-to+max(0, clock-len(took))) + took
	}
	return lines
}
