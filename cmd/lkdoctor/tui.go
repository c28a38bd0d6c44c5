package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/report"
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
		Open:      e.app.open,
		Links:     takesLinks(e.app.getenv),
		Now:       e.app.now,
		Terminal:  e.terminal(),
	}
}

// stays joins a room with a token made here and shows its screen until the user leaves.
// It returns an error if no such token can be made.
func (e *exam) stays(ctx context.Context, in io.Reader, out io.Writer) error {
	a, own, f := *e.app, *e, *e.flags
	f.options, f.jsonOut = e.options, false
	f.options.DevJoin = true
	own.app, own.flags, own.options = &a, &f, f.options
	v := &joinCall{app: &a, flags: &f, exam: &own, face: faceTUI, quiet: true}
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
