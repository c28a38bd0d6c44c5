package checks

import (
	"testing"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/config"
)

// TestWhatIsNoTokenNeedsNoServer checks that input that is not a token is the root
// cause, not the missing settings. A truncated token still needs the server's URL.
func TestWhatIsNoTokenNeedsNoServer(t *testing.T) {
	for _, tt := range []struct {
		name, given string
		cause       Code
		variant     string
	}{
		{"a refusal", `{"error":"please sign in"}`, finding.TicketTokenMissing, "said-why"},
		{"a page", "<html><title>Sign in</title></html>", finding.TokenOpaque, "web-page"},
		{"a sentence", "Unauthorized: log in first", finding.TokenOpaque, "refusal"},
		{"random text", "lk_demo_0123456789012345678901234567890123456789012", finding.TokenOpaque, "pasted"},
		{"half a token", "eyJhbGciOiJIUzI1NiJ9.eyJ2aWRlbyI6e319", finding.EnvURLMissing, "unset"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			settings, err := config.Load(config.Inputs{Dir: t.TempDir(), Flags: map[string]string{"token": tt.given}})
			if err != nil {
				t.Fatal(err)
			}
			run := Do(t.Context(), newTestCase(t, settings), false, func(check.Event) {})
			cause := run.Diagnosis.RootCause
			if cause == nil || cause.Code != tt.cause {
				t.Fatalf("the cause is %v, want %s", cause, tt.cause)
			}
			for _, l := range run.Findings(finding.Fail) {
				if l.Finding.Code == tt.cause && l.Finding.Variant != tt.variant {
					t.Errorf("told as %s, want %s", l.Finding.Variant, tt.variant)
				}
			}
		})
	}
}
