package config

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Secrets returns the values that these settings know to be secret: those of the
// settings, of lk's projects, of variables meant for a setting, and secrets in the
// wrong place, in the key or in an address.
func (s *Settings) Secrets() []string {
	var list []string
	for _, set := range s.All() {
		value := set.Secret.Reveal()
		switch {
		case set.Sensitive || looksSecret(value) || set == &s.APIKey && s.holdsSecret(value):
			list = append(list, value, set.Literal.Reveal())
			for _, hidden := range set.Shadows {
				list = append(list, hidden.Secret.Reveal())
			}
		case set == &s.APIKey:
			list = append(list, random(value)...)
		default:
			list = append(list, AddressSecrets(value)...)
			for _, hidden := range set.Shadows {
				list = append(list, AddressSecrets(hidden.Secret.Reveal())...)
			}
		}
	}
	for _, project := range s.Projects {
		list = append(list, project.APISecret.Reveal())
		list = append(list, AddressSecrets(project.URL)...)
	}
	for setting, miss := range s.NearMisses() {
		switch value := miss.Value.Reveal(); {
		case miss.Setting == "LIVEKIT_KEYS":
			_, value, _ = strings.Cut(value, ":")
			list = append(list, strings.Trim(value, `"' }`))
		case setting == "LIVEKIT_API_SECRET":
			list = append(list, value)
		default:
			list = append(list, AddressSecrets(value)...)
		}
	}
	return list
}

// AddressSecrets returns the parts of an address that may be secret: a password, a user
// name without one, values of the query, the fragment, what looks random.
func AddressSecrets(address string) []string {
	list := random(address)
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" {
		return list
	}
	if u.User != nil {
		password, has := u.User.Password()
		if !has {
			password = u.User.Username()
		}
		list = append(list, password)
	}
	query, _ := url.ParseQuery(u.RawQuery) // the valid part is enough
	for name, values := range query {
		for _, value := range append(values, name) {
			if len(value) >= 8 && (value != name || looksSecret(value)) {
				list = append(list, value)
			}
		}
	}
	if len(u.Fragment) >= 8 {
		list = append(list, u.Fragment)
	}
	return list
}

// run matches what may be random: 18 random bytes in base64 have 24 characters.
var run = regexp.MustCompile(`[\w+=%-]{24,}`)

// random returns the runs of a text that look random: upper case, lower case and
// digits, or hex digits longer than any name. Host names have no upper case, and dots.
func random(text string) []string {
	return slices.DeleteFunc(run.FindAllString(text, -1), func(run string) bool {
		mixed := strings.ToLower(run) != run && strings.ToUpper(run) != run
		hex := len(run) >= 40 && strings.Trim(run, "0123456789abcdefABCDEF") == ""
		return !strings.ContainsAny(run, "0123456789") || !mixed && !hex
	})
}
