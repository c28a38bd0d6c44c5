package checks

import (
	"fmt"
	"slices"
	"strings"

	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
	"lkdoctor/config"
	"lkdoctor/config/loaders"
)

// loaderFindings compares what Next.js reads for a LiveKit setting with what
// the other tools read that run on the same env file: where they differ, two
// halves of one app sign with different secrets.
func loaderFindings(s *config.Settings) []Finding {
	var findings []Finding
	for _, f := range s.Files {
		var wanted []config.EnvVar
		for _, name := range []string{"LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"} {
			if v, has := f.Lookup(name); has {
				wanted = append(wanted, v)
			}
		}
		if len(wanted) == 0 || f.Err != nil || plainValues(wanted) && !oddBytes(f) {
			continue
		}
		readings := loaders.Compare([]byte(f.Content.Reveal()), s.Env.Value)
		for _, v := range wanted {
			if finding, differs := loaderFinding(f, v, readings); differs {
				findings = append(findings, finding)
			}
		}
	}
	return findings
}

// loaderFinding is the table for one variable, as lengths and fingerprints.
func loaderFinding(f config.EnvFile, v config.EnvVar, readings []loaders.Reading) (Finding, bool) {
	table := []string{row("Next.js", v.Value)}
	var others []string
	for _, r := range readings {
		name := r.Loader.String()
		got := r.Lookup(v.Name)
		switch {
		case r.Err != nil:
			table = append(table, fmt.Sprintf("%s: refuses the file (%s)", name, clean.Line(r.Err.Error(), 100)))
			others = append(others, name)
		case got.State == loaders.Missing:
			table = append(table, name+": does not see it")
			others = append(others, name)
		case got.State == loaders.Unknown:
			table = append(table, fmt.Sprintf("%s: not known (%s)", name, clean.Line(got.Why, 100)))
		case got.Secret.Equal(v.Value):
			table = append(table, name+": the same")
		default:
			table = append(table, row(name, got.Secret))
			others = append(others, name)
		}
	}
	if len(others) == 0 {
		return Finding{}, false
	}
	return finding.New(finding.EnvLoadersDisagree, finding.Warn,
		"%s in %s (line %d) is read differently by Next.js and by %s", v.Name, clean.Line(f.Name, 60), v.Line, strings.Join(others, ", ")).
		With("setting", v.Name).With("file", clean.Line(f.Name, 60)).With("line", v.Line).With("readings", table), true
}

func row(name string, s config.Secret) string {
	text := fmt.Sprintf("%s: %d characters, fingerprint %s", name, s.Len(), s.Fingerprint())
	if s.Empty() {
		text = name + ": empty"
	}
	flags := s.Flags()
	if flags.Quotes {
		text += ", with quotes"
	}
	if flags.Whitespace {
		text += ", with white space"
	}
	return text
}

// plainValues tells that the values are the kind that every loader reads alike,
// so that they need not all be run: what LiveKit makes, and plain addresses.
func plainValues(vars []config.EnvVar) bool {
	return !slices.ContainsFunc(vars, func(v config.EnvVar) bool {
		return strings.ContainsFunc(v.Value.Reveal(), func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("_-:/.", r)
		})
	})
}

// oddBytes tells whether a file holds anything but NAME=value lines and
// comments, by the characters at which loaders differ.
func oddBytes(f config.EnvFile) bool {
	content := f.Content.Reveal()
	if strings.ContainsAny(content, "'\"`$\\\r\t;&|()<>") || strings.HasPrefix(content, "\ufeff") {
		return true
	}
	for _, line := range strings.Split(content, "\n") {
		trimmed := strings.TrimRight(line, " ")
		name, value, assigns := strings.Cut(trimmed, "=")
		switch {
		case trimmed == "" || strings.HasPrefix(trimmed, "#"):
		case !assigns, trimmed != line, strings.ContainsAny(name, " :"), strings.Contains(value, "#"), strings.Contains(value, " "):
			return true
		}
	}
	return false
}
