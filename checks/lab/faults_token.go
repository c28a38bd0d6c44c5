package lab

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"lkdoctor/checks/finding"
)

// tokenFaults are tickets traded for a token that is no use. The owner is the
// ticket service, which made it, unless a clock or this machine's settings are
// at fault.
func tokenFaults() []Fault {
	f := func(name, about string, code finding.Code, set func(*plan)) Fault {
		return Fault{Name: name, About: about, Want: []finding.Code{code}, Owner: finding.OwnerTicketService, set: set}
	}
	warning := func(f Fault) Fault { f.Warn = true; return f }
	raw := func(name, about string, code finding.Code, make func(good string) any) Fault {
		return f(name, about, code, rawToken(make))
	}
	claims := func(name, about string, code finding.Code, change func(Claims)) Fault {
		return f(name, about, code, withClaims(func(_ *Lab, c Claims) { change(c) }))
	}
	grant := func(name, about string, code finding.Code, change func(video map[string]any)) Fault {
		return claims(name, about, code, func(c Claims) { change(c.video()) })
	}
	signed := func(name, about string, code finding.Code, sign func(l *Lab, c Claims) any) Fault {
		return f(name, about, code, withToken(sign))
	}
	at := func(claim string, offset time.Duration) func(Claims) {
		return func(c Claims) { c[claim] = time.Now().Add(offset).Unix() }
	}
	return []Fault{
		// It is no JWT.
		raw("opaque-token", "the incident: the token is lk_demo_ and 43 random characters", finding.TokenOpaque,
			func(string) any { return opaque() }),
		also(raw("opaque-token-no-keys", "as opaque-token, and this machine has no key and secret", finding.TokenOpaque,
			func(string) any { return opaque() }),
			withoutKeys, finding.DevTokenNoKeys),
		also(raw("opaque-token-no-secret", "as opaque-token, and this machine has the key and no secret", finding.TokenOpaque,
			func(string) any { return opaque() }),
			withEnv(func(_ *Lab, e Env) { e.unset("LIVEKIT_API_SECRET") }), finding.DevTokenNoKeys),
		also(raw("opaque-token-dev-server", "as opaque-token-no-keys, and the server has the keys of --dev", finding.TokenOpaque,
			func(string) any { return opaque() }),
			func(p *plan) { withoutKeys(p); p.serverPairs = []Pair{{Key: "devkey", Secret: "secret"}} }, finding.DevTokenDefaultKeys),
		raw("opaque-uuid", "the token is a UUID", finding.TokenOpaque, func(string) any { return uuid() }),
		raw("opaque-hex", "the token is 64 hexadecimal digits", finding.TokenOpaque, func(string) any { return randomHex(32) }),
		raw("object-promise", "the token is the text [object Promise]", finding.TokenPromise,
			func(string) any { return "[object Promise]" }),
		raw("token-empty", "the token is empty", finding.TokenEmpty, func(string) any { return "" }),
		raw("token-null", "the token is null", finding.TokenEmpty, func(string) any { return nil }),
		raw("token-undefined", "the token is the text undefined", finding.TokenEmpty, func(string) any { return "undefined" }),
		raw("token-quoted", "the token stands in quotes", finding.TokenWrapped, func(good string) any { return `"` + good + `"` }),
		raw("token-bearer", "the token begins with Bearer", finding.TokenWrapped, func(good string) any { return "Bearer " + good }),
		raw("token-bytes", "the token is Python's b'…'", finding.TokenWrapped, func(good string) any { return "b'" + good + "'" }),
		raw("token-url", "the token is a URL with access_token", finding.TokenWrapped,
			func(good string) any { return "wss://app.invalid/rtc?access_token=" + url.QueryEscape(good) }),
		raw("token-json", "the token is a JSON text with the token inside", finding.TokenWrapped,
			func(good string) any { return `{"token":"` + good + `"}` }),
		raw("token-space", "the token begins with a space", finding.TokenWrapped, func(good string) any { return " " + good }),
		raw("token-two-parts", "the token has lost its signature", finding.TokenTruncated,
			func(good string) any { return good[:strings.LastIndex(good, ".")] }),
		raw("token-cut", "the token is cut off in its signature, as by a column of 255 characters", finding.TokenTruncated,
			func(good string) any { return good[:len(good)-20] }),
		raw("token-jwe", "the token is encrypted: a JWE of five parts", finding.TokenEncrypted, func(string) any { return jwe() }),
		raw("token-bad-base64", "a part of the token is no base64url", finding.TokenUndecodable,
			func(good string) any { return inPayload(good, func(s string) string { return s[:10] + "!" + s[11:] }) }),
		raw("token-bad-json", "the token's payload is no JSON", finding.TokenUndecodable,
			func(good string) any {
				return inPayload(good, func(string) string { return encodeText("not JSON at all") })
			}),
		signed("token-hs512", "the token is signed with HS512", finding.TokenAlg,
			func(l *Lab, c Claims) any { return signWith(jwt.SigningMethodHS512, c, []byte(l.Pair.Secret)) }),
		signed("token-unsigned", "the token has alg none and no signature", finding.TokenAlg,
			func(_ *Lab, c Claims) any {
				return signWith(jwt.SigningMethodNone, c, jwt.UnsafeAllowNoneSignatureType)
			}),
		signed("token-rs256", "the token is signed with RS256", finding.TokenAlg,
			func(_ *Lab, c Claims) any { return forged(map[string]any{"alg": "RS256", "typ": "JWT"}, c) }),
		raw("token-foreign", "the token is the login token of an auth provider", finding.TokenForeign,
			func(string) any { return foreign() }),

		// Its claims let nobody in.
		claims("no-issuer", "the token names no API key (iss)", finding.TokenNoIssuer, func(c Claims) { delete(c, "iss") }),
		claims("issuer-undefined", "the token's API key (iss) is the text undefined", finding.TokenPlaceholder,
			func(c Claims) { c["iss"] = "undefined" }),
		warning(claims("identity-none", "the token's identity (sub) is the text None", finding.TokenPlaceholder,
			func(c Claims) { c["sub"] = "None" })),
		{Name: "room-reference", About: "the room is a reference that nothing replaced", Warn: true,
			Want: []finding.Code{finding.TokenPlaceholder}, Owner: finding.OwnerTicketService,
			set: func(p *plan) {
				const room = "support-${ROOM_ID}"
				withClaims(func(_ *Lab, c Claims) { c.video()["room"] = room })(p)
				withAnswer(func(_ *Lab, a Answer) { a["room"] = room })(p)
			}},
		warning(claims("name-object", "the participant's name in the token is [object Object]", finding.TokenPlaceholder,
			func(c Claims) { c["name"] = "[object Object]" })),
		claims("no-video", "the token has no video grant", finding.TokenNoVideo, func(c Claims) { delete(c, "video") }),
		claims("top-level-grants", "the token has its grants outside video", finding.TokenNoVideo, func(c Claims) {
			for name, value := range c.video() {
				c[name] = value
			}
			delete(c, "video")
		}),
		grant("grant-snake-case", "the token says room_join for roomJoin", finding.TokenGrantMisnamed,
			func(v map[string]any) { v["room_join"] = v["roomJoin"]; delete(v, "roomJoin") }),
		warning(grant("grant-capitals", "the token says RoomJoin for roomJoin, which servers take from 1.13 on", finding.TokenGrantMisnamed,
			func(v map[string]any) { v["RoomJoin"] = v["roomJoin"]; delete(v, "roomJoin") })),
		grant("no-room-join", "the token does not grant roomJoin", finding.TokenNoRoomJoin,
			func(v map[string]any) { delete(v, "roomJoin") }),
		grant("no-room", "the token names no room", finding.TokenNoRoom, func(v map[string]any) { delete(v, "room") }),
		claims("no-identity", "the token names no identity (sub), only an identity claim", finding.TokenNoIdentity,
			func(c Claims) { c["identity"] = c["sub"]; delete(c, "sub") }),
		grant("claim-text", `the token has roomJoin "true", a text`, finding.TokenClaimType,
			func(v map[string]any) { v["roomJoin"] = "true" }),
		claims("claim-number", "the token has a number for sub", finding.TokenClaimType, func(c Claims) { c["sub"] = 4711 }),
		claims("claim-object", "the token has an object for metadata", finding.TokenClaimType,
			func(c Claims) { c["metadata"] = map[string]any{"org": "lab"} }),

		// Its times are wrong.
		claims("expired", "the token expired ten minutes ago", finding.TokenExpired, at("exp", -10*time.Minute)),
		claims("not-yet-valid", "the token is valid ten minutes from now", finding.TokenNotYetValid, at("nbf", 10*time.Minute)),
		warning(claims("exp-milliseconds", "the token's exp is in milliseconds: it lives for ever", finding.TokenTimeUnit,
			func(c Claims) { c["exp"] = time.Now().Add(tokenTTL).UnixMilli() })),
		warning(claims("exp-text", "the token's exp is a text, which servers take from 1.13 on", finding.TokenTimeUnit,
			func(c Claims) { c["exp"] = strconv.FormatInt(c["exp"].(int64), 10) })),
		withVariant("time-zone", claims("made-in-local-time", "the token's times are 5 h 30 min behind: a local time was taken for UTC",
			finding.TokenExpired, func(c Claims) {
				c["nbf"] = c["nbf"].(int64) - 19800
				c["exp"] = c["exp"].(int64) - 19800
			})),
		withVariant("kept", claims("hours-old", "the token was made 2 h 10 min ago and kept", finding.TokenExpired, func(c Claims) {
			c["nbf"] = c["nbf"].(int64) - 7800
			c["exp"] = c["exp"].(int64) - 7800
		})),
		warning(claims("issued-in-future", "the token's iat is ten minutes ahead", finding.TokenIssuedInFuture, at("iat", 10*time.Minute))),
		warning(claims("ends-soon", "the token ends in a minute", finding.TokenExpiresSoon, at("exp", time.Minute))),
		warning(claims("lives-long", "the token lives for a year", finding.TokenLivesLong, at("exp", 365*24*time.Hour))),
		warning(grant("all-rights", "the token has rights over rooms", finding.TokenBroad,
			func(v map[string]any) { v["roomAdmin"], v["roomList"] = true, true })),
		warning(claims("no-expiry", "the token has no exp", finding.TokenNoExpiry, func(c Claims) { delete(c, "exp") })),
		{Name: "clock-ahead", About: "the ticket service's clock is 5 minutes ahead: its tokens are not valid yet",
			Want: []finding.Code{finding.ClockSkew, finding.TokenNotYetValid}, Owner: finding.OwnerClock,
			set: func(p *plan) { p.tickets.Skew = 5 * time.Minute }},
		{Name: "clock-behind", About: "the ticket service's clock is 20 minutes behind: its tokens have expired",
			Want: []finding.Code{finding.ClockSkew, finding.TokenExpired}, Owner: finding.OwnerClock,
			set: func(p *plan) { p.tickets.Skew = -20 * time.Minute }},
	}
}

// withVariant makes the root finding's variant part of what is wanted.
func withVariant(variant string, f Fault) Fault {
	f.Variant = variant
	return f
}

// also makes a further change to a fault, and expects further codes in addition to its
// root cause.
func also(f Fault, set func(*plan), codes ...finding.Code) Fault {
	first := f.set
	f.set = func(p *plan) { first(p); set(p) }
	f.Want = append(f.Want, codes...)
	return f
}

// withoutKeys leaves key and secret out of the environment.
func withoutKeys(p *plan) {
	p.environ = func(_ *Lab, e Env) error {
		e.unset("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
		return nil
	}
}

// foreign is a login token as an auth provider issues it.
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

// jwe looks like a JWT that was encrypted: a header and four parts of noise.
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

// inPayload changes the middle part of a token.
func inPayload(token string, change func(string) string) string {
	parts := strings.Split(token, ".")
	parts[1] = change(parts[1])
	return strings.Join(parts, ".")
}

// decodeText is the opposite of encodeText, "" for what is no base64url.
func decodeText(part string) string {
	text, _ := base64.RawURLEncoding.DecodeString(part)
	return string(text)
}

func encodeText(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// encodePart is one part of a token: JSON in base64url.
func encodePart(part any) string {
	text, err := json.Marshal(part)
	if err != nil {
		panic("encode a token: " + err.Error()) // the lab's own values: cannot fail
	}
	return encodeText(string(text))
}
