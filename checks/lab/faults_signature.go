package lab

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"lkdoctor/checks/finding"
)

// signatureFaults are keys and secrets that do not fit, tokens that a server or a proxy
// refuses for another reason, and servers that create no rooms.
func signatureFaults() []Fault {
	config, service := by(finding.OwnerConfig), by(finding.OwnerTicketService)
	server, clock := by(finding.OwnerLiveKitServer), by(finding.OwnerClock)
	// signedBy changes the pair that the ticket service signs with.
	signedBy := func(change func(*Pair)) change { return func(p *plan) { change(&p.tokenPair) } }
	otherSecret := signedBy(func(pair *Pair) { pair.Secret = NewPair().Secret })
	variableSecret := signedBy(func(pair *Pair) { pair.Secret = base62(40) })
	otherPair := signedBy(func(pair *Pair) { *pair = NewPair() })
	refusesIAT := proxied(refuseIssuedAhead)
	noAutoCreate := serverYAML("room: {auto_create: false}")
	iatAhead := func(c Claims) { c["iat"] = time.Now().Add(5 * time.Minute).Unix() }
	return []Fault{
		service("wrong-secret", "the ticket service signs with another secret", finding.SignatureMismatch,
			otherSecret).and(finding.ServerSignatureRejected),
		service("secret-newline", "the ticket service signs with the secret and a line feed", finding.SignatureSecretVariant,
			signedBy(func(pair *Pair) { pair.Secret += "\n" })).and(finding.ServerSignatureRejected),
		service("other-key", "the ticket service signs with a pair that the server does not know", finding.SignatureOtherKey,
			otherPair).and(finding.ServerKeyUnknown),
		config("other-key-known", "the ticket service signs with another pair, which the server knows too", finding.SignatureOtherKey,
			otherPair, func(p *plan) { p.serverPairs = append(p.serverPairs, p.tokenPair) }).warning(),
		config("secret-stale", "the secret here is not the one that the ticket service and the server share", finding.ConfigSecretStale,
			set("LIVEKIT_API_SECRET", base62(43))),
		service("signature-not-checked", "no key and secret here, and the ticket service signs with another secret",
			finding.ServerSignatureRejected, otherSecret, noKeys).and(finding.SignatureNotChecked),
		service("secret-of-another-variable", "the ticket service signs with what NEXTAUTH_SECRET in .env.local holds",
			finding.SignatureSecretVariant, variableSecret,
			env(func(l *Lab, _ Env) { l.files[".env.local"] = "NEXTAUTH_SECRET=" + l.plan.tokenPair.Secret + "\n" }),
		).as("other-variable").and(finding.ServerSignatureRejected),
		service("secret-in-the-environment", "the ticket service signs with what SUPABASE_JWT_SECRET in the environment holds",
			finding.SignatureSecretVariant, variableSecret,
			env(func(l *Lab, e Env) { e["SUPABASE_JWT_SECRET"] = l.plan.tokenPair.Secret }),
		).as("other-variable").and(finding.ServerSignatureRejected),
		service("key-of-another-variable", "the ticket service's key is what LIVEKIT_INFERENCE_API_KEY holds here",
			finding.SignatureOtherKey, otherPair,
			env(func(l *Lab, e Env) { e["LIVEKIT_INFERENCE_API_KEY"] = l.plan.tokenPair.Key }),
		).as("known-here").and(finding.ServerKeyUnknown),
		config("dev-server-own-secret", "livekit-server --dev, and devkey with a secret of one's own here",
			finding.ServerSignatureRejected, devServer, noTicket, set("LIVEKIT_API_KEY", "devkey"),
		).as("dev-server").and(finding.DevJoinFailed),
		config("dev-server-own-key", "livekit-server --dev, and a key pair of a project here", finding.ServerKeyUnknown,
			devServer, noTicket).as("dev-server").and(finding.DevJoinFailed),
		working("healthy-token-alone", "nothing is wrong; LIVEKIT_URL and LIVEKIT_TOKEN are all that there is",
			noTicket, noKeys, env(func(l *Lab, e Env) { e["LIVEKIT_TOKEN"] = l.Token() })),

		service("iat-ahead-old-server",
			"the token's iat is five minutes ahead, and the server is one of before 1.13, which refuses that",
			finding.TokenIssuedInFuture, claims(iatAhead), refusesIAT).as("code").and(finding.ServerTokenRejected),
		clock("iat-ahead-pasted", "the same, and the token was pasted: whose clock made it is not known",
			finding.TokenIssuedInFuture, refusesIAT, noTicket, env(func(l *Lab, e Env) {
				claims := Participant(l.Pair, l.Room, l.Identity, time.Now())
				iatAhead(claims)
				e["LIVEKIT_TOKEN"] = Sign(claims, l.Pair.Secret)
			})).as("unexplained").and(finding.ServerTokenRejected),
		server("token-too-long", "the token has 16 KB of metadata, and nginx takes header lines of 8 KB", finding.ServerNotLiveKit,
			claim("metadata", strings.Repeat("m", 12<<10)),
			proxied(func(next http.Handler) http.Handler { return shortHeaders(8<<10, next) }),
		).as("token-too-long").and(finding.TokenLimits),

		working("healthy-auto-create-off", "nothing is wrong; the server creates no rooms on joining, and there is no ticket",
			noAutoCreate, noTicket),
		working("healthy-creates-room", "nothing is wrong; the server creates no rooms on joining, and the token may (roomCreate)",
			noAutoCreate, grant("roomCreate", true)),
		working("healthy-room-create-ignored", "nothing is wrong; the server creates no rooms for anybody, and there is no ticket",
			noTicket, proxied(func(livekit http.Handler) http.Handler {
				missing := Text(http.StatusNotFound, "requested room does not exist")
				hasToken := func(r *http.Request) bool { return bearer(r) != "" }
				return OnUpgrade(missing, At("/rtc/validate", when(hasToken, missing, livekit), livekit))
			})),
	}
}

// bearer returns the token of a request, from the header or the query.
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

// shortHeaders refuses request and header lines of more than max bytes, as nginx does.
func shortHeaders(max int, next http.Handler) http.Handler {
	long := func(r *http.Request) bool { return len(r.Header.Get("Authorization")) > max }
	return shortLines(max, when(long, Nginx(http.StatusBadRequest, "Request Header Or Cookie Too Large"), next))
}

// shortLines refuses request lines of more than max bytes, as nginx does for its
// large_client_header_buffers.
func shortLines(max int, next http.Handler) http.Handler {
	long := func(r *http.Request) bool { return len(r.RequestURI) > max }
	return when(long, Nginx(http.StatusRequestURITooLong, ""), next)
}
