package answer

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
)

// glimpse is what an unverified string looks like.
type glimpse struct {
	jwt     bool // header and claims decode to JSON objects
	video   bool // the claims have a `video` object
	hinted  bool // the claims have other signs of LiveKit
	foreign bool // the issuer is a URL, as in login tokens
}

// glance examines a string that may be a wrapped token. It verifies nothing.
func glance(s string) glimpse {
	var g glimpse
	part := strings.SplitN(unwrapped(s), ".", 4)
	if len(part) != 3 || segment(part[0]) == nil {
		return g
	}
	claims := segment(part[1])
	if g.jwt = claims != nil; !g.jwt {
		return g
	}
	var issuer string
	_ = json.Unmarshal(claims["iss"], &issuer)
	g.video = bytes.HasPrefix(claims["video"], []byte("{"))
	g.foreign = strings.Contains(issuer, "://")
	g.hinted = strings.HasPrefix(issuer, "API") || issuer == "devkey"
	for _, name := range []string{"grants", "roomJoin", "room_join", "roomConfig", "canPublish"} {
		g.hinted = g.hinted || claims[name] != nil
	}
	return g
}

// segment decodes one part of a JWT; nil unless it is a JSON object.
func segment(s string) (object map[string]json.RawMessage) {
	s = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(s, "="))
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || json.Unmarshal(raw, &object) != nil {
		return nil
	}
	return object
}

// unwrapped removes white space, quotes, "Bearer " and b'…'.
func unwrapped(s string) string {
	s = strings.TrimSpace(s)
	if rest, bearer := afterWord(s, "bearer "); bearer {
		s = strings.TrimSpace(rest)
	}
	if inner, bytes := pythonBytes(s); bytes {
		s = inner
	}
	return strings.TrimSpace(allQuotesOff(s))
}

// notToken reports whether r occurs in no token.
func notToken(r rune) bool { return notJWT(r) && !strings.ContainsRune("~+/=", r) }

// notJWT reports whether r occurs in no JWT in compact form.
func notJWT(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
}

// jwtLike reports whether s has the form of a JWT: it begins as the base64url of `{"`
// and has two or more dots.
func jwtLike(s string) bool { return strings.HasPrefix(s, "eyJ") && strings.Count(s, ".") >= 2 }

// tokenLike reports whether a whole text is more likely a token than prose: a JWT in
// any wrapping, a Promise converted to text, or one long run with letters and digits.
func tokenLike(s string) bool {
	s = unwrapped(s)
	if jwtLike(s) || s == "[object Promise]" {
		return true
	}
	return len(s) >= 16 && !strings.ContainsFunc(s, notToken) && strings.ContainsAny(s, "0123456789") &&
		strings.ContainsFunc(s, func(r rune) bool { return r >= 'A' && r <= 'z' }) && !strings.HasPrefix(s, "/")
}

// compact matches a run that may be a JWT in compact form.
var compact = regexp.MustCompile(`eyJ[\w.-]*`)

func jwts(text string) []string {
	var list []string
	for _, m := range compact.FindAllStringIndex(text, -1) {
		run := strings.TrimRight(text[m[0]:m[1]], ".")
		whole := m[0] == 0 || notJWT(rune(text[m[0]-1])) || m[0] > 2 && text[m[0]-3] == '%'
		if whole && jwtLike(run) {
			list = append(list, run)
		}
	}
	return list
}
