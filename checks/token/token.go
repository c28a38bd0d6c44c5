// Package token reads, judges and makes LiveKit access tokens without any
// network: what shape a token has, what its claims allow, when it is valid,
// which secret signed it, and why a signature is wrong. Decoding uses the
// types of github.com/livekit/protocol/auth, the ones that a LiveKit server
// uses, so that what is accepted here is what a server accepts.
package token

import (
	"encoding/json"
	"fmt"
	"time"

	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
	"lkdoctor/config/secret"
)

// Token is one token as it was handed out. Parse makes it. Its text can only be
// had by Reveal: printing a Token gives its summary, never its signature.
type Token struct {
	// Header and Claims are zero unless Decoded.
	Header Header
	Claims Claims
	// Decoded: header and claims could be read, by us if not by every server.
	Decoded bool
	// Inner is the token inside the wrapping when TOKEN_WRAPPED was found.
	Inner *Token
	// Shape says what the text looks like, whether it is a JWT or not.
	Shape Shape

	raw        secret.Value
	headerJSON []byte
	claimsJSON []byte
	members    []member
	signature  []byte
}

// Header is the JOSE header of a token.
type Header struct {
	Algorithm string
	Type      string
	KeyID     string
	Encoding  string
}

// Claims are the claims that a LiveKit server reads, decoded by its rules
// (encoding/json: names match in any case, the last of several wins).
type Claims struct {
	Issuer   string // the API key
	Subject  string
	JTI      string
	Name     string
	Kind     string
	Audience []string
	// The times are nil where the claim is absent or unreadable.
	ExpiresAt *time.Time
	NotBefore *time.Time
	IssuedAt  *time.Time
	// Video is nil when the token has no readable `video` claim.
	Video *VideoGrant
	// MetadataBytes and AttributesBytes are sizes as the server counts them.
	MetadataBytes   int
	AttributesBytes int
	Attributes      map[string]string
	// HasRoomConfig, Agents: the room's configuration and the agents that
	// joining dispatches ("" is an unnamed one).
	HasRoomConfig bool
	Agents        []string
	RoomPreset    string
}

// VideoGrant is the `video` claim. The three Can fields hold the effective
// permission: what is not set is allowed, and data follows CanPublish.
type VideoGrant struct {
	RoomJoin, RoomCreate, RoomList, RoomRecord, RoomAdmin bool
	IngressAdmin, Hidden, Recorder, Agent                 bool
	Room, DestinationRoom                                 string
	CanPublish, CanSubscribe, CanPublishData              bool
	CanUpdateOwnMetadata                                  bool
	CanPublishSources                                     []string
}

// Reveal is the token as it was handed out, for sending it and nothing else.
func (t *Token) Reveal() string { return t.raw.Reveal() }

// Effective is the token that the later checks judge: the inner one of a
// wrapped token, else the token itself.
func (t *Token) Effective() *Token {
	for t.Inner != nil {
		t = t.Inner
	}
	return t
}

// Identity is what a LiveKit server takes as the participant's identity: `sub`,
// else `jti`; an `identity` claim does not count.
func (t *Token) Identity() string {
	if t.Claims.Subject != "" {
		return t.Claims.Subject
	}
	return t.Claims.JTI
}

// Room is the room that the token is for, "" if none.
func (t *Token) Room() string {
	if t.Claims.Video == nil {
		return ""
	}
	return t.Claims.Video.Room
}

// String is a summary for people: never the token.
func (t *Token) String() string {
	if t == nil {
		return "no token"
	}
	e := t.Effective()
	if !e.Decoded {
		return clean.Hidden
	}
	return fmt.Sprintf("%s token of %s for %s in room %s",
		clean.Line(e.Header.Algorithm, 12), clean.Line(e.Claims.Issuer, 40),
		clean.Line(e.Identity(), 40), clean.Line(e.Room(), 40))
}

// Format prints the summary whatever the verb.
func (t *Token) Format(state fmt.State, _ rune) { _, _ = fmt.Fprint(state, t.String()) }

// MarshalJSON gives the summary: a token cannot reach a document by accident.
func (t *Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// Shape describes a token's text without giving it away.
type Shape struct {
	Length   int    // bytes
	Dots     int    // number of '.'
	Prefix   string // a literal prefix that is no secret ("lk_demo_"), or ""
	Alphabet string // "base64url", "hex", "uuid", "text", …
	// Looks names what it resembles; zero if nothing known.
	Looks finding.Text

	kind string // the variant of TOKEN_OPAQUE
}
