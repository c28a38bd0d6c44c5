package checks

import (
	"fmt"
	"slices"
	"strings"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/placeholder"
	"lkdoctor/config"
	"lkdoctor/config/clean"
	"lkdoctor/config/dotenv"
	"lkdoctor/config/secret"
)

// loaderFindings compares what Next.js and other tools read from one env file: where
// they differ, two halves of one app use different secrets.
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
		content, ofFile := f.Content.Reveal(), []Finding{}
		readings := dotenv.Compare([]byte(content), s.Env.Value)
		for _, v := range wanted {
			if _, unfilled := placeholder.InURL(v.Value.Reveal()); unfilled {
				continue
			}
			if found, differs := loaderFinding(s, f, v, readings); differs {
				ofFile = append(ofFile, found)
			}
		}
		if lines := strings.ReplaceAll(content, "\r\n", "\n"); len(ofFile) > 0 && lines != content {
			ofFile = byLineEnds(f, wanted, ofFile, dotenv.Compare([]byte(lines), s.Env.Value))
		}
		findings = append(findings, ofFile...)
	}
	return findings
}

// byLineEnds replaces the findings that Windows line ends cause by one about these: a
// difference has that cause if it is not in readings, which are without them.
func byLineEnds(f config.EnvFile, wanted []config.EnvVar, findings []Finding, readings []dotenv.Reading) []Finding {
	cured := func(found Finding) bool {
		i := slices.IndexFunc(wanted, func(v config.EnvVar) bool { return v.Name == found.Facts["setting"] })
		return i >= 0 && !disagree(wanted[i], readings)
	}
	i := slices.IndexFunc(findings, cured)
	if i < 0 {
		return findings
	}
	ends := findings[i].As("windows-line-ends")
	ends.Message = finding.Textf(
		"%s has Windows line ends, and some tools take the carriage return for a part of the value", clean.Line(f.Name, 60))
	return append([]Finding{ends}, slices.DeleteFunc(findings, cured)...)
}

// disagree reports whether a loader reads v differently than Next.js.
func disagree(v config.EnvVar, readings []dotenv.Reading) bool {
	return slices.ContainsFunc(readings, func(r dotenv.Reading) bool {
		got := r.Lookup(v.Name)
		return r.Err != nil || got.State == dotenv.Missing || got.State != dotenv.Unknown && !got.Secret.Equal(v.Value)
	})
}

// loaderVariant returns the variant of ENV_LOADERS_DISAGREE for a variable: the
// part of its line that the tools read differently.
func loaderVariant(v config.EnvVar, line string) string {
	value := v.Literal.Reveal()
	switch {
	case v.Name == "LIVEKIT_URL":
		return "url"
	case strings.Contains(value, "$"):
		return "dollar"
	case strings.Contains(value, "#"):
		return "hash"
	case plainValues([]config.EnvVar{v}) && strings.ContainsAny(line, "\"'`"):
		return "quotes"
	}
	return "syntax"
}

// loaderFinding returns the finding about one variable, with a table of what each
// loader reads; false where all of them read the same.
func loaderFinding(s *config.Settings, f config.EnvFile, v config.EnvVar, readings []dotenv.Reading) (Finding, bool) {
	// Each value gets a letter: the table shows which are equal, and shows none.
	var seen []secret.Value
	row := func(name string, value secret.Value) string {
		if value.Empty() {
			return name + ": empty"
		}
		i := slices.IndexFunc(seen, value.Equal)
		if i < 0 {
			i, seen = len(seen), append(seen, value)
		}
		text := fmt.Sprintf("%s: value %c", name, 'A'+rune(i))
		if s.CompareSecrets {
			text += fmt.Sprintf(", %d characters, fingerprint %s", value.Len(), s.Fingerprint(value))
		}
		if value.HasQuotes() {
			text += ", with quotes"
		}
		if value.HasSpace() {
			text += ", with white space"
		}
		return text
	}
	table := []string{row("Next.js", v.Value)}
	var others []string
	for _, r := range readings {
		name := string(r.Loader)
		got := r.Lookup(v.Name)
		switch {
		case r.Err != nil:
			table = append(table, fmt.Sprintf("%s: refuses the file (%s)", name, clean.Line(r.Err.Error(), 100)))
			others = append(others, name)
		case got.State == dotenv.Missing:
			table = append(table, name+": does not see it")
			others = append(others, name)
		case got.State == dotenv.Unknown:
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
	lines := strings.Split(f.Content.Reveal(), "\n")
	line := lines[min(max(v.Line, 1), len(lines))-1]
	result := finding.New(finding.EnvLoadersDisagree, finding.Warn,
		"%s in %s (line %d) is read differently by Next.js and by %s", v.Name, clean.Line(f.Name, 60), v.Line, strings.Join(others, ", ")).
		As(loaderVariant(v, line)).
		With("setting", v.Name).With("file", clean.Line(f.Path, 200)).With("line", v.Line).With("readings", table)
	if result.Variant == "syntax" && !oddLine(line) {
		// Some tools reject the whole file because of another line.
		if i := slices.IndexFunc(lines, func(l string) bool { return oddLine(l) && !strings.HasPrefix(l, "#") }); i >= 0 {
			result = result.With("line", i+1)
		}
	}
	return result, true
}

// plainValues reports whether every loader reads the values of vars alike, so that
// the loaders need not run: they hold only letters, digits and _-:/. as LiveKit's own
// keys and plain addresses do.
func plainValues(vars []config.EnvVar) bool {
	return !slices.ContainsFunc(vars, func(v config.EnvVar) bool {
		return strings.ContainsFunc(v.Value.Reveal(), func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("_-:/.", r)
		})
	})
}

func oddBytes(f config.EnvFile) bool {
	return slices.ContainsFunc(strings.Split(f.Content.Reveal(), "\n"), oddLine)
}

// oddLine reports whether loaders may read a line differently: it is neither a
// plain NAME=value nor a comment.
func oddLine(line string) bool {
	trimmed := strings.TrimRight(line, " ")
	name, value, assigns := strings.Cut(trimmed, "=")
	return strings.ContainsAny(line, "'\"`$\\\r\t;&|()<>") || strings.HasPrefix(line, "\ufeff") ||
		trimmed != "" && !strings.HasPrefix(trimmed, "#") &&
			(!assigns || trimmed != line || strings.ContainsAny(name, " :") || strings.Contains(value, "#") || strings.Contains(value, " "))
}
