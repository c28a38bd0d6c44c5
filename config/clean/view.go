package clean

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// view is a text in which escapes that hide a credential from a plain search are
// undone (terminal, percent and JSON escapes, invisible characters). at[i] is the
// offset in the original of text[i], and at[len(text)] the original's length.
type view struct {
	text string
	at   []int32
}

// maxFolds is how often nested escapes are undone.
const maxFolds = 3

// views returns the texts that are searched: s itself, then each folding that differs
// from the one before.
func views(s string) []view {
	list := []view{{text: s}}
	for range maxFolds {
		next, changed := fold(list[len(list)-1])
		if !changed {
			break
		}
		list = append(list, next)
	}
	return list
}

// origin returns the span of the original for a span of the view.
func (v view) origin(start, end int) span {
	if v.at == nil {
		return span{start, end}
	}
	return span{int(v.at[start]), int(v.at[end])}
}

// fold undoes one layer of escapes.
func fold(v view) (view, bool) {
	s := v.text
	if !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == '%' || r == '\\' || r >= 0x7f }) {
		return view{}, false
	}
	text := make([]byte, 0, len(s))
	at := make([]int32, 0, len(s)+1)
	for i := 0; i < len(s); {
		out, size := unfold(s[i:])
		origin := int32(v.origin(i, i).start)
		for range len(out) {
			at = append(at, origin)
		}
		text = append(text, out...)
		i += size
	}
	at = append(at, int32(v.origin(len(s), len(s)).start))
	return view{text: string(text), at: at}, len(text) != len(s)
}

// unfold reads one unit of s: what it stands for, and its length in bytes.
func unfold(s string) (out string, size int) {
	switch c := s[0]; {
	case c == '\n' || c == '\t' || c == '\r':
		return s[:1], 1
	case c == 0x1b:
		return "", escapeLength(s)
	case c < 0x20 || c == 0x7f:
		return "", 1
	case c == '%':
		if r, ok := hexRune(s, 1, 2); ok {
			return string([]byte{byte(r)}), 3
		}
	case c == '\\':
		return unescape(s)
	case c >= utf8.RuneSelf:
		r, n := utf8.DecodeRuneInString(s)
		if r == 0x9b && n == 2 {
			return "", n + csiLength(s[n:])
		}
		if r == utf8.RuneError && n == 1 {
			if c == 0x9b {
				return "", 1 + csiLength(s[1:])
			}
			return "", 1
		}
		if unseen(r) {
			return "", n
		}
		return s[:n], n
	}
	return s[:1], 1
}

func unescape(s string) (string, int) {
	if len(s) < 2 {
		return s, 1
	}
	switch s[1] {
	case '"', '\'', '\\', '/':
		return s[1:2], 2
	case 'n', 'r', 't':
		return "\n", 2
	case 'u':
		if r, ok := hexRune(s, 2, 4); ok {
			if unseen(r) {
				return "", 6
			}
			return string(r), 6
		}
	case 'x':
		if r, ok := hexRune(s, 2, 2); ok {
			if unseen(r) {
				return "", 4
			}
			return string([]byte{byte(r)}), 4
		}
	}
	return s[:1], 1
}

func hexRune(s string, from, digits int) (rune, bool) {
	if len(s) < from+digits {
		return 0, false
	}
	n, err := strconv.ParseUint(s[from:from+digits], 16, 32)
	return rune(n), err == nil
}

// escapeLength is the length of the escape sequence that s starts with (ECMA-48:
// CSI, the string kinds OSC DCS SOS PM APC, two characters for the rest). An
// unfinished string hides only its introducer, not all that follows.
func escapeLength(s string) int {
	if len(s) < 2 {
		return 1
	}
	switch s[1] {
	case '[':
		return 2 + csiLength(s[2:])
	case ']', 'P', 'X', '^', '_':
		rest := s[2:min(len(s), 4096)]
		end := strings.IndexAny(rest, "\a\x1b")
		if end < 0 {
			return 2
		}
		if rest[end] == 0x1b && end+1 < len(rest) && rest[end+1] == '\\' {
			end++
		}
		return 2 + end + 1
	}
	if s[1] < 0x20 || s[1] > 0x7e {
		return 1
	}
	return 2
}

// csiLength is the length of parameters and final byte of a control sequence.
func csiLength(s string) int {
	for i := range min(len(s), 64) {
		if s[i] >= 0x40 && s[i] <= 0x7e {
			return i + 1
		}
		if s[i] < 0x20 || s[i] > 0x7e {
			return i
		}
	}
	return 0
}
