package tui

import (
	"testing"

	"github.com/muesli/termenv"
)

func TestBackgroundOf(t *testing.T) {
	for name, test := range map[string]struct {
		answer      string
		dark, known bool
	}{
		"black":          {"\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?62;c", true, true},
		"white, BEL":     {"\x1b]11;rgb:ffff/ffff/ffff\a\x1b[?6c", false, true},
		"two digits":     {"\x1b]11;rgb:fd/f6/e3\x1b\\", false, true},
		"one digit":      {"\x1b]11;rgb:1/1/1\x1b\\", true, true},
		"with alpha":     {"\x1b]11;rgba:ffff/ffff/ffff/ffff\x1b\\", false, true},
		"blue is dark":   {"\x1b]11;rgb:0000/0000/ffff\x1b\\", true, true},
		"green is light": {"\x1b]11;rgb:0000/ffff/0000\x1b\\", false, true},
		"typed ahead":    {"rq\x1b]11;rgb:ffff/ffff/ffff\a", false, true},
		"DA1 only":       {"\x1b[?1;2c", true, false},
		"nothing":        {"", true, false},
		"cut off":        {"\x1b]11;rgb:ffff/ff", true, false},
		"not numbers":    {"\x1b]11;rgb:zz/zz/zz\a", true, false},
	} {
		if dark, known := backgroundOf([]byte(test.answer)); dark != test.dark || known != test.known {
			t.Errorf("%s: dark %v known %v, want %v %v", name, dark, known, test.dark, test.known)
		}
	}
}

func TestBackgroundByName(t *testing.T) {
	for name, want := range map[string]struct{ dark, known bool }{
		"15;0": {true, true}, "0;15": {false, true}, "0;default;7": {false, true}, "15;default;8": {true, true},
		"": {true, false}, "0;default": {true, false}, "0;16": {true, false}, "0;-1": {true, false},
	} {
		if dark, known := BackgroundByName(name); dark != want.dark || known != want.known {
			t.Errorf("%q: dark %v known %v, want %v", name, dark, known, want)
		}
	}
}

func TestColourProfile(t *testing.T) {
	for _, test := range []struct {
		mode            ColourMode
		term, colorTerm string
		noColour        bool
		want            termenv.Profile
	}{
		{ColourAuto, "xterm-256color", "truecolor", false, termenv.TrueColor},
		{ColourAuto, "xterm-256color", "", false, termenv.ANSI256},
		{ColourAuto, "screen.xterm-256color", "truecolor", false, termenv.ANSI256},
		{ColourAuto, "tmux-256color", "truecolor", false, termenv.TrueColor},
		{ColourAuto, "xterm-kitty", "", false, termenv.TrueColor},
		{ColourAuto, "xterm-direct", "", false, termenv.TrueColor},
		{ColourAuto, "xterm", "", false, termenv.ANSI},
		{ColourAuto, "linux", "", false, termenv.ANSI},
		{ColourAuto, "dumb", "truecolor", false, termenv.Ascii},
		{ColourAuto, "", "", false, termenv.Ascii},
		{ColourAuto, "xterm-256color", "truecolor", true, termenv.Ascii},
		{ColourNever, "xterm-256color", "truecolor", false, termenv.Ascii},
		{ColourAlways, "xterm-256color", "", true, termenv.ANSI256},
		{ColourAlways, "dumb", "", true, termenv.ANSI},
	} {
		if got := ColourProfile(test.mode, test.term, test.colorTerm, test.noColour); got != test.want {
			t.Errorf("%+v: got %v", test, got)
		}
	}
}
