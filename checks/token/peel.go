package token

import (
	"regexp"
	"strings"
	"sync"

	"lkdoctor/checks/finding"
)

// peeled is a text that a secret becomes when what was done to it is undone,
// step by step; undone has the steps, the outermost first.
type peeled struct {
	text   string
	undone []*change
}

// The limits of peel: a secret that was changed more than five times, or that
// can be read in more ways, is none.
const (
	maxPeels = 24
	maxDepth = 5
)

// peel lists what secret may have been before it was changed: the quotes off,
// then the line feed, then decoded from base64, in whatever order they fit.
// A secret of letters and digits has next to nothing to take off.
func peel(secret, key string) []peeled {
	seen := map[string]bool{secret: true, "": true}
	list := []peeled{{text: secret}}
	for i := 0; i < len(list) && len(list) < maxPeels; i++ {
		at := list[i]
		if len(at.undone) == maxDepth {
			break
		}
		for _, c := range undoing() {
			form := c.undo(at.text, key)
			if seen[form] {
				continue
			}
			seen[form] = true
			undone := append(append([]*change(nil), at.undone...), c)
			if list = append(list, peeled{form, undone}); len(list) == maxPeels {
				break
			}
		}
	}
	return list[1:]
}

// undoing are the changes that can be undone, the cleaning ones among them.
var undoing = sync.OnceValue(func() []*change {
	var list []*change
	all := changes()
	for i := range all {
		if all[i].inverse != nil || cleaning[all[i].id] && !all[i].vague {
			list = append(list, &all[i])
		}
	}
	for i := range undoneOnly {
		list = append(list, &undoneOnly[i])
	}
	return list
})

func (c *change) undo(s, key string) string {
	if c.inverse != nil {
		return c.inverse(s, key)
	}
	return c.forward(s, key)
}

var (
	nameBefore = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^\s*(?:[\w$]+[ :])?["']?[\w.-]*(?i:secret)\w*["']?\s*[=:]\s*`)
	})
	terminalFx = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z~]") })
	comment    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\s+(?:#|//|--|;)(?:\s.*)?$`) })
	glued      = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?s)(?:export )?(?:LIVEKIT|NEXT_PUBLIC|USER_MGMT|OPENAI|AWS|NODE)_[A-Z0-9_]+=.*$`)
	})
	nextLines = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?s)[\r\n]+(?:export )?[A-Z][A-Z0-9]*_[A-Z0-9_]+=.*$`)
	})
)

func without(re func() *regexp.Regexp) func(s, key string) string {
	return only1(func(s string) string { return re().ReplaceAllString(s, "") })
}

// undoneOnly are recognised here and cannot be guessed from the other side.
var undoneOnly = []change{
	{id: "comment-kept", what: finding.Textf("a comment behind it"), why: &commentKept, inverse: without(comment)},
	{id: "next-line-kept", what: finding.Textf("the next line of its file behind it"), why: &lineEnd, inverse: without(nextLines)},
	{id: "next-line-glued", what: finding.Textf("the next line of its file directly behind it"), why: &lineEnd, inverse: without(glued)},
	{id: "name-kept", what: finding.Textf("a name and an equals sign or colon before it"), why: &envLine, inverse: without(nameBefore)},
	{id: "terminal-codes", what: finding.Textf("a terminal's control sequences in it"), why: &invisible, inverse: without(terminalFx)},
	{id: "lines-joined", what: finding.Textf("a line break, with a backslash or blanks, inside"), why: &escapes,
		inverse: only1(func(s string) string {
			return strings.NewReplacer("\\\r\n", "", "\\\n", "", "\r\n", "", "\n", "", "\n  ", "").Replace(s)
		})},
	{id: "foreign-letters", what: finding.Textf("letters of another alphabet that look the same"), why: &invisible,
		inverse: replaced("а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "х", "x", "у", "y", "А", "A", "В", "B", "Е", "E", "К", "K", "М", "M", "Н", "H", "О", "O", "Р", "P", "С", "C", "Т", "T", "Х", "X", "і", "i", "ѕ", "s", "ο", "o", "Ο", "O")},
}

// peeled tries what ours was before it was changed.
func (e *explainer) peeled() (Variant, bool) {
	if e.secret == "" {
		return Variant{}, false
	}
	for _, p := range peel(e.secret, e.key) {
		if e.try(p.text) {
			id, what := p.told()
			return variant(id, SideHere, what, p.why())
		}
	}
	return Variant{}, false
}

// crossed tries the changes of what ours was before: ours may be changed in one
// way and the signer's copy in another.
func (e *explainer) crossed() (Variant, bool) {
	if e.secret == "" {
		return Variant{}, false
	}
	for _, p := range peel(e.secret, e.key) {
		if len(p.undone) > 1 && e.spent > maxSpent/3 {
			break
		}
		for _, c := range changes() {
			if c.vague || cleaning[c.id] {
				continue
			}
			if form := c.forward(p.text, e.key); form != p.text && form != e.secret && e.try(form) {
				id, what := p.told()
				return variant(id+"+"+c.id, SideSigner, finding.Textf("%s on this machine, and %s where the token is made", what, c.what), c.why)
			}
		}
	}
	return Variant{}, false
}

// told puts the steps into words in the order in which they were done.
func (p peeled) told() (id string, what finding.Text) {
	for i := len(p.undone) - 1; i >= 0; i-- {
		c := p.undone[i]
		if id == "" {
			id, what = c.id, c.what
			continue
		}
		id, what = id+"+"+c.id, finding.Textf("%s, and then %s", what, c.what)
	}
	return id, what
}

// why is the reason of the outermost step: what was done last is what can be
// undone on this machine, unless it is but a line end or blanks.
func (p peeled) why() *reason {
	for _, c := range p.undone {
		if c.why != &blanks && c.why != &lineEnd {
			return c.why
		}
	}
	return p.undone[0].why
}
