package finding

import "fmt"

// Text is a sentence for people, kept as format and arguments until it is
// shown, so that a face can show it in the reader's language. The English
// format is the key of its translations. Arguments are plain values, or Text
// again where part of a sentence is a sentence.
type Text struct {
	Format string
	Args   []any
}

// Textf makes a Text. Format verbs are fmt's; for translations prefer explicit
// indexes only where the order of words must change.
func Textf(format string, args ...any) Text {
	return Text{Format: format, Args: args}
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
		return format
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
