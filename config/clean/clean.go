// Package clean makes text from a server, a file or a token safe to keep and to show:
// one line or a block without control characters and credentials. It is pure and
// imports nothing of lkdoctor.
package clean

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Hidden replaces a credential in every output.
const Hidden = "[hidden]"

// cut marks where a text was shortened.
const cut = "…"

// Line makes one line of s for people: control and escape characters (7 and 8
// bit), bidi controls, zero-width characters, odd spaces and line separators
// become visible escapes such as \n or \u202e, so that a hidden character is
// noticed and never acted upon; invalid UTF-8 becomes U+FFFD. The result has at
// most limit runes, the last one … when something was cut; a limit under 1
// gives "". Credentials are not looked for: see Redact and Redactor.
func Line(s string, limit int) string { return show(s, limit, false) }

// Block is Line for several lines: it keeps line feeds and tabs; CR LF becomes LF.
func Block(s string, limit int) string { return show(s, limit, true) }

// JSON escapes invisible and control characters in a JSON text, and changes no value.
func JSON(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || !unseen(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func show(s string, limit int, block bool) string {
	if limit < 1 || s == "" {
		return ""
	}
	if len(s) <= limit && utf8.ValidString(s) && strings.IndexFunc(s, unseen) < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(min(len(s), 4*limit))
	runes := 0
	// lastFits is the length up to which there is room for the mark.
	lastFits := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if block && r == '\r' && i+1 < len(s) && s[i+1] == '\n' {
			i += size
			continue
		}
		i += size
		unit := visible(r, block)
		n := utf8.RuneCountInString(unit)
		if runes+n > limit {
			return b.String()[:lastFits] + cut
		}
		b.WriteString(unit)
		runes += n
		if runes < limit {
			lastFits = b.Len()
		}
	}
	return b.String()
}

func visible(r rune, block bool) string {
	switch {
	case r == '\n' && block, r == '\t' && block:
		return string(r)
	case r == '\n':
		return `\n`
	case r == '\t':
		return `\t`
	case r == '\r':
		return `\r`
	case !unseen(r):
		return string(r)
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// unseen reports whether a reader would not see r, or a terminal would act upon
// it: controls, format characters (bidi, zero-width, tags), separators that
// look like a space or break the line, letters without a glyph.
func unseen(r rune) bool {
	if r < 0x7f {
		return r < 0x20
	}
	switch r {
	case 0x3000: // the space of Chinese text
		return false
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0:
		return true
	}
	return r >= 0x180b && r <= 0x180f || r >= 0xe0000 && r <= 0xe0fff ||
		unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Zs, unicode.Co, unicode.Cs)
}
