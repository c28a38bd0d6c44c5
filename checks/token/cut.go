package token

import (
	"strings"

	"lkdoctor/checks/finding"
)

// ends are the characters that tools take for the end of a value.
const ends = "&;?=:,/|@%!+\"'`\\<>(){}[]\t\n"

// cut tries the secret without its end or its beginning.
func (e *explainer) cut() (Variant, bool) {
	s := e.secret
	for n := len(s) - 1; n > 0; n-- {
		if e.try(s[:n]) {
			switch s[n] {
			case '#':
				return variant("cut-at-hash", SideSigner, finding.Textf("cut off at a #"), &cutHash)
			case '$':
				return variant("cut-at-dollar", SideSigner, finding.Textf("cut off at a $"), &dollars)
			case ' ':
				return variant("cut-at-space", SideSigner, finding.Textf("cut off at a blank"), &blanks)
			}
			if strings.Trim(s[n:], "=") == "" {
				return variant("padding-removed", SideSigner, finding.Textf("without the = at its end"), &splitEquals)
			}
			if strings.IndexByte(ends, s[n]) >= 0 {
				return variant("cut-at-character", SideSigner, finding.Textf("cut off at the character “%s”", s[n:n+1]), &splitOff)
			}
			return variant("cut-at-end", SideSigner, finding.Textf("only its first %d of %d bytes", n, len(s)), &cutShort)
		}
		if e.try(s[len(s)-n:]) {
			if strings.IndexByte(ends, s[len(s)-n-1]) >= 0 {
				return variant("cut-after-character", SideSigner, finding.Textf("only what follows the character “%s”", s[len(s)-n-1:len(s)-n]), &splitOff)
			}
			return variant("cut-at-start", SideSigner, finding.Textf("only its last %d of %d bytes", n, len(s)), &cutShort)
		}
		if t := strings.TrimRight(s[:n], " \t"); s[n] == '#' && len(t) != n && e.try(t) {
			return variant("cut-at-hash", SideSigner, finding.Textf("cut off at a blank and a #"), &cutHash)
		}
	}
	return Variant{}, false
}
