package loaders

import (
	"regexp"
	"strings"
)

// Limits on what a file may expand to, in bytes: of one value and of all.
const (
	maxValue = 1 << 20
	maxTotal = 16 << 20
)

var (
	assignment = regexp.MustCompile(`^\s*(?:export\s+)?([\w.\-\[\]]+)\s*[=:]`)
	referTo    = regexp.MustCompile(`\$[({]*([\w]*)`)
	openQuote  = regexp.MustCompile(`^\s*(?:"(?:\\.|[^"\\])*|'[^']*)$`)
)

// multiplies tells that a file's references could make values beyond the limits
// in a loader that has none. It adds up lengths, line by line. A value over
// several lines hides which variable a reference belongs to; then few references
// are let pass.
func multiplies(content []byte, env Env) bool {
	if len(content) > maxValue {
		return true
	}
	sizes := map[string]int{}
	name, total, references, multiline := "", 0, 0, false
	text := strings.ReplaceAll(string(content), "\r", "\n")
	for line := range strings.Lines(text) {
		size := len(line)
		if m := assignment.FindStringSubmatchIndex(line); m != nil {
			name = line[m[2]:m[3]]
			multiline = multiline || openQuote.MatchString(strings.TrimSuffix(line[m[1]:], "\n"))
		}
		refs := referTo.FindAllStringSubmatch(line, -1)
		references += len(refs)
		for _, ref := range refs {
			value, _ := env(ref[1])
			size += max(sizes[ref[1]], len(value))
		}
		sizes[name] = size
		if total += size; size > maxValue || total > maxTotal {
			return true
		}
	}
	return multiline && references > 24
}

// mentions tells that a text holds a variable's name, as a word.
func mentions(text, name string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(name)
		if (start == 0 || !isNameByte(text[start-1])) && (end == len(text) || !isNameByte(text[end])) {
			return true
		}
		at = start + 1
	}
}
