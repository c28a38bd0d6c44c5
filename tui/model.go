// Package tui is the screen of the checks: the six stages, the diagnosis, and the
// details of the selected stage.
//
// Run takes the whole terminal and restores it before it returns; the caller then prints
// the plain report. View only reads the model, and everything that waits is a tea.Cmd. A
// session owns the running checks: on every way out it cancels them and waits for their
// end. Effects on files, the clipboard and the network are the functions in Deps. Every
// text goes through term.Speech, which cleans and translates it. A token that the user
// types or pastes is never shown.
package tui

import (
	"maps"
	"slices"
	"time"

	"github.com/charmbracelet/bubbles/spinner"
	"github.com/charmbracelet/bubbles/viewport"
	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/check"
	"lkdoctor/checks/progress"
	"lkdoctor/tui/term"
)

// model is the state of the screen. It is a value; the session is the only part that it
// shares with other goroutines.
type model struct {
	term.Screen
	deps    Deps
	session *session
	spin    spinner.Model
	pane    viewport.Model // the details, or the help

	width, height int
	now           time.Time

	feed     feed
	progress progress.Progress
	started  time.Time            // of the current run
	began    map[string]time.Time // when a running check started, by its ID
	running  bool
	stopping bool  // the run was cancelled and has not ended yet
	left     bool  // an interrupt ended the program
	gone     bool  // the program ends: View is empty
	failure  error // the error of the run itself

	// The runs of this session that have ended, and the index of the shown one. run is
	// that one, nil before the first end.
	runs    []kept
	showing int
	run     *check.Run

	// The Change of the last run, the ticket and the token that the user entered last,
	// and whether the current ticket is consumed.
	last          Change
	ticket, token string
	address       string // of a server that was pasted without a token
	spent         bool

	selected int  // the index of the selected row
	moved    bool // the user selected the row, so that the end of the run keeps it
	finding  int  // the index among the selected row's findings
	language int  // of the minting code
	chosen   bool // the user chose the language
	watch    watch
	begin    begin
	open     bool // keys go to the page; in a narrow window, it fills the screen
	tab      tab  // of the page
	shift    int  // the columns by which its code is shifted to the left
	over     int  // the largest shift
	menu     menu // the help
	browser  browser
	// confirmed holds the results of the confirming commands, by code.
	confirmed map[check.Code]confirmation
	prompt    prompt
	notice    string
}

// newModel returns the model before the first event of a run.
func newModel(deps Deps, s *session) model {
	m := model{
		Screen:   term.NewScreen(deps.Terminal),
		deps:     deps,
		session:  s,
		spin:     spinner.New(spinner.WithSpinner(spinner.MiniDot)),
		pane:     viewport.New(0, 0),
		width:    80,
		height:   24,
		now:      deps.Now(),
		progress: progress.New(deps.Checks),
		began:    map[string]time.Time{},
	}
	if deps.ASCII {
		m.spin.Spinner = spinner.Line
	}
	m.started = m.now
	return m
}

// launched returns the model with a run of change started, and the command that reads
// its events.
func (m model) launched(change Change) (model, tea.Cmd) {
	later := func(r check.Result) bool { return change.From == "" || !before(r.Check.Stage, change.From) }
	m.progress = progress.New(m.deps.Checks).Ended(slices.DeleteFunc(slices.Clone(m.results()), later))
	m.began, m.started, m.now = map[string]time.Time{}, m.deps.Now(), m.deps.Now()
	m.running, m.stopping, m.open, m.moved = true, false, false, false
	m.finding, m.failure, m.notice, m.confirmed, m.begin = 0, nil, "", nil, begin{}
	m.feed = m.session.launch(change, m.counts(change))
	m.last = change
	return m, tea.Batch(m.session.next(m.feed), m.tick())
}

// tick returns the command for the next step of the spinner and the clock, nil if they
// are off.
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

func (m model) observed(e check.Event) model {
	m.now = m.deps.Now()
	if e.Kind == check.CheckStarted {
		m.began = maps.Clone(m.began)
		m.began[e.ID] = m.now
	}
	m.progress = m.progress.With(e)
	if i := m.firstRow(progress.Running); i >= 0 && !m.moved {
		m.selected = i
	}
	return m
}

func (m model) firstRow(state progress.State) int {
	return slices.IndexFunc(m.progress.Rows(), func(row progress.Row) bool { return row.State == state })
}

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
	if m.deps.Looked != nil && nothingSet(msg.run) {
		m.begin = begin{open: true, looked: m.deps.Looked()}
	}
	if msg.run.TicketSpent {
		m.spent, m.ticket = true, ""
	}
	m.progress = m.progress.Ended(msg.run.Results)
	if !m.moved {
		m.selected, m.finding = m.rootRow(), 0
	}
	return m
}

// rootRow returns the index of the root cause's row, else of the worst row, else of the
// last one that passed.
func (m model) rootRow() int {
	rows := m.progress.Rows()
	if i := slices.IndexFunc(rows, func(row progress.Row) bool {
		return slices.ContainsFunc(row.Checks, func(c progress.CheckRow) bool { return c.Check.ID == m.cause().Check })
	}); i >= 0 {
		return i
	}
	for _, state := range []progress.State{progress.Errored, progress.Failed, progress.Warned} {
		if i := m.firstRow(state); i >= 0 {
			return i
		}
	}
	for i := len(rows) - 1; i >= 0; i-- {
		if rows[i].State == progress.Passed {
			return i
		}
	}
	return m.selected
}

// cause returns the root cause of the shown run, the zero value if there is none.
func (m model) cause() check.Cause {
	if m.run == nil || m.run.Diagnosis.RootCause == nil {
		return check.Cause{}
	}
	return *m.run.Diagnosis.RootCause
}

func (m model) isCause(code check.Code) bool { return code != "" && code == m.cause().Code }

// row returns the selected row, and false if there is none.
func (m model) row() (progress.Row, bool) {
	rows := m.progress.Rows()
	if m.selected < 0 || m.selected >= len(rows) {
		return progress.Row{}, false
	}
	return rows[m.selected], true
}

// findings returns the findings of the selected row, the worst first. The root cause is
// the first among equals.
func (m model) findings() []check.Located {
	row, _ := m.row()
	var out []check.Located
	for _, c := range row.Checks {
		for _, f := range c.Result.Findings {
			out = append(out, check.Located{Check: c.Check.ID, Finding: f})
		}
	}
	weight := func(l check.Located) int {
		w := 2 * l.Finding.Severity.Rank()
		if m.cause() == (check.Cause{Check: l.Check, Code: l.Finding.Code}) {
			w++
		}
		return w
	}
	slices.SortStableFunc(out, func(a, b check.Located) int { return weight(b) - weight(a) })
	return out
}

// holding returns the model with the finding selected that old's open page shows, so
// that new events do not replace the page while it is read.
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

// current returns the finding that the page shows, and false if the row has none.
func (m model) current() (check.Located, bool) {
	all := m.findings()
	if len(all) == 0 {
		return check.Located{}, false
	}
	return all[m.finding%len(all)], true
}
