package token

import (
	"strings"
	"sync"

	"lkdoctor/checks/finding"
)

// pairs tries two changes of the signer's copy, one of them a common one: quotes
// and a line feed, base64 of a secret with a line feed. What ours went through
// is found by peeling.
func (e *explainer) pairs() (Variant, bool) {
	if e.secret == "" {
		return Variant{}, false
	}
	all := pairable()
	for _, c := range all {
		once := c.forward(e.secret, e.key)
		for _, d := range all {
			if !d.common && !c.common || c.id == d.id {
				continue
			}
			if once != e.secret {
				if form := d.forward(once, e.key); form != once && e.try(form) {
					return pair(c, d, c.forwardSide())
				}
			}
		}
	}
	return Variant{}, false
}

// pairable are the changes that are tried in pairs.
var pairable = sync.OnceValue(func() []*change {
	var list []*change
	all := changes()
	for i := range all {
		if all[i].paired {
			list = append(list, &all[i])
		}
	}
	return list
})

func pair(c, d *change, side Side) (Variant, bool) {
	r := c.why
	if c.why == &blanks || c.why == &lineEnd {
		r = d.why
	}
	return variant(c.id+"+"+d.id, side, finding.Textf("%s, and then %s", c.what, d.what), r)
}

// repeated tries the secret several times over, and together with another one
// that it was to replace.
func (e *explainer) repeated(others []Candidate) (Variant, bool) {
	s := e.secret
	if s == "" {
		return Variant{}, false
	}
	for _, between := range []string{"\n", "\r\n", " ", ",", ", ", ":", ";"} {
		for _, form := range []string{s + between + s, s + between + s + between} {
			if e.try(form) {
				return variant("repeated", SideSigner, finding.Textf("twice, with “%s” between", shownText(between)), &pasted)
			}
		}
		if first, second, two := strings.Cut(strings.TrimSuffix(s, between), between); two && first == second && e.try(first) {
			return variant("repeated", SideHere, finding.Textf("twice, with “%s” between", shownText(between)), &pasted)
		}
	}
	if e.try(s + s + s) {
		return variant("repeated", SideSigner, finding.Textf("three times in a row"), &pasted)
	}
	if n := len(s) / 3; n*3 == len(s) && s[:n] == s[n:2*n] && s[:n] == s[2*n:] && e.try(s[:n]) {
		return variant("repeated", SideHere, finding.Textf("three times in a row"), &pasted)
	}
	for _, c := range others {
		if c.Secret == nil || c.Secret() == "" || c.Secret() == s {
			continue
		}
		for _, between := range []string{"", "\n", " "} {
			before, isBefore := strings.CutSuffix(s, between+c.Secret())
			after, isAfter := strings.CutPrefix(s, c.Secret()+between)
			if isBefore && e.try(before) || isAfter && e.try(after) {
				return variant("joined-with-other", SideHere, finding.Textf("joined to the secret of %s", c.label()), &pasted)
			}
			for _, form := range []string{s + between + c.Secret(), c.Secret() + between + s} {
				if e.try(form) {
					return variant("joined-with-other", SideSigner, finding.Textf("joined to the secret of %s", c.label()), &pasted)
				}
			}
		}
	}
	return Variant{}, false
}

// shortened tries what shows the ends of a secret only, dots or stars between.
func (e *explainer) shortened() (Variant, bool) {
	s := e.secret
	for n := 2; n <= 8 && 2*n < len(s); n++ {
		for _, between := range []string{"...", "…", "***", "****", "********"} {
			for _, form := range []string{s[:n] + between + s[len(s)-n:], s[:n] + between} {
				if e.try(form) {
					return variant("shortened", SideSigner, finding.Textf("with “%s” in the place of what is not shown of it", between), &masked)
				}
			}
		}
	}
	for _, star := range []string{"*", "•", "●", "x", "X"} {
		if s != "" && e.try(strings.Repeat(star, len(s))) {
			return variant("shortened", SideSigner, finding.Textf("with “%s” in the place of what is not shown of it", star), &masked)
		}
	}
	return Variant{}, false
}

// keyOrders tries the pair in other orders and with other marks between.
func (e *explainer) keyOrders() (Variant, bool) {
	if e.key == "" || e.secret == "" {
		return Variant{}, false
	}
	for _, between := range []string{" ", "\t", ",", ", ", "\n", ".", "/", "_", "-", "|", ";"} {
		what := finding.Textf("the API key and “%s” before it", shownText(between))
		if e.try(e.key + between + e.secret) {
			return variant("key-before-secret", SideSigner, what, &pairLine)
		}
		if form, has := strings.CutPrefix(e.secret, e.key+between); has && e.try(form) {
			return variant("key-before-secret", SideHere, what, &pairLine)
		}
	}
	for _, between := range []string{":", ": ", "", " ", ",", "="} {
		what := finding.Textf("“%s” and the API key behind it", between)
		if e.try(e.secret + between + e.key) {
			return variant("key-behind-secret", SideSigner, what, &pairLine)
		}
		if form, has := strings.CutSuffix(e.secret, between+e.key); has && e.try(form) {
			return variant("key-behind-secret", SideHere, what, &pairLine)
		}
	}
	return Variant{}, false
}
