package checks

import (
	"testing"

	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/token"
	"lkdoctor/config/clean"
)

// TestTicketPath checks that fixes name the path that is asked, not that of the base
// URL.
func TestTicketPath(t *testing.T) {
	for _, tt := range []struct {
		service string
		options func(*Options)
		want    string
	}{
		{"http://127.0.0.1:8000", nil, "/api/v1/tickets/…/consume"},
		{"http://127.0.0.1:8000/backend", nil, "/api/v1/tickets/…/consume"},
		{"http://127.0.0.1:8000", func(o *Options) { o.TicketPath = "/t/{ticket}" }, "/t/…"},
		{"http://127.0.0.1:8000", func(o *Options) { o.TokenEndpoint = "http://127.0.0.1:3000/api/token?x=1" }, "/api/token"},
	} {
		if got := serviceCase(t, tt.service, tt.options).preview().Values["ticket_path"]; got != tt.want {
			t.Errorf("%s: ticket_path is %q, want %q", tt.service, got, tt.want)
		}
	}
}

// TestHiddenKeepsNames checks that a secret that begins like the name of a value or of
// a place hides what fills it, and not the name.
func TestHiddenKeepsNames(t *testing.T) {
	redact := clean.NewRedactor("LIVEKIT_API_KEY=APIrtYuHg3kLm2x")
	e := hideInEvidence(redact, diagnosis.Evidence{Values: map[string]string{"livekit_host": "127.0.0.1:7880", "key": "LIVEKIT_API_KEY=APIrtYuHg3kLm2x"}})
	if e.Values["livekit_host"] != "127.0.0.1:7880" || e.Values["key"] != clean.Hidden {
		t.Errorf("values are %q", e.Values)
	}
	place := Text{Format: "at {{livekit_host|LIVEKIT_URL}}", Values: map[string]string{"livekit_host": "127.0.0.1:7880"}}
	if got := redact.HideIn(place).(Text).String(); got != "at 127.0.0.1:7880" {
		t.Errorf("the text is %q", got)
	}
	r := hideInResult(redact, check.Result{Findings: []Finding{{Sentences: map[string]Text{"livekit_host": finding.Textf("here")}}}})
	if got := r.Findings[0].Sentences["livekit_host"].String(); got != "here" {
		t.Errorf("the sentence is %q", got)
	}
}

// TestClaimsFacts checks that rights that a token leaves out, which LiveKit then gives,
// are facts with a value.
func TestClaimsFacts(t *testing.T) {
	no := false
	for _, tt := range []struct {
		publish *bool
		want    bool
	}{{nil, true}, {&no, false}} {
		c := newTestCase(t, nil)
		raw, err := token.Mint(token.MintOptions{Key: "APIrtYuHg3kLm2x", Secret: "only-for-the-tests-of-claims-01234",
			Identity: "ada", Room: "support", Now: c.Now(), CanPublish: tt.publish})
		if err != nil {
			t.Fatal(err)
		}
		parsed, _ := token.Parse(raw)
		c.products().set("token.format", &examined{Token: parsed})
		facts := checkOf(c, "token.claims").Run(t.Context(), nil).Outcome.Facts
		if facts["can_publish"] != tt.want || facts["can_subscribe"] != true {
			t.Errorf("facts are %v, want can_publish %v", facts, tt.want)
		}
	}
}
