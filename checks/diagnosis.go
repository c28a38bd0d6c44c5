package checks

// Diagnosis is what a run comes to: one root cause, one owner, what is
// cleared, and what to do next.
type Diagnosis struct {
	Owner Owner
	// RootCause is nil only when nothing failed and nothing warned.
	RootCause *Cause
	Summary   Text
	// Cleared are the parties that this run has seen to be healthy. A party
	// that was not examined is not in it.
	Cleared   []Owner
	NextSteps []Fix
}

// Cause names a finding by the check that made it and its code.
type Cause struct {
	Check string
	Code  Code
}
