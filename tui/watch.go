package tui

import (
	"context"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
)

// watch is whether the env files are watched, and what came of it.
type watch struct {
	on   bool
	stop context.CancelFunc
	// news says when the files have changed.
	news <-chan struct{}
	// due tells that they have changed since the last run began.
	due bool
}

// changedMsg tells that the env files have changed, or that nobody looks any
// more.
type changedMsg struct {
	news <-chan struct{} // of the watch that it is from
	over bool
}

// watches is the model with the watch begun, or ended.
func (m model) watches() (model, tea.Cmd) {
	if m.watch.on {
		m.watch.stop()
		m.watch = watch{}
		m.notice = m.sayf("The env files are not watched any more.")
		return m, nil
	}
	ctx, stop := context.WithCancel(m.session.life)
	m.watch = watch{on: true, stop: stop, news: m.deps.Watch(ctx)}
	m.notice = m.sayf("Watching .env*: a change runs again what needs no ticket and no room.")
	return m, m.watch.next()
}

// next waits for the next change.
func (w watch) next() tea.Cmd {
	news := w.news
	return func() tea.Msg {
		_, more := <-news
		return changedMsg{news: news, over: !more}
	}
}

// changed is the model after news of a watch.
func (m model) changed(msg changedMsg) (model, tea.Cmd) {
	switch {
	case msg.news != m.watch.news: // of one that was stopped
		return m, nil
	case msg.over:
		m.watch = watch{}
		return m, nil
	}
	m.watch.due = true
	return m, m.watch.next()
}

// mayFollow reports whether a change is to be followed now: not while a run or a
// question is open.
func (m model) mayFollow() bool {
	return m.watch.due && !m.running && !m.prompt.isOpen() && !m.menu.open && !m.browser.open && !m.gone
}

// follows is the model with a run that looks at the changed files.
func (m model) follows() (model, tea.Cmd) {
	m.watch.due = false
	return m.launched(Change{Token: m.token, Address: m.address, NoTicket: m.token == "", Watched: true})
}

// state is what the first line says about the watch.
func (w watch) state(s speech) []string {
	if !w.on {
		return nil
	}
	return []string{s.sayf("watching .env*")}
}

func (m model) watchLabel() string {
	if m.watch.on {
		return m.sayf("stop watching")
	}
	return m.sayf("watch .env*")
}

func (m model) watchHelp() string {
	if m.watch.on {
		return m.sayf("watch the env files no longer")
	}
	return m.sayf("watch the env files: run again what needs no ticket and no room when one changes")
}

// since tells what has changed against the run before the one that is shown;
// empty where nothing has, or there is none.
func (m model) since() string {
	was := m.was()
	if was == nil {
		return ""
	}
	before := map[string]progress.State{}
	for _, row := range was {
		for _, c := range row.Checks {
			before[c.Check.ID] = c.State
		}
	}
	bad := func(s progress.State) bool { return s == progress.Failed || s == progress.Errored }
	good := func(s progress.State) bool { return s == progress.Passed || s == progress.Warned }
	mended, reached, broken := 0, 0, 0
	for _, row := range m.progress.Rows() {
		for _, c := range row.Checks {
			switch old := before[c.Check.ID]; {
			case bad(old) && good(c.State):
				mended++
			case old == progress.Skipped && good(c.State):
				reached++
			case good(old) && bad(c.State):
				broken++
			}
		}
	}
	var parts []string
	for _, part := range []struct {
		n         int
		one, many finding.Text
	}{
		{mended, finding.Textf("one check that failed passes now"), finding.Textf("%d checks that failed pass now", mended)},
		{reached, finding.Textf("one that did not run passes now"), finding.Textf("%d that did not run pass now", reached)},
		{broken, finding.Textf("one that passed fails now"), finding.Textf("%d that passed fail now", broken)},
	} {
		switch {
		case part.n == 1:
			parts = append(parts, m.say(part.one))
		case part.n > 1:
			parts = append(parts, m.say(part.many))
		}
	}
	if len(parts) == 0 {
		return m.sayf("Since the run before: nothing has changed.")
	}
	return m.sayf("Since the run before: %s.", strings.Join(parts, m.sayf(", ")))
}
