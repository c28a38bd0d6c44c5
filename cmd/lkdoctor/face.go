package main

import (
	"strings"

	"lkdoctor/checks/i18n"
	"lkdoctor/checks/report"
)

// face is how a run is shown.
type face string

const (
	faceJSON  face = "json"
	facePlain face = "plain"
	faceTUI   face = "tui"
)

// surroundings are the conditions on which the face depends.
type surroundings struct {
	json, plain             bool
	term, ci, accessible    string
	stdinIsTTY, stdoutIsTTY bool
}

// chooseFace returns the face for s: JSON for --json; plain text for --plain,
// ACCESSIBLE, CI, a dumb terminal, or a stdin or stdout that is not a terminal; else the
// TUI.
func chooseFace(s surroundings) face {
	switch {
	case s.json:
		return faceJSON
	case s.plain, s.accessible != "", s.ci != "", s.term == "dumb", !s.stdinIsTTY, !s.stdoutIsTTY:
		return facePlain
	}
	return faceTUI
}

// useColor reports whether to use colours. --color takes precedence over NO_COLOR;
// without both, it depends on whether the output is a terminal with colours.
func useColor(flag, noColor, term string, stdoutIsTTY bool) bool {
	switch flag {
	case "always":
		return true
	case "never":
		return false
	}
	return noColor == "" && stdoutIsTTY && term != "dumb"
}

// asciiOnly reports whether the locale is known not to be UTF-8.
func asciiOnly(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := getenv(name); locale != "" {
			return !strings.Contains(strings.ToLower(locale), "utf")
		}
	}
	return false
}

func (a *app) face(f *flags) face {
	_, inTTY := terminal(a.in)
	_, outTTY := terminal(a.out)
	return chooseFace(surroundings{
		json: f.jsonOut, plain: f.plain || f.quiet || f.verbose, term: a.getenv("TERM"), ci: a.getenv("CI"),
		accessible: a.getenv("ACCESSIBLE"), stdinIsTTY: inTTY, stdoutIsTTY: outTTY,
	})
}

func (a *app) style(f *flags) report.Style {
	_, outTTY := terminal(a.out)
	lang := i18n.FromLocale(f.lang, a.getenv)
	return report.Style{
		Color: useColor(f.color, a.getenv("NO_COLOR"), a.getenv("TERM"), outTTY),
		ASCII: asciiOnly(a.getenv), Width: a.columns(), Verbose: f.verbose, Quiet: f.quiet,
		Lang: lang, Translate: i18n.Translator(lang),
	}
}
