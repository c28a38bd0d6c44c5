// Package diagnosis turns the results of a run into one verdict: what is wrong, which
// party must act, which are cleared, and what to do next. Only this package decides
// which party must act; a finding may suggest one. It is pure.
package diagnosis

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// Trit is yes, no or unknown.
type Trit int

// The values of a Trit.
const (
	Unknown Trit = iota
	Yes
	No
)

// Evidence is the input of a diagnosis.
type Evidence struct {
	Results []check.Result
	Source  check.TokenSource
	// Maker is the party that made the token under test. Giver is the party that returned
	// it with the server's address: Maker, or the one that exchanged a ticket for it.
	Maker, Giver finding.Owner
	OwnURL       bool // whether the call uses an address that came with the token

	// The three verdicts on keys. Local: the token verifies with the secret configured
	// here. Server: the LiveKit server accepts the token. Minted: it accepts a token made
	// here with the configured key and secret.
	Local, Server, Minted Trit
	// OwnRoomOnly is set if the server accepts key and secret of a token made here, but
	// not the doctor's room in it.
	OwnRoomOnly bool

	// Values fill the places of fixes by name. Facts of a finding take precedence.
	Values map[string]string
	Here   map[string]string              // the values of LIVEKIT_URL if OwnURL is set, for the checks that use it
	Places map[finding.Owner]finding.Text // the addresses or files of parties
	// Again are the arguments that repeat the run. They hold no secret.
	Again       string
	AgainSecret bool         // whether headers must be added to Again
	Ticket      bool         // whether the run was given a ticket
	Nothing     finding.Text // why nothing that was requested was checked, if so
}

// Conclude returns the results with the owner and the fixes of each finding, and the
// diagnosis. All findings of one code get the same owner.
func Conclude(e Evidence) ([]check.Result, check.Diagnosis) {
	e.Results = e.settled(e.Results)
	root, found := e.root()
	owners := map[finding.Code]finding.Owner{}
	if found {
		owners[root.Finding.Code] = e.owner(root)
	}
	for _, r := range e.Results {
		for _, f := range r.Findings {
			if _, has := owners[f.Code]; !has {
				owners[f.Code] = e.owner(check.Located{Check: r.Check.ID, Finding: f})
			}
		}
	}
	for i := range e.Results {
		e.Results[i] = e.resolved(e.Results[i], owners)
	}
	if found {
		root, _ = e.root()
	}
	return e.Results, e.diagnosis(root, found)
}

// Preview returns a result as Conclude would with the evidence so far.
func Preview(e Evidence, r check.Result) check.Result {
	return e.resolved(e.settled([]check.Result{r})[0], nil)
}

func (e Evidence) resolved(r check.Result, owners map[finding.Code]finding.Owner) check.Result {
	if stage := r.Check.Stage; e.OwnURL && (r.Check.ID == "join.reach" || stage == check.StageEnv || stage == check.StageFallback) {
		e.Values = maps.Clone(e.Values)
		maps.Copy(e.Values, e.Here)
	}
	r.Findings = slices.Clone(r.Findings)
	for i, f := range r.Findings {
		owner, known := owners[f.Code]
		if !known {
			owner = e.owner(check.Located{Check: r.Check.ID, Finding: f})
		}
		r.Findings[i].Owner = owner
		r.Findings[i].Fixes = e.fixes(f)
	}
	return r
}

func (e Evidence) diagnosis(root check.Located, found bool) check.Diagnosis {
	switch {
	case !e.Nothing.IsZero() && (!found || root.Finding.Severity != finding.Fail):
		return e.nothing()
	case !found || root.Finding.Severity != finding.Fail:
		return e.working(root, found)
	}
	d := check.Diagnosis{
		Owner:     root.Finding.Owner,
		RootCause: &check.Cause{Check: root.Check, Code: root.Finding.Code},
		Cleared:   e.cleared(root.Finding.Owner),
		Broke:     sentence(root.Finding),
	}
	d.FixIn = e.place(root)
	d.NotIt = e.notIt(d.Cleared)
	d.Summary = whole(d)
	d.NextSteps = e.nextSteps(root)
	return d
}

// root returns the finding that explains the most: by severity, then those that affect
// the call under test, then causes before effects, then by the order of the checks.
// What failed in the doctor itself counts only where nothing else did.
func (e Evidence) root() (root check.Located, found bool) {
	failed := check.Locate(e.Results, finding.Fail)
	all := slices.DeleteFunc(slices.Clone(failed), func(l check.Located) bool { return l.Finding.Code.IsDoctor() })
	if len(all) == 0 {
		all = failed
	}
	if len(all) == 0 {
		all = check.Locate(e.Results, finding.Warn)
	}
	if len(all) == 0 {
		return check.Located{}, false
	}
	return slices.MinFunc(all, func(a, b check.Located) int { return e.weight(a, all) - e.weight(b, all) }), true
}

// weight orders findings of one severity: the lowest is the nearest to the cause.
func (e Evidence) weight(l check.Located, all []check.Located) int {
	switch {
	case explained(l, all):
		return 2
	case !e.onWay(l):
		return 1
	}
	return 0
}

// explained reports whether another finding of this run is the cause of l.
func explained(l check.Located, all []check.Located) bool {
	reasons := map[finding.Code][]finding.Code{
		finding.TokenExpired:            {finding.ClockSkew, finding.TicketTokenCached},
		finding.TokenNotYetValid:        {finding.ClockSkew},
		finding.TokenIssuedInFuture:     {finding.ClockSkew},
		finding.SignatureMismatch:       {finding.ConfigSecretStale, finding.SignatureSecretVariant},
		finding.SignatureOtherKey:       {finding.ConfigSecretStale},
		finding.ServerSignatureRejected: {finding.SignatureSecretVariant, finding.SignatureMismatch, finding.EnvValueShadowed},
		finding.ServerRefused:           {finding.EnvValueShadowed},
		finding.ServerDNS:               {finding.EnvValueShadowed},
		finding.ServerTimeout:           {finding.EnvValueShadowed},
		finding.ServerNotLiveKit:        {finding.EnvValueShadowed},
		finding.ServerKeyUnknown:        {finding.EnvValueShadowed},
		finding.EnvURLMissing:           {finding.EnvFileUnreadable},
		finding.EnvKeyMissing:           {finding.EnvFileUnreadable},
		finding.EnvSecretMissing:        {finding.EnvFileUnreadable},
		finding.EnvTicketURLMissing:     {finding.EnvFileUnreadable},
		finding.TokenNoRoomJoin:         {finding.TokenGrantMisnamed},
		finding.TurnUnreachable:         {finding.MediaUDPBlocked, finding.MediaFailed},
		finding.MediaTCPUnreachable:     {finding.MediaPrivateCandidates, finding.MediaAddressUnreachable, finding.MediaUDPBlocked},
	}
	causes := reasons[l.Finding.Code]
	switch {
	case l.Finding.Code == finding.DevJoinFailed:
		return len(all) > 1
	case l.Finding.Code == finding.ConfigSecretStale:
		return slices.ContainsFunc(all, damagedHere) // which says how the secret differs from the server's
	case damagedHere(l):
		causes = damages
	case l.Finding.Code == finding.SignatureSecretVariant:
		causes = []finding.Code{finding.ConfigSecretStale}
	case ofPair(l.Finding.Code) && strings.HasPrefix(l.Check, "fallback."): // of a token made with the pair configured here
		causes = append(slices.Concat(causes, damages), finding.EnvPlaceholder, finding.EnvKeySecretSwapped)
	case l.Finding.Code == finding.EnvSecretExposed:
		return slices.ContainsFunc(all, func(other check.Located) bool { // its fix replaces the exposed secret
			return other.Finding.Code == finding.EnvSecretMissing && other.Finding.Variant == "exposed"
		})
	case l.Finding.Code == finding.EnvSecretShort:
		return slices.ContainsFunc(all, func(other check.Located) bool {
			return other.Finding.Code == finding.EnvValueExpanded && other.Finding.Facts["setting"] == "LIVEKIT_API_SECRET"
		})
	case l.Finding.Code == finding.ServerKeyUnknown:
		causes = append(causes, finding.TokenNoIssuer, finding.TokenPlaceholder, finding.SignatureOtherKey)
		if slices.ContainsFunc(all, func(other check.Located) bool {
			return other.Finding.Code == finding.SignatureSecretVariant && other.Finding.Variant == "swapped"
		}) {
			return true
		}
	}
	return slices.ContainsFunc(all, func(other check.Located) bool {
		setting, _ := other.Finding.Facts["setting"].(string)
		return slices.Contains(causes, other.Finding.Code) && (setting != "LIVEKIT_URL" || !ofPair(l.Finding.Code))
	})
}

// damages are the findings about a key or secret here that is read with more or less
// than belongs to it.
var damages = []finding.Code{finding.EnvValueQuoted, finding.EnvValueWhitespace, finding.EnvValueExpanded}

// damagedHere reports whether l says that the secret configured here is a changed form
// of the one that made the token.
func damagedHere(l check.Located) bool {
	return l.Finding.Code == finding.SignatureSecretVariant && l.Finding.Variant == "here"
}

// ofPair reports whether code is about an API key or secret, so that no other setting is
// its cause.
func ofPair(code finding.Code) bool {
	return code == finding.ServerKeyUnknown || code == finding.ServerSignatureRejected
}

// onWay reports whether a finding affects the call under test: a wrong local secret
// does not affect a token that another party signs.
func (e Evidence) onWay(l check.Located) bool {
	code := l.Finding.Code
	switch l.Check {
	case "env.exposure":
		return false
	case "join.turn":
		// A warning is about a server that this call did not need.
		return l.Finding.Severity == finding.Fail
	case "env.files":
		decides := code == finding.EnvValueEmptied || l.Finding.Severity == finding.Fail &&
			(code == finding.EnvValueShadowed || code == finding.EnvValueExpanded)
		return decides && e.concerns(l.Finding) || e.settingsMissing()
	case "env.livekit":
		// In a join, the warning that browsers may refuse ws:// is not a cause.
		return code != finding.EnvURLInsecure && e.concerns(l.Finding)
	case "env.ticket":
		return e.Source == check.SourceTicket || code == finding.EnvTicketURLMissing || code == finding.EnvTicketURLInvalid
	case "ticket.reach", "ticket.consume":
		return e.Source != check.SourceFlag
	case "signature.local":
		return e.Server != Yes
	case "signature.server":
		return code != finding.ConfigSecretStale
	case "join.reach", "fallback.mint", "fallback.join":
		return !e.OwnURL
	}
	return true
}

// concerns reports whether a finding about a setting matters to the token under
// test; findings of the env stage name their setting in the fact "setting".
func (e Evidence) concerns(f finding.Finding) bool {
	setting, _ := f.Facts["setting"].(string)
	switch setting {
	case "LIVEKIT_URL", "":
		return !e.OwnURL || f.Code == finding.EnvValueShadowed
	case "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET":
		// The signer used the pair that is configured here.
		return e.madeHere() || e.Local == Yes
	}
	return true
}

func (e Evidence) settingsMissing() bool {
	return e.found(func(l check.Located) bool {
		return slices.Contains([]finding.Code{finding.EnvURLMissing, finding.EnvKeyMissing, finding.EnvSecretMissing,
			finding.EnvTicketURLMissing}, l.Finding.Code)
	})
}

// madeHere reports whether the token under test was made here, or is to be.
func (e Evidence) madeHere() bool {
	return e.Source == check.SourceMinted || e.Source == check.SourceNone
}

func (e Evidence) owner(l check.Located) finding.Owner {
	f := l.Finding
	if owner, decided := e.threeWay(f.Code); decided {
		return owner
	}
	if l.Check == "join.reach" && e.OwnURL && e.Server == Yes {
		// The call's server works; LIVEKIT_URL names another one.
		return finding.OwnerConfig
	}
	if f.Party != "" {
		return e.party(f.Party)
	}
	page, _ := catalogue.Lookup(f.Code)
	return e.party(page.Owner)
}

// party returns the party of this run that Maker or Giver stands for.
func (e Evidence) party(owner finding.Owner) finding.Owner {
	switch {
	case owner == finding.OwnerMaker && e.Maker != "":
		return e.Maker
	case owner == finding.OwnerGiver && e.Giver != "":
		return e.Giver
	case owner == finding.OwnerMaker, owner == finding.OwnerGiver, owner == "":
		return finding.OwnerUnknown
	}
	return owner
}

// threeWay decides which party must act if keys or secrets disagree. The LiveKit
// server's keys are right by definition: a party that signs with others must change.
func (e Evidence) threeWay(code finding.Code) (finding.Owner, bool) {
	switch code {
	case finding.ConfigSecretStale:
		return finding.OwnerConfig, true
	case finding.SignatureOtherKey, finding.SignatureMismatch, finding.SignatureSecretVariant,
		finding.ServerKeyUnknown, finding.ServerSignatureRejected:
	default:
		return "", false
	}
	switch {
	case e.Server == Yes, // the token is good, so the configuration here is wrong
		e.Local == Yes && e.Minted != Yes, // the pair here belongs to another server than the URL
		e.madeHere():
		return finding.OwnerConfig, true
	}
	return e.party(finding.OwnerMaker), true
}

// fixes returns the fixes of the finding's variant, filled with this run's values.
func (e Evidence) fixes(f finding.Finding) []finding.Fix {
	page, known := catalogue.Lookup(f.Code)
	if !known {
		return f.Fixes
	}
	values := map[string]string{}
	maps.Copy(values, e.Values)
	if iss := factText(f.Facts["iss"]); iss != "" {
		values["key"] = iss // the key of the token that the finding is about
	}
	for name, fact := range f.Facts {
		if text := factText(fact); text != "" {
			values[name] = text
		} else if fact == "" { // known to be unknown, so that no other value replaces it
			delete(values, name)
		}
	}
	v, _ := page.Variant(f.Variant)
	out, sentences := make([]finding.Fix, len(v.Fixes)), sourceTexts(values, f.Sentences)
	for i, fix := range v.Fixes {
		out[i] = finding.Fix{Text: fix.Text, Command: finding.Fill(fix.Command, shellSafe(values))}
		out[i].Text.Values, out[i].Text.Sentences = values, sentences
		for _, b := range fix.Code {
			out[i].Code = append(out[i].Code, finding.Block{Lang: b.Lang, Text: finding.Fill(b.Text, shellSafe(values))})
		}
		out[i] = e.placed(out[i], values)
	}
	return out
}

func factText(fact any) string {
	switch v := fact.(type) {
	case string:
		return v
	case []string:
		return strings.Join(v, ", ")
	case int, int64, uint16:
		return fmt.Sprint(v)
	}
	return ""
}

// shellSafe returns the values that need no quoting in a shell or configuration.
func shellSafe(values map[string]string) map[string]string {
	out := make(map[string]string, len(values))
	for name, value := range values {
		if safeInShell.MatchString(value) {
			out[name] = value
		}
	}
	return out
}

var safeInShell = regexp.MustCompile(`^[A-Za-z0-9_.,:/@%+=][A-Za-z0-9_.,:/@%+=-]*$`)
