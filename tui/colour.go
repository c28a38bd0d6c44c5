package tui

import (
	"strings"

	"github.com/muesli/termenv"
)

// ColourMode is the value of --color.
type ColourMode string

// The modes of --color.
const (
	ColourAuto   ColourMode = "auto"
	ColourAlways ColourMode = "always"
	ColourNever  ColourMode = "never"
)

// ColourProfile returns how many colours to use, from the terminal's environment
// variables. noColour reports whether NO_COLOR is set and not empty (no-color.org); mode
// takes precedence over it. The terminal is not asked.
func ColourProfile(mode ColourMode, term, colorTerm string, noColour bool) termenv.Profile {
	if mode == ColourNever || mode != ColourAlways && (noColour || term == "" || term == "dumb") {
		return termenv.Ascii
	}
	return profileOf(strings.ToLower(term), strings.ToLower(colorTerm))
}

func profileOf(term, colorTerm string) termenv.Profile {
	switch {
	case colorTerm == "truecolor" || colorTerm == "24bit":
		// GNU screen does not change COLORTERM, and has 256 colours.
		if strings.HasPrefix(term, "screen") {
			return termenv.ANSI256
		}
		return termenv.TrueColor
	case strings.HasSuffix(term, "-direct"):
		return termenv.TrueColor
	case strings.Contains(term, "256color"), colorTerm != "":
		return termenv.ANSI256
	}
	for _, name := range []string{"alacritty", "foot", "ghostty", "kitty", "wezterm"} {
		if strings.Contains(term, name) {
			return termenv.TrueColor
		}
	}
	return termenv.ANSI
}
