package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
	"lkdoctor/config/clean"
	"lkdoctor/tui"
)

// A screenSize is the size of a window, and the percentage of its rows, over all faults,
// that may be cut.
type screenSize struct{ width, height, mayCut int }

func screenSizes() []screenSize { return []screenSize{{80, 24, 10}, {120, 40, 0}, {60, 20, 30}} }

// screenCounts counts the rows on the screens of all faults.
type screenCounts struct {
	mu        sync.Mutex
	rows, cut map[screenSize]int
	examples  map[screenSize][]string
}

func newScreenCounts() *screenCounts {
	return &screenCounts{rows: map[screenSize]int{}, cut: map[screenSize]int{}, examples: map[screenSize][]string{}}
}

// look draws a finished run in each size and counts cut rows. It fails the test if a
// sentence occurs twice on one screen.
func (c *screenCounts) look(t *testing.T, e *exam, events []check.Event) {
	t.Helper()
	deps := e.deps(&reruns{exam: e})
	run := *events[len(events)-1].Run
	for _, size := range screenSizes() {
		screen := tui.Still(deps, ended(events), size.width, size.height, "esc") // leave the choices of a run without settings
		cut, rows := cutRows(screen, run)
		if rows != len(check.Stages()) {
			t.Errorf("%dx%d shows %d stages:\n%s", size.width, size.height, rows, screen)
		}
		for _, key := range []string{"", "f", "e", "i", "v"} {
			if key != "" {
				screen = tui.Still(deps, ended(events), size.width, size.height, "esc", key)
			}
			text := readable(screen)
			for _, sentence := range sentences(run) {
				if n := strings.Count(text, sentence); n > 1 {
					t.Errorf("%dx%d, key %q, says %d times %q:\n%s", size.width, size.height, key, n, sentence, screen)
				}
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

// ended returns only the last event, which is enough for the screen of an ended run.
func ended(events []check.Event) []check.Event { return events[len(events)-1:] }

// wantFactsInReach checks that the evidence tabs show each fact of the document under its
// readable name, each setting and each part of the token.
func wantFactsInReach(t *testing.T, e *exam, events []check.Event) {
	t.Helper()
	run := *events[len(events)-1].Run
	deps := e.deps(&reruns{exam: e})
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
	for _, r := range run.Results {
		if r.Skip != nil && r.Skip.Text.Format == "not run: needs %s" {
			t.Errorf("%s is blocked by %s, which has no words for what it lacks then", r.Check.ID, r.Skip.By)
		}
	}
	for i, stage := range check.Stages() {
		keys := slices.Concat([]string{"esc"}, slices.Repeat([]string{"k"}, len(check.Stages())), slices.Repeat([]string{"j"}, i), []string{"e"})
		page := tui.Still(deps, ended(events), 80, 600, keys...)
		text, lines := squeeze(page), strings.Split(page, "\n")
		want := func(what, value string) {
			if !strings.Contains(text, squeeze(value)) {
				t.Errorf("%s: %q is not on the screen:\n%s", what, value, page)
			}
		}
		for _, r := range run.Results {
			if r.Check.Stage != stage {
				continue
			}
			facts := []check.Facts{r.Outcome.Facts}
			for _, f := range r.Findings {
				want(r.Check.ID, string(f.Code))
				want(r.Check.ID, clean.Line(f.Message.String(), 4000))
				facts = append(facts, f.Facts)
			}
			for _, list := range facts {
				for name, value := range list {
					want(name, finding.FactName(name).String())
					items, is := value.([]string)
					if !is {
						want(name, clean.Line(finding.FactValue(name, value).String(), 4000))
					}
					for _, item := range items {
						if !inColumns(lines, item) {
							want(name, clean.Line(item, 4000))
						}
					}
				}
			}
		}
		switch stage {
		case check.StageEnv:
			for _, s := range run.Settings {
				want(s.Name, s.Name)
				if s.Value != clean.Hidden {
					want(s.Name, s.Value)
				}
			}
		case check.StageToken:
			for _, p := range run.Token {
				want(p.Name, p.Name)
			}
		}
	}
}

// inColumns reports whether one line holds all words of item, as a row of a table does.
func inColumns(lines []string, item string) bool {
	words := strings.Fields(strings.NewReplacer("→", "", "(", "", ")", "", ": ", " ", ",", "", " sent", "", " answered", "", "the address ", "").Replace(item))
	return slices.ContainsFunc(lines, func(line string) bool {
		return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line, word) })
	})
}

// judge fails the test if more rows were cut than allowed. With -run there may be too few
// rows to judge.
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

// cutRows returns the rows of stages that end with the mark of a cut, unless the run's own
// text has it, and the number of rows.
func cutRows(screen string, run check.Run) (cut []string, rows int) {
	own := strings.Join(sentences(run), " ")
	names := []string{"App"} // instead of Ticket service
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

// readable returns the text of the screen's panes without line breaks.
func readable(screen string) string {
	var left, right []string
	for line := range strings.SplitSeq(screen, "\n") {
		a, b, _ := strings.Cut(line, "│")
		left, right = append(left, a), append(right, b)
	}
	return squeezed(strings.Join(left, " ")) + " | " + squeezed(strings.Join(right, " "))
}

// sentences returns the texts of a run that a screen may show.
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

// TestTheFirstFrameHasAllStages checks that the first frame shows all stages in each size.
func TestTheFirstFrameHasAllStages(t *testing.T) {
	for _, size := range screenSizes() {
		deps := tui.Deps{Checks: checks.Specs()}
		if _, rows := cutRows(tui.Still(deps, nil, size.width, size.height), check.Run{}); rows != len(check.Stages()) {
			t.Error(fmt.Sprintf("%dx%d", size.width, size.height), rows)
		}
	}
}
