package dotenv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/docker/cli/pkg/kvfile"
	"github.com/joho/godotenv"
	"github.com/sirupsen/logrus"
)

// ErrNotCompared means that a loader might exhaust memory with the file's references.
var ErrNotCompared = errors.New("not compared: its variables multiply each other")

// silence stops compose-go from logging names of unset variables to stderr through
// logrus. In abc$def, part of a secret, that name is "def".
var silence = sync.OnceFunc(func() { logrus.SetOutput(io.Discard) })

// readLinked reads a file with the loader's own code.
func readLinked(loader Loader, content []byte, env Env) (values map[string]Value, err error) {
	defer func() { // a hostile file may make these parsers panic
		if recover() != nil {
			values, err = nil, errors.New("it crashes on this file")
		}
	}()
	if loader != DockerEnvFile && multiplies(content, env) {
		return nil, ErrNotCompared
	}
	var parsed map[string]string
	switch loader {
	case Godotenv:
		parsed, err = godotenv.Parse(bytes.NewReader(content))
	case Compose:
		silence()
		parsed, err = dotenv.ParseWithLookup(bytes.NewReader(content), dotenv.LookupFn(env))
	case DockerEnvFile:
		var pairs []string
		pairs, err = kvfile.ParseFromReader(bytes.NewReader(content), env)
		parsed = map[string]string{}
		for _, pair := range pairs {
			name, value, _ := strings.Cut(pair, "=")
			parsed[name] = value
		}
	}
	if err != nil {
		return nil, withoutQuotes(err)
	}
	values = make(map[string]Value, len(parsed))
	for name, value := range parsed {
		values[name] = known(value)
	}
	return values, nil
}

var lineNumber = regexp.MustCompile(`\bline (\d+)\b`)

// withoutQuotes returns why a loader refuses a file, without its quotes of the file.
func withoutQuotes(err error) error {
	reasons := []struct{ theirs, ours string }{
		{"unexpected character", "an unexpected character in a variable's name"},
		{"unterminated quote", "a quote that is not closed"},
		{"contains whitespaces", "white space before the ="},
		{"cannot contain a space", "a space in a variable's name"},
		{"no variable name", "no name before the ="},
		{"invalid utf8", "bytes that are not UTF-8"},
		{"token too long", "a line over 64 KiB"},
		{"zero length string", "no name after export"},
		{"nvalid template", "a $ that starts no reference"},
		{"required variable", "a reference that demands a variable which is not set"},
	}
	// The place is the message's own only at its start, before anything quoted.
	head := err.Error()
	head = head[:min(len(head), 40)]
	for _, reason := range reasons {
		if !strings.Contains(err.Error(), reason.theirs) {
			continue
		}
		if at := lineNumber.FindString(head); at != "" {
			return fmt.Errorf("%s (%s)", reason.ours, at)
		}
		return errors.New(reason.ours)
	}
	return errors.New("it cannot read the file")
}

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
