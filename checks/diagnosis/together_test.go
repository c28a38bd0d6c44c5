package diagnosis

import (
	"slices"
	"testing"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// TestJudgedTogether checks that the result of a probe removes a finding about the
// settings or makes it the root cause.
func TestJudgedTogether(t *testing.T) {
	about := func(code Code, severity finding.Severity, setting string) Finding {
		return finding.New(code, severity, "seen").With("setting", setting)
	}
	refused := map[string][]Finding{"join.reach": fail(finding.ServerRefused)}
	with := func(findings map[string][]Finding, id string, f Finding) map[string][]Finding {
		out := map[string][]Finding{id: {f}}
		for other, list := range findings {
			out[other] = list
		}
		return out
	}
	path := about(finding.EnvURLPath, finding.Warn, "LIVEKIT_URL").As("path")
	port := about(finding.EnvURLMediaPort, finding.Warn, "LIVEKIT_URL")
	insecure := about(finding.EnvURLInsecure, finding.Warn, "LIVEKIT_URL")
	differs := finding.New(finding.TicketURLDiffers, finding.Warn, "seen")
	quoted := about(finding.EnvValueQuoted, finding.Fail, "LIVEKIT_API_SECRET")
	shell := func(setting string) Finding {
		return about(finding.EnvValueShadowed, finding.Warn, setting).As("shell")
	}
	minted := Evidence{Source: check.SourceMinted}
	for name, tt := range map[string]struct {
		findings map[string][]Finding
		evidence Evidence
		gone     Code // the code that is removed, or ""
		cause    Code
	}{
		"LiveKit answers under the path":        {map[string][]Finding{"env.livekit": {path}}, minted, finding.EnvURLPath, ""},
		"a query stays":                         {map[string][]Finding{"env.livekit": {path.As("query")}}, minted, "", finding.EnvURLPath},
		"LiveKit is at the root":                {with(map[string][]Finding{"join.reach": fail(finding.ServerPathPrefix)}, "env.livekit", path), minted, "", finding.ServerPathPrefix},
		"signalling on the media port":          {map[string][]Finding{"env.livekit": {port}}, minted, finding.EnvURLMediaPort, ""},
		"unencrypted, and dead":                 {with(refused, "env.livekit", insecure), minted, finding.EnvURLInsecure, finding.ServerRefused},
		"unencrypted, and alive":                {map[string][]Finding{"env.livekit": {insecure}}, minted, "", finding.EnvURLInsecure},
		"two addresses, one dead":               {with(refused, "ticket.consume", differs), Evidence{Source: check.SourceTicket}, finding.TicketURLDiffers, finding.ServerRefused},
		"two addresses that work":               {map[string][]Finding{"ticket.consume": {differs}}, Evidence{Source: check.SourceTicket}, "", finding.TicketURLDiffers},
		"an odd secret that the server accepts": {map[string][]Finding{"env.livekit": {quoted}}, Evidence{Source: check.SourceMinted, Minted: Yes}, finding.EnvValueQuoted, ""},
		"an odd secret that signed the refused token": {with(map[string][]Finding{"signature.server": fail(finding.ServerSignatureRejected)}, "env.livekit", quoted),
			Evidence{Source: check.SourceFrontend, Local: Yes, Server: No, Minted: No}, "", finding.EnvValueQuoted},
		"an odd secret that signed nothing": {with(map[string][]Finding{"signature.server": fail(finding.ServerSignatureRejected)}, "env.livekit", quoted),
			Evidence{Source: check.SourceTicket, Maker: finding.OwnerTicketService, Local: No, Server: No, Minted: No}, "", finding.ServerSignatureRejected},
		"a stale address in the shell":       {with(refused, "env.files", shell("LIVEKIT_URL")), minted, "", finding.EnvValueShadowed},
		"a good address in the shell":        {map[string][]Finding{"env.files": {shell("LIVEKIT_URL")}}, minted, "", finding.EnvValueShadowed},
		"a dead address, and a shell secret": {with(refused, "env.files", shell("LIVEKIT_API_SECRET")), minted, "", finding.ServerRefused},
		"a stale secret in the shell": {with(map[string][]Finding{"fallback.mint": fail(finding.ServerSignatureRejected)}, "env.files", shell("LIVEKIT_API_SECRET")),
			Evidence{Source: check.SourceMinted, Minted: No}, "", finding.EnvValueShadowed},
	} {
		t.Run(name, func(t *testing.T) {
			tt.evidence.Results = results(tt.findings)
			settled, d := Conclude(tt.evidence)
			for _, r := range settled {
				if slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == tt.gone }) {
					t.Errorf("%s is still reported", tt.gone)
				}
				if r.Status != check.StatusOf(r.Findings) {
					t.Errorf("%s has the status %s with %v", r.Check.ID, r.Status, r.Findings)
				}
			}
			var cause Code
			if d.RootCause != nil {
				cause = d.RootCause.Code
			}
			if cause != tt.cause {
				t.Errorf("the cause is %q, want %q", cause, tt.cause)
			}
			for _, f := range slices.Concat(tt.findings["env.livekit"], tt.findings["ticket.consume"]) {
				if tt.gone == f.Code && !MayBeRefuted(f) {
					t.Errorf("%s is taken back, and MayBeRefuted does not say so", f.Code)
				}
			}
		})
	}
}
