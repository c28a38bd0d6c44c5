package checks

import (
	"slices"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/finding"
)

// Trit is an answer that may be missing: what was not asked is not a no.
type Trit int

// The answers.
const (
	Unknown Trit = iota
	Yes
	No
)

// Evidence is all that Diagnose looks at.
type Evidence struct {
	Results []Result
	Source  TokenSource
	// Maker is who made the token under test, and must act on its faults.
	Maker Owner
	// OwnURL tells that the server's address came with the ticket, so that the
	// LIVEKIT_URL of this machine is not on the call's way.
	OwnURL bool

	// The three-way verdict. Local: the token verifies with the secret that is
	// configured here. Server: the LiveKit server accepts the token. Minted: it
	// accepts a token made here with the configured key and secret.
	Local, Server, Minted Trit
}

// Diagnose names one root cause, one owner, what is cleared and what to do
// next. It is a pure function of the evidence.
func Diagnose(e Evidence) Diagnosis {
	root, found := e.root()
	if !found {
		return e.healthy()
	}
	d := Diagnosis{
		Owner:     e.owner(root),
		RootCause: &Cause{Check: root.Check, Code: root.Finding.Code},
	}
	d.Cleared = e.cleared(d.Owner)
	d.Summary = e.summary(d.Owner, root.Finding)
	d.NextSteps = e.nextSteps(d.Owner, root)
	return d
}

// root picks the finding that explains the most: the worst severity that there
// is, on the call's own way before beside it, a cause before its effects, then
// the order of the checks.
func (e Evidence) root() (Located, bool) {
	candidates := doctorErrors(e.Results)
	for _, severity := range []finding.Severity{finding.Fail, finding.Warn} {
		fails := located(e.Results, severity)
		fails = slices.DeleteFunc(fails, func(l Located) bool { return isDoctorCode(l.Finding.Code) })
		if len(fails) > 0 && (severity == finding.Fail || len(candidates) == 0) {
			candidates = fails
			break
		}
	}
	if len(candidates) == 0 {
		return Located{}, false
	}
	best := candidates[0]
	for _, l := range candidates[1:] {
		if e.weight(l, candidates) < e.weight(best, candidates) {
			best = l
		}
	}
	return best, true
}

func doctorErrors(results []Result) []Located {
	return slices.DeleteFunc(located(results, finding.Fail), func(l Located) bool {
		return !isDoctorCode(l.Finding.Code)
	})
}

// weight orders findings of one severity: the lower, the nearer to the cause.
func (e Evidence) weight(l Located, all []Located) int {
	switch {
	case explained(l.Finding.Code, all):
		return 2
	case !e.onWay(l):
		return 1
	}
	return 0
}

// explained tells whether another finding of this run is the reason for code.
func explained(code Code, all []Located) bool {
	reasons := map[Code][]Code{
		finding.TokenExpired:     {finding.ClockSkew},
		finding.TokenNotYetValid: {finding.ClockSkew},
		finding.SignatureMismatch: {
			finding.ConfigSecretStale, finding.SignatureSecretVariant,
		},
		finding.SignatureSecretVariant:  {finding.ConfigSecretStale},
		finding.SignatureOtherKey:       {finding.ConfigSecretStale},
		finding.ServerSignatureRejected: {finding.SignatureSecretVariant, finding.SignatureMismatch},
		finding.EnvURLMissing:           {finding.EnvFileUnreadable},
		finding.EnvKeyMissing:           {finding.EnvFileUnreadable},
		finding.EnvSecretMissing:        {finding.EnvFileUnreadable},
		finding.EnvTicketURLMissing:     {finding.EnvFileUnreadable},
		finding.TurnUnreachable:         {finding.MediaUDPBlocked, finding.MediaFailed},
		finding.MediaTCPUnreachable:     {finding.MediaPrivateCandidates, finding.MediaAddressUnreachable, finding.MediaUDPBlocked},
		finding.DevJoinFailed:           nil,
	}
	if code == finding.DevJoinFailed {
		return len(all) > 1
	}
	for _, reason := range reasons[code] {
		if slices.ContainsFunc(all, func(l Located) bool { return l.Finding.Code == reason }) {
			return true
		}
	}
	return false
}

// onWay tells whether a finding lies on the way of the call under test: a bad
// local secret does not stop a token that somebody else signs.
func (e Evidence) onWay(l Located) bool {
	code := l.Finding.Code
	switch l.Check {
	case "env.exposure":
		return false
	case "join.turn":
		// A warning is about a server that this call did without.
		return l.Finding.Severity == finding.Fail
	case "env.files":
		return code == finding.EnvValueEmptied && e.concerns(l.Finding) || e.settingsMissing()
	case "env.livekit":
		// That browsers may refuse ws:// is advice beside what was seen in a join.
		return code != finding.EnvURLInsecure && e.concerns(l.Finding)
	case "env.ticket":
		return e.Source == SourceTicket || code == finding.EnvTicketURLMissing || code == finding.EnvTicketURLInvalid
	case "ticket.reach", "ticket.consume":
		return e.Source != SourceFlag
	case "signature.local":
		return e.Server != Yes
	case "join.reach", "fallback.mint", "fallback.join":
		return !e.OwnURL
	}
	return true
}

// concerns tells whether a finding about a setting matters to the token under
// test; findings of the env stage name their setting in the fact "setting".
func (e Evidence) concerns(f Finding) bool {
	setting, _ := f.Facts["setting"].(string)
	switch setting {
	case "LIVEKIT_URL", "":
		return !e.OwnURL
	case "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET":
		return e.Source == SourceMinted || e.Source == SourceNone
	}
	return true
}

func (e Evidence) settingsMissing() bool {
	for _, l := range located(e.Results, finding.Fail) {
		switch l.Finding.Code {
		case finding.EnvURLMissing, finding.EnvKeyMissing, finding.EnvSecretMissing, finding.EnvTicketURLMissing:
			return true
		}
	}
	return false
}

// owner is who must act on a finding in this run.
func (e Evidence) owner(l Located) Owner {
	f := l.Finding
	if owner, decided := e.threeWay(f.Code); decided {
		return owner
	}
	if l.Check == "join.reach" && e.OwnURL && e.Server == Yes {
		// The call's own server works; LIVEKIT_URL names another one.
		return finding.OwnerConfig
	}
	if f.Owner != "" {
		return e.real(f.Owner)
	}
	page, _ := catalogue.Lookup(f.Code)
	return e.real(page.Owner)
}

// real replaces the catalogue's "whoever made the token" by that party.
func (e Evidence) real(owner Owner) Owner {
	switch {
	case owner == finding.OwnerMaker && e.Maker != "":
		return e.Maker
	case owner == finding.OwnerMaker, owner == "":
		return finding.OwnerUnknown
	}
	return owner
}

// threeWay decides who must act when keys and secrets disagree, from the three
// verdicts. The LiveKit server is the authority on its keys: whoever signs
// with others must change.
func (e Evidence) threeWay(code Code) (Owner, bool) {
	switch code {
	case finding.ConfigSecretStale:
		return finding.OwnerConfig, true
	case finding.SignatureOtherKey, finding.SignatureMismatch, finding.SignatureSecretVariant,
		finding.ServerKeyUnknown, finding.ServerSignatureRejected:
	default:
		return "", false
	}
	switch {
	case e.Server == Yes:
		// The token is good: what differs is what is configured here.
		return finding.OwnerConfig, true
	case e.Local == Yes && e.Minted != Yes:
		// Here and there agree with each other, and not with the server: the
		// pair belongs to another server than the URL.
		return finding.OwnerConfig, true
	case e.Source == SourceMinted || e.Source == SourceNone:
		return finding.OwnerConfig, true
	}
	return e.real(finding.OwnerMaker), true
}
