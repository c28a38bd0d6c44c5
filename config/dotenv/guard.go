package dotenv

import (
	"bytes"
	"regexp"
	"strings"
)

// Limits on what a file may expand to, in bytes: of one value and of all.
const (
	maxValue = 1 << 20
	maxTotal = 16 << 20
)

// Limits on the $ of a file that is given to a loader without limits: on a line,
// in all, and in all where a value spans several lines. compose-go takes a time
// that grows with the cube of how deep defaults are nested (${A:-${B:-…).
const (
	maxLineReferences = 64
	maxReferences     = 2000
	maxSpanReferences = 24
)

var (
	assignment = regexp.MustCompile(`^\s*(?:export\s+)?([\w.\-\[\]]+)\s*[=:]`)
	referTo    = regexp.MustCompile(`\$[({]*([\w]*)`)
	openQuote  = regexp.MustCompile(`^\s*(?:"(?:\\.|[^"\\])*|'[^']*)$`)
)

// multiplies reports whether a file's references could exceed the limits, or take
// long, in a loader without limits. It adds up lengths, line by line. A value over
// several lines hides which variable a reference belongs to; then only few references
// are allowed.
func multiplies(content []byte, env Env) bool {
	total := bytes.Count(content, []byte("$"))
	if total == 0 || total > maxReferences {
		return total > 0
	}
	sizes := map[string]int{}
	name, sum, multiline := "", 0, false
	text := strings.ReplaceAll(string(content), "\r", "\n")
	for line := range strings.Lines(text) {
		size := len(line)
		if m := assignment.FindStringSubmatchIndex(line); m != nil {
			name = line[m[2]:m[3]]
			multiline = multiline || openQuote.MatchString(strings.TrimSuffix(line[m[1]:], "\n"))
		}
		refs := referTo.FindAllStringSubmatch(line, maxLineReferences+1)
		for _, ref := range refs {
			value, _ := env(ref[1])
			size += max(sizes[ref[1]], len(value))
		}
		sizes[name] = size
		if sum += size; len(refs) > maxLineReferences || size > maxValue || sum > maxTotal {
			return true
		}
	}
	return multiline && total > maxSpanReferences
}

// mentions reports whether text contains name as a word.
func mentions(text, name string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(name)
		if (start == 0 || !isWord(text[start-1])) && (end == len(text) || !isWord(text[end])) {
			return true
		}
		at = start + 1
	}
}
