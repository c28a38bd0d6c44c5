package main

import (
	"context"
	"fmt"
	"slices"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/room"
	"lkdoctor/checks/room/stay"
	"lkdoctor/config/clean"
	"lkdoctor/tui"
	live "lkdoctor/tui/room"
)

// tui shows the stay as a screen, and leaves a few lines of it behind.
func (v *visit) tui(ctx context.Context) int {
	o, network := v.options()
	defer network.Close()
	result, err := live.Run(ctx, v.screen(o), v.app.in, v.app.out)
	if err != nil {
		v.warn("%s", clean.Line(clean.Redact(err.Error()), 300))
	}
	v.summary(result)
	switch {
	case err != nil:
		return check.ExitDoctor
	case result.Last.End == nil && result.Interrupted:
		return check.ExitInterrupted
	case result.Last.End == nil: // joining was declined, or never got an answer
		return check.ExitFailed
	case result.Interrupted && (result.Last.End.Outcome == room.Left || result.Last.End.Outcome == room.Interrupted):
		return check.ExitInterrupted
	}
	return exitOf(result.Last.End)
}

func (v *visit) screen(o stay.Options) live.Deps {
	renderer, dark := v.app.renderer(tui.ColourMode(v.flags.color))
	notice := ""
	if about := v.about(); len(about) > 0 {
		notice = about[0].Message
	}
	return live.Deps{
		Notice: notice,
		URL:    clean.URL(v.url.String()), Room: clean.Line(v.token.Room(), 80), Identity: clean.Line(v.token.Identity(), 80),
		Evicts:  v.presence && !v.flags.options.ForceJoin,
		Start:   func(ctx context.Context) live.Stay { return stay.Open(ctx, o) },
		Publish: v.flags.clips(),
		Token: func() (string, string, bool) {
			raw, identity, other := v.guest()
			return raw, clean.Line(identity, 80), other
		},
		Link: v.link, LinkNote: v.linkNote(), OpenLink: openBrowser, Copy: v.exam.copy, Explain: v.explained, Now: v.app.now,
		Translate: v.translate(), Renderer: renderer, Dark: dark, ASCII: v.exam.style.ASCII,
	}
}

// linkNote warns of a link that a browser will not follow through.
func (v *visit) linkNote() finding.Text {
	if probe.Secure(v.url) || probe.IsLoopbackHost(v.url.Hostname()) {
		return finding.Text{}
	}
	return finding.Textf("A browser on an https page connects to wss:// only, and this server's address is not.")
}

// summary is what stays in the terminal's scrollback.
func (v *visit) summary(r live.Result) {
	say := v.exam.style.Say
	out := v.app.out
	fmt.Fprintln(out, say("%s in room %s at %s, with a token from %s", clean.Line(v.token.Identity(), 80), clean.Line(v.token.Room(), 80),
		clean.URL(v.url.String()), v.origin()))
	if r.Last.End == nil {
		fmt.Fprintln(out, say("Nothing was joined."))
		return
	}
	_ = v.print(r.Last)
	if r.Path != nil {
		fmt.Fprintln(out, say("Media went over %s: %s (%s) to %s (%s)", r.Path.Kind, r.Path.Local, r.Path.LocalType, r.Path.Remote, r.Path.RemoteType))
	}
	if n := len(r.RTTs); n > 0 {
		sorted := slices.Sorted(slices.Values(r.RTTs))
		fmt.Fprintln(out, say("Round trip of the last %d checks: %.1f ms at best, %.1f ms in the middle, %.1f ms at worst", n, sorted[0], sorted[n/2], sorted[n-1]))
	}
}
