// Package secret has the type for values that must not be shown: an API secret, a
// token, a ticket, a header with a login. It has no side effects.
package secret

import (
	"crypto/hmac"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"unicode"

	"golang.org/x/crypto/argon2"

	"lkdoctor/config/clean"
)

// The cost of a fingerprint: the second set of parameters that RFC 9106 §4
// recommends. A list of a million words takes days, and no table helps: the
// salt holds the API key that the secret belongs to.
const (
	fingerprintPasses = 3
	fingerprintKiB    = 64 << 10
	fingerprintLanes  = 4
	fingerprintSalt   = "lkdoctor compare-secrets 1\x00"
)

// Value holds a text that must not be seen: an API secret, a token, a ticket.
// It prints, logs and marshals as clean.Hidden. Only Reveal gives the value away.
//
// The value sits behind a function because fmt and every other reflecting
// printer reads unexported fields without asking their methods, and follows
// pointers; a function is printed as an address. Compare with Equal.
type Value struct {
	reveal func() string
}

// New hides value.
func New(value string) Value {
	return Value{reveal: func() string { return value }}
}

// Reveal returns the value itself, for signing, sending and comparing. It must
// not reach a message, a fact, a log or an error.
func (s Value) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Len is the value's length in bytes.
func (s Value) Len() int { return len(s.Reveal()) }

// Empty reports whether the value is the empty string.
func (s Value) Empty() bool { return s.Len() == 0 }

// Equal compares two values in constant time (for equal lengths).
func (s Value) Equal(other Value) bool {
	return hmac.Equal([]byte(s.Reveal()), []byte(other.Reveal()))
}

// Fingerprint returns six hex digits that distinguish values without showing them:
// Argon2id, salted with the API key of the value, so that two users with the same
// value and key get the same digits. It takes 0.1 to 0.5 s and 64 MiB. It is "" for
// the empty value.
func (s Value) Fingerprint(apiKey string) string {
	if s.Empty() {
		return ""
	}
	defer runtime.GC() // so that the next call does not add 64 MiB
	sum := argon2.IDKey([]byte(s.Reveal()), []byte(fingerprintSalt+apiKey), fingerprintPasses, fingerprintKiB, fingerprintLanes, 16)
	return hex.EncodeToString(sum[:3])
}

// HasQuotes reports whether the value holds a quote: ' " ` or a typographic one.
func (s Value) HasQuotes() bool {
	return strings.ContainsAny(s.Reveal(), "'\"`´‘’‚‛“”„‟«»‹›＂＇")
}

// HasSpace reports whether the value holds white space, with or without a width.
func (s Value) HasSpace() bool {
	return strings.ContainsFunc(s.Reveal(), func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("\u180e\u200b\u200c\u200d\u2060\ufeff", r)
	})
}

// String implements fmt.Stringer.
func (Value) String() string { return clean.Hidden }

// GoString implements fmt.GoStringer.
func (Value) GoString() string { return clean.Hidden }

// Format implements fmt.Formatter, so that no verb and no flag shows the value.
func (Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, clean.Hidden) }

// MarshalJSON implements json.Marshaler.
func (Value) MarshalJSON() ([]byte, error) { return []byte(`"` + clean.Hidden + `"`), nil }

// MarshalText implements encoding.TextMarshaler (XML, YAML, map keys).
func (Value) MarshalText() ([]byte, error) { return []byte(clean.Hidden), nil }

// LogValue implements slog.LogValuer.
func (Value) LogValue() slog.Value { return slog.StringValue(clean.Hidden) }
