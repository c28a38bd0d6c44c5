package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand returns the command that writes a man page for each command, for the
// packages. Their date is SOURCE_DATE_EPOCH, if set.
func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man FOLDER", Short: "Write the man pages into a folder", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return writeManPages(cmd.Root(), args[0])
		},
	}
}

func writeManPages(cmd *cobra.Command, folder string) error {
	if !cmd.IsAvailableCommand() && cmd.HasParent() {
		return nil
	}
	cmd.DisableAutoGenTag = true
	var page bytes.Buffer
	header := &doc.GenManHeader{Section: "1", Source: "lkdoctor " + toolVersion(), Manual: "LiveKit doctor"}
	if err := doc.GenMan(cmd, header, &page); err != nil {
		return err
	}
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
	if err := os.WriteFile(filepath.Join(folder, name), withManSections(page.String()), 0o644); err != nil {
		return err
	}
	for _, child := range cmd.Commands() {
		if err := writeManPages(child, folder); err != nil {
			return err
		}
	}
	return nil
}

// manTerm is a term and its meaning in a section of a man page.
type manTerm struct{ term, text string }

// withManSections adds the sections that every command shares: exit codes, environment
// and files.
func withManSections(page string) []byte {
	var more strings.Builder
	for _, section := range []struct {
		title string
		terms []manTerm
	}{
		{"EXIT STATUS", []manTerm{
			{"0", "Nothing failed; warnings are allowed unless --strict is given."},
			{"1", "Something failed."},
			{"2", "lkdoctor could not do its work: a bad flag, unreadable settings, its own time-out or error."},
			{"130", "Interrupted; what was finished is still told."},
		}},
		{"ENVIRONMENT", []manTerm{
			{"LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, LIVEKIT_TOKEN",
				"The server, its key and secret, and a token to check. A flag wins over each."},
			{"USER_MGMT_BASE_URL, LKDOCTOR_TICKET", "The ticket service, and a ticket to trade there."},
			{"NODE_ENV", "The Next.js mode that picks the env files, unless --mode says it."},
			{"HTTP_PROXY, HTTPS_PROXY, NO_PROXY", "The proxy on the way to any of them."},
			{"ACCESSIBLE, CI, TERM", "Set, or dumb: plain text in place of the terminal UI."},
			{"NO_COLOR, LC_ALL, LC_MESSAGES, LANG", "Colours and language, unless --color and --lang say them."},
		}},
		{"FILES", []manTerm{
			{".env.{mode}.local, .env.local, .env.{mode}, .env", "In the working directory or --dir, read exactly as Next.js reads them."},
			{"~/.livekit/cli-config.yaml", "The projects of LiveKit's lk; only read."},
		}},
	} {
		fmt.Fprintf(&more, ".SH %s\n", section.title)
		for _, t := range section.terms {
			fmt.Fprintf(&more, ".TP\n\\fB%s\\fP\n%s\n", roff(t.term), roff(t.text))
		}
	}
	before, after, is := strings.Cut(page, ".SH SEE ALSO")
	if is {
		after = ".SH SEE ALSO" + after
	}
	return []byte(strings.TrimRight(before, "\n") + "\n" + more.String() + after)
}

// roff escapes hyphens, so that flags can be copied, and dots at the start of a line.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}
