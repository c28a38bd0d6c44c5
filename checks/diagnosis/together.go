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

// settled returns the results without refuted findings, and with the severities and
// variants that all evidence supports.
func (e Evidence) settled(results []check.Result) []check.Result {
	out := slices.Clone(results)
	confirmed := confirmedBy(results)
	for i, r := range out {
		findings := make([]Finding, 0, len(r.Findings))
		for _, f := range r.Findings {
			if !e.refuted(f) {
				findings = append(findings, e.settle(e.stale(r.Check.ID, f), confirmed))
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
func MayBeRefuted(f Finding) bool {
	switch f.Code {
	case finding.EnvURLPath, finding.EnvURLMediaPort, finding.EnvURLInsecure, finding.TicketURLDiffers:
		return true
	}
	return oddPair(f)
}

// oddPair reports whether f is about the form of key or secret.
func oddPair(f Finding) bool {
	if setting := f.Facts["setting"]; setting != "LIVEKIT_API_KEY" && setting != "LIVEKIT_API_SECRET" {
		return false
	}
	switch f.Code {
	case finding.EnvPlaceholder, finding.EnvValueQuoted, finding.EnvValueWhitespace, finding.EnvKeySecretSwapped, finding.EnvCloudLocalMix:
		return true
	}
	return false
}

// refuted reports whether a probe has shown that f is no fault, or found a fault that
// includes it.
func (e Evidence) refuted(f Finding) bool {
	switch f.Code {
	case finding.EnvURLPath:
		// A proxy serves LiveKit under this path, or the finding of join.reach says more.
		return f.Variant != "query" && (e.passed("join.reach") || e.found(func(l Located) bool {
			return l.Finding.Code == finding.ServerPathPrefix || strings.HasPrefix(l.Finding.Variant, "unstripped")
		}))
	case finding.EnvURLMediaPort:
		return e.passed("join.reach") || e.found(func(l Located) bool { return l.Finding.Variant == "media-port" })
	case finding.EnvURLInsecure:
		return e.failed("join.reach")
	case finding.TicketURLDiffers:
		return e.found(badAddress)
	}
	return oddPair(f) && e.Minted == Yes
}

// badAddress reports whether a finding is about an address that leads to no LiveKit
// server.
func badAddress(l Located) bool {
	switch l.Finding.Code {
	case finding.ServerDNS, finding.ServerRefused, finding.ServerTimeout, finding.ServerSilent, finding.ServerReset, finding.ServerTLS,
		finding.ServerNotLiveKit, finding.ServerPathPrefix, finding.EnvURLInvalid:
		return true
	}
	return false
}

// settle adjusts f to the other evidence. A token with another key than the one here,
// or an odd one, is no fault once the server has accepted it. A warning about the
// token becomes a failure once the server has refused it for that reason, and so does
// a value that hides another one once it did not work. A signer with another secret
// than the server's is wrong.
func (e Evidence) settle(f Finding, confirmed Code) Finding {
	switch {
	case f.Code == finding.SignatureOtherKey && e.Server == Yes:
		f.Severity, f.Variant = finding.Warn, "accepted"
	case f.Code == finding.SignatureOtherKey && f.Variant == "other-project" && e.Minted == Yes:
		f.Variant = "signer"
	case f.Code == finding.TokenPlaceholder && f.Severity == finding.Fail && e.Server == Yes:
		f.Severity = finding.Warn
	case f.Code == finding.SignatureMismatch && e.Minted == Yes:
		f.Variant = "signer"
	case f.Code == confirmed && f.Severity == finding.Warn, f.Code == finding.EnvValueShadowed && e.shadowFails(f):
		f.Severity = finding.Fail
	}
	return f
}

// confirmedBy returns the code of the warning about the token that the server's
// refusal confirms, or "".
func confirmedBy(results []check.Result) Code {
	for _, l := range check.Locate(results, finding.Fail) {
		if l.Finding.Code != finding.ServerTokenRejected {
			continue
		}
		switch l.Finding.Variant {
		case "issued-in-future":
			return finding.TokenIssuedInFuture
		case "no-expiry":
			return finding.TokenNoExpiry
		case "claim-type":
			return finding.TokenTimeUnit
		case "no-room-join", "no-grant", "no-room":
			return finding.TokenGrantMisnamed
		}
	}
	return ""
}

// shadowFails reports whether the value that hides another one did not work. The fault
// is then a stale export in the shell, not the host at its address.
func (e Evidence) shadowFails(f Finding) bool {
	if f.Variant != "shell" {
		return false
	}
	switch f.Facts["setting"] {
	case "LIVEKIT_URL":
		return e.found(func(l Located) bool {
			return l.Check == "join.reach" && badAddress(l) || l.Finding.Code == finding.EnvURLInvalid
		})
	case "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET":
		return e.Minted == No && e.madeHere()
	}
	return false
}

// stale sets the variant of a finding about LIVEKIT_URL if the call uses another
// server that works, so that LIVEKIT_URL is out of date.
func (e Evidence) stale(id string, f Finding) Finding {
	if page, _ := catalogue.Lookup(f.Code); id == "join.reach" && e.OwnURL && e.Server == Yes {
		if _, has := page.Variant("stale-url"); has {
			f.Variant = "stale-url"
		}
	}
	return f
}

// found reports whether such is true of any failure of the run.
func (e Evidence) found(such func(Located) bool) bool {
	return slices.ContainsFunc(check.Locate(e.Results, finding.Fail), such)
}
