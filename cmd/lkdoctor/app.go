package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"lkdoctor/checks/check"
	"lkdoctor/checks/probe"
	"lkdoctor/cmd/lkdoctor/quiet"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

// version is set at link time; without it the build information tells.
var version = ""

// app is everything that the program takes from its surroundings.
type app struct {
	args    []string
	in      io.Reader
	out     io.Writer
	err     io.Writer
	environ []string
	dir     string // the working directory
	now     func() time.Time
	nonce   func() string
	limits  probe.Limits     // for tests; zero for what a user waits
	stops   <-chan os.Signal // what asks the program to end
	code    int
	// redact knows the secrets of this call, and learns those of its runs.
	redact *clean.Redactor
}

func newApp(args []string, in io.Reader, out, err io.Writer, environ []string) *app {
	dir, wdErr := os.Getwd()
	if wdErr != nil {
		dir = "."
	}
	if f, is := out.(*os.File); is {
		out = &output{File: f}
	}
	a := &app{args: args, in: in, out: out, err: err, environ: environ, dir: dir, now: time.Now, nonce: randomNonce, redact: clean.NewRedactor()}
	a.learnArguments()
	return a
}

// learnArguments adds the secrets of the command line and the environment, which
// an error may quote before there are settings, and what looks like one in a
// place for something else.
func (a *app) learnArguments() {
	sensitive := map[string]bool{"--api-secret": true, "--token": true, "--ticket": true, "--header": true, "-H": true}
	for i, arg := range a.args {
		name, value, _ := strings.Cut(arg, "=")
		if sensitive[name] {
			if value == "" && i+1 < len(a.args) {
				value = a.args[i+1]
			}
			if header, is := strings.CutPrefix(value, "@"); name == "--header" || name == "-H" {
				if _, after, named := strings.Cut(header, ":"); named && !is {
					value = after
				}
			}
			a.redact.Learn(value)
		}
		if _, value, is := strings.Cut(arg, ":"); is && strings.HasPrefix(arg, "-H") {
			a.redact.Learn(value)
		}
		a.redact.Learn(config.AddressSecrets(arg)...)
	}
	for _, name := range []string{"LIVEKIT_API_SECRET", "LIVEKIT_TOKEN", "LKDOCTOR_TICKET"} {
		a.redact.Learn(a.getenv(name))
	}
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		a.redact.Learn(config.AddressSecrets(a.getenv(name))...)
	}
}

// line is text of any origin, the command line's included, as one line of at most
// limit characters.
func (a *app) line(text string, limit int) string {
	return a.redact.Clean(strings.Join(strings.Fields(text), " "), limit)
}

// complain says on stderr what could not be done.
func (a *app) complain(what string, err error) {
	fmt.Fprintf(a.err, "lkdoctor: %s%s\n", what, a.line(err.Error(), 300))
}

// run carries out the command line and returns the exit code.
func run(a *app) (code int) {
	defer func() {
		if p := recover(); p != nil {
			a.complain("internal error: ", fmt.Errorf("%v", p))
			code = check.ExitDoctor
		}
	}()
	root := a.rootCommand()
	root.SetArgs(a.args)
	if cmd, _, err := root.Find(a.args); a.stops != nil && err == nil && !stoppable(cmd) && quiet.Default() {
		return check.ExitInterrupted
	}
	called, err := root.ExecuteC()
	if err != nil && a.unwritten() == nil {
		a.code = a.failed(called, err)
	}
	if lost := a.unwritten(); lost != nil {
		fmt.Fprintf(a.err, "lkdoctor: %s\n", lost)
		if a.code != check.ExitInterrupted { // whoever stopped it may have closed the terminal with it
			return check.ExitDoctor
		}
	}
	return a.code
}

// stoppable reports whether cmd ends by itself when it is told to stop: it may
// have a document to print and a room to leave.
func stoppable(cmd *cobra.Command) bool { return !cmd.HasParent() || cmd.Name() == "join" }

// getenv reads a variable of the process environment.
func (a *app) getenv(name string) string {
	value := ""
	for _, entry := range a.environ {
		if rest, ok := strings.CutPrefix(entry, name+"="); ok {
			value = rest
		}
	}
	return value
}

// home is the user's home, where lk keeps its projects; "" when nothing says.
func (a *app) home() string {
	if runtime.GOOS == "windows" {
		return a.getenv("USERPROFILE")
	}
	return a.getenv("HOME")
}

// terminal returns the file behind a stream if it is a terminal.
func terminal(stream any) (*os.File, bool) {
	if out, is := stream.(*output); is {
		stream = out.File
	}
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// columns is the width of the terminal that out is, 0 if it is none.
func (a *app) columns() int {
	f, is := terminal(a.out)
	if !is {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// randomNonce makes the dev token's identity and room this run's own.
func randomNonce() string {
	b := make([]byte, 4)
	if _, err := rand.Read(b); err != nil {
		return fmt.Sprintf("%08x", time.Now().UnixNano()&0xffffffff)
	}
	return hex.EncodeToString(b)
}

// toolVersion is the linked version, or the module's, or "dev".
func toolVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return strings.TrimPrefix(info.Main.Version, "v")
	}
	return "0.1.0-dev"
}
