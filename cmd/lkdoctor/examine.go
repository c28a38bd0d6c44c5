package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/net/http/httpproxy"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/report"
	"lkdoctor/config"
)

// examine runs the checks, shows them in the face for the surroundings, and returns the
// exit code.
func (a *app) examine(parent context.Context, f *flags) int {
	ctx, stop := a.untilStopped(parent)
	defer stop()
	limited, cancel := f.limited(ctx)
	defer cancel()
	e, err := a.ready(limited, f)
	if err != nil {
		return a.notBegun(f, err)
	}
	e.warnInClear()
	switch a.face(f) {
	case faceJSON:
		return e.json(limited)
	case facePlain:
		return e.plain(limited)
	}
	return e.tui(ctx)
}

// untilStopped returns a context that ends at a stop signal. A closed pipe on stdout
// does not end the program, which may have to leave a room.
func (a *app) untilStopped(parent context.Context) (context.Context, context.CancelFunc) {
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(parent)
	go func() {
		select {
		case <-a.stops:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// limited returns ctx with the time limit of --timeout.
func (f *flags) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, f.timeout, check.ErrTimeout)
}

// errInterrupted is returned by a call that was interrupted before its checks began.
var errInterrupted = errors.New("interrupted before anything was checked")

// ready reads the settings, stdin and the file of --header, as needed. The end of ctx
// ends the wait for them.
func (a *app) ready(ctx context.Context, f *flags) (*exam, error) {
	if err := enoughFiles(); err != nil {
		return nil, err
	}
	var e *exam
	var err error
	read := make(chan struct{})
	go func() {
		defer close(read)
		var inputs config.Inputs
		if inputs, err = f.inputs(a); err == nil {
			e, err = a.newExam(f, inputs)
		}
	}()
	select {
	case <-read:
		return e, err
	case <-ctx.Done():
		if cause := context.Cause(ctx); errors.Is(cause, check.ErrTimeout) {
			return nil, fmt.Errorf("the input, stdin or the file of a header, did not end within %s: %w", f.timeout, cause)
		}
		return nil, errInterrupted
	}
}

// notBegun ends a call whose checks could not begin or were interrupted before. It
// returns the exit code.
func (a *app) notBegun(f *flags, err error) int {
	a.complain("", err)
	if f.jsonOut {
		a.notBegunDocument(err)
	}
	_ = a.saveForMachines(f, a.notBegunRun(err), "") // the error is on stderr, and the exit code is that of a failure
	if errors.Is(err, errInterrupted) {
		return check.ExitInterrupted
	}
	return check.ExitDoctor
}

// notBegunDocument prints the JSON document of a run that could not begin, so that
// stdout always has one.
func (a *app) notBegunDocument(err error) {
	// If stdout cannot be written to, the exit code still reports the failure.
	_ = report.JSON(a.out, report.NewDocument(a.notBegunRun(err), toolVersion(), report.Style{}))
}

// notBegunRun returns the run that err kept from beginning.
func (a *app) notBegunRun(err error) check.Run {
	switch {
	case errors.Is(err, errInterrupted):
		return checks.Interrupted(a.now())
	case errors.Is(err, check.ErrTimeout):
		return checks.Late(a.now(), err.Error())
	}
	return checks.Broken(a.now(), a.line(err.Error(), 300))
}

// newExam returns an exam with the settings read.
func (a *app) newExam(f *flags, inputs config.Inputs) (*exam, error) {
	settings, err := config.Load(inputs)
	if err != nil {
		return nil, err
	}
	options := f.options
	options.Again, options.GivenURL = f.again(), f.pastedURL
	options.AgainSecret = slices.ContainsFunc(f.headers, func(h string) bool { return !strings.HasPrefix(h, "@") })
	if settings.URL.Source.Kind == config.Flag || inputs.Dev || inputs.Project != "" {
		options.GivenURL = "" // the command line names the server
	}
	e := &exam{app: a, flags: f, inputs: inputs, settings: settings, options: options, style: a.style(f)}
	e.learn()
	return e, nil
}

// exam is one call of the checks, with what every face needs.
type exam struct {
	app      *app
	flags    *flags
	inputs   config.Inputs
	settings *config.Settings
	options  checks.Options
	style    report.Style
}

// learn adds the secrets of the current settings and options to redact.
func (e *exam) learn() { e.app.redact.Learn(checks.Secrets(e.settings, e.options)...) }

// warnInClear says on stderr what is going to be sent without encryption.
func (e *exam) warnInClear() {
	for _, text := range checks.InClear(e.settings, e.options) {
		e.app.complain("", errors.New(e.style.Say("%s", text)))
	}
}

// newCase returns a new checks.Case with new connections.
func (e *exam) newCase() *checks.Case {
	s := e.settings
	return &checks.Case{
		Settings: s,
		Options:  e.options,
		Now:      e.app.now,
		Nonce:    e.app.nonce(),
		Net: &probe.Net{Proxy: e.proxy(), UserAgent: "lkdoctor/" + toolVersion(), Now: e.app.now, Limits: e.app.limits,
			Redact: e.app.redact},
		Redact: e.app.redact,
	}
}

// proxy returns the proxy function for HTTP_PROXY, HTTPS_PROXY and NO_PROXY, read as Go,
// Node and Python do.
func (e *exam) proxy() func(*url.URL) (*url.URL, error) {
	either := func(upper, lower string) string {
		if v := e.app.getenv(upper); v != "" {
			return v
		}
		return e.app.getenv(lower)
	}
	c := httpproxy.Config{
		HTTPProxy: either("HTTP_PROXY", "http_proxy"), HTTPSProxy: either("HTTPS_PROXY", "https_proxy"),
		NoProxy: either("NO_PROXY", "no_proxy"), CGI: e.app.getenv("REQUEST_METHOD") != "",
	}
	return c.ProxyFunc()
}

// once runs the checks one time, within --timeout.
func (e *exam) once(ctx context.Context, c *checks.Case, observe func(check.Event)) check.Run {
	ctx, cancel := e.flags.limited(ctx)
	defer cancel()
	return checks.Do(ctx, c, e.flags.strict, observe)
}

func (e *exam) json(ctx context.Context) int {
	run := e.save(e.once(ctx, e.newCase(), func(check.Event) {}))
	if err := report.JSON(e.app.out, report.NewDocument(run, toolVersion(), e.style)); err != nil {
		return check.ExitDoctor
	}
	return run.ExitCode
}

func (e *exam) plain(ctx context.Context) int {
	p := report.NewPlain(e.app.out, e.style, e.header(), checks.Specs())
	observe := p.Observe
	if !e.flags.quiet {
		observe = e.waits().observing(observe)
	}
	run := e.save(e.once(ctx, e.newCase(), observe))
	if p.Err != nil {
		return check.ExitDoctor
	}
	return run.ExitCode
}

// header returns the server's address and its source.
func (e *exam) header() string {
	if e.settings.URL.Secret.Empty() {
		for _, given := range [][2]string{{e.options.Frontend, "--frontend"}, {e.options.TokenEndpoint, "--token-endpoint"},
			{e.options.GivenURL, "--token"}} {
			if given[0] != "" {
				return e.app.redact.URL(given[0]) + "  " + given[1]
			}
		}
		return e.style.Say("no LIVEKIT_URL")
	}
	return e.app.redact.URL(e.settings.URL.Value) + "  " + e.app.line(e.settings.URL.Source.String(), 60)
}
