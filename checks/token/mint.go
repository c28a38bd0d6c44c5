package token

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
)

// DefaultTTL is how long a token is valid that Mint makes without a TTL.
const DefaultTTL = 15 * time.Minute

// MintOptions describe a token to make. Grants that are not set allow
// publishing, subscribing and data, as LiveKit does. Never print one: it holds
// the secret.
type MintOptions struct {
	Key, Secret    string
	Identity, Name string
	Room           string
	TTL            time.Duration // DefaultTTL when zero; may not be negative
	Now            time.Time     // the moment it is made; must be set
	Metadata       string
	Attributes     map[string]string
	Kind           string // "agent", "egress", …; "" is an ordinary participant

	NoJoin                                      bool // no roomJoin: a token for the API
	CanPublish, CanSubscribe, CanPublishData    *bool
	CanUpdateOwnMetadata                        bool
	CanPublishSources                           []string
	RoomCreate, RoomList, RoomAdmin, RoomRecord bool
	IngressAdmin, Hidden, Recorder, Agent       bool
	Agents                                      []string // agents to dispatch on joining
	RoomPreset                                  string
}

// Format keeps the secret out of every print.
func (o MintOptions) Format(state fmt.State, _ rune) {
	_, _ = fmt.Fprintf(state, "token for %q in %q", o.Identity, o.Room)
}

// The reasons for which Mint refuses.
var (
	ErrNoKeys     = errors.New("a token needs an API key and a secret")
	ErrNoIdentity = errors.New("a token that joins a room needs an identity")
	ErrNoRoom     = errors.New("a token that joins a room needs a room")
	ErrNoTime     = errors.New("a token needs the time it is made at")
	ErrTTL        = errors.New("a token cannot be valid for a negative time")
)

// serverClaims are the claims as a LiveKit server reads them (tokenClaims of
// protocol/auth, which is not exported).
type serverClaims struct {
	jwt.RegisteredClaims
	auth.ClaimGrants
}

// Mint makes a token, with the claims and grants of github.com/livekit/protocol
// and the clock of the caller.
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
	ttl := o.TTL
	if ttl == 0 {
		ttl = DefaultTTL
	}
	claims := serverClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    o.Key,
			Subject:   o.Identity,
			IssuedAt:  jwt.NewNumericDate(o.Now),
			NotBefore: jwt.NewNumericDate(o.Now),
			ExpiresAt: jwt.NewNumericDate(o.Now.Add(ttl)),
		},
		ClaimGrants: *o.grants(),
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(o.Secret))
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	return signed, nil
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
	// AccessToken only gathers the grants; its ToJWT would take its own clock.
	token := auth.NewAccessToken(o.Key, o.Secret).SetName(o.Name).SetVideoGrant(video).
		SetMetadata(o.Metadata).SetAttributes(o.Attributes).SetRoomPreset(o.RoomPreset)
	if len(o.Agents) > 0 {
		var dispatches []*livekit.RoomAgentDispatch
		for _, name := range o.Agents {
			dispatches = append(dispatches, &livekit.RoomAgentDispatch{AgentName: name})
		}
		token.SetAgents(dispatches...)
	}
	grants := token.GetGrants()
	grants.Kind = o.Kind
	return grants
}

// Garbage is a JWT with the given issuer and a signature that no secret made:
// a server answers it with "invalid API key" when it does not know the key, and
// with "signature is invalid" when it does. Nothing secret is in it, and no
// server lets anybody in with it.
func Garbage(issuer string, now time.Time) string {
	claims := serverClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Subject: "lkdoctor-probe",
			NotBefore: jwt.NewNumericDate(now.Add(-Leeway)),
			ExpiresAt: jwt.NewNumericDate(now.Add(DefaultTTL)),
		},
		ClaimGrants: auth.ClaimGrants{Video: &auth.VideoGrant{RoomJoin: true, Room: "lkdoctor-probe"}},
	}
	input, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SigningString()
	if err != nil {
		// Only claims that JSON cannot hold end here, and an issuer is text.
		return ""
	}
	garbage := sha256.Sum256([]byte("no secret made this: " + input))
	return input + "." + base64.RawURLEncoding.EncodeToString(garbage[:])
}
