package answer

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// MaxDepth is how deep JSON may be nested before it is called TooDeep. Answers
// of real services are 2 to 4 deep.
const MaxDepth = 100

// TooNested reports whether brackets nest deeper than MaxDepth, in one pass, before
// anything recursive runs. The text need not be JSON.
func TooNested(body []byte) bool {
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

// readable reports whether text is JSON that may be walked.
func readable(text []byte) bool { return !TooNested(text) && json.Valid(text) }

func decoder(text []byte) *json.Decoder {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return dec
}

type member struct {
	key   string
	value json.RawMessage
}

// members lists the members of a JSON object in the order of their names; nil for
// another value. Of a repeated name the last one counts.
func members(text []byte) (list []member) {
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) != nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		list = append(list, member{key, object[key]})
	}
	return list
}

// unquoted decodes a JSON string as it is written, "" for another value. Invalid
// UTF-8 and lone surrogates become U+FFFD, as in encoding/json.
func unquoted(raw []byte) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// ShapeOf returns the kind of valid JSON, by its first byte; ShapeNull for an empty text.
func ShapeOf(raw []byte) Shape {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return ShapeNull
	}
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
