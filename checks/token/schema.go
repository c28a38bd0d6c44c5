package token

import (
	"encoding/json"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
	"github.com/livekit/protocol/auth"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
)

// kind is the JSON type that a server requires of a claim.
type kind int

const (
	text kind = iota
	boolean
	date
	texts
	textMap
	object
	audience
	roomConfig
	agentList
	agentItem
)

var wanted = [...]finding.Text{
	text:       finding.Textf("text"),
	boolean:    finding.Textf("true or false, without quotes"),
	date:       finding.Textf("a number of seconds since 1970"),
	texts:      finding.Textf("a list of texts"),
	textMap:    finding.Textf("an object whose values are all text"),
	object:     finding.Textf("an object"),
	audience:   finding.Textf("text or a list of texts"),
	roomConfig: finding.Textf("a room configuration as LiveKit defines it"),
	agentList:  finding.Textf("a list of objects with agentName"),
	agentItem:  finding.Textf("an object with agentName"),
}

// field is one claim or grant that livekit-server reads, up to 1.13.11 (protocol/auth
// of 1.54.0, jwt.RegisteredClaims). Older servers ignore unknown ones.
type field struct {
	name   string
	kind   kind
	fields []field // of an object
}

var videoFields = []field{
	{name: "roomJoin", kind: boolean}, {name: "room"}, {name: "roomCreate", kind: boolean},
	{name: "roomList", kind: boolean}, {name: "roomRecord", kind: boolean}, {name: "roomAdmin", kind: boolean},
	{name: "canPublish", kind: boolean}, {name: "canSubscribe", kind: boolean}, {name: "canPublishData", kind: boolean},
	{name: "canPublishSources", kind: texts}, {name: "canUpdateOwnMetadata", kind: boolean},
	{name: "ingressAdmin", kind: boolean}, {name: "hidden", kind: boolean}, {name: "recorder", kind: boolean},
	{name: "agent", kind: boolean}, {name: "canSubscribeMetrics", kind: boolean},
	{name: "canManageAgentSession", kind: boolean}, {name: "destinationRoom"},
}

var claimFields = []field{
	{name: "iss"}, {name: "sub"}, {name: "jti"}, {name: "aud", kind: audience},
	{name: "exp", kind: date}, {name: "nbf", kind: date}, {name: "iat", kind: date},
	{name: "identity"}, {name: "name"}, {name: "kind"}, {name: "kindDetails", kind: texts},
	{name: "video", kind: object, fields: videoFields},
	{name: "sip", kind: object, fields: []field{{name: "admin", kind: boolean}, {name: "call", kind: boolean}}},
	{name: "agent", kind: object, fields: []field{{name: "admin", kind: boolean}, {name: "simulationAdmin", kind: boolean},
		{name: "databaseAdmin", kind: boolean}, {name: "dispatchAdmin", kind: boolean}}},
	{name: "agentEndpoint", kind: object, fields: []field{{name: "call", kind: boolean}, {name: "agentName"}, {name: "deployment"}}},
	{name: "agentThread", kind: object, fields: []field{{name: "all", kind: boolean}, {name: "scope"}, {name: "threadIds", kind: texts},
		{name: "list", kind: boolean}, {name: "create", kind: boolean}, {name: "write", kind: boolean}, {name: "read", kind: boolean},
		{name: "delete", kind: boolean}}},
	{name: "inference", kind: object, fields: []field{{name: "perform", kind: boolean}}},
	{name: "observability", kind: object, fields: []field{{name: "write", kind: boolean}}},
	{name: "roomConfig", kind: roomConfig}, {name: "roomPreset"}, {name: "sha256"},
	{name: "metadata"}, {name: "attributes", kind: textMap},
}

// agentFields dispatch agents in a room configuration; agentFormat is one agent.
var (
	agentFields = []field{{name: "agents", kind: agentList}}
	agentFormat = field{kind: agentItem, fields: []field{{name: "agentName"}, {name: "agent_name"}, {name: "metadata"}}}
)

const maxTypeFindings = 12

// lintTypes reports claims that a server fails to read. For what the table of fields
// does not explain it quotes the decoder's error.
func (t *Token) lintTypes() []finding.Finding {
	found := lintTypes(t.members, claimFields, "")
	if len(found) > 0 {
		return found
	}
	if err := json.Unmarshal(t.claimsJSON, new(serverClaims)); err != nil {
		found = append(found, finding.New(finding.TokenClaimType, finding.Fail,
			"the server cannot read the claims and refuses the whole token: %s", clean.Line(err.Error(), 160)).
			With("path", "").As("other"))
	}
	return found
}

// lintTypes reports members whose JSON type makes a server refuse the token.
func lintTypes(list []Member, fields []field, path string) []finding.Finding {
	var found []finding.Finding
	for _, f := range fields {
		for m := range named(list, f.name) {
			if len(found) < maxTypeFindings {
				found = append(found, f.judge(m.Value, path+f.name)...)
			}
		}
	}
	return found
}

// judge checks one value; null means "not set" for every kind.
func (f field) judge(raw json.RawMessage, path string) []finding.Finding {
	got, ok := answer.ShapeOf(raw), false
	if got == answer.ShapeNull {
		return nil
	}
	var detail finding.Text
	switch f.kind {
	case text:
		ok = got == answer.ShapeString
	case boolean:
		ok = got == answer.ShapeBoolean
	case date:
		ok = json.Unmarshal(raw, new(jwt.NumericDate)) == nil
	case audience:
		ok = json.Unmarshal(raw, new(jwt.ClaimStrings)) == nil
	case object, agentItem:
		if got == answer.ShapeObject {
			return lintTypes(Members(raw), f.fields, path+".")
		}
	case texts, agentList:
		if got == answer.ShapeList {
			return f.judgeItems(raw, path)
		}
	case textMap:
		if got == answer.ShapeObject {
			return firstOf(Members(raw), func(_ int, m Member) []finding.Finding {
				return field{}.judge(m.Value, path+"."+clean.Line(m.Name, 40))
			})
		}
	case roomConfig:
		err := json.Unmarshal(raw, new(auth.RoomConfiguration))
		if err == nil {
			return nil
		}
		if wrong := lintTypes(Members(raw), agentFields, path+"."); len(wrong) > 0 {
			return wrong[:1]
		}
		detail = finding.Textf(" (%s)", clean.Line(err.Error(), 120))
	}
	if ok {
		return nil
	}
	want := wanted[f.kind]
	return []finding.Finding{finding.New(finding.TokenClaimType, finding.Fail,
		"the claim %s is %s; the server wants %s and refuses the whole token%s", path, typeNames[got], want, detail).
		With("path", path).With("got", typeNames[got].String()).With("want", want.String()).As(f.variant(path, got))}
}

// judgeItems returns what is wrong with the first wrong item of a list.
func (f field) judgeItems(list json.RawMessage, path string) []finding.Finding {
	var items []json.RawMessage
	_ = json.Unmarshal(list, &items)
	format := field{}
	if f.kind == agentList {
		format = agentFormat
	}
	return firstOf(items, func(i int, item json.RawMessage) []finding.Finding {
		return format.judge(item, fmt.Sprintf("%s[%d]", path, i))
	})
}

func firstOf[T any](items []T, judge func(i int, item T) []finding.Finding) []finding.Finding {
	for i, item := range items {
		if found := judge(i, item); len(found) > 0 {
			return found[:1]
		}
	}
	return nil
}

func (f field) variant(path string, got answer.Shape) string {
	switch {
	case f.kind == boolean:
		return "boolean"
	case f.kind == date:
		return "time"
	case path == "sub" || path == "jti" || path == "identity":
		return "identity"
	case path == "metadata" && (got == answer.ShapeObject || got == answer.ShapeList):
		return "metadata"
	case f.kind == text || f.kind == audience:
		return "text"
	}
	return "structure"
}

var typeNames = map[answer.Shape]finding.Text{
	answer.ShapeString: finding.Textf("text in quotes"), answer.ShapeNumber: finding.Textf("a number"),
	answer.ShapeBoolean: finding.Textf("true or false"), answer.ShapeList: finding.Textf("a list"),
	answer.ShapeObject: finding.Textf("an object"),
}

// isText reports whether a claim is text or not set; TOKEN_CLAIM_TYPE reports others.
func isText(raw json.RawMessage) bool {
	shape := answer.ShapeOf(raw)
	return shape == answer.ShapeNull || shape == answer.ShapeString
}
