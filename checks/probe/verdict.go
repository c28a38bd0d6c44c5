package probe

import "lkdoctor/checks/token"

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

// Dialect is the wording of a refusal, which shows the server's version.
type Dialect string

// The dialects.
const (
	DialectGoJose    Dialect = "go_jose"    // livekit-server up to 1.12
	DialectGolangJWT Dialect = "golang_jwt" // 1.13.0 to 1.13.5
	DialectRedacted  Dialect = "redacted"   // from 1.13.6 on: no longer echoes token and key
	DialectCloud     Dialect = "cloud"
	DialectUnknown   Dialect = "unknown"
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
	Dialect  Dialect
	Date     *token.Sample
	// Path is the end of the path that was asked: /rtc/validate.
	Path string
	// FromLiveKit reports whether the answer is one that LiveKit is known to give.
	FromLiveKit bool
	// What is the server that answered, if not LiveKit.
	What ServerKind
	// Front is the proxy that passed the answer on, where a header names it.
	Front ServerKind
	// InQuery reports whether the token was sent in the query, not the header.
	InQuery bool
	// Redirect is set where the answer was a redirect.
	Redirect *Redirect
}
