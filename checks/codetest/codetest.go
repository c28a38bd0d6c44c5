// Package codetest is how tests assert that a code is emitted. TestEveryCode
// counts the codes that a test function names which calls Wants, beside those
// that a fault of the lab leads to: it finds the calls by this package's name. And
// it keeps tests that measure time apart.
package codetest

import (
	"testing"

	"lkdoctor/checks/finding"
)

// Wants returns the first finding with the code, and fails the test at once
// where there is none.
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
