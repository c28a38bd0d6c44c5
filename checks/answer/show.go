package answer

import "lkdoctor/config/clean"

// Limits on texts of others, in characters.
const (
	maxName  = 40
	maxText  = 300
	maxValue = 1024
	maxURL   = 2048
)

// minRandom is the length, in bytes, from which a run of mixed letters and digits is
// taken for a credential: 24 random bytes in base64url have 32.
const minRandom = 32

// shown makes a text of others safe to show. It redacts before it cuts and escapes, so
// that neither hides a credential from the search. It also hides random runs, because
// an opaque token in an error has no other sign.
func shown(text string, limit int) string {
	text = text[:min(len(text), 8*limit+16<<10)]
	return clean.Line(hideRandom(clean.Redact(text)), limit)
}

// shownValue is shown for an address or a name, in which a long random part is no
// credential.
func shownValue(text string, limit int) string {
	return (*clean.Redactor)(nil).Clean(text, limit)
}

// hideRandom replaces runs of minRandom or more token characters that mix upper case,
// lower case and digits. It keeps UUIDs and hex digests, which are identifiers.
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
