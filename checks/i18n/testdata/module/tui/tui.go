package tui

import (
	"errors"
	"fmt"
	"sort"

	"example.com/stranger"

	"lkdoctor/checks/finding"
)

const constant = "a constant"

type face struct{ translate func(string) string }

func (f face) say(format string, args ...any) string {
	return fmt.Sprint(finding.Textf(format, args...))
}

type mark struct {
	sign, word string
}

func markOf(state int) mark {
	if state == 0 {
		return mark{"+", "by place in a field"}
	}
	return mark{sign: "-", word: "in a field"}
}

func named() string { return "returned" }

func two() (string, error) { return "first result", errors.New("not a message") }

func each(do func(format string)) { do("to a callback") }

func messages(f face, n int) []finding.Finding {
	found := finding.New("CODE", "direct", "an argument").Fixed("a command", "of a fix")
	tell := func(code, format string, args ...any) finding.Finding { return finding.New(code, format, args...) }
	_ = tell("CODE", "through a closure", 1, named)
	_ = finding.New("CODE", "concatenated "+
		"of two", finding.Textf("an argument is a text"))
	f.say(markOf(n).word)
	for _, text := range []string{"in a list"} {
		f.say(text)
	}
	_ = finding.Textf(map[int]string{1: "in a map"}[n])
	_ = finding.Textf(constant)
	format := "chosen first"
	if n > 1 {
		format = "chosen second"
	}
	f.say(format)
	f.say(named())
	(&f).say("of a method")
	for _, when := range []struct {
		at     int
		format string
	}{{1, "from an element"}} {
		f.say(when.format, "also an argument")
	}
	each(func(format string) { f.say(format) })
	result, _ := two()
	f.say(result)
	stranger.Face().say("through a type not known")
	sort.Strings([]string{"not a message either"})
	return []finding.Finding{found}
}
