package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/report"
	"lkdoctor/checks/wrap"
)

// helpColumns is the width of the help, unless the terminal is narrower.
const helpColumns = 80

// nameColumns is the widest that a flag's name may be for its text to start on the same
// line.
const nameColumns = 24

// helpText marks a text of the help for translation.
func helpText(format string) string { return finding.Text{Format: format}.Format }

// flagGroup is a part of the list of flags: its heading, and the flags in their order.
type flagGroup struct {
	heading string
	names   []string
}

// flagGroups returns the groups of a command's flags. A flag is listed in the first of its
// groups, and last if it has none.
func flagGroups(command string) []flagGroup {
	group := func(heading, names string) flagGroup { return flagGroup{heading, strings.Fields(names)} }
	server := group(helpText("Server and keys"), "url api-key api-secret dev project dir mode compare-secrets")
	from := group(helpText("The token under test"), "token ticket ticket-service ticket-path display-name frontend token-endpoint header")
	output := group(helpText("Output"),
		"token-only json plain no-mouse quiet verbose compare-secrets report junit metrics metrics-target html color lang")
	switch command {
	case "join":
		return []flagGroup{server, from, group(helpText("The room"), "room identity agent dev-join force-join publish open for timeout"),
			output}
	case "create":
		return []flagGroup{
			group(helpText("Who the token is for"), "room identity name metadata attribute agent valid-for"),
			group(helpText("What it allows"),
				"join no-publish no-subscribe no-data allow-source allow-update-metadata admin create list record ingress hidden recorder"),
			server, output,
		}
	}
	return []flagGroup{server, from, group(helpText("What is checked"),
		"only skip media agent no-join dev-join force-join room identity strict timeout"), output}
}

// showHelp writes the help of a command in the reader's language.
func (a *app) showHelp(cmd *cobra.Command, _ []string) {
	f := &flags{}
	for name, value := range map[string]*string{"lang": &f.lang, "color": &f.color} {
		if flag := cmd.Flags().Lookup(name); flag != nil {
			*value = flag.Value.String()
		}
	}
	h := helpPage{style: a.style(f), width: helpColumns}
	if h.style.Width > 0 {
		h.width = max(40, min(h.width, h.style.Width))
	}
	h.command(cmd)
	_, _ = a.out.Write([]byte(h.b.String()))
}

// helpPage lays out the help of one command.
type helpPage struct {
	style report.Style
	width int
	b     strings.Builder
}

func (h *helpPage) command(cmd *cobra.Command) {
	h.block("", wrap.Joined(h.style.Say(cmp.Or(cmd.Long, cmd.Short))))
	h.heading(helpText("Usage"))
	if cmd.Runnable() {
		h.block("  ", cmd.UseLine())
	}
	children := slices.DeleteFunc(slices.Clone(cmd.Commands()), func(c *cobra.Command) bool { return !c.IsAvailableCommand() })
	if len(children) > 0 {
		h.block("  ", cmd.CommandPath()+" COMMAND")
	}
	if cmd.Example != "" {
		h.heading(helpText("Examples"))
		h.block("", h.style.Say(cmd.Example))
	}
	if len(children) > 0 {
		h.heading(helpText("Commands"))
		var rows [][2]string
		for _, c := range children {
			rows = append(rows, [2]string{c.Name(), h.style.Say(c.Short)})
		}
		h.rows(rows, 0)
	}
	h.flags(cmd)
	if len(children) > 0 {
		h.b.WriteString("\n")
		h.block("", h.style.Say("%s COMMAND --help says more about a command.", cmd.CommandPath()))
	}
}

func (h *helpPage) heading(format string) {
	h.b.WriteString("\n" + h.style.Strong(h.style.Say(format)) + "\n")
}

// block writes lines, and wraps long ones. Further lines have the same indentation, and
// two columns more in code.
func (h *helpPage) block(indent, text string) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		rest := strings.TrimLeft(strings.ReplaceAll(line, "\t", "  "), " ")
		in := indent + strings.Repeat(" ", len(strings.ReplaceAll(line, "\t", "  "))-len(rest))
		if wrap.Width(in+rest) <= h.width { // the blanks in the line do not change
			h.b.WriteString(in + rest + "\n")
			continue
		}
		for i, part := range wrap.Lines(rest, h.width-len(in)-2) {
			if i == 1 && in != "" {
				in += "  "
			}
			h.b.WriteString(in + part + "\n")
		}
	}
}

// rows writes pairs of a name and a text. The texts form a column, which begins at least
// at column least.
func (h *helpPage) rows(rows [][2]string, least int) {
	column := least
	for _, row := range rows {
		column = max(column, min(wrap.Width(row[0]), nameColumns)+4)
	}
	for _, row := range rows {
		name := "  " + row[0]
		if wrap.Width(name) > column-2 { // the text begins on the next line
			h.b.WriteString(name + "\n")
			name = ""
		}
		for _, line := range wrap.Lines(row[1], h.width-column) {
			h.b.WriteString(name + strings.Repeat(" ", column-wrap.Width(name)) + line + "\n")
			name = ""
		}
	}
}

func (h *helpPage) flags(cmd *cobra.Command) {
	other := flagGroup{heading: helpText("Other")}
	cmd.Flags().VisitAll(func(f *pflag.Flag) { other.names = append(other.names, f.Name) })
	done := map[string]bool{}
	for _, group := range append(flagGroups(cmd.Name()), other) {
		var rows [][2]string
		for _, name := range group.names {
			if f := cmd.Flags().Lookup(name); f != nil && !f.Hidden && !done[name] {
				rows = append(rows, h.flag(f))
			}
			done[name] = true
		}
		if len(rows) > 0 {
			h.heading(group.heading)
			h.rows(rows, nameColumns+4)
		}
	}
}

// flag returns how a flag is written, and its text.
func (h *helpPage) flag(f *pflag.Flag) [2]string {
	translated := *f
	if f.Name == "help" { // cobra's text names the command
		translated.Usage = helpText("show this help")
	}
	translated.Usage = h.style.Say(translated.Usage)
	value, usage := pflag.UnquoteUsage(&translated)
	name := "    --" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", --" + f.Name
	}
	if value != "" {
		name += " " + value
	}
	switch f.DefValue {
	case "", "false", "[]", "0", "0s", "auto": // there is no default, or the text has it
	default:
		usage += h.style.Say(" (default %s)", strings.Replace(f.DefValue, "m0s", "m", 1))
	}
	return [2]string{name, usage}
}
