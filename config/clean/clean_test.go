package clean

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		limit    int
		want     string
	}{
		{"plain", "invalid API key", 80, "invalid API key"},
		{"empty", "", 80, ""},
		{"no room", "abc", 0, ""},
		{"exact", "abc", 3, "abc"},
		{"cut", "abcd", 3, "ab…"},
		{"cut to one", "abcd", 1, "…"},
		{"cut counts runes", "äöüß", 3, "äö…"},
		{"cut keeps escapes whole", "a\x1bb", 4, "a…"},
		{"newline, tab, CR", "a\nb\tc\rd", 80, `a\nb\tc\rd`},
		{"CSI", "a\x1b[31mred", 80, `a\u001b[31mred`},
		{"OSC", "\x1b]0;title\x07x", 80, `\u001b]0;title\u0007x`},
		{"C1 CSI as UTF-8", "a\u009b31m", 80, `a\u009b31m`},
		{"C1 CSI as a byte", "a\x9b31m", 80, "a\ufffd31m"},
		{"DCS", "\x1bPq\x1b\\", 80, `\u001bPq\u001b\`},
		{"NUL, DEL", "\x00\x7f", 80, `\u0000\u007f`},
		{"bidi", "a\u202eb\u2066c\u200fd\u061ce", 80, `a\u202eb\u2066c\u200fd\u061ce`},
		{"zero width", "a\u200bb\ufeffc\u2060d", 80, `a\u200bb\ufeffc\u2060d`},
		{"separators", "a\u2028b\u2029c\u0085d", 80, `a\u2028b\u2029c\u0085d`},
		{"NBSP", "a\u00a0b", 80, `a\u00a0b`},
		{"tag characters", "a\U000e0041", 80, `a\U000e0041`},
		{"invalid UTF-8", "a\xffb\xc3", 80, "a\ufffdb\ufffd"},
		{"Chinese", "房间 一　二", 80, "房间 一　二"},
		{"emoji", "🎉", 80, "🎉"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Line(tt.in, tt.limit); got != tt.want {
				t.Errorf("Line(%q, %d) = %q, want %q", tt.in, tt.limit, got, tt.want)
			}
		})
	}
}

func TestBlock(t *testing.T) {
	for in, want := range map[string]string{
		"a\n\tb\r\nc":  "a\n\tb\nc",
		"a\rb":         `a\rb`,
		"a\x1b[2Jb\nc": "a\\u001b[2Jb\nc",
	} {
		if got := Block(in, 80); got != want {
			t.Errorf("Block(%q) = %q, want %q", in, got, want)
		}
	}
	if got := Block("a\nb\nc", 4); got != "a\nb…" {
		t.Errorf("Block cut = %q", got)
	}
}

func TestURL(t *testing.T) {
	for in, want := range map[string]string{
		"wss://h.example/rtc?access_token=abc&room=x": "wss://h.example/rtc?access_token=[hidden]&room=[hidden]",
		"https://user:pw@h.example/a/b":               "https://[hidden]@h.example/a/b",
		"https://h.example/a?x#token=abc":             "https://h.example/a?x",
		"https://h.example":                           "https://h.example",
		"http://h.example/%zz?access_token=abc":       "http://h.example/%zz?access_token=[hidden]",
		"ws://[::1]:7880":                             "ws://[::1]:7880",
		"not a url\x1b[1m":                            `not a url\u001b[1m`,
	} {
		if got := URL(in); got != want {
			t.Errorf("URL(%q) = %q, want %q", in, got, want)
		}
	}
}

// safe fails the test if s holds control characters. block allows line feeds and tabs.
func safe(t *testing.T, s string, block bool) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("not UTF-8: %q", s)
	}
	for _, r := range s {
		if block && (r == '\n' || r == '\t') {
			continue
		}
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			t.Errorf("kept %U in %q", r, s)
		}
	}
}

func FuzzLine(f *testing.F) {
	for _, s := range []string{"a\x1b[31m\u202e", "\x9b\xff", "x\r\ny", strings.Repeat("ä", 50), "\U000e0001"} {
		f.Add(s, 10)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		line, block := Line(s, limit), Block(s, limit)
		safe(t, line, false)
		safe(t, block, true)
		if n := utf8.RuneCountInString(line); n > max(limit, 0) {
			t.Errorf("%d runes, limit %d", n, limit)
		}
		safe(t, Redact(line), false)
		safe(t, URL(s), false)
	})
}
