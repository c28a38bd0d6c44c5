package checks

import (
	"context"
	"errors"
	"io/fs"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/placeholder"
	"lkdoctor/config"
	"lkdoctor/config/clean"
	"lkdoctor/config/dotenv"
)

// envFiles checks that the env files can be read, and reports hidden values.
func (c *Case) envFiles(_ context.Context, _ Ended) Report {
	findings := unreadableFiles(c.Settings.Files)
	for _, s := range c.Settings.All() {
		findings = append(findings, hiddenValues(c.Settings, *s)...)
		findings = append(findings, expandedValue(c.Settings, *s)...)
	}
	return Report{Findings: append(findings, loaderFindings(c.Settings)...), Outcome: filesOutcome(c.Settings)}
}

func filesOutcome(s *config.Settings) Outcome {
	names := []string{}
	for _, f := range s.Files {
		if f.Exists && f.Err == nil {
			names = append(names, f.Name)
		}
	}
	if len(names) == 0 {
		return Outcome{Text: finding.Textf("no env files in %s", clean.Line(s.Dir, 60))}
	}
	return Outcome{Text: finding.Textf("read %s", finding.Listed(names)), Facts: Facts{"files": names}}
}

func unreadableFiles(files []config.EnvFile) []Finding {
	var findings []Finding
	for _, f := range files {
		if f.Err == nil {
			continue
		}
		variant := "unreadable"
		for err, known := range map[error]string{
			fs.ErrPermission: "permission", config.ErrUTF16: "utf-sixteen", config.ErrBrokenLink: "broken-link",
			config.ErrNotRegular: "not-a-file", config.ErrTooLarge: "too-large", dotenv.ErrExpansion: "endless-reference",
		} {
			if errors.Is(f.Err, err) {
				variant = known
			}
		}
		findings = append(findings, finding.New(finding.EnvFileUnreadable, finding.Fail,
			"%s cannot be used: %s", clean.Line(f.Name, 60), clean.Line(f.Err.Error(), 160)).As(variant).
			With("file", clean.Line(f.Path, 200)))
	}
	return findings
}

// hiddenValues reports lower sources that hold another value of s. A flag or a
// chosen project hides others on purpose and is not reported.
func hiddenValues(all *config.Settings, s config.Setting) []Finding {
	if s.Source.Kind != config.Environment && s.Source.Kind != config.File {
		return nil
	}
	variant := "file"
	if s.Source.Kind == config.Environment {
		variant = "shell"
	}
	for _, hidden := range s.Shadows {
		_, unfilled := placeholder.InURL(hidden.Secret.Reveal())
		if !hidden.Differs || hidden.Secret.Empty() || unfilled && !s.Secret.Empty() {
			continue
		}
		f := finding.New(finding.EnvValueShadowed, finding.Warn,
			"%s comes from %s, and hides a different value in %s", s.Name, s.Source.String(), hidden.Source.String()).As(variant).
			With("setting", s.Name).With("source", s.Source.String()).With("hides", hidden.Source.String())
		switch {
		case s.Secret.Empty():
			f.Code, f.Severity = finding.EnvValueEmptied, finding.Fail
			f.Message = finding.Textf("%s is set to nothing in %s, and that hides the value in %s",
				s.Name, s.Source.String(), hidden.Source.String())
		case all.CompareSecrets:
			f = f.With("fingerprint", all.Fingerprint(s.Secret)).With("hidden_fingerprint", all.Fingerprint(hidden.Secret))
		}
		return []Finding{f}
	}
	return nil
}

// expandedValue reports a key or secret that Next.js changes while it reads it.
func expandedValue(all *config.Settings, s config.Setting) []Finding {
	if s.Name != "LIVEKIT_API_KEY" && s.Name != "LIVEKIT_API_SECRET" {
		return nil
	}
	variant, format := "dollar", "%s in %s holds a $, which Next.js expands: it reads another value than is written there"
	switch {
	case s.Expanded:
	case s.CutAtHash:
		variant, format = "hash", "%s in %s holds a #, where Next.js cuts it: it reads a shorter value than is written there"
	default:
		return nil
	}
	f := finding.New(finding.EnvValueExpanded, finding.Warn, format, s.Name, s.Source.String()).As(variant).
		With("setting", s.Name).With("source", s.Source.String()).With("line", s.Line)
	if all.CompareSecrets {
		f = f.With("length_written", s.Literal.Len()).With("length_read", s.Secret.Len())
	}
	return []Finding{f}
}
