package catalogue

import (
	"context"
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	signer "github.com/golang-jwt/jwt/v5"

	"lkdoctor/checks/finding"
)

// TestCommandsParse checks the syntax of every command on every page with bash -n.
func TestCommandsParse(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no processes by the dozen")
	}
	bash := need(t, "bash")
	for _, page := range All() {
		commands := []string{page.Confirm.Command}
		for _, fix := range page.Fixes() {
			commands = append(commands, fix.Command)
		}
		for _, command := range commands {
			cmd := exec.CommandContext(t.Context(), bash, "-n")
			cmd.Stdin = strings.NewReader(command)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s in\n%s", page.Code, err, out, command)
			}
		}
	}
}

// TestConfirmOffline runs the confirming commands against the problem itself. They must
// print what their page says, or a part of it where the output varies.
func TestConfirmOffline(t *testing.T) {
	need(t, "bash")
	node := func(payload string) map[string]string { return map[string]string{"TOKEN": jwt(payload)} }
	token := func(text string) map[string]string { return map[string]string{"TOKEN": text} }
	file := func(text string) map[string]string { return map[string]string{".env.local": text} }
	tests := []struct {
		code finding.Code
		env  map[string]string // a name that begins with a dot is a file
		part string            // "" means everything the page says
	}{
		{finding.TokenOpaque, token("lk_demo_0123456789"), ""},
		{finding.TokenEmpty, token("undefined"), ""},
		{finding.TokenPromise, token("[object Promise]"), ""},
		{finding.TokenWrapped, token(`"eyJhbGciOi.x.y"`), ""},
		{finding.TokenEncrypted, token("a.b.c.d.e"), ""},
		{finding.TokenTruncated, token(strings.Repeat("a", 36) + "." + strings.Repeat("b", 112)), ""},
		{finding.TokenUndecodable, token("eyJhbGciOiJIUzI1NiJ9.@@@.x"), ""},
		{finding.TokenAlg, token(segment(`{"alg":"HS512","typ":"JWT"}`) + ".e30.x"), ""},
		{finding.TokenForeign, node(`{"iss":"https://login.example.com/","aud":"a","email":"e","scope":"s","iat":1,"exp":2}`), ""},
		{finding.TokenNoIssuer, node(`{"sub":"alice"}`), ""},
		{finding.TokenNoVideo, node(`{"iss":"k","sub":"a","exp":1,"nbf":1,"roomJoin":true,"room":"r"}`), ""},
		{finding.TokenGrantMisnamed, node(`{"video":{"room_join":true,"room":"r"}}`), ""},
		{finding.TokenNoRoomJoin, node(`{"video":{"room":"support-42","canPublish":true}}`), ""},
		{finding.TokenNoRoom, node(`{"video":{"roomJoin":true,"roomName":"support-42"}}`), ""},
		{finding.TokenNoIdentity, node(`{"identity":"alice"}`), ""},
		{finding.TokenClaimType, node(`{"iss":"APIabc123","sub":42,"video":{"roomJoin":"true","room":"support-42"}}`), ""},
		{finding.TokenLimits, node(`{"sub":"` + strings.Repeat("é", 150) + `","video":{"room":"support-42"}}`), ""},
		{finding.TokenCannotPublish, node(`{"video":{"roomJoin":true,"room":"support-42","canPublish":false}}`), ""},
		{finding.TokenCannotSubscribe, node(`{"video":{"roomJoin":true,"room":"support-42","canSubscribe":false}}`), ""},
		{finding.TokenDispatchesAgent, node(`{"roomConfig":{"agents":[{"agentName":"support"}]}}`), ""},
		{finding.BrowserMixedContent, map[string]string{"FRONTEND": "https://app.example.com", "LIVEKIT_URL": "ws://livekit.example.com:7880"}, ""},
		{finding.BrowserInsecurePage, map[string]string{"FRONTEND": "http://192.0.2.10:3000"}, ""},
		{finding.TokenBroad, node(`{"video":{"roomJoin":true,"room":"support-42","roomAdmin":true}}`), ""},
		{finding.TokenPlaceholder, node(`{"iss":"APIabc123","sub":"None","video":{"room":"support-42"}}`), ""},
		{finding.TokenExpired, node(`{"exp":1795418100}`), "ends 2026-11-23T07:15:00.000Z"},
		{finding.TokenNotYetValid, node(`{"nbf":1795418400}`), "from 2026-11-23T07:20:00.000Z"},
		{finding.TokenNoExpiry, node(`{}`), ""},
		{finding.TokenTimeUnit, node(`{"exp":1795418100000,"iat":1795417200}`), ""},
		{finding.TokenIssuedInFuture, node(`{"iat":1795418700}`), "made 2026-11-23T07:25:00.000Z"},
		{finding.SignatureOtherKey, map[string]string{"TOKEN": jwt(`{"iss":"APIother99"}`), "LIVEKIT_API_KEY": "APIabc123"}, ""},
		{finding.SignatureMismatch, map[string]string{"TOKEN": jwt(`{}`), "LIVEKIT_API_SECRET": "other"}, ""},
		{finding.SignatureSecretVariant, map[string]string{"TOKEN": signedWith("s3cret\n"), "LIVEKIT_API_SECRET": "s3cret"}, ""},
		{finding.SignatureNotChecked, nil, ""},
		{finding.ServerKeyUnknown, node(`{"iss":"APIabc123"}`), ""},
		{finding.EnvURLMissing, nil, ""},
		{finding.EnvKeyMissing, nil, ""},
		{finding.EnvSecretMissing, nil, ""},
		{finding.EnvTicketURLMissing, nil, ""},
		{finding.EnvSecretShort, map[string]string{"LIVEKIT_API_SECRET": "secret"}, ""},
		{finding.EnvURLInvalid, file("LIVEKIT_URL==wss://lk.example\n"), ""},
		{finding.EnvURLSchemeHTTP, map[string]string{"LIVEKIT_URL": "https://livekit.example.com"}, ""},
		{finding.EnvURLInsecure, map[string]string{"LIVEKIT_URL": "ws://livekit.example.com:7880"}, ""},
		{finding.EnvValueEmptied, file("LIVEKIT_URL=ws://x\nLIVEKIT_API_KEY=k\nLIVEKIT_API_SECRET=\n"), ""},
		{finding.EnvLoadersDisagree, file("A=1\nLIVEKIT_API_KEY=k\nLIVEKIT_API_SECRET=\"abc\"\n"), ""},
		{finding.EnvValueExpanded, file("A=$1\nLIVEKIT_API_KEY=k\nLIVEKIT_API_SECRET=abc$def\n"), ""},
		{finding.EnvNameNearMiss, file("LIVEKIT_WS_URL=x\nLIVEKIT_API_KEY=k\nLIVEKIT_API_SECRET=s\n"), ""},
		{finding.EnvPlaceholder, file("LIVEKIT_URL=wss://<project-subdomain>.livekit.cloud\nLIVEKIT_API_KEY=<your_api_key>\n"), ""},
		{finding.EnvValueQuoted, map[string]string{"LIVEKIT_API_SECRET": `"abc"`, ".env.local": ""}, ""},
		{finding.EnvValueWhitespace, map[string]string{"LIVEKIT_API_SECRET": "abc\r", ".env.local": ""}, ""},
		{finding.EnvKeySecretSwapped, file("LIVEKIT_API_KEY=" + strings.Repeat("q", 43) + "\nLIVEKIT_API_SECRET=APIabcdefghijkl\n"), ""},
		{finding.EnvCloudLocalMix, file("LIVEKIT_URL=wss://demo-1a2b3c4d.livekit.cloud\nLIVEKIT_API_KEY=devkey\n"), ""},
		{finding.EnvSecretExposed, file("A=1\nB=2\nC=3\nNEXT_PUBLIC_LIVEKIT_API_SECRET=abc\n"), ""},
		{finding.EnvProxyInUse, map[string]string{"HTTPS_PROXY": "http://proxy.example.com:3128"}, ""},
		{finding.EnvTicketURLInvalid, map[string]string{"USER_MGMT_BASE_URL": "127.0.0.1:8000"}, ""},
		{finding.DevTokenNoKeys, nil, ""},
	}
	for _, tt := range tests {
		t.Run(string(tt.code), func(t *testing.T) {
			t.Parallel()
			prints(t, tt.code, tt.env, tt.part)
		})
	}
}

func TestConfirmOnLoopback(t *testing.T) {
	need(t, "bash")
	need(t, "curl")
	answer := func(status int, body string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		_, _ = w.Write([]byte("invalid token: " + token + ", error: token signature is invalid: signature is invalid"))
	}
	// only lets the requests through for which is reports true.
	only := func(is func(*http.Request) bool, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if is(r) {
				answer(200, body)(w, r)
			} else {
				answer(401, "no permissions to access the room")(w, r)
			}
		}
	}
	stripped := only(func(r *http.Request) bool { return r.URL.Query().Get("access_token") != "" }, "success")
	dropped := only(func(r *http.Request) bool { return r.Header.Get("Authorization") != "" }, "success")
	pageAtV1 := only(func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/rtc/v1") }, "<!doctype html>")
	clock := time.Now().Add(5 * time.Minute).UTC().Format(http.TimeFormat)
	ticket := `{"token":"` + jwt(`{"video":{"room":"support-43"}}`) + `","url":"wss://staging.example.com","room":"support-42"}`
	tests := []struct {
		code    finding.Code
		handler http.HandlerFunc
		part    string
	}{
		{finding.TicketServerError, answer(500, "Internal Server Error"), ""},
		{finding.TicketRedirected, answer(302, "", "Location", "https://login.example.com/?next=%2Fapi%2Fv1%2Ftickets%2Flkdoctor-probe%2Fconsume"), ""},
		{finding.TicketUnauthorized, answer(401, `{"detail":"Not authenticated"}`), ""},
		{finding.TicketForbidden, answer(403, `{"detail":"This feature is temporarily disabled"}`), ""},
		{finding.TicketTokenCached, answer(200, ticket, "X-Nextjs-Cache", "HIT", "Cache-Control", "s-maxage=31536000"),
			"X-Nextjs-Cache: HIT\nCache-Control: s-maxage=31536000\nX-Nextjs-Cache: HIT"},
		{finding.TicketRouteWrong, answer(404, `{"detail":"Not Found"}`), ""},
		{finding.TicketUnknown, answer(404, `{"detail":"ticket not found"}`), ""},
		{finding.TicketConsumed, answer(409, `{"detail":"ticket already consumed"}`), ""},
		{finding.TicketExpired, answer(410, `{"detail":"ticket expired"}`), ""},
		{finding.TicketRateLimited, answer(429, "", "Retry-After", "30"), ""},
		{finding.TicketNotJSON, answer(200, "<!doctype html>\n", "Content-Type", "text/html"), ""},
		{finding.TicketBodyTooLarge, answer(200, strings.Repeat("x", 2_100_000)), ""},
		{finding.TicketTokenMissing, answer(200, `{"url":"u","room":"r"}`), "url: string\nroom: string"},
		{finding.TicketFieldUnusual, answer(200, `{"accessToken":"t","ws_url":"u"}`), ""},
		{finding.TicketURLDiffers, answer(200, ticket), "wss://staging.example.com\nws://127.0.0.1:"},
		{finding.TicketRoomDiffers, answer(200, ticket), ""},
		{finding.FrontendNotConfigured, answer(501, `{"code":"NOT_CONFIGURED","message":"…"}`), ""},
		{finding.FrontendRouteMissing, answer(404, "<!doctype html>", "Content-Type", "text/html; charset=utf-8"), ""},
		{finding.FrontendError, answer(500, "LIVEKIT_API_KEY is not defined"), ""},
		{finding.ServerSignatureRejected, echo, "invalid token: [token], error: token signature is invalid: signature is invalid\n401"},
		{finding.ServerTokenRejected, answer(401, "permissions denied"), ""},
		{finding.ServerPathPrefix, answer(404, "404 page not found\n"), ""},
		{finding.EnvURLPath, answer(404, "404 page not found\n"), ""},
		{finding.ServerNotReady, answer(406, "Not Ready\nNode Updated At …"), ""},
		{finding.ServerOverloaded, answer(503, "node has exceeded its configured limit"), ""},
		{finding.ServerVersionOld, answer(404, "404 page not found\n"), ""},
		{finding.RoomNotFound, answer(404, "requested room does not exist"), ""},
		{finding.RoomJoinRefused, answer(500, "connection closed by media"), ""},
		{finding.WebsocketUpgradeStripped, answer(404, ""), ""},
		{finding.WebsocketAuthStripped, stripped, ""},
		{finding.WebsocketQueryRefused, dropped, ""},
		{finding.WebsocketV1Blocked, pageAtV1, ""},
		{finding.ServerAPIBlocked, answer(404, ""), ""},
		{finding.ServerRegionPinned, answer(200, `{"regions":[{"region":"ofrankfurt1b","url":"https://demo.ofrankfurt1b.production.livekit.cloud"}]}`),
			`{"regions":[{"region":"ofrankfurt1b","url":"https://demo.ofrankfurt1b.production`},
		{finding.BrowserCSP, answer(200, "", "Content-Security-Policy", "connect-src 'self'"), "Content-Security-Policy: connect-src 'self'"},
		{finding.BrowserCORS, answer(200, "success"), ""},
		{finding.DevTokenDefaultKeys, answer(200, ""), ""},
		{finding.ClockSkew, answer(200, "OK", "Date", clock), "server: " + clock},
	}
	for _, tt := range tests {
		t.Run(string(tt.code), func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(tt.handler)
			defer server.Close()
			prints(t, tt.code, map[string]string{
				"LIVEKIT_URL": "ws" + strings.TrimPrefix(server.URL, "http"), "USER_MGMT_BASE_URL": server.URL + "/",
				"FRONTEND": server.URL, "TICKET": "tkt_1", "TOKEN": jwt(`{}`),
			}, tt.part)
		})
	}
}

func TestConfirmRefused(t *testing.T) {
	need(t, "bash")
	need(t, "curl")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for _, code := range []finding.Code{finding.ServerRefused, finding.TicketRefused, finding.FrontendUnreachable} {
		prints(t, code, map[string]string{
			"LIVEKIT_URL": "ws://" + address, "USER_MGMT_BASE_URL": "http://" + address, "FRONTEND": "http://" + address,
		}, "curl: (7) Failed to connect to 127.0.0.1 port ")
	}
}

// prints runs the page's command in an empty folder with only env in its environment,
// and compares the output with want. An empty want means what the page says, without
// its remarks in parentheses.
func prints(t *testing.T, code finding.Code, env map[string]string, want string) {
	t.Helper()
	page, ok := Lookup(code)
	if !ok {
		t.Fatalf("%s has no page", code)
	}
	if strings.Contains(page.Confirm.Command, "node -p") {
		need(t, "node")
	}
	whole := want == ""
	if whole {
		want, _, _ = strings.Cut(page.Confirm.Prints, "\n(")
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", page.Confirm.Command)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	for name, value := range env {
		if strings.HasPrefix(name, ".") {
			write(t, dir, name, value)
			continue
		}
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, _ := cmd.CombinedOutput() // a failing curl has another exit code
	got := strings.ReplaceAll(strings.TrimSpace(string(out)), "\r", "")
	if whole && got != strings.TrimSpace(want) || !strings.Contains(got, strings.TrimSpace(want)) {
		t.Errorf("%s prints\n%s\nwant\n%s", code, got, want)
	}
	if token := env["TOKEN"]; len(token) > 40 && strings.Contains(got, token) {
		t.Errorf("%s prints the whole token", code)
	}
}

func segment(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// jwt returns a token with the payload and an invalid signature.
func jwt(payload string) string {
	return segment(`{"alg":"HS256"}`) + "." + segment(payload) + "." + strings.Repeat("x", 43)
}

// signedWith returns a token with a valid signature by secret.
func signedWith(secret string) string {
	token, _ := signer.NewWithClaims(signer.SigningMethodHS256, signer.MapClaims{"iss": "k"}).SignedString([]byte(secret))
	return token
}
