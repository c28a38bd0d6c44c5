package answer

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"lkdoctor/config/secret"
)

// Find looks for token, URL, room and identity in a body. contentType is the header's
// value; it matters only if the body could be both HTML and text. Find is
// deterministic, reads the body once and at most MaxDepth deep. Of a repeated key the
// last one counts, as in JavaScript and Python.
func Find(body []byte, contentType string, profile Profile) Answer {
	a := Answer{TokenKind: Missing, AtUsual: Missing}
	trimmed := trimmedBody(body)
	switch {
	case len(trimmed) == 0:
		a.Shape, a.Problem = ShapeEmpty, EmptyBody
		return a
	case beginsJSON(trimmed) && TooNested(trimmed):
		a.Shape, a.Problem = ShapeOf(trimmed), TooDeep
		return a
	case json.Valid(trimmed):
		a.Shape = ShapeOf(trimmed)
		a.readJSON(trimmed, profile)
	default:
		a.readText(body, trimmed, contentType)
	}
	if !a.Token.Empty() {
		return a
	}
	a.Said = ErrorText(trimmed, contentType)
	if a.Problem == NoProblem && a.reportsError() {
		a.Problem = ErrorObject
	}
	return a
}

// trimmedBody returns a body without byte order mark and outer white space, as
// JavaScript's response.json() reads it.
func trimmedBody(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\ufeff")))
}

func beginsJSON(text []byte) bool { return text[0] == '{' || text[0] == '[' }

func (a *Answer) readJSON(body []byte, profile Profile) {
	var fields []field
	s := scanner{dec: decoder(body), known: meanings(), found: &fields, byPath: map[string]int{}}
	if a.Shape == ShapeString || a.Shape == ShapeNull {
		a.readScalar(&s, body)
	} else {
		s.value(&place{})
	}
	a.Fields = s.names
	if a.TokenKind != Missing {
		return
	}
	token := a.chooseToken(fields, profile)
	a.chooseURL(fields, token.parent, profile)
	a.Room, a.Identity = chooseText(fields, roomRole, token.parent), chooseText(fields, identityRole, token.parent)
	if server := serverOf(token.from); a.URLPath == "" && server != "" {
		a.URL = server
		a.URLPath, _, _ = strings.Cut(a.TokenPath, "?")
	}
}

// readScalar reads a body that is one string or null, such as JSON encoded twice.
func (a *Answer) readScalar(s *scanner, body []byte) {
	if a.Shape == ShapeNull {
		a.TokenKind, a.TokenPath = Null, WholeBody
		return
	}
	text := unquoted(body)
	inner := []byte(strings.TrimSpace(text))
	switch {
	case len(inner) == 0:
		a.TokenKind, a.TokenPath = Empty, WholeBody
	case inner[0] == '{' && readable(inner):
		s.nested(&place{}, string(inner))
	case tokenLike(text):
		a.takeWhole(text)
	}
}

func (a *Answer) takeWhole(text string) {
	a.Token, a.TokenKind, a.TokenPath = secret.New(text), Text, WholeBody
	a.TokenHasVideo = glance(text).video
}

// readText reads a body that is not JSON: a bare token, or an error.
func (a *Answer) readText(body, trimmed []byte, contentType string) {
	text := string(bytes.TrimPrefix(body, []byte("\ufeff")))
	switch {
	case isHTML(trimmed, contentType):
		a.Shape, a.Problem = ShapeHTML, NotJSON
	case tokenLike(text):
		a.Shape = ShapeText
		a.takeWhole(text)
		return
	case beginsJSON(trimmed) || trimmed[0] == '"':
		a.Shape, a.Problem = ShapeOf(trimmed), BrokenJSON
		var broken *json.SyntaxError
		if errors.As(json.Unmarshal(trimmed, new(struct{})), &broken) {
			a.BrokenAt = broken.Offset + int64(bytes.Index(body, trimmed))
		}
	default:
		a.Shape, a.Problem = ShapeText, NotJSON
	}
}

func (a *Answer) reportsError() bool {
	field, _, _ := strings.Cut(a.Said.Field, ".")
	return (a.Said.Text != "" || a.Said.Code != "") && (a.TokenKind == Missing || field == "detail" || field == "error")
}
