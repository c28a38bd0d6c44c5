package i18n

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// A found is a format and the first place in the code that has it.
type found struct{ format, place string }

// formatsIn returns every string that can become the Format of a finding.Text, in
// source order.
func formatsIn(t *testing.T, s *source) []found {
	t.Helper()
	f := newFlow(s)
	places := map[string]token.Pos{}
	note := func(text string, at token.Pos) {
		if old, known := places[text]; text != "" && (!known || s.compare(at, old) < 0) {
			places[text] = at
		}
	}
	f.literals(s.field(t, "checks/finding", "Text", "Format"), note)
	for _, call := range f.calls {
		unresolved(f, call, note)
	}
	var list []found
	for text, at := range places {
		list = append(list, found{text, s.place(at)})
	}
	slices.SortFunc(list, func(a, b found) int { return s.compare(places[a.format], places[b.format]) })
	return list
}

// unresolved notes the string literals in a call of a function that takes formats, if
// the type information does not resolve the callee. It goes by the function's name.
func unresolved(f *flow, call *ast.CallExpr, note func(string, token.Pos)) {
	name := ""
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		name = fun.Name
	case *ast.SelectorExpr:
		name = fun.Sel.Name
	}
	takers := []string{"Textf", "Fixed", "say", "Say", "Sayf", "tell", "build", "warn", "head", "NotHere", "Waiting"}
	if !slices.Contains(takers, name) || f.object(call.Fun) != nil {
		return
	}
	for _, argument := range call.Args {
		if value := f.info.Types[argument].Value; value != nil && value.Kind() == constant.String {
			note(constant.StringVal(value), argument.Pos())
		}
	}
}

// parse reads a language's file.
func parse(file []byte) (texts map[string]string, err error) {
	err = json.Unmarshal(file, &texts)
	return texts, err
}

// needsWords reports whether a format contains letters outside its verbs.
func needsWords(format string) bool {
	text := format
	for _, v := range verbsOf(format) {
		text = strings.Replace(text, v.text, "", 1)
	}
	return strings.ContainsFunc(text, unicode.IsLetter)
}

// lkdoctorSource returns the code whose messages users read.
func lkdoctorSource(t *testing.T) *source {
	t.Helper()
	return loadSource(t, filepath.Join("..", ".."), "cmd/lkdoctor", "tui", "checks")
}

// TestEveryFormatHasChineseWords reports formats without a translation, as lines for
// zh.json, and translations of formats that no longer exist. With UPDATE_GOLDEN set it
// rewrites zh.json in source order, without the stale ones and with "" for the missing.
func TestEveryFormatHasChineseWords(t *testing.T) {
	texts, err := parse(chinese)
	if err != nil {
		t.Fatal(err)
	}
	list := formatsIn(t, lkdoctorSource(t))
	if os.Getenv("UPDATE_GOLDEN") != "" {
		rewrite(t, list, texts)
	}
	inCode, missing := map[string]bool{}, 0
	for _, f := range list {
		inCode[f.format] = true
		if texts[f.format] == "" && needsWords(f.format) {
			missing++
			t.Errorf("missing in zh.json (%s):\n  %s: \"\",", f.place, quoted(f.format))
		}
	}
	stale := 0
	for format := range texts {
		if !inCode[format] {
			stale++
			t.Errorf("stale in zh.json, not in the code any more:\n  %s", quoted(format))
		}
	}
	if len(inCode) < 500 {
		t.Errorf("only %d formats were found in the code: what finds them is broken", len(inCode))
	}
	if missing+stale > 0 {
		t.Logf("%d formats, %d missing, %d stale", len(inCode), missing, stale)
	}
}

// rewrite writes zh.json for the formats in list, with the known texts.
func rewrite(t *testing.T, list []found, texts map[string]string) {
	t.Helper()
	var lines []string
	for _, f := range list {
		if text := texts[f.format]; text != "" || needsWords(f.format) {
			lines = append(lines, "  "+quoted(f.format)+": "+quoted(text))
		}
	}
	file := "{\n" + strings.Join(lines, ",\n") + "\n}\n"
	if err := os.WriteFile("zh.json", []byte(file), 0o644); err != nil {
		t.Fatal(err)
	}
}

// quoted returns text as a JSON string without HTML escapes.
func quoted(text string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		return fmt.Sprintf("%q", text)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// TestFormatsAreFoundWhereverTheyStand tests formatsIn on each way in which code can
// make a message.
func TestFormatsAreFoundWhereverTheyStand(t *testing.T) {
	s := loadSource(t, filepath.Join("testdata", "module"), "checks", "tui")
	var got []string
	for _, f := range formatsIn(t, s) {
		got = append(got, f.format)
	}
	want := []string{
		"direct", "concatenated of two", "through a closure", "in a field", "by place in a field", "in a list",
		"in a map", "a constant", "chosen first", "chosen second", "returned", "of a method", "of a fix",
		"an argument is a text", "from an element", "to a callback", "first result", "through a type not known",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("found\n%q\nwant\n%q", got, want)
	}
}
