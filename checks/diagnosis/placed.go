package diagnosis

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"lkdoctor/checks/finding"
)

// This file adapts the lines of a fix to the source of the setting: pages write them
// for an env file, and a setting may come from a flag or from the shell.

// envBlock is the Lang of lines of an env file in pages.
const envBlock = "env"

// placed returns fix in the form of its source: the file's name above the lines, export
// for a shell, the whole command for a flag. Lines for other programs stay.
func (e Evidence) placed(fix finding.Fix, values map[string]string) finding.Fix {
	source := sourceOf(fix, values)
	if source == "command line" {
		source = values["service_setting"]
	}
	for i, b := range fix.Code {
		if b.Lang != envBlock {
			continue
		}
		switch {
		case source == "environment":
			fix.Code[i] = finding.Block{Lang: "shell", Text: assignment.ReplaceAllString(b.Text, "export $1=")}
		case strings.HasPrefix(source, "--"):
			name, value, single := strings.Cut(b.Text, "=")
			if fix.Command != "" || !single || strings.Contains(value, "\n") || strings.Contains(name, "SECRET") {
				continue
			}
			args := slices.Concat([]string{"lkdoctor"}, without(strings.Fields(e.Again), source), []string{source, value})
			fix.Command = strings.Join(args, " ")
			fix.Code = slices.Delete(slices.Clone(fix.Code), i, i+1)
			return fix
		case envFile.MatchString(source):
			fix.Code[i].Lang = source
		}
	}
	return fix
}

var (
	assignment = regexp.MustCompile(`(?m)^([A-Z][A-Z0-9_]*)=`)
	envFile    = regexp.MustCompile(`^[A-Za-z0-9_./-]*\.env[A-Za-z0-9_.-]*$`)
)

// sourceOf returns the source that the sentence of fix names, or "".
func sourceOf(fix finding.Fix, values map[string]string) string {
	for _, slot := range finding.Slots(fix.Text.Format) {
		if isSource(slot) && values[slot] != "" {
			return values[slot]
		}
	}
	return ""
}

func without(args []string, flag string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		if args[i] == flag {
			i++
			continue
		}
		if !strings.HasPrefix(args[i], flag+"=") {
			out = append(out, args[i])
		}
	}
	return out
}

// SourceText returns a source as part of a sentence: the name of a file or a flag.
func SourceText(source string) finding.Text {
	switch source {
	case "environment":
		return finding.Textf("environment")
	case "command line":
		return finding.Textf("command line")
	case "not set":
		return finding.Textf("not set")
	}
	return finding.Textf("%s", source)
}

// sourceTexts returns sentences and the sources among values as translatable texts.
func sourceTexts(values map[string]string, sentences map[string]finding.Text) map[string]finding.Text {
	out := map[string]finding.Text{}
	for name, value := range values {
		if text := SourceText(value); isSource(name) && len(text.Args) == 0 {
			out[name] = text
		}
	}
	maps.Copy(out, sentences)
	return out
}

func isSource(slot string) bool { return slot == "source" || strings.HasSuffix(slot, "_source") }
