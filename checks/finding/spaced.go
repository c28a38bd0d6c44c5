package finding

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// edge marks the ends of an argument in a sentence.
const edge = "\x00"

// edged formats an argument between two edges.
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
