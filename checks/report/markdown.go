package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
	"lkdoctor/config/clean"
)

// markdownMark is the first line of every report, so that only reports are
// overwritten.
const markdownMark = "<!-- lkdoctor report -->"

// IsMarkdown reports whether text is a report that Markdown made.
func IsMarkdown(text []byte) bool { return bytes.HasPrefix(text, []byte(markdownMark)) }

// Markdown returns the run as a report for the party that must act: what is wrong, the
// requests and responses, the fix, how to confirm it without lkdoctor, and what it
// means. It holds no token, secret or ticket.
func Markdown(run check.Run, version string, style Style) []byte {
	m := &markdown{Style: style}
	m.line(markdownMark)
	m.title(run)
	m.seen(run)
	if f, found := run.Root(); found {
		m.line(fmt.Sprintf("**%s** (%s): %s", f.Code, run.Diagnosis.RootCause.Check, escape(m.text(f.Message))))
		if len(f.Facts) > 0 {
			m.fence("", strings.Join(factLines(f.Facts, 200), "\n"))
		}
		m.fix(f)
		page, known := m.Page(f.Code)
		m.confirm(page.Confirm, known)
		if known {
			m.head("What it means")
			m.line(page.Means)
			m.head("Why it happens")
			m.line(page.Why)
		}
	}
	m.table(run)
	m.settings(run)
	m.line("---")
	m.line(style.Say("Made by lkdoctor %s on %s; the run took %s. Tokens, secrets and tickets are left out of this report.",
		version, run.StartedAt.UTC().Format(time.RFC3339), finding.Millis(run.Took)))
	return []byte(m.String())
}

// markdown collects the report in a style.
type markdown struct {
	strings.Builder
	Style
}

func (m *markdown) line(s string) { m.WriteString(s + "\n\n") }

func (m *markdown) head(format string) { m.line("## " + m.Say(format)) }

// fence writes a code block with a fence longer than any inside.
func (m *markdown) fence(lang, code string) {
	mark := "```"
	for strings.Contains(code, mark) {
		mark += "`"
	}
	m.line(mark + lang + "\n" + strings.TrimRight(code, "\n") + "\n" + mark)
}

// columns starts a table of three columns.
func (m *markdown) columns(a, b, c string) {
	fmt.Fprintf(m, "| %s | %s | %s |\n|---|---|---|\n", a, b, c)
}

// escape escapes Markdown and HTML in a text of others.
func escape(s string) string {
	return strings.NewReplacer("\\", "\\\\", "|", "\\|", "<", "&lt;", ">", "&gt;", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]",
		"`", "\\`", "#", "\\#", "!", "\\!", "\n", " ").Replace(s)
}

// title says what is wrong and which party the report is for. The settings are the
// reader's only if they are wrong.
func (m *markdown) title(run check.Run) {
	d, config := run.Diagnosis, diagnosis.PartyName(finding.OwnerConfig)
	m.line("# " + m.Say("LiveKit connection report"))
	if !forOthers(d) {
		m.line(escape(m.text(d.Summary)))
	} else {
		m.line("**" + escape(m.text(d.Headline())) + "**")
		m.line(escape(m.Say("This report is for whoever looks after %s. It was made on a machine that uses it; "+
			"below, “here”, “this machine” and “your settings” mean that machine and its settings.",
			diagnosis.PartyName(d.Owner))))
		config = finding.Textf("the settings of this machine")
	}
	if len(d.Cleared) > 0 {
		m.line(m.cleared(d.Cleared, config))
	}
}

// forOthers reports whether the party that must act may not be the user.
func forOthers(d check.Diagnosis) bool {
	switch d.Owner {
	case finding.OwnerConfig, finding.OwnerNone, finding.OwnerUnknown, finding.OwnerClock:
		return false
	}
	return d.RootCause != nil
}

// sourceWord returns the word for the place that the token came from.
func sourceWord(source check.TokenSource) finding.Text {
	switch source {
	case check.SourceTicket:
		return finding.Textf("ticket")
	case check.SourceFrontend:
		return finding.Textf("front end")
	case check.SourceEndpoint:
		return finding.Textf("token endpoint")
	case check.SourceFlag:
		return finding.Textf("command line")
	case check.SourceMinted:
		return finding.Textf("made here")
	}
	return finding.Textf("%s", source)
}

// seen writes what was sent and received.
func (m *markdown) seen(run check.Run) {
	m.head("What was asked, and what came back")
	rows := [][2]string{{m.Say("LiveKit server"), run.Target.LiveKitURL}}
	for _, s := range run.Settings {
		if s.Name == "USER_MGMT_BASE_URL" {
			rows = append(rows, [2]string{m.Say("Ticket service"), s.Value})
		}
	}
	rows = append(rows, [2]string{m.Say("Token from"), m.text(sourceWord(run.Target.TokenSource))},
		[2]string{m.Say("Room"), run.Target.Room}, [2]string{m.Say("Identity"), run.Target.Identity})
	rows = append(rows, m.exchange(run)...)
	for _, row := range rows {
		if row[1] != "" {
			m.WriteString("- " + m.Say("%s: ", row[0]) + escape(row[1]) + "\n")
		}
	}
	m.WriteString("\n")
}

// exchange returns the request for a token and its response, without values.
func (m *markdown) exchange(run check.Run) [][2]string {
	for _, r := range run.Results {
		facts := r.Outcome.Facts
		if len(r.Findings) > 0 && facts["status"] == nil {
			facts = r.Findings[0].Facts
		}
		if r.Check.ID != "ticket.consume" && r.Check.ID != "ticket.frontend" || facts["status"] == nil {
			continue
		}
		value := func(name string) string {
			if facts[name] == nil {
				return ""
			}
			return clean.Line(fmt.Sprint(facts[name]), 200)
		}
		came := []string{value("status"), value("content_type"), value("said")}
		came = slices.DeleteFunc(came, func(text string) bool { return text == "" })
		rows := [][2]string{{m.Say("Asked"), value("asked")}, {m.Say("Came back"), strings.Join(came, ", ")}}
		if fields, ok := facts["fields"].([]string); ok {
			rows = append(rows, [2]string{m.Say("Its fields"), clean.Line(strings.Join(fields, ", "), 300)})
		}
		return rows
	}
	return nil
}

// fix writes the fixes of a finding, with their code.
func (m *markdown) fix(f finding.Finding) {
	if len(f.Fixes) == 0 {
		return
	}
	m.head("How to fix it")
	for _, fix := range f.Fixes {
		m.WriteString("- " + m.text(fix.Text) + "\n")
		if fix.Command != "" {
			m.WriteString("\n  ```sh\n  " + strings.ReplaceAll(fix.Command, "\n", "\n  ") + "\n  ```\n")
		}
		for _, block := range fix.Code {
			m.WriteString("\n")
			m.line("### " + languageName(block.Lang))
			m.fence(strings.Replace(block.Lang, "node", "js", 1), block.Text)
		}
	}
	m.WriteString("\n")
}

func languageName(lang string) string {
	switch lang {
	case "python":
		return "Python (livekit-api)"
	case "node":
		return "Node.js (livekit-server-sdk)"
	case "go":
		return "Go (github.com/livekit/protocol/auth)"
	}
	return catalogue.BlockTitle(lang)
}

// confirm writes how to check the fix with lkdoctor and, if it is known, without.
func (m *markdown) confirm(c catalogue.Confirm, known bool) {
	m.head("How to check it afterwards")
	if known {
		m.line(c.Text)
		if len(c.Variables) > 0 {
			m.line(m.Say("Set first (bash or zsh):"))
			for _, v := range c.Variables {
				m.WriteString("- `" + v.Name + "`: " + v.Text + "\n")
			}
			m.WriteString("\n")
		}
		m.fence("sh", c.Command)
		if c.Prints != "" {
			m.line(m.Say("While the problem is there, it prints:"))
			m.fence("", c.Prints)
		}
	}
	m.line(m.Say("With lkdoctor, in the folder of the app and with a fresh ticket in LKDOCTOR_TICKET; " +
		"it exits with 0 when the connection works:"))
	m.fence("sh", "lkdoctor")
}

// table writes every check of the run, one a row.
func (m *markdown) table(run check.Run) {
	m.head("Every check")
	m.columns(m.Say("check"), m.Say("result"), m.Say("what was seen"))
	for _, r := range run.Results {
		fmt.Fprintf(m, "| %s | %s | %s |\n", r.Check.ID, m.word(progress.State(r.Status)), escape(m.what(r)))
	}
	m.WriteString("\n")
}

// what returns one line on a check: its findings, or why it did not run, or what it
// saw.
func (m *markdown) what(r check.Result) string {
	var parts []string
	for _, f := range r.Findings {
		parts = append(parts, string(f.Code)+": "+m.text(f.Message))
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, " · ")
	case r.Skip != nil:
		return m.text(r.Skip.Text)
	case !r.Outcome.Text.IsZero():
		return m.text(r.Outcome.Text)
	}
	return m.text(r.Check.Title)
}

// settings writes the source of each value. With --compare-secrets it adds lengths and
// fingerprints of secrets.
func (m *markdown) settings(run check.Run) {
	if len(run.Settings) == 0 {
		return
	}
	m.head("Settings")
	m.columns(m.Say("name"), m.Say("from"), m.Say("value"))
	for _, s := range run.Settings {
		value := escape(s.Value)
		if s.Fingerprint != "" {
			value = m.Say("%s, %d characters, fingerprint %s", escape(s.Value), s.Length, s.Fingerprint)
		}
		fmt.Fprintf(m, "| %s | %s | %s |\n", s.Name, escape(s.Source), value)
	}
	m.WriteString("\n")
}
