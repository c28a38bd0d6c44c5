package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
	"lkdoctor/checks/wrap"
	"lkdoctor/config/clean"
)

// indent is the indentation of text under a row.
const indent = "    "

// Plain writes a run as text while it goes on: each stage once it and those before it
// have ended, then the diagnosis. Err is the first error of w.
type Plain struct {
	w        io.Writer
	style    Style
	progress progress.Progress
	shown    int
	Err      error
}

// NewPlain writes the header and returns a Plain to observe the run.
func NewPlain(w io.Writer, style Style, header string, list []check.Spec) *Plain {
	p := &Plain{w: w, style: style, progress: progress.New(list)}
	if !style.Quiet {
		p.print(style.paint(roleStrong, "lkdoctor") + "  " + header + "\n\n")
	}
	return p
}

// Observe handles one event.
func (p *Plain) Observe(e check.Event) {
	p.progress = p.progress.With(e)
	p.flush(e.Kind == check.RunEnded)
	if e.Kind == check.RunEnded {
		p.print(p.style.diagnosis(*e.Run))
	}
}

// flush prints the stages that have ended and were not printed. Unless all is set it
// stops at a finding that may still be refuted.
func (p *Plain) flush(all bool) {
	rows := p.progress.Rows()
	for p.shown < len(rows) && (all || rows[p.shown].Ended() && !open(rows[p.shown])) {
		p.print(p.style.stage(rows[p.shown]))
		p.shown++
	}
}

func open(row progress.Row) bool {
	return slices.ContainsFunc(row.Checks, func(c progress.CheckRow) bool {
		return slices.ContainsFunc(c.Result.Findings, diagnosis.MayBeRefuted)
	})
}

func (p *Plain) print(text string) {
	if _, err := io.WriteString(p.w, text); err != nil && p.Err == nil {
		p.Err = err
	}
}

// Text returns a finished run as Plain writes it.
func Text(run check.Run, style Style, header string) string {
	var b strings.Builder
	list := make([]check.Spec, len(run.Results))
	for i, r := range run.Results {
		list[i] = r.Check
	}
	p := NewPlain(&b, style, header, list)
	p.Observe(check.Event{Kind: check.RunEnded, Run: &run})
	return b.String()
}

// stage returns the row of a stage, and under it what is wrong.
func (s Style) stage(row progress.Row) string {
	if s.Quiet && !bad(row.State) {
		return ""
	}
	var b strings.Builder
	b.WriteString(s.rowLine(row))
	for _, c := range row.Checks {
		if s.Verbose {
			b.WriteString(s.checkLine(c))
		}
		for _, f := range c.Result.Findings {
			if f.Severity == finding.Info && !s.Verbose && !f.Code.AlwaysShown() {
				continue
			}
			b.WriteString(s.finding(c.Check.ID, f))
		}
	}
	return b.String()
}

// The columns of a row: mark and name, word, time.
const (
	nameColumns = 20
	wordColumns = 8
	timeColumns = 8
)

// rowLine returns glyph, name, status, line and time.
func (s Style) rowLine(row progress.Row) string {
	m := markOf(row.State)
	left := wrap.Pad(s.glyph(row.State)+" "+wrap.Pad(s.text(row.Name), 16), nameColumns)
	if row.State == progress.Skipped { // its line begins with the words "not run" or "not checked"
		return s.paint(m.role, strings.Join(wrap.Hang(left, s.text(row.Line), s.width()), "\n")) + "\n"
	}
	took := ""
	if row.State != progress.Pending {
		took = finding.Millis(row.Took)
	}
	line := row.Line
	if bad(row.State) {
		line = row.LeftOut() // the findings are below
	}
	word := s.paint(m.role, wrap.Pad(s.word(row.State), wordColumns-1)) + " "
	room := s.width() - nameColumns - wordColumns - timeColumns
	lines := wrap.Under(s.paint(m.role, left)+word, wrap.Lines(s.text(line), room))
	lines[0] = wrap.Pad(lines[0], nameColumns+wordColumns+room) + fmt.Sprintf("%*s", timeColumns, took)
	lines[0] = strings.TrimRight(lines[0], " ")
	return strings.Join(lines, "\n") + "\n"
}

// bad reports whether something is wrong in a row of a state.
func bad(state progress.State) bool {
	return state == progress.Failed || state == progress.Warned || state == progress.Errored
}

func (s Style) checkLine(c progress.CheckRow) string {
	text := s.text(c.Result.Outcome.Text)
	if c.Result.Skip != nil {
		text = s.text(c.Result.Skip.Text)
	}
	if text == "" {
		text = s.text(c.Check.Title)
	}
	line := indent + s.glyph(c.State) + " " + wrap.Pad(c.Check.ID, 16) + " " + text + "\n"
	return s.paint(roleFaint, line[:len(line)-1]) + "\n" + s.facts(c.Result.Outcome.Facts)
}

// finding returns one finding under its row: code and message, and with -v its fixes
// and facts. Without -v the steps are only in the diagnosis.
func (s Style) finding(check string, f finding.Finding) string {
	r := roleBad
	if f.Severity == finding.Warn {
		r = roleWarn
	} else if f.Severity == finding.Info {
		r = roleFaint
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s  %s\n", indent, s.paint(r, string(f.Code)), s.paint(roleFaint, check))
	s.block(&b, "", s.text(f.Message))
	if s.Verbose {
		for _, fix := range f.Fixes {
			s.fix(&b, s.Say("Fix")+"  ", fix)
		}
		b.WriteString(s.facts(f.Facts))
	}
	return b.String()
}

// fix writes one step with its command and its code. Of code that makes a token it
// shows one language.
func (s Style) fix(b *strings.Builder, lead string, fix finding.Fix) {
	s.block(b, lead, s.text(fix.Text))
	if fix.Command != "" {
		s.command(b, fix.Command)
	}
	mint := ""
	for _, block := range fix.Code {
		if catalogue.IsMint(block.Lang) {
			if mint != "" {
				continue
			}
			mint = block.Lang
		}
		b.WriteString(indent + "    " + s.paint(roleFaint, catalogue.BlockTitle(block.Lang)+":") + "\n")
		for line := range strings.SplitSeq(strings.TrimRight(block.Text, "\n"), "\n") {
			b.WriteString(strings.TrimRight(indent+"      "+s.paint(roleCommand, line), " ") + "\n")
		}
	}
}

// block writes wrapped text under a lead.
func (s Style) block(b *strings.Builder, lead, text string) {
	for _, line := range wrap.Lines(text, s.width()-len(indent)-2-wrap.Width(lead)) {
		b.WriteString(indent + "  " + s.paint(roleStrong, lead) + line + "\n")
		lead = strings.Repeat(" ", wrap.Width(lead))
	}
}

// command writes a command under a step. A continuation line has no prompt.
func (s Style) command(b *strings.Builder, command string) {
	for _, line := range wrap.Under("$ ", strings.Split(command, "\n")) {
		b.WriteString(indent + "    " + s.paint(roleCommand, line) + "\n")
	}
}

// facts returns names and values, sorted by name.
func (s Style) facts(facts finding.Facts) string {
	if len(facts) == 0 {
		return ""
	}
	return s.paint(roleFaint, indent+"    "+strings.Join(factLines(facts, 160), "\n"+indent+"    ")) + "\n"
}

// factLines returns names and values, sorted by name, with at most limit characters of a
// value.
func factLines(facts finding.Facts, limit int) (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		list, ok := facts[name].([]string)
		if !ok {
			lines = append(lines, name+": "+clean.Line(fmt.Sprint(facts[name]), limit))
			continue
		}
		lines = append(lines, name+":")
		for _, item := range list {
			lines = append(lines, "  "+clean.Line(item, limit))
		}
	}
	return lines
}

// diagnosis returns the end of the report: which party must act, which are cleared,
// and the next steps.
func (s Style) diagnosis(run check.Run) string {
	var b strings.Builder
	d := run.Diagnosis
	state := progress.State(run.Status)
	b.WriteString("\n")
	paragraph := func(lead, text string) {
		b.WriteString(strings.Join(wrap.Hang(lead, text, s.width()), "\n") + "\n")
	}
	for _, line := range wrap.Lines(s.text(d.Headline()), s.width()) {
		b.WriteString(s.paint(markOf(state).role, line) + "\n")
	}
	if !d.FixIn.IsZero() {
		paragraph("  "+wrap.Pad(s.Say("Fix it in"), 10)+" ", s.text(d.FixIn))
	}
	if !d.NotIt.IsZero() {
		paragraph("  "+wrap.Pad(s.Say("It is not"), 10)+" ", s.text(d.NotIt))
	} else if len(d.Cleared) > 0 {
		paragraph("", s.cleared(d.Cleared, diagnosis.PartyName(finding.OwnerConfig)))
	}
	if run.TicketSpent {
		paragraph("", s.Say("The ticket is spent: a further run needs a fresh one."))
	}
	if len(d.NextSteps) > 0 {
		b.WriteString("\n" + s.paint(roleStrong, s.Say("Next")) + "\n")
	}
	for i, step := range d.NextSteps {
		s.fix(&b, fmt.Sprintf("%d. ", i+1), step)
	}
	b.WriteString("\n" + s.paint(roleFaint, s.counts(run)) + "\n")
	return b.String()
}

// cleared names the cleared parties in a sentence, the settings here as config.
func (s Style) cleared(owners []check.Owner, config finding.Text) string {
	names := make([]string, len(owners))
	for i, o := range owners {
		names[i] = s.text(diagnosis.PartyName(o))
		if o == finding.OwnerConfig {
			names[i] = s.text(config)
		}
	}
	return s.Say("Cleared: %s.", strings.Join(names, s.Say(", ")))
}

// counts returns the last line: the number of checks by status, and the time.
func (s Style) counts(run check.Run) string {
	n := run.Summary
	var parts []string
	for _, part := range []struct {
		n    int
		text finding.Text
	}{
		{n.Pass, finding.Textf("%d ok", n.Pass)}, {n.Warn, finding.Textf("warnings: %d", n.Warn)},
		{n.Fail, finding.Textf("%d failed", n.Fail)}, {n.Skip, finding.Textf("%d not run", n.Skip)},
		{n.Error, finding.Textf("%d in error", n.Error)},
	} {
		if part.n > 0 {
			parts = append(parts, s.text(part.text))
		}
	}
	dot := " · "
	if s.ASCII {
		dot = ", "
	}
	return strings.Join(append(parts, finding.Millis(run.Took)), dot)
}
