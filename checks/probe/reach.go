package probe

import (
	"net/netip"

	"lkdoctor/checks/token"
)

// Health is whether a LiveKit server is fit for joining, by its answers.
type Health string

// The states of health.
const (
	HealthOK         Health = "ok"
	HealthNotReady   Health = "not_ready"   // 406: its node statistics are stale (Redis down, just started)
	HealthBadGateway Health = "bad_gateway" // 502 or 504: a proxy has nobody behind it
	HealthOverloaded Health = "overloaded"  // 503
	HealthQuota      Health = "quota"       // 429
	HealthUnknown    Health = "unknown"
)

// Reach is what the LiveKit URL answered.
type Reach struct {
	// Addresses are all that the host resolves to; Address is the one used.
	Addresses []netip.Addr
	Address   netip.AddrPort
	Attempts  []Attempt
	Phases    Phases
	TLS       *TLSInfo
	// IsLiveKit tells that /rtc/validate answered as only LiveKit does.
	IsLiveKit bool
	What      ServerKind
	// Behind is what a reverse proxy that is not LiveKit has behind it, as far as
	// its answer tells; "unknown" where it does not.
	Behind ServerKind
	// Front is the proxy before LiveKit, or the server that answered instead, as
	// far as its answers name it; "unknown" where they do not.
	Front ServerKind
	// FoundAt is the URL under which LiveKit answers at the same origin, where it
	// does not at the URL that was asked; "" where it was not found.
	FoundAt string
	Health  Health
	// Root and Fingerprint are the answers to GET / and GET /rtc/validate
	// without a token; nil where there was none, with RootFailure and
	// FingerprintFailure saying why.
	Root, Fingerprint               *Reply
	RootFailure, FingerprintFailure *Failure
	// Status is that of the answer that Health was read from; otherwise Root's,
	// or Fingerprint's where Root has none.
	Status int
	// ServerHeader and Excerpt are evidence: the Server header and the body's
	// first 160 characters, cleaned.
	ServerHeader, Excerpt string
	Date                  *token.Sample
	// Redirect is where the server wanted us to go instead, nil if it did not; it
	// was not followed, because it leads to another origin.
	Redirect *Redirect
	// Via is the HTTP proxy that was used, without its credentials; "" for none.
	Via string
}
