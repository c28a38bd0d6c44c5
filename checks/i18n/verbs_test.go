package i18n

import (
	"maps"
	"regexp"
	"strconv"
	"testing"
)

// A verb is one verb of a format. argument is the number of the argument that it
// shows, from 1, or 0 for %%.
type verb struct {
	text, kind string
	argument   int
}

// verbsOf returns the verbs of a format as fmt reads them, except that it does not
// support * for width or precision.
func verbsOf(format string) []verb {
	var verbs []verb
	next := 1
	for _, m := range regexp.MustCompile(`%([-+# 0]*)(\d*(?:\.\d+)?)(?:\[(\d+)\])?([a-zA-Z%])`).FindAllStringSubmatch(format, -1) {
		if m[4] == "%" {
			verbs = append(verbs, verb{m[0], "%", 0})
			continue
		}
		if m[3] != "" {
			next, _ = strconv.Atoi(m[3])
		}
		verbs = append(verbs, verb{m[0], m[1] + m[2] + m[4], next})
		next++
	}
	return verbs
}

// shown maps each argument's number to the verbs that show it.
func shown(format string) map[int]string {
	arguments := map[int]string{}
	for _, v := range verbsOf(format) {
		if v.argument > 0 {
			arguments[v.argument] += v.kind
		}
	}
	return arguments
}

func TestTranslationsShowTheSameArguments(t *testing.T) {
	texts, err := parse(chinese)
	if err != nil {
		t.Fatal(err)
	}
	for english, text := range texts {
		if want, got := shown(english), shown(text); !maps.Equal(want, got) {
			t.Errorf("%q\n  shows %v\n%q\n  shows %v", english, want, text, got)
		}
	}
}

func TestVerbsAreReadAsFmtDoes(t *testing.T) {
	for _, c := range []struct {
		format string
		want   map[int]string
	}{
		{"no verbs, 100 %% sure", map[int]string{}},
		{"%s and %d", map[int]string{1: "s", 2: "d"}},
		{"%[2]d of %[1]s", map[int]string{1: "s", 2: "d"}},
		{"%[2]d then %s", map[int]string{2: "d", 3: "s"}},
		{"%[1]s, %[1]s again", map[int]string{1: "ss"}},
		{"%+.2f %q", map[int]string{1: "+.2f", 2: "q"}},
	} {
		if got := shown(c.format); !maps.Equal(got, c.want) {
			t.Errorf("%q shows %v, want %v", c.format, got, c.want)
		}
	}
}
