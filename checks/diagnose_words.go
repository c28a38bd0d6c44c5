package checks

import (
	"slices"
	"strings"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/finding"
)

// OwnerName is the owner as a sentence's subject.
func OwnerName(owner Owner) Text {
	switch owner {
	case finding.OwnerConfig:
		return finding.Textf("Your settings")
	case finding.OwnerTicketService:
		return finding.Textf("The ticket service")
	case finding.OwnerFrontend:
		return finding.Textf("The front end")
	case finding.OwnerLiveKitServer:
		return finding.Textf("The LiveKit server")
	case finding.OwnerNetwork:
		return finding.Textf("The network")
	case finding.OwnerClock:
		return finding.Textf("A clock")
	}
	return finding.Textf("Somebody")
}

// MustAct is the sentence that names who must act.
func MustAct(owner Owner) Text {
	switch owner {
	case finding.OwnerConfig:
		return finding.Textf("Your settings must change.")
	case finding.OwnerNetwork:
		return finding.Textf("The network between here and there must change.")
	case finding.OwnerClock:
		return finding.Textf("A clock must be set.")
	case finding.OwnerNone:
		return finding.Textf("Nobody has to act.")
	case finding.OwnerUnknown:
		return finding.Textf("Who must act is not known yet.")
	}
	return finding.Textf("%s must act.", OwnerName(owner))
}

// ClearedName is the owner as part of a list of what is cleared.
func ClearedName(owner Owner) Text {
	switch owner {
	case finding.OwnerConfig:
		return finding.Textf("your settings")
	case finding.OwnerTicketService:
		return finding.Textf("the ticket service")
	case finding.OwnerFrontend:
		return finding.Textf("the front end")
	case finding.OwnerLiveKitServer:
		return finding.Textf("the LiveKit server")
	case finding.OwnerNetwork:
		return finding.Textf("the network")
	case finding.OwnerClock:
		return finding.Textf("the clocks")
	}
	return finding.Textf("%s", string(owner))
}

// summary is one sentence on who must act and why, with what works all the
// same where that was seen.
func (e Evidence) summary(owner Owner, f Finding) Text {
	page, _ := catalogue.Lookup(f.Code)
	title := finding.Textf(page.Title)
	switch gotIn := e.Minted == Yes && e.joined("fallback.join"); {
	case gotIn && owner == finding.OwnerLiveKitServer:
		return finding.Textf("%s %s; your keys work, and a token made here got in.", MustAct(owner), title)
	case gotIn && owner != finding.OwnerConfig && owner != finding.OwnerNetwork:
		return finding.Textf("%s %s; the LiveKit server and your keys work.", MustAct(owner), title)
	}
	return finding.Textf("%s %s.", MustAct(owner), title)
}

// healthy is the diagnosis of a run without failures and warnings.
func (e Evidence) healthy() Diagnosis {
	d := Diagnosis{Owner: finding.OwnerNone, Cleared: e.cleared(finding.OwnerNone)}
	switch {
	case e.joined("join.media"):
		d.Summary = finding.Textf("Everything works: the token got in, and media connects.")
	case e.joined("fallback.join"):
		d.Summary = finding.Textf("The LiveKit server and your keys work: a token made here got in, and media connects. No ticket was checked.")
	case e.Server == Yes:
		d.Summary = finding.Textf("The LiveKit server accepts the token. Nothing was joined, so the media path is not checked.")
	case e.Minted == Yes:
		d.Summary = finding.Textf("The LiveKit server accepts your keys. Nothing was joined, so the media path is not checked.")
	default:
		d.Summary = finding.Textf("Nothing failed in what was checked; no room was joined, so the call itself is not checked.")
	}
	return d
}

// cleared lists the parties that this run has seen to be healthy, never the
// owner and never one with a failure of its own.
func (e Evidence) cleared(owner Owner) []Owner {
	joined := e.joined("join.media") || e.joined("fallback.join")
	tokenGood := e.passed("token.format") && e.passed("token.claims") && e.passed("token.time") && e.Server == Yes
	proof := map[Owner]bool{
		finding.OwnerConfig: e.passed("env.livekit") && e.passed("env.files") && !e.failed("env.ticket") &&
			(e.Minted == Yes || e.Local == Yes && e.Server == Yes),
		finding.OwnerTicketService: tokenGood && (e.Source == SourceTicket || e.Source == SourceEndpoint),
		finding.OwnerFrontend:      tokenGood && e.Source == SourceFrontend,
		finding.OwnerLiveKitServer: joined && !e.failed("join.websocket"),
		finding.OwnerNetwork:       joined,
		finding.OwnerClock:         e.passed("token.time") && e.clocksCompared(),
	}
	out := []Owner{}
	for _, party := range []Owner{
		finding.OwnerConfig, finding.OwnerTicketService, finding.OwnerFrontend,
		finding.OwnerLiveKitServer, finding.OwnerNetwork, finding.OwnerClock,
	} {
		if proof[party] && party != owner && !e.blamed(party) {
			out = append(out, party)
		}
	}
	return out
}

// blamed tells whether any failure, or a warning about the media path, has
// party as its owner.
func (e Evidence) blamed(party Owner) bool {
	for _, severity := range []finding.Severity{finding.Fail, finding.Warn} {
		for _, l := range located(e.Results, severity) {
			if severity == finding.Warn && !slices.Contains([]string{"join.media", "fallback.join", "join.reach"}, l.Check) {
				continue
			}
			if e.owner(l) == party {
				return true
			}
		}
	}
	return false
}

func (e Evidence) status(id string) Status {
	for _, r := range e.Results {
		if r.Check.ID == id {
			return r.Status
		}
	}
	return ""
}

func (e Evidence) passed(id string) bool {
	s := e.status(id)
	return s == StatusPass || s == StatusWarn
}

func (e Evidence) failed(id string) bool {
	s := e.status(id)
	return s == StatusFail || s == StatusError
}

// joined tells whether the check's join got all the way to media.
func (e Evidence) joined(id string) bool { return e.passed(id) }

func (e Evidence) clocksCompared() bool {
	for _, r := range e.Results {
		if r.Check.ID == "token.time" {
			return r.Outcome.Facts["clocks_compared"] == true
		}
	}
	return false
}

// nextSteps are the root cause's own fixes, then the ways round it, then the
// other failures that are nobody's consequence.
func (e Evidence) nextSteps(owner Owner, root Located) []Fix {
	steps := slices.Clone(root.Finding.Fixes[:min(1, len(root.Finding.Fixes))])
	steps = append(steps, Fix{
		Text:    finding.Textf("Read why this happens, how to confirm it and how to fix it."),
		Command: "lkdoctor explain " + string(root.Finding.Code),
	})
	if owner == finding.OwnerTicketService || owner == finding.OwnerFrontend {
		if e.Minted == Yes && e.joined("fallback.join") {
			steps = append(steps, Fix{
				Text:    finding.Textf("Meanwhile, join without a ticket: a token made here works on this server."),
				Command: "lkdoctor --dev-join",
			})
		}
		steps = append(steps, Fix{
			Text:    finding.Textf("Not your service? Hand its maintainer a report."),
			Command: "lkdoctor --report lkdoctor-report.md",
		})
	}
	if also := e.alsoFailing(root); len(also) > 0 {
		codes := make([]string, len(also))
		for i, l := range also {
			codes[i] = string(l.Finding.Code)
		}
		steps = append(steps, Fix{Text: finding.Textf("Then look at what failed on its own: %s.", strings.Join(codes, ", "))})
	}
	return steps
}

// alsoFailing lists the failures that the root cause does not explain.
func (e Evidence) alsoFailing(root Located) []Located {
	fails := located(e.Results, finding.Fail)
	seen := map[Code]bool{root.Finding.Code: true}
	var out []Located
	for _, l := range fails {
		if seen[l.Finding.Code] || explained(l.Finding.Code, fails) || isDoctorCode(l.Finding.Code) {
			continue
		}
		if l.Check == "signature.server" && l.Finding.Code == finding.ServerTokenRejected {
			continue // the server's echo of what the token checks found
		}
		seen[l.Finding.Code] = true
		out = append(out, l)
	}
	return out
}
