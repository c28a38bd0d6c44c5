package answer

import (
	"bytes"
	"encoding/json"
	"strings"
)

// MaxDepth is how deep JSON may be nested before it is called TooDeep. Answers
// of real services are 2 to 4 deep.
const MaxDepth = 100

// tooDeep tells whether brackets nest deeper than MaxDepth, in one pass and
// without a stack, so that it can be asked before anything recursive runs. The
// text need not be JSON.
func tooDeep(body []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// readable tells whether text is JSON that may be walked.
func readable(text []byte) bool { return !tooDeep(text) && json.Valid(text) }

// skipSpace gives the place of the next byte that is not white space.
func skipSpace(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r') {
		at++
	}
	return at
}

// stringEnd gives the place after the string that begins at. All functions from
// here on need valid JSON.
func stringEnd(text []byte, at int) int {
	for at++; ; at++ {
		next := bytes.IndexAny(text[at:], `"\`)
		at += next
		if text[at] == '"' {
			return at + 1
		}
		at++
	}
}

// scalarEnd gives the place after the number or word that begins at.
func scalarEnd(text []byte, at int) int {
	for at < len(text) && !strings.ContainsRune(",]} \t\r\n", rune(text[at])) {
		at++
	}
	return at
}

// valueEnd gives the place after the value that begins at.
func valueEnd(text []byte, at int) int {
	switch text[at] {
	case '"':
		return stringEnd(text, at)
	case '{', '[':
		for depth := 0; ; {
			switch text[at] {
			case '"':
				at = stringEnd(text, at)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			if at++; depth == 0 {
				return at
			}
		}
	}
	return scalarEnd(text, at)
}

// members calls visit for every member of the object that text holds, in order,
// with the key as it is written between its quotes. It does nothing for another
// value.
func members(text []byte, visit func(key, value []byte)) {
	at := skipSpace(text, 0)
	if at >= len(text) || text[at] != '{' {
		return
	}
	for at = skipSpace(text, at+1); text[at] != '}'; at = skipSpace(text, at) {
		if text[at] == ',' {
			at = skipSpace(text, at+1)
		}
		end := stringEnd(text, at)
		key := text[at+1 : end-1]
		at = skipSpace(text, skipSpace(text, end)+1)
		end = valueEnd(text, at)
		visit(key, text[at:end])
		at = end
	}
}

// elements calls visit for every element of the list that text holds, in order,
// until visit returns false.
func elements(text []byte, visit func(value []byte) bool) {
	at := skipSpace(text, 0)
	if at >= len(text) || text[at] != '[' {
		return
	}
	for at = skipSpace(text, at+1); text[at] != ']'; at = skipSpace(text, at) {
		if text[at] == ',' {
			at = skipSpace(text, at+1)
		}
		end := valueEnd(text, at)
		if !visit(text[at:end]) {
			return
		}
		at = end
	}
}

// unquoted decodes a JSON string as it is written. Invalid UTF-8 and lone
// surrogates become U+FFFD, as in encoding/json.
func unquoted(raw []byte) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// shapeOf names the kind of a JSON value by its first byte.
func shapeOf(raw []byte) Shape {
	switch raw[0] {
	case '{':
		return ShapeObject
	case '[':
		return ShapeList
	case '"':
		return ShapeString
	case 't', 'f':
		return ShapeBoolean
	case 'n':
		return ShapeNull
	}
	return ShapeNumber
}
