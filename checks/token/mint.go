package token

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
)

// DefaultTTL is the lifetime of a token that is made without a TTL.
const DefaultTTL = 15 * time.Minute

// MintOptions describe a token to make. As in LiveKit, a nil CanPublish, CanSubscribe
// or CanPublishData allows it. It holds the secret and must not be printed.
type MintOptions struct {
	Key, Secret    string
	Identity, Name string
	Room           string
	TTL            time.Duration // DefaultTTL when zero; may not be negative
	Now            time.Time     // when it is made; required
	Metadata       string
	Attributes     map[string]string

	NoJoin                                      bool // omits roomJoin: a token for the API
	CanPublish, CanSubscribe, CanPublishData    *bool
	CanUpdateOwnMetadata                        bool
	CanPublishSources                           []string
	RoomCreate, RoomList, RoomAdmin, RoomRecord bool
	IngressAdmin, Hidden, Recorder, Agent       bool
	Agents                                      []string // agents to dispatch on join
}

// Format prints identity and room for every verb, never the secret.
func (o MintOptions) Format(state fmt.State, _ rune) {
	_, _ = fmt.Fprintf(state, "token for %q in %q", o.Identity, o.Room)
}

// The errors of Mint.
var (
	ErrNoKeys     = errors.New("a token needs an API key and a secret")
	ErrNoIdentity = errors.New("a token that joins a room needs an identity")
	ErrNoRoom     = errors.New("a token that joins a room needs a room")
	ErrNoTime     = errors.New("a token needs the time it is made at")
	ErrTTL        = errors.New("a token cannot be valid for a negative time")
)

// serverClaims are the claims as a LiveKit server reads them (auth.tokenClaims).
type serverClaims struct {
	jwt.RegisteredClaims
	auth.ClaimGrants
}

// Mint makes a token with the claims and grants of github.com/livekit/protocol.
func Mint(o MintOptions) (string, error) {
	switch {
	case o.Key == "" || o.Secret == "":
		return "", ErrNoKeys
	case o.Now.IsZero():
		return "", ErrNoTime
	case o.TTL < 0:
		return "", ErrTTL
	case !o.NoJoin && o.Identity == "":
		return "", ErrNoIdentity
	case !o.NoJoin && o.Room == "":
		return "", ErrNoRoom
	}
	claims := serverClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    o.Key,
			Subject:   o.Identity,
			IssuedAt:  jwt.NewNumericDate(o.Now),
			NotBefore: jwt.NewNumericDate(o.Now),
			ExpiresAt: jwt.NewNumericDate(o.Now.Add(cmp.Or(o.TTL, DefaultTTL))),
		},
		ClaimGrants: *o.grants(),
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(o.Secret))
}

func (o MintOptions) grants() *auth.ClaimGrants {
	video := &auth.VideoGrant{
		RoomJoin: !o.NoJoin, Room: o.Room,
		RoomCreate: o.RoomCreate, RoomList: o.RoomList, RoomAdmin: o.RoomAdmin, RoomRecord: o.RoomRecord,
		IngressAdmin: o.IngressAdmin, Hidden: o.Hidden, Recorder: o.Recorder, Agent: o.Agent,
		CanPublish: o.CanPublish, CanSubscribe: o.CanSubscribe, CanPublishData: o.CanPublishData,
		CanPublishSources: o.CanPublishSources,
	}
	if o.CanUpdateOwnMetadata {
		video.SetCanUpdateOwnMetadata(true)
	}
	// ToJWT is not used because it reads the system's clock.
	token := auth.NewAccessToken(o.Key, o.Secret).SetName(o.Name).SetVideoGrant(video).
		SetMetadata(o.Metadata).SetAttributes(o.Attributes)
	if len(o.Agents) > 0 {
		var dispatches []*livekit.RoomAgentDispatch
		for _, name := range o.Agents {
			dispatches = append(dispatches, &livekit.RoomAgentDispatch{AgentName: name})
		}
		token.SetAgents(dispatches...)
	}
	return token.GetGrants()
}

// Garbage returns a JWT with the given issuer and a random signature. A server answers
// "invalid API key" if it does not know the issuer, and "signature is invalid" if it
// does. No server accepts it, and it holds no secret.
func Garbage(issuer string, now time.Time) string {
	claims := serverClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Subject: "lkdoctor-probe",
			NotBefore: jwt.NewNumericDate(now.Add(-Leeway)),
			ExpiresAt: jwt.NewNumericDate(now.Add(DefaultTTL)),
		},
		ClaimGrants: auth.ClaimGrants{Video: &auth.VideoGrant{RoomJoin: true, Room: "lkdoctor-probe"}},
	}
	input, _ := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SigningString() // a string always has JSON
	garbage := sha256.Sum256([]byte("no secret made this: " + input))
	return input + "." + base64.RawURLEncoding.EncodeToString(garbage[:])
}
