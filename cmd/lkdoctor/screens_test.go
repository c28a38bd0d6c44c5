package main

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
	"lkdoctor/tui"
)

// screenSize is a window, and the share of its rows that may be cut over all
// faults, in percent.
type screenSize struct{ width, height, mayCut int }

func screenSizes() []screenSize { return []screenSize{{80, 24, 10}, {120, 40, 0}, {60, 20, 25}} }

// screenCounts are what was seen on the screens of all faults.
type screenCounts struct {
	mu        sync.Mutex
	rows, cut map[screenSize]int
	examples  map[screenSize][]string
}

func newScreenCounts() *screenCounts {
	return &screenCounts{rows: map[screenSize]int{}, cut: map[screenSize]int{}, examples: map[screenSize][]string{}}
}

// look draws a finished run in each size, counts its cut rows, and fails where
// a sentence stands twice on one screen.
func (c *screenCounts) look(t *testing.T, e *exam, events []check.Event) {
	t.Helper()
	deps := e.deps(&reruns{exam: e})
	run := *events[len(events)-1].Run
	for _, size := range screenSizes() {
		screen := tui.Still(deps, events, size.width, size.height)
		cut, rows := cutRows(screen, run)
		if rows != len(check.Stages()) {
			t.Errorf("%dx%d shows %d stages:\n%s", size.width, size.height, rows, screen)
		}
		text := readable(screen)
		for _, sentence := range sentences(run) {
			if n := strings.Count(text, sentence); n > 1 {
				t.Errorf("%dx%d says %d times %q:\n%s", size.width, size.height, n, sentence, screen)
			}
		}
		c.mu.Lock()
		c.rows[size] += rows
		c.cut[size] += len(cut)
		for _, line := range cut {
			c.examples[size] = append(c.examples[size], t.Name()+": "+line)
		}
		c.mu.Unlock()
	}
}

// judge fails where more rows were cut than a size may cut. It says nothing of the
// few faults that -run may name.
func (c *screenCounts) judge(t *testing.T) {
	const few = 50
	for _, size := range screenSizes() {
		rows, cut := c.rows[size], c.cut[size]
		t.Logf("%dx%d: %d of %d rows are cut", size.width, size.height, cut, rows)
		if rows > few*len(check.Stages()) && 100*cut > size.mayCut*rows {
			t.Errorf("%dx%d: %d of %d rows are cut, at most %d %% may be:\n%s", size.width, size.height, cut, rows, size.mayCut,
				strings.Join(c.examples[size][:min(12, cut)], "\n"))
		}
	}
}

var cutEnd = regexp.MustCompile(`…\s*([\d.,]+ (ms|s|min))?\s*$`)

// cutRows are the rows of stages that end with the mark of a cut that is not in
// what the run says itself.
func cutRows(screen string, run check.Run) (cut []string, rows int) {
	own := strings.Join(sentences(run), " ")
	var names []string
	for _, stage := range check.Stages() {
		names = append(names, regexp.QuoteMeta(progress.StageName(stage).String()))
	}
	begins := regexp.MustCompile(`^[▸ ] . (` + strings.Join(names, "|") + `) `)
	inRow, counted := false, false
	for line := range strings.SplitSeq(screen, "\n") {
		line, _, _ = strings.Cut(line, " │ ")
		line, _, _ = strings.Cut(line, " ┃ ")
		switch {
		case begins.MatchString(line):
			inRow, counted = true, false
			rows++
		case strings.TrimSpace(line) == "":
			inRow = false
		}
		if inRow && !counted && cutEnd.MatchString(line) {
			words := strings.Fields(line[:strings.LastIndex(line, "…")+len("…")])
			if !strings.Contains(own, words[len(words)-1]) {
				cut, counted = append(cut, strings.TrimSpace(line)), true
			}
		}
	}
	return cut, rows
}

// readable is the text of a screen's panes without line breaks.
func readable(screen string) string {
	var left, right []string
	for line := range strings.SplitSeq(screen, "\n") {
		a, b, _ := strings.Cut(line, "│")
		left, right = append(left, a), append(right, b)
	}
	return squeezed(strings.Join(left, " ")) + " | " + squeezed(strings.Join(right, " "))
}

// sentences are the texts of a run that a screen may show.
func sentences(run check.Run) []string {
	var texts []finding.Text
	d := run.Diagnosis
	texts = append(texts, d.Broke, d.FixIn, d.NotIt)
	for _, r := range run.Results {
		texts = append(texts, r.Outcome.Text)
		for _, f := range r.Findings {
			texts = append(texts, f.Message)
			for _, fix := range f.Fixes {
				texts = append(texts, fix.Text)
			}
		}
	}
	seen := map[string]bool{}
	var out []string
	for _, text := range texts {
		s := squeezed(text.String())
		if len(strings.Fields(s)) >= 4 && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// The first frame has all stages, whatever the size.
func TestTheFirstFrameHasAllStages(t *testing.T) {
	for _, size := range screenSizes() {
		deps := tui.Deps{Checks: checks.Specs()}
		if _, rows := cutRows(tui.Still(deps, nil, size.width, size.height), check.Run{}); rows != len(check.Stages()) {
			t.Error(fmt.Sprintf("%dx%d", size.width, size.height), rows)
		}
	}
}
