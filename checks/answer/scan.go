package answer

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"lkdoctor/config/clean"
)

// Limits on the values that are kept: more than real responses have.
const (
	maxNear   = 1000 // in the body's top two levels
	maxFar    = 64   // deeper
	maxFields = 40
	// minSecret is less than any credential's length; shorter keys are not searched.
	minSecret = 12
)

// field is a kept value: one with a known name, or a string with a token.
type field struct {
	path, parent string
	meaning
	near    bool // at the root, or one level under a wrapper
	seq     int
	kind    Kind
	shape   Shape
	text    string
	glimpse glimpse
	from    string // the URL in whose query the token is, if any
	usual   bool   // where the profile's client reads it
	order   int    // rank in its role, the best first
}

// place is the scanner's position, linked to its parents up to the root.
type place struct {
	up    *place
	key   string
	index int    // in a list; -1 for a member of an object
	name  string // normal form of key
	depth int    // 0 for the body itself
}

// path formats a place: data.tokens[0]["odd name"].
func (p *place) path(root string) string {
	if p.up == nil {
		return root
	}
	before := p.up.path(root)
	switch {
	case p.index >= 0:
		return before + "[" + strconv.Itoa(p.index) + "]"
	case !plain.MatchString(p.key):
		return before + `["` + shownKey(p.key) + `"]`
	case before == "":
		return p.key
	}
	return before + "." + p.key
}

// plain matches a key that needs no quotes in a path.
var plain = regexp.MustCompile(`^[\w-]{1,40}$`)

// shownKey returns a key in a form that is safe to show.
func shownKey(key string) string {
	if len(key) < minSecret {
		return clean.Line(key, maxName)
	}
	return shown(key, maxName)
}

// scanner reads valid JSON once and collects fields.
type scanner struct {
	dec    *json.Decoder
	root   string // the path of the text itself, for JSON inside a string
	known  map[string]meaning
	found  *[]field
	byPath map[string]int
	near   int
	far    int
	names  []string // of the top-level fields
}

// value reads the next value. The input is valid JSON, so it has no syntax error.
func (s *scanner) value(p *place) {
	seq := len(*s.found)
	token, err := s.dec.Token()
	if err != nil {
		return
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			count := s.object(p)
			kind := NotText
			if count == 0 {
				kind = Promise
			}
			s.keepOther(p, kind, ShapeObject, seq)
		} else {
			child := &place{up: p, depth: p.depth + 1}
			for ; s.dec.More(); child.index++ {
				s.value(child)
			}
			s.keepOther(p, NotText, ShapeList, seq)
		}
		_, _ = s.dec.Token() // the closing bracket
	case string:
		s.keepString(p, v)
	case json.Number:
		s.keepOther(p, NotText, ShapeNumber, seq)
	case bool:
		s.keepOther(p, NotText, ShapeBoolean, seq)
	case nil:
		s.keepOther(p, Null, ShapeNull, seq)
	}
}

// object reads an object's members and returns their number.
func (s *scanner) object(p *place) int {
	count := 0
	var seen map[string]bool
	child := &place{up: p, index: -1, depth: p.depth + 1}
	for ; s.dec.More(); count++ {
		token, _ := s.dec.Token()
		key, _ := token.(string)
		child.key, child.name = key, s.nameOf(p, key)
		if s.matters(child) {
			if seen[key] {
				s.forget(child.path(s.root))
			} else if seen == nil {
				seen = map[string]bool{}
			}
			seen[key] = true
		}
		s.listName(p, key)
		s.value(child)
	}
	return count
}

// nameOf returns the normal form of a key. Inside "room" and "participant" a "name" is
// the room's or the participant's.
func (s *scanner) nameOf(parent *place, key string) string {
	name := normal(key)
	if name == "name" && (parent.name == "room" || parent.name == "participant") {
		return parent.name + name
	}
	return name
}

// matters reports whether a repeated key can change the result.
func (s *scanner) matters(p *place) bool {
	_, known := s.known[p.name]
	return known || isWrapper(p.name) || p.name == "participant"
}

// forget removes what an earlier value of a repeated key gave.
func (s *scanner) forget(path string) {
	kept := (*s.found)[:0]
	clear(s.byPath)
	for _, f := range *s.found {
		rest, under := strings.CutPrefix(f.path, path)
		if under && (rest == "" || strings.ContainsAny(rest[:1], ".[?")) || strings.HasPrefix(f.path, "fromjson("+path) {
			continue
		}
		s.byPath[f.path] = len(kept)
		kept = append(kept, f)
	}
	*s.found = kept
}

func (s *scanner) listName(p *place, key string) {
	if p.depth > 1 || p.depth == 1 && !isWrapper(p.name) || s.root != "" || len(s.names) >= maxFields {
		return
	}
	name := shownKey(key)
	if p.depth == 1 {
		name = shownKey(p.key) + "." + name
	}
	s.names = append(s.names, name)
}

// keep adds a field, unless the limit is reached.
func (s *scanner) keep(p *place, f field) {
	holder := p
	if p.up != nil && (p.up.name == "room" || p.up.name == "participant") {
		// room.name is the room of the object above.
		holder = p.up
	}
	f.near = holder.depth <= 1 || holder.depth == 2 && isWrapper(holder.up.name)
	count, limit := &s.far, maxFar
	if p.depth <= 2 {
		count, limit = &s.near, maxNear
	}
	if *count >= limit {
		return
	}
	if f.path == "" {
		f.path = p.path(s.root)
	}
	if holder.up != nil {
		f.parent = holder.up.path(s.root)
	}
	if i, again := s.byPath[f.path]; again {
		(*s.found)[i] = f
		return
	}
	*count++
	s.byPath[f.path] = len(*s.found)
	*s.found = append(*s.found, f)
}

// keepOther keeps a value of another type where a text is expected.
func (s *scanner) keepOther(p *place, kind Kind, shape Shape, seq int) {
	if m, known := s.known[p.name]; known {
		s.keep(p, field{meaning: m, kind: kind, shape: shape, seq: seq})
	}
}

// keepString keeps a string with a known name, with a token, or with a LiveKit
// address. It also reads a string that holds JSON.
func (s *scanner) keepString(p *place, text string) {
	m, known := s.known[p.name]
	if inner := strings.TrimSpace(text); s.root == "" && strings.HasPrefix(inner, "{") && readable([]byte(inner)) {
		if known && m.role == tokenRole {
			// A client takes this text as the token, whatever it contains.
			s.keep(p, field{meaning: m, kind: Text, shape: ShapeString, text: text, seq: len(*s.found)})
		}
		s.nested(p, inner)
		return
	}
	f := field{meaning: m, kind: Text, shape: ShapeString, text: text, glimpse: glance(text), seq: len(*s.found)}
	if strings.TrimSpace(text) == "" {
		f.kind = Empty
	}
	if wsAddress(text) && !known {
		known, f.meaning = true, meaning{urlRole, len(s.known)}
	}
	if known || f.glimpse.jwt {
		s.keep(p, f)
	}
	if name, token := queryToken(text); token != "" && !f.glimpse.jwt && strings.Contains(text, "://") {
		s.keep(p, field{path: p.path(s.root) + "?" + name, kind: Text, shape: ShapeString, text: token, glimpse: glance(token),
			from: text, seq: len(*s.found)})
	}
}

// nested reads JSON in a string, one level deep: a response that was encoded twice, or
// an API gateway's {"statusCode":200,"body":"{…}"}.
func (s *scanner) nested(p *place, text string) {
	path := p.path(s.root)
	if path == "" {
		path = "the whole body"
	}
	inner := *s
	inner.dec, inner.root = decoder([]byte(text)), "fromjson("+path+")"
	inner.value(&place{})
	s.near, s.far = inner.near, inner.far
}

// queryToken returns access_token or token of a URL's query, decoded. It does not use
// net/url, because URLs in logs are often invalid.
func queryToken(text string) (name, token string) {
	for _, name := range []string{"access_token", "token", "accessToken", "jwt"} {
		for _, sign := range []string{"?", "&"} {
			_, rest, found := strings.Cut(text, sign+name+"=")
			if !found {
				continue
			}
			if end := strings.IndexAny(rest, "&#'\"`<> \t\r\n)\\^"); end >= 0 {
				rest = rest[:end]
			}
			if decoded, err := url.QueryUnescape(rest); err == nil {
				rest = decoded
			}
			if rest != "" {
				return name, rest
			}
		}
	}
	return "", ""
}

// wsAddress reports whether a text is a ws:// or wss:// address.
func wsAddress(text string) bool {
	scheme, _, found := strings.Cut(strings.TrimSpace(text), "://")
	return found && (strings.EqualFold(scheme, "ws") || strings.EqualFold(scheme, "wss"))
}
