package tui

import (
	"regexp"
	"slices"
	"strings"

	"github.com/charmbracelet/lipgloss"

	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
	"lkdoctor/checks/wrap"
	"lkdoctor/config"
	"lkdoctor/config/clean"
	"lkdoctor/tui/term"
)

func (p *page) evidence(row progress.Row) {
	if l, found := p.current(); found {
		p.hang("", p.Say(l.Finding.Message))
		p.blank()
	}
	switch row.Stage {
	case check.StageEnv:
		p.settings()
	case check.StageToken, check.StageSignature:
		p.compared()
	}
	connects := p.connects(row)
	if connects && row.State != progress.Failed {
		p.waterfall()
	}
	p.heading(p.Sayf("The checks"))
	for _, c := range row.Checks {
		p.check(c, p.Say(row.Line))
	}
	if row.Stage == check.StageTicket || connects && row.State == progress.Failed {
		p.waterfall()
	}
}

// connects reports whether a stage joins a room.
func (m model) connects(row progress.Row) bool {
	return row.Stage == check.StageJoin || row.Stage == check.StageFallback
}

func (p *page) waterfall() {
	spans := progress.Timeline(p.results())
	if p.running || len(spans) < 2 {
		return
	}
	lines := progress.Waterfall(spans, p.width, p.ASCII, p.Say)
	if len(lines) == 0 {
		return
	}
	p.heading(p.Sayf("Where the time went"))
	for i, line := range lines {
		if spans[i].Step {
			line = p.Styles.Subtle.Render(line)
		}
		p.add(p.cut(line))
	}
}

// worked reports whether a run without failures is shown.
func (m model) worked() bool {
	return !m.running && m.run != nil && m.run.Summary.Fail+m.run.Summary.Error == 0 && m.run.Diagnosis.FixIn.IsZero()
}

// summed reports whether the right pane shows what a run measured instead of the page
// of a row: nothing failed or warns, and the user has not selected a row.
func (m model) summed() bool {
	return m.split() && !m.moved && m.worked() && m.run.Diagnosis.Warning.IsZero() && m.run.Diagnosis.RootCause == nil &&
		len(m.workedLines(m.width, m.height)) > 1
}

// workedLines returns, for a run without failures, the path of its media and the times
// of its parts, on at most height lines.
func (m model) workedLines(width, height int) []string {
	if !m.worked() {
		return nil
	}
	lines := []string{""}
	for _, r := range m.run.Results {
		pair, _ := r.Outcome.Facts["selected_pair"].(string)
		if f := pairRow.FindStringSubmatch(pair); f != nil {
			rtt := finding.FactValue("rtt_ms", r.Outcome.Facts["rtt_ms"])
			lines = append(append(lines, m.WrapTo(m.Sayf("Media: %s → %s, round trip %s", f[1], f[2], rtt), width, 2)...), "")
			break
		}
	}
	spans := slices.DeleteFunc(progress.Timeline(m.run.Results), func(s progress.Span) bool { return s.Step })
	for len(spans) > max(0, height-len(lines)-2) { // leave out the shortest
		shortest := 0
		for i, s := range spans {
			if s.Took < spans[shortest].Took {
				shortest = i
			}
		}
		spans = slices.Delete(spans, shortest, shortest+1)
	}
	if len(spans) > 1 {
		lines = append(lines, m.Styles.Subtle.Render(m.Sayf("Where the time went")))
		lines = append(lines, progress.Waterfall(spans, width, m.deps.ASCII, m.Say)...)
	}
	return lines[:min(len(lines), max(0, height-1))] // keep the last line for notices
}

func (p *page) settings() {
	if p.run == nil {
		return
	}
	var t table
	t.add(p.Styles.Subtle, p.Sayf("Setting"), p.Sayf("Value"), p.Sayf("From"))
	for _, s := range p.run.Settings {
		t.add(p.Styles.Title, s.Name, p.settingValue(s), p.place(s.Source, s.Line))
		for _, h := range s.Hides {
			style, what := p.Styles.Subtle, p.Sayf("hides the same value")
			if h.Differs {
				style, what = p.Styles.Warn, p.Sayf("hides %s", p.orNone(h.Value))
				if h.Value == clean.Hidden {
					what = p.Sayf("hides another value")
				}
			}
			t.add(style, "", what, p.place(h.Source, h.Line))
		}
	}
	p.heading(p.Sayf("Settings"))
	if len(t.rows) == 1 {
		p.hang("  ", p.Sayf("none"))
		return
	}
	p.table(t)
	p.blank()
}

func (p *page) settingValue(s config.Shown) string {
	switch {
	case s.Value == clean.Hidden && s.Fingerprint != "":
		return p.Sayf("hidden: %d bytes, fingerprint %s", s.Length, s.Fingerprint)
	case s.Value == clean.Hidden:
		return p.Sayf("hidden: %d bytes", s.Length)
	case s.Length > 0:
		return p.Sayf("%s (%d bytes)", s.Value, s.Length)
	}
	return p.orNone(s.Value)
}

func (p *page) orNone(value string) string {
	if value == "" {
		return p.Sayf("nothing")
	}
	return p.Plain(value)
}

func (p *page) place(source string, line int) string {
	if line > 0 {
		return p.Sayf("%s, line %d", source, line)
	}
	return p.Say(diagnosis.SourceText(source))
}

func (p *page) compared() {
	if p.run == nil || len(p.run.Token) == 0 {
		return
	}
	var t table
	t.add(p.Styles.Subtle, "", p.Sayf("A LiveKit token has"), p.Sayf("What came"))
	for _, differs := range []bool{true, false} {
		for _, part := range p.run.Token {
			switch {
			case part.Differs != differs:
			case differs:
				t.add(p.Styles.Bad, p.Marks.Differs+" "+p.Plain(part.Name), p.Say(part.Want), p.Say(part.Came))
			default:
				t.add(lipgloss.NewStyle(), "  "+p.Plain(part.Name), p.Say(part.Want), p.Say(part.Came))
			}
		}
	}
	p.heading(p.Sayf("The token beside a correct one"))
	p.table(t)
	p.blank()
}

// table is text in columns, each row in its style. The first row is the head.
type table struct {
	rows   [][]string
	styles []lipgloss.Style
}

func (t *table) add(style lipgloss.Style, cells ...string) {
	t.rows, t.styles = append(t.rows, cells), append(t.styles, style)
}

// table adds a table. Long cells are wrapped; see widths.
func (p *page) table(t table) {
	widths := t.widths(p.width)
	for i, row := range t.rows {
		cells, height := make([][]string, len(row)), 0
		for j, cell := range row {
			cells[j] = wrap.Lines(cell, widths[j])
			height = max(height, len(cells[j]))
		}
		for n := range height {
			var line string
			for j := range cells {
				line += wrap.Pad(term.Filled(cells[j], height)[n], widths[j]) + strings.Repeat(" ", tableGap)
			}
			p.add(p.cut(t.styles[i].Render(strings.TrimRight(line, " "))))
		}
	}
}

// tableGap is the number of blanks between two columns.
const tableGap = 2

// natural returns the widths of the columns if no cell is wrapped.
func (t table) natural() []int {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for j, cell := range row {
			widths[j] = max(widths[j], wrap.Width(cell))
		}
	}
	return widths
}

// widths returns the widths of the columns. If they need more than width, the widest
// columns share what the others leave. The first column holds names; it keeps its width as
// long as that is at most a third.
func (t table) widths(width int) []int {
	widths := t.natural()
	space := max(len(widths), width-tableGap*(len(widths)-1))
	for sum(widths) > space {
		widest := slices.Index(widths, slices.Max(widths))
		if rest := widths[1:]; widths[0] <= width/3 && slices.Max(rest) > 8 {
			widest = 1 + slices.Index(rest, slices.Max(rest))
		}
		widths[widest] -= min(sum(widths)-space, max(1, widths[widest]/16))
	}
	return widths
}

func sum(list []int) (n int) {
	for _, v := range list {
		n += v
	}
	return n
}

func (p *page) facts(facts check.Facts, by int) {
	longest := 0
	for _, name := range facts.Names() {
		if !tabled(facts[name]) {
			longest = max(longest, wrap.Width(p.Say(finding.FactName(name))))
		}
	}
	longest = min(longest, max(8, (p.width-by)*45/100))
	for _, name := range facts.Names() {
		label := p.Say(finding.FactName(name))
		if tabled(facts[name]) {
			p.hang(strings.Repeat(" ", min(by, 2)), label+":")
			p.rows(facts[name].([]string), facts["selected_pair"], min(by, 2)+2)
			continue
		}
		value := p.Say(finding.FactValue(name, facts[name]))
		if wrap.Width(label) > longest {
			p.hang(strings.Repeat(" ", by), label)
			label = ""
		}
		p.hang(strings.Repeat(" ", by)+p.Styles.Subtle.Render(wrap.Pad(label, longest))+"  ", value)
	}
}

// tabled reports whether a fact is a list of rows rather than of words.
func tabled(value any) bool {
	list, is := value.([]string)
	return is && slices.ContainsFunc(list, func(item string) bool { return strings.Contains(item, " ") })
}

// The rows of candidates and pairs, as candidateRows and pairRow in checks/join_media.go
// write them.
var (
	candidateRow = regexp.MustCompile(`^(udp|tcp) (\S+) (\S+) (\S+?)(?: (active|passive|so))?(, the address reached)?$`)
	pairRow      = regexp.MustCompile(`^(\S+) → (\S+) \((\S+)\) (\S+): (\d+) sent, (\d+) answered$`)
)

// rows adds the items of a list. Candidates and pairs are in columns if the width
// suffices.
func (p *page) rows(list []string, selected any, by int) {
	in := &page{model: p.model, width: max(1, p.width-by)}
	if t, ok := p.cells(list, selected); ok && slices.Equal(t.widths(in.width), t.natural()) {
		in.table(t)
	} else {
		for _, item := range list {
			in.hang("- ", in.Plain(item))
		}
	}
	p.lines = append(p.lines, term.Indent(in.lines, by)...)
}

// cells returns a table of candidates or pairs, and false for other lists.
func (p *page) cells(list []string, selected any) (t table, ok bool) {
	form, head := candidateRow, []string{p.Sayf("Protocol"), p.Sayf("Address"), p.Sayf("Type"), p.Sayf("Network"), ""}
	pairs := len(list) > 0 && pairRow.MatchString(list[0])
	if pairs {
		form, head = pairRow, []string{p.Sayf("From here"), p.Sayf("To the server"), p.Sayf("Type"), p.Sayf("State"), p.Sayf("Answered")}
	}
	t.add(p.Styles.Subtle, head...)
	for _, item := range list {
		f := form.FindStringSubmatch(item)
		if f == nil {
			return table{}, false
		}
		for i := range f {
			f[i] = p.Plain(f[i])
		}
		style := lipgloss.NewStyle()
		switch {
		case pairs && item == selected:
			style = p.Styles.Good
		case pairs && f[6] == "0":
			style = p.Styles.Bad
		}
		switch {
		case pairs:
			t.add(style, f[1], f[2], f[3], f[4], p.Sayf("%s of %s", f[6], f[5]))
		case f[6] != "":
			t.add(style, strings.TrimSpace(f[1]+" "+f[5]), f[2], f[3], f[4], p.Sayf("reached"))
		default:
			t.add(style, strings.TrimSpace(f[1]+" "+f[5]), f[2], f[3], f[4], "")
		}
	}
	return t, true
}
