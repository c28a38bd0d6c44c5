package answer

import (
	"bytes"
	"net/url"
	"strings"
)

// keepOther keeps an object or a list that sits where a text was expected.
func (s *scanner) keepOther(p *place, shape Shape, empty bool, seq int) {
	m, known := s.known[p.name]
	if !known {
		return
	}
	kind := NotText
	if shape == ShapeObject && empty {
		kind = Promise
	}
	s.keep(p, field{meaning: m, kind: kind, shape: shape, seq: seq})
}

// keepScalar keeps a number, a boolean or null under a telling name.
func (s *scanner) keepScalar(p *place, raw []byte) {
	m, known := s.known[p.name]
	if !known {
		return
	}
	f := field{meaning: m, kind: NotText, shape: shapeOf(raw), seq: len(*s.found)}
	switch {
	case f.shape == ShapeNull:
		f.kind = Null
	case f.shape == ShapeNumber:
		f.text = string(raw[:min(len(raw), maxName)])
	}
	s.keep(p, f)
}

// keepString keeps a string with a telling name, with a token in it, or with a
// LiveKit address; and looks into a string that holds JSON.
func (s *scanner) keepString(p *place, raw []byte) {
	m, known := s.known[p.name]
	escaped := bytes.IndexByte(raw, '\\') >= 0
	if !known && !escaped && !bytes.Contains(raw, []byte("eyJ")) && !bytes.HasPrefix(raw, []byte(`"ws`)) {
		return
	}
	text := unquoted(raw)
	if inner := strings.TrimSpace(text); s.root == "" && strings.HasPrefix(inner, "{") && readable([]byte(inner)) {
		if known && m.role == tokenRole {
			// A client reads this text as the token, whatever is inside.
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
	switch {
	case f.glimpse.jwt:
	case strings.Contains(text, "://"):
		s.inURL(p, text)
	default:
		s.inText(p, text)
	}
}

// inURL keeps a token that a URL carries in its query.
func (s *scanner) inURL(p *place, text string) {
	name, token := queryToken(text)
	if token == "" {
		return
	}
	s.keep(p, field{path: p.path(s.root) + "?" + name, meaning: meaning{role: noRole}, kind: Text, shape: ShapeString,
		text: token, glimpse: glance(token), inside: true, from: text, seq: len(*s.found)})
}

// inText keeps a JWT in the middle of other text, as a candidate only: it is
// mostly an error that echoes the token.
func (s *scanner) inText(p *place, text string) {
	eachJWT(text, func(_ int, jwt string) bool {
		if g := glance(jwt); g.jwt {
			s.keep(p, field{path: p.path(s.root) + " (inside the text)", kind: Text, shape: ShapeString, text: jwt,
				glimpse: g, inside: true, seq: len(*s.found)})
			return false
		}
		return true
	})
}

// nested reads JSON that sits in a string, once: an answer that was encoded
// twice, or an API gateway's {"statusCode":200,"body":"{…}"}.
func (s *scanner) nested(p *place, text string) {
	path := p.path(s.root)
	if path == "" {
		path = "the whole body"
	}
	inner := scanner{text: []byte(text), root: "fromjson(" + path + ")", known: s.known, found: s.found,
		byPath: s.byPath, near: s.near, far: s.far}
	inner.value(&place{})
	s.near, s.far = inner.near, inner.far
}

// queryToken finds access_token or token in a URL's query, decoded. It reads
// the query by hand, because a URL out of a log is often not valid.
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

// wsAddress tells whether a text is a ws:// or wss:// address.
func wsAddress(text string) bool {
	scheme, _, found := strings.Cut(strings.TrimSpace(text), "://")
	return found && (strings.EqualFold(scheme, "ws") || strings.EqualFold(scheme, "wss"))
}
