package token

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/livekit/protocol/auth"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
)

// maxShownJSON is the most JSON of a header or of claims that is shown, in bytes.
const maxShownJSON = 64 << 10

var partNames = [3]finding.Text{finding.Textf("header"), finding.Textf("payload"), finding.Textf("signature")}

// decode reads a text with two dots as LiveKit servers from 1.13 on do (golang-jwt v5),
// but goes on after errors at which that server would stop.
func (t *Token) decode() []finding.Finding {
	var findings []finding.Finding
	parts := strings.Split(t.Reveal(), ".")
	var data [3][]byte
	for i, part := range parts {
		var problem []finding.Finding
		data[i], problem = decodePart(i, part)
		findings = append(findings, problem...)
	}
	t.signature = data[2]
	for i := range 2 {
		if problem := judgeObject(i, data[i]); len(problem) > 0 && data[i] != nil {
			return append(findings, problem...)
		}
	}
	if data[0] == nil || data[1] == nil {
		return findings
	}
	t.Decoded = true
	t.headerJSON, t.claimsJSON = data[0], data[1]
	var header map[string]json.RawMessage
	_ = json.Unmarshal(data[0], &header)
	_ = json.Unmarshal(header["alg"], &t.Algorithm)
	t.members = Members(data[1])
	t.Claims = claimsOf(t.members)
	return slices.Concat(findings, t.judgeAlgorithm(), t.judgeSignatureLength(parts[2]))
}

// decodePart decodes the base64url of part i. It returns data along with a finding if
// only newer servers refuse the part.
func decodePart(i int, part string) ([]byte, []finding.Finding) {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err == nil {
		return data, nil
	}
	place := 0
	var corrupt base64.CorruptInputError
	if errors.As(err, &corrupt) {
		place = int(corrupt)
	}
	var f finding.Finding
	usual := strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(part, "="))
	data, err = base64.RawURLEncoding.DecodeString(usual)
	switch {
	case err == nil:
		f = finding.New(finding.TokenUndecodable, finding.Fail,
			"the %s of the token is written in standard base64 (with +, / or = padding); a JWT uses base64url "+
				"without padding; LiveKit servers up to 1.12 read padding, later ones refuse it", partNames[i]).
			With("byte", place).With("padded", strings.HasSuffix(part, "=")).
			With("accepted_by", "padding: livekit-server up to 1.12").As("base64")
	case len(usual)%4 == 1 && place >= len(usual)-4:
		data, f = nil, finding.New(finding.TokenTruncated, finding.Fail,
			"the %s of the token ends in the middle of a base64 group (%d characters): the token was cut", partNames[i], len(part)).
			With("characters", len(part)).As("cut")
	default:
		at := "its end"
		for _, r := range part[min(place, len(part)):] { // no base64, and so no secret
			at = string(r)
			break
		}
		data, f = nil, finding.New(finding.TokenUndecodable, finding.Fail,
			"the %s of the token is not base64url: the character at byte %d of it does not belong there (%s)",
			partNames[i], place, clean.Line(at, 12)).
			With("byte", place).As("character")
	}
	return data, []finding.Finding{f.With("part", partNames[i].String())}
}

func judgeObject(i int, data []byte) []finding.Finding {
	err := json.Unmarshal(data, new(map[string]json.RawMessage))
	var syntax *json.SyntaxError
	var f finding.Finding
	switch {
	case err == nil && answer.ShapeOf(data) == answer.ShapeObject:
		return nil
	case !errors.As(err, &syntax):
		f = finding.New(finding.TokenUndecodable, finding.Fail,
			"the %s of the token decodes to JSON that is not an object; {…} was expected", partNames[i]).With("byte", 0).As("not-json")
	case len(bytes.TrimSpace(data)) == 0:
		f = finding.New(finding.TokenUndecodable, finding.Fail, "the %s of the token is empty; JSON was expected", partNames[i]).
			With("byte", 0).As("not-json")
	case int(syntax.Offset) >= len(data) && strings.HasPrefix(syntax.Error(), "unexpected end"):
		f = finding.New(finding.TokenTruncated, finding.Fail,
			"the %s of the token decodes to JSON that ends early, after %d bytes: the token was cut", partNames[i], len(data)).
			With("bytes", len(data)).As("cut")
	default:
		f = finding.New(finding.TokenUndecodable, finding.Fail,
			"the %s of the token decodes, but to something that is not JSON: %s (byte %d)",
			partNames[i], clean.Line(syntax.Error(), 80), int(syntax.Offset)).
			With("byte", int(syntax.Offset)).As("not-json")
	}
	return []finding.Finding{f.With("part", partNames[i].String())}
}

// claimsOf decodes each claim separately, so that one of a wrong type does not prevent
// the others from being read.
func claimsOf(list []Member) Claims {
	c := Claims{
		Issuer: valueOf[string](list, "iss"), Subject: valueOf[string](list, "sub"), JTI: valueOf[string](list, "jti"),
		Name: valueOf[string](list, "name"), RoomPreset: valueOf[string](list, "roomPreset"),
		ExpiresAt: dateOf(list, "exp"), NotBefore: dateOf(list, "nbf"), IssuedAt: dateOf(list, "iat"),
		MetadataBytes: len(valueOf[string](list, "metadata")),
	}
	for k, v := range valueOf[map[string]string](list, "attributes") {
		c.AttributesBytes += len(k) + len(v)
	}
	for m := range named(list, "video") {
		if shape := answer.ShapeOf(m.Value); shape == answer.ShapeObject || shape == answer.ShapeNull {
			_ = json.Unmarshal(m.Value, &c.Video)
		}
	}
	if config := valueOf[*auth.RoomConfiguration](list, "roomConfig"); config != nil {
		for _, agent := range config.Agents {
			c.Agents = append(c.Agents, agent.GetAgentName())
		}
	}
	return c
}

// dateOf returns a time, nil if it is absent, null or unreadable.
func dateOf(list []Member, name string) *time.Time {
	var d *jwt.NumericDate
	if raw := rawOf(list, name); raw == nil || json.Unmarshal(raw, &d) != nil || d == nil {
		return nil
	}
	return &d.Time
}

// HeaderJSON returns the header, indented and safe to print.
func (t *Token) HeaderJSON() string { return shownJSON(t.headerJSON) }

// ClaimsJSON returns the claims, indented and safe to print, at most 64 KiB of them.
func (t *Token) ClaimsJSON() string { return shownJSON(t.claimsJSON) }

// shownJSON does not indent deep nesting: the cost grows with its square.
func shownJSON(raw []byte) string {
	var b bytes.Buffer
	if len(raw) > maxShownJSON || answer.TooNested(raw) || json.Indent(&b, raw, "", "  ") != nil {
		return clean.Block(clean.Redact(string(raw[:min(len(raw), maxShownJSON)])), maxShownJSON)
	}
	shown := clean.Block(clean.Redact(b.String()), maxShownJSON)
	// Hidden is quoted where it replaces a number, so that the text remains JSON.
	quoted := strings.ReplaceAll(shown, ": "+clean.Hidden, `: "`+clean.Hidden+`"`)
	if !json.Valid([]byte(shown)) && json.Valid([]byte(quoted)) {
		return quoted
	}
	return shown
}
