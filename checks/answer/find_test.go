package answer

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// jwtOf returns a token with the given claims and an invalid signature.
func jwtOf(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"HS256"}`)) + "." + encode([]byte(claims)) + "." + encode([]byte("not a real signature, 32 bytes!!"))
}

var (
	videoToken  = jwtOf(`{"iss":"APItest","sub":"ana","video":{"roomJoin":true,"room":"r1"}}`)
	otherVideo  = jwtOf(`{"iss":"APItest","sub":"ben","video":{"roomJoin":true,"room":"r2"}}`)
	noVideo     = jwtOf(`{"iss":"APItest","sub":"ana"}`)
	loginToken  = jwtOf(`{"iss":"https://login.example/","sub":"user-1","email":"a@example"}`)
	opaqueToken = "lk_demo_" + strings.Repeat("aB3-_", 8) + "xyz"
)

// fill replaces VIDEO, OTHER, LOGIN, PLAIN and OPAQUE in body with test tokens.
func fill(body string) string {
	return strings.NewReplacer("VIDEO", videoToken, "OTHER", otherVideo, "LOGIN", loginToken, "PLAIN", noVideo,
		"OPAQUE", opaqueToken).Replace(body)
}

func TestFindToken(t *testing.T) {
	const u = "wss://lk.example"
	for _, test := range []struct {
		name, body   string
		profile      Profile
		token, path  string
		kind         Kind
		url, urlPath string
		tokenUsual   bool
	}{
		// Responses of services in public code.
		{"token", `{"token":"VIDEO"}`, TicketService, "VIDEO", "token", Text, "", "", true},
		{"token url", `{"token":"VIDEO","url":"wss://lk.example"}`, TicketService, "VIDEO", "token", Text, u, "url", true},
		{"token url room", `{"token":"VIDEO","url":"wss://lk.example","room":"r1"}`, TicketService, "VIDEO", "token", Text, u, "url", true},
		{"serverUrl", `{"token":"VIDEO","serverUrl":"wss://lk.example"}`, TicketService, "VIDEO", "token", Text, u, "serverUrl", true},
		{"livekitUrl", `{"token":"VIDEO","livekitUrl":"wss://lk.example"}`, TicketService, "VIDEO", "token", Text, u, "livekitUrl", true},
		{"wsUrl", `{"token":"VIDEO","wsUrl":"wss://lk.example"}`, TicketService, "VIDEO", "token", Text, u, "wsUrl", true},
		{"ws_url", `{"token":"VIDEO","ws_url":"wss://lk.example"}`, TicketService, "VIDEO", "token", Text, u, "ws_url", true},
		{"accessToken", `{"accessToken":"VIDEO"}`, TicketService, "VIDEO", "accessToken", Text, "", "", false},
		{"accessToken url", `{"accessToken":"VIDEO","url":"wss://lk.example","identity":"ana"}`, TicketService, "VIDEO", "accessToken", Text, u, "url", false},
		{"livekit_url", `{"access_token":"VIDEO","livekit_url":"wss://lk.example"}`, TicketService, "VIDEO", "access_token", Text, u, "livekit_url", false},
		{"livekit_socket_url", `{"access_token":"VIDEO","livekit_socket_url":"wss://lk.example"}`, TicketService, "VIDEO", "access_token", Text, u, "livekit_socket_url", false},
		{"data", `{"success":true,"data":{"token":"VIDEO","url":"wss://lk.example"}}`, TicketService, "VIDEO", "data.token", Text, u, "data.url", false},
		{"data ok", `{"ok":true,"data":{"token":"VIDEO","roomName":"r1","identity":"ana","url":"wss://lk.example"}}`, TicketService, "VIDEO", "data.token", Text, u, "data.url", false},
		{"room object", `{"token":"VIDEO","room":{"name":"r1","sid":"RM_x"}}`, TicketService, "VIDEO", "token", Text, "", "", true},
		{"bare text", `VIDEO`, TicketService, "VIDEO", WholeBody, Text, "", "", false},
		{"JSON string", `"VIDEO"`, TicketService, "VIDEO", WholeBody, Text, "", "", false},
		{"opaque bare text", `OPAQUE`, TicketService, "OPAQUE", WholeBody, Text, "", "", false},
		{"the incident", `{"token":"OPAQUE","url":"wss://lk.example","room":"r","identity":"i"}`, TicketService, "OPAQUE", "token", Text, u, "url", true},
		// The standard token endpoint and the starters' front ends.
		{"endpoint snake", `{"server_url":"wss://lk.example","participant_token":"VIDEO"}`, Endpoint, "VIDEO", "participant_token", Text, u, "server_url", true},
		{"endpoint camel", `{"serverUrl":"wss://lk.example","participantToken":"VIDEO"}`, Endpoint, "VIDEO", "participantToken", Text, u, "serverUrl", true},
		{"endpoint with a service's names", `{"token":"VIDEO","url":"wss://lk.example"}`, Endpoint, "VIDEO", "token", Text, u, "url", false},
		{"front end", `{"serverUrl":"wss://lk.example","roomName":"r1","participantName":"Ana","participantToken":"VIDEO"}`, Frontend, "VIDEO", "participantToken", Text, u, "serverUrl", true},
		{"front end snake", `{"server_url":"wss://lk.example","participant_token":"VIDEO"}`, Frontend, "VIDEO", "participant_token", Text, u, "server_url", false},
		// Field names that a service may use.
		{"jwt", `{"jwt":"VIDEO"}`, TicketService, "VIDEO", "jwt", Text, "", "", false},
		{"livekit_token", `{"livekit_token":"VIDEO"}`, TicketService, "VIDEO", "livekit_token", Text, "", "", false},
		{"participant.token", `{"participant":{"token":"OPAQUE"}}`, TicketService, "OPAQUE", "participant.token", Text, "", "", false},
		{"livekit wrapper", `{"livekit":{"token":"VIDEO","url":"wss://lk.example"}}`, TicketService, "VIDEO", "livekit.token", Text, u, "livekit.url", false},
		{"list", `[{"token":"VIDEO"}]`, TicketService, "VIDEO", "[0].token", Text, "", "", false},
		{"odd name", `{"x":{"my token!":"VIDEO"}}`, TicketService, "VIDEO", `x["my token!"]`, Text, "", "", false},
		{"gateway", `{"statusCode":200,"body":"{\"token\":\"VIDEO\",\"url\":\"wss://lk.example\"}"}`, TicketService, "VIDEO", "fromjson(body).token", Text, u, "fromjson(body).url", false},
		{"encoded twice", `"{\"token\":\"VIDEO\"}"`, TicketService, "VIDEO", "fromjson(the whole body).token", Text, "", "", false},
		{"in a URL", `{"join":"wss://lk.example/rtc?access_token=VIDEO"}`, TicketService, "VIDEO", "join?access_token", Text, "wss://lk.example", "join", false},
		{"token beside a URL with one", `{"token":"VIDEO","url":"wss://lk.example/rtc/v1?access_token=x"}`, TicketService, "VIDEO", "token", Text, "wss://lk.example/rtc/v1", "url", true},
		{"token in the URL alone", `{"url":"wss://lk.example/rtc?access_token=VIDEO"}`, TicketService, "VIDEO", "url?access_token", Text, "wss://lk.example", "url", false},
		{"meet page", `{"link":"https://meet.example/custom?liveKitUrl=wss%3A%2F%2Flk.example&token=VIDEO"}`, TicketService, "VIDEO", "link?token", Text, u, "link", false},
		{"token in a sentence", `{"hint":"use VIDEO please"}`, TicketService, "", "", Missing, "", "", false},
		{"address at token", `{"token":"wss://lk.example/rtc?access_token=VIDEO"}`, TicketService, "VIDEO", "token?access_token", Text, "wss://lk.example", "token", false},
		{"byte order mark", "\ufeff" + `{"token":"VIDEO"}`, TicketService, "VIDEO", "token", Text, "", "", true},
		// Several tokens in one response.
		{"login beside", `{"access_token":"LOGIN","token":"VIDEO"}`, TicketService, "VIDEO", "token", Text, "", "", true},
		{"login at token", `{"token":"LOGIN","livekitToken":"VIDEO"}`, TicketService, "VIDEO", "livekitToken", Text, "", "", false},
		{"login above", `{"access_token":"LOGIN","data":{"x":{"rtc":"VIDEO"}}}`, Endpoint, "VIDEO", "data.x.rtc", Text, "", "", false},
		{"login alone", `{"access_token":"LOGIN","token_type":"bearer"}`, TicketService, "LOGIN", "access_token", Text, "", "", false},
		{"login and opaque", `{"access_token":"LOGIN","token":"OPAQUE"}`, TicketService, "OPAQUE", "token", Text, "", "", true},
		{"login and opaque, endpoint", `{"access_token":"LOGIN","token":"OPAQUE"}`, Endpoint, "OPAQUE", "token", Text, "", "", false},
		{"login and no video", `{"access_token":"LOGIN","token":"PLAIN"}`, Endpoint, "PLAIN", "token", Text, "", "", false},
		{"two with video", `{"token":"VIDEO","accessToken":"OTHER"}`, TicketService, "VIDEO", "token", Text, "", "", true},
		{"repeated key", `{"token":"OPAQUE","token":"VIDEO"}`, TicketService, "VIDEO", "token", Text, "", "", true},
		{"repeated wrapper", `{"data":{"token":"VIDEO"},"data":{"token":"OPAQUE"}}`, TicketService, "OPAQUE", "data.token", Text, "", "", false},
		{"repeated to nothing", `{"data":{"token":"VIDEO"},"data":{}}`, TicketService, "", "", Missing, "", "", false},
		{"NUL in the name", `{"token\u0000":"OPAQUE","token":"VIDEO"}`, TicketService, "VIDEO", "token", Text, "", "", true},
		{"page and socket", `{"token":"VIDEO","url":"https://app.example/room/1","wsUrl":"wss://lk.example"}`, TicketService, "VIDEO", "token", Text, u, "wsUrl", true},
		{"page alone", `{"token":"VIDEO","url":"https://app.example/room/1"}`, TicketService, "VIDEO", "token", Text, "https://app.example/room/1", "url", true},
		{"neighbour", `{"url":"https://api.example/self","data":{"token":"VIDEO","host":"lk.example"}}`, TicketService, "VIDEO", "data.token", Text, "https://api.example/self", "url", false},
		{"wrapping is kept", `{"token":"Bearer VIDEO"}`, TicketService, "Bearer VIDEO", "token", Text, "", "", true},
		{"promise as text", `{"token":"[object Promise]"}`, TicketService, "[object Promise]", "token", Text, "", "", true},
		// No usable token.
		{"promise", `{"token":{},"url":"wss://lk.example"}`, TicketService, "", "token", Promise, u, "url", true},
		{"promise elsewhere", `{"accessToken":{}}`, TicketService, "", "accessToken", Promise, "", "", false},
		{"promise, front end", `{"serverUrl":"wss://lk.example","participantToken":{}}`, Frontend, "", "participantToken", Promise, u, "serverUrl", true},
		{"null", `{"token":null}`, TicketService, "", "token", Null, "", "", true},
		{"empty", `{"token":""}`, TicketService, "", "token", Empty, "", "", true},
		{"blank", `{"token":" \n"}`, TicketService, "", "token", Empty, "", "", true},
		{"number", `{"token":42}`, TicketService, "", "token", NotText, "", "", true},
		{"boolean", `{"token":true}`, TicketService, "", "token", NotText, "", "", true},
		{"list instead", `{"token":["a"]}`, TicketService, "", "token", NotText, "", "", true},
		{"object with it", `{"token":{"token":"OPAQUE"}}`, TicketService, "OPAQUE", "token.token", Text, "", "", false},
		{"object instead", `{"token":{"a":1}}`, TicketService, "", "token", NotText, "", "", true},
		{"nothing", `{}`, TicketService, "", "", Missing, "", "", false},
		{"null body", `null`, TicketService, "", WholeBody, Null, "", "", false},
		{"other fields", `{"foo":1,"url":"wss://lk.example"}`, TicketService, "", "", Missing, u, "url", false},
		{"a refresh token alone", `{"refresh_token":"LOGIN"}`, TicketService, "", "", Missing, "", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := Find([]byte(fill(test.body)), "application/json", test.profile)
			type seen struct {
				Token, Path  string
				Kind         Kind
				URL, URLPath string
				TokenUsual   bool
			}
			got := seen{a.Token.Reveal(), a.TokenPath, a.TokenKind, a.URL, a.URLPath, a.TokenUsual}
			want := seen{fill(test.token), test.path, test.kind, test.url, test.urlPath, test.tokenUsual}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFindRest(t *testing.T) {
	a := Find([]byte(fill(`{"ok":true,"conv_id":"c-1","expires_at":1790000000,"data":{"token":"VIDEO",
		"url":"wss://a.example","host":"b.example","room":{"name":"r1"},"participant":{"identity":"ana","name":"Ana"}},
		"refresh_token":"LOGIN","room":"outer"}`)), "", TicketService)
	if a.Room != "r1" || a.Identity != "ana" {
		t.Errorf("room %q, identity %q", a.Room, a.Identity)
	}
	wantFields := []string{"ok", "conv_id", "expires_at", "data", "data.token", "data.url", "data.host", "data.room",
		"data.participant", "refresh_token", "room"}
	if diff := cmp.Diff(wantFields, a.Fields); diff != "" {
		t.Error(diff)
	}
	if !a.TokenHasVideo || a.AtUsual != Missing {
		t.Errorf("video %v, at the usual place %q", a.TokenHasVideo, a.AtUsual)
	}
}

func TestFindAtUsual(t *testing.T) {
	a := Find([]byte(fill(`{"token":{},"data":{"token":"VIDEO"}}`)), "", TicketService)
	if a.TokenPath != "data.token" || a.AtUsual != Promise || a.TokenUsual {
		t.Errorf("path %q, at the usual place %q", a.TokenPath, a.AtUsual)
	}
}

func TestFindProblem(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 200_000) + "1" + strings.Repeat("}", 200_000)
	for _, test := range []struct {
		name, body, contentType string
		problem                 Problem
		shape                   Shape
		said                    string
	}{
		{"nothing", "", "", EmptyBody, ShapeEmpty, ""},
		{"white space", " \r\n", "", EmptyBody, ShapeEmpty, ""},
		{"login page", "<!doctype html><html><head><title>Sign in</title></head><body>x</body></html>", "text/html", NotJSON, ShapeHTML, "Sign in"},
		{"page called JSON", "<html><title>App</title></html>", "application/json", NotJSON, ShapeHTML, "App"},
		{"text", "it works, try /docs", "text/plain", NotJSON, ShapeText, "it works, try /docs"},
		{"one word", "OK", "text/plain", NotJSON, ShapeText, "OK"},
		{"address", "wss://lk.example", "text/plain", NotJSON, ShapeText, "wss://lk.example"},
		{"error", `{"error":"no such ticket"}`, "", ErrorObject, ShapeObject, "no such ticket"},
		{"error with null", `{"error":"no such ticket","token":null}`, "", ErrorObject, ShapeObject, "no such ticket"},
		{"ok with null", `{"message":"ok","token":null}`, "", NoProblem, ShapeObject, "ok"},
		{"detail", `{"detail":{"message":"gone"}}`, "", ErrorObject, ShapeObject, "gone"},
		{"sentence", `"ticket not found"`, "", ErrorObject, ShapeString, "ticket not found"},
		{"no words", `{"foo":"bar"}`, "", NoProblem, ShapeObject, ""},
		{"too deep", deep, "", TooDeep, ShapeObject, ""},
		{"too deep, cut off", deep[:500_000], "", TooDeep, ShapeObject, ""},
		{"cut off", `{"token":"abc`, "", BrokenJSON, ShapeObject, `{"token":"[hidden]`},
		{"python", `{'token': 'abc def'}`, "", BrokenJSON, ShapeObject, `{'token': '[hidden]'}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := Find([]byte(test.body), test.contentType, TicketService)
			if a.Problem != test.problem || a.Shape != test.shape || a.Said.Text != test.said || !a.Token.Empty() {
				t.Errorf("got %q %q %q, token %v", a.Problem, a.Shape, a.Said.Text, !a.Token.Empty())
			}
		})
	}
	if a := Find([]byte(`  {"token":nope}`), "", TicketService); a.BrokenAt != 13 {
		t.Errorf("broken at %d", a.BrokenAt)
	}
}

// TestFindHostile checks that Find shows no control character and no token of a hostile body.
func TestFindHostile(t *testing.T) {
	long := strings.Repeat("k", 5000)
	for name, body := range map[string]string{
		"controls":       `{"\u001b[31mred\u202e":"\u0007","room":"a\u001b]0;x\u0007b","token":"\u0000","url":"wss://\u001b[2J"}`,
		"raw controls":   "\x1b[31mhello\x07\u202e world",
		"invalid UTF-8":  "{\"tok\xffen\":\"\xff\xfe\",\"room\":\"\xc3\x28\"}",
		"lone surrogate": `{"room":"\ud800","\udc00":1,"token":"\ud83d"}`,
		"long names":     `{"` + long + `":{"` + long + `":{"` + long + `":"` + videoToken + `"}}}`,
		"cut escape":     `{"` + strings.Repeat("a", 635) + `\u001b\u001b":1}`,
		"token as name":  `{"` + videoToken + `":1,"data":{"` + opaqueToken + `":{"` + videoToken + `":"` + otherVideo + `"}}}`,
		"token in error": `{"error":"invalid token: ` + videoToken + `, error: x","detail":"token=` + opaqueToken + `"}`,
		"HTML":           "<title>\x1b[31m" + videoToken + "</title><h1>\u202e</h1>",
	} {
		t.Run(name, func(t *testing.T) { checkShown(t, Find([]byte(body), "", TicketService)) })
	}
}

// checkShown fails if a shown text holds a control character or the end of a token.
func checkShown(t *testing.T, value any) {
	t.Helper()
	checkShownFrom(t, value, func(token string) string { return token[len(token)-30:] })
}

// checkWhole fails if a shown text holds a control character or a whole token. A
// fuzzer cuts tokens, so that a part cannot be recognised.
func checkWhole(t *testing.T, value any) {
	t.Helper()
	checkShownFrom(t, value, func(token string) string { return token })
}

func checkShownFrom(t *testing.T, value any, part func(token string) string) {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v", value, value, value)
	for _, text := range []string{string(encoded), printed} {
		for _, secret := range []string{videoToken, otherVideo, loginToken, opaqueToken} {
			if strings.Contains(text, part(secret)) {
				t.Errorf("a token is shown in %.500s", text)
			}
		}
		if at := strings.IndexFunc(text, func(r rune) bool {
			return r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
		}); at >= 0 {
			t.Errorf("%q is shown in %.500s", text[at:min(at+4, len(text))], text)
		}
	}
}
