package lab

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"lkdoctor/checks/finding"
)

// signatureFaults are keys and secrets that do not fit, tokens that a server or
// a proxy refuses for a reason of its own, and servers that create no rooms.
func signatureFaults() []Fault {
	keys := func(p *plan, change func(l *Lab, e Env)) {
		p.environ = func(l *Lab, e Env) error {
			e.unticket()
			change(l, e)
			return nil
		}
	}
	server := finding.OwnerLiveKitServer
	return []Fault{
		{Name: "wrong-secret", About: "the ticket service signs with another secret",
			Want: []finding.Code{finding.SignatureMismatch, finding.ServerSignatureRejected}, Owner: finding.OwnerTicketService,
			set: func(p *plan) { p.tokenPair.Secret = NewPair().Secret }},
		{Name: "secret-newline", About: "the ticket service signs with the secret and a line feed",
			Want: []finding.Code{finding.SignatureSecretVariant, finding.ServerSignatureRejected}, Owner: finding.OwnerTicketService,
			set: func(p *plan) { p.tokenPair.Secret += "\n" }},
		{Name: "other-key", About: "the ticket service signs with a pair that the server does not know",
			Want: []finding.Code{finding.SignatureOtherKey, finding.ServerKeyUnknown}, Owner: finding.OwnerTicketService,
			set: func(p *plan) { p.tokenPair = NewPair() }},
		{Name: "other-key-known", About: "the ticket service signs with another pair, which the server knows too", Warn: true,
			Want: []finding.Code{finding.SignatureOtherKey}, Owner: finding.OwnerConfig,
			set: func(p *plan) { p.tokenPair = NewPair(); p.serverPairs = append(p.serverPairs, p.tokenPair) }},
		{Name: "secret-stale", About: "the secret here is not the one that the ticket service and the server share",
			Want: []finding.Code{finding.ConfigSecretStale}, Owner: finding.OwnerConfig,
			set: withEnv(func(_ *Lab, e Env) { e["LIVEKIT_API_SECRET"] = NewPair().Secret })},
		{Name: "signature-not-checked", About: "no key and secret here, and the ticket service signs with another secret",
			Want: []finding.Code{finding.ServerSignatureRejected, finding.SignatureNotChecked}, Owner: finding.OwnerTicketService,
			set: func(p *plan) {
				p.tokenPair.Secret = NewPair().Secret
				withoutKeys(p)
			}},
		{Name: "secret-of-another-variable", About: "the ticket service signs with what NEXTAUTH_SECRET in .env.local holds",
			Variant: "other-variable",
			Want:    []finding.Code{finding.SignatureSecretVariant, finding.ServerSignatureRejected}, Owner: finding.OwnerTicketService,
			set: func(p *plan) {
				p.tokenPair.Secret = base62(40)
				p.environ = func(l *Lab, _ Env) error {
					return l.write(".env.local", "NEXTAUTH_SECRET="+l.plan.tokenPair.Secret+"\n")
				}
			}},
		{Name: "secret-in-the-environment", About: "the ticket service signs with what SUPABASE_JWT_SECRET in the environment holds",
			Variant: "other-variable",
			Want:    []finding.Code{finding.SignatureSecretVariant, finding.ServerSignatureRejected}, Owner: finding.OwnerTicketService,
			set: func(p *plan) {
				p.tokenPair.Secret = base62(40)
				p.environ = func(l *Lab, e Env) error {
					e["SUPABASE_JWT_SECRET"] = l.plan.tokenPair.Secret
					return nil
				}
			}},
		{Name: "key-of-another-variable", About: "the ticket service's key is what LIVEKIT_INFERENCE_API_KEY holds here",
			Variant: "known-here",
			Want:    []finding.Code{finding.SignatureOtherKey, finding.ServerKeyUnknown}, Owner: finding.OwnerTicketService,
			set: func(p *plan) {
				p.tokenPair = NewPair()
				p.environ = func(l *Lab, e Env) error {
					e["LIVEKIT_INFERENCE_API_KEY"] = l.plan.tokenPair.Key
					return nil
				}
			}},
		{Name: "dev-server-own-secret", About: "livekit-server --dev, and devkey with a secret of one's own here", Variant: "dev-server",
			Want: []finding.Code{finding.ServerSignatureRejected, finding.DevJoinFailed}, Owner: finding.OwnerConfig,
			set: func(p *plan) {
				p.serverPairs = []Pair{{Key: "devkey", Secret: "secret"}}
				keys(p, func(_ *Lab, e Env) { e["LIVEKIT_API_KEY"] = "devkey" })
			}},
		{Name: "dev-server-own-key", About: "livekit-server --dev, and a key pair of a project here", Variant: "dev-server",
			Want: []finding.Code{finding.ServerKeyUnknown, finding.DevJoinFailed}, Owner: finding.OwnerConfig,
			set: func(p *plan) {
				p.serverPairs = []Pair{{Key: "devkey", Secret: "secret"}}
				keys(p, func(*Lab, Env) {})
			}},
		{Name: "healthy-token-alone", About: "nothing is wrong; LIVEKIT_URL and LIVEKIT_TOKEN are all that there is",
			Owner: finding.OwnerNone,
			set: func(p *plan) {
				keys(p, func(l *Lab, e Env) {
					e.unset("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
					e["LIVEKIT_TOKEN"] = l.Token()
				})
			}},

		{Name: "iat-ahead-old-server",
			About: "the token's iat is five minutes ahead, and the server is one of before 1.13, which refuses that", Variant: "code",
			Want: []finding.Code{finding.TokenIssuedInFuture, finding.ServerTokenRejected}, Owner: finding.OwnerTicketService,
			set: func(p *plan) {
				withClaims(func(_ *Lab, c Claims) { c["iat"] = time.Now().Add(5 * time.Minute).Unix() })(p)
				withWeb(func(_ *Lab, addr string) http.Handler { return refuseIssuedAhead(Forward(addr)) })(p)
			}},
		{Name: "iat-ahead-pasted", About: "the same, and the token was pasted: whose clock made it is not known", Variant: "unexplained",
			Want: []finding.Code{finding.TokenIssuedInFuture, finding.ServerTokenRejected}, Owner: finding.OwnerClock,
			set: func(p *plan) {
				withWeb(func(_ *Lab, addr string) http.Handler { return refuseIssuedAhead(Forward(addr)) })(p)
				keys(p, func(l *Lab, e Env) {
					claims := participant(l.Pair, l.Room, l.Identity, time.Now())
					claims["iat"] = time.Now().Add(5 * time.Minute).Unix()
					e["LIVEKIT_TOKEN"] = Sign(claims, l.Pair.Secret)
				})
			}},
		{Name: "token-too-long", About: "the token has 16 KB of metadata, and nginx takes header lines of 8 KB", Variant: "token-too-long",
			Want: []finding.Code{finding.ServerNotLiveKit, finding.TokenLimits}, Owner: server,
			set: func(p *plan) {
				withClaims(func(_ *Lab, c Claims) { c["metadata"] = strings.Repeat("m", 12<<10) })(p)
				withWeb(func(_ *Lab, addr string) http.Handler { return shortHeaders(8<<10, Forward(addr)) })(p)
			}},

		{Name: "healthy-auto-create-off", About: "nothing is wrong; the server creates no rooms on joining, and there is no ticket",
			Owner: finding.OwnerNone,
			set: func(p *plan) {
				p.server.ExtraYAML = "room: {auto_create: false}"
				keys(p, func(*Lab, Env) {})
			}},
		{Name: "healthy-creates-room", About: "nothing is wrong; the server creates no rooms on joining, and the token may (roomCreate)",
			Owner: finding.OwnerNone,
			set: func(p *plan) {
				p.server.ExtraYAML = "room: {auto_create: false}"
				p.claims = func(_ *Lab, c Claims) { c.video()["roomCreate"] = true }
			}},
		{Name: "healthy-room-create-ignored", About: "nothing is wrong; the server creates no rooms for anybody, and there is no ticket",
			Owner: finding.OwnerNone,
			set: func(p *plan) {
				withWeb(func(_ *Lab, addr string) http.Handler {
					missing := Text(http.StatusNotFound, "requested room does not exist")
					return OnUpgrade(missing, At("/rtc/validate", onlyWithToken(missing, Forward(addr)), Forward(addr)))
				})(p)
				keys(p, func(*Lab, Env) {})
			}},
	}
}

// onlyWithToken leaves requests that carry a token to here, and the others to
// next.
func onlyWithToken(here, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if bearer(r) != "" {
			here.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// bearer is the token of a request, in the header or in the query.
func bearer(r *http.Request) string {
	if token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); token != "" {
		return token
	}
	return r.URL.Query().Get("access_token")
}

// refuseIssuedAhead refuses a token whose iat is more than a minute in the future, in
// the words of livekit-server 1.11.
func refuseIssuedAhead(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var claims struct{ Iat int64 }
		if parts := strings.Split(bearer(r), "."); len(parts) == 3 {
			_ = json.Unmarshal([]byte(decodeText(parts[1])), &claims)
		}
		if claims.Iat > time.Now().Add(time.Minute).Unix() {
			http.Error(w, "invalid token: "+bearer(r)+", error: go-jose/go-jose/jwt: validation field, token issued in the future (iat)",
				http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// shortHeaders refuses longer request and header lines than max bytes, as nginx
// does.
func shortHeaders(max int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case len(r.RequestURI) > max:
			Nginx(http.StatusRequestURITooLong, "").ServeHTTP(w, r)
		case len(r.Header.Get("Authorization")) > max:
			Nginx(http.StatusBadRequest, "Request Header Or Cookie Too Large").ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
