package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/report"
	"lkdoctor/checks/room"
	"lkdoctor/checks/room/stay"
	"lkdoctor/checks/wrap"
	"lkdoctor/tui"
	roomui "lkdoctor/tui/room"
)

// tui shows the stay as a screen, prints a summary after it, and returns the exit code.
func (v *joinCall) tui(ctx context.Context) int {
	o, network := v.options()
	defer network.Close()
	result, err := roomui.Run(ctx, v.screen(o), v.app.in, v.app.out)
	if err != nil {
		v.app.complain("", err)
	}
	v.summary(result)
	switch {
	case err != nil:
		return check.ExitDoctor
	case result.Last.End == nil && result.Interrupted:
		return check.ExitInterrupted
	case result.Last.End == nil: // the user declined to join, or did not answer
		return check.ExitFailed
	case result.Interrupted && (result.Last.End.Outcome == room.Left || result.Last.End.Outcome == room.Interrupted):
		return check.ExitInterrupted
	case result.Last.End.Outcome == room.NotJoined && v.whyChecked != nil:
		v.diagnosis(ctx)
	}
	return exitOf(result.Last.End)
}

// diagnosis shows why nothing was joined on the screen of the checks, and prints the
// report after it.
func (v *joinCall) diagnosis(ctx context.Context) {
	doctor, run := *v.exam, v.why
	doctor.options = v.asked
	runs := &reruns{exam: &doctor, skips: make(chan string, 8), last: v.whyChecked, run: run}
	deps, shown := doctor.deps(runs), false
	deps.Start = func(ctx context.Context, change tui.Change, observe func(check.Event)) check.Run {
		if !shown {
			shown = true
			return run
		}
		return runs.start(ctx, change, observe)
	}
	deps.Join = func(in io.Reader, out io.Writer) error { return doctor.stays(ctx, in, out) }
	last, err := tui.Run(ctx, deps, v.app.in, v.app.out)
	if err != nil {
		v.app.complain("", err)
		last = run
	}
	style := v.exam.style
	style.Quiet = true
	fmt.Fprint(v.app.out, report.Text(last, style, v.exam.header()))
}

func (v *joinCall) screen(o stay.Options) roomui.Deps {
	notice, again := "", false
	if about := v.about(); len(about) > 0 {
		notice = about[0].Message
	}
	return roomui.Deps{
		Notice: notice,
		URL:    v.app.redact.URL(v.url.String()), Room: v.app.redact.Clean(v.token.Room(), 80),
		Identity: v.app.redact.Clean(v.token.Identity(), 80),
		Evicts:   v.presence && !v.flags.options.ForceJoin,
		Start: func(ctx context.Context, publish []room.Sending) roomui.Stay {
			if again && v.minted { // the first token may have expired meanwhile
				if fresh, err := v.checked.MintAgain(); err == nil {
					o.Token = fresh.Reveal()
				}
			}
			o.Publish, again = publish, true
			return stay.Open(ctx, o)
		},
		Publish: v.flags.clips(),
		Token: func() (string, string, bool) {
			raw, identity, other := v.guest()
			return raw, v.app.redact.Clean(identity, 80), other
		},
		Link: v.link, LinkNote: v.linkNote(), PhoneNote: v.phoneNote(), Copy: v.app.clipboard().put,
		OpenLink: func(address string) error { _, err := v.app.open(address); return err },
		Explain:  v.explained, Diagnosis: true, Now: v.app.now,
		Terminal: v.exam.terminal(),
	}
}

// linkNote warns of a link that does not work in a browser.
func (v *joinCall) linkNote() finding.Text {
	if probe.Secure(v.url) || probe.IsLoopbackHost(v.url.Hostname()) {
		return finding.Text{}
	}
	return finding.Textf("A browser on an https page connects only with TLS (wss://), which this server's address does not use.")
}

// phoneNote warns of a link that does not work on another device.
func (v *joinCall) phoneNote() finding.Text {
	if !probe.IsLoopbackHost(v.url.Hostname()) {
		return v.linkNote()
	}
	return finding.Textf("A phone cannot reach the server: %s is this machine's own address.", v.app.redact.Clean(v.url.Hostname(), 80))
}

// summary prints the lines that stay in the terminal's scrollback.
func (v *joinCall) summary(r roomui.Result) {
	say := func(format string, args ...any) {
		for _, line := range wrap.Lines(v.exam.style.Say(format, args...), cmp.Or(v.app.columns(), 100)) {
			fmt.Fprintln(v.app.out, line)
		}
	}
	say("%s in room %s at %s, with a token from %s", v.app.redact.Clean(v.token.Identity(), 80), v.app.redact.Clean(v.token.Room(), 80),
		v.app.redact.URL(v.url.String()), v.origin())
	if r.Last.End == nil {
		say("Nothing was joined.")
		return
	}
	say("%s  %s", r.Last.At.Format("15:04:05"), r.Last.Text)
	if r.Last.Advice != "" && r.Last.End.Outcome != room.NotJoined {
		say("Next: %s", r.Last.Advice)
	}
	if r.Path != nil {
		say("Media went over %s: %s (%s) to %s (%s)", r.Path.Kind, r.Path.Local, r.Path.LocalType, r.Path.Remote, r.Path.RemoteType)
	}
	if n := len(r.RTTs); n > 0 {
		sorted := slices.Sorted(slices.Values(r.RTTs))
		say("Round trip of the last %d checks: lowest %.1f ms, median %.1f ms, highest %.1f ms", n, sorted[0], sorted[n/2], sorted[n-1])
	}
}
