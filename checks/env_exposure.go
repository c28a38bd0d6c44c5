package checks

import (
	"context"
	"strings"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/placeholder"
	"lkdoctor/config"
	"lkdoctor/config/clean"
	"lkdoctor/config/secret"
)

// envExposure looks for secrets that others can read.
func (c *Case) envExposure(_ context.Context, _ Ended) Report {
	findings := browserSecrets(c.Settings)
	findings = append(findings, openFiles(c.Settings)...)
	return Report{Findings: append(findings, commandLineSecrets(c.Settings, c.Options.TokenFromStdin)...)}
}

// browserSecrets finds secrets in variables that reach the browser's code: the API
// secret under any name, and variables whose name says that they are secret.
func browserSecrets(s *config.Settings) []Finding {
	var findings []Finding
	for _, name := range s.Env.Names() {
		value, source, _ := s.Env.Lookup(name)
		if value == "" || !config.Exposed(name) {
			continue
		}
		if _, unfilled := placeholder.In(value); unfilled {
			continue
		}
		same := !s.APISecret.Secret.Empty() && secret.New(value).Equal(s.APISecret.Secret)
		means, _ := config.Means(name)
		upper, variant := strings.ToUpper(name), "livekit-secret"
		switch {
		case same, means.Setting == "LIVEKIT_API_SECRET", means.Setting == "LIVEKIT_KEYS":
		case strings.Contains(upper, "SECRET") && strings.Contains(upper, "LIVEKIT"):
		case strings.Contains(upper, "SECRET") && strings.Contains(upper, "API"):
			variant = "other-secret"
		default:
			continue
		}
		shown := clean.Line(name, 80)
		findings = append(findings, finding.New(finding.EnvSecretExposed, finding.Fail,
			"%s in %s is copied into the browser bundle, where everybody can read it", shown, source.String()).As(variant).
			With("variable", shown).With("source", source.String()).With("same_as_api_secret", same))
	}
	return findings
}

// openFiles finds env files that hold the API secret and can be read by other users
// or are in the repository.
func openFiles(s *config.Settings) []Finding {
	var findings []Finding
	for _, f := range s.Files {
		v, has := f.Lookup("LIVEKIT_API_SECRET")
		if !has || v.Value.Empty() {
			continue
		}
		if _, unfilled := placeholder.In(v.Value.Reveal()); unfilled {
			continue
		}
		name := clean.Line(f.Name, 60)
		base := Finding{Code: finding.EnvFilePermissions, Severity: finding.Warn}.With("file", clean.Line(f.Path, 200))
		switch {
		case f.GitTracked:
			base.Message = finding.Textf("%s holds LIVEKIT_API_SECRET and is tracked by git", name)
			findings = append(findings, base.As("tracked").With("git_tracked", true))
		case f.ReadableByOthers:
			base.Message = finding.Textf("%s holds LIVEKIT_API_SECRET and every user of this machine can read it (mode %s)",
				name, f.Mode.Perm().String())
			findings = append(findings, base.As("readable").With("mode", f.Mode.Perm().String()))
		}
	}
	return findings
}

// commandLineSecrets finds secrets among the arguments, which every user can see.
func commandLineSecrets(s *config.Settings, fromStdin bool) []Finding {
	var findings []Finding
	for _, set := range []config.Setting{s.APISecret, s.Token} {
		if set.Source.Kind != config.Flag || set.Flag == "--token" && fromStdin {
			continue
		}
		findings = append(findings, finding.New(finding.EnvSecretOnCommandLine, finding.Info,
			"%s was given on the command line, where other users of this machine can see it", set.Flag).
			As(map[bool]string{true: "token", false: "secret"}[set.Name == s.Token.Name]).
			With("setting", set.Name).With("flag", set.Flag))
	}
	return findings
}
