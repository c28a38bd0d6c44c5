package dotenv

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"
)

// This file is a port of python-dotenv 1.2.2 (https://github.com/theskumar/python-dotenv,
// BSD-3-Clause, Copyright (c) 2014, Saurabh Kumar, and others; licence text in
// NOTICE.md): parser.py and variables.py, as load_dotenv(file) uses them, that
// is in text mode and with the process environment above the file. A byte order
// mark stays part of the first name, as in every release so far.

var pyVariable = regexp.MustCompile(`\$\{([^}:]*)(?::-([^}]*))?\}`)

func readPython(content []byte, env Env) (map[string]Value, error) {
	if !utf8.Valid(content) {
		return nil, errors.New("bytes that are not UTF-8")
	}
	text := strings.ReplaceAll(strings.ReplaceAll(string(content), "\r\n", "\n"), "\r", "\n")
	reader := &pyReader{text: text}
	values := map[string]Value{}
	plain := map[string]string{}
	valueless := map[string]bool{} // a name alone hides what an earlier line gave
	budget := maxTotal
	for reader.pos < len(text) {
		name, raw, hasValue, ok := reader.binding()
		if !ok {
			continue
		}
		if !hasValue {
			valueless[name] = true
			delete(plain, name)
			delete(values, name)
			continue
		}
		value := pyVariable.ReplaceAllStringFunc(raw, func(ref string) string {
			if budget < 0 {
				return ""
			}
			expanded := pyResolve(ref, plain, valueless, env)
			budget -= len(expanded)
			return expanded
		})
		if budget < 0 || len(value) > maxValue {
			return nil, ErrNotCompared
		}
		plain[name] = value
		valueless[name] = false
		values[name] = known(value)
	}
	return values, nil
}

func pyResolve(ref string, file map[string]string, valueless map[string]bool, env Env) string {
	m := pyVariable.FindStringSubmatch(ref)
	if value, ok := env(m[1]); ok {
		return value
	}
	if value, ok := file[m[1]]; ok {
		return value
	}
	if valueless[m[1]] {
		return ""
	}
	return m[2]
}

type pyReader struct {
	text string
	pos  int
}

// binding reads one NAME=value, or a NAME alone. It is false for blank and
// comment lines, and for what cannot be read, of which the rest of the line is
// passed over.
func (r *pyReader) binding() (name, value string, hasValue, ok bool) {
	r.skip(isPySpace)
	if r.pos == len(r.text) {
		return "", "", false, false
	}
	if rest, found := strings.CutPrefix(r.text[r.pos:], "export"); found {
		if blank := len(rest) - len(strings.TrimLeftFunc(rest, isPyBlank)); blank > 0 {
			r.pos += len("export") + blank
		}
	}
	name, hasName, good := r.name()
	if good {
		r.skip(isPyBlank)
		if hasValue = r.peek() == '='; hasValue {
			r.pos++
			r.skip(isPyBlank)
			value, good = r.value()
		}
		if good && r.endLine() {
			return name, value, hasValue, hasName
		}
	}
	r.restOfLine()
	return "", "", false, false
}

func (r *pyReader) name() (name string, hasName, good bool) {
	switch r.peek() {
	case '#':
		return "", false, true
	case '\'':
		end := strings.IndexByte(r.text[r.pos+1:], '\'')
		if end <= 0 {
			return "", false, false
		}
		name = r.text[r.pos+1 : r.pos+1+end]
		r.pos += end + 2
		return name, true, true
	}
	start := r.pos
	r.skip(func(c rune) bool { return c != '=' && c != '#' && !isPySpace(c) })
	return r.text[start:r.pos], true, r.pos > start
}

var (
	pyComment     = regexp.MustCompile(`[\s\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\v]+#[^\n]*`)
	pyDoubleCodes = regexp.MustCompile(`\\[\\'"abfnrtv]`)
	pySingleCodes = regexp.MustCompile(`\\[\\']`)
)

func (r *pyReader) value() (string, bool) {
	switch quote := r.peek(); quote {
	case '\'', '"':
		inner, ok := r.quoted(quote)
		codes := pySingleCodes
		if quote == '"' {
			codes = pyDoubleCodes
		}
		return codes.ReplaceAllStringFunc(inner, pyCode), ok
	default:
		end := strings.IndexByte(r.text[r.pos:], '\n')
		if end < 0 {
			end = len(r.text) - r.pos
		}
		part := r.text[r.pos : r.pos+end]
		r.pos += end
		return strings.TrimRightFunc(pyComment.ReplaceAllString(part, ""), isPySpace), true
	}
}

// quoted reads '((?:\\'|[^'])*)': up to the first quote that no backslash
// precedes, or else up to the last quote.
func (r *pyReader) quoted(quote byte) (string, bool) {
	start, last := r.pos+1, -1
	for i := start; i < len(r.text); i++ {
		if r.text[i] == '\\' && i+1 < len(r.text) && r.text[i+1] == quote {
			i++
			last = i
		} else if r.text[i] == quote {
			last = i
			break
		}
	}
	if last < 0 {
		return "", false
	}
	r.pos = last + 1
	return r.text[start:last], true
}

func pyCode(code string) string {
	if i := strings.IndexByte("abfnrtv", code[1]); i >= 0 {
		return "\a\b\f\n\r\t\v"[i : i+1]
	}
	return code[1:]
}

// endLine reads an optional comment and the line's end.
func (r *pyReader) endLine() bool {
	start := r.pos
	r.skip(isPyBlank)
	if r.peek() == '#' {
		r.skip(func(c rune) bool { return c != '\n' })
	}
	if r.pos == len(r.text) {
		return true
	}
	if r.text[r.pos] == '\n' {
		r.pos++
		return true
	}
	r.pos = start
	return false
}

func (r *pyReader) restOfLine() {
	r.skip(func(c rune) bool { return c != '\n' })
	if r.pos < len(r.text) {
		r.pos++
	}
}

func (r *pyReader) peek() byte {
	if r.pos == len(r.text) {
		return 0
	}
	return r.text[r.pos]
}

func (r *pyReader) skip(while func(rune) bool) {
	rest := r.text[r.pos:]
	r.pos += len(rest) - len(strings.TrimLeftFunc(rest, while))
}

// isPySpace is \s of Python's re, and what str.rstrip removes.
func isPySpace(c rune) bool {
	switch {
	case c >= '\t' && c <= '\r', c >= 0x1c && c <= 0x20, c >= 0x2000 && c <= 0x200a:
		return true
	}
	switch c {
	case 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000:
		return true
	}
	return false
}

// isPyBlank is [^\S\r\n].
func isPyBlank(c rune) bool { return isPySpace(c) && c != '\r' && c != '\n' }
