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

// version is set at link time. If it is empty, the build information has it.
var version = ""

// app is the program's input, output and environment.
type app struct {
	args    []string
	in      io.Reader
	out     io.Writer
	err     io.Writer
	environ []string
	dir     string // the working directory
	now     func() time.Time
	nonce   func() string
	limits  probe.Limits     // set by tests; zero is the default
	stops   <-chan os.Signal // the signals that stop the program
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
	a := &app{args: args, in: in, out: out, err: err, environ: environ, dir: dir, now: time.Now, nonce: randomNonce,
		redact: clean.NewRedactor()}
	a.learnArguments()
	return a
}

// learnArguments adds to redact the secrets of the command line and the environment,
// since an error may quote them before the settings are read. It also adds values that
// look like secrets in places for other values.
func (a *app) learnArguments() {
	sensitive := map[string]bool{"--api-secret": true, "--token": true, "--ticket": true, "--header": true, "-H": true}
	for i, arg := range a.args {
		name, value, _ := strings.Cut(arg, "=")
		if sensitive[name] {
			if value == "" && i+1 < len(a.args) {
				value = a.args[i+1]
			}
			if _, after, is := strings.Cut(value, ":"); is && (name == "--header" || name == "-H") && value[0] != '@' {
				value = after
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

// line returns untrusted text, such as the command line's, as one line of at most limit
// characters.
func (a *app) line(text string, limit int) string {
	return a.redact.Clean(strings.Join(strings.Fields(text), " "), limit)
}

// complain writes an error to stderr.
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
		if a.code != check.ExitInterrupted { // the terminal may be closed after an interrupt
			return check.ExitDoctor
		}
	}
	return a.code
}

// stoppable reports whether cmd ends itself after a signal, since it may have to print a
// document and leave a room.
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

// home returns the user's home directory, where lk keeps its projects; "" if unknown.
func (a *app) home() string {
	if runtime.GOOS == "windows" {
		return a.getenv("USERPROFILE")
	}
	return a.getenv("HOME")
}

// terminal returns the file of a stream that is a terminal.
func terminal(stream any) (*os.File, bool) {
	if out, is := stream.(*output); is {
		stream = out.File
	}
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// columns returns the width of the terminal that out is, 0 if it is none.
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

// randomNonce returns the part that makes the names of the dev token's identity and room
// unique to this run.
func randomNonce() string {
	b := make([]byte, 4)
	if _, err := rand.Read(b); err != nil {
		return fmt.Sprintf("%08x", time.Now().UnixNano()&0xffffffff)
	}
	return hex.EncodeToString(b)
}

// toolVersion returns the linked version, else the module's, else "dev".
func toolVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return strings.TrimPrefix(info.Main.Version, "v")
	}
	return "0.1.0-dev"
}
