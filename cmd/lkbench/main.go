// Command lkbench measures lkdoctor against its targets and against LiveKit's Go
// SDK, on a lab of its own, and prints a table. It is a benchmark, not a test:
// a figure over its target does not fail it, only a measurement that could not
// be made.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// section is one group of measurements.
type section struct {
	name, title string
	measure     func(context.Context, *bench) error
}

func sections() []section {
	return []section{
		{"start", "Start-up", measureStart},
		{"healthy", "A healthy run beside a bare join", measureHealthy},
		{"dead", "Peers that do not answer", measureDead},
		{"core", "Tokens and env files, on one core", measureCore},
		{"memory", "Peak memory", measureMemory},
		{"crowd", "Many at once on one server", measureCrowd},
		{"delay", "Growth with the round-trip time", measureDelay},
	}
}

// run is the program without its process: it returns the exit code, 0 unless
// something could not be measured.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("lkbench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	pairs := flags.Int("n", 21, "how many `pairs` of runs")
	quick := flags.Bool("quick", false, "fewer runs: a minute instead of four")
	only := flags.String("only", "", "measure only these `sections`, of "+strings.Join(names(), ","))
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: lkbench [flags] PATH_TO_LKDOCTOR")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() != 1 || *pairs < 1 {
		flags.Usage()
		return 2
	}
	if *quick {
		*pairs = min(*pairs, 7)
	}
	b, err := newBench(ctx, flags.Arg(0), *pairs, *quick)
	if err != nil {
		fmt.Fprintf(stderr, "lkbench: %v\n", err)
		return 1
	}
	defer b.close()
	return b.all(ctx, chosen(*only), stdout, stderr)
}

func names() []string {
	var out []string
	for _, s := range sections() {
		out = append(out, s.name)
	}
	return out
}

// chosen are the sections that only names, all of them if it is empty.
func chosen(only string) []section {
	if only == "" {
		return sections()
	}
	wanted := strings.Split(only, ",")
	return slices.DeleteFunc(sections(), func(s section) bool { return !slices.Contains(wanted, s.name) })
}

// all measures section by section, each printed when it is done.
func (b *bench) all(ctx context.Context, list []section, stdout, stderr io.Writer) int {
	fmt.Fprint(stdout, b.preamble())
	code := 0
	for _, s := range list {
		b.table = table{}
		err := s.measure(ctx, b)
		fmt.Fprintf(stdout, "\n%s\n", s.title)
		if printed := b.table.print(stdout); err == nil {
			err = printed
		}
		if ctx.Err() != nil {
			fmt.Fprintln(stderr, "lkbench: interrupted")
			return 130
		}
		if err != nil {
			fmt.Fprintf(stderr, "lkbench: %s was not measured: %v\n", s.name, err)
			code = 1
		}
	}
	return code
}
