// Package token reads, judges and makes LiveKit access tokens: their form, claims and
// validity, the secret that signed one, and why a signature is wrong. It uses no
// network and no files. It decodes with the types of github.com/livekit/protocol/auth,
// which LiveKit servers use, so that it accepts what a server accepts.
package token

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/livekit/protocol/auth"

	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
	"lkdoctor/config/secret"
)

// Token is a token as received. Parse makes it. Only Reveal returns its text: printing
// a Token gives a summary without its signature.
type Token struct {
	Algorithm string // of the header; it and Claims are zero unless Decoded
	Claims    Claims
	Decoded   bool   // whether header and claims were read; some servers may still fail to
	Inner     *Token // the token inside the wrapping when TOKEN_WRAPPED was found
	Shape     Shape  // describes the text, whether it is a JWT or not

	raw        secret.Value
	headerJSON []byte
	claimsJSON []byte
	members    []Member
	signature  []byte
}

// Claims are the claims that a LiveKit server reads, decoded by its rules
// (encoding/json: names match in any case, the last of several wins).
type Claims struct {
	Issuer  string // the API key
	Subject string
	JTI     string
	Name    string
	// The times are nil where the claim is absent or unreadable.
	ExpiresAt *time.Time
	NotBefore *time.Time
	IssuedAt  *time.Time
	Video     *auth.VideoGrant // nil when the token has no readable `video` claim
	// MetadataBytes and AttributesBytes are sizes as the server counts them.
	MetadataBytes   int
	AttributesBytes int
	Agents          []string // those that joining dispatches ("" is an unnamed one)
	RoomPreset      string
}

// Reveal returns the token's text. Use it only to send the token.
func (t *Token) Reveal() string { return t.raw.Reveal() }

// Effective returns the token to judge: the inner one of a wrapped token, else t.
func (t *Token) Effective() *Token {
	for t.Inner != nil {
		t = t.Inner
	}
	return t
}

// Identity returns the participant's identity as a LiveKit server reads it: `sub`,
// else `jti`. It ignores an `identity` claim.
func (t *Token) Identity() string {
	if t.Claims.Subject != "" {
		return t.Claims.Subject
	}
	return t.Claims.JTI
}

// Room returns the room of the grant, "" if none.
func (t *Token) Room() string {
	if t.Claims.Video == nil {
		return ""
	}
	return t.Claims.Video.Room
}

// String returns a summary without the token.
func (t *Token) String() string {
	if t == nil {
		return "no token"
	}
	e := t.Effective()
	if !e.Decoded {
		return clean.Hidden
	}
	return fmt.Sprintf("%s token of %s for %s in room %s",
		clean.Line(e.Algorithm, 12), clean.Line(e.Claims.Issuer, 40),
		clean.Line(e.Identity(), 40), clean.Line(e.Room(), 40))
}

// Format prints the summary for every verb.
func (t *Token) Format(state fmt.State, _ rune) { _, _ = fmt.Fprint(state, t.String()) }

// MarshalJSON returns the summary, so that no document contains the token.
func (t *Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// Shape describes a token's text without revealing it.
type Shape struct {
	Length   int    // bytes
	Dots     int    // number of '.'
	Prefix   string // a literal prefix that is no secret ("lk_demo_"), or ""
	Alphabet string // "base64url", "hex", "uuid", "text", …
	// Looks says what the text resembles; zero if unknown.
	Looks finding.Text

	kind string // the variant of TOKEN_OPAQUE
}
