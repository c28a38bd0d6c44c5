package dotenv

import (
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What JavaScript means by white space, line terminators and property order, as
// far as reading env files needs it.

// isJSSpace is JavaScript's \s and the set that String.prototype.trim removes
// (ECMA-262 WhiteSpace and LineTerminator).
func isJSSpace(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', ' ', '\u00a0', '\u1680', '\u2028', '\u2029', '\u202f', '\u205f', '\u3000', '\ufeff':
		return true
	}
	return r >= '\u2000' && r <= '\u200a'
}

// isWord is \w without the u flag.
func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func trimJS(s string) string { return strings.TrimFunc(s, isJSSpace) }

// spaceWidth is the length in bytes of the white space character at pos, 0 if
// there is none.
func spaceWidth(s string, pos int) int {
	if pos >= len(s) {
		return 0
	}
	if r, width := utf8.DecodeRuneInString(s[pos:]); isJSSpace(r) {
		return width
	}
	return 0
}

func skipSpace(s string, pos int) int {
	for width := spaceWidth(s, pos); width > 0; width = spaceWidth(s, pos) {
		pos += width
	}
	return pos
}

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

// lineEnd is the position of the next line terminator, or the end of s.
func lineEnd(s string, pos int) int {
	for pos < len(s) && terminatorWidth(s, pos) == 0 {
		pos++
	}
	return pos
}

// nextLine is the position after the next line terminator, or the end of s.
func nextLine(s string, pos int) int {
	end := lineEnd(s, pos)
	return end + terminatorWidth(s, end)
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
