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

// signer tries secrets on one token. It reuses its buffers and must not be used by
// several goroutines.
type signer struct {
	input, want []byte
	hash        hash.Hash
	block       []byte
	sum         []byte
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
	s := &signer{want: t.signature}
	switch t.Algorithm {
	case "HS256":
		s.hash = sha256.New()
	case "HS384":
		s.hash = sha512.New384()
	case "HS512":
		s.hash = sha512.New()
	default:
		return nil
	}
	raw := t.Reveal()
	s.input = []byte(raw[:strings.LastIndexByte(raw, '.')])
	s.block = make([]byte, s.hash.BlockSize())
	s.sum = make([]byte, 0, s.hash.Size())
	return s
}

// made reports whether secret made the signature: HMAC by RFC 2104, without the
// allocations of crypto/hmac, compared in constant time.
func (s *signer) made(secret string) bool {
	s.spent += len(s.input) + 4*len(s.block) + len(secret)
	s.key(secret, 0x36)
	s.hash.Write(s.input)
	s.sum = s.hash.Sum(s.sum[:0])
	s.key(secret, 0x5c)
	s.hash.Write(s.sum)
	s.sum = s.hash.Sum(s.sum[:0])
	return hmac.Equal(s.sum, s.want)
}

// key starts the hash with the padded key.
func (s *signer) key(secret string, pad byte) {
	s.hash.Reset()
	clear(s.block)
	if len(secret) > len(s.block) {
		s.hash.Write([]byte(secret))
		s.hash.Sum(s.block[:0])
		s.hash.Reset()
	} else {
		copy(s.block, secret)
	}
	for i := range s.block {
		s.block[i] ^= pad
	}
	s.hash.Write(s.block)
}
