package lab

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"lkdoctor/checks/finding"
)

// tokenFaults are tickets traded for a token that nobody can join with. The ticket
// service must act, which made the token, unless a clock is wrong.
func tokenFaults() []Fault {
	service, clock := by(finding.OwnerTicketService), by(finding.OwnerClock)
	signed := func(sign func(l *Lab, c Claims) any) change { return func(p *plan) { p.token = sign } }
	within := func(before, after string) change {
		return tokenFrom(func(good string) any { return before + good + after })
	}
	from := func(name string, offset time.Duration) change {
		return claims(func(c Claims) { c[name] = time.Now().Add(offset).Unix() })
	}
	shifted := func(back time.Duration) change {
		return claims(func(c Claims) {
			for _, name := range []string{"nbf", "exp"} {
				c[name] = c[name].(int64) - int64(back.Seconds())
			}
		})
	}
	return []Fault{
		// It is no JWT.
		service("opaque-token", "the incident: the token is lk_demo_ and 43 random characters", finding.TokenOpaque, made(opaque)),
		service("opaque-token-no-keys", "as opaque-token, and this machine has no key and secret", finding.TokenOpaque,
			made(opaque), noKeys).and(finding.DevTokenNoKeys),
		service("opaque-token-no-secret", "as opaque-token, and this machine has the key and no secret", finding.TokenOpaque,
			made(opaque), unset("LIVEKIT_API_SECRET")).and(finding.DevTokenNoKeys),
		service("opaque-token-dev-server", "as opaque-token-no-keys, and the server has the keys of --dev", finding.TokenOpaque,
			made(opaque), noKeys, devServer).and(finding.DevTokenDefaultKeys),
		service("opaque-uuid", "the token is a UUID", finding.TokenOpaque, made(uuid)),
		service("opaque-hex", "the token is 64 hexadecimal digits", finding.TokenOpaque, made(func() string { return randomHex(32) })),
		service("object-promise", "the token is the text [object Promise]", finding.TokenPromise,
			made(func() string { return "[object Promise]" })),
		service("token-empty", "the token is empty", finding.TokenEmpty, made(func() string { return "" })),
		service("token-null", "the token is null", finding.TokenEmpty, tokenFrom(func(string) any { return nil })),
		service("token-undefined", "the token is the text undefined", finding.TokenEmpty, made(func() string { return "undefined" })),
		service("token-quoted", "the token stands in quotes", finding.TokenWrapped, within(`"`, `"`)),
		service("token-bearer", "the token begins with Bearer", finding.TokenWrapped, within("Bearer ", "")),
		service("token-bytes", "the token is Python's b'…'", finding.TokenWrapped, within("b'", "'")),
		service("token-url", "the token is a URL with access_token", finding.TokenWrapped,
			tokenFrom(func(good string) any { return "wss://app.invalid/rtc?access_token=" + url.QueryEscape(good) })),
		service("token-json", "the token is a JSON text with the token inside", finding.TokenWrapped, within(`{"token":"`, `"}`)),
		service("token-space", "the token begins with a space", finding.TokenWrapped, within(" ", "")),
		service("token-two-parts", "the token has lost its signature", finding.TokenTruncated,
			tokenFrom(func(good string) any { return good[:strings.LastIndex(good, ".")] })),
		service("token-cut", "the token is cut off in its signature, as by a column of 255 characters", finding.TokenTruncated,
			tokenFrom(func(good string) any { return good[:len(good)-20] })),
		service("token-jwe", "the token is encrypted: a JWE of five parts", finding.TokenEncrypted, made(jwe)),
		service("token-bad-base64", "a part of the token is no base64url", finding.TokenUndecodable,
			inPayload(func(s string) string { return s[:10] + "!" + s[11:] })),
		service("token-bad-json", "the token's payload is no JSON", finding.TokenUndecodable,
			inPayload(func(string) string { return encodeText("not JSON at all") })),
		service("token-hs512", "the token is signed with HS512", finding.TokenAlg,
			signed(func(l *Lab, c Claims) any { return signWith(jwt.SigningMethodHS512, c, []byte(l.Pair.Secret)) })),
		service("token-unsigned", "the token has alg none and no signature", finding.TokenAlg,
			signed(func(_ *Lab, c Claims) any {
				return signWith(jwt.SigningMethodNone, c, jwt.UnsafeAllowNoneSignatureType)
			})),
		service("token-rs256", "the token is signed with RS256", finding.TokenAlg,
			signed(func(_ *Lab, c Claims) any { return forged(map[string]any{"alg": "RS256", "typ": "JWT"}, c) })),
		service("token-foreign", "the token is the login token of an auth provider", finding.TokenForeign, made(foreign)),

		// Its claims let nobody in.
		service("no-issuer", "the token names no API key (iss)", finding.TokenNoIssuer, claim("iss", nil)),
		service("issuer-undefined", "the token's API key (iss) is the text undefined", finding.TokenPlaceholder, claim("iss", "undefined")),
		service("identity-none", "the token's identity (sub) is the text None", finding.TokenPlaceholder, claim("sub", "None")).warning(),
		service("room-reference", "the room is a reference that nothing replaced", finding.TokenPlaceholder,
			grant("room", "support-${ROOM_ID}"), field("room", "support-${ROOM_ID}")).warning(),
		service("name-object", "the participant's name in the token is [object Object]", finding.TokenPlaceholder,
			claim("name", "[object Object]")).warning(),
		service("no-video", "the token has no video grant", finding.TokenNoVideo, claim("video", nil)),
		service("top-level-grants", "the token has its grants outside video", finding.TokenNoVideo,
			claims(func(c Claims) { maps.Copy(c, c.video()) }), claim("video", nil)),
		service("grant-snake-case", "the token says room_join for roomJoin", finding.TokenGrantMisnamed,
			claims(func(c Claims) { c.video().rename("roomJoin", "room_join") })),
		service("grant-capitals", "the token says RoomJoin for roomJoin, which servers take from 1.13 on", finding.TokenGrantMisnamed,
			claims(func(c Claims) { c.video().rename("roomJoin", "RoomJoin") })).warning(),
		service("no-room-join", "the token does not grant roomJoin", finding.TokenNoRoomJoin, grant("roomJoin", nil)),
		service("no-room", "the token names no room", finding.TokenNoRoom, grant("room", nil)),
		service("no-identity", "the token names no identity (sub), only an identity claim", finding.TokenNoIdentity,
			claims(func(c Claims) { c.rename("sub", "identity") })),
		service("claim-text", `the token has roomJoin "true", a text`, finding.TokenClaimType, grant("roomJoin", "true")),
		service("claim-number", "the token has a number for sub", finding.TokenClaimType, claim("sub", 4711)),
		service("claim-object", "the token has an object for metadata", finding.TokenClaimType,
			claim("metadata", map[string]any{"org": "lab"})),

		// Its times are wrong.
		service("expired", "the token expired ten minutes ago", finding.TokenExpired, from("exp", -10*time.Minute)),
		service("not-yet-valid", "the token is valid ten minutes from now", finding.TokenNotYetValid, from("nbf", 10*time.Minute)),
		service("exp-milliseconds", "the token's exp is in milliseconds: it lives for ever", finding.TokenTimeUnit,
			claims(func(c Claims) { c["exp"] = time.Now().Add(tokenTTL).UnixMilli() })).warning(),
		service("exp-text", "the token's exp is a text, which servers take from 1.13 on", finding.TokenTimeUnit,
			claims(func(c Claims) { c["exp"] = strconv.FormatInt(c["exp"].(int64), 10) })).warning(),
		service("made-in-local-time", "the token's times are 5 h 30 min behind: in India, UTC was taken for a local time",
			finding.TokenExpired, shifted(330*time.Minute)).as("time-zone"),
		service("hours-old", "the token was made 2 h 10 min ago and kept", finding.TokenExpired, shifted(130*time.Minute)).as("kept"),
		service("issued-in-future", "the token's iat is ten minutes ahead", finding.TokenIssuedInFuture,
			from("iat", 10*time.Minute)).warning(),
		service("ends-soon", "the token ends in a minute", finding.TokenExpiresSoon, from("exp", time.Minute)).warning(),
		service("lives-long", "the token lives for a year", finding.TokenLivesLong, from("exp", 365*24*time.Hour)).warning(),
		service("all-rights", "the token has rights over rooms", finding.TokenBroad,
			grant("roomAdmin", true), grant("roomList", true)).warning(),
		service("no-expiry", "the token has no exp", finding.TokenNoExpiry, claim("exp", nil)).warning(),
		clock("clock-ahead", "the ticket service's clock is 5 minutes ahead: its tokens are not valid yet", finding.ClockSkew,
			func(p *plan) { p.tickets.Skew = 5 * time.Minute }).and(finding.TokenNotYetValid),
		clock("clock-behind", "the ticket service's clock is 20 minutes behind: its tokens have expired", finding.ClockSkew,
			func(p *plan) { p.tickets.Skew = -20 * time.Minute }).and(finding.TokenExpired),
	}
}

// devServer gives the server the keys of livekit-server --dev.
func devServer(p *plan) { p.serverPairs = []Pair{{Key: "devkey", Secret: "secret"}} }

// foreign returns a login token as an auth provider issues it.
func foreign() string {
	now := time.Now()
	return forged(map[string]any{"alg": "RS256", "typ": "JWT", "kid": randomHex(8)}, Claims{
		"iss":   "https://login.lklab.invalid/",
		"sub":   "auth0|" + randomHex(12),
		"aud":   []string{"https://api.lklab.invalid"},
		"iat":   now.Unix(),
		"exp":   now.Add(24 * time.Hour).Unix(),
		"scope": "openid profile email",
	})
}

// jwe returns what looks like an encrypted JWT: a header and four random parts.
func jwe() string {
	parts := []string{encodePart(map[string]any{"alg": "RSA-OAEP-256", "enc": "A256GCM", "typ": "JWT"})}
	for _, n := range []int{256, 12, 180, 16} {
		parts = append(parts, base64.RawURLEncoding.EncodeToString(randomBytes(n)))
	}
	return strings.Join(parts, ".")
}

func uuid() string {
	hex := randomHex(16)
	return hex[:8] + "-" + hex[8:12] + "-4" + hex[13:16] + "-a" + hex[17:20] + "-" + hex[20:]
}

// inPayload changes the middle part of the token.
func inPayload(change func(string) string) change {
	return tokenFrom(func(good string) any {
		parts := strings.Split(good, ".")
		parts[1] = change(parts[1])
		return strings.Join(parts, ".")
	})
}

// decodeText is the inverse of encodeText. It returns "" for what is not base64url.
func decodeText(part string) string {
	text, _ := base64.RawURLEncoding.DecodeString(part)
	return string(text)
}

func encodeText(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// encodePart returns a part of a token: JSON in base64url.
func encodePart(part any) string {
	text, err := json.Marshal(part)
	if err != nil {
		panic("encode a token: " + err.Error()) // the values are made here
	}
	return encodeText(string(text))
}
