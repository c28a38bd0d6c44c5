package diagnosis

import (
	"fmt"
	"slices"
	"testing"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// checkIDs returns the IDs of all checks.
func checkIDs() []string {
	return []string{"env.files", "env.livekit", "env.ticket", "env.exposure", "ticket.reach", "ticket.consume", "ticket.frontend",
		"token.format", "token.claims", "token.time", "signature.local", "signature.server", "join.reach", "join.websocket",
		"join.media", "join.browser", "join.agent", "join.api", "join.turn", "join.publish", "join.reconnect", "fallback.mint", "fallback.join"}
}

// results returns the results of a run with the given findings by check ID. Other
// checks passed, except the skipped ones.
func results(findings map[string][]finding.Finding, skipped ...string) []check.Result {
	var out []check.Result
	for _, id := range checkIDs() {
		r := check.Result{Check: check.Spec{ID: id}, Findings: findings[id], Status: check.StatusOf(findings[id])}
		if slices.Contains(skipped, id) {
			r.Status, r.Skip = check.StatusSkip, &check.Skip{Reason: check.NotApplicable, Text: finding.Textf("not checked")}
		}
		out = append(out, r)
	}
	return out
}

// diagnose returns only the diagnosis of Conclude.
func diagnose(e Evidence) check.Diagnosis {
	_, d := Conclude(e)
	return d
}

func fail(code finding.Code) []finding.Finding {
	return []finding.Finding{finding.New(code, finding.Fail, "seen")}
}

// TestThreeWayVerdict is the truth table of three questions: whether the token verifies
// with the local secret, whether the server accepts it, and whether the server accepts
// a token minted here.
func TestThreeWayVerdict(t *testing.T) {
	const (
		none    = finding.OwnerNone
		cfg     = finding.OwnerConfig
		service = finding.OwnerTicketService
	)
	for _, tt := range []struct {
		local, server, minted Trit
		owner                 finding.Owner
		code                  finding.Code
		cleared               []finding.Owner
	}{
		{Yes, Yes, Unknown, none, "", []finding.Owner{cfg, service}},
		{Yes, Yes, Yes, none, "", []finding.Owner{cfg, service}},
		{Yes, Yes, No, none, "", []finding.Owner{cfg, service}},
		{Yes, No, Yes, service, finding.ServerSignatureRejected, []finding.Owner{cfg}},
		{Yes, No, No, cfg, finding.ServerSignatureRejected, nil},
		{Yes, No, Unknown, cfg, finding.ServerSignatureRejected, nil},
		{Yes, Unknown, Yes, none, "", []finding.Owner{cfg}},
		{Yes, Unknown, No, none, "", nil},
		{Yes, Unknown, Unknown, none, "", nil},
		{No, Yes, Unknown, cfg, finding.ConfigSecretStale, []finding.Owner{service}},
		{No, Yes, Yes, cfg, finding.ConfigSecretStale, []finding.Owner{service}},
		{No, Yes, No, cfg, finding.ConfigSecretStale, []finding.Owner{service}},
		{No, No, Yes, service, finding.SignatureMismatch, []finding.Owner{cfg}},
		{No, No, No, service, finding.SignatureMismatch, nil},
		{No, No, Unknown, service, finding.SignatureMismatch, nil},
		{No, Unknown, Yes, service, finding.SignatureMismatch, []finding.Owner{cfg}},
		{No, Unknown, No, service, finding.SignatureMismatch, nil},
		{No, Unknown, Unknown, service, finding.SignatureMismatch, nil},
		{Unknown, Yes, Unknown, none, "", []finding.Owner{service}},
		{Unknown, Yes, Yes, none, "", []finding.Owner{cfg, service}},
		{Unknown, Yes, No, none, "", []finding.Owner{service}},
		{Unknown, No, Yes, service, finding.ServerSignatureRejected, []finding.Owner{cfg}},
		{Unknown, No, No, service, finding.ServerSignatureRejected, nil},
		{Unknown, No, Unknown, service, finding.ServerSignatureRejected, nil},
		{Unknown, Unknown, Yes, none, "", []finding.Owner{cfg}},
		{Unknown, Unknown, No, none, "", nil},
		{Unknown, Unknown, Unknown, none, "", nil},
	} {
		t.Run(fmt.Sprintf("local %s, server %s, minted %s", tt.local, tt.server, tt.minted), func(t *testing.T) {
			found := map[string][]finding.Finding{}
			if tt.local == No {
				found["signature.local"] = fail(finding.SignatureMismatch)
			}
			switch {
			case tt.server == No:
				found["signature.server"] = fail(finding.ServerSignatureRejected)
			case tt.server == Yes && tt.local == No:
				found["signature.server"] = fail(finding.ConfigSecretStale)
			}
			// The joins are skipped, so that only the verdicts clear an owner.
			d := diagnose(Evidence{
				Results: results(found, "join.websocket", "join.media", "fallback.join"),
				Source:  check.SourceTicket, Maker: service, Local: tt.local, Server: tt.server, Minted: tt.minted,
			})
			code := finding.Code("")
			if d.RootCause != nil {
				code = d.RootCause.Code
			}
			if d.Owner != tt.owner || code != tt.code {
				t.Errorf("owner %s, code %s; want %s, %s", d.Owner, code, tt.owner, tt.code)
			}
			if !slices.Equal(d.Cleared, tt.cleared) && len(d.Cleared)+len(tt.cleared) > 0 {
				t.Errorf("cleared %v, want %v", d.Cleared, tt.cleared)
			}
		})
	}
}

func (t Trit) String() string { return [...]string{"unknown", "yes", "no"}[t] }

func TestDiagnosePicksTheCause(t *testing.T) {
	for name, tt := range map[string]struct {
		found  map[string][]finding.Finding
		source check.TokenSource
		server Trit
		code   finding.Code
		owner  finding.Owner
	}{
		"the skewed clock, not the expiry it causes": {
			map[string][]finding.Finding{"token.time": append(fail(finding.TokenExpired), fail(finding.ClockSkew)...)},
			check.SourceTicket, No, finding.ClockSkew, finding.OwnerClock,
		},
		"the token, not a quoted secret that had no part in it": {
			map[string][]finding.Finding{
				"env.livekit":  {finding.New(finding.EnvValueQuoted, finding.Fail, "seen").With("setting", "LIVEKIT_API_SECRET")},
				"token.format": fail(finding.TokenOpaque),
			}, check.SourceTicket, Unknown, finding.TokenOpaque, finding.OwnerTicketService,
		},
		"the quoted secret, when the token is made from it": {
			map[string][]finding.Finding{
				"env.livekit":   {finding.New(finding.EnvValueQuoted, finding.Fail, "seen").With("setting", "LIVEKIT_API_SECRET")},
				"fallback.join": append(fail(finding.DevJoinFailed), fail(finding.ServerSignatureRejected)...),
			}, check.SourceMinted, Unknown, finding.EnvValueQuoted, finding.OwnerConfig,
		},
		"the file, not the settings that it was to hold": {
			map[string][]finding.Finding{
				"env.files":   fail(finding.EnvFileUnreadable),
				"env.livekit": {finding.New(finding.EnvURLMissing, finding.Fail, "seen").With("setting", "LIVEKIT_URL")},
			}, check.SourceNone, Unknown, finding.EnvFileUnreadable, finding.OwnerConfig,
		},
		"the exposed secret only when nothing else fails": {
			map[string][]finding.Finding{"env.exposure": fail(finding.EnvSecretExposed)},
			check.SourceTicket, Yes, finding.EnvSecretExposed, finding.OwnerConfig,
		},
		"the token before an exposed secret": {
			map[string][]finding.Finding{"env.exposure": fail(finding.EnvSecretExposed), "token.time": fail(finding.TokenExpired)},
			check.SourceTicket, No, finding.TokenExpired, finding.OwnerTicketService,
		},
		"the cause of a failed dev join, not the failed dev join": {
			map[string][]finding.Finding{"fallback.join": append(fail(finding.DevJoinFailed), fail(finding.ServerKeyUnknown)...)},
			check.SourceMinted, Unknown, finding.ServerKeyUnknown, finding.OwnerConfig,
		},
		"the most serious warning when nothing fails": {
			map[string][]finding.Finding{"join.media": {finding.New(finding.MediaUDPBlocked, finding.Warn, "seen")}},
			check.SourceTicket, Yes, finding.MediaUDPBlocked, finding.OwnerNetwork,
		},
		"what a join saw before what browsers may refuse": {
			map[string][]finding.Finding{
				"env.livekit": {finding.New(finding.EnvURLInsecure, finding.Warn, "seen").With("setting", "LIVEKIT_URL")},
				"join.turn":   {finding.New(finding.TurnUnreachable, finding.Warn, "seen")},
				"join.media":  {finding.New(finding.MediaUDPBlocked, finding.Warn, "seen")},
			}, check.SourceTicket, Yes, finding.MediaUDPBlocked, finding.OwnerNetwork,
		},
		"ports that are closed for everything, not the TURN server behind them": {
			map[string][]finding.Finding{
				"join.turn":     fail(finding.TurnUnreachable),
				"fallback.join": append(fail(finding.DevJoinFailed), fail(finding.MediaFailed)...),
			}, check.SourceMinted, Yes, finding.MediaFailed, finding.OwnerNetwork,
		},
		"the wrong address, not the TCP port that is not there either": {
			map[string][]finding.Finding{
				"join.publish":  {finding.New(finding.MediaTCPUnreachable, finding.Warn, "seen")},
				"fallback.join": {finding.New(finding.MediaPrivateCandidates, finding.Warn, "seen")},
			}, check.SourceMinted, Yes, finding.MediaPrivateCandidates, finding.OwnerLiveKitServer,
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := diagnose(Evidence{Results: results(tt.found), Source: tt.source, Maker: finding.OwnerTicketService, Server: tt.server})
			if d.RootCause == nil || d.RootCause.Code != tt.code || d.Owner != tt.owner {
				t.Fatalf("cause %+v, owner %s; want %s, %s", d.RootCause, d.Owner, tt.code, tt.owner)
			}
			if slices.Contains(d.Cleared, d.Owner) {
				t.Errorf("%s is cleared and must act", d.Owner)
			}
			if len(d.NextSteps) == 0 || d.Summary.IsZero() {
				t.Error("no summary or no next step")
			}
		})
	}
}

// TestExplained checks that an effect of another finding gets no step, and that a finding
// of the same code with another cause does.
func TestExplained(t *testing.T) {
	of := func(code finding.Code, setting string) []finding.Finding {
		return []finding.Finding{finding.New(code, finding.Fail, "seen").With("setting", setting)}
	}
	as := func(code finding.Code, variant string) []finding.Finding {
		return []finding.Finding{finding.New(code, finding.Fail, "seen").As(variant)}
	}
	for _, tt := range []struct {
		check, other string
		cause        []finding.Finding
		effect       finding.Code
		want         bool
	}{
		{"fallback.mint", "env.livekit", of(finding.EnvValueQuoted, "LIVEKIT_API_SECRET"), finding.ServerSignatureRejected, true},
		{"fallback.join", "env.livekit", of(finding.EnvKeySecretSwapped, "LIVEKIT_API_SECRET"), finding.ServerKeyUnknown, true},
		{"fallback.join", "env.livekit", of(finding.EnvValueWhitespace, "LIVEKIT_URL"), finding.ServerKeyUnknown, false},
		{"signature.server", "env.livekit", of(finding.EnvValueQuoted, "LIVEKIT_API_SECRET"), finding.ServerSignatureRejected, false},
		{"signature.server", "token.claims", fail(finding.TokenNoIssuer), finding.ServerKeyUnknown, true},
		{"signature.server", "token.claims", fail(finding.TokenPlaceholder), finding.ServerKeyUnknown, true},
		{"signature.server", "signature.local", fail(finding.SignatureOtherKey), finding.ServerKeyUnknown, true},
		{"fallback.mint", "signature.local", fail(finding.SignatureOtherKey), finding.ServerKeyUnknown, false},
		{"signature.server", "signature.local", as(finding.SignatureSecretVariant, "swapped"), finding.ServerKeyUnknown, true},
		{"signature.server", "signature.local", as(finding.SignatureSecretVariant, "signer"), finding.ServerKeyUnknown, false},
		{"signature.server", "signature.local", as(finding.SignatureSecretVariant, "here"), finding.ConfigSecretStale, true},
		{"signature.server", "signature.local", as(finding.SignatureSecretVariant, "other-file"), finding.ConfigSecretStale, false},
		{"signature.local", "signature.server", fail(finding.ConfigSecretStale), finding.SignatureSecretVariant, true},
		{"env.exposure", "env.livekit", as(finding.EnvSecretMissing, "exposed"), finding.EnvSecretExposed, true},
		{"env.exposure", "env.livekit", as(finding.EnvSecretMissing, "unset"), finding.EnvSecretExposed, false},
		{"env.livekit", "env.files", of(finding.EnvValueExpanded, "LIVEKIT_API_SECRET"), finding.EnvSecretShort, true},
		{"env.livekit", "env.files", of(finding.EnvValueExpanded, "LIVEKIT_API_KEY"), finding.EnvSecretShort, false},
		{"fallback.join", "env.files", of(finding.EnvValueExpanded, "LIVEKIT_API_SECRET"), finding.ServerSignatureRejected, true},
		{"token.claims", "token.claims", fail(finding.TokenGrantMisnamed), finding.TokenNoRoomJoin, true},
		{"env.livekit", "env.files", of(finding.EnvFileUnreadable, ""), finding.EnvURLMissing, true},
	} {
		l := check.Located{Check: tt.check, Finding: fail(tt.effect)[0]}
		all := []check.Located{{Check: tt.other, Finding: tt.cause[0]}, l}
		if got := explained(l, all); got != tt.want {
			t.Errorf("%s of %s explained by %s: %v", tt.effect, tt.check, tt.cause[0].Code, got)
		}
	}
}

// TestEachSubjectHasAStep checks that a code found for two settings by one check gives two
// steps, and found again by another check, one.
func TestEachSubjectHasAStep(t *testing.T) {
	shadowed := func(setting string) finding.Finding {
		return finding.New(finding.EnvValueShadowed, finding.Warn, "seen").As("shell").With("setting", setting)
	}
	again := finding.New(finding.EnvValueShadowed, finding.Warn, "seen").As("shell").With("setting", "LIVEKIT_API_SECRET")
	d := diagnose(Evidence{Results: results(map[string][]finding.Finding{
		"env.files": {shadowed("LIVEKIT_URL"), shadowed("LIVEKIT_API_KEY")}, "join.turn": {again},
	}), Server: Yes, Local: Yes})
	var commands []string
	for _, step := range d.NextSteps {
		if step.Command != "" {
			commands = append(commands, step.Command)
		}
	}
	want := []string{"unset LIVEKIT_URL", "unset LIVEKIT_API_KEY", "lkdoctor explain ENV_VALUE_SHADOWED"}
	if !slices.Equal(commands, want) {
		t.Errorf("commands %q, want %q", commands, want)
	}
}

func TestNothingFailedIsNobodysFault(t *testing.T) {
	d := diagnose(Evidence{Results: results(nil), Source: check.SourceTicket, Maker: finding.OwnerTicketService, Local: Yes, Server: Yes})
	if d.Owner != finding.OwnerNone || d.RootCause != nil {
		t.Errorf("%+v", d)
	}
}

// TestEveryVariantGivesItsOwnAdvice checks that Broke and the first step come from the
// variant that was seen.
func TestEveryVariantGivesItsOwnAdvice(t *testing.T) {
	for _, page := range catalogue.All() {
		for _, v := range page.Variants {
			if v.Name == catalogue.EveryVariant {
				continue
			}
			f := finding.New(page.Code, finding.Fail, "seen").As(v.Name)
			_, d := Conclude(Evidence{
				Results: results(map[string][]finding.Finding{"join.publish": {f}}, "join.reach"), Source: check.SourceTicket, Maker: finding.OwnerTicketService,
			})
			if d.RootCause == nil || d.RootCause.Code != page.Code || len(d.NextSteps) == 0 {
				t.Errorf("%s %q: cause %+v, %d steps", page.Code, v.Name, d.RootCause, len(d.NextSteps))
				continue
			}
			if got, want := d.NextSteps[0].Text.Format, v.Fixes[0].Text.Format; got != want {
				t.Errorf("%s %q: the first step is %q, want %q", page.Code, v.Name, got, want)
			}
			title := v.Title
			if title == "" {
				title = page.Title
			}
			if got := d.Broke.String(); got != title+"." {
				t.Errorf("%s %q: broke is %q, want %q", page.Code, v.Name, got, title)
			}
		}
	}
}

// TestASkippedCheckIsNoPass checks that the summary names the check that the user skipped.
func TestASkippedCheckIsNoPass(t *testing.T) {
	for _, id := range checkIDs() {
		all := results(nil)
		for i, r := range all {
			if r.Check.ID == id {
				all[i].Check.Short = finding.Textf("this check")
				all[i].Status, all[i].Skip = check.StatusSkip, &check.Skip{Reason: check.NotRequested, ByHand: true, Text: finding.Textf("skipped by you")}
			}
		}
		d := diagnose(Evidence{Results: all, Server: Yes, Local: Yes, Minted: Yes})
		if got := d.Summary.String(); got != "Works as far as checked; you skipped: this check." {
			t.Errorf("%s: %s", id, got)
		}
	}
}

// TestASuspectIsNotCleared refuses a join for a reason that may be the token's content:
// who made the token is cleared only if the room is full.
func TestASuspectIsNotCleared(t *testing.T) {
	for variant, cleared := range map[string]bool{"undecided": false, "metadata": false, "preset": false, "full": true} {
		refused := finding.New(finding.RoomJoinRefused, finding.Fail, "refused").As(variant)
		d := diagnose(Evidence{Results: results(map[string][]finding.Finding{"join.websocket": {refused}}),
			Source: check.SourceTicket, Maker: finding.OwnerTicketService, Server: Yes, Local: Yes})
		if slices.Contains(d.Cleared, finding.OwnerTicketService) != cleared {
			t.Errorf("%s: cleared %v", variant, d.Cleared)
		}
	}
}
