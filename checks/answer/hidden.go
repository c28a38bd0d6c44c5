package answer

import (
	"fmt"
	"io"

	"lkdoctor/config/clean"
)

// Hidden is a token, or something that may be one. It cannot print itself:
// every verb of fmt, JSON, text encoding and slog show "[hidden]". The text is
// held behind a pointer because fmt walks unexported fields of a struct without
// asking for methods, and then shows an address instead of the text.
type Hidden struct {
	text *string
}

// Hide wraps a token.
func Hide(token string) Hidden {
	if token == "" {
		return Hidden{}
	}
	return Hidden{text: &token}
}

// Reveal gives the token itself, to check it or to send it, never to show it.
func (h Hidden) Reveal() string {
	if h.text == nil {
		return ""
	}
	return *h.text
}

// IsZero reports whether there is no token.
func (h Hidden) IsZero() bool { return h.text == nil }

// Len is the token's length in bytes.
func (h Hidden) Len() int { return len(h.Reveal()) }

// Equal reports whether both hold the same text (go-cmp asks it).
func (h Hidden) Equal(other Hidden) bool { return h.Reveal() == other.Reveal() }

// String is "[hidden]".
func (h Hidden) String() string { return clean.Hidden }

// GoString is "[hidden]".
func (h Hidden) GoString() string { return clean.Hidden }

// Format writes "[hidden]" for every verb.
func (h Hidden) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, clean.Hidden) }

// MarshalText gives "[hidden]"; JSON and slog use it.
func (h Hidden) MarshalText() ([]byte, error) { return []byte(clean.Hidden), nil }
