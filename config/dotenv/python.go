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

// python compiles an expression of parser.py; \s is that of Python's re, \h is [^\S\n].
func python(expression string) *regexp.Regexp {
	const inLine = `\t\v\f\r\x1c- \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`
	return regexp.MustCompile(strings.NewReplacer(`\h`, `[`+inLine+`]`, `\s`, `[\n`+inLine+`]`, `!`, `^\n`+inLine).Replace(expression))
}

// The expressions of a file's parts. In a name ! stands for all but white space.
var (
	pyBlankLines  = python(`\A\s*`)
	pyExport      = python(`\A(?:export\h+)?`)
	pyName        = python(`\A(?:'([^']+)'|([!=#'][!=#]*))`)
	pyEquals      = python(`\A\h*=\h*`)
	pyValue       = python(`\A(?:'((?:\\'|[^'])*)'|"((?:\\"|[^"])*)"|([^'"\n][^\n]*)?)`)
	pySingleCodes = python(`\\[\\']`)
	pyDoubleCodes = python(`\\[\\'"abfnrtv]`)
	pyComment     = python(`\s+(?:#[^\n]*)?\z`)
	pyLineEnd     = python(`\A\h*(?:#[^\n]*)?(?:\n|\z)`)
	pyRestOfLine  = python(`\A[^\n]*\n?`)
	pyVariable    = python(`\$\{([^}:]*)(?::-([^}]*))?\}`)
)

func readPython(content []byte, env Env) (map[string]Value, error) {
	if !utf8.Valid(content) {
		return nil, errors.New("bytes that are not UTF-8")
	}
	text := strings.ReplaceAll(strings.ReplaceAll(string(content), "\r\n", "\n"), "\r", "\n")
	take := func(part *regexp.Regexp) []string {
		m := part.FindStringSubmatch(text)
		if m != nil {
			text = text[len(m[0]):]
		}
		return m
	}
	values := map[string]Value{}
	valueless := map[string]bool{} // a name alone hides what an earlier line gave
	budget := maxTotal
	resolve := func(ref string) string {
		if budget < 0 {
			return ""
		}
		m := pyVariable.FindStringSubmatch(ref)
		value, set := env(m[1])
		switch {
		case set:
		case values[m[1]].State == Known:
			value = values[m[1]].Secret.Reveal()
		case valueless[m[1]]:
			value = ""
		default:
			value = m[2]
		}
		budget -= len(value)
		return value
	}
	for {
		take(pyBlankLines)
		if text == "" {
			return values, nil
		}
		take(pyExport)
		name := take(pyName)
		isComment := strings.HasPrefix(text, "#")
		var value []string
		if name != nil && take(pyEquals) != nil {
			value = take(pyValue)
		}
		if name == nil && !isComment || take(pyLineEnd) == nil {
			take(pyRestOfLine)
			continue
		}
		if name == nil {
			continue
		}
		key := name[1] + name[2]
		if value == nil {
			valueless[key] = true
			delete(values, key)
			continue
		}
		raw := pySingleCodes.ReplaceAllStringFunc(value[1], pyCode) + pyDoubleCodes.ReplaceAllStringFunc(value[2], pyCode) +
			pyComment.ReplaceAllString(value[3], "")
		expanded := pyVariable.ReplaceAllStringFunc(raw, resolve)
		if budget < 0 || len(expanded) > maxValue {
			return nil, ErrNotCompared
		}
		values[key], valueless[key] = known(expanded), false
	}
}

func pyCode(code string) string {
	if i := strings.IndexByte("abfnrtv", code[1]); i >= 0 {
		return "\a\b\f\n\r\t\v"[i : i+1]
	}
	return code[1:]
}
