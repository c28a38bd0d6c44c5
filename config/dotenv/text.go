package dotenv

import (
	"bytes"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
)

// What JavaScript means by white space, line terminators and property order, as
// far as reading env files needs it.

// jsSpace is JavaScript's \s and the set that String.prototype.trim removes
// (ECMA-262 WhiteSpace and LineTerminator), as a class of Go's regular expressions.
const jsSpace = `[\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]`

func isJSSpace(r rune) bool {
	switch r {
	case ' ', '\u00a0', '\u1680', '\u2028', '\u2029', '\u202f', '\u205f', '\u3000', '\ufeff':
		return true
	}
	return r >= '\t' && r <= '\r' || r >= '\u2000' && r <= '\u200a'
}

func trimJS(s string) string { return strings.TrimFunc(s, isJSSpace) }

// terminatorWidth is the length in bytes of the line terminator at pos (what ^,
// $ and . go by with the m flag), 0 if there is none.
func terminatorWidth(s string, pos int) int {
	switch {
	case pos >= len(s):
		return 0
	case s[pos] == '\n', s[pos] == '\r':
		return 1
	case strings.HasPrefix(s[pos:], "\u2028"), strings.HasPrefix(s[pos:], "\u2029"):
		return 3
	}
	return 0
}

// nextLine is the position after the next line terminator, or the end of s.
func nextLine(s string, pos int) int {
	for pos < len(s) {
		if width := terminatorWidth(s, pos); width > 0 {
			return pos + width
		}
		pos++
	}
	return pos
}

// inKeyOrder sorts definitions as JavaScript lists an object's keys: array
// indices first, ascending, then the others as they came.
func inKeyOrder(defs []Definition) []Definition {
	sort.SliceStable(defs, func(i, j int) bool {
		a, aIsIndex := arrayIndex(defs[i].Name)
		b, bIsIndex := arrayIndex(defs[j].Name)
		if aIsIndex && bIsIndex {
			return a < b
		}
		return aIsIndex && !bIsIndex
	})
	return defs
}

// arrayIndex reads a canonical array index: decimal, no leading zero, below 2^32-1.
func arrayIndex(name string) (uint64, bool) {
	if name == "" || name[0] < '0' || name[0] > '9' { // the usual case, without an error made
		return 0, false
	}
	n, err := strconv.ParseUint(name, 10, 32)
	return n, err == nil && n < 1<<32-1 && strconv.FormatUint(n, 10) == name
}

// DecodeUTF8 reads bytes as Node does (WHATWG Encoding): each maximal part of an
// ill-formed sequence becomes one U+FFFD, and a byte order mark stays.
func DecodeUTF8(raw []byte) string {
	if utf8.Valid(raw) {
		return string(raw)
	}
	decoded, err := unicode.UTF8.NewDecoder().Bytes(raw)
	if err != nil { // the decoder replaces what is wrong, it has no other errors
		return string(bytes.ToValidUTF8(raw, []byte("\ufffd")))
	}
	return string(decoded)
}

// LooksUTF16 reports whether raw is UTF-16 and not UTF-8: a byte order mark, or a NUL in every
// second byte of the text's first part.
func LooksUTF16(raw []byte) bool {
	if bytes.HasPrefix(raw, []byte{0xff, 0xfe}) || bytes.HasPrefix(raw, []byte{0xfe, 0xff}) {
		return true
	}
	head := raw[:min(len(raw), 256)]
	var nuls [2]int
	for i, b := range head {
		if b == 0 {
			nuls[i%2]++
		}
	}
	return len(head) >= 4 && max(nuls[0], nuls[1]) > len(head)/3
}
