package token

import (
	"strings"

	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
)

// Candidate is another secret in reach: of another env file, of a project of
// lk. Label names where it is from. Key may be "".
type Candidate struct {
	Label string
	Key   string
	// Secret is tried, never shown; as a function it cannot be printed.
	Secret func() string
}

// Side says whose copy of the secret is the changed one.
type Side string

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
		e.known, e.cut, e.typed, e.pairs,
		func() (Variant, bool) { return e.changedCandidates(others) },
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
			return variant("other-secret", SideOther, finding.Textf("the secret of %s", clean.Line(c.Label, 80)), &elsewhere)
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
		for _, ch := range changes() {
			for _, f := range []func(s, key string) string{ch.forward, ch.inverse} {
				if f == nil || secret == "" {
					continue
				}
				if form := f(secret, c.Key); form != secret && e.try(form) {
					what := finding.Textf("the secret of %s, changed: %s", clean.Line(c.Label, 80), ch.what)
					return variant("other-secret+"+ch.id, SideOther, what, ch.why)
				}
			}
		}
	}
	return Variant{}, false
}

// knownSecrets are signed with by mistake; the empty one by code that reads a
// variable that is not set.
var knownSecrets = []struct {
	secret string
	r      *reason
}{
	{"secret", &wellKnown}, {"devsecret", &wellKnown}, {"", &unset}, {"undefined", &unset}, {"null", &unset}, {"None", &unset},
	{"nil", &unset}, {"<nil>", &unset}, {"NaN", &unset}, {"[object Object]", &unset}, {"[object Promise]", &unset}, {"false", &unset}, {`""`, &unset}, {"''", &unset}, {" ", &unset}, {"\n", &unset},
	{"${LIVEKIT_API_SECRET}", &unset}, {"$LIVEKIT_API_SECRET", &unset}, {"{{LIVEKIT_API_SECRET}}", &unset}, {"{{ LIVEKIT_API_SECRET }}", &unset},
	{"%LIVEKIT_API_SECRET%", &unset}, {"LIVEKIT_API_SECRET", &unset}, {"process.env.LIVEKIT_API_SECRET", &unset}, {"$(LIVEKIT_API_SECRET)", &unset},
	{"<your_api_secret>", &unset}, {"your_api_secret", &unset}, {"<your-api-secret>", &unset}, {"your-api-secret", &unset}, {"YOUR_API_SECRET", &unset}, {"<YOUR_API_SECRET>", &unset},
	{"<your API secret>", &unset}, {"<api_secret>", &unset}, {"api_secret", &unset}, {"API_SECRET", &unset}, {"apisecret", &unset}, {"<secret>", &unset}, {"your_secret", &unset}, {"your-secret", &unset},
	{"your_livekit_api_secret", &unset}, {"your-livekit-api-secret", &unset}, {"changeme", &unset}, {"change-me", &unset}, {"change_me", &unset}, {"placeholder", &unset}, {"password", &unset}, {"test", &unset}, {"xxx", &unset},
	{"secret\n", &wellKnown}, {"devkey", &keyAsSecret}, {"devkey: secret", &pairLine}, {"this_is_a_secret", &wellKnown}, {"mysecret", &wellKnown}, {"my-secret", &wellKnown}, {"livekit", &wellKnown},
}

// known tries secrets that everybody knows; these may be named.
func (e *explainer) known() (Variant, bool) {
	for _, k := range knownSecrets {
		if k.secret == e.secret && e.secret != "" || !e.try(k.secret) {
			continue
		}
		if k.secret == "" {
			return variant("empty-secret", SideOther, finding.Textf("an empty secret"), k.r)
		}
		id := "well-known-secret"
		if k.r == &unset {
			id = "placeholder-secret"
		}
		return variant(id, SideOther, finding.Textf("the well-known text “%s” as the secret", clean.Line(k.secret, 40)), k.r)
	}
	return Variant{}, false
}

// cut tries the secret without its end or its beginning.
func (e *explainer) cut() (Variant, bool) {
	s := e.secret
	for n := len(s) - 1; n > 0; n-- {
		if e.try(s[:n]) {
			switch s[n] {
			case '#':
				return variant("cut-at-hash", SideSigner, finding.Textf("cut off at a #"), &cutHash)
			case '$':
				return variant("cut-at-dollar", SideSigner, finding.Textf("cut off at a $"), &dollars)
			case ' ':
				return variant("cut-at-space", SideSigner, finding.Textf("cut off at a blank"), &blanks)
			}
			return variant("cut-at-end", SideSigner, finding.Textf("only its first %d of %d bytes", n, len(s)), &cutShort)
		}
		if e.try(s[len(s)-n:]) {
			return variant("cut-at-start", SideSigner, finding.Textf("only its last %d of %d bytes", n, len(s)), &cutShort)
		}
		if t := strings.TrimRight(s[:n], " \t"); s[n] == '#' && len(t) != n && e.try(t) {
			return variant("cut-at-hash", SideSigner, finding.Textf("cut off at a blank and a #"), &cutHash)
		}
	}
	return Variant{}, false
}
