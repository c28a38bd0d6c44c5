package config

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"unicode"
	"unicode/utf8"
)

// Hidden is what every Secret prints as, through every verb and encoder.
const Hidden = "[hidden]"

// fingerprintKey makes fingerprints lkdoctor's own: without it they would be
// plain hashes, to be looked up in tables of known secrets. It is fixed so that
// two people can compare what they hold by reading six characters aloud.
const fingerprintKey = "lkdoctor fingerprint 1"

// Secret holds a value that must not be seen: an API secret, a token, a ticket.
// It prints, logs and marshals as Hidden. Only Reveal gives the value away.
//
// The value sits behind a function because fmt and every other reflecting
// printer reads unexported fields without asking their methods, and follows
// pointers; a function is printed as an address. Compare with Equal.
type Secret struct {
	reveal func() string
}

// NewSecret hides value.
func NewSecret(value string) Secret {
	return Secret{reveal: func() string { return value }}
}

// Reveal returns the value itself, for signing, sending and comparing. It must
// not reach a message, a fact, a log or an error.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Len is the value's length in bytes.
func (s Secret) Len() int { return len(s.Reveal()) }

// Empty reports whether the value is the empty string.
func (s Secret) Empty() bool { return s.Len() == 0 }

// Equal compares two values in constant time (for equal lengths).
func (s Secret) Equal(other Secret) bool {
	return hmac.Equal([]byte(s.Reveal()), []byte(other.Reveal()))
}

// Fingerprint is six hex digits that tell two values apart without showing
// either: the start of an HMAC-SHA256 under a key that is part of lkdoctor. The
// empty value has none.
func (s Secret) Fingerprint() string {
	if s.Empty() {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(fingerprintKey))
	mac.Write([]byte(s.Reveal()))
	return hex.EncodeToString(mac.Sum(nil)[:3])
}

// SecretFlags are what may be said about the characters of a Secret.
type SecretFlags struct {
	Quotes     bool `json:"quotes,omitempty"`     // ' " ` or a typographic quote, anywhere
	Whitespace bool `json:"whitespace,omitempty"` // any white space, CR, no-break or zero-width space, anywhere
	NonASCII   bool `json:"non_ascii,omitempty"`  // anything outside ASCII, invalid UTF-8 included
	Control    bool `json:"control,omitempty"`    // a control character that is not white space
}

// Any reports whether at least one flag is raised.
func (f SecretFlags) Any() bool { return f != SecretFlags{} }

// Flags says which characters that LiveKit's own secrets never hold were seen.
func (s Secret) Flags() SecretFlags {
	var f SecretFlags
	for _, r := range s.Reveal() {
		if r >= utf8.RuneSelf {
			f.NonASCII = true
		}
		switch {
		case isQuote(r):
			f.Quotes = true
		case isJSSpace(r) || isZeroWidth(r):
			f.Whitespace = true
		case unicode.IsControl(r):
			f.Control = true
		}
	}
	return f
}

func isQuote(r rune) bool {
	switch r {
	case '\'', '"', '`', '´', '‘', '’', '‚', '‛', '“', '”', '„', '‟', '«', '»', '‹', '›', '＂', '＇':
		return true
	}
	return false
}

func isZeroWidth(r rune) bool {
	switch r {
	case '\u0085', '\u180e', '\u200b', '\u200c', '\u200d', '\u2060':
		return true
	}
	return false
}

// String implements fmt.Stringer.
func (Secret) String() string { return Hidden }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return Hidden }

// Format implements fmt.Formatter, so that no verb and no flag shows the value.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Hidden) }

// MarshalJSON implements json.Marshaler.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + Hidden + `"`), nil }

// MarshalText implements encoding.TextMarshaler (XML, YAML, map keys).
func (Secret) MarshalText() ([]byte, error) { return []byte(Hidden), nil }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(Hidden) }
