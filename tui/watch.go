package tui

import (
	"context"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
)

// watch is the state of watching the env files; the zero value is off.
type watch struct {
	// news receives a value when the files have changed; nil while off.
	news <-chan struct{}
	stop context.CancelFunc
	// due reports whether they have changed since the last run began.
	due bool
}

// changedMsg is sent when the env files have changed. It is the news of the watch that
// saw it.
type changedMsg <-chan struct{}

func (m model) watches() (model, tea.Cmd) {
	if m.watch.news != nil {
		m.watch.stop()
		m.watch = watch{}
		m.notice = m.Sayf("The env files are not watched any more.")
		return m, nil
	}
	ctx, stop := context.WithCancel(m.session.life)
	m.watch = watch{news: m.deps.Watch(ctx), stop: stop}
	m.notice = m.Sayf("Watching .env*: a change runs again what needs no ticket and no room.")
	return m, m.watch.next()
}

// next returns the command that waits for the next change.
func (w watch) next() tea.Cmd {
	return func() tea.Msg {
		if _, more := <-w.news; more {
			return changedMsg(w.news)
		}
		return nil // the watch was stopped
	}
}

// mayFollow reports whether a change may start a run now: not during a run or a prompt.
func (m model) mayFollow() bool {
	return m.watch.due && !m.running && !m.prompt.isOpen() && !m.menu.open && !m.browser.open && !m.gone
}

// since describes what has changed since the run before the shown one. It is empty if
// that run is not comparable, or if there is none.
func (m model) since() string {
	was := m.was().Checks()
	if len(was) == 0 {
		return ""
	}
	bad := func(s progress.State) bool { return s == progress.Failed || s == progress.Errored }
	good := func(s progress.State) bool { return s == progress.Passed || s == progress.Warned }
	mended, reached, broken, left, other := 0, 0, 0, 0, 0
	for i, c := range m.progress.Checks() {
		switch old := was[i]; { // both runs have all checks
		case bad(old.State) && good(c.State):
			mended++
		case old.State == progress.Skipped && good(c.State):
			reached++
		case good(old.State) && bad(c.State):
			broken++
		case old.State != progress.Skipped && c.State == progress.Skipped:
			left++
		case old.State != c.State || !slices.EqualFunc(old.Result.Findings, c.Result.Findings, sameFinding):
			other++
		}
	}
	if mended+reached > 0 {
		left = 0 // after a fix, what looks for its cause does not run
	}
	var parts []string
	for _, part := range []struct {
		n         int
		one, many finding.Text
	}{
		{mended, finding.Textf("one check that failed passes now"), finding.Textf("%d checks that failed pass now", mended)},
		{reached, finding.Textf("one that did not run passes now"), finding.Textf("%d that did not run pass now", reached)},
		{broken, finding.Textf("one that passed fails now"), finding.Textf("%d that passed fail now", broken)},
		{other, finding.Textf("one check has another result"), finding.Textf("%d checks have another result", other)},
		{left, finding.Textf("one check did not run this time"), finding.Textf("%d checks did not run this time", left)},
	} {
		switch {
		case part.n == 1:
			parts = append(parts, m.Say(part.one))
		case part.n > 1:
			parts = append(parts, m.Say(part.many))
		}
	}
	if len(parts) == 0 {
		return m.Sayf("Since the run before: nothing has changed.")
	}
	return m.Sayf("Since the run before: %s.", strings.Join(parts, m.Sayf(", ")))
}

func sameFinding(a, b finding.Finding) bool { return a.Code == b.Code && a.Variant == b.Variant }
