package token

import (
	"fmt"
	"strings"
	"testing"
)

func TestLint(t *testing.T) {
	video := func(grants string) string {
		return `{"iss":"$iss","sub":"alice","exp":$exp,"video":{` + grants + `}}`
	}
	with := func(claims string) string {
		return `{"iss":"$iss","sub":"alice","exp":$exp,"video":{"roomJoin":true,"room":"r"},` + claims + `}`
	}
	long := strings.Repeat("x", 257)
	for _, tt := range []struct{ name, claims, want, message string }{
		{"good", goodClaims, "", ""},
		{"no iss", `{"sub":"a","video":{"roomJoin":true,"room":"r"}}`, "TOKEN_NO_ISSUER:fail", "missing or blank"},
		{"blank iss", `{"iss":"  ","sub":"a","video":{"roomJoin":true,"room":"r"}}`, "TOKEN_NO_ISSUER:fail", ""},
		{"iss undefined", `{"iss":"undefined","sub":"a","video":{"roomJoin":true,"room":"r"}}`, "TOKEN_PLACEHOLDER:fail", "iss holds “undefined”"},
		{"iss a reference", `{"iss":"${LIVEKIT_API_KEY}","sub":"a","video":{"roomJoin":true,"room":"r"}}`, "TOKEN_PLACEHOLDER:fail", "${LIVEKIT_API_KEY}"},
		{"iss of a template", `{"iss":"your_api_key","sub":"a","video":{"roomJoin":true,"room":"r"}}`, "TOKEN_PLACEHOLDER:fail", "stands for a value"},
		{"sub None", `{"iss":"$iss","sub":"None","video":{"roomJoin":true,"room":"r"}}`, "TOKEN_PLACEHOLDER:warn", "sub holds “None”"},
		{"sub put together", `{"iss":"$iss","sub":"user-undefined","video":{"roomJoin":true,"room":"r"}}`, "TOKEN_PLACEHOLDER:warn", "“undefined”"},
		{"room a reference", video(`"roomJoin":true,"room":"room-{{id}}"`), "TOKEN_PLACEHOLDER:warn", "video.room holds “{{id}}”"},
		{"name an object", with(`"name":"[object Object]"`), "TOKEN_PLACEHOLDER:warn", "an object"},
		{"metadata null", with(`"metadata":"undefined"`), "TOKEN_PLACEHOLDER:warn", "metadata"},
		{"metadata with such words", with(`"metadata":"{\"note\":\"<b> ${x} none\"}"`), "", ""},
		{"people called so", with(`"name":"Nil Null","metadata":"todo"`), "", ""},
		{"iss with a blank", `{"iss":"APIx ","sub":"a","video":{"roomJoin":true,"room":"r"}}`, "TOKEN_CLAIM_TYPE:fail", "at its ends"},
		{"no video", `{"iss":"$iss","sub":"a"}`, "TOKEN_NO_VIDEO:fail", "as if no token had come"},
		{"grants at the top", `{"iss":"$iss","sub":"a","roomJoin":true,"room":"r"}`, "TOKEN_NO_VIDEO:fail", "top level"},
		{"grants under grants", `{"iss":"$iss","sub":"a","grants":{"roomJoin":true}}`, "TOKEN_NO_VIDEO:fail", "under grants"},
		{"video under grants", `{"iss":"$iss","sub":"a","grants":{"video":{"roomJoin":true}}}`, "TOKEN_NO_VIDEO:fail", "under grants"},
		{"videoGrant", `{"iss":"$iss","sub":"a","videoGrant":{"roomJoin":true,"room":"r"}}`, "TOKEN_GRANT_MISNAMED:fail TOKEN_NO_VIDEO:fail", "video is meant"},
		{"video is text", `{"iss":"$iss","sub":"a","video":"{}"}`, "TOKEN_CLAIM_TYPE:fail", "video is text in quotes; the server wants an object"},
		{"snake case", video(`"room_join":true,"room":"r"`), "TOKEN_GRANT_MISNAMED:fail TOKEN_NO_ROOM_JOIN:fail", "video.room_join is not a name that LiveKit knows, so it is ignored; video.roomJoin is meant"},
		{"join", video(`"join":true,"room":"r"`), "TOKEN_GRANT_MISNAMED:fail TOKEN_NO_ROOM_JOIN:fail", "roomJoin"},
		{"roomName", video(`"roomJoin":true,"roomName":"r"`), "TOKEN_GRANT_MISNAMED:fail TOKEN_NO_ROOM:fail", "video.room is meant"},
		{"typing mistake", video(`"romJoin":true,"room":"r"`), "TOKEN_GRANT_MISNAMED:fail TOKEN_NO_ROOM_JOIN:fail", "roomJoin"},
		{"other case", video(`"RoomJoin":true,"room":"r"`), "TOKEN_GRANT_MISNAMED:warn", "from 1.13 on"},
		{"canpublish", video(`"roomJoin":true,"room":"r","canpublish":true`), "TOKEN_GRANT_MISNAMED:warn", "canPublish"},
		{"can_publish", video(`"roomJoin":true,"room":"r","can_publish":false`), "TOKEN_GRANT_MISNAMED:warn", "ignored"},
		{"both names", video(`"roomJoin":true,"room_join":true,"room":"r"`), "", ""},
		{"source", video(`"roomJoin":true,"room":"r","canPublishSources":["mic"]`), "TOKEN_GRANT_MISNAMED:warn", "“mic”"},
		{"room_config", with(`"room_config":{}`), "TOKEN_GRANT_MISNAMED:warn", "roomConfig"},
		{"own claims", with(`"tenant":"x","scope":["a"],"https://x/y":{"z":1}`), "", ""},
		{"roomJoin false", video(`"roomJoin":false,"room":"r"`), "TOKEN_NO_ROOM_JOIN:fail", ""},
		{"admin only", video(`"roomAdmin":true,"room":"r"`), "TOKEN_NO_ROOM_JOIN:fail TOKEN_BROAD:warn", ""},
		{"no room", video(`"roomJoin":true`), "TOKEN_NO_ROOM:fail", ""},
		{"empty room", video(`"roomJoin":true,"room":""`), "TOKEN_NO_ROOM:fail", ""},
		{"no sub", `{"iss":"$iss","exp":$exp,"video":{"roomJoin":true,"room":"r"}}`, "TOKEN_NO_IDENTITY:fail", "sub claim"},
		{"identity claim", `{"iss":"$iss","identity":"a","video":{"roomJoin":true,"room":"r"}}`, "TOKEN_NO_IDENTITY:fail", "servers read sub"},
		{"jti does", `{"iss":"$iss","jti":"a","video":{"roomJoin":true,"room":"r"}}`, "", ""},
		{"sub a number", `{"iss":"$iss","sub":7,"video":{"roomJoin":true,"room":"r"}}`, "TOKEN_CLAIM_TYPE:fail", "the claim sub is a number; the server wants text"},
		{"roomJoin text", video(`"roomJoin":"true","room":"r"`), "TOKEN_CLAIM_TYPE:fail", "video.roomJoin is text in quotes; the server wants true or false"},
		{"roomJoin 1", video(`"roomJoin":1,"room":"r"`), "TOKEN_CLAIM_TYPE:fail", "a number"},
		{"two wrong", video(`"roomJoin":"true","room":5`), "TOKEN_CLAIM_TYPE:fail TOKEN_CLAIM_TYPE:fail", ""},
		{"metadata object", with(`"metadata":{"a":1}`), "TOKEN_CLAIM_TYPE:fail", "metadata is an object"},
		{"attribute number", with(`"attributes":{"a":"x","b":5}`), "TOKEN_CLAIM_TYPE:fail", "attributes.b is a number; the server wants text"},
		{"attributes list", with(`"attributes":["a"]`), "TOKEN_CLAIM_TYPE:fail", "attributes is a list"},
		{"source number", video(`"roomJoin":true,"room":"r","canPublishSources":["camera",2]`), "TOKEN_CLAIM_TYPE:fail", "canPublishSources[1] is a number"},
		{"exp ISO", `{"iss":"$iss","sub":"a","exp":"2026-01-01T00:00:00Z","video":{"roomJoin":true,"room":"r"}}`, "TOKEN_CLAIM_TYPE:fail", "exp is text in quotes; the server wants a number of seconds"},
		{"aud number", with(`"aud":5`), "TOKEN_CLAIM_TYPE:fail", "aud"},
		{"roomConfig type", with(`"roomConfig":{"maxParticipants":"many"}`), "TOKEN_CLAIM_TYPE:fail", "roomConfig"},
		{"roomConfig unknown", with(`"roomConfig":{"bogus":1}`), "", ""},
		{"null everywhere", with(`"name":null,"metadata":null,"attributes":null,"aud":null,"nbf":null,"roomConfig":null`), "", ""},
		{"agents of texts", with(`"roomConfig":{"agents":["h"]}`), "TOKEN_CLAIM_TYPE:fail", "roomConfig.agents[0] is text in quotes; the server wants an object with agentName and"},
		{"agents an object", with(`"roomConfig":{"agents":{"agentName":"h"}}`), "TOKEN_CLAIM_TYPE:fail", "roomConfig.agents is an object; the server wants a list of objects with agentName"},
		{"agentName a number", with(`"roomConfig":{"agents":[{"agentName":7}]}`), "TOKEN_CLAIM_TYPE:fail", "roomConfig.agents[0].agentName is a number; the server wants text"},
		{"agent without a name", with(`"roomConfig":{"agents":[{}]}`), "TOKEN_DISPATCHES_AGENT:info", "without a name in the room: roomConfig.agents[].agentName is missing"},
		{"one of two agents named", with(`"roomConfig":{"agents":[{"agentName":"a"},{}]}`), "TOKEN_DISPATCHES_AGENT:info", "in the room: a, and 1 without agentName"},
		{"twice", with(`"sub":"bob"`), "TOKEN_CLAIM_TYPE:warn", "more than once"},
		{"twice in video", video(`"roomJoin":true,"room":"r","room":"s"`), "TOKEN_CLAIM_TYPE:warn", "video.room occurs"},
		{"NUL in sub", `{"iss":"$iss","sub":"a\u0000b","video":{"roomJoin":true,"room":"r"}}`, "TOKEN_CLAIM_TYPE:warn", `a\u0000b`},
		{"lone surrogate", video(`"roomJoin":true,"room":"r\ud800"`), "TOKEN_CLAIM_TYPE:warn", "video.room"},
		{"blank in room", video(`"roomJoin":true,"room":"r "`), "TOKEN_CLAIM_TYPE:warn", "blanks at its ends"},
		{"room 257", video(`"roomJoin":true,"room":"` + long + `"`), "TOKEN_LIMITS:fail", "video.room has 257 bytes"},
		{"room 256", video(`"roomJoin":true,"room":"` + long[1:] + `"`), "", ""},
		{"identity 257", `{"iss":"$iss","sub":"` + long + `","video":{"roomJoin":true,"room":"r"}}`, "TOKEN_LIMITS:fail", "sub"},
		{"metadata", with(`"metadata":"` + strings.Repeat("x", 512<<10+1) + `"`), "TOKEN_LIMITS:fail", "metadata has 524289"},
		{"attributes", with(`"attributes":{"a":"` + strings.Repeat("x", 64<<10) + `"}`), "TOKEN_LIMITS:fail", "attributes has 65537"},
		{"long token", with(`"metadata":"` + strings.Repeat("x", 9000) + `"`), "TOKEN_LIMITS:warn", "proxies"},
		{"listener", video(`"roomJoin":true,"room":"r","canPublish":false`), "TOKEN_CANNOT_PUBLISH:info", ""},
		{"speaker", video(`"roomJoin":true,"room":"r","canSubscribe":false`), "TOKEN_CANNOT_SUBSCRIBE:info", ""},
		{"agent", with(`"roomConfig":{"agents":[{"agentName":"helper"}]}`), "TOKEN_DISPATCHES_AGENT:info", "helper"},
		{"agent in snake case", with(`"room_config":{"agents":[{"agent_name":"helper"}]}`), "TOKEN_GRANT_MISNAMED:warn", "probably roomConfig is meant"},
		{"agent name in snake case", with(`"roomConfig":{"agents":[{"agent_name":"helper"}]}`), "TOKEN_DISPATCHES_AGENT:info", "helper"},
		{"agent by name", with(`"roomConfig":{"agents":[{"name":"helper"}]}`), "TOKEN_GRANT_MISNAMED:warn TOKEN_DISPATCHES_AGENT:info", "under roomConfig.agents[0].name,"},
		{"agents in capitals", with(`"roomConfig":{"Agents":[{"agentName":"helper"}]}`), "TOKEN_GRANT_MISNAMED:warn", "under roomConfig.Agents,"},
		{"agent of the room", with(`"room":{"agents":[{"agentName":"helper"}]}`), "TOKEN_GRANT_MISNAMED:warn", "under room.agents,"},
		{"agents at the top", with(`"agents":[{"agentName":"helper"}]`), "TOKEN_GRANT_MISNAMED:warn", "under agents,"},
		{"agent's grant", with(`"agent":{"agentName":"helper"}`), "TOKEN_GRANT_MISNAMED:warn", "under agent.agentName,"},
		{"agents of the grant", video(`"roomJoin":true,"room":"r","agents":["helper"]`), "TOKEN_GRANT_MISNAMED:warn", "under video.agents,"},
		{"agents in both places", with(`"agents":["x"],"roomConfig":{"agents":[{"agentName":"helper"}]}`), "TOKEN_DISPATCHES_AGENT:info", "helper"},
		{"agents that are none", with(`"agents":5,"room":"r","agent":{"admin":true}`), "", ""},
		{"agent's endpoint", with(`"agentEndpoint":{"call":"yes"}`), "TOKEN_CLAIM_TYPE:fail", "agentEndpoint.call is text in quotes"},
		{"agent's threads", with(`"agentThread":{"threadIds":"x"}`), "TOKEN_CLAIM_TYPE:fail", "agentThread.threadIds is text in quotes"},
		{"broad", video(`"roomJoin":true,"room":"r","roomAdmin":true,"roomCreate":true`), "TOKEN_BROAD:warn TOKEN_BROAD:info", "(roomAdmin)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			raw := claimed(tt.claims)
			tok, _ := Parse(raw)
			found := Lint(tok)
			noLeak(t, "", found)
			if got := codes(found); got != tt.want {
				t.Fatalf("found %s, want %s\n%v", got, tt.want, found)
			}
			for _, f := range found {
				t.Log(f.Message)
				if f.Party != "" {
					t.Errorf("party %q: the maker is the page's owner", f.Party)
				}
			}
			if tt.message != "" && !strings.Contains(found[0].Message.String(), tt.message) {
				t.Errorf("message %q lacks %q", found[0].Message, tt.message)
			}
		})
	}
}

func TestLintOfUndecoded(t *testing.T) {
	tok, _ := Parse("lk_demo_abcdefghijklmnopqrstuvwxyz")
	if found := Lint(tok); found != nil {
		t.Error(found)
	}
	wrapped, _ := Parse(`"` + claimed(`{"iss":"$iss"}`) + `"`)
	if got := codes(Lint(wrapped)); !strings.Contains(got, "TOKEN_NO_VIDEO") {
		t.Errorf("inner token not linted: %s", got)
	}
}

func TestClaims(t *testing.T) {
	tok, _ := Parse(claimed(`{"iss":"$iss","sub":"alice","name":"Alice","jti":"j","nbf":$now,"exp":"$exp","iat":$now.7,
		"Video":{"roomJoin":true},"video":{"room":"r","canPublish":false},"metadata":"héllo","attributes":{"a":"bc"},
		"roomPreset":"p","roomConfig":{"agents":[{"agentName":"x"},{}]}}`))
	c := tok.Claims
	got := fmt.Sprintf("%s %s %s %s %d %d %d %d %s %q %v %v %v", c.Issuer, tok.Identity(), c.Name, c.JTI,
		c.ExpiresAt.Sub(now), c.IssuedAt.Sub(now), c.MetadataBytes, c.AttributesBytes, c.RoomPreset, c.Agents,
		c.Video.RoomJoin, tok.Room(), c.Video.GetCanPublishData())
	if want := testKey + ` alice Alice j 900000000000 0 6 3 p ["x" ""] true r false`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
