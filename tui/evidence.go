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
)

// evidence adds what was seen in a stage: the finding that is selected, what
// the stage is about as a whole, and each check with its facts.
func (p *page) evidence(row progress.Row) {
	if l, found := p.current(); found {
		p.hang("", p.say(l.Finding.Message))
		p.blank()
	}
	switch row.Stage {
	case check.StageEnv:
		p.settings()
	case check.StageToken, check.StageSignature:
		p.compared()
	}
	connects := row.Stage == check.StageJoin || row.Stage == check.StageFallback
	if connects && row.State != progress.Failed {
		p.waterfall()
	}
	p.heading(p.sayf("The checks"))
	for _, c := range row.Checks {
		p.check(c, p.say(row.Line))
	}
	if row.Stage == check.StageTicket || connects && row.State == progress.Failed {
		p.waterfall()
	}
}

// waterfall adds where the time of the run went.
func (p *page) waterfall() {
	spans := progress.Timeline(p.results())
	if p.running || len(spans) < 2 {
		return
	}
	lines := progress.Waterfall(spans, p.width, p.ASCII, p.say)
	if len(lines) == 0 {
		return
	}
	p.heading(p.sayf("Where the time went"))
	for i, line := range lines {
		if spans[i].Step {
			line = p.styles.subtle.Render(line)
		}
		p.add(p.cut(line))
	}
}

// workedLines are what there is to see of a run in which nothing failed, on at
// most height lines: the path of its media, and where the time went.
func (m model) workedLines(width, height int) []string {
	if m.running || m.run == nil || m.run.Summary.Fail+m.run.Summary.Error > 0 || !m.run.Diagnosis.FixIn.IsZero() {
		return nil
	}
	lines := []string{""}
	for _, r := range m.run.Results {
		pair, _ := r.Outcome.Facts["selected_pair"].(string)
		if f := pairRow.FindStringSubmatch(pair); f != nil {
			rtt := finding.FactValue("rtt_ms", r.Outcome.Facts["rtt_ms"])
			lines = append(lines, m.fit(m.sayf("Media: %s → %s, round trip %s", f[1], f[2], rtt), width), "")
			break
		}
	}
	spans := slices.DeleteFunc(progress.Timeline(m.run.Results), func(s progress.Span) bool { return s.Step })
	for len(spans) > max(0, height-len(lines)-2) { // the shortest ones go
		shortest := 0
		for i, s := range spans {
			if s.Took < spans[shortest].Took {
				shortest = i
			}
		}
		spans = slices.Delete(spans, shortest, shortest+1)
	}
	if len(spans) > 1 {
		lines = append(lines, m.styles.subtle.Render(m.sayf("Where the time went")))
		lines = append(lines, progress.Waterfall(spans, width, m.deps.ASCII, m.say)...)
	}
	return lines[:min(len(lines), max(0, height-1))] // the last line is for notices
}

// settings adds each setting with its value, its place, and what it hides.
func (p *page) settings() {
	if p.run == nil {
		return
	}
	rows := [][]string{{p.sayf("Setting"), p.sayf("Value"), p.sayf("From")}}
	styles := []lipgloss.Style{p.styles.subtle}
	for _, s := range p.run.Settings {
		rows = append(rows, []string{s.Name, p.settingValue(s), p.place(s.Source, s.Line)})
		styles = append(styles, p.styles.title)
		for _, h := range s.Hides {
			style, what := p.styles.subtle, p.sayf("hides the same value")
			if h.Differs {
				style, what = p.styles.warnMark, p.sayf("hides %s", p.orNone(h.Value))
				if h.Value == clean.Hidden {
					what = p.sayf("hides another value")
				}
			}
			rows, styles = append(rows, []string{"", what, p.place(h.Source, h.Line)}), append(styles, style)
		}
	}
	p.heading(p.sayf("Settings"))
	if len(rows) == 1 {
		p.hang("  ", p.sayf("none"))
		return
	}
	p.table(rows, styles)
	p.blank()
}

// settingValue is a value, or how much of it is hidden.
func (p *page) settingValue(s config.Shown) string {
	switch {
	case s.Value == clean.Hidden && s.Fingerprint != "":
		return p.sayf("hidden: %d bytes, fingerprint %s", s.Length, s.Fingerprint)
	case s.Value == clean.Hidden:
		return p.sayf("hidden: %d bytes", s.Length)
	case s.Length > 0:
		return p.sayf("%s (%d bytes)", s.Value, s.Length)
	}
	return p.orNone(s.Value)
}

func (p *page) orNone(value string) string {
	if value == "" {
		return p.sayf("nothing")
	}
	return p.plain(value)
}

// place is where a setting stands.
func (p *page) place(source string, line int) string {
	if line > 0 {
		return p.sayf("%s, line %d", source, line)
	}
	return p.say(diagnosis.SourceText(source))
}

// compared adds the token under test beside a correct one, what differs first.
func (p *page) compared() {
	if p.run == nil || len(p.run.Token) == 0 {
		return
	}
	rows := [][]string{{"", p.sayf("A LiveKit token has"), p.sayf("What came")}}
	styles := []lipgloss.Style{p.styles.subtle}
	parts := slices.Clone(p.run.Token)
	slices.SortStableFunc(parts, func(a, b check.TokenPart) int {
		switch {
		case a.Differs == b.Differs:
			return 0
		case a.Differs:
			return -1
		}
		return 1
	})
	for _, part := range parts {
		name, style := "  "+p.plain(part.Name), lipgloss.NewStyle()
		if part.Differs {
			name, style = p.marks.differs+" "+p.plain(part.Name), p.styles.failMark
		}
		rows, styles = append(rows, []string{name, p.say(part.Want), p.say(part.Came)}), append(styles, style)
	}
	p.heading(p.sayf("The token beside a correct one"))
	p.table(rows, styles)
	p.blank()
}

// table adds rows in columns, each row in a style. A column is as wide as it
// needs to be, the last ones only as far as there is room; cells are wrapped.
func (p *page) table(rows [][]string, styles []lipgloss.Style) {
	widths := p.columns(rows)
	for i, row := range rows {
		cells, height := make([][]string, len(row)), 0
		for j, cell := range row {
			cells[j] = wrap.Lines(cell, widths[j])
			height = max(height, len(cells[j]))
		}
		for n := range height {
			var line string
			for j := range cells {
				text := ""
				if n < len(cells[j]) {
					text = cells[j][n]
				}
				line += wrap.Pad(text, widths[j]) + strings.Repeat(" ", tableGap)
			}
			p.add(p.cut(styles[i].Render(strings.TrimRight(line, " "))))
		}
	}
}

// tableGap is between two columns of a table.
const tableGap = 2

// columns are the widths of a table's columns. Where they need more than there
// is, the widest ones share what the others leave; the first one holds names,
// and is not broken as long as a third of the width is enough for it.
func (p *page) columns(rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for j, cell := range row {
			widths[j] = max(widths[j], wrap.Width(cell))
		}
	}
	room := max(len(widths), p.width-tableGap*(len(widths)-1))
	for sum(widths) > room {
		widest := slices.Index(widths, slices.Max(widths))
		if rest := widths[1:]; widths[0] <= p.width/3 && slices.Max(rest) > 8 {
			widest = 1 + slices.Index(rest, slices.Max(rest))
		}
		widths[widest] -= min(sum(widths)-room, max(1, widths[widest]/16))
	}
	return widths
}

func sum(list []int) (n int) {
	for _, v := range list {
		n += v
	}
	return n
}

// facts adds measured details under their names for people.
func (p *page) facts(facts check.Facts, by int) {
	longest := 0
	for _, name := range facts.Names() {
		if !tabled(facts[name]) {
			longest = max(longest, wrap.Width(p.say(finding.FactName(name))))
		}
	}
	longest = min(longest, max(8, (p.width-by)*45/100))
	for _, name := range facts.Names() {
		label := p.say(finding.FactName(name))
		if tabled(facts[name]) {
			p.hang(strings.Repeat(" ", min(by, 2)), label+":")
			p.rows(facts[name].([]string), facts["selected_pair"], min(by, 2)+2)
			continue
		}
		value := p.say(finding.FactValue(name, facts[name]))
		if wrap.Width(label) > longest {
			p.hang(strings.Repeat(" ", by), label)
			label = ""
		}
		p.hang(strings.Repeat(" ", by)+p.styles.subtle.Render(wrap.Pad(label, longest))+"  ", value)
	}
}

// tabled reports whether a fact is a list whose items are rows, not words.
func tabled(value any) bool {
	list, is := value.([]string)
	return is && slices.ContainsFunc(list, func(item string) bool { return strings.Contains(item, " ") })
}

// The rows of candidates and pairs, as the checks write them.
var (
	candidateRow = regexp.MustCompile(`^(udp|tcp) (\S+) (\S+) (\S+?)(?: (active|passive|so))?(, the address reached)?$`)
	pairRow      = regexp.MustCompile(`^(\S+) → (\S+) \((\S+)\) (\S+): (\d+) sent, (\d+) answered$`)
)

// rows adds the items of a list, in columns where they are candidates or pairs
// and there is room.
func (p *page) rows(list []string, selected any, by int) {
	in := &page{model: p.model, width: max(1, p.width-by)}
	if rows, styles := p.cells(list, selected); rows != nil && sum(in.columns(rows)) == natural(rows) {
		in.table(rows, styles)
	} else {
		for _, item := range list {
			in.hang("- ", in.plain(item))
		}
	}
	p.lines = append(p.lines, indent(in.lines, by)...)
}

// natural is how wide the columns of a table would like to be.
func natural(rows [][]string) int {
	wide := &page{width: 1 << 16}
	return sum(wide.columns(rows))
}

// cells are the columns of candidates or pairs under their heads, nil for other
// lists.
func (p *page) cells(list []string, selected any) (rows [][]string, styles []lipgloss.Style) {
	if len(list) == 0 {
		return nil, nil
	}
	pairs := pairRow.MatchString(list[0])
	head := []string{p.sayf("Protocol"), p.sayf("Address"), p.sayf("Type"), p.sayf("Network"), ""}
	if pairs {
		head = []string{p.sayf("From here"), p.sayf("To the server"), p.sayf("Type"), p.sayf("State"), p.sayf("Answered")}
	}
	rows, styles = append(rows, head), append(styles, p.styles.subtle)
	for _, item := range list {
		var row []string
		style := lipgloss.NewStyle()
		if pairs {
			f := pairRow.FindStringSubmatch(item)
			if f == nil {
				return nil, nil
			}
			row = []string{f[1], f[2], f[3], f[4], p.sayf("%s of %s", f[6], f[5])}
			switch {
			case item == selected:
				style = p.styles.passMark
			case f[6] == "0":
				style = p.styles.failMark
			}
		} else {
			f := candidateRow.FindStringSubmatch(item)
			if f == nil {
				return nil, nil
			}
			row = []string{strings.TrimSpace(f[1] + " " + f[5]), f[2], f[3], f[4], ""}
			if f[6] != "" {
				row[4] = p.sayf("reached")
			}
		}
		for i := range row {
			row[i] = p.plain(row[i])
		}
		rows, styles = append(rows, row), append(styles, style)
	}
	return rows, styles
}
