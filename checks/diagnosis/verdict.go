package diagnosis

import (
	"slices"
	"strings"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// PartyName returns a party as part of a sentence.
func PartyName(owner finding.Owner) finding.Text {
	name, known := map[finding.Owner]string{
		finding.OwnerConfig:        "your settings",
		finding.OwnerTicketService: "the ticket service",
		finding.OwnerFrontend:      "the app",
		finding.OwnerLiveKitServer: "the LiveKit server",
		finding.OwnerNetwork:       "the network",
		finding.OwnerClock:         "the clock",
		finding.OwnerAgent:         "the agent",
	}[owner]
	if !known {
		return finding.Textf("%s", string(owner))
	}
	return finding.Textf(name)
}

// RuleName returns the party that usually must act, as catalogue pages name their
// owner. A run may decide otherwise.
func RuleName(owner finding.Owner) finding.Text {
	switch owner {
	case finding.OwnerMaker:
		return finding.Textf("whoever made the token")
	case finding.OwnerNone:
		return finding.Textf("nobody has to act")
	case finding.OwnerUnknown:
		return finding.Textf("the page says how to find out who must act")
	}
	return PartyName(owner)
}

// sentence returns what is wrong: the title of the finding's variant, else that of the
// page, else the finding's message.
func sentence(f finding.Finding) finding.Text {
	page, known := catalogue.Lookup(f.Code)
	if !known {
		return f.Message
	}
	v, _ := page.Variant(f.Variant)
	if v.Title == "" {
		v.Title = page.Title
	}
	return finding.Textf("%s.", finding.Text{Format: v.Title})
}

// place returns the party that must act, and its address or file. A finding of
// join.reach is about LIVEKIT_URL if the settings are wrong.
func (e Evidence) place(l check.Located) finding.Text {
	f := l.Finding
	switch f.Owner {
	case finding.OwnerUnknown:
		return finding.Textf("not known yet: see the next steps")
	case finding.OwnerNone:
		return finding.Text{}
	case finding.OwnerConfig:
		setting, _ := f.Facts["setting"].(string)
		source, _ := f.Facts["source"].(string)
		if setting == "" && l.Check == "join.reach" && e.Values["url_source"] != "" {
			setting, source = "LIVEKIT_URL", e.Values["url_source"]
		}
		switch {
		case setting != "" && source != "":
			return finding.Textf("your settings: %s in %s", setting, SourceText(source))
		case setting != "":
			return finding.Textf("your settings: %s", setting)
		}
	case finding.OwnerClock:
		return finding.Textf("the clock of the machine that is off")
	}
	if at := e.Places[f.Owner]; !at.IsZero() {
		return finding.Textf("%s: %s", PartyName(f.Owner), at)
	}
	return PartyName(f.Owner)
}

// notIt says which parties are cleared and by what evidence.
func (e Evidence) notIt(cleared []finding.Owner) finding.Text {
	if len(cleared) == 0 {
		return finding.Text{}
	}
	parties := names(cleared)
	if e.passed("fallback.join") {
		return finding.Textf("%s (a token made on this machine joined that server in %s)", parties,
			finding.Duration(e.result("fallback.join").Took))
	}
	if e.Server == Yes {
		return finding.Textf("%s (the LiveKit server accepts the token)", parties)
	}
	return parties
}

func names(owners []finding.Owner) finding.Text {
	out := PartyName(owners[0])
	for i, o := range owners[1:] {
		if i == len(owners)-2 {
			return finding.Textf("%s or %s", out, PartyName(o))
		}
		out = finding.Textf("%s, %s", out, PartyName(o))
	}
	return out
}

func whole(d check.Diagnosis) finding.Text {
	var fix, not finding.Text
	if !d.FixIn.IsZero() {
		fix = finding.Textf("Fix it in %s.", d.FixIn)
	}
	if !d.NotIt.IsZero() {
		not = finding.Textf("It is not %s.", d.NotIt)
	}
	return finding.Joined("%s %s", d.Broke, fix, not)
}

// nothing is the diagnosis of a run in which nothing that was requested was checked.
func (e Evidence) nothing() check.Diagnosis {
	d := check.Diagnosis{Owner: finding.OwnerUnknown, Cleared: []finding.Owner{},
		Broke: finding.Textf("Nothing of what was asked for was checked (%s).", e.Nothing)}
	d.Summary = d.Broke
	step := finding.Textf("Give what it needs: a token (--token -), a ticket (--ticket), an app (--frontend URL), " +
		"or LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET.")
	if !slices.ContainsFunc(e.Results, func(r check.Result) bool {
		return r.Status != check.StatusSkip || r.Skip.Reason != check.NotRequested
	}) {
		step = finding.Textf("Everything is left out: take something out of --skip, or name a check in --only.")
	}
	d.NextSteps = []finding.Fix{{Text: step, Command: "lkdoctor --help"}}
	return d
}

// working is the diagnosis of a run without failures: what works, and a warning.
func (e Evidence) working(root check.Located, warned bool) check.Diagnosis {
	d := check.Diagnosis{Owner: finding.OwnerNone, Broke: e.works()}
	d.Summary = d.Broke
	if warned {
		d.Owner = root.Finding.Owner
		d.RootCause = &check.Cause{Check: root.Check, Code: root.Finding.Code}
		d.NextSteps = e.nextSteps(root)
		d.Warning = finding.Textf("One warning: %s", sentence(root.Finding))
		if n := len(check.Locate(e.Results, finding.Warn)); n > 1 {
			d.Warning = finding.Textf("%d warnings, the first: %s", n, sentence(root.Finding))
		}
		d.Summary = finding.Joined("%s %s", d.Broke, d.Warning)
	}
	d.Cleared = e.cleared(d.Owner)
	return d
}

// works says what works, and what was not checked.
func (e Evidence) works() finding.Text {
	if left := e.leftOut(); !left.IsZero() {
		return finding.Textf("Works as far as checked; you skipped: %s.", left)
	}
	switch {
	case e.passed("join.media") && e.passed("join.browser") && e.passed("join.agent"):
		return finding.Textf("Everything works: the token got in, media connects, a browser gets in too, and the agent came.")
	case e.passed("join.media") && e.passed("join.browser"):
		return finding.Textf("Everything works: the token got in, media connects, and a browser gets in too.")
	case e.passed("join.media"):
		return finding.Textf("It works: the token got in, and media connects.")
	case e.passed("fallback.join") && e.Server == Yes:
		return finding.Textf("The LiveKit server accepts the token. It joined nothing; a token made here did, and media connects.")
	case e.passed("fallback.join") && e.passed("token.format"):
		return finding.Textf("The LiveKit server and your keys work: a token made here got in, and media connects. " +
			"Whether the server accepts the token under test is not checked.")
	case e.passed("fallback.join"):
		return finding.Textf("The LiveKit server and your keys work: a token made here got in, and media connects. No ticket was checked.")
	case slices.ContainsFunc(e.result("join.websocket").Findings, func(f finding.Finding) bool { return f.Code == finding.JoinWouldEvict }):
		return finding.Textf("The LiveKit server accepts the token. Nothing was joined, because the token's " +
			"participant is in the room now.")
	case e.Server == Yes:
		return finding.Textf("The LiveKit server accepts the token. Nothing was joined, so the media path is not checked.")
	case e.Minted == Yes:
		return finding.Textf("The LiveKit server accepts your keys. Nothing was joined, so the media path is not checked.")
	}
	return finding.Textf("Nothing failed in what was checked; no room was joined, so the call itself is not checked.")
}

// leftOut names the checks that the user skipped; it is empty if there are none.
func (e Evidence) leftOut() (names finding.Text) {
	for _, r := range e.Results {
		if r.SkippedByHand() {
			names = finding.Joined("%s, %s", names, r.Check.Short)
		}
	}
	return names
}

// cleared returns the parties that this run has shown to be healthy, without owner.
func (e Evidence) cleared(owner finding.Owner) []finding.Owner {
	joined := e.passed("join.media") || e.passed("fallback.join")
	tokenGood := e.passed("token.format") && e.passed("token.claims") && e.passed("token.time") && e.Server == Yes
	handed := e.passed("ticket.consume") || e.passed("ticket.frontend")
	out := []finding.Owner{}
	for _, party := range []struct {
		owner  finding.Owner
		proven bool
	}{
		{finding.OwnerConfig, e.passed("env.livekit") && e.passed("env.files") && !e.failed("env.ticket") &&
			(e.Minted == Yes || e.Local == Yes && e.Server == Yes)},
		{finding.OwnerTicketService, tokenGood && e.Maker == finding.OwnerTicketService},
		// The app passed on the ticket service's response correctly.
		{finding.OwnerFrontend, handed && e.Source == check.SourceFrontend && (tokenGood || e.Maker != finding.OwnerFrontend)},
		{finding.OwnerLiveKitServer, (joined || e.OwnRoomOnly) && !e.failed("join.websocket") && !e.failed("join.browser")},
		{finding.OwnerNetwork, joined},
		{finding.OwnerClock, e.passed("token.time") && e.result("token.time").Outcome.Facts["clocks_compared"] == true},
	} {
		if party.proven && party.owner != owner && !e.blamed(party.owner) && !(party.owner == e.Maker && e.found(mayBeToken)) {
			out = append(out, party.owner)
		}
	}
	return out
}

// mayBeToken reports whether a finding leaves open that the token's content is the cause.
func mayBeToken(l check.Located) bool {
	return l.Finding.Code == finding.RoomJoinRefused && l.Finding.Variant != "full"
}

// blamed reports whether party owns a failure, or a warning about the media path.
func (e Evidence) blamed(party finding.Owner) bool {
	return slices.ContainsFunc(e.Results, func(r check.Result) bool {
		warns := party == finding.OwnerClock || slices.Contains([]string{"join.media", "fallback.join", "join.reach"}, r.Check.ID)
		return slices.ContainsFunc(r.Findings, func(f finding.Finding) bool {
			return f.Owner == party && (f.Severity == finding.Fail || warns && f.Severity == finding.Warn)
		})
	})
}

func (e Evidence) result(id string) check.Result { return check.ResultOf(e.Results, id) }

func (e Evidence) passed(id string) bool {
	status := e.result(id).Status
	return status == check.StatusPass || status == check.StatusWarn
}

func (e Evidence) failed(id string) bool {
	status := e.result(id).Status
	return status == check.StatusFail || status == check.StatusError
}

// nextSteps returns the fixes of the root cause, then workarounds, then the fixes of
// other findings that are not its effects.
func (e Evidence) nextSteps(root check.Located) []finding.Fix {
	steps, own := slices.Clone(root.Finding.Fixes), slices.Clone(root.Finding.Fixes)
	if owner := root.Finding.Owner; owner == finding.OwnerTicketService || owner == finding.OwnerFrontend {
		if e.Minted == Yes && e.passed("fallback.join") {
			around := finding.Textf("Until then, join with a token made here: it works on this server.")
			if e.Source == check.SourceTicket || e.Source == check.SourceFrontend && e.Maker == finding.OwnerTicketService {
				around = finding.Textf("Until then, join without a ticket: a token made here works on this server.")
			}
			steps = append(steps, finding.Fix{Text: around, Command: e.command("--dev-join")})
		}
		steps = append(steps, e.reportStep())
	}
	for _, l := range e.alsoFound(root) {
		if len(l.Finding.Fixes) > 0 {
			fix := l.Finding.Fixes[0]
			if slices.ContainsFunc(own, func(o finding.Fix) bool {
				return o.Command == fix.Command && (o.Command != "" || o.Text.String() == fix.Text.String())
			}) {
				continue // one file, or one name, for several settings
			}
			if slices.ContainsFunc(own, func(o finding.Fix) bool { return slices.Equal(o.Code, fix.Code) }) {
				fix.Code = nil // shown in an earlier step
			}
			own = append(own, fix)
			fix.Text = finding.Textf("%s: %s", string(l.Finding.Code), fix.Text)
			steps = append(steps, fix)
		}
	}
	return append(steps, finding.Fix{
		Text:    finding.Textf("Read why this happens and how to confirm it."),
		Command: "lkdoctor explain " + string(root.Finding.Code),
	})
}

// reportStep is the step that makes a report for the owner. It repeats the run, so a
// consumed ticket must be replaced.
func (e Evidence) reportStep() finding.Fix {
	fix := finding.Fix{Text: finding.Textf("Not your service? Send its maintainer " +
		"a report."), Command: e.command("--report lkdoctor-report.md")}
	switch {
	case e.AgainSecret:
		fix.Text = finding.Textf("Not your service? Send its maintainer a report. Add your --header again: it is not printed here.")
	case e.Source == check.SourceFlag:
		fix.Text = finding.Textf("Not your service? Send its maintainer a report. Put the token into LIVEKIT_TOKEN first.")
	case e.Ticket:
		fix.Text = finding.Textf("Not your service? Send its maintainer a report. Put a fresh ticket into LKDOCTOR_TICKET first.")
	}
	return fix
}

func (e Evidence) command(flags string) string {
	return strings.TrimSpace("lkdoctor " + strings.TrimSpace(e.Again+" "+flags))
}

// alsoFound returns what the root cause does not explain, of the same severity.
func (e Evidence) alsoFound(root check.Located) []check.Located {
	all := check.Locate(e.Results, root.Finding.Severity)
	// A check may find one code for several subjects. What another check finds under the
	// same code is the same fault once more.
	seenBy := map[finding.Code]string{root.Finding.Code: root.Check}
	var out []check.Located
	for _, l := range all {
		if by, seen := seenBy[l.Finding.Code]; seen && by != l.Check || explained(l, all) || l.Finding.Code.IsDoctor() {
			continue
		}
		if l.Check == "signature.server" && l.Finding.Code == finding.ServerTokenRejected {
			continue // the server's refusal for what the token checks found
		}
		seenBy[l.Finding.Code] = l.Check
		out = append(out, l)
	}
	return out
}
