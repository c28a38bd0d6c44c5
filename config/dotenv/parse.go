package dotenv

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// This file is a port of parse() of dotenv 16.3.1 (https://github.com/motdotla/dotenv,
// BSD-2-Clause, Copyright (c) 2015, Scott Motte; licence text in NOTICE.md),
// which @next/env carries. dotenv's one regular expression is, in one line,
//
//	/(?:^|^)\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)
//	(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?(?:$|$)/gm

// definition matches one definition and its line end, from the first character after
// white space. Its groups are the name, a quoted value and another value.
var definition = regexp.MustCompile(strings.NewReplacer(
	`\s`, jsSpace, `.*`, `[^\n\x{2028}\x{2029}]*`, `$`, `(?:[\n\x{2028}\x{2029}]|\z)`,
).Replace(
	`\A(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)` +
		`(?:(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*` + "`(?:\\\\`|[^`])*`" + `)|([^#\n]*))\s*(?:#.*)?$`))

// Definition is one NAME=value of an env file, before any expansion.
type Definition struct {
	Name  string
	Value string // as dotenv reads it
	Uncut string // the same with what follows an unspaced #; "" unless Cut
	Cut   bool   // an unquoted value was read up to a # without white space before it
	Line  int    // from 1
}

// Parse reads the definitions of an env file in the order of JavaScript's
// object keys, each name once: the last definition counts.
func Parse(text string) []Definition {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var defs []Definition
	index := map[string]int{}
	line, counted := 1, 0
	for pos := 0; pos < len(text); {
		start := len(text) - len(strings.TrimLeftFunc(text[pos:], isJSSpace))
		rest := text[start:]
		m := definition.FindStringSubmatchIndex(rest)
		if m == nil {
			pos = nextLine(text, start)
			continue
		}
		pos = start + m[1]
		found := Definition{Name: rest[m[2]:m[3]]}
		if found.Name == "__proto__" { // JavaScript ignores this assignment
			continue
		}
		if m[4] >= 0 {
			found.Value = unquote(rest[m[4]:m[5]])
		} else {
			found.Value = unquote(rest[m[6]:m[7]])
			before, _ := utf8.DecodeLastRuneInString(rest[:m[7]])
			if found.Cut = strings.HasPrefix(rest[m[7]:], "#") && !isJSSpace(before); found.Cut {
				whole, _, _ := strings.Cut(rest[m[6]:], "\n")
				found.Uncut = trimJS(whole)
			}
		}
		line += strings.Count(text[counted:start], "\n")
		counted = start
		found.Line = line
		if i, seen := index[found.Name]; seen {
			defs[i] = found
			continue
		}
		index[found.Name] = len(defs)
		defs = append(defs, found)
	}
	return inKeyOrder(defs)
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
		next, _ := utf8.DecodeRuneInString(value[i+1:])
		ends := i+1 == len(value) || strings.ContainsRune(terminators, next)
		if c := value[i]; ends && last[c] == 0 && (c == '\'' || c == '"' || c == '`') {
			last[c] = i
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
