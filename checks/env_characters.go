package checks

import (
	"unicode"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/placeholder"
)

// placeholderWords names the placeholder, to follow "it holds".
func placeholderWords(found placeholder.Found) Text {
	switch found.Kind {
	case placeholder.Template:
		return finding.Textf("the placeholder %s of a template", found.Text)
	case placeholder.Reference:
		return finding.Textf("%s, a reference that nothing replaced", found.Text)
	case placeholder.Object:
		return finding.Textf("%s, which is an object made into text", found.Text)
	case placeholder.Masked:
		return finding.Textf("%s, which is how a hidden value is shown", found.Text)
	}
	return finding.Textf("%s, the word that a missing value becomes", found.Text)
}

// unfilled returns f, an ENV_PLACEHOLDER, with its variant.
func unfilled(f Finding, found placeholder.Found) Finding {
	variant := found.Kind
	if variant == placeholder.Object {
		variant = placeholder.Missing
	}
	return f.As(string(variant)).With("placeholder", found.Text)
}

// firstQuote returns the position of the first quotation mark of any kind, in
// characters from the start; -1 where there is none.
func firstQuote(value string) (int, Text) {
	for i, r := range []rune(value) {
		switch r {
		case '"':
			return i, finding.Textf("a double quote")
		case '\'':
			return i, finding.Textf("a single quote")
		case '`':
			return i, finding.Textf("a backtick")
		case '“', '”', '‘', '’', '„', '«', '»', '‚', '‹', '›':
			return i, finding.Textf("a typographic quote (%U)", r)
		}
	}
	return -1, Text{}
}

// firstSpace returns the position of the first white space, control or invisible
// character.
func firstSpace(value string) (int, Text) {
	for i, r := range []rune(value) {
		switch {
		case r == ' ':
			return i, finding.Textf("a space")
		case r == '\t':
			return i, finding.Textf("a tab")
		case r == '\n':
			return i, finding.Textf("a line feed")
		case r == '\r':
			return i, finding.Textf("a carriage return")
		case r == '\u00a0':
			return i, finding.Textf("a no-break space (U+00A0)")
		case r == '\ufeff':
			return i, finding.Textf("a byte order mark (U+FEFF)")
		case unicode.IsSpace(r), unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return i, finding.Textf("an invisible character (%U)", r)
		}
	}
	return -1, Text{}
}
