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
	if found.Kind == placeholder.Object {
		found.Kind = placeholder.Missing
	}
	return f.As(string(found.Kind)).With("placeholder", found.Text)
}

// first returns the position of the first character of value that name names, in
// characters from the start, and its name; -1 where there is none.
func first(value string, name func(rune) Text) (int, Text) {
	for i, r := range []rune(value) {
		if what := name(r); !what.IsZero() {
			return i, what
		}
	}
	return -1, Text{}
}

// quote names a quotation mark of any kind; it is empty for other characters.
func quote(r rune) Text {
	switch r {
	case '"':
		return finding.Textf("a double quote")
	case '\'':
		return finding.Textf("a single quote")
	case '`':
		return finding.Textf("a backtick")
	case '“', '”', '‘', '’', '„', '«', '»', '‚', '‹', '›':
		return finding.Textf("a typographic quote (%U)", r)
	}
	return Text{}
}

// space names a white space, control or invisible character.
func space(r rune) Text {
	switch r {
	case ' ':
		return finding.Textf("a space")
	case '\t':
		return finding.Textf("a tab")
	case '\n':
		return finding.Textf("a line feed")
	case '\r':
		return finding.Textf("a carriage return")
	case '\u00a0':
		return finding.Textf("a no-break space (U+00A0)")
	case '\ufeff':
		return finding.Textf("a byte order mark (U+FEFF)")
	}
	if unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
		return finding.Textf("an invisible character (%U)", r)
	}
	return Text{}
}
