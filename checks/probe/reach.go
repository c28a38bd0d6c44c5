package probe

import (
	"net/netip"

	"lkdoctor/checks/token"
)

// Health is whether a LiveKit server can take a join, by its answers.
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

// Reach is the result of asking the LiveKit URL.
type Reach struct {
	// Addresses are all that the host resolves to; Address is the one used.
	Addresses []netip.Addr
	Address   netip.AddrPort
	Attempts  []Attempt
	Phases    Phases
	TLS       *TLSInfo
	// IsLiveKit reports whether /rtc/validate answered as only LiveKit does.
	IsLiveKit bool
	What      ServerKind
	// Behind is the server behind a reverse proxy that is not LiveKit, as its
	// answer shows; "unknown" where it does not.
	Behind ServerKind
	// Front is the proxy before LiveKit, or the server that answered instead, as
	// its answers name it; "unknown" where they do not.
	Front ServerKind
	// FoundAt is the URL at which LiveKit answers on the same origin, where it does
	// not at the URL asked; "" where none was found.
	FoundAt string
	Health  Health
	// Root and Fingerprint are the answers to GET / and GET /rtc/validate without a
	// token; where one is nil, RootFailure or FingerprintFailure is set.
	Root, Fingerprint               *Reply
	RootFailure, FingerprintFailure *Failure
	// Status is that of the answer that Health was read from; otherwise Root's, or
	// Fingerprint's where Root has none.
	Status int
	// ServerHeader and Excerpt are the Server header and the body's first 160
	// characters, cleaned.
	ServerHeader, Excerpt string
	Date                  *token.Sample
	// Redirect is a redirect to another origin, which was not followed; nil without
	// one.
	Redirect *Redirect
	// Via is the HTTP proxy that was used, without its credentials; "" for none.
	Via string
}
