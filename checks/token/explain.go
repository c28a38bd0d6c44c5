package token

import (
	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
)

// Candidate is another secret in reach: of another env file, of a project of
// lk. Label names where it is from. Key may be "".
type Candidate struct {
	Label string
	Key   string
	// Reader is set where this is the value in force as another reader of env
	// files gets it: "docker --env-file", or AsWritten.
	Reader string
	// Secret is tried, never shown; as a function it cannot be printed.
	Secret func() string
}

// Side says whose copy of the secret is the changed one.
type Side string

// AsWritten is the Reader of a value that stands in the file or environment as
// it is, before Next.js works on # and $ in it.
const AsWritten = "as written"

// label is where the candidate is from, fit for a terminal.
func (c Candidate) label() string { return clean.Line(c.Label, 80) }

// The sides.
const (
	SideSigner Side = "signer" // the signer has a changed form of ours
	SideHere   Side = "here"   // ours is a changed form of the signer's
	SideOther  Side = "other"  // another secret altogether
)

// Variant is the secret that verifies a token, told by how it differs from the
// configured one. It never holds a secret.
type Variant struct {
	ID    string       // stable: "trailing-newline"; pairs are joined by "+"
	Side  Side         //
	What  finding.Text // the change as words: "a line feed (\n) at its end"
	Cause finding.Text // the likely cause
	Cure  finding.Text // what to do
}

// maxSpent bounds the bytes that one Explain hashes, so that it stays within
// 5 ms or so for tokens of any size.
const maxSpent = 3 << 20

// Explain looks for the secret that made the signature: changed forms of the
// secret configured here in both directions, the key in its place, well-known
// secrets, other candidates and the likeliest changes of those, then pairs of
// changes. It takes a few milliseconds at most and keeps nothing.
func Explain(t *Token, key, secret string, others []Candidate) (Variant, bool) {
	s := newSigner(t)
	if s == nil {
		return Variant{}, false
	}
	e := explainer{signer: s, key: key, secret: secret, issuer: t.Effective().Claims.Issuer}
	for _, try := range []func() (Variant, bool){
		e.single, e.exchanged, func() (Variant, bool) { return e.candidates(others) },
		e.known, func() (Variant, bool) { return e.repeated(others) }, e.peeled, e.vague, e.keyOrders,
		e.cut, e.typed, e.shortened, e.crossed, e.pairs,
		func() (Variant, bool) { return e.changedCandidates(others) }, e.strayInside,
	} {
		if v, ok := try(); ok {
			return v, true
		}
	}
	return Variant{}, false
}

type explainer struct {
	*signer
	key, secret, issuer string
}

// try is made, within the budget.
func (e *explainer) try(secret string) bool { return e.spent < maxSpent && e.made(secret) }

func variant(id string, side Side, what finding.Text, r *reason) (Variant, bool) {
	return Variant{ID: id, Side: side, What: what, Cause: r.cause, Cure: r.at(side)}, true
}

// single tries each change in both directions.
func (e *explainer) single() (Variant, bool) {
	if e.secret == "" {
		return Variant{}, false
	}
	for _, c := range changes() {
		if c.vague {
			continue
		}
		if form := c.forward(e.secret, e.key); form != e.secret && e.try(form) {
			return variant(c.id, c.forwardSide(), c.what, c.why)
		}
		if c.inverse == nil {
			continue
		}
		if form := c.inverse(e.secret, e.key); form != e.secret && e.try(form) {
			return variant(c.id, SideHere, c.what, c.why)
		}
	}
	return Variant{}, false
}

// vague takes away whatever does not look like a part of a secret.
func (e *explainer) vague() (Variant, bool) {
	for _, c := range changes() {
		if !c.vague || e.secret == "" {
			continue
		}
		if form := c.forward(e.secret, e.key); form != e.secret && e.try(form) {
			return variant(c.id, c.forwardSide(), c.what, c.why)
		}
	}
	return Variant{}, false
}

// cleaning changes take away what does not belong to a secret: when one of them
// makes the signer's form of ours, ours is the soiled copy.
var cleaning = map[string]bool{"trimmed": true, "hidden-removed": true, "blanks-removed": true, "quotes-removed": true, "punctuation-trimmed": true}

func (c change) forwardSide() Side {
	if cleaning[c.id] {
		return SideHere
	}
	return SideSigner
}

// exchanged tries the key in the place of the secret.
func (e *explainer) exchanged() (Variant, bool) {
	for _, k := range []string{e.key, e.issuer} {
		if k == "" {
			continue
		}
		if e.try(k) {
			if e.issuer == e.secret && e.secret != "" {
				return variant("key-secret-swapped", SideSigner, finding.Textf("key and secret are exchanged"), &keyAsSecret)
			}
			return variant("key-as-secret", SideSigner, finding.Textf("the API key stands in the place of the secret"), &keyAsSecret)
		}
		for _, c := range changes() {
			if !c.common {
				continue
			}
			if form := c.forward(k, k); form != k && e.try(form) {
				what := finding.Textf("the API key stands in the place of the secret, and is changed: %s", c.what)
				return variant("key-as-secret+"+c.id, SideSigner, what, &keyAsSecret)
			}
		}
	}
	return Variant{}, false
}

// candidates tries other secrets as they are.
func (e *explainer) candidates(others []Candidate) (Variant, bool) {
	for _, c := range others {
		if c.Secret == nil {
			continue
		}
		if s := c.Secret(); s != "" && s != e.secret && e.try(s) {
			switch c.Reader {
			case "":
			case AsWritten:
				what := finding.Textf("%s as it is written, with what Next.js takes for a comment (#) or a variable ($)", c.label())
				return variant("as-written", SideSigner, what, &loaderRules)
			default:
				return variant("loader-reading", SideSigner, finding.Textf("%s as %s reads it", c.label(), clean.Line(c.Reader, 40)), &loaderRules)
			}
			return variant("other-secret", SideOther, finding.Textf("the secret of %s", c.label()), &elsewhere)
		}
	}
	return Variant{}, false
}

// changedCandidates tries the common changes of other secrets.
func (e *explainer) changedCandidates(others []Candidate) (Variant, bool) {
	for _, c := range others {
		if c.Secret == nil {
			continue
		}
		secret := c.Secret()
		if c.Reader != "" || secret == "" || secret == e.secret {
			continue
		}
		for _, p := range peel(secret, c.Key) {
			if e.try(p.text) {
				id, what := p.told()
				return variant("other-secret+"+id, SideOther, finding.Textf("the secret of %s, without this: %s", c.label(), what), p.why())
			}
		}
		for _, ch := range changes() {
			if form := ch.forward(secret, c.Key); form != secret && e.try(form) {
				what := finding.Textf("the secret of %s, changed: %s", c.label(), ch.what)
				return variant("other-secret+"+ch.id, SideOther, what, ch.why)
			}
		}
	}
	return Variant{}, false
}
