package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lkdoctor/checks/check"
)

// rootCommand returns `lkdoctor`, which runs the checks, with its subcommands.
func (a *app) rootCommand() *cobra.Command { return a.rootWith(&flags{}) }

// rootWith is rootCommand with the flags in f.
func (a *app) rootWith(f *flags) *cobra.Command {
	version := false
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
		RunE: func(cmd *cobra.Command, args []string) error {
			if version {
				return a.printVersion()
			}
			if err := f.validate(args); err != nil {
				return usageError{err}
			}
			a.code = a.examine(cmd.Context(), f)
			return nil
		},
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetHelpFunc(a.showHelp)
	// Cobra's own --version prints a template, and templates make the program 7 MB larger
	// (see htmlText in checks/catalogue).
	root.Flags().BoolVar(&version, "version", false, helpText("show the version"))
	root.CompletionOptions.HiddenDefaultCmd = false
	f.add(root, settingNames, sourceNames, lookNames, "json plain no-mouse report metrics metrics-target junit quiet verbose",
		"compare-secrets only skip no-join media strict timeout")
	root.AddCommand(a.versionCommand(), a.schemaCommand(), a.codesCommand(), a.explainCommand(), a.tokenCommand(), a.joinCommand(),
		a.manCommand())
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" { // made by cobra
			c.Short = helpText("Write a completion script for a shell")
		}
	}
	a.completeFlags(root)
	marked(root)
	return root
}

// usageError is an error in the command line.
type usageError struct{ error }

// Unwrap returns the wrapped error.
func (e usageError) Unwrap() error { return e.error }

// failure is any other error of a command.
type failure struct{ error }

// Unwrap returns the wrapped error.
func (e failure) Unwrap() error { return e.error }

// marked makes each command under cmd return the errors of its work as a failure. Other errors
// are cobra's, about flags and arguments.
func marked(cmd *cobra.Command) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			err := run(cmd, args)
			if usage := (usageError{}); err == nil || errors.As(err, &usage) {
				return err
			}
			return failure{err}
		}
	}
	for _, child := range cmd.Commands() {
		marked(child)
	}
}

// failed writes the error of a command in one line, with the usage for a usageError. If
// the checks were called with --json, it also prints the JSON document.
func (a *app) failed(called *cobra.Command, err error) int {
	a.complain("", err)
	if other := (failure{}); !errors.As(err, &other) {
		a.usage(called)
	}
	if called.Name() == "lkdoctor" && a.wantsJSON() {
		a.notBegunDocument(err)
	}
	return check.ExitDoctor
}

// usage writes how a command is called.
func (a *app) usage(called *cobra.Command) {
	line := called.UseLine()
	if called.HasAvailableSubCommands() && !called.HasParent() {
		line += ", or lkdoctor COMMAND"
	}
	fmt.Fprintf(a.err, "usage: %s\n       %s --help lists the flags\n", line, called.CommandPath())
}

// wantsJSON reports whether --json, in any of its spellings, is in a command line that
// could not be parsed.
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
		RunE: func(*cobra.Command, []string) error { return a.printVersion() },
	}
}

func (a *app) printVersion() error {
	_, err := fmt.Fprintln(a.out, "lkdoctor", toolVersion())
	return err
}
