package tui

import (
	"bytes"
	"regexp"
	"strconv"
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

// backgroundQuery asks for the background colour (OSC 11), then for the type of the
// terminal (DA1). Every terminal answers DA1, and answers in order. Once that answer is
// read, no answer to OSC 11 can follow and be read as key presses.
const backgroundQuery = "\x1b]11;?\x1b\\" + "\x1b[c"

// answersEnd reports whether data holds the answer to DA1.
func answersEnd(data []byte) bool {
	i := bytes.LastIndex(data, []byte("\x1b[?"))
	return i >= 0 && bytes.IndexByte(data[i:], 'c') > 0
}

// backgroundOf reads the answer to OSC 11 in data: "rgb:RRRR/GGGG/BBBB" with one to four
// hexadecimal digits for each colour.
func backgroundOf(data []byte) (dark, known bool) {
	m := regexp.MustCompile(`\x1b\]11;rgba?:([0-9A-Fa-f]{1,4})/([0-9A-Fa-f]{1,4})/([0-9A-Fa-f]{1,4})`).FindSubmatch(data)
	if m == nil {
		return true, false
	}
	var light [3]float64
	for i, digits := range m[1:] {
		value, err := strconv.ParseUint(string(digits), 16, 16)
		if err != nil {
			return true, false
		}
		light[i] = float64(value) / float64(uint64(1)<<(4*len(digits))-1)
	}
	// The perceived brightness (ITU-R BT.601).
	return 0.299*light[0]+0.587*light[1]+0.114*light[2] < 0.5, true
}

// BackgroundByName reads COLORFGBG, in which rxvt, Konsole and others name their
// colours: "15;0" or "15;default;0". The last number is the background in the palette of
// 16 colours; 7 and 9 to 15 are light.
func BackgroundByName(colorFgBg string) (dark, known bool) {
	number, err := strconv.Atoi(colorFgBg[strings.LastIndexByte(colorFgBg, ';')+1:])
	if err != nil || number < 0 || number > 15 {
		return true, false
	}
	return number < 7 || number == 8, true
}
