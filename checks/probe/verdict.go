package probe

import "strings"

// Reason is why LiveKit's /rtc/validate refuses a token.
type Reason string

// The reasons.
const (
	ReasonAccepted        Reason = "accepted"
	ReasonKeyUnknown      Reason = "key_unknown"
	ReasonKeyEmpty        Reason = "key_empty"
	ReasonSignature       Reason = "signature"
	ReasonExpired         Reason = "expired"
	ReasonNotYetValid     Reason = "not_yet_valid"
	ReasonIssuedInFuture  Reason = "issued_in_future" // servers up to 1.12 only
	ReasonAlgorithm       Reason = "algorithm"
	ReasonMalformed       Reason = "malformed"
	ReasonClaimType       Reason = "claim_type"
	ReasonNeedsExp        Reason = "needs_exp"          // newer servers
	ReasonNoPermissions   Reason = "no_permissions"     // no token reached it, or one without video
	ReasonDenied          Reason = "permissions_denied" // no roomJoin
	ReasonNoRoom          Reason = "no_room"
	ReasonNoIdentity      Reason = "no_identity"
	ReasonRoomTooLong     Reason = "room_too_long"
	ReasonIdentityTooLong Reason = "identity_too_long"
	ReasonRoomNotFound    Reason = "room_not_found"
	ReasonNodeLimit       Reason = "node_limit"
	ReasonNoNodes         Reason = "no_nodes"
	ReasonQuota           Reason = "quota"
	ReasonHeaderMalformed Reason = "header_malformed" // Authorization does not start with Bearer
	ReasonNotLiveKit      Reason = "not_livekit"      // another server answered
	ReasonOther           Reason = "other"
)

// Verdict is a LiveKit server's verdict on a token.
type Verdict struct {
	Status int
	Reason Reason
	// Text is the server's own text, cleaned and redacted, at most 300 characters.
	Text string
	// Accepted requires status 200 and the body "success": a web app that answers
	// every path with 200 accepts nothing.
	Accepted bool
	// Path is the end of the path that was asked: /rtc/validate.
	Path string
	// FromLiveKit reports whether the answer is one that LiveKit is known to give.
	FromLiveKit bool
	// What is the kind of server that answered, if not LiveKit.
	What ServerKind
	// Front is the proxy that passed the answer on, where a header names it.
	Front ServerKind
	// InQuery reports whether the token was sent in the query, not the header.
	InQuery bool
	// Redirect is set where the answer was a redirect.
	Redirect *Redirect
}

// wording is a text of LiveKit's, or a part of one, and its meaning.
type wording struct {
	text   string
	reason Reason
}

// plainRefusals returns the answers of /rtc/validate that are not about the token's
// signature, by their beginning. Some end with a name from the token, so the middle
// of a text is not searched. Order matters. Sources: livekit-server v1.11.0,
// v1.13.5 (run) and v1.13.6 (read), pkg/service/auth.go and rtcservice.go.
func plainRefusals() []wording {
	return []wording{
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

// tokenRefusals returns the reasons for which a token does not verify, which may be
// anywhere in the text. Order matters: "signing method none is invalid" comes together with
// "token signature is invalid".
func tokenRefusals() []wording {
	return []wording{
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

// ClassifyVerdict reads the answer of /rtc/validate in the wordings of livekit-server
// up to 1.12 (go-jose), 1.13.0 to 1.13.5 (golang-jwt), from 1.13.6 on (which no longer
// echoes token and key) and LiveKit Cloud. The body is untrusted, and may hold the
// token. Only Status, Reason, Accepted and FromLiveKit of the result are set.
func ClassifyVerdict(status int, body string) Verdict {
	text := strings.ToLower(strings.TrimSpace(body))
	reason := ReasonNotLiveKit
	switch {
	case status == 200 && text == "success":
		reason = ReasonAccepted
	case status >= 400:
		reason = refusal(text)
	}
	v := Verdict{Status: status, Reason: reason, Accepted: reason == ReasonAccepted, FromLiveKit: reason != ReasonNotLiveKit}
	switch {
	case v.FromLiveKit:
	case status == 429:
		v.Reason = ReasonQuota
	case status >= 500:
		v.Reason = ReasonOther
	}
	return v
}

// refusal returns the reason in a text of LiveKit's, which is trimmed and in lower case,
// and ReasonNotLiveKit for any other text.
func refusal(text string) Reason {
	for _, s := range plainRefusals() {
		if strings.HasPrefix(text, s.text) {
			return s.reason
		}
	}
	var why string // the token does not verify
	switch {
	case text == "invalid api key:":
		return ReasonKeyEmpty
	case strings.HasPrefix(text, "invalid api key"): // up to 1.13.5 a colon and the key follow
		return ReasonKeyUnknown
	case strings.HasPrefix(text, "invalid token: "):
		_, why, _ = strings.Cut(text, ", error: ")
	case strings.HasPrefix(text, "invalid authorization token"): // alone, of a token that cannot be parsed
		why = strings.TrimPrefix(text, "invalid authorization token")
	default:
		return ReasonNotLiveKit
	}
	for _, s := range tokenRefusals() {
		if strings.Contains(why, s.text) {
			return s.reason
		}
	}
	return ReasonMalformed
}
