// Command lklab starts a LiveKit installation on loopback to practise on: a real
// livekit-server and a ticket service, healthy or with the fault of --fault. When it
// ends, it ends them and removes its files.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"lkdoctor/checks/lab"
)

// Exit codes of lklab itself; the last two are as with env(1) and timeout(1).
const (
	exitFailed      = 2   // bad flags, unknown fault, or the lab did not start
	exitNotRunnable = 126 // the command exists and cannot be started
	exitNotFound    = 127 // the command does not exist
)

// exitError ends lklab with an exit code. A nil cause prints nothing.
type exitError struct {
	code  int
	cause error
}

func (e exitError) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.cause.Error()
}

func (e exitError) Unwrap() error { return e.cause }

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run carries out the command line and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	exit := exitError{code: exitFailed, cause: err}
	errors.As(err, &exit)
	if exit.cause != nil {
		fmt.Fprintf(stderr, "lklab: %v\n", exit.cause)
	}
	return exit.code
}

func newRoot() *cobra.Command {
	var opts lab.Options
	var dir, act, workerName string
	root := &cobra.Command{
		Use:   "lklab [--fault NAME] [-- COMMAND [ARGUMENT…]]",
		Short: "A LiveKit server and a ticket service to practise on, broken on demand",
		Long: `lklab starts a real livekit-server and a ticket service on 127.0.0.1, and breaks
one thing, as --fault says.

With a command after --, it runs that command with an environment that points at
the lab, and ends with the command's exit code. Of the caller's environment, the
variables that begin with LIVEKIT_, LKDOCTOR_, LK_, USER_MGMT_, NEXT_PUBLIC_,
VITE_ and REACT_APP_ are left out, and NODE_ENV. HOME stays, except for the faults
in which nothing is configured: those set it to the lab's folder. The command runs
in a temporary folder, which holds the env files of the faults that have some;
--in names another one. A command called lkdoctor is given the flags that the
fault needs (mostly none; they are in LKLAB_ARGS for other commands).

LKLAB_SERVER=FILE runs that livekit-server in place of the one that is built in.

Without a command, it prints the environment as export lines and serves until it
is interrupted. A ticket is good for one run: POST /api/v1/tickets at the ticket
service issues another.`,
		Example: `  lklab --fault opaque-token -- lkdoctor
  lklab --fault udp-blocked -- lkdoctor --json
  lklab --rtt 100ms -- lkdoctor
  lklab --agent helper --worker serve -- lkdoctor
  lklab list`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return fmt.Errorf("unknown command %q (a command to run goes after --)", args[0])
			}
			return nil
		},
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := lab.Lookup(opts.Fault); err != nil {
				return fmt.Errorf("%w: lklab list names them all", err)
			}
			if opts.RTT < 0 {
				return fmt.Errorf("--rtt is negative: %s", opts.RTT)
			}
			if act != "" {
				if !slices.Contains(lab.Acts(), lab.Act(act)) {
					return fmt.Errorf("--worker %q is none of %v", act, lab.Acts())
				}
				opts.Agent.Worker = &lab.WorkerOptions{Name: workerName, Act: lab.Act(act)}
			}
			opts.Server = os.Getenv("LKLAB_SERVER")
			if len(args) == 0 {
				return serve(cmd.Context(), opts, cmd.OutOrStdout())
			}
			return runCommand(cmd, opts, dir, args)
		},
	}
	root.Flags().StringVar(&opts.Fault, "fault", lab.Healthy, "what is broken (see lklab list)")
	root.Flags().DurationVar(&opts.RTT, "rtt", 0, "put server and ticket service a `round trip` away, as 100ms (TCP only)")
	root.Flags().StringVar(&opts.Agent.Name, "agent", "", "the tokens call the agent of this `name`")
	root.Flags().StringVar(&act, "worker", "", fmt.Sprintf("run an agent worker that does this with its jobs: %v", lab.Acts()))
	root.Flags().StringVar(&workerName, "worker-name", "", "the worker's agent `name`, if not that of --agent")
	root.Flags().StringVar(&dir, "in", "", "run the command in this `folder`, not in the lab's own")
	root.AddCommand(newList())
	root.CompletionOptions.HiddenDefaultCmd = true
	_ = root.RegisterFlagCompletionFunc("fault", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, f := range lab.Faults() {
			names = append(names, f.Name+"\t"+f.About)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	return root
}
