package dotenv

import (
	"strings"
	"unicode/utf8"
)

// This file is a port of parse() of dotenv 16.3.1 (https://github.com/motdotla/dotenv,
// BSD-2-Clause, Copyright (c) 2015, Scott Motte; licence text in NOTICE.md),
// which @next/env carries. dotenv's one regular expression is
//
//	/(?:^|^)\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?(?:$|$)/gm
//
// It is not a Go regexp because JavaScript's ^ $ . and \s match other line ends and
// spaces than Go's, and because dotenv needs quadratic time for what a scanner does in
// one pass.

// Definition is one NAME=value of an env file, before any expansion.
type Definition struct {
	Name    string
	Value   string // as dotenv reads it
	Uncut   string // the same with what follows an unspaced #; "" unless Cut
	Cut     bool   // an unquoted value was read up to a # without white space before it
	Line    int    // from 1
	Repeats int    // how many earlier definitions of the name this one replaces
}

// Parse reads the definitions of an env file in the order of JavaScript's
// object keys, each name once: the last definition counts.
func Parse(text string) []Definition {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var defs []Definition
	index := map[string]int{}
	line, counted := 1, 0
	for pos := 0; pos < len(text); {
		start := skipSpace(text, pos)
		found, end, ok := matchDefinition(text, start)
		if !ok {
			pos = nextLine(text, start)
			continue
		}
		pos = nextLine(text, end)
		if found.Name == "__proto__" { // JavaScript ignores this assignment
			continue
		}
		line += strings.Count(text[counted:start], "\n")
		counted = start
		found.Line = line
		if i, seen := index[found.Name]; seen {
			found.Repeats = defs[i].Repeats + 1
			defs[i] = found
			continue
		}
		index[found.Name] = len(defs)
		defs = append(defs, found)
	}
	return inKeyOrder(defs)
}

// matchDefinition matches one definition whose first character is at pos and
// returns where the match ends: at a line terminator or at the end of text.
func matchDefinition(text string, pos int) (Definition, int, bool) {
	if rest, ok := strings.CutPrefix(text[pos:], "export"); ok {
		after := len(text) - len(rest)
		if key := skipSpace(text, after); key > after {
			if d, end, ok := matchAssignment(text, key); ok {
				return d, end, true
			}
		}
	}
	return matchAssignment(text, pos)
}

func matchAssignment(text string, pos int) (Definition, int, bool) {
	end := pos
	for end < len(text) && (isWord(text[end]) || text[end] == '.' || text[end] == '-') {
		end++
	}
	if end == pos {
		return Definition{}, 0, false
	}
	d := Definition{Name: text[pos:end]}
	value := skipSpace(text, end)
	switch {
	case value < len(text) && text[value] == '=':
		value++
	case end < len(text) && text[end] == ':' && spaceWidth(text, end+1) > 0:
		value = end + 1 + spaceWidth(text, end+1)
	default:
		return Definition{}, 0, false
	}
	if stop, matchEnd, ok := matchQuoted(text, value); ok {
		d.Value = unquote(text[value:stop])
		return d, matchEnd, true
	}
	stop := len(text)
	if i := strings.IndexAny(text[value:], "#\n"); i >= 0 {
		stop = value + i
	}
	d.Value = unquote(text[value:stop])
	if stop < len(text) && text[stop] == '#' && !spaceBefore(text, stop) {
		d.Cut = true
		rest, _, _ := strings.Cut(text[value:], "\n")
		d.Uncut = trimJS(rest)
	}
	matchEnd, _ := matchTail(text, stop)
	return d, matchEnd, true
}

// matchQuoted matches a value in quotes, which may stand on later lines. A quote
// after a backslash ends the value only if no later quote can, as in the
// regular expression's backtracking.
func matchQuoted(text string, pos int) (stop, matchEnd int, ok bool) {
	open := skipSpace(text, pos)
	if open == len(text) || !strings.ContainsRune("'\"`", rune(text[open])) {
		return 0, 0, false
	}
	quote := text[open]
	var closers []int
scan:
	for i := open + 1; i < len(text); i++ {
		switch {
		case text[i] == quote:
			closers = append(closers, i)
			break scan
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == quote:
			i++
			closers = append(closers, i)
		}
	}
	for i := len(closers) - 1; i >= 0; i-- {
		if end, ok := matchTail(text, closers[i]+1); ok {
			return closers[i] + 1, end, true
		}
	}
	return 0, 0, false
}

// matchTail matches \s*(?:#.*)?$ and returns where that ends.
func matchTail(text string, pos int) (int, bool) {
	rest := skipSpace(text, pos)
	if rest == len(text) {
		return rest, true
	}
	if text[rest] == '#' {
		return lineEnd(text, rest), true
	}
	last := -1
	for i := pos; i < rest; i += spaceWidth(text, i) {
		if terminatorWidth(text, i) > 0 {
			last = i
		}
	}
	return last, last >= 0
}

// unquote is what parse does with the text of a value: trim, strip one pair of
// quotes (per line, as the m and g flags make it), and read \n and \r if the
// text began with a double quote.
func unquote(raw string) string {
	value := trimJS(raw)
	double := strings.HasPrefix(value, `"`)
	value = stripQuotes(value)
	if double {
		value = strings.ReplaceAll(strings.ReplaceAll(value, `\n`, "\n"), `\r`, "\r")
	}
	return value
}

// stripQuotes is value.replace(/^(['"`])([\s\S]*)\1$/gm, "$2").
func stripQuotes(value string) string {
	if !strings.ContainsAny(value, "'\"`") {
		return value
	}
	last := map[byte]int{} // the last place where each quote ends a line
	for i := len(value) - 1; i >= 0; i-- {
		c := value[i]
		if (c == '\'' || c == '"' || c == '`') && (i+1 == len(value) || terminatorWidth(value, i+1) > 0) {
			if _, seen := last[c]; !seen {
				last[c] = i
			}
		}
	}
	var out strings.Builder
	for pos := 0; pos < len(value); {
		if end := last[value[pos]]; end > pos {
			out.WriteString(value[pos+1 : end])
			pos = end + 1
		}
		next := nextLine(value, pos)
		out.WriteString(value[pos:next])
		pos = next
	}
	return out.String()
}

func spaceBefore(text string, pos int) bool {
	r, _ := utf8.DecodeLastRuneInString(text[:pos])
	return isJSSpace(r)
}
