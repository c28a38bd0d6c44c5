package dotenv

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
)

// What JavaScript means by white space, line terminators and property order.

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

// terminators are the line terminators: what ^, $ and . go by with the m flag.
const terminators = "\n\r\u2028\u2029"

// nextLine is the position after the next line terminator, or the end of s.
func nextLine(s string, pos int) int {
	at := strings.IndexAny(s[pos:], terminators)
	if at < 0 {
		return len(s)
	}
	_, width := utf8.DecodeRuneInString(s[pos+at:])
	return pos + at + width
}

// inKeyOrder sorts definitions as JavaScript lists an object's keys: array
// indices first, ascending, then the others as they came.
func inKeyOrder(defs []Definition) []Definition {
	slices.SortStableFunc(defs, func(a, b Definition) int { return cmp.Compare(arrayIndex(a.Name), arrayIndex(b.Name)) })
	return defs
}

// arrayIndex reads a canonical array index; math.MaxUint32 stands for other names.
func arrayIndex(name string) uint64 {
	if name == "" || name[0] < '0' || name[0] > '9' { // the usual case, without an error made
		return math.MaxUint32
	}
	n, err := strconv.ParseUint(name, 10, 32)
	if err != nil || strconv.FormatUint(n, 10) != name {
		return math.MaxUint32
	}
	return n
}

// DecodeUTF8 reads bytes as Node does (WHATWG Encoding): each maximal part of an
// ill-formed sequence becomes one U+FFFD, and a byte order mark stays.
func DecodeUTF8(raw []byte) string {
	if utf8.Valid(raw) {
		return string(raw)
	}
	decoded, _ := unicode.UTF8.NewDecoder().Bytes(raw) // it replaces what is wrong and has no errors
	return string(decoded)
}

// LooksUTF16 reports whether raw is UTF-16 and not UTF-8: a byte order mark, or a NUL in every
// second byte of the text's first part.
func LooksUTF16(raw []byte) bool {
	head := raw[:min(len(raw), 256)]
	if text := string(head); strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
		return true
	}
	var nuls [2]int
	for i, b := range head {
		if b == 0 {
			nuls[i%2]++
		}
	}
	return len(head) >= 4 && max(nuls[0], nuls[1]) > len(head)/3
}
