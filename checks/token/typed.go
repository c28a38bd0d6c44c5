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

// pairs tries two changes, one of them a common one, on either side or one on
// each: quotes and a line feed, base64 of a secret with a line feed.
func (e *explainer) pairs() (Variant, bool) {
	if e.secret == "" {
		return Variant{}, false
	}
	for _, c := range changes() {
		for _, d := range changes() {
			if !d.common && !c.common || !c.paired || !d.paired || c.id == d.id {
				continue
			}
			once := c.forward(e.secret, e.key)
			if form := d.forward(once, e.key); once != e.secret && form != once && e.try(form) {
				return pair(c, d, c.forwardSide())
			}
			if d.inverse == nil {
				continue
			}
			if form := d.inverse(e.secret, e.key); form != e.secret {
				if c.inverse != nil {
					if inner := c.inverse(form, e.key); inner != form && e.try(inner) {
						return pair(c, d, SideHere)
					}
				}
				if e.try(c.forward(form, e.key)) {
					what := finding.Textf("%s on this machine, and %s where the token is made", d.what, c.what)
					return variant(d.id+"+"+c.id, SideSigner, what, c.why)
				}
			}
		}
	}
	return Variant{}, false
}

func pair(c, d change, side Side) (Variant, bool) {
	r := c.why
	if c.why == &blanks || c.why == &lineEnd {
		r = d.why
	}
	return variant(c.id+"+"+d.id, side, finding.Textf("%s, and then %s", c.what, d.what), r)
}
