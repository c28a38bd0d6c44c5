// Package finding defines what all parts of lkdoctor share: what a check may find
// (Code), how bad it is (Severity), who must act (Owner) and what to do (Fix). It is
// pure and imports no package under checks, so that pure packages can make findings
// without the runner.
package finding

import (
	"maps"
	"slices"
)

// Severity is how bad a finding is. A check has the worst one; info alone passes.
type Severity string

// The severities, as the JSON contract spells them.
const (
	Info Severity = "info"
	Warn Severity = "warn"
	Fail Severity = "fail"
)

// Rank orders severities: info 1, warn 2, fail 3, others 0.
func (s Severity) Rank() int {
	return slices.Index([]Severity{Info, Warn, Fail}, s) + 1
}

// Owner is the party that must act. The values are public API.
type Owner string

// The owners. Maker and Giver occur only in pages and parties: the party that issued
// the token, and the one that returned the server's address with it. The diagnosis
// replaces them by the party of its run.
const (
	OwnerConfig        Owner = "config"
	OwnerTicketService Owner = "ticket_service"
	OwnerFrontend      Owner = "frontend"
	OwnerLiveKitServer Owner = "livekit_server"
	OwnerNetwork       Owner = "network"
	OwnerClock         Owner = "clock"
	OwnerAgent         Owner = "agent"
	OwnerNone          Owner = "none"
	OwnerUnknown       Owner = "unknown"
	OwnerMaker         Owner = "maker"
	OwnerGiver         Owner = "giver"
)

// Facts are measured details of one finding: numbers, names, short strings. They are
// redacted and cleaned before they are added.
type Facts map[string]any

// Fix is one step to do.
type Fix struct {
	Text    Text
	Command string // a shell command that works as it is; it may be empty
	// Code are the blocks that Text refers to: lines of a configuration file, or code that
	// makes a token in several languages.
	Code []Block
}

// Block is code to copy. Lang is its language ("python") or the program that it
// configures ("nginx").
type Block struct {
	Lang string `json:"lang"`
	Text string `json:"text"`
}

// Finding is one problem or remark of this run. Title, cause and cure of its code are
// in the code's catalogue page.
type Finding struct {
	Code     Code
	Severity Severity
	// Message says what was seen and what was expected.
	Message Text
	Facts   Facts
	// Variant names the group of fixes on the catalogue page that applies. It is empty for
	// a code whose page has one group.
	Variant string
	// Sentences fill places in the fixes, like the facts.
	Sentences map[string]Text
	// Party is the party that must act according to the check, if not the owner of the
	// code's page. The diagnosis may replace it.
	Party Owner
	// Owner and Fixes are set by the diagnosis: the party that must act, and what to do.
	Owner Owner
	Fixes []Fix
}

// New returns a finding whose message is made of format and args (see Textf).
func New(code Code, severity Severity, format string, args ...any) Finding {
	return Finding{Code: code, Severity: severity, Message: Textf(format, args...)}
}

// With returns the finding with one more fact.
func (f Finding) With(name string, value any) Finding {
	facts := make(Facts, len(f.Facts)+1)
	maps.Copy(facts, f.Facts)
	facts[name] = value
	f.Facts = facts
	return f
}

// WithAll returns the finding with more facts; its own take precedence.
func (f Finding) WithAll(facts Facts) Finding {
	all := make(Facts, len(facts)+len(f.Facts))
	maps.Copy(all, facts)
	maps.Copy(all, f.Facts)
	f.Facts = all
	return f
}

// Putting returns the finding with one more sentence for its fixes.
func (f Finding) Putting(name string, sentence Text) Finding {
	sentences := make(map[string]Text, len(f.Sentences)+1)
	maps.Copy(sentences, f.Sentences)
	sentences[name] = sentence
	f.Sentences = sentences
	return f
}

// As returns the finding with its variant set.
func (f Finding) As(variant string) Finding {
	f.Variant = variant
	return f
}

// By returns the finding with the party that must act in place of its code's owner.
func (f Finding) By(party Owner) Finding {
	f.Party = party
	return f
}

// Worst returns the highest severity among findings, or "" if there are none.
func Worst(findings []Finding) Severity {
	var worst Severity
	for _, f := range findings {
		if f.Severity.Rank() > worst.Rank() {
			worst = f.Severity
		}
	}
	return worst
}
