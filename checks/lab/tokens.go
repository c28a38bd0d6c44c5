package lab

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Claims are the claims of a token, wrong ones included.
type Claims map[string]any

// video returns the grants, to be changed in place.
func (c Claims) video() Claims { return c["video"].(Claims) }

// set sets a claim. A nil value removes it.
func (c Claims) set(name string, value any) {
	c[name] = value
	if value == nil {
		delete(c, name)
	}
}

// rename gives a claim another name.
func (c Claims) rename(from, to string) {
	c[to] = c[from]
	delete(c, from)
}

// Call makes a token with these claims call an agent; "" calls none.
func (c Claims) Call(agent string) {
	if agent != "" {
		c["roomConfig"] = map[string]any{"agents": []map[string]any{{"agentName": agent}}}
	}
}

// Pair is an API key and its secret.
type Pair struct{ Key, Secret string }

// NewPair makes a pair in the form of livekit-server generate-keys: "API" and 12
// characters, and a secret of 43 characters, all base62.
func NewPair() Pair { return Pair{Key: "API" + base62(12), Secret: base62(43)} }

// Token makes a participant's good token.
func (p Pair) Token(room, identity string) string {
	return Sign(Participant(p, room, identity, time.Now()), p.Secret)
}

// tokenTTL is the lifetime of a token.
const tokenTTL = 15 * time.Minute

// Participant returns the claims of a participant's good token.
func Participant(pair Pair, room, identity string, now time.Time) Claims {
	return Claims{
		"iss":  pair.Key,
		"sub":  identity,
		"name": "Lab Caller",
		"nbf":  now.Unix(),
		"exp":  now.Add(tokenTTL).Unix(),
		"video": Claims{
			"roomJoin":       true,
			"room":           room,
			"canPublish":     true,
			"canSubscribe":   true,
			"canPublishData": true,
		},
	}
}

// Sign makes a JWT of claims with HMAC-SHA256.
func Sign(claims Claims, secret string) string {
	return signWith(jwt.SigningMethodHS256, claims, []byte(secret))
}

func signWith(method jwt.SigningMethod, claims Claims, key any) string {
	signed, err := jwt.NewWithClaims(method, jwt.MapClaims(claims)).SignedString(key)
	if err != nil {
		panic(fmt.Sprintf("sign a token: %v", err)) // keys and claims are made here
	}
	return signed
}

// forged returns a token with any header, and a signature of random bytes.
func forged(header map[string]any, claims Claims) string {
	return encodePart(header) + "." + encodePart(claims) + "." + base64.RawURLEncoding.EncodeToString(randomBytes(256))
}

// opaque returns a random string that is no JWT: a prefix and 32 random bytes.
func opaque() string { return "lk_demo_" + base64.RawURLEncoding.EncodeToString(randomBytes(32)) }

func newTicket() string { return "tkt_" + randomHex(16) }

func randomHex(bytes int) string { return hex.EncodeToString(randomBytes(bytes)) }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return b
}

func base62(n int) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var b strings.Builder
	for range n {
		i, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			panic(fmt.Sprintf("random number: %v", err))
		}
		b.WriteByte(alphabet[i.Int64()])
	}
	return b.String()
}
