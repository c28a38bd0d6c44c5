package token

import (
	"encoding/json"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
	"github.com/livekit/protocol/auth"

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
)

// wanted describes each kind.
var wanted = [...]finding.Text{
	text:       finding.Textf("text"),
	boolean:    finding.Textf("true or false, without quotes"),
	date:       finding.Textf("a number of seconds since 1970"),
	texts:      finding.Textf("a list of texts"),
	textMap:    finding.Textf("an object whose values are all text"),
	object:     finding.Textf("an object"),
	audience:   finding.Textf("text or a list of texts"),
	roomConfig: finding.Textf("a room configuration as LiveKit defines it"),
}

// field is one claim or grant that livekit-server reads, up to 1.13.11 (protocol/auth
// of 1.54.0, ClaimGrants and VideoGrant; jwt.RegisteredClaims). Older servers ignore
// unknown ones.
type field struct {
	name string
	kind kind
	// fields of an object.
	fields []field
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

// maxTypeFindings is the most findings about types for one token.
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
func lintTypes(list []member, fields []field, path string) []finding.Finding {
	var found []finding.Finding
	for _, f := range fields {
		each(list, f.name, func(m member) {
			if len(found) < maxTypeFindings {
				found = append(found, f.judge(m.value, path+f.name)...)
			}
		})
	}
	return found
}

// judge checks one value; null means "not set" for every kind.
func (f field) judge(raw json.RawMessage, path string) []finding.Finding {
	if isNull(raw) {
		return nil
	}
	got := typeOf(raw)
	ok := true
	var detail finding.Text
	switch f.kind {
	case text:
		ok = got == isText
	case boolean:
		ok = got == isBool
	case date:
		ok = json.Unmarshal(raw, new(jwt.NumericDate)) == nil
	case audience:
		ok = json.Unmarshal(raw, new(jwt.ClaimStrings)) == nil
	case object:
		if got == isObj {
			return lintTypes(membersOf(raw), f.fields, path+".")
		}
		ok = false
	case texts:
		path, got, ok = judgeTexts(raw, path, got)
	case textMap:
		path, got, ok = judgeMap(raw, path, got)
	case roomConfig:
		if err := json.Unmarshal(raw, new(auth.RoomConfiguration)); err != nil {
			if member, is := wrongAgents(raw, path); is {
				return []finding.Finding{member}
			}
			ok = false
			detail = finding.Textf(" (%s)", clean.Line(err.Error(), 120))
		}
	}
	if ok {
		return nil
	}
	want := wanted[f.kind]
	if f.kind == texts && path[len(path)-1] == ']' || f.kind == textMap && got != typeOf(raw) {
		want = wanted[text]
	}
	return []finding.Finding{finding.New(finding.TokenClaimType, finding.Fail,
		"the claim %s is %s; the server wants %s and refuses the whole token%s", path, typeNames[got], want, detail).
		With("path", path).With("got", typeNames[got].String()).With("want", want.String()).As(f.variant(path, got, want))}
}

// wrongAgents returns a finding about the first member of a room configuration that is
// not what the list of agents to dispatch needs: a list of objects with texts.
func wrongAgents(config json.RawMessage, path string) (f finding.Finding, is bool) {
	build := func(path string, got jsonType, want finding.Text, variant string) (finding.Finding, bool) {
		return finding.New(finding.TokenClaimType, finding.Fail,
			"the claim %s is %s; the server wants %s and refuses the whole token%s", path, typeNames[got], want, finding.Text{}).
			With("path", path).With("got", typeNames[got].String()).With("want", want.String()).As(variant), true
	}
	var agents json.RawMessage
	for _, m := range membersOf(config) {
		if m.name == "agents" {
			agents = m.value
		}
	}
	path += ".agents"
	var items []json.RawMessage
	switch got := typeOf(agents); {
	case got == isNil:
		return finding.Finding{}, false
	case got != isList || json.Unmarshal(agents, &items) != nil:
		return build(path, got, finding.Textf("a list of objects with agentName"), "structure")
	}
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", path, i)
		if got := typeOf(item); got != isObj {
			return build(at, got, finding.Textf("an object with agentName"), "structure")
		}
		for _, m := range membersOf(item) {
			switch m.name {
			case "agentName", "agent_name", "metadata":
				if got := typeOf(m.value); got != isText && got != isNil {
					return build(at+"."+m.name, got, wanted[text], "text")
				}
			}
		}
	}
	return finding.Finding{}, false
}

// variant returns the variant of TOKEN_CLAIM_TYPE for a value of type got at path.
func (f field) variant(path string, got jsonType, want finding.Text) string {
	switch {
	case f.kind == boolean:
		return "boolean"
	case f.kind == date:
		return "time"
	case path == "sub" || path == "jti" || path == "identity":
		return "identity"
	case path == "metadata" && (got == isObj || got == isList):
		return "metadata"
	case want.Format != wanted[text].Format && f.kind != audience:
		return "structure"
	}
	return "text"
}

func judgeTexts(raw json.RawMessage, path string, got jsonType) (string, jsonType, bool) {
	var items []json.RawMessage
	if got != isList || json.Unmarshal(raw, &items) != nil {
		return path, got, false
	}
	for i, item := range items {
		if item := typeOf(item); item != isText && item != isNil {
			return fmt.Sprintf("%s[%d]", path, i), item, false
		}
	}
	return path, got, true
}

func judgeMap(raw json.RawMessage, path string, got jsonType) (string, jsonType, bool) {
	if got != isObj {
		return path, got, false
	}
	for _, m := range membersOf(raw) {
		if item := typeOf(m.value); item != isText && item != isNil {
			return path + "." + clean.Line(m.name, 40), item, false
		}
	}
	return path, got, true
}

// jsonType is the type of a JSON value.
type jsonType int

const (
	isNil jsonType = iota
	isText
	isNumber
	isBool
	isList
	isObj
)

var typeNames = [...]finding.Text{
	isNil: finding.Textf("null"), isText: finding.Textf("text in quotes"), isNumber: finding.Textf("a number"),
	isBool: finding.Textf("true or false"), isList: finding.Textf("a list"), isObj: finding.Textf("an object"),
}

// typeOf returns the type of valid JSON, by its first byte.
func typeOf(raw json.RawMessage) jsonType {
	for _, c := range raw {
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case '"':
			return isText
		case '{':
			return isObj
		case '[':
			return isList
		case 't', 'f':
			return isBool
		case 'n':
			return isNil
		}
		return isNumber
	}
	return isNil
}
