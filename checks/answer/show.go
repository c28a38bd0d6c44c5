package answer

import "lkdoctor/config/clean"

// The lengths, in characters, up to which strangers' texts are kept.
const (
	maxName  = 40
	maxText  = 300
	maxValue = 1024
	maxURL   = 2048
)

// minRandom is the length, in bytes, from which a run of mixed letters and
// digits is taken for a credential: 24 random bytes in base64url have 32.
const minRandom = 32

// shown makes a stranger's text fit to be shown: without credentials first, so
// that no cut or escape hides one from the search, then without anything that a
// terminal acts upon. It also hides what looks random, because an error that
// quotes an opaque token gives no other sign of it.
func shown(text string, limit int) string {
	text = text[:min(len(text), 8*limit+16<<10)]
	return clean.Line(hideRandom(clean.Redact(text)), limit)
}

// shownValue is shown for an address or a name, where a long random part is no
// credential and must stay.
func shownValue(text string, limit int) string {
	return (*clean.Redactor)(nil).Clean(text, limit)
}

// hideRandom replaces runs of minRandom or more token characters that mix upper
// case, lower case and digits. UUIDs and hex digests stay: they name things.
func hideRandom(text string) string {
	out, kept := []byte(nil), 0
	for start := 0; start < len(text); start++ {
		end := start
		var upper, lower, digit bool
		for end < len(text) && isJWTByte(text[end]) && text[end] != '.' {
			c := text[end]
			upper = upper || c >= 'A' && c <= 'Z'
			lower = lower || c >= 'a' && c <= 'z'
			digit = digit || c >= '0' && c <= '9'
			end++
		}
		if end-start >= minRandom && upper && lower && digit {
			out = append(append(out, text[kept:start]...), clean.Hidden...)
			kept = end
		}
		start = end
	}
	if out == nil {
		return text
	}
	return string(append(out, text[kept:]...))
}
