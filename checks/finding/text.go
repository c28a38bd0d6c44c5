package finding

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is a sentence for users. It is kept as format and arguments until it is shown
// in the user's language. The English format is the key of its translations. Arguments
// are plain values, or Text for parts that are sentences.
type Text struct {
	Format string
	Args   []any
	// Values fill the {{name}} places of a format from a catalogue page, see Fill.
	Values map[string]string
	// Sentences fill places too; they are translated first.
	Sentences map[string]Text
}

// Textf makes a Text. Format verbs are fmt's. For translations use explicit indexes
// only where the order of words must change.
func Textf(format string, args ...any) Text {
	return Text{Format: format, Args: args}
}

// Joined joins texts by a format of two, such as "%s, %s". It omits empty ones.
func Joined(format string, texts ...Text) Text {
	var out Text
	for _, t := range texts {
		switch {
		case out.IsZero():
			out = t
		case !t.IsZero():
			out = Textf(format, out, t)
		}
	}
	return out
}

// WithArguments returns t with f applied to all that fills it, but not to the format
// and the names of its places. f must keep the type of its argument, except errors.
func (t Text) WithArguments(f func(any) any) any {
	if t.Args != nil {
		args := make([]any, len(t.Args))
		for i, a := range t.Args {
			args[i] = f(a)
		}
		t.Args = args
	}
	t.Values, t.Sentences = maps.Clone(t.Values), maps.Clone(t.Sentences)
	for name, value := range t.Values {
		t.Values[name] = f(value).(string)
	}
	for name, sentence := range t.Sentences {
		t.Sentences[name] = f(sentence).(Text)
	}
	return t
}

// IsZero reports whether t is empty.
func (t Text) IsZero() bool { return t.Format == "" }

// String returns the English sentence.
func (t Text) String() string { return t.In(nil) }

// In renders the sentence. translate maps an English format to another language and
// returns "" if it is unknown, which keeps English. A nil translate means English.
func (t Text) In(translate func(format string) string) string {
	format := t.Format
	if translate != nil {
		if other := translate(t.Format); other != "" {
			format = other
		}
	}
	if len(t.Args) == 0 {
		if !strings.Contains(format, "{{") {
			return format
		}
		values := t.filling(translate)
		return Fill(unquote(format, values), values)
	}
	args := make([]any, len(t.Args))
	for i, a := range t.Args {
		if inner, ok := a.(Text); ok {
			a = inner.In(translate)
		}
		args[i] = a
	}
	if format == t.Format {
		return fmt.Sprintf(format, args...)
	}
	return spaced(format, args)
}

func (t Text) filling(translate func(format string) string) map[string]string {
	values := map[string]string{}
	maps.Copy(values, t.Values)
	for name, sentence := range t.Sentences {
		values[name] = sentence.In(translate)
	}
	return values
}

// Fill replaces each {{name|otherwise}} in s by values[name], or by otherwise if
// values lacks it. "|otherwise" is optional.
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

// unquote removes the quotation marks around a place in parentheses that values
// lacks: what stands there otherwise is no quotation.
func unquote(s string, values map[string]string) string {
	return quoted.ReplaceAllStringFunc(s, func(found string) string {
		parts := quoted.FindStringSubmatch(found)
		if values[parts[3]] != "" {
			return found
		}
		return parts[1] + parts[2] + parts[4]
	})
}

// quoted is a place in quotation marks and parentheses.
var quoted = regexp.MustCompile(`([(（])["“](\{\{([a-z_]+)(?:\|[^{}]*)?\}\})["”]([)）])`)

// Slots returns the names of the places in s.
func Slots(s string) []string {
	var names []string
	for _, found := range slot.FindAllString(s, -1) {
		name, _, _ := strings.Cut(found[2:len(found)-2], "|")
		names = append(names, name)
	}
	return names
}

var slot = regexp.MustCompile(`\{\{[a-z_]+(\|[^{}]*)?\}\}`)

const edge = "\x00"

type edged struct{ value any }

// Format implements fmt.Formatter.
func (e edged) Format(s fmt.State, verb rune) {
	text := strings.ReplaceAll(fmt.Sprintf(fmt.FormatString(s, verb), e.value), edge, "")
	_, _ = fmt.Fprint(s, edge+text+edge)
}

// spaced is fmt.Sprintf for a language with ideographs. A translation does not know
// whether an argument is Chinese, so that the spaces at the ends of the arguments are
// set here: one between an ideograph and a Latin letter or digit, none between two
// ideographs or next to full-width punctuation.
func spaced(format string, args []any) string {
	marked := make([]any, len(args))
	for i, a := range args {
		marked[i] = edged{a}
	}
	parts := strings.Split(fmt.Sprintf(format, marked...), edge)
	var out strings.Builder
	last := utf8.RuneError // the last character that is no space
	for _, part := range parts {
		if part == "" {
			continue
		}
		text := out.String()
		bare, rest := strings.TrimRight(text, " "), strings.TrimLeft(part, " ")
		next, _ := utf8.DecodeRuneInString(rest)
		if bare != "" {
			last, _ = utf8.DecodeLastRuneInString(bare)
		}
		gap := text[len(bare):] + part[:len(part)-len(rest)]
		switch {
		case bare == "" || rest == "":
		case unicode.Is(unicode.Han, last) && unicode.Is(unicode.Han, next), fullWidth(last), fullWidth(next):
			gap = ""
		case gap == "" && (unicode.Is(unicode.Han, last) && latin(next) || latin(last) && unicode.Is(unicode.Han, next)):
			gap = " "
		}
		out.Reset()
		out.WriteString(bare + gap + rest)
	}
	return out.String()
}

// fullWidth reports whether r is punctuation as wide as an ideograph.
func fullWidth(r rune) bool {
	return strings.ContainsRune("，。、；：？！（）《》「」", r)
}

func latin(r rune) bool { return unicode.Is(unicode.Latin, r) || unicode.IsDigit(r) }
