package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/report"
	"lkdoctor/config"
	"lkdoctor/tui"
	"lkdoctor/tui/term"
)

// tui runs the checks on the screen, and prints the plain report after it.
func (e *exam) tui(ctx context.Context) int {
	runs := &reruns{exam: e, skips: make(chan string, 8)}
	deps := e.deps(runs)
	deps.Join = func(in io.Reader, out io.Writer) error { return runs.exam.stays(ctx, in, out) }
	run, err := tui.Run(ctx, deps, e.app.in, e.app.out)
	if err != nil {
		e.app.complain("", err)
		if len(run.Results) == 0 {
			return check.ExitDoctor
		}
	}
	fmt.Fprint(e.app.out, report.Text(run, e.style, e.header()))
	return e.save(run).ExitCode
}

func (e *exam) deps(runs *reruns) tui.Deps {
	source := e.app.line(e.settings.URL.Source.String(), 40)
	if u, err := url.Parse(e.settings.URL.Value); err == nil && u.Host != "" && !probe.Secure(u) && !probe.IsLoopbackHost(u.Hostname()) {
		source = e.style.Say("%s, not encrypted", source)
	}
	return tui.Deps{
		Checks:    checks.Specs(),
		Title:     tui.Header{URL: e.app.redact.URL(e.settings.URL.Value), Source: source},
		Start:     runs.start,
		Page:      e.style.Page,
		Limit:     e.flags.timeout,
		Language:  runs.language,
		Confirm:   runs.confirm,
		Skip:      runs.skip,
		Looked:    runs.looked,
		Listening: listening,
		Watch:     runs.watch,
		Save:      e.saveFromTUI,
		SaveJSON:  e.saveJSON,
		Copy:      e.app.clipboard().putOrFile,
		Open:      e.app.openDocs,
		Links:     takesLinks(e.app.getenv),
		Now:       e.app.now,
		Terminal:  e.terminal(),
	}
}

// stays joins a room with a token made here and shows its screen until the user leaves.
// It returns an error if no such token can be made.
func (e *exam) stays(ctx context.Context, in io.Reader, out io.Writer) error {
	a, own, f := *e.app, *e, &joinFlags{flags: *e.flags}
	f.options, f.jsonOut = e.options, false
	f.options.DevJoin = true
	own.app, own.flags, own.options = &a, &f.flags, f.options
	v := &joinCall{app: &a, flags: f, exam: &own, face: faceTUI, quiet: true}
	a.in, a.out = in, io.Discard // the returned error has the cause
	fmt.Fprintln(out, e.style.Say("Making a token, and joining a room with it."))
	if _, ready := v.prepare(ctx); !ready {
		return errors.New(e.style.Say("%s", v.run.Diagnosis.Summary))
	}
	a.out = out
	v.tui(ctx)
	return nil
}

// backgroundWait is the longest that a terminal may take to report its background.
const backgroundWait = 150 * time.Millisecond

// terminal describes the program's terminal to a screen.
func (e *exam) terminal() term.Terminal {
	renderer, dark := e.app.renderer(tui.ColourMode(e.flags.color))
	return term.Terminal{
		Translate: e.style.Translate, Renderer: renderer, Dark: dark, ASCII: e.style.ASCII, Mouse: !e.flags.noMouse,
	}
}

// renderer returns the renderer for the program's terminal and its colours. dark reports
// whether the background is dark.
func (a *app) renderer(mode tui.ColourMode) (r *lipgloss.Renderer, dark bool) {
	r = lipgloss.NewRenderer(a.out)
	profile := tui.ColourProfile(mode, a.getenv("TERM"), a.getenv("COLORTERM"), a.getenv("NO_COLOR") != "")
	r.SetColorProfile(profile)
	dark = true
	if f, is := terminal(a.in); is && profile != termenv.Ascii {
		dark = a.background(f)
	}
	r.SetHasDarkBackground(dark)
	return r, dark
}

// background asks the terminal whether its background is dark, and waits at most
// backgroundWait. If it does not answer (screen, an old multiplexer), the environment
// may name the colour.
func (a *app) background(tty *os.File) bool {
	if dark, known := tui.Background(tty, backgroundWait); known {
		return dark
	}
	dark, known := tui.BackgroundByName(a.getenv("COLORFGBG"))
	return dark || !known
}

// reruns are the runs of one TUI. Each starts from the settings of the command line, and
// may continue from the results of the run before.
type reruns struct {
	exam  *exam
	last  *checks.Case
	run   check.Run
	skips chan string // IDs of checks, read by the current run
}

// skip ends a check of the current run.
func (r *reruns) skip(id string) {
	select {
	case r.skips <- id:
	default: // the channel is full; the user can press the key again
	}
}

func (r *reruns) start(ctx context.Context, change tui.Change, observe func(check.Event)) check.Run {
	r.choose(change.Server)
	next := *r.exam
	if err := next.apply(change); err != nil {
		run := checks.Broken(r.exam.app.now(), next.app.redact.Hide(err.Error()))
		observe(check.Event{Kind: check.RunEnded, Run: &run})
		return run
	}
	c := next.newCase()
	for len(r.skips) > 0 {
		<-r.skips // of the run before
	}
	c.Skips = r.skips
	if change.Watched && change.Address == "" {
		c.Watch(r.last, r.run.Results)
	} else if change.From != "" && r.last != nil {
		c.Continue(r.last, r.run.Results, change.From)
	}
	r.run = next.once(ctx, c, observe)
	r.last = c
	return r.run
}

// apply reads the settings again, so that edited env files take effect, with what the
// user entered in place of the command line's values.
func (e *exam) apply(change tui.Change) error {
	in := e.inputs
	in.Flags = maps.Clone(in.Flags)
	if change.Token != "" {
		pasted, paste := fromPaste(change.Token)
		in.Flags["token"] = pasted
		e.options.Pasted, e.options.GivenURL = paste.Said, paste.URL
		e.options.TokenFromStdin = true
	}
	if change.Ticket != "" {
		in.Flags["ticket"] = change.Ticket
		delete(in.Flags, "token")
	}
	if change.Address != "" {
		in.Flags = map[string]string{"token": change.Address} // as pasted text with an address and no token
	}
	settings, err := config.Load(in)
	if err != nil {
		return err
	}
	if change.Address != "" {
		e.options = checks.Options{Only: []string{"join.reach"}, GivenURL: change.Address}
		for _, s := range []*config.Setting{&settings.URL, &settings.APIKey, &settings.APISecret, &settings.TicketService,
			&settings.Ticket} {
			*s = config.Setting{Name: s.Name, Flag: s.Flag, Sensitive: s.Sensitive}
		}
	}
	again := change.From == "" || change.From == check.StageEnv || change.From == check.StageTicket
	if change.NoTicket && again && !change.Watched {
		settings.Ticket = config.Setting{Name: settings.Ticket.Name, Flag: settings.Ticket.Flag, Sensitive: true}
	}
	e.settings = settings
	e.learn()
	return nil
}
