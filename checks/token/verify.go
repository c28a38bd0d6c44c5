package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"
)

// Verdict is the result of a local signature check.
type Verdict string

// The verdicts. Unknown means that there is no secret here, no readable token, or no
// HMAC signature. OtherKey says nothing about the secret.
const (
	Verified Verdict = "verified"
	OtherKey Verdict = "other_key"
	Mismatch Verdict = "mismatch"
	Unknown  Verdict = "unknown"
)

// Verify checks the signature of a token, of the inner one if wrapped, with the key
// and secret configured here. LiveKit signs with the secret's text, not with decoded
// bytes. An empty key is not compared.
func Verify(t *Token, key, secret string) Verdict {
	s := newSigner(t)
	switch {
	case s == nil || secret == "":
		return Unknown
	case key != "" && t.Effective().Claims.Issuer != key:
		return OtherKey
	case s.made(secret):
		return Verified
	}
	return Mismatch
}

// signer tries secrets on one token.
type signer struct {
	input, want []byte
	hash        func() hash.Hash
	// spent is the number of bytes that were hashed.
	spent int
}

// newSigner returns nil if t has no HMAC signature.
func newSigner(t *Token) *signer {
	if t == nil {
		return nil
	}
	t = t.Effective()
	if !t.Decoded || len(t.signature) == 0 {
		return nil
	}
	raw := t.Reveal()
	s := &signer{want: t.signature, input: []byte(raw[:strings.LastIndexByte(raw, '.')])}
	switch t.Algorithm {
	case "HS256":
		s.hash = sha256.New
	case "HS384":
		s.hash = sha512.New384
	case "HS512":
		s.hash = sha512.New
	default:
		return nil
	}
	return s
}

// made reports whether secret made the signature.
func (s *signer) made(secret string) bool {
	mac := hmac.New(s.hash, []byte(secret))
	s.spent += len(s.input) + 4*mac.BlockSize() + len(secret)
	mac.Write(s.input)
	return hmac.Equal(mac.Sum(nil), s.want)
}
