package token

import "lkdoctor/checks/finding"

// lookalikes are characters that people take for one another.
var lookalikes = []string{"0Oo", "1lI|i", "5S", "8B", "2Z", "-_", "uv", "cC", "sS", "vV", "wW", "xX", "zZ", "kK", "pP"}

// oneMore are the characters tried at either end of the secret.
const oneMore = base62 + "-_=+/!@#$%.,;:'\""

// typed tries what happens when a secret is typed or copied by hand: one
// character missing, one too many, two exchanged, one taken for another.
func (e *explainer) typed() (Variant, bool) {
	s := e.secret
	if len(s) < 4 || len(s) > 256 {
		return Variant{}, false
	}
	for i := range len(s) {
		if e.try(s[:i] + s[i+1:]) {
			return variant("character-missing", SideSigner, finding.Textf("one character is missing (the one at place %d)", i+1), &typo)
		}
		if e.try(s[:i+1] + s[i:]) {
			return variant("character-doubled", SideSigner, finding.Textf("one character stands twice (the one at place %d)", i+1), &typo)
		}
		if i > 0 && s[i] != s[i-1] && e.try(s[:i-1]+s[i:i+1]+s[i-1:i]+s[i+1:]) {
			return variant("characters-exchanged", SideSigner, finding.Textf("two neighbouring characters are exchanged (places %d and %d)", i, i+1), &typo)
		}
		for _, other := range likes(s[i]) {
			if e.try(s[:i] + string(other) + s[i+1:]) {
				return variant("character-mistaken", SideSigner, finding.Textf("one character is another that looks like it (place %d)", i+1), &typo)
			}
		}
	}
	for i := range len(oneMore) {
		if e.try(s + oneMore[i:i+1]) {
			return variant("character-added-at-end", SideSigner, finding.Textf("one character more at its end"), &cutShort)
		}
		if e.try(oneMore[i:i+1] + s) {
			return variant("character-added-at-start", SideSigner, finding.Textf("one character more before it"), &cutShort)
		}
	}
	return Variant{}, false
}

// stray are texts that get into the middle of a secret: where a line was broken
// for display, and what web pages put in to allow that.
var stray = []struct {
	text string
	what finding.Text
	why  *reason
}{
	{"\n", finding.Textf("a line break inside"), &lineEnd}, {"\r\n", finding.Textf("a line break inside"), &lineEnd}, {" ", finding.Textf("a blank inside"), &blanks},
	{"\u200b", finding.Textf("an invisible character inside"), &invisible}, {"\u00ad", finding.Textf("an invisible character inside"), &invisible},
	{"\n  ", finding.Textf("a line break and blanks inside"), &lineEnd}, {"\\\n", finding.Textf("a backslash and a line break inside"), &escapes},
}

// strayInside tries a stray text at each place of the secret.
func (e *explainer) strayInside() (Variant, bool) {
	s := e.secret
	if len(s) > 256 {
		return Variant{}, false
	}
	for _, x := range stray {
		for i := 1; i < len(s); i++ {
			if e.try(s[:i] + x.text + s[i:]) {
				return variant("stray-inside", SideSigner, x.what, x.why)
			}
		}
	}
	return Variant{}, false
}

// likes lists what c may be taken for, its other case included.
func likes(c byte) []byte {
	var list []byte
	if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
		list = append(list, c^0x20)
	}
	for _, group := range lookalikes {
		for i := range len(group) {
			if group[i] != c {
				continue
			}
			for j := range len(group) {
				if group[j] != c && group[j] != c^0x20 {
					list = append(list, group[j])
				}
			}
		}
	}
	return list
}
