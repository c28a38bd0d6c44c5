package answer

import (
	"fmt"
	"regexp"
	"strings"

	"lkdoctor/config/clean"
)

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

// shownValue is shown for addresses and names, whose random parts are no credentials.
func shownValue(text string, limit int) string {
	return (*clean.Redactor)(nil).Clean(text, limit)
}

// longRun matches what may be random.
var longRun = regexp.MustCompile(fmt.Sprintf(`[\w-]{%d,}`, minRandom))

// hideRandom replaces runs of minRandom or more token characters that mix upper case,
// lower case and digits. It keeps UUIDs and hex digests, which are identifiers.
func hideRandom(text string) string {
	return longRun.ReplaceAllStringFunc(text, func(run string) string {
		if strings.ToLower(run) != run && strings.ToUpper(run) != run && strings.ContainsAny(run, "0123456789") {
			return clean.Hidden
		}
		return run
	})
}
