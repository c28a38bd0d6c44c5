// Package codetest helps tests. Wants asserts that a code is reported: TestEveryCode
// finds its calls by this package's name, and counts their codes along with those of
// the lab's faults. Alone separates tests that measure time.
package codetest

import (
	"testing"

	"lkdoctor/checks/finding"
)

// Wants returns the first finding with the code. It fails the test immediately if
// there is none.
func Wants(t testing.TB, findings []finding.Finding, code finding.Code) finding.Finding {
	t.Helper()
	for _, f := range findings {
		if f.Code == code {
			return f
		}
	}
	t.Fatalf("%s was not found; found: %v", code, findings)
	return finding.Finding{}
}
