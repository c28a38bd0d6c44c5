// Package finding holds the words that every part of lkdoctor shares: what a
// check may find (Code), how bad it is (Severity), who must act (Owner) and
// what to do about it (Fix). It imports nothing of lkdoctor, so that the pure
// packages under checks can produce findings without knowing the runner.
package finding

import "maps"

// Severity says how bad a finding is. A check's status is the worst of its
// findings: info alone still passes.
type Severity string

// The severities, as the JSON contract spells them.
const (
	Info Severity = "info"
	Warn Severity = "warn"
	Fail Severity = "fail"
)

// Rank orders severities, so that the worst can be picked: info 1, warn 2,
// fail 3, and 0 for anything else.
func (s Severity) Rank() int {
	switch s {
	case Info:
		return 1
	case Warn:
		return 2
	case Fail:
		return 3
	}
	return 0
}

// Owner is the party that must act. The values are public API.
type Owner string

// The owners. Maker and Giver are for pages and parties only: whoever made the
// token, and whoever handed out the server's address with it. A diagnosis names
// the party that this is in its run.
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

// Facts are measured details of one finding: numbers, names, short cleaned
// strings. They are redacted and cleaned before they get here.
type Facts map[string]any

// Fix is one thing to do.
type Fix struct {
	Text Text
	// Command is empty unless it can be pasted into a shell as it is.
	Command string
	// Code are the blocks that Text points at: lines for a configuration file,
	// or the code that makes a token in several languages.
	Code []Block
}

// Block is code to copy. Lang names a language ("python") or the program whose
// configuration it is ("nginx").
type Block struct{ Lang, Text string }

// Finding is one thing worth telling, as it was seen in this run. The title,
// the cause and the cure of its code live in the catalogue page of the code.
type Finding struct {
	Code     Code
	Severity Severity
	// Message says what was seen and what was expected.
	Message Text
	Facts   Facts
	// Variant names the group of fixes on the catalogue page that fits what was
	// seen. It is empty for a code whose page has one group only.
	Variant string
	// Sentences fill places of the fixes, beside the facts.
	Sentences map[string]Text
	// Party is who must act in the view of the check, where that is not the owner
	// of the code's page. The diagnosis has the last word.
	Party Owner
	// Owner and Fixes are set by the diagnosis: who must act, and what to do, in
	// this run.
	Owner Owner
	Fixes []Fix
}

// New makes a finding; format and args become its message (see Textf).
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

// Putting returns the finding with one more sentence for the places of its fixes.
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

// By returns the finding with its party set.
func (f Finding) By(party Owner) Finding {
	f.Party = party
	return f
}

// Worst is the highest severity among findings, or "" when there are none.
func Worst(findings []Finding) Severity {
	var worst Severity
	for _, f := range findings {
		if f.Severity.Rank() > worst.Rank() {
			worst = f.Severity
		}
	}
	return worst
}
