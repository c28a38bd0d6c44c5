// Package tui is the doctor's screen: six stages that are there from the first
// frame, the diagnosis under them, and the details of the stage that is
// selected.
//
// Its rules: it takes the whole screen and gives it back as it was, so the
// caller prints the plain report afterwards; View only reads the model; all
// waiting is a command; the run itself lives in a session, which is cancelled
// and waited for on every way out. Every text goes through speech, which cleans
// and translates it. A token that is typed or pasted is never shown.
package tui

import (
	"maps"
	"slices"
	"time"

	"github.com/charmbracelet/bubbles/help"
	"github.com/charmbracelet/bubbles/spinner"
	"github.com/charmbracelet/bubbles/viewport"
	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/check"
	"lkdoctor/checks/progress"
	"lkdoctor/tui/term"
)

// model is everything that the screen shows. It is held by value; the session
// alone is shared with the goroutine of the run.
type model struct {
	speech
	deps    Deps
	session *session
	styles  styles
	marks   marks
	help    help.Model
	spin    spinner.Model
	pane    viewport.Model // the details, or the help

	width, height int
	now           time.Time

	feed     feed
	progress progress.Progress
	started  time.Time            // of the run that is going on
	began    map[string]time.Time // when a running check started, by its ID
	running  bool
	stopping bool  // the run was cancelled, and is about to end
	left     bool  // left by an interrupt
	gone     bool  // the program ends: nothing is shown any more
	failure  error // the run itself broke down

	// The runs of this session that have ended, and which of them is shown: run
	// is that one, nil before there is any.
	runs    []kept
	showing int
	run     *check.Run

	// What a re-run has to know: what the last run did differently, the last
	// ticket and token that were entered, and whether the ticket that would be
	// used is spent.
	last          Change
	ticket, token string
	address       string // of a server, pasted without a token
	spent         bool

	selected int  // the row
	moved    bool // by hand, so that the end of the run leaves it there
	finding  int  // of the selected row's findings
	language int  // of the minting code
	chosen   bool // the language, by hand
	watch    watch
	begin    begin
	open     bool // the page has the keys, and in a narrow window the screen
	tab      tab  // of the page
	shift    int  // by how many columns its code is moved to the left
	over     int  // by how many it may be
	menu     menu // the help
	browser  browser
	// confirmed are what the confirming commands printed here, by code.
	confirmed map[check.Code]confirmation
	prompt    prompt
	notice    string
}

// newModel is the screen before the first run has said anything.
func newModel(deps Deps, s *session) model {
	m := model{
		speech:   speech{term.Speech{Translate: deps.Translate, ASCII: deps.ASCII}},
		deps:     deps,
		session:  s,
		styles:   newStyles(deps.Renderer, deps.Dark),
		marks:    newMarks(deps.ASCII),
		help:     help.New(),
		spin:     spinner.New(spinner.WithSpinner(spinner.MiniDot)),
		pane:     viewport.New(0, 0),
		width:    80,
		height:   24,
		now:      deps.Now(),
		progress: progress.New(deps.Checks),
	}
	if deps.ASCII {
		m.spin.Spinner = spinner.Line
	}
	m.help.Styles = m.styles.help()
	m.help.ShortSeparator = m.marks.dot
	m.help.Ellipsis = m.ellipsis()
	m.started = m.now
	return m.synced()
}

// launched is the model with a run of change under way, and the command that
// listens to it.
func (m model) launched(change Change) (model, tea.Cmd) {
	kept := m.results()
	m.progress = progress.New(m.deps.Checks)
	if change.From != "" {
		for _, r := range kept {
			if before(r.Check.Stage, change.From) {
				m.progress = m.progress.With(check.Event{Kind: check.CheckEnded, ID: r.Check.ID, Result: r})
			}
		}
	}
	m.began, m.started, m.now = nil, m.deps.Now(), m.deps.Now()
	m.running, m.stopping, m.open, m.moved = true, false, false, false
	m.finding, m.failure, m.notice, m.confirmed, m.begin = 0, nil, "", nil, begin{}
	m.feed = m.session.launch(change, m.counts(change))
	m.last = change
	return m, tea.Batch(m.session.next(m.feed), m.tick())
}

// tick moves the spinner and the clock on, unless both are to stand still.
func (m model) tick() tea.Cmd {
	if m.deps.SpinnerOff {
		return nil
	}
	return m.spin.Tick
}

func (m model) results() []check.Result {
	if m.run == nil {
		return nil
	}
	return m.run.Results
}

// before reports whether stage a is shown above stage b.
func before(a, b check.Stage) bool {
	return slices.Index(check.Stages(), a) < slices.Index(check.Stages(), b)
}

// observed is the model after one event of the run.
func (m model) observed(e check.Event) model {
	m.now = m.deps.Now()
	if e.Kind == check.CheckStarted {
		began := maps.Clone(m.began)
		if began == nil {
			began = map[string]time.Time{}
		}
		began[e.ID] = m.now
		m.began = began
	}
	m.progress = m.progress.With(e)
	if !m.moved {
		m.selected = m.runningRow()
	}
	return m
}

// runningRow is the first row that is running, else the one that is selected.
func (m model) runningRow() int {
	for i, row := range m.progress.Rows() {
		if row.State == progress.Running {
			return i
		}
	}
	return m.selected
}

// ended is the model after the end of a run.
func (m model) ended(msg endMsg) model {
	m.now = m.deps.Now()
	m.running, m.stopping = false, false
	m.failure = msg.err
	if msg.err != nil {
		return m
	}
	m = m.keeps(msg.run)
	if m.deps.Language != nil && !m.chosen {
		m.language = max(0, slices.Index(languages(), m.deps.Language()))
	}
	m = m.begins(msg.run)
	if msg.run.TicketSpent {
		m.spent, m.ticket = true, ""
	}
	for _, r := range msg.run.Results {
		m.progress = m.progress.With(check.Event{Kind: check.CheckEnded, ID: r.Check.ID, Result: r})
	}
	if !m.moved {
		m.selected, m.finding = m.rootRow(), 0
	}
	return m
}

// rootRow is the row of the root cause, else the worst row, else the last one
// that passed: it says the most.
func (m model) rootRow() int {
	rows := m.progress.Rows()
	if cause := m.run.Diagnosis.RootCause; cause != nil {
		for i, row := range rows {
			if slices.ContainsFunc(row.Checks, func(c progress.CheckRow) bool { return c.Check.ID == cause.Check }) {
				return i
			}
		}
	}
	for _, state := range []progress.State{progress.Errored, progress.Failed, progress.Warned} {
		for i, row := range rows {
			if row.State == state {
				return i
			}
		}
	}
	for i := len(rows) - 1; i >= 0; i-- {
		if rows[i].State == progress.Passed {
			return i
		}
	}
	return m.selected
}

// row is the selected row; false when there is none.
func (m model) row() (progress.Row, bool) {
	rows := m.progress.Rows()
	if m.selected < 0 || m.selected >= len(rows) {
		return progress.Row{}, false
	}
	return rows[m.selected], true
}

// findings are those of the selected row, the worst first, and the root cause
// before its equals.
func (m model) findings() []check.Located {
	row, _ := m.row()
	var out []check.Located
	for _, c := range row.Checks {
		for _, f := range c.Result.Findings {
			out = append(out, check.Located{Check: c.Check.ID, Finding: f})
		}
	}
	slices.SortStableFunc(out, func(a, b check.Located) int { return m.weight(b) - m.weight(a) })
	return out
}

func (m model) weight(l check.Located) int {
	w := 2 * l.Finding.Severity.Rank()
	if m.run != nil && m.run.Diagnosis.RootCause != nil {
		if cause := *m.run.Diagnosis.RootCause; cause.Check == l.Check && cause.Code == l.Finding.Code {
			w++
		}
	}
	return w
}

// holding is the model with the finding selected that an open page of old is
// about, so that the page does not change under its reader.
func (m model) holding(old model) model {
	l, found := old.current()
	if !m.open || !found {
		return m
	}
	same := func(other check.Located) bool { return other.Check == l.Check && other.Finding.Code == l.Finding.Code }
	if i := slices.IndexFunc(m.findings(), same); i >= 0 {
		m.finding = i
	}
	return m
}

// current is the finding that the page is about; false when the selected
// row has none.
func (m model) current() (check.Located, bool) {
	all := m.findings()
	if len(all) == 0 {
		return check.Located{}, false
	}
	return all[m.finding%len(all)], true
}
