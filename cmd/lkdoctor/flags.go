package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lkdoctor/checks"
	"lkdoctor/checks/answer"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

// flags are the flags of a command, save those of `lkdoctor token create`.
type flags struct {
	set *pflag.FlagSet

	in config.Inputs // without those of the surroundings

	jsonOut, plain, noMouse       bool
	quiet, verbose                bool
	report, color, lang           string
	metrics, metricsTarget, junit string
	strict                        bool
	timeout                       time.Duration
	options                       checks.Options

	// headers are the values of --header as given, for options.Headers.
	headers []string

	// Of `lkdoctor join`.
	stay    time.Duration
	publish []string
	open    bool

	// pastedURL is the server's address that stdin held in addition to a token.
	pastedURL string
}

// settingFlags are the flags that config reads by name.
func settingFlags() []string {
	return []string{"url", "api-key", "api-secret", "token", "ticket-service", "ticket"}
}

// Flags that several commands share, by name.
const (
	settingNames = "url api-key api-secret token dir mode project dev"
	sourceNames  = "ticket-service ticket ticket-path display-name frontend token-endpoint header agent room identity dev-join force-join"
	lookNames    = "color lang"
)

// add adds flags to a command, those of the given names.
func (f *flags) add(cmd *cobra.Command, names ...string) {
	all := f.all()
	for name := range strings.FieldsSeq(strings.Join(names, " ")) {
		cmd.Flags().AddFlag(all.Lookup(name))
	}
	f.set = cmd.Flags()
}

// describe changes the texts of flags whose meaning differs in cmd.
func describe(cmd *cobra.Command, texts map[string]string) {
	for name, text := range texts {
		cmd.Flags().Lookup(name).Usage = text
	}
}

// all returns the flags of all commands.
func (f *flags) all() *pflag.FlagSet {
	set, o := pflag.NewFlagSet("", pflag.ContinueOnError), &f.options
	set.String("url", "", helpText("LiveKit server `URL` (LIVEKIT_URL)"))
	set.String("api-key", "", helpText("API `key` (LIVEKIT_API_KEY)"))
	set.String("api-secret", "", helpText("API `secret` (LIVEKIT_API_SECRET); other users can see it here, prefer the environment"))
	set.String("token", "", helpText("check this `token`, fetch none; - reads it from stdin (LIVEKIT_TOKEN)"))
	set.StringVar(&f.in.Dir, "dir", "", helpText("`folder` of the .env files (default: the working directory)"))
	set.StringVar(&f.in.Mode, "mode", "", helpText("Next.js `mode` that picks the .env files: development, production, test"))
	set.StringVar(&f.in.Project, "project", "", helpText("use this `project` of LiveKit's lk"))
	set.BoolVar(&f.in.Dev, "dev", false, helpText("a local livekit-server --dev: ws://localhost:7880, devkey, secret"))

	set.String("ticket-service", "", helpText("ticket service's base `URL` (USER_MGMT_BASE_URL)"))
	set.String("ticket", "", helpText("`ticket` to trade for a token; it is spent by that (LKDOCTOR_TICKET)"))
	set.StringVar(&o.TicketPath, "ticket-path", checks.DefaultTicketPath, helpText("`path` at which the service consumes a ticket"))
	set.StringVar(&o.DisplayName, "display-name", "", helpText("`name` to send along with the ticket"))
	set.StringVar(&o.Frontend, "frontend", "", helpText("base `URL` of the app, to ask its /api/connection-details"))
	set.StringVar(&o.TokenEndpoint, "token-endpoint", "",
		helpText("`URL` of a standard LiveKit token endpoint, instead of a ticket service"))
	set.StringArrayVarP(&f.headers, "header", "H", nil,
		helpText("send this '`Name: value`' to --frontend and --token-endpoint; @FILE reads some, hidden from other users"))
	set.StringVar(&o.Agent, "agent", "",
		helpText("call the agent of this `name` into a room of lkdoctor's own, see it come, and take the call back; "+
			"an agent may cost money"))
	set.StringVarP(&o.Room, "room", "r", "", helpText("`room` for the dev token"))
	set.StringVarP(&o.Identity, "identity", "i", "", helpText("`identity` for the dev token"))
	set.BoolVar(&o.DevJoin, "dev-join", false, helpText("only make a dev token and join with it"))
	set.BoolVar(&o.ForceJoin, "force-join", false, helpText("join although that throws out a participant of the same identity"))

	set.BoolVar(&f.jsonOut, "json", false, helpText("one JSON document on stdout"))
	set.BoolVar(&f.plain, "plain", false, helpText("plain text, even on a terminal (ACCESSIBLE)"))
	set.BoolVar(&f.noMouse, "no-mouse", false, helpText("leave the mouse to the terminal: select text without holding shift"))
	set.StringVar(&f.report, "report", "", helpText("write a report for the maintainer of the part at fault to `FILE`"))
	set.StringVar(&f.metrics, "metrics", "",
		helpText("write the run to `FILE` as Prometheus text, for node_exporter's textfile collector (NAME.prom)"))
	set.StringVar(&f.metricsTarget, "metrics-target", "",
		helpText("the metrics' label target (default: the origin of LIVEKIT_URL); two files that one node_exporter reads need two `names`"))
	set.StringVar(&f.junit, "junit", "", helpText("write the run to `FILE` as JUnit XML, for CI"))
	set.BoolVarP(&f.quiet, "quiet", "q", false, helpText("only what is wrong, and the diagnosis"))
	set.BoolVarP(&f.verbose, "verbose", "v", false, helpText("every check with its facts"))
	set.BoolVar(&f.in.CompareSecrets, "compare-secrets", false,
		helpText("show length and fingerprint of each secret, for two people with the same API key to compare "+
			"(half a second and 64 MiB each)"))
	set.StringVar(&f.color, "color", "auto", helpText("`when` to colour: auto, always or never (NO_COLOR)"))
	set.StringVar(&f.lang, "lang", "auto", helpText("`language`: auto, en or zh (LC_ALL, LC_MESSAGES, LANG)"))

	set.StringSliceVar(&o.Only, "only", nil, helpText("run only these `checks` or stages, and what they need"))
	set.StringSliceVar(&o.Skip, "skip", nil, helpText("leave out these `checks` or stages"))
	set.BoolVar(&o.NoJoin, "no-join", false, helpText("join no room"))
	set.BoolVar(&o.Media, "media", false, helpText("also check TURN servers, publishing and reconnecting"))
	set.BoolVar(&f.strict, "strict", false, helpText("warnings fail the exit code too"))
	set.DurationVar(&f.timeout, "timeout", 60*time.Second, helpText("`time` for the whole run"))

	set.DurationVar(&f.stay, "for", 0, helpText("leave when this `time` in the room is over, with exit code 0"))
	set.StringSliceVar(&f.publish, "publish", nil, helpText("publish this at once: `tone`, pattern"))
	set.BoolVar(&f.open, "open", false, helpText("open LiveKit Meet in the browser, in the same room; its address holds a token"))
	return set
}

// readHead reads the first megabyte of a file.
func readHead(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, 1<<20))
}

// validate returns an error for flags and arguments that exclude each other or have no
// meaning.
func (f *flags) validate(args []string) error {
	switch {
	case len(args) > 0:
		return fmt.Errorf("unknown command %q", args[0])
	case f.color != "auto" && f.color != "always" && f.color != "never":
		return fmt.Errorf("--color %q is none of auto, always, never", f.color)
	case f.lang != "auto" && f.lang != "en" && f.lang != "zh":
		return fmt.Errorf("--lang %q is none of auto, en, zh", f.lang)
	case f.timeout <= 0:
		return fmt.Errorf("--timeout must be more than nothing")
	case f.jsonOut && f.plain:
		return fmt.Errorf("--json and --plain exclude each other")
	case f.options.NoJoin && f.options.Agent != "":
		return fmt.Errorf("--no-join and --agent exclude each other")
	case f.options.NoJoin && f.options.DevJoin:
		return fmt.Errorf("--no-join and --dev-join exclude each other")
	case !strings.Contains(f.options.TicketPath, "{ticket}"):
		return fmt.Errorf("--ticket-path needs {ticket} in it")
	case len(f.headers) > 0 && f.options.Frontend == "" && f.options.TokenEndpoint == "":
		return errors.New("--header is for --frontend and --token-endpoint, and neither is given")
	}
	return f.options.Selection().Validate(checks.Specs())
}

// again returns the arguments for the same run once more: the flags that were given,
// without secrets and without those of the output.
func (f *flags) again() string {
	var out []string
	for _, name := range []string{"dir", "mode", "project", "dev", "url", "ticket-service", "ticket-path", "display-name",
		"frontend", "token-endpoint", "agent", "room", "identity"} {
		flag := f.set.Lookup(name)
		if flag == nil || !flag.Changed {
			continue
		}
		value := flag.Value.String()
		switch {
		case flag.Value.Type() == "bool":
			out = append(out, "--"+name)
		case strings.Contains(value, "@") && strings.Contains(value, "://"):
			// An address may hold a password; the environment does not.
		default:
			out = append(out, "--"+name, shellQuoted(clean.Line(value, 300)))
		}
	}
	for _, header := range f.headers {
		if strings.HasPrefix(header, "@") {
			out = append(out, "--header", shellQuoted(clean.Line(header, 300)))
		}
	}
	return strings.Join(out, " ")
}

// shellQuoted quotes a word for a POSIX shell.
func shellQuoted(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:/@%+=-") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// inputs collects the sources of the settings, and reads --header. Of a pasted stdin, it
// takes the token.
func (f *flags) inputs(a *app) (_ config.Inputs, err error) {
	if f.options.Headers, err = config.ParseHeaders(f.headers, readHead); err != nil {
		return config.Inputs{}, err
	}
	given := map[string]string{}
	for _, name := range settingFlags() {
		if flag := f.set.Lookup(name); flag != nil && flag.Changed {
			given[name] = flag.Value.String()
		}
	}
	if raw, is := given["token"]; is {
		pasted, err := f.pasted(a, raw)
		if err != nil {
			return config.Inputs{}, err
		}
		given["token"] = pasted
	}
	in := f.in
	in.Flags, in.Environ, in.Dir, in.Home = given, a.environ, cmp.Or(in.Dir, a.dir), a.home()
	return in, nil
}

// maxPaste is the most bytes read from stdin. It exceeds every valid token or answer.
const maxPaste = 2 << 20

// pasted returns the token to check: the value, or stdin for "-". It extracts the token
// from a pasted URL, header or JSON answer.
func (f *flags) pasted(a *app, raw string) (string, error) {
	if raw != "-" {
		return raw, nil
	}
	f.options.TokenFromStdin = true
	text, err := io.ReadAll(io.LimitReader(a.in, maxPaste))
	if err != nil {
		return "", fmt.Errorf("read the token from stdin: %w", err)
	}
	token, paste := fromPaste(string(text))
	f.pastedURL, f.options.Pasted = paste.URL, paste.Said
	return token, nil
}

// fromPaste extracts the token from pasted text. Without one, the text itself is the
// token to check.
func fromPaste(text string) (string, answer.Paste) {
	paste := answer.Pasted(text)
	if paste.Token.Empty() {
		return strings.TrimSpace(text), answer.Paste{}
	}
	return paste.Token.Reveal(), paste
}
