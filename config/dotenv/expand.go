package dotenv

import (
	"errors"
	"regexp"
	"strings"
)

// ErrExpansion means that a file's variables refer to each other without end. Next.js
// fails on such a file, by stack or memory, and uses none of its variables.
var ErrExpansion = errors.New("its variables refer to each other without end")

// Limits on expanding one file's variables. Next.js has none: references that
// multiply make it run out of stack or memory.
const (
	maxExpansionSteps = 4500     // references followed for one value; Node 20 runs out of stack between 4,000 and 5,000
	maxExpandedLength = 1 << 20  // bytes of one value
	maxExpansionWork  = 16 << 20 // bytes looked at for one file
)

type scope struct {
	env    map[string]string // the environment so far
	parsed map[string]string // the file's own variables so far
	budget int               // bytes that may still be looked at
}

// interpolate replaces the references in a value as Next.js's dotenv-expand does: the
// last unescaped $ first, until the last $ starts no reference.
func (s *scope) interpolate(value string) (string, error) {
	for range maxExpansionSteps {
		at := lastDollar(value)
		if at < 0 {
			return value, nil
		}
		ref := reference.FindStringSubmatch(value[at:])
		if ref == nil {
			return value, nil
		}
		replacement, err := s.lookup(ref[1], ref[2])
		if err != nil {
			return "", err
		}
		next := replaceFirst(value, ref[0], replacement)
		s.budget -= len(value) + len(next)
		if next == value || len(next) > maxExpandedLength || s.budget < 0 {
			return "", ErrExpansion
		}
		value = next
	}
	return "", ErrExpansion
}

// lastDollar finds the last $ that no backslash precedes, or -1.
func lastDollar(value string) int {
	for i := strings.LastIndexByte(value, '$'); i >= 0; i = strings.LastIndexByte(value[:i], '$') {
		if i == 0 || value[i-1] != '\\' {
			return i
		}
	}
	return -1
}

// reference matches a $ that refers to a variable. Its groups are the name and what
// stands after :-, if anything.
var reference = regexp.MustCompile(`^\$\{?(\w+)(?::-([^}\\]*))?\}?`)

// lookup is env[name] || fallback || parsed[name] || "".
func (s *scope) lookup(name, fallback string) (string, error) {
	value, ok := s.env[name]
	if value != "" {
		return value, nil
	}
	inherited, isInherited := objectPrototype[name]
	if isInherited && !ok {
		return inherited.text, inherited.err
	}
	if fallback != "" {
		return fallback, nil
	}
	value, ok = s.parsed[name]
	if isInherited && !ok {
		return inherited.text, inherited.err
	}
	return value, nil
}

// objectPrototype is what a reference to a name that every JavaScript object
// inherits turns into: String.replace calls the function it finds, without a
// this, which mostly throws, and the file is lost.
var objectPrototype = map[string]struct {
	text string
	err  error
}{
	"__proto__":            {text: "[object Object]"},
	"isPrototypeOf":        {text: "false"},
	"toString":             {text: "[object Undefined]"},
	"constructor":          {text: "[object global]"},
	"hasOwnProperty":       {err: ErrExpansion},
	"propertyIsEnumerable": {err: ErrExpansion},
	"toLocaleString":       {err: ErrExpansion},
	"valueOf":              {err: ErrExpansion},
	"__defineGetter__":     {err: ErrExpansion},
	"__defineSetter__":     {err: ErrExpansion},
	"__lookupGetter__":     {err: ErrExpansion},
	"__lookupSetter__":     {err: ErrExpansion},
}

// replaceFirst is value.replace(old, replacement) with strings: the first
// occurrence only, and $$, $&, $` and $' in the replacement have a meaning.
func replaceFirst(value, old, replacement string) string {
	at := strings.Index(value, old)
	if at < 0 {
		return value
	}
	before, after := value[:at], value[at+len(old):]
	var out strings.Builder
	out.WriteString(before)
	for i := 0; i < len(replacement); i++ {
		if replacement[i] != '$' || i+1 == len(replacement) {
			out.WriteByte(replacement[i])
			continue
		}
		i++
		switch replacement[i] {
		case '$':
			out.WriteByte('$')
		case '&':
			out.WriteString(old)
		case '`':
			out.WriteString(before)
		case '\'':
			out.WriteString(after)
		default:
			out.WriteByte('$')
			i--
		}
	}
	out.WriteString(after)
	return out.String()
}
