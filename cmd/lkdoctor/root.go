package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lkdoctor/checks/check"
)

// rootCommand is `lkdoctor` itself, the checks, with the other commands under it.
func (a *app) rootCommand() *cobra.Command { return a.rootWith(&flags{}) }

// rootWith is rootCommand with its flags kept in f.
func (a *app) rootWith(f *flags) *cobra.Command {
	root := &cobra.Command{
		Use:   "lkdoctor",
		Short: helpText("Find out why a LiveKit connection fails, and who must act"),
		Long: helpText(`lkdoctor checks a LiveKit connection stage by stage: settings, ticket service,
token, signature, live join. It names the one root cause, who must act, what is
cleared, and what to do next.

It changes nothing but this: it consumes the ticket that you give it, once, and
joins and leaves a room (--no-join leaves that out).

Exit codes: 0 nothing failed, 1 something failed, 2 lkdoctor could not do its
work, 130 interrupted.`),
		Example: helpText(`  lkdoctor                        check what the environment and .env files say
  lkdoctor --ticket tkt_…         trade a ticket, and check the token it gives
  pbpaste | lkdoctor --token -    check a token, URL or answer that was copied
  lkdoctor --dev                  check a local livekit-server --dev
  lkdoctor --json | jq .diagnosis  for scripts`),
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       toolVersion(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.validate(args); err != nil {
				return err
			}
			a.code = a.examine(cmd.Context(), f)
			return nil
		},
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetHelpFunc(a.showHelp)
	root.SetVersionTemplate("lkdoctor {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = false
	f.addSettings(root)
	f.addRun(root)
	root.AddCommand(a.versionCommand(), a.schemaCommand(), a.codesCommand(), a.explainCommand(), a.tokenCommand(), a.joinCommand(), a.manCommand())
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" { // cobra's own
			c.Short = helpText("Write a completion script for a shell")
		}
	}
	a.completeFlags(root)
	return root
}

// usageError says in one line what is wrong with the command line, and where
// help is. Where the checks were called with --json, the document says so too.
func (a *app) usageError(called *cobra.Command, err error) int {
	fmt.Fprintf(a.err, "lkdoctor: %s (see lkdoctor --help)\n", err)
	if called.Name() == "lkdoctor" && a.wantsJSON() {
		a.brokenDocument(err)
	}
	return check.ExitDoctor
}

// wantsJSON reads --json, in any of its spellings, from a command line that
// cannot be parsed as a whole.
func (a *app) wantsJSON() bool {
	f := &flags{}
	root := a.rootWith(f)
	for _, arg := range a.args {
		if arg == "--" {
			break
		}
		if strings.HasPrefix(arg, "--json") {
			_ = root.ParseFlags([]string{arg})
		}
	}
	return f.jsonOut
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: helpText("Print the version"), Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.out, "lkdoctor", toolVersion())
			return err
		},
	}
}
