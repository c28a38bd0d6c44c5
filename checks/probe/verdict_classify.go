package probe

import "strings"

// says maps the beginning of a text to its meaning.
type says struct {
	text   string
	reason Reason
}

// plainRefusals returns the answers of /rtc/validate that are not about the token's
// signature, by their beginning. Some end with a name from the token, so the middle
// of a text is not searched. Order matters. Sources: livekit-server v1.11.0,
// v1.13.5 (run) and v1.13.6 (read), pkg/service/auth.go and rtcservice.go.
func plainRefusals() []says {
	return []says{
		{"no permissions to access the room", ReasonNoPermissions},
		{"permissions denied", ReasonDenied},
		{"invalid authorization header", ReasonHeaderMalformed},
		{"no room name", ReasonNoRoom},
		{"identity cannot be empty", ReasonNoIdentity},
		{"room name length exceeds limits", ReasonRoomTooLong},
		{"participant identity length exceeds limits", ReasonIdentityTooLong},
		{"requested room does not exist", ReasonRoomNotFound},
		{"node has exceeded its configured limit", ReasonNodeLimit},
		{"could not find any available nodes", ReasonNoNodes},
		{"join_request is required", ReasonOther},
		{"cannot base64 decode wrapped join request", ReasonOther},
		{"cannot unmarshal wrapped join request", ReasonOther},
		{"cannot unmarshal join request", ReasonOther},
		{"join request too large", ReasonOther},
		{"cannot decode attributes", ReasonOther},
		{"timed out while waiting for signal response", ReasonOther},
		{"connection closed by media", ReasonOther},
	}
}

// tokenRefusals returns the reasons for which a token does not verify, anywhere in
// the text. Order matters: "signing method none is invalid" comes together with
// "token signature is invalid".
func tokenRefusals() []says {
	return []says{
		{"signing method ", ReasonAlgorithm},
		{"exp claim is required", ReasonNeedsExp},
		{"token is expired", ReasonExpired},
		{"not valid yet", ReasonNotYetValid},
		{"issued in the future", ReasonIssuedInFuture},
		{"used before issued", ReasonIssuedInFuture},
		{"cannot unmarshal", ReasonClaimType},
		{"could not json decode claim", ReasonClaimType},
		{"unknown field", ReasonClaimType},
		{"invalid type for claim", ReasonClaimType},
		{"signature is invalid", ReasonSignature},
		{"error in cryptographic primitive", ReasonSignature},
	}
}

// ClassifyVerdict reads the answer of /rtc/validate in all known dialects of
// LiveKit. The body is untrusted, and may hold the token. Only Status, Reason,
// Accepted, Dialect and FromLiveKit of the result are set.
func ClassifyVerdict(status int, body string) Verdict {
	v := Verdict{Status: status, Reason: ReasonNotLiveKit, Dialect: DialectUnknown}
	text := strings.ToLower(strings.TrimSpace(body))
	livekit := func(r Reason, d Dialect) Verdict {
		v.Reason, v.Dialect, v.FromLiveKit = r, d, true
		return v
	}
	if status == 200 {
		if text == "success" {
			v.Accepted = true
			return livekit(ReasonAccepted, DialectUnknown)
		}
		return v
	}
	if status >= 400 {
		for _, s := range plainRefusals() {
			if strings.HasPrefix(text, s.text) {
				return livekit(s.reason, DialectUnknown)
			}
		}
		switch {
		case strings.HasPrefix(text, "invalid api key"):
			return livekit(keyRefusal(text))
		case strings.HasPrefix(text, "invalid token: "):
			_, why, _ := strings.Cut(text, ", error: ")
			return livekit(tokenRefusal(why), tokenDialect(why))
		case strings.HasPrefix(text, "invalid authorization token"):
			why := strings.TrimLeft(strings.TrimPrefix(text, "invalid authorization token"), ": ")
			if why == "" { // all versions say this of a token that they cannot parse
				return livekit(ReasonMalformed, DialectUnknown)
			}
			return livekit(tokenRefusal(why), DialectRedacted)
		}
	}
	switch {
	case status == 429:
		v.Reason = ReasonQuota
	case status >= 500:
		v.Reason = ReasonOther
	}
	return v
}

// keyRefusal reads "invalid API key", which up to 1.13.5 is followed by a colon and
// the key.
func keyRefusal(text string) (Reason, Dialect) {
	rest := strings.TrimPrefix(text, "invalid api key")
	switch {
	case strings.HasPrefix(rest, " for domain"):
		return ReasonKeyUnknown, DialectCloud
	case strings.TrimSpace(rest) == ":":
		return ReasonKeyEmpty, DialectUnknown
	case rest == "":
		return ReasonKeyUnknown, DialectRedacted
	}
	return ReasonKeyUnknown, DialectUnknown
}

// tokenRefusal returns why a token does not verify.
func tokenRefusal(why string) Reason {
	for _, s := range tokenRefusals() {
		if strings.Contains(why, s.text) {
			return s.reason
		}
	}
	return ReasonMalformed
}

// tokenDialect distinguishes the two JWT libraries of livekit-server.
func tokenDialect(why string) Dialect {
	switch {
	case strings.Contains(why, "go-jose"):
		return DialectGoJose
	case strings.HasPrefix(why, "token "):
		return DialectGolangJWT
	case strings.HasPrefix(why, "json: cannot unmarshal"), strings.HasPrefix(why, "proto: "):
		return DialectGoJose // the claims are decoded by go-jose, whose prefix is missing here
	}
	return DialectUnknown
}
