package checks

import (
	"time"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/token"
)

// Inspection is a token looked at without any network.
type Inspection struct {
	Token *token.Token
	// Pasted says what the token was found in, when it was pasted with something
	// around it.
	Pasted   Text
	Verdict  token.Verdict
	Findings []Located
	Status   Status
	ExitCode int
	// At is the time by this machine's clock that the token was judged at.
	At time.Time
}

// Inspect judges a token by its text alone, and by the key and secret that the
// settings hold. It asks nobody.
func Inspect(raw string, c *Case) Inspection {
	parsed, format := token.Parse(raw)
	c.Token = parsed.Effective()
	out := Inspection{Token: c.Token, Pasted: c.Options.Pasted, Verdict: token.Unknown, At: c.Now()}
	add := func(check string, findings []Finding) {
		for _, f := range withFixes(byMaker(c, findings)) {
			out.Findings = append(out.Findings, Located{Check: check, Finding: f})
		}
	}
	add("token.format", format)
	if c.Token.Decoded {
		add("token.claims", token.Lint(c.Token, finding.OwnerMaker))
		add("token.time", token.Time(c.Token, token.Clocks{Local: out.At}))
		verdict, findings := token.Signature(c.Token, c.Settings.APIKey.Value, c.Settings.APISecret.Secret.Reveal(), c.candidates())
		out.Verdict = verdict
		add("signature.local", findings)
	}
	all := make([]Finding, 0, len(out.Findings))
	for _, l := range out.Findings {
		all = append(all, l.Finding)
	}
	out.Status = statusOf(all)
	if out.Status == StatusFail {
		out.ExitCode = ExitFailed
	}
	return out
}
