package checks

import (
	"context"
	"slices"

	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/report"
	"lkdoctor/checks/token"
	"lkdoctor/config"
	"lkdoctor/config/clean"
	"lkdoctor/config/secret"
)

// Inspect judges a token by its text and by the key and secret of c's settings. It
// runs the checks that ask no server.
func Inspect(ctx context.Context, raw string, c *Case) report.Inspection {
	settings := *c.Settings
	settings.Token = config.Setting{Name: "LIVEKIT_TOKEN", Flag: "--token", Secret: secret.New(raw),
		Source: config.Source{Kind: config.Flag}}
	own := &Case{Settings: &settings, Options: Options{Pasted: c.Options.Pasted}, Now: c.Now, Net: c.Net, Redact: c.Redact, Nonce: c.Nonce}
	plan, hide := own.plan()
	alone := []string{"token.format", "token.claims", "token.time", "signature.local"}
	plan.Select = check.Selection{LeaveOut: func(s Spec) Text {
		if slices.Contains(alone, s.ID) {
			return Text{}
		}
		return finding.Textf("not run: only the token itself is looked at")
	}}
	results, _ := diagnosis.Conclude(hideInEvidence(hide(), own.evidence(plan.Execute(ctx, func(check.Event) {}))))

	// A claim may hold a secret of this run.
	out := hide().HideIn(inspection(own.given().Token)).(report.Inspection)
	out.Pasted, out.At = c.Options.Pasted, c.Now()
	if local := own.local(); local != nil {
		out.Signature = string(*local)
	}
	for _, severity := range []finding.Severity{finding.Fail, finding.Warn, finding.Info} {
		out.Findings = append(out.Findings, check.Locate(results, severity)...)
	}
	summary := check.Summarise(results)
	out.Status = summary.Worst()
	switch {
	case summary.Error > 0:
		out.ExitCode = check.ExitDoctor
	case summary.Fail > 0:
		out.ExitCode = check.ExitFailed
	}
	return out
}

func inspection(t *token.Token) report.Inspection {
	out := report.Inspection{
		Decoded: t.Decoded, Header: t.HeaderJSON(), Claims: t.ClaimsJSON(), Length: t.Shape.Length, Signature: string(token.Unknown),
		Identity: clean.Line(t.Identity(), 80), Room: clean.Line(t.Room(), 80),
		IssuedAt: t.Claims.IssuedAt, NotBefore: t.Claims.NotBefore, ExpiresAt: t.Claims.ExpiresAt,
	}
	if v := t.Claims.Video; v != nil {
		out.Grants = &report.Grants{RoomJoin: v.RoomJoin, CanPublish: v.GetCanPublish(), CanSubscribe: v.GetCanSubscribe(),
			CanPublishData: v.GetCanPublishData()}
		for _, source := range v.CanPublishSources[:min(8, len(v.CanPublishSources))] {
			out.Grants.CanPublishSources = append(out.Grants.CanPublishSources, clean.Line(source, 40))
		}
	}
	return out
}
