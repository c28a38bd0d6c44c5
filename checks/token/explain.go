package token

import (
	"strings"

	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
)

// Candidate is another secret on this machine: from another env file or from a project
// of lk. Label says where it is from. Key may be empty.
type Candidate struct {
	Label string
	Key   string
	// Variable is the variable that holds it, if not LIVEKIT_API_SECRET.
	Variable string
	// Alone is set if changed forms of it are not tried.
	Alone bool
	// Reader is set if this is the value in force as another reader of env files
	// sees it: "docker --env-file", or AsWritten.
	Reader string
	// Secret returns the value. It is a function so that fmt cannot print it.
	Secret func() string
}

// AsWritten is the Reader of a value as it stands in the file or environment, before
// Next.js processes # and $.
const AsWritten = "as written"

// label returns Label in a form that is safe to show.
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

// maxSpent is the most bytes that one Explain hashes. It bounds Explain to about 5 ms
// for tokens of any size.
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
	e := explainer{signer: s, key: key, secret: secret, issuer: t.Effective().Claims.Issuer, others: others}
	_ = e.single() || e.exchanged() || e.candidates() || e.known() || e.joined() || e.undone() || e.remains() || e.cut() ||
		e.typed() || e.masked() || e.bothSides() || e.pairs() || e.changedCandidates() || e.interrupted()
	return e.found, e.found.ID != ""
}

// explainer is the state of one Explain. Its search methods report whether they found
// the secret, and store it in found.
type explainer struct {
	*signer
	key, secret, issuer string
	others              []Candidate
	changes             []change
	origins             []origin
	found               Variant
}

// tried reports whether form made the signature.
func (e *explainer) tried(form string) bool { return e.spent < maxSpent && e.made(form) }

// named stores what was found and returns true.
func (e *explainer) named(side Side, id string, what finding.Text, r *reason) bool {
	e.found = Variant{ID: id, Side: side, What: what, Cause: r.cause, Cure: r.at(side)}
	return true
}

// single tries each change to the signer's copy, then to the copy here.
func (e *explainer) single() bool {
	if e.secret == "" {
		return false
	}
	if e.each(table(), false) {
		return true
	}
	e.changes = changes(e.key)
	return e.each(e.changes[len(table()):], false)
}

// remains removes characters that are unlikely to be part of a secret, and tries the
// rest.
func (e *explainer) remains() bool { return e.each(e.changes, true) }

func (e *explainer) each(all []change, end bool) bool {
	for i := range all {
		c := &all[i]
		if (c.use == last) != end {
			continue
		}
		if form := c.do(e.secret); form != e.secret && e.tried(form) {
			return e.named(SideSigner, c.id, c.what, c.why)
		}
		if form := c.undo(e.secret); form != e.secret && e.tried(form) {
			return e.named(SideHere, c.id, c.what, c.why)
		}
	}
	return false
}

// exchanged tries the key in place of the secret.
func (e *explainer) exchanged() bool {
	for _, k := range []string{e.key, e.issuer} {
		if k == "" {
			continue
		}
		if e.tried(k) {
			if e.issuer == e.secret && e.secret != "" {
				return e.named(SideSigner, "key-secret-swapped", finding.Textf("key and secret are exchanged"), &keyAsSecret)
			}
			return e.named(SideSigner, "key-as-secret", finding.Textf("the API key stands in the place of the secret"), &keyAsSecret)
		}
		for _, c := range changes("") {
			if c.use == common && e.tried(c.do(k)) {
				what := finding.Textf("the API key stands in the place of the secret, and is changed: %s", c.what)
				return e.named(SideSigner, "key-as-secret+"+c.id, what, &keyAsSecret)
			}
		}
	}
	return false
}

// other calls visit with the secrets of other places until visit returns true.
func (e *explainer) other(visit func(c Candidate, secret string) bool) bool {
	for _, c := range e.others {
		if c.Secret == nil {
			continue
		}
		if s := c.Secret(); s != "" && s != e.secret && visit(c, s) {
			e.found.From = c
			return true
		}
	}
	return false
}

// candidates tries other secrets unchanged.
func (e *explainer) candidates() bool {
	return e.other(func(c Candidate, secret string) bool {
		switch {
		case !e.tried(secret):
			return false
		case c.Reader == "":
			return e.named(SideOther, "other-secret", finding.Textf("the secret of %s", c.label()), &elsewhere)
		case c.Reader == AsWritten:
			what := finding.Textf("%s as it is written, with what Next.js takes for a comment (#) or a variable ($)", c.label())
			return e.named(SideSigner, "as-written", what, &loaderRules)
		}
		return e.named(SideSigner, "loader-reading", finding.Textf("%s as %s reads it", c.label(), clean.Line(c.Reader, 40)), &loaderRules)
	})
}

// changedCandidates tries changed forms of other secrets.
func (e *explainer) changedCandidates() bool {
	return e.other(func(c Candidate, secret string) bool {
		if c.Reader != "" || c.Alone {
			return false
		}
		all := changes(c.Key)
		for _, o := range origins(secret, all)[1:] {
			if e.tried(o.text) {
				id, what, why := o.said()
				return e.named(SideOther, "other-secret+"+id, finding.Textf("the secret of %s, without this: %s", c.label(), what), why)
			}
		}
		for _, ch := range all {
			if form := ch.do(secret); form != secret && e.tried(form) {
				return e.named(SideOther, "other-secret+"+ch.id, finding.Textf("the secret of %s, changed: %s", c.label(), ch.what), ch.why)
			}
		}
		return false
	})
}

// joined tries a new secret pasted before or after an old one.
func (e *explainer) joined() bool {
	return e.secret != "" && e.other(func(c Candidate, secret string) bool {
		if c.Alone {
			return false
		}
		var list []change
		for _, b := range []string{"", "\n", " "} {
			what := finding.Textf("joined to the secret of %s", c.label())
			list = append(list, around("joined-with-other", "", b+secret, what, &pasted), around("joined-with-other", secret+b, "", what, &pasted))
		}
		return e.each(list, false)
	})
}

// known tries well-known secrets. Only these may be shown.
func (e *explainer) known() bool {
	if e.tried("") {
		return e.named(SideOther, "empty-secret", finding.Textf("an empty secret"), &unset)
	}
	for _, group := range knownSecrets {
		for _, secret := range group.secrets {
			for _, form := range []string{secret, secret + "\n", `"` + secret + `"`, "'" + secret + "'"} {
				if form != e.secret && e.tried(form) {
					what := finding.Textf("the well-known text “%s” as the secret", clean.Line(secret, 40))
					return e.named(SideOther, group.id, what, group.why)
				}
			}
		}
	}
	return false
}

// origin is a text that the secret may have been before it was changed. undone holds
// the changes since then, the last one first.
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
			c := &all[n]
			form := c.undo(list[i].text)
			if c.use == last || seen[form] {
				continue
			}
			seen[form] = true
			list = append(list, origin{form, append(append([]*change(nil), list[i].undone...), c)})
			if len(list) > maxOrigins {
				return list
			}
		}
	}
	return list
}

// said returns the changes in the order in which they were made. The reason is that of
// the last change, unless that is only a line end or blanks.
func (o origin) said() (id string, what finding.Text, why *reason) {
	for i := len(o.undone) - 1; i >= 0; i-- {
		c := o.undone[i]
		if id == "" {
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

// undone tries the possible origins of the secret configured here.
func (e *explainer) undone() bool {
	if e.secret == "" {
		return false
	}
	e.origins = origins(e.secret, e.changes)
	for _, o := range e.origins {
		if len(o.undone) > 1 && e.tried(o.text) {
			id, what, why := o.said()
			return e.named(SideHere, id, what, why)
		}
	}
	return false
}

// bothSides tries secrets that were changed in one way here and in another by the
// signer.
func (e *explainer) bothSides() bool {
	for _, o := range e.origins {
		if len(o.undone) == 0 || len(o.undone) > 1 && e.spent > maxSpent/3 {
			continue
		}
		for i := range e.changes {
			c := &e.changes[i]
			if form := c.do(o.text); form != o.text && form != e.secret && e.tried(form) {
				id, what, _ := o.said()
				what = finding.Textf("%s on this machine, and %s where the token is made", what, c.what)
				return e.named(SideSigner, id+"+"+c.id, what, c.why)
			}
		}
	}
	return false
}

// pairs tries two changes of the signer's copy, one of them a common one: quotes and a
// line feed, base64 of a secret with a line feed.
func (e *explainer) pairs() bool {
	for _, c := range e.changes {
		if c.use != common && c.use != paired {
			continue
		}
		once := c.do(e.secret)
		for i := range e.changes {
			d := &e.changes[i]
			if once == e.secret || d.use != common && (d.use != paired || c.use != common) {
				continue
			}
			if form := d.do(once); form != once && e.tried(form) {
				why := c.why
				if why == &blanks || why == &lineEnd {
					why = d.why
				}
				return e.named(SideSigner, c.id+"+"+d.id, finding.Textf("%s, and then %s", c.what, d.what), why)
			}
		}
	}
	return false
}

// ends are the characters at which tools end a value.
const ends = "&;?=:,/|@%!+\"'`\\<>(){}[]\t\n"

// cut tries the secret without its end or without its beginning.
func (e *explainer) cut() bool {
	s := e.secret
	for n := len(s) - 1; n > 0; n-- {
		if e.tried(s[:n]) {
			switch {
			case s[n] == '#':
				return e.named(SideSigner, "cut-at-hash", finding.Textf("cut off at a #"), &cutHash)
			case s[n] == '$':
				return e.named(SideSigner, "cut-at-dollar", finding.Textf("cut off at a $"), &dollars)
			case s[n] == ' ':
				return e.named(SideSigner, "cut-at-space", finding.Textf("cut off at a blank"), &blanks)
			case strings.IndexByte(ends, s[n]) >= 0:
				return e.named(SideSigner, "cut-at-character", finding.Textf("cut off at the character “%s”", s[n:n+1]), &splitOff)
			}
			return e.named(SideSigner, "cut-at-end", finding.Textf("only its first %d of %d bytes", n, len(s)), &cutShort)
		}
		if s[n] == '#' && e.tried(strings.TrimRight(s[:n], " \t")) {
			return e.named(SideSigner, "cut-at-hash", finding.Textf("cut off at a blank and a #"), &cutHash)
		}
		if start := len(s) - n; e.tried(s[start:]) {
			if strings.IndexByte(ends, s[start-1]) >= 0 {
				what := finding.Textf("only what follows the character “%s”", s[start-1:start])
				return e.named(SideSigner, "cut-after-character", what, &splitOff)
			}
			return e.named(SideSigner, "cut-at-start", finding.Textf("only its last %d of %d bytes", n, len(s)), &cutShort)
		}
	}
	return false
}

// lookalikes are sets of characters that look alike.
var lookalikes = []string{"0Oo", "1lI|i", "5S", "8B", "2Z", "-_", "uv"}

// maxTyped is the longest secret that is assumed to be typed, in bytes.
const maxTyped = 256

// typed tries typing errors: a character missing, one too many, two swapped, one
// replaced by a lookalike.
func (e *explainer) typed() bool {
	s := e.secret
	if len(s) < 4 || len(s) > maxTyped {
		return false
	}
	for i := range len(s) {
		switch {
		case e.tried(s[:i] + s[i+1:]):
			return e.named(SideSigner, "character-missing", finding.Textf("one character is missing (the one at place %d)", i+1), &typo)
		case e.tried(s[:i+1] + s[i:]):
			return e.named(SideSigner, "character-doubled", finding.Textf("one character stands twice (the one at place %d)", i+1), &typo)
		case i > 0 && s[i] != s[i-1] && e.tried(s[:i-1]+s[i:i+1]+s[i-1:i]+s[i+1:]):
			what := finding.Textf("two neighbouring characters are exchanged (places %d and %d)", i, i+1)
			return e.named(SideSigner, "characters-exchanged", what, &typo)
		}
		likes := swapCase(s[i : i+1])
		for _, group := range lookalikes {
			if strings.IndexByte(group, s[i]) >= 0 {
				likes += group
			}
		}
		for n := range len(likes) {
			if likes[n] != s[i] && e.tried(s[:i]+likes[n:n+1]+s[i+1:]) {
				return e.named(SideSigner, "character-mistaken", finding.Textf("one character is another that looks like it (place %d)", i+1), &typo)
			}
		}
	}
	for _, c := range strings.Split(base62+`-_=+/!@#$%.,;:'"`, "") {
		switch {
		case e.tried(s + c):
			return e.named(SideSigner, "character-added-at-end", finding.Textf("one character more at its end"), &cutShort)
		case e.tried(c + s):
			return e.named(SideSigner, "character-added-at-start", finding.Textf("one character more before it"), &cutShort)
		}
	}
	return false
}

// masked tries what web pages show instead of a secret: its ends, or stars.
func (e *explainer) masked() bool {
	s := e.secret
	hidden := func(by string) bool {
		return e.named(SideSigner, "shortened", finding.Textf("with “%s” in the place of what is not shown of it", by), &masked)
	}
	for _, star := range []string{"*", "•", "●", "x", "X"} {
		if s != "" && e.tried(strings.Repeat(star, len(s))) {
			return hidden(star)
		}
	}
	for n := 2; n <= 8 && 2*n < len(s); n++ {
		for _, dots := range []string{"...", "…", "***", "****", "********"} {
			if e.tried(s[:n]+dots+s[len(s)-n:]) || e.tried(s[:n]+dots) {
				return hidden(dots)
			}
		}
	}
	return false
}

// interrupted tries insertions in the middle of a secret: line breaks, and what web
// pages insert to allow one.
func (e *explainer) interrupted() bool {
	s := e.secret
	for i := 1; i < len(s) && len(s) <= maxTyped; i++ {
		switch {
		case e.tried(s[:i]+"\n"+s[i:]) || e.tried(s[:i]+"\r\n"+s[i:]):
			return e.named(SideSigner, "stray-inside", finding.Textf("a line break inside"), &lineEnd)
		case e.tried(s[:i] + " " + s[i:]):
			return e.named(SideSigner, "stray-inside", finding.Textf("a blank inside"), &blanks)
		case e.tried(s[:i]+"\u200b"+s[i:]) || e.tried(s[:i]+"\u00ad"+s[i:]):
			return e.named(SideSigner, "stray-inside", finding.Textf("an invisible character inside"), &invisible)
		case e.tried(s[:i] + "\\\n" + s[i:]):
			return e.named(SideSigner, "stray-inside", finding.Textf("a backslash and a line break inside"), &escapes)
		}
	}
	return false
}
