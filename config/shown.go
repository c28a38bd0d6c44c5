package config

import (
	"regexp"
	"strings"
	"unicode"

	"lkdoctor/config/clean"
	"lkdoctor/config/secret"
)

// Shown is one setting in a form that is safe to show in documents and reports.
type Shown struct {
	Name   string `json:"name"`
	Source string `json:"source"`
	Value  string `json:"value"`
	// Length is the length of the hidden value in bytes, and Fingerprint distinguishes it
	// from others. Both are set only with CompareSecrets.
	Length      int    `json:"length,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"`
	// Line is its line in the env file that it comes from.
	Line int `json:"line,omitempty"`
	// Hides are the values that it has in sources of lower precedence.
	Hides []ShownHidden `json:"hides,omitempty"`
}

// ShownHidden is a value that a setting hides, in a form that is safe to show.
type ShownHidden struct {
	Source string `json:"source"`
	Line   int    `json:"line,omitempty"`
	Value  string `json:"value"`
	// Differs reports whether it is another value than the one in use.
	Differs bool `json:"differs"`
}

// Shown lists the settings that are set, redacted, in a fixed order. Never nil.
func (s *Settings) Shown() []Shown {
	shown := []Shown{}
	for _, setting := range s.All() {
		if setting.IsSet() {
			shown = append(shown, s.show(setting))
		}
	}
	return shown
}

// Fingerprint returns the fingerprint of a value, salted with the API key. It is ""
// unless CompareSecrets is set.
func (s *Settings) Fingerprint(value secret.Value) string {
	if !s.CompareSecrets {
		return ""
	}
	return value.Fingerprint(s.APIKey.Value)
}

func (s *Settings) show(setting *Setting) Shown {
	value := setting.Secret.Reveal()
	shown := Shown{Name: setting.Name, Source: visible(setting.Source.String()), Value: s.shownValue(setting, value), Line: setting.Line}
	if shown.Value == clean.Hidden && s.CompareSecrets {
		shown.Length, shown.Fingerprint = len(value), s.Fingerprint(setting.Secret)
	}
	for _, lower := range setting.Shadows {
		shown.Hides = append(shown.Hides, ShownHidden{
			Source: visible(lower.Source.String()), Line: lower.Line,
			Value: s.shownValue(setting, lower.Secret.Reveal()), Differs: lower.Differs,
		})
	}
	return shown
}

func (s *Settings) shownValue(setting *Setting, value string) string {
	switch {
	case value == "":
		return ""
	case setting == &s.Ticket:
		return ShowTicket(value)
	case setting.Sensitive || looksSecret(value) || s.holdsSecret(value):
		return clean.Hidden
	case setting == &s.APIKey:
		return visible(value)
	}
	return ShowURL(value)
}

// holdsSecret reports whether a value that is shown contains the secret or the token,
// as when key and secret are swapped. The short secret of --dev is no secret.
func (s *Settings) holdsSecret(value string) bool {
	if strings.HasPrefix(s.APISecret.Secret.Reveal(), "API") && !strings.HasPrefix(value, "API") &&
		!strings.Contains(value, "://") {
		return true
	}
	for _, known := range []secret.Value{s.APISecret.Secret, s.Token.Secret} {
		if known.Len() > len(DevAPISecret) && strings.Contains(value, known.Reveal()) {
			return true
		}
	}
	return false
}

var secretShape = regexp.MustCompile(`^[\s'"]*[A-Za-z0-9+/=_.-]{32,}[\s'"]*$`)

// looksSecret reports whether a key or address looks like a secret or token: long, and
// in the alphabet of encoded random bytes. LiveKit's keys have 15 characters.
func looksSecret(value string) bool {
	return secretShape.MatchString(value) && (strings.Count(value, ".") == 2 || !strings.Contains(value, "."))
}

// ShowTicket returns the first seven characters of a ticket, but at most half of it.
func ShowTicket(ticket string) string {
	runes := []rune(ticket)
	return visible(string(runes[:min(7, len(runes)/2)])) + "…"
}

// ShowURL returns an address, even malformed, without password, query and fragment.
func ShowURL(address string) string {
	scheme, rest := "", address
	if before, after, found := strings.Cut(address, "://"); found {
		scheme, rest = before+"://", after
	}
	rest, fragment, _ := strings.Cut(hidePassword(rest), "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	if hasQuery {
		rest += "?" + clean.HideQuery(query)
	}
	if fragment != "" {
		rest += "#" + clean.Hidden
	}
	return visible(scheme + rest)
}

// hidePassword hides the password of an address without its scheme: the text between the
// first colon and the last @. An unescaped / ? or # in a password ends the authority for
// a strict parser; the text is a password here unless a port number follows the colon.
func hidePassword(rest string) string {
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return rest
	}
	colon := strings.IndexByte(rest[:at], ':')
	if colon < 0 {
		return rest
	}
	authority := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = i
	}
	if at > authority {
		if inside := strings.LastIndexByte(rest[:authority], '@'); inside > colon {
			at = inside
		} else if colon > authority || strings.Trim(rest[colon+1:authority], "0123456789") == "" {
			return rest
		}
	}
	return rest[:colon+1] + clean.Hidden + rest[at:]
}

const maxShown = 200

// visible makes text from a file safe to show: control, direction and other invisible
// characters become U+FFFD, and a long text is cut.
func visible(text string) string {
	var out strings.Builder
	count := 0
	for _, r := range text {
		if count++; count > maxShown {
			out.WriteString("…")
			break
		}
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) {
			r = unicode.ReplacementChar
		}
		out.WriteRune(r)
	}
	return out.String()
}
