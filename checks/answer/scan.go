package answer

import (
	"strconv"
	"strings"

	"lkdoctor/checks/clean"
)

// The numbers of places that are kept: more than any real answer has, few
// enough that a hostile one costs little.
const (
	maxNear   = 1000 // in the body's top two levels
	maxFar    = 64   // deeper
	maxFields = 40
	// minSecret is shorter, in bytes, than any credential: shorter keys need no
	// search for one.
	minSecret = 12
)

// field is a value worth remembering: one with a telling name, or a string with
// a token in it.
type field struct {
	path, parent string
	meaning
	near    bool // at the root, or one level under a wrapper
	seq     int
	kind    Kind
	shape   Shape
	text    string
	glimpse glimpse
	inside  bool   // the token is a part of the string, a URL's query for example
	from    string // the URL of which the token is a part
}

// place is where the scanner is: a chain up to the root.
type place struct {
	up    *place
	key   []byte // as written; nil for a list's element
	index int
	name  string // normal form of key
	depth int    // 0 for the body itself
}

// path writes a place as people write it: data.tokens[0]["odd name"].
func (p *place) path(root string) string {
	if p.up == nil {
		return root
	}
	before := p.up.path(root)
	switch {
	case p.key == nil:
		return before + "[" + strconv.Itoa(p.index) + "]"
	case !plainKey(p.key):
		return before + `["` + shownKey(p.key) + `"]`
	case before == "":
		return string(p.key)
	}
	return before + "." + string(p.key)
}

// plainKey tells whether a key may stand in a path without quotes.
func plainKey(key []byte) bool {
	if len(key) == 0 || len(key) > maxName {
		return false
	}
	for _, c := range key {
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

// shownKey is a key as it may be shown.
func shownKey(key []byte) string {
	if len(key) > 16*maxName {
		key = key[:16*maxName]
		if last := strings.LastIndexByte(string(key), '\\'); last > len(key)-12 {
			key = key[:last]
		}
	}
	text := unquoted([]byte(`"` + string(key) + `"`))
	if len(text) < minSecret {
		return clean.Line(text, maxName)
	}
	return shown(text, maxName)
}

// scanner walks valid JSON once, at most MaxDepth deep, and collects fields.
type scanner struct {
	text     []byte
	at       int
	root     string // the path of text itself, for JSON inside a string
	known    map[string]meaning
	found    *[]field
	byPath   map[string]int
	near     int
	far      int
	names    []string // of the top-level fields
	moreName int
}

// value reads the value at the scanner's place.
func (s *scanner) value(p *place) {
	s.at = skipSpace(s.text, s.at)
	start, seq := s.at, len(*s.found)
	switch s.text[s.at] {
	case '{':
		count := s.object(p)
		s.keepOther(p, ShapeObject, count == 0, seq)
	case '[':
		s.list(p)
		s.keepOther(p, ShapeList, false, seq)
	case '"':
		s.at = stringEnd(s.text, s.at)
		s.keepString(p, s.text[start:s.at])
	default:
		s.at = scalarEnd(s.text, s.at)
		s.keepScalar(p, s.text[start:s.at])
	}
}

// object reads an object and counts its members.
func (s *scanner) object(p *place) int {
	count := 0
	var seen map[string]bool
	for s.at = skipSpace(s.text, s.at+1); s.text[s.at] != '}'; s.at = skipSpace(s.text, s.at) {
		if s.text[s.at] == ',' {
			s.at = skipSpace(s.text, s.at+1)
		}
		end := stringEnd(s.text, s.at)
		key := s.text[s.at+1 : end-1]
		s.at = skipSpace(s.text, end) + 1
		child := &place{up: p, key: key, name: s.nameOf(p, key), depth: p.depth + 1}
		if s.matters(child) {
			if seen[string(key)] {
				s.forget(child.path(s.root))
			} else if seen == nil {
				seen = map[string]bool{}
			}
			seen[string(key)] = true
		}
		s.listName(p, key)
		s.value(child)
		count++
	}
	s.at++
	return count
}

// list reads a list.
func (s *scanner) list(p *place) {
	s.at = skipSpace(s.text, s.at+1)
	for i := 0; s.text[s.at] != ']'; i++ {
		if s.text[s.at] == ',' {
			s.at = skipSpace(s.text, s.at+1)
		}
		s.value(&place{up: p, index: i, depth: p.depth + 1})
		s.at = skipSpace(s.text, s.at)
	}
	s.at++
}

// nameOf is the normal form of a key. Inside "room" and "participant" a plain
// "name" is the room's or the participant's.
func (s *scanner) nameOf(parent *place, key []byte) string {
	name := normal(key)
	if name == "name" && (parent.name == "room" || parent.name == "participant") {
		return parent.name + name
	}
	return name
}

// matters tells whether a repeated key would change what is found.
func (s *scanner) matters(p *place) bool {
	_, known := s.known[p.name]
	return known || isWrapper(p.name) || p.name == "participant"
}

// forget drops what an earlier value of a repeated key gave: the last counts.
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

// listName notes the name of a top-level field, or of one under a wrapper.
func (s *scanner) listName(p *place, key []byte) {
	if p.depth > 1 || p.depth == 1 && !isWrapper(p.name) || s.root != "" {
		return
	}
	if len(s.names) >= maxFields {
		s.moreName++
		return
	}
	name := shownKey(key)
	if p.depth == 1 {
		name = shownKey(p.key) + "." + name
	}
	s.names = append(s.names, name)
}

// keep adds a field, unless there are too many already.
func (s *scanner) keep(p *place, f field) {
	holder := p
	if p.up != nil && (p.up.name == "room" || p.up.name == "participant") {
		// room.name stands for a room beside it.
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
