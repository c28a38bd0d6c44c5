package finding

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// Text is a sentence for people, kept as format and arguments until it is
// shown, so that a face can show it in the reader's language. The English
// format is the key of its translations. Arguments are plain values, or Text
// again where part of a sentence is a sentence.
type Text struct {
	Format string
	Args   []any
	// Values fill the {{name}} places of a format that comes from a catalogue
	// page, see Fill.
	Values map[string]string
	// Sentences fill places too; they are translated first.
	Sentences map[string]Text
}

// Textf makes a Text. Format verbs are fmt's; for translations prefer explicit
// indexes only where the order of words must change.
func Textf(format string, args ...any) Text {
	return Text{Format: format, Args: args}
}

// WithArguments is t with f applied to whatever fills it: its words are the
// program's own. f keeps the type of what it is given, errors apart.
func (t Text) WithArguments(f func(any) any) any {
	if t.Args != nil {
		args := make([]any, len(t.Args))
		for i, a := range t.Args {
			args[i] = f(a)
		}
		t.Args = args
	}
	t.Values, t.Sentences = f(t.Values).(map[string]string), f(t.Sentences).(map[string]Text)
	return t
}

// IsZero reports whether there is nothing to say.
func (t Text) IsZero() bool { return t.Format == "" }

// String is the English sentence.
func (t Text) String() string { return t.In(nil) }

// In renders the sentence with translate, which maps an English format to
// another language's and returns "" for what it does not know (English is kept
// then). A nil translate means English.
func (t Text) In(translate func(format string) string) string {
	format := t.Format
	if translate != nil {
		if other := translate(t.Format); other != "" {
			format = other
		}
	}
	if len(t.Args) == 0 {
		return Fill(format, t.filling(translate))
	}
	args := make([]any, len(t.Args))
	for i, a := range t.Args {
		if inner, ok := a.(Text); ok {
			a = inner.In(translate)
		}
		args[i] = a
	}
	return fmt.Sprintf(format, args...)
}

// filling is what fills the places of t.
func (t Text) filling(translate func(format string) string) map[string]string {
	if len(t.Sentences) == 0 {
		return t.Values
	}
	values := map[string]string{}
	maps.Copy(values, t.Values)
	for name, sentence := range t.Sentences {
		values[name] = sentence.In(translate)
	}
	return values
}

// Fill replaces each {{name|otherwise}} in s by the value of name, or by
// otherwise where values has none. "|otherwise" may be left out.
func Fill(s string, values map[string]string) string {
	if !strings.Contains(s, "{{") {
		return s
	}
	return slot.ReplaceAllStringFunc(s, func(found string) string {
		name, otherwise, _ := strings.Cut(found[2:len(found)-2], "|")
		if value := values[name]; value != "" {
			return value
		}
		return otherwise
	})
}

// Slots lists the names of the places that Fill would fill in s.
func Slots(s string) []string {
	var names []string
	for _, found := range slot.FindAllString(s, -1) {
		name, _, _ := strings.Cut(found[2:len(found)-2], "|")
		names = append(names, name)
	}
	return names
}

// slot is a place to fill: {{name}} or {{name|otherwise}}.
var slot = regexp.MustCompile(`\{\{[a-z_]+(\|[^{}]*)?\}\}`)
