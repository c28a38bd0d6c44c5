package token

import (
	"slices"
	"strings"

	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
)

// Candidate is another secret on this machine: from another env file or from a project
// of lk. Label says where it is from. Key may be empty.
type Candidate struct {
	Label    string
	Key      string
	Variable string // the variable that holds it, if not LIVEKIT_API_SECRET
	Alone    bool   // whether changed forms of it are not tried
	// Reader is set if this is the value in force as another reader of env files
	// sees it: "docker --env-file", or AsWritten.
	Reader string
	// Secret returns the value. It is a function so that fmt cannot print it.
	Secret func() string
}

// AsWritten is the Reader of a value as it stands in the file or environment, before
// Next.js processes # and $.
const AsWritten = "as written"

func (c Candidate) label() string { return clean.Line(c.Label, 80) }

// Side says which copy of the secret was changed.
type Side string

// The sides.
const (
	SideSigner Side = "signer" // the signer's copy is a changed form of the one here
	SideHere   Side = "here"   // the copy here is a changed form of the signer's
	SideOther  Side = "other"  // the signer has a different secret
)

// Variant describes the secret that verifies a token by its difference from the
// configured one. It never holds a secret.
type Variant struct {
	ID    string       // stable: "trailing-newline"; several changes are joined by "+"
	Side  Side         // which copy was changed
	What  finding.Text // the change: "a line feed (\n) at its end"
	Cause finding.Text // the likely cause
	Cure  finding.Text // what to do
	From  Candidate    // the other place that the secret came from; zero if none
}

// maxSpent is the most bytes that one Explain hashes, which takes about 5 ms.
const maxSpent = 3 << 20

// Explain searches for the secret that made the signature. It tries changed forms of
// the secret configured here in both directions, the key in place of the secret,
// well-known secrets, and the other candidates and their changed forms. It takes a few
// milliseconds at most and keeps no secret.
func Explain(t *Token, key, secret string, others []Candidate) (Variant, bool) {
	s := newSigner(t)
	if s == nil {
		return Variant{}, false
	}
	e := explainer{signer: s, key: key, secret: secret, issuer: t.Effective().Claims.Issuer, others: others, tried: map[string]bool{}}
	if secret != "" {
		e.tried[secret] = true
		e.changes = changes(key)
		e.origins = origins(secret, e.changes)
	}
	for _, search := range []func(){
		func() { e.each(e.changes) }, e.exchanged, e.candidates, e.known, e.joined, e.undone, e.remains, e.cut,
		e.typed, e.masked, e.bothSides, e.pairs, e.changedCandidates, e.interrupted,
	} {
		if !e.over() {
			search()
		}
	}
	return e.found, e.found.ID != ""
}

type explainer struct {
	*signer
	key, secret, issuer string
	others              []Candidate
	changes             []change
	origins             []origin
	tried               map[string]bool
	found               Variant
}

// over reports whether the search has ended: the secret was found, or enough was tried.
func (e *explainer) over() bool { return e.found.ID != "" || e.spent >= maxSpent }

// try tries one secret unless the search is over, and describes the right one in found.
func (e *explainer) try(side Side, id, secret string, what finding.Text, why *reason) {
	if e.over() || e.tried[secret] {
		return
	}
	e.tried[secret] = true
	if e.made(secret) {
		e.found = Variant{ID: id, Side: side, What: what, Cause: why.cause, Cure: why.at(side)}
	}
}

// signed is try for a changed copy of the signer's.
func (e *explainer) signed(id, secret string, why *reason, what string, args ...any) {
	e.try(SideSigner, id, secret, finding.Textf(what, args...), why)
}

// each tries each change of the signer's copy, then of the copy here.
func (e *explainer) each(all []change) {
	for _, c := range all {
		e.try(SideSigner, c.id, c.do(e.secret), c.what, c.why)
		e.try(SideHere, c.id, c.undo(e.secret), c.what, c.why)
	}
}

// remains tries the secret without characters that are unlikely to be part of one.
func (e *explainer) remains() {
	if e.secret != "" {
		e.each(removals())
	}
}

func (e *explainer) exchanged() {
	for _, k := range []string{e.key, e.issuer} {
		if k == "" {
			continue
		}
		id, what := "key-as-secret", finding.Textf("the API key stands in the place of the secret")
		if e.issuer == e.secret && e.secret != "" {
			id, what = "key-secret-swapped", finding.Textf("key and secret are exchanged")
		}
		e.try(SideSigner, id, k, what, &keyAsSecret)
		for _, c := range table() {
			if c.use == common {
				e.signed("key-as-secret+"+c.id, c.do(k), &keyAsSecret,
					"the API key stands in the place of the secret, and is changed: %s", c.what)
			}
		}
	}
}

// other calls visit with the secrets of other places until the search is over.
func (e *explainer) other(visit func(c Candidate, secret string)) {
	for _, c := range e.others {
		if e.over() {
			return
		}
		if c.Secret == nil || c.Secret() == "" {
			continue
		}
		if visit(c, c.Secret()); e.found.ID != "" {
			e.found.From = c
		}
	}
}

func (e *explainer) candidates() {
	e.other(func(c Candidate, secret string) {
		switch c.Reader {
		case "":
			e.try(SideOther, "other-secret", secret, finding.Textf("the secret of %s", c.label()), &otherPlace)
		case AsWritten:
			e.signed("as-written", secret, &loaderRules,
				"%s as it is written, with what Next.js takes for a comment (#) or a variable ($)", c.label())
		default:
			e.signed("loader-reading", secret, &loaderRules, "%s as %s reads it", c.label(), clean.Line(c.Reader, 40))
		}
	})
}

func (e *explainer) changedCandidates() {
	e.other(func(c Candidate, secret string) {
		if c.Reader != "" || c.Alone || secret == e.secret {
			return
		}
		all := changes(c.Key)
		for _, o := range origins(secret, all)[1:] {
			id, what, why := chain(o.undone)
			e.try(SideOther, "other-secret+"+id, o.text, finding.Textf("the secret of %s, without this: %s", c.label(), what), why)
		}
		for _, ch := range all {
			what := finding.Textf("the secret of %s, changed: %s", c.label(), ch.what)
			e.try(SideOther, "other-secret+"+ch.id, ch.do(secret), what, ch.why)
		}
	})
}

// joined tries a new secret pasted before or after an old one.
func (e *explainer) joined() {
	e.other(func(c Candidate, secret string) {
		if e.secret == "" || c.Alone {
			return
		}
		what := finding.Textf("joined to the secret of %s", c.label())
		for _, b := range []string{"", "\n", " "} {
			e.each([]change{around("joined-with-other", "", b+secret, what, &pasted),
				around("joined-with-other", secret+b, "", what, &pasted)})
		}
	})
}

// known tries well-known secrets. Only these may be shown.
func (e *explainer) known() {
	e.try(SideOther, "empty-secret", "", finding.Textf("an empty secret"), &unset)
	for _, group := range knownSecrets {
		for _, secret := range group.secrets {
			what := finding.Textf("the well-known text “%s” as the secret", clean.Line(secret, 40))
			for _, form := range []string{secret, secret + "\n", `"` + secret + `"`, "'" + secret + "'"} {
				e.try(SideOther, group.id, form, what, group.why)
			}
		}
	}
}

// origin is a text that the secret may have been before it was changed. undone holds
// the changes since then, in the order in which they were made.
type origin struct {
	text   string
	undone []*change
}

// Limits on origins: the changes in a row, and the possible origins.
const (
	maxOrigins = 24
	maxUndone  = 5
)

// origins lists what secret may have been, beginning with secret itself: without
// quotes, without a line feed, decoded from base64, in any order that fits.
func origins(secret string, all []change) []origin {
	seen := map[string]bool{secret: true, "": true}
	list := []origin{{text: secret}}
	for i := 0; i < len(list) && len(list[i].undone) < maxUndone; i++ {
		for n := range all {
			form := all[n].undo(list[i].text)
			if seen[form] {
				continue
			}
			seen[form] = true
			list = append(list, origin{form, slices.Concat([]*change{&all[n]}, list[i].undone)})
			if len(list) > maxOrigins {
				return list
			}
		}
	}
	return list
}

// chain describes changes that were made one after the other. The reason is that of
// the last one that is more than a line end or blanks.
func chain(changes []*change) (id string, what finding.Text, why *reason) {
	for i, c := range changes {
		if i == 0 {
			id, what, why = c.id, c.what, c.why
			continue
		}
		id, what = id+"+"+c.id, finding.Textf("%s, and then %s", what, c.what)
		if c.why != &blanks && c.why != &lineEnd {
			why = c.why
		}
	}
	return id, what, why
}

func (e *explainer) undone() {
	for _, o := range e.origins {
		id, what, why := chain(o.undone)
		e.try(SideHere, id, o.text, what, why)
	}
}

// bothSides tries secrets that were changed in one way here, and in another there.
func (e *explainer) bothSides() {
	for _, o := range e.origins {
		if e.over() || len(o.undone) == 0 || len(o.undone) > 1 && e.spent > maxSpent/3 {
			continue
		}
		id, what, _ := chain(o.undone)
		for _, c := range e.changes {
			e.signed(id+"+"+c.id, c.do(o.text), c.why, "%s on this machine, and %s where the token is made", what, c.what)
		}
	}
}

// pairs tries two changes of the signer's copy, one of them a common one: quotes and a
// line feed, base64 of a secret with a line feed.
func (e *explainer) pairs() {
	for i := range e.changes {
		once := e.changes[i].do(e.secret)
		for n := range e.changes {
			if e.over() || once == e.secret || e.changes[i].use+e.changes[n].use < common+paired {
				continue
			}
			id, what, why := chain([]*change{&e.changes[i], &e.changes[n]})
			e.try(SideSigner, id, e.changes[n].do(once), what, why)
		}
	}
}

// ends are the characters at which tools end a value.
const ends = "&;?=:,/|@%!+\"'`\\<>(){}[]\t\n"

func (e *explainer) cut() {
	s := e.secret
	for n := len(s) - 1; n > 0; n-- {
		before, at, start := s[:n], s[n], len(s)-n
		switch {
		case at == '#':
			e.signed("cut-at-hash", before, &cutHash, "cut off at a #")
			e.signed("cut-at-hash", strings.TrimRight(before, " \t"), &cutHash, "cut off at a blank and a #")
		case at == '$':
			e.signed("cut-at-dollar", before, &dollars, "cut off at a $")
		case at == ' ':
			e.signed("cut-at-space", before, &blanks, "cut off at a blank")
		case strings.IndexByte(ends, at) >= 0:
			e.signed("cut-at-character", before, &splitOff, "cut off at the character “%s”", s[n:n+1])
		default:
			e.signed("cut-at-end", before, &cutShort, "only its first %d of %d bytes", n, len(s))
		}
		if strings.IndexByte(ends, s[start-1]) >= 0 {
			e.signed("cut-after-character", s[start:], &splitOff, "only what follows the character “%s”", s[start-1:start])
		}
		e.signed("cut-at-start", s[start:], &cutShort, "only its last %d of %d bytes", n, len(s))
	}
}

var lookalikes = []string{"0Oo", "1lI|i", "5S", "8B", "2Z", "-_", "uv"}

// maxTyped is the longest secret that is assumed to be typed, in bytes.
const maxTyped = 256

// typed tries typing errors of one character.
func (e *explainer) typed() {
	s := e.secret
	if len(s) < 4 || len(s) > maxTyped {
		return
	}
	for i := range len(s) {
		e.signed("character-missing", s[:i]+s[i+1:], &typo, "one character is missing (the one at place %d)", i+1)
		e.signed("character-doubled", s[:i+1]+s[i:], &typo, "one character stands twice (the one at place %d)", i+1)
		if i > 0 {
			e.signed("characters-exchanged", s[:i-1]+s[i:i+1]+s[i-1:i]+s[i+1:], &typo,
				"two neighbouring characters are exchanged (places %d and %d)", i, i+1)
		}
		likes := swapCase(s[i : i+1])
		for _, group := range lookalikes {
			if strings.IndexByte(group, s[i]) >= 0 {
				likes += group
			}
		}
		for _, like := range []byte(likes) {
			e.signed("character-mistaken", s[:i]+string(rune(like))+s[i+1:], &typo,
				"one character is another that looks like it (place %d)", i+1)
		}
	}
	for _, c := range base62 + `-_=+/!@#$%.,;:'"` {
		e.signed("character-added-at-end", s+string(c), &cutShort, "one character more at its end")
		e.signed("character-added-at-start", string(c)+s, &cutShort, "one character more before it")
	}
}

// masked tries what web pages show instead of a secret: its ends, or stars.
func (e *explainer) masked() {
	s := e.secret
	hidden := func(text, by string) {
		e.signed("shortened", text, &masked, "with “%s” in the place of what is not shown of it", by)
	}
	for _, star := range []string{"*", "•", "●", "x", "X"} {
		hidden(strings.Repeat(star, len(s)), star)
	}
	for n := 2; n <= 8 && 2*n < len(s); n++ {
		for _, dots := range []string{"...", "…", "***", "****", "********"} {
			hidden(s[:n]+dots+s[len(s)-n:], dots)
			hidden(s[:n]+dots, dots)
		}
	}
}

// interrupted tries line breaks and the like in the middle of a secret.
func (e *explainer) interrupted() {
	s := e.secret
	for i := 1; i < len(s) && len(s) <= maxTyped; i++ {
		with := func(stray string, why *reason, what string) { e.signed("stray-inside", s[:i]+stray+s[i:], why, what) }
		with("\n", &lineEnd, "a line break inside")
		with("\r\n", &lineEnd, "a line break inside")
		with(" ", &blanks, "a blank inside")
		with("\u200b", &invisible, "an invisible character inside")
		with("\u00ad", &invisible, "an invisible character inside")
		with("\\\n", &escapes, "a backslash and a line break inside")
	}
}
