package report

import (
	"fmt"
	"io"
	"slices"
	"sort"
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
		p.print(p.style.Diagnosis(*e.Run))
	}
}

// flush prints the stages that have ended and were not printed. Unless all is set it
// stops at a finding that may still be refuted.
func (p *Plain) flush(all bool) {
	rows := p.progress.Rows()
	for p.shown < len(rows) && (all || rows[p.shown].Ended() && !open(rows[p.shown])) {
		p.print(p.style.Stage(rows[p.shown]))
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

// Stage returns the row of a stage, and under it what is wrong.
func (s Style) Stage(row progress.Row) string {
	if s.Quiet && row.State != progress.Failed && row.State != progress.Warned && row.State != progress.Errored {
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
			b.WriteString(s.Finding(c.Check.ID, f))
		}
	}
	return b.String()
}

// rowLine returns glyph, name, status, line and time.
func (s Style) rowLine(row progress.Row) string {
	m := markOf(row.State)
	took := ""
	if row.State != progress.Skipped && row.State != progress.Pending {
		took = finding.Millis(row.Took)
	}
	line := s.text(row.LeftOut()) // the findings are below
	if row.State != progress.Failed && row.State != progress.Warned && row.State != progress.Errored {
		line = s.text(row.Line)
	}
	left := wrap.Pad(s.Glyph(row.State), 1) + " " + wrap.Pad(s.text(row.Name), 16) + "  "
	word := wrap.Pad(s.Word(row.State), 7)
	room := s.width() - 1 - 1 - 16 - 2 - 7 - 1 - 8
	if row.State == progress.Skipped { // its line begins with the words "not run" or "not checked"
		lines := wrap.Lines(line, s.width()-20)
		return s.paint(m.role, left+strings.Join(lines, "\n"+strings.Repeat(" ", 20))) + "\n"
	}
	lines := wrap.Lines(line, room)
	out := s.paint(m.role, left) + s.paint(m.role, word) + " " + wrap.Pad(lines[0], room) + fmt.Sprintf("%8s", took)
	out = strings.TrimRight(out, " ") + "\n"
	for _, more := range lines[1:] {
		out += strings.Repeat(" ", 28) + more + "\n"
	}
	return out
}

func (s Style) checkLine(c progress.CheckRow) string {
	text := s.text(c.Result.Outcome.Text)
	if c.Result.Skip != nil {
		text = s.text(c.Result.Skip.Text)
	}
	if text == "" {
		text = s.text(c.Check.Title)
	}
	line := indent + s.Glyph(c.State) + " " + wrap.Pad(c.Check.ID, 16) + " " + text + "\n"
	return s.paint(roleFaint, line[:len(line)-1]) + "\n" + s.facts(c.Result.Outcome.Facts)
}

// Finding returns one finding under its row: code and message, and with -v its fixes
// and facts. Without -v the steps are only in the diagnosis.
func (s Style) Finding(check string, f finding.Finding) string {
	r := roleBad
	if f.Severity == finding.Warn {
		r = roleWarn
	} else if f.Severity == finding.Info {
		r = roleFaint
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s  %s\n", indent, s.paint(r, string(f.Code)), s.paint(roleFaint, check))
	s.block(&b, rolePlain, "", s.text(f.Message))
	if s.Verbose {
		for _, fix := range f.Fixes {
			s.fix(&b, s.say("Fix")+"  ", fix)
		}
		b.WriteString(s.facts(f.Facts))
	}
	return b.String()
}

// fix writes one step with its command and its code. Of code that makes a token it
// shows one language.
func (s Style) fix(b *strings.Builder, lead string, fix finding.Fix) {
	s.block(b, rolePlain, lead, s.text(fix.Text))
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
func (s Style) block(b *strings.Builder, r role, lead, text string) {
	columns := wrap.Width(lead)
	for i, line := range wrap.Lines(text, s.width()-len(indent)-2-columns) {
		if i > 0 {
			lead = strings.Repeat(" ", columns)
		}
		b.WriteString(indent + "  " + s.paint(roleStrong, lead) + s.paint(r, line) + "\n")
	}
}

func (s Style) command(b *strings.Builder, command string) {
	prompt := "$ "
	for _, line := range strings.Split(command, "\n") {
		b.WriteString(indent + "    " + s.paint(roleCommand, prompt+line) + "\n")
		prompt = "  " // a continuation line is not a command
	}
}

// facts returns names and values, sorted by name.
func (s Style) facts(facts finding.Facts) string {
	names := make([]string, 0, len(facts))
	for name := range facts {
		names = append(names, name)
	}
	sort.Strings(names)
	var b strings.Builder
	for _, name := range names {
		if list, ok := facts[name].([]string); ok {
			fmt.Fprintf(&b, "%s    %s:\n", indent, name)
			for _, item := range list {
				fmt.Fprintf(&b, "%s      %s\n", indent, clean.Line(item, 160))
			}
			continue
		}
		fmt.Fprintf(&b, "%s    %s: %s\n", indent, name, clean.Line(fmt.Sprint(facts[name]), 160))
	}
	return s.paint(roleFaint, strings.TrimSuffix(b.String(), "\n")) + strings.Repeat("\n", min(1, len(names)))
}

// Diagnosis returns the end of the report: which party must act, which are cleared,
// and the next steps.
func (s Style) Diagnosis(run check.Run) string {
	var b strings.Builder
	d := run.Diagnosis
	r := roleGood
	switch run.Status {
	case check.StatusFail, check.StatusError:
		r = roleBad
	case check.StatusWarn:
		r = roleWarn
	}
	b.WriteString("\n")
	broke := d.Broke
	if d.FixIn.IsZero() && d.NotIt.IsZero() { // else they follow on lines of their own
		broke = d.Summary
	}
	for _, line := range wrap.Lines(s.text(broke), s.width()) {
		b.WriteString(s.paint(r, line) + "\n")
	}
	for _, part := range []struct {
		lead string
		text finding.Text
	}{{s.say("Fix it in"), d.FixIn}, {s.say("It is not"), d.NotIt}} {
		if part.text.IsZero() {
			continue
		}
		lead := "  " + wrap.Pad(part.lead, 10) + " "
		for i, line := range wrap.Lines(s.text(part.text), s.width()-wrap.Width(lead)) {
			if i > 0 {
				lead = strings.Repeat(" ", wrap.Width(lead))
			}
			b.WriteString(lead + line + "\n")
		}
	}
	if d.NotIt.IsZero() && len(d.Cleared) > 0 {
		b.WriteString(strings.Join(wrap.Lines(s.say("Cleared: %s.", s.Cleared(d.Cleared)), s.width()), "\n") + "\n")
	}
	if run.TicketSpent {
		b.WriteString(strings.Join(wrap.Lines(s.say("The ticket is spent: a further run needs a fresh one."), s.width()), "\n") + "\n")
	}
	if len(d.NextSteps) > 0 {
		b.WriteString("\n" + s.paint(roleStrong, s.say("Next")) + "\n")
	}
	for i, step := range d.NextSteps {
		s.fix(&b, fmt.Sprintf("%d. ", i+1), step)
	}
	b.WriteString("\n" + s.paint(roleFaint, s.Counts(run)) + "\n")
	return b.String()
}

// Cleared joins the cleared parties as part of a sentence.
func (s Style) Cleared(owners []check.Owner) string {
	names := make([]string, len(owners))
	for i, o := range owners {
		names[i] = s.text(diagnosis.PartyName(o))
	}
	return strings.Join(names, s.say(", "))
}

// Counts returns the last line: the number of checks by status, and the time.
func (s Style) Counts(run check.Run) string {
	n := run.Summary
	var parts []string
	for _, part := range []struct {
		n    int
		text finding.Text
	}{
		{n.Pass, finding.Textf("%d ok", n.Pass)}, {n.Warn, finding.Textf("warnings: %d", n.Warn)}, {n.Fail, finding.Textf("%d failed", n.Fail)},
		{n.Skip, finding.Textf("%d not run", n.Skip)}, {n.Error, finding.Textf("%d in error", n.Error)},
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
