package token

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/livekit/protocol/auth"

	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
)

// maxShownJSON is the most JSON of a header or of claims that is shown, in bytes.
const maxShownJSON = 64 << 10

// partNames name the three parts of a JWT.
var partNames = [3]finding.Text{finding.Textf("header"), finding.Textf("payload"), finding.Textf("signature")}

// decode reads a text with two dots as LiveKit servers from 1.13 on do (golang-jwt v5:
// base64url without padding, line breaks ignored). It goes on after errors at which
// that server would stop.
func (t *Token) decode() []finding.Finding {
	var findings []finding.Finding
	parts := strings.Split(t.Reveal(), ".")
	var data [3][]byte
	for i, part := range parts {
		d, problem := decodePart(i, part)
		if problem != nil {
			findings = append(findings, *problem)
		}
		data[i] = d
	}
	t.signature = data[2]
	header, problem := parseObject(0, data[0])
	if problem != nil && data[0] != nil {
		return append(findings, *problem)
	}
	_, problem = parseObject(1, data[1])
	if problem != nil && data[1] != nil {
		return append(findings, *problem)
	}
	if data[0] == nil || data[1] == nil {
		return findings
	}
	t.Decoded = true
	t.headerJSON, t.claimsJSON = data[0], data[1]
	t.readHeader(header)
	t.members = membersOf(data[1])
	t.Claims = claimsOf(t.members)
	if problem := t.judgeAlgorithm(); problem != nil {
		findings = append(findings, *problem)
	}
	if problem := t.judgeSignatureLength(parts[2]); problem != nil {
		findings = append(findings, *problem)
	}
	return findings
}

// decodePart decodes the base64url of part i. It returns data along with a finding if
// only newer servers refuse the part.
func decodePart(i int, part string) ([]byte, *finding.Finding) {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err == nil {
		return data, nil
	}
	place := 0
	var corrupt base64.CorruptInputError
	if errors.As(err, &corrupt) {
		place = int(corrupt)
	}
	usual := strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(part, "="))
	data, lenient := base64.RawURLEncoding.DecodeString(usual)
	if lenient == nil {
		f := finding.New(finding.TokenUndecodable, finding.Fail,
			"the %s of the token is written in standard base64 (with +, / or = padding); a JWT uses base64url without padding; LiveKit servers up to 1.12 read padding, later ones refuse it", partNames[i]).
			With("part", partNames[i].String()).With("byte", place).With("padded", strings.HasSuffix(part, "=")).
			With("accepted_by", "padding: livekit-server up to 1.12").As("base64")
		return data, &f
	}
	if len(usual)%4 == 1 && place >= len(usual)-4 {
		f := finding.New(finding.TokenTruncated, finding.Fail,
			"the %s of the token ends in the middle of a base64 group (%d characters): the token was cut", partNames[i], len(part)).
			With("part", partNames[i].String()).With("characters", len(part)).As("cut")
		return nil, &f
	}
	f := finding.New(finding.TokenUndecodable, finding.Fail,
		"the %s of the token is not base64url: the character at byte %d of it does not belong there (%s)",
		partNames[i], place, clean.Line(charAt(part, place), 12)).
		With("part", partNames[i].String()).With("byte", place).As("character")
	return nil, &f
}

// charAt returns the character of s at byte i, which is no base64 and so no secret.
func charAt(s string, i int) string {
	if i < 0 || i >= len(s) {
		return "its end"
	}
	for _, r := range s[i:] {
		return string(r)
	}
	return ""
}

// parseObject returns the members of a part, or a finding if it is not a JSON object.
func parseObject(i int, data []byte) ([]member, *finding.Finding) {
	name := partNames[i].String()
	var object map[string]json.RawMessage
	err := json.Unmarshal(data, &object)
	var syntax *json.SyntaxError
	switch {
	case err == nil && isObject(data):
		return membersOf(data), nil
	case errors.As(err, &syntax) && len(bytes.TrimSpace(data)) == 0:
		f := finding.New(finding.TokenUndecodable, finding.Fail, "the %s of the token is empty; JSON was expected", partNames[i]).
			With("part", name).With("byte", 0).As("not-json")
		return nil, &f
	case errors.As(err, &syntax) && int(syntax.Offset) >= len(data) && strings.HasPrefix(syntax.Error(), "unexpected end"):
		f := finding.New(finding.TokenTruncated, finding.Fail,
			"the %s of the token decodes to JSON that ends early, after %d bytes: the token was cut", partNames[i], len(data)).
			With("part", name).With("bytes", len(data)).As("cut")
		return nil, &f
	case errors.As(err, &syntax):
		f := finding.New(finding.TokenUndecodable, finding.Fail,
			"the %s of the token decodes, but to something that is not JSON: %s (byte %d)",
			partNames[i], clean.Line(syntax.Error(), 80), int(syntax.Offset)).
			With("part", name).With("byte", int(syntax.Offset)).As("not-json")
		return nil, &f
	}
	f := finding.New(finding.TokenUndecodable, finding.Fail,
		"the %s of the token decodes to JSON that is not an object; {…} was expected", partNames[i]).
		With("part", name).With("byte", 0).As("not-json")
	return nil, &f
}

// readHeader fills Header. As in a Go map, names match exactly and the last one wins.
func (t *Token) readHeader(list []member) {
	for _, m := range list {
		var s string
		if json.Unmarshal(m.value, &s) != nil {
			continue
		}
		switch m.name {
		case "alg":
			t.Header.Algorithm = s
		case "typ":
			t.Header.Type = s
		case "kid":
			t.Header.KeyID = s
		case "enc":
			t.Header.Encoding = s
		}
	}
}

// claimsOf decodes each claim separately, so that one of a wrong type does not prevent
// the others from being read.
func claimsOf(list []member) Claims {
	var c Claims
	text := func(name string, into *string) {
		each(list, name, func(m member) { _ = json.Unmarshal(m.value, into) })
	}
	text("iss", &c.Issuer)
	text("sub", &c.Subject)
	text("jti", &c.JTI)
	text("name", &c.Name)
	text("kind", &c.Kind)
	text("roomPreset", &c.RoomPreset)
	var metadata string
	text("metadata", &metadata)
	c.MetadataBytes = len(metadata)
	each(list, "attributes", func(m member) { _ = json.Unmarshal(m.value, &c.Attributes) })
	for k, v := range c.Attributes {
		c.AttributesBytes += len(k) + len(v)
	}
	var audience jwt.ClaimStrings
	each(list, "aud", func(m member) { _ = json.Unmarshal(m.value, &audience) })
	c.Audience = audience
	c.ExpiresAt, c.NotBefore, c.IssuedAt = dateOf(list, "exp"), dateOf(list, "nbf"), dateOf(list, "iat")
	c.Video = videoOf(list)
	var config *auth.RoomConfiguration
	each(list, "roomConfig", func(m member) { _ = json.Unmarshal(m.value, &config) })
	if config != nil {
		c.HasRoomConfig = true
		for _, agent := range config.Agents {
			c.Agents = append(c.Agents, agent.GetAgentName())
		}
	}
	return c
}

// dateOf returns a time, nil if it is absent, null or unreadable.
func dateOf(list []member, name string) *time.Time {
	var when *time.Time
	each(list, name, func(m member) {
		var d *jwt.NumericDate
		if json.Unmarshal(m.value, &d) != nil || d == nil {
			when = nil
			return
		}
		when = &d.Time
	})
	return when
}

func videoOf(list []member) *VideoGrant {
	var grant *auth.VideoGrant
	each(list, "video", func(m member) {
		if isObject(m.value) || isNull(m.value) {
			_ = json.Unmarshal(m.value, &grant)
		}
	})
	if grant == nil {
		return nil
	}
	return &VideoGrant{
		RoomJoin: grant.RoomJoin, RoomCreate: grant.RoomCreate, RoomList: grant.RoomList,
		RoomRecord: grant.RoomRecord, RoomAdmin: grant.RoomAdmin, IngressAdmin: grant.IngressAdmin,
		Hidden: grant.Hidden, Recorder: grant.Recorder, Agent: grant.Agent,
		Room: grant.Room, DestinationRoom: grant.DestinationRoom,
		CanPublish: grant.GetCanPublish(), CanSubscribe: grant.GetCanSubscribe(),
		CanPublishData:       grant.GetCanPublishData(),
		CanUpdateOwnMetadata: grant.GetCanUpdateOwnMetadata(),
		CanPublishSources:    grant.CanPublishSources,
	}
}

// HeaderJSON returns the header, indented and safe to print.
func (t *Token) HeaderJSON() string { return shownJSON(t.headerJSON) }

// ClaimsJSON returns the claims, indented and safe to print, at most 64 KiB of them.
func (t *Token) ClaimsJSON() string { return shownJSON(t.claimsJSON) }

// maxShownDepth is the deepest nesting that is indented: the cost grows with its
// square.
const maxShownDepth = 100

func shownJSON(raw []byte) string {
	var b bytes.Buffer
	if len(raw) > maxShownJSON || depth(raw) > maxShownDepth || json.Indent(&b, raw, "", "  ") != nil {
		return clean.Block(clean.Redact(string(raw[:min(len(raw), maxShownJSON)])), maxShownJSON)
	}
	shown := clean.Block(clean.Redact(b.String()), maxShownJSON)
	// Hidden is quoted where it replaces a number, so that the text remains JSON.
	if quoted := strings.ReplaceAll(shown, ": "+clean.Hidden, `: "`+clean.Hidden+`"`); !json.Valid([]byte(shown)) && json.Valid([]byte(quoted)) {
		return quoted
	}
	return shown
}

// depth returns an upper bound of how deep raw nests. It also counts brackets in
// strings.
func depth(raw []byte) int {
	open, most := 0, 0
	for _, c := range raw {
		switch c {
		case '{', '[':
			open++
			most = max(most, open)
		case '}', ']':
			open--
		}
	}
	return most
}
