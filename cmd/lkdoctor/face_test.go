package main

import "testing"

func TestChooseFace(t *testing.T) {
	terminal := surroundings{term: "xterm-256color", stdinIsTTY: true, stdoutIsTTY: true}
	for name, tt := range map[string]struct {
		change func(*surroundings)
		want   face
	}{
		"a terminal":               {func(*surroundings) {}, faceTUI},
		"--json":                   {func(s *surroundings) { s.json = true }, faceJSON},
		"--json in a pipe":         {func(s *surroundings) { s.json, s.stdoutIsTTY = true, false }, faceJSON},
		"--plain":                  {func(s *surroundings) { s.plain = true }, facePlain},
		"ACCESSIBLE":               {func(s *surroundings) { s.accessible = "1" }, facePlain},
		"CI":                       {func(s *surroundings) { s.ci = "true" }, facePlain},
		"TERM=dumb":                {func(s *surroundings) { s.term = "dumb" }, facePlain},
		"stdin is no terminal":     {func(s *surroundings) { s.stdinIsTTY = false }, facePlain},
		"stdout is no terminal":    {func(s *surroundings) { s.stdoutIsTTY = false }, facePlain},
		"--json beats all of them": {func(s *surroundings) { s.json, s.accessible, s.ci = true, "1", "1" }, faceJSON},
	} {
		t.Run(name, func(t *testing.T) {
			s := terminal
			tt.change(&s)
			if got := chooseFace(s); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestUseColor(t *testing.T) {
	for _, tt := range []struct {
		flag, noColor, term string
		tty, want           bool
	}{
		{"auto", "", "xterm", true, true}, {"auto", "1", "xterm", true, false}, {"auto", "", "dumb", true, false},
		{"auto", "", "xterm", false, false}, {"always", "1", "dumb", false, true}, {"never", "", "xterm", true, false},
	} {
		if got := useColor(tt.flag, tt.noColor, tt.term, tt.tty); got != tt.want {
			t.Errorf("%+v: got %v", tt, got)
		}
	}
}

func TestASCIIOnly(t *testing.T) {
	for locale, want := range map[string]bool{"": false, "C": true, "en_US.UTF-8": false, "zh_CN.utf8": false, "de_DE.ISO-8859-1": true} {
		if got := asciiOnly(func(name string) string {
			if name == "LANG" {
				return locale
			}
			return ""
		}); got != want {
			t.Errorf("LANG=%q: got %v", locale, got)
		}
	}
}
