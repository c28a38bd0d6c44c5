package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/report"
	"lkdoctor/checks/room"
	"lkdoctor/checks/token"
)

// joinCall is one call of `lkdoctor join`.
type joinCall struct {
	app   *app
	flags *flags
	exam  *exam
	face  face
	quiet bool // the screen of the checks shows why nothing was joined

	asked checks.Options // the options before checks were excluded

	// The results of the checks.
	checked  *checks.Case
	run      check.Run
	url      *url.URL
	token    *token.Token
	minted   bool
	inQuery  bool
	presence bool   // the identity is in the room now
	agent    string // the value of --agent; the stay calls the agent

	// The checks that say why nothing was joined; nil if they did not run.
	whyChecked *checks.Case
	why        check.Run
}

// joinsItself are the checks that do not run before a stay, because they join rooms.
func joinsItself() []string {
	return []string{"join.websocket", "join.media", "join.agent", "join.turn", "join.publish", "join.reconnect", "fallback.join"}
}

// stayTTL is the lifetime of a token made for a stay. The server sends a new one every
// five minutes; until then, a reconnect uses this one.
const stayTTL = token.DefaultTTL

// prepare runs the checks for the token. If they find no usable token, it shows their
// findings.
func (v *joinCall) prepare(ctx context.Context) (code int, ready bool) {
	v.asked = v.exam.options
	v.exam.options.Skip, v.exam.options.SkipWhy = joinsItself(), finding.Textf("not run: lkdoctor join joins a room itself")
	v.agent, v.exam.options.Agent = v.exam.options.Agent, "" // the stay calls the agent
	v.exam.options.TTL = stayTTL
	v.checked = v.exam.newCase()
	v.minted = v.checked.Source() == check.SourceMinted
	if !v.minted {
		v.checked.Options.Skip = append(v.checked.Options.Skip, "fallback.mint")
	}
	observe := func(check.Event) {}
	if v.face == facePlain {
		observe = v.exam.waits().observing(observe)
	}
	v.run = v.exam.once(ctx, v.checked, observe)
	v.askWhyNot(ctx)
	if ctx.Err() != nil {
		_ = v.print(v.ended(finding.Textf("interrupted; nothing was joined"), room.Interrupted))
		return check.ExitInterrupted, false
	}
	got := v.checked.Admission()
	v.token, v.url, v.inQuery = got.Token, got.URL, got.InQuery
	if v.token == nil || v.url == nil {
		v.whyChecked, v.why = v.checked, v.run
		return v.refused(ctx), false
	}
	v.presence = v.present(ctx)
	if v.presence && !v.flags.options.ForceJoin && v.face != faceTUI {
		return v.wouldEvict(), false
	}
	v.announce()
	return 0, true
}

// askWhyNot runs fallback.join, which no other check replaces, when the server refuses a
// token made here. It joins a room only if the server accepts the token after all.
func (v *joinCall) askWhyNot(ctx context.Context) {
	if !v.minted || !v.checked.Admission().Refused || ctx.Err() != nil || len(v.run.Findings(finding.Fail)) > 0 {
		return
	}
	again := *v.exam
	again.options.Skip = slices.DeleteFunc(joinsItself(), func(id string) bool { return id == "fallback.join" })
	c := again.newCase()
	v.run, v.checked = v.continued(ctx, &again, c, check.StageFallback), c
}

// continued runs the checks of c, a case of e, from a stage on, after those for the token.
func (v *joinCall) continued(ctx context.Context, e *exam, c *checks.Case, from check.Stage) check.Run {
	c.Continue(v.checked, v.run.Results, from)
	return e.once(ctx, c, func(check.Event) {})
}

// ended returns the last event of a call that joined no room.
func (v *joinCall) ended(text finding.Text, outcome room.Outcome) room.Event {
	return room.Event{Type: room.Ended, At: v.app.now(), Text: text, End: &room.End{Outcome: outcome}}
}

// present reports whether joining would remove a participant with the same identity. The
// checks have asked the server for a token from elsewhere. For one made here, it asks
// only if the user chose the identity.
func (v *joinCall) present(ctx context.Context) bool {
	if !v.minted {
		return v.checked.Admission().Present
	}
	if v.flags.options.Identity == "" {
		return false
	}
	key, secret := v.keys()
	network := v.exam.newCase().Net
	defer network.Close()
	present, known, _ := network.InRoom(ctx, v.url, key, secret, v.token.Room(), v.token.Identity())
	return known && present
}

// keys returns the key and secret for making tokens, empty if there are none.
func (v *joinCall) keys() (key, secret string) {
	if v.checked.Admission().DefaultKeys {
		return "devkey", "secret"
	}
	s := v.exam.settings
	return s.APIKey.Value, s.APISecret.Secret.Reveal()
}

// refused shows why there is no token to join with, and returns the exit code.
func (v *joinCall) refused(ctx context.Context) int {
	if v.face == faceTUI && !v.quiet {
		v.diagnosis(ctx)
		fmt.Fprintln(v.app.out, v.exam.style.Say("Nothing was joined."))
	} else if v.face == faceJSON {
		e := v.ended(v.run.Diagnosis.Summary, room.NotJoined)
		e.Findings = v.findings(v.run)
		if v.checked.Source() == check.SourceNone {
			e.Text = finding.Textf("there is no token, no ticket, and no key and secret to make a token with")
		}
		_ = v.print(e)
	} else {
		style := v.exam.style
		style.Quiet = true
		fmt.Fprint(v.app.out, report.Text(v.run, style, v.exam.header()))
		fmt.Fprintln(v.app.out, style.Say("Nothing was joined."))
		if key, secret := v.keys(); !v.minted && key != "" && secret != "" && v.reached() {
			fmt.Fprintln(v.app.out, style.Say("Meanwhile: lkdoctor join --dev-join joins with a token made here."))
		}
	}
	if v.run.Summary.Error > 0 {
		return check.ExitDoctor
	}
	return check.ExitFailed
}

// reached reports whether the LiveKit server answered.
func (v *joinCall) reached() bool {
	return slices.ContainsFunc(v.run.Results, func(r check.Result) bool {
		return r.Check.ID == "join.reach" && (r.Status == check.StatusPass || r.Status == check.StatusWarn)
	})
}

// findings returns a run's failures and warnings for the JSON stream.
func (v *joinCall) findings(run check.Run) []room.Finding {
	var list []room.Finding
	for _, severity := range []finding.Severity{finding.Fail, finding.Warn} {
		for _, l := range run.Findings(severity) {
			f := v.located(l)
			if len(l.Finding.Fixes) > 0 {
				f.Fix = v.advice(l.Finding.Fixes[0])
			}
			list = append(list, f)
		}
	}
	return list
}

func (v *joinCall) located(l check.Located) room.Finding {
	return room.Finding{Check: l.Check, Code: l.Finding.Code, Severity: l.Finding.Severity, Message: v.say(l.Finding.Message)}
}

func (v *joinCall) wouldEvict() int {
	identity, name := v.app.redact.Clean(v.token.Identity(), 80), v.app.redact.Clean(v.token.Room(), 80)
	text := finding.Textf("%s is in room %s now; joining would throw that participant out, so nothing was joined (--force-join does)",
		identity, name)
	e := v.ended(text, room.NotJoined)
	e.Room, e.Reason, e.Who = name, string(finding.JoinWouldEvict), &room.Participant{Identity: identity}
	e.Findings = []room.Finding{{Check: "join.websocket", Code: finding.JoinWouldEvict, Severity: finding.Warn, Message: text.String()}}
	_ = v.print(e)
	return check.ExitFailed
}

// announce prints, before the join, the server, the identity and the token's source.
func (v *joinCall) announce() {
	if v.face == faceTUI {
		return
	}
	spent := v.checked.TicketSpent()
	identity, name := v.app.redact.Clean(v.token.Identity(), 120), v.app.redact.Clean(v.token.Room(), 120)
	text := finding.Textf("a token for %s in room %s, from %s", identity, name, v.origin())
	_ = v.print(room.Event{Type: room.Prepared, At: v.app.now(), Text: text, URL: v.app.redact.URL(v.url.String()), Room: name,
		Who: &room.Participant{Identity: identity}, TokenSource: string(v.checked.Source()), TicketSpent: &spent,
		Findings: v.about()})
}

// about returns the findings about a token that works: for example, that it calls an
// agent, or expires soon.
func (v *joinCall) about() []room.Finding {
	var list []room.Finding
	for _, severity := range []finding.Severity{finding.Warn, finding.Info} {
		for _, l := range v.run.Findings(severity) {
			if strings.HasPrefix(l.Check, "token.") {
				list = append(list, v.located(l))
			}
		}
	}
	return list
}

// origin says where the token is from, and whether a ticket was consumed.
func (v *joinCall) origin() finding.Text {
	spent := v.checked.TicketSpent()
	switch v.checked.Source() {
	case check.SourceTicket:
		return finding.Textf("the ticket service (the ticket is spent now)")
	case check.SourceEndpoint:
		return finding.Textf("the token endpoint")
	case check.SourceFrontend:
		if spent {
			return finding.Textf("the front end (the ticket is spent now)")
		}
		return finding.Textf("the front end")
	case check.SourceMinted:
		return finding.Textf("the key and secret here (made for this stay)")
	}
	return finding.Textf("the settings (LIVEKIT_TOKEN or --token)")
}

// guestTTL is the lifetime of the token for the browser.
const guestTTL = time.Hour

// guest returns the token to hand out and its identity. own reports that it is a new
// token with another identity, which needs a key and secret here. With the same
// identity, LiveKit would disconnect the stay.
func (v *joinCall) guest() (raw, identity string, own bool) {
	key, secret := v.keys()
	if !v.minted || key == "" || secret == "" {
		return v.token.Reveal(), v.token.Identity(), false
	}
	identity = v.token.Identity() + "-guest"
	raw, err := token.Mint(token.MintOptions{Key: key, Secret: secret, Room: v.token.Room(), Identity: identity, Now: v.app.now(),
		TTL: guestTTL})
	if err != nil {
		return v.token.Reveal(), v.token.Identity(), false
	}
	return raw, identity, true
}
