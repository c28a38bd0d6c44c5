package diagnosis

import (
	"slices"
	"strings"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// This file judges results together. A lint examines what a text looks like, a probe
// what it does: if both are about the same thing, the probe is right.

// settled returns the results as all evidence supports them, without refuted findings.
func (e Evidence) settled(results []check.Result) []check.Result {
	out := slices.Clone(results)
	confirmed := confirmedBy(results)
	for i, r := range out {
		findings := make([]finding.Finding, 0, len(r.Findings))
		for _, f := range r.Findings {
			if !e.refuted(f) {
				findings = append(findings, e.settle(r.Check.ID, f, confirmed))
			}
		}
		if r.Status != check.StatusSkip && r.Status != check.StatusError {
			r.Status = check.StatusOf(findings)
		}
		r.Findings = findings
		out[i] = r
	}
	return out
}

// MayBeRefuted reports whether a later check may refute a finding, so that a face
// should not show it before the run has ended.
func MayBeRefuted(f finding.Finding) bool {
	return oddPair(f) || slices.Contains([]finding.Code{finding.EnvURLPath, finding.EnvURLMediaPort, finding.EnvURLInsecure,
		finding.TicketURLDiffers}, f.Code)
}

func oddPair(f finding.Finding) bool {
	setting := f.Facts["setting"]
	return (setting == "LIVEKIT_API_KEY" || setting == "LIVEKIT_API_SECRET") && slices.Contains([]finding.Code{finding.EnvPlaceholder,
		finding.EnvValueQuoted, finding.EnvValueWhitespace, finding.EnvKeySecretSwapped, finding.EnvCloudLocalMix}, f.Code)
}

// refuted reports whether a probe has shown that f is no fault, or a part of another.
func (e Evidence) refuted(f finding.Finding) bool {
	switch f.Code {
	case finding.EnvURLPath:
		// A proxy serves LiveKit under this path, or the finding of join.reach says more.
		return f.Variant != "query" && (e.passed("join.reach") || e.found(func(l check.Located) bool {
			return l.Finding.Code == finding.ServerPathPrefix || strings.HasPrefix(l.Finding.Variant, "unstripped")
		}))
	case finding.EnvURLMediaPort:
		return e.passed("join.reach") || e.found(func(l check.Located) bool { return l.Finding.Variant == "media-port" })
	case finding.EnvURLInsecure:
		return e.failed("join.reach")
	case finding.TicketURLDiffers:
		return e.found(badAddress)
	}
	return oddPair(f) && e.Minted == Yes
}

// badAddress reports whether an address that a finding names leads to no LiveKit.
func badAddress(l check.Located) bool {
	return slices.Contains([]finding.Code{finding.ServerDNS, finding.ServerRefused, finding.ServerTimeout, finding.ServerSilent,
		finding.ServerReset, finding.ServerTLS, finding.ServerNotLiveKit, finding.ServerPathPrefix, finding.EnvURLInvalid}, l.Finding.Code)
}

// settle adjusts the variant and severity of f, a finding of check id, to the other
// evidence:
//   - If the call uses another server, and that one works, LIVEKIT_URL is out of date.
//   - If the server accepts the token, another key than the one here and a placeholder in
//     the token are only warnings, and names above LiveKit's default limits are no fault.
//   - If the server accepts a token made here, a party that signs with another secret is
//     wrong.
//   - A warning about the token becomes a failure if the server refuses it for that
//     reason. So does a warning about a value that hides another one, or is read otherwise
//     than it is written, if it does not work.
func (e Evidence) settle(id string, f finding.Finding, confirmed finding.Code) finding.Finding {
	page, _ := catalogue.Lookup(f.Code)
	_, mayBeStale := page.Variant("stale-url")
	switch {
	case mayBeStale && id == "join.reach" && e.OwnURL && e.Server == Yes:
		f.Variant = "stale-url"
	case f.Code == finding.SignatureOtherKey && e.Server == Yes:
		f.Severity, f.Variant = finding.Warn, "accepted"
	case f.Code == finding.SignatureOtherKey && f.Variant == "other-project" && e.Minted == Yes,
		f.Code == finding.SignatureMismatch && e.Minted == Yes:
		f.Variant = "signer"
	case f.Code == finding.TokenLimits && (f.Variant == "room" || f.Variant == "identity") && e.Server == Yes:
		f.Severity = finding.Info // SERVER_VERDICT_UNEXPECTED warns of other servers
	case f.Code == finding.TokenPlaceholder && f.Severity == finding.Fail && e.Server == Yes:
		f.Severity = finding.Warn
	case f.Code == finding.EnvValueExpanded && e.expansionFails(f):
		f.Severity, f.Variant = finding.Fail, f.Variant+"-refused"
	case f.Code == finding.EnvValueExpanded && e.Minted == Yes:
		f.Variant += "-accepted"
	case f.Code == confirmed && f.Severity == finding.Warn, f.Code == finding.EnvValueShadowed && e.shadowFails(f):
		f.Severity = finding.Fail
	}
	return f
}

// confirmedBy returns the code of the warning that the server's refusal confirms.
func confirmedBy(results []check.Result) finding.Code {
	confirms := map[string]finding.Code{
		"issued-in-future": finding.TokenIssuedInFuture, "no-expiry": finding.TokenNoExpiry, "claim-type": finding.TokenTimeUnit,
		"no-room-join": finding.TokenGrantMisnamed, "no-grant": finding.TokenGrantMisnamed, "no-room": finding.TokenGrantMisnamed,
	}
	for _, l := range check.Locate(results, finding.Fail) {
		if code := confirms[l.Finding.Variant]; code != "" && l.Finding.Code == finding.ServerTokenRejected {
			return code
		}
	}
	return ""
}

// shadowFails reports whether the value that hides another one did not work. The fault
// is then a stale export in the shell, not the host at its address.
func (e Evidence) shadowFails(f finding.Finding) bool {
	if f.Variant != "shell" {
		return false
	}
	switch f.Facts["setting"] {
	case "LIVEKIT_URL":
		return e.found(func(l check.Located) bool {
			return l.Check == "join.reach" && badAddress(l) || l.Finding.Code == finding.EnvURLInvalid
		}) || e.Minted == No && e.madeHere() && e.hidesPair()
	case "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET":
		return e.Minted == No && e.madeHere()
	}
	return false
}

// hidesPair reports whether the shell hides another key or secret, of which an address
// that it hides too is a part.
func (e Evidence) hidesPair() bool {
	return slices.ContainsFunc(check.Locate(e.Results, finding.Warn), func(l check.Located) bool {
		return l.Finding.Code == finding.EnvValueShadowed && l.Finding.Variant == "shell" && l.Finding.Facts["setting"] != "LIVEKIT_URL" &&
			e.shadowFails(l.Finding)
	})
}

// expansionFails reports whether the server refuses the key or secret as Next.js reads
// it, or accepts a token that is signed with the secret as it is written.
func (e Evidence) expansionFails(f finding.Finding) bool {
	refusal := finding.ServerSignatureRejected
	if f.Facts["setting"] == "LIVEKIT_API_KEY" {
		refusal = finding.ServerKeyUnknown
	}
	return e.found(func(l check.Located) bool {
		if l.Finding.Code == finding.SignatureSecretVariant {
			return f.Facts["setting"] == "LIVEKIT_API_SECRET" && l.Finding.Facts["variant"] == "as-written" && e.Server == Yes
		}
		return l.Finding.Code == refusal && e.madeHere()
	})
}

// found reports whether such is true of any failure of the run.
func (e Evidence) found(such func(check.Located) bool) bool {
	return slices.ContainsFunc(check.Locate(e.Results, finding.Fail), such)
}
