package config

import (
	"slices"
	"strings"
	"unicode"

	"lkdoctor/config/secret"
)

// NameMeans is the setting that a variable's name stands for.
type NameMeans struct {
	// Setting is LIVEKIT_URL, LIVEKIT_API_KEY or LIVEKIT_API_SECRET; it is
	// LIVEKIT_KEYS for the server's own setting, which holds key and secret.
	Setting string
	Exposed bool // whether a build tool copies such a variable into the browser's code
	Off     int  // the number of wrong letters; 0 if only the words differ
}

// browserPrefixes begin the names of variables that build tools copy into the browser's
// code: Next.js, Vite, Create React App, Expo, Gatsby, Nuxt, SvelteKit and Astro, Vue
// CLI, Angular, Preact, Razzle, Redwood, Storybook.
var browserPrefixes = []string{
	"NEXT_PUBLIC_", "VITE_", "REACT_APP_", "EXPO_PUBLIC_", "GATSBY_", "NUXT_PUBLIC_", "PUBLIC_", "VUE_APP_", "NG_APP_",
	"PREACT_APP_", "RAZZLE_", "REDWOOD_ENV_", "STORYBOOK_",
}

// Exposed reports whether a build tool copies the variable into the browser's code.
func Exposed(name string) bool {
	return slices.ContainsFunc(browserPrefixes, func(prefix string) bool { return strings.HasPrefix(strings.ToUpper(name), prefix) })
}

// Words of a name, after or before LIVEKIT or LK.
var (
	addressWords = []string{"URL", "URI", "HOST", "HOSTNAME", "ENDPOINT", "WS", "WSS", "WSURL", "WEBSOCKET", "SOCKET",
		"SERVER", "DOMAIN", "ADDRESS", "ADDR"}
	keyWords    = []string{"KEY", "APIKEY"}
	secretWords = []string{"SECRET", "APISECRET", "SECRETKEY"}
	// Words that may occur too and mean no other service.
	neutralWords = []string{"API", "ACCESS", "ID", "PUBLIC", "PRIVATE", "INTERNAL", "EXTERNAL", "CLIENT", "BROWSER", "WEB", "CLOUD",
		"PROJECT", "BASE", "DEV", "PROD", "PRODUCTION", "STAGING", "LOCAL", "DEFAULT", "SIGNAL", "RTC"}
)

// Means recognises a name that is meant for one of LiveKit's three variables: with
// other words (LIVEKIT_WS_URL, LK_SECRET), a framework's or an app's prefix
// (NEXT_PUBLIC_LIVEKIT_URL, MYAPP_LIVEKIT_KEY), other case or separators (livekitUrl,
// LIVEKIT-API-KEY), or wrong letters (LIVEKIT_API_SECERT, LIVKIT_URL). Names of other
// things (LIVEKIT_EGRESS_URL, LIVEKIT_SIP_SECRET, LIVEKIT_INFERENCE_API_KEY) mean none
// of the three.
func Means(name string) (NameMeans, bool) {
	if len(name) > 100 {
		return NameMeans{}, false
	}
	m := NameMeans{Exposed: Exposed(name)}
	words := wordsOf(name)
	brand := -1
	for i, word := range words {
		if off, is := brandOff(word); is && (brand < 0 || off < m.Off) {
			brand, m.Off = i, off
		}
	}
	if brand < 0 {
		return m, false
	}
	rest := words[brand+1:]
	if len(rest) == 0 {
		rest = words[:brand]
	}
	setting, off := settingOf(rest)
	m.Setting, m.Off = setting, m.Off+off
	return m, setting != "" && m.Off <= 2
}

// wordsOf splits a name at its separators and at the changes of case, upper-cased.
// LIVEKIT stands alone where it was written together with the rest.
func wordsOf(name string) []string {
	var b strings.Builder
	lower := false
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			b.WriteByte(' ')
		case unicode.IsUpper(r) && lower:
			b.WriteByte(' ')
			fallthrough
		default:
			b.WriteRune(unicode.ToUpper(r))
		}
		lower = unicode.IsLower(r)
	}
	text := strings.ReplaceAll(b.String(), "LIVE KIT", "LIVEKIT")
	return strings.Fields(strings.ReplaceAll(text, "LIVEKIT", " LIVEKIT "))
}

// brandOff returns the number of wrong letters in a word for LIVEKIT or LK. It is false
// for any other word.
func brandOff(word string) (int, bool) {
	if word == "LK" {
		return 0, true
	}
	if len(word) < 5 || word[0] != 'L' {
		return 0, false
	}
	off := distance(word, "LIVEKIT")
	return off, off <= 2
}

// settingOf returns the setting that words stand for, "" if none, and the number of wrong
// letters.
func settingOf(words []string) (string, int) {
	if len(words) == 0 || len(words) > 5 {
		return "", 0
	}
	together := strings.Join(words, "")
	switch {
	case together == "KEYS":
		return "LIVEKIT_KEYS", 0
	case together == "API":
		return "LIVEKIT_API_KEY", 0
	}
	highest, off := 0, 0
	for _, word := range words {
		rank, letters := rankOf(word)
		if rank == 0 && !slices.Contains(neutralWords, word) {
			return closeTo(together)
		}
		highest, off = max(highest, rank), off+letters
	}
	return []string{"", "LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"}[highest], off
}

// rankOf returns 1, 2 or 3 for a word of an address, a key or a secret, and the number
// of wrong letters in it. Of several words the highest counts: a SECRET_KEY is a
// secret, a SERVER_KEY a key.
func rankOf(word string) (rank, off int) {
	for i, words := range [][]string{addressWords, keyWords, secretWords} {
		if slices.Contains(words, word) {
			return i + 1, 0
		}
	}
	if len(word) < 5 || slices.Contains(neutralWords, word) { // a short word is close to many others: APP is no API
		return 0, 0
	}
	if off := distance(word, "SECRET"); off <= 2 {
		return 3, off
	}
	for _, long := range []string{"HOSTNAME", "ENDPOINT", "WEBSOCKET", "DOMAIN", "ADDRESS"} {
		if distance(word, long) == 1 {
			return 1, 1
		}
	}
	return 0, 0
}

// closeTo returns the setting that words without a known meaning stand for when they are
// joined, "" if none, and the number of wrong letters.
func closeTo(together string) (string, int) {
	for _, c := range []struct {
		word, setting string
		most          int
	}{{"APISECRET", "LIVEKIT_API_SECRET", 2}, {"APIKEY", "LIVEKIT_API_KEY", 1}, {"KEY", "LIVEKIT_API_KEY", 1}, {"URL", "LIVEKIT_URL", 1}} {
		if off := distance(together, c.word); off <= c.most && (len(c.word) > 3 || len(together) == 3 && together[0] == c.word[0]) {
			return c.setting, off
		}
	}
	return "", 0
}

// distance returns the number of wrong letters: added, missing, replaced or swapped
// (optimal string alignment). It is 4 for any length that differs by more than 3.
func distance(a, b string) int {
	if d := len(a) - len(b); d > 3 || d < -3 {
		return 4
	}
	var before, last, row []int
	for i := range len(a) + 1 {
		before, last, row = last, row, make([]int, len(b)+1)
		for j := range row {
			switch {
			case i == 0 || j == 0:
				row[j] = i + j
			case a[i-1] == b[j-1]:
				row[j] = last[j-1]
			default:
				row[j] = 1 + min(last[j], row[j-1], last[j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}

// NearMiss is a variable that is set under a name that nothing reads.
type NearMiss struct {
	NameMeans
	Name   string
	Value  secret.Value
	Source Source
}

// NearMisses returns, for each of url, key, secret and the ticket service's address that
// is not set, the variable most probably meant for it, by the setting's name. It prefers
// variables of the server side to those of the browser, then the closer name.
func (s *Settings) NearMisses() map[string]NearMiss {
	best := map[string]NearMiss{}
	offer := func(setting string, miss NearMiss) {
		other, has := best[setting]
		for _, set := range []Setting{s.URL, s.APIKey, s.APISecret, s.TicketService} {
			if set.Name == setting && set.Secret.Empty() && (!has || miss.before(other)) {
				best[setting] = miss
			}
		}
	}
	for _, name := range s.Env.Names() {
		value, source, _ := s.Env.Lookup(name)
		if strings.TrimSpace(value) == "" {
			continue
		}
		if means, is := Means(name); is {
			miss := NearMiss{means, name, secret.New(value), source}
			switch {
			case means.Setting == "LIVEKIT_KEYS" && strings.Contains(value, ":"):
				offer("LIVEKIT_API_KEY", miss)
				offer("LIVEKIT_API_SECRET", miss)
			case name != means.Setting && (means.Setting != "LIVEKIT_URL" || mayBeAddress(value)):
				offer(means.Setting, miss)
			}
		}
		service := s.TicketService.Name
		if off, is := meansService(name); is && name != service && mayBeAddress(value) {
			offer(service, NearMiss{NameMeans{service, Exposed(name), off}, name, secret.New(value), source})
		}
	}
	return best
}

// meansService reads a variable's name as Means does, for USER_MGMT_BASE_URL: after a
// browser's prefix, with other words (USER_MGMT_URL) or with wrong letters.
func meansService(name string) (off int, is bool) {
	words := wordsOf(name)
	if at := slices.Index(words, "USER"); at >= 0 {
		words = words[at:]
	}
	if len(words) == 0 || len(name) > 100 {
		return 0, false
	}
	together := strings.Join(words, "")
	if off := distance(together, "USERMGMTBASEURL"); off <= 2 {
		return off, true
	}
	brand := strings.HasPrefix(together, "USERMGMT") || strings.HasPrefix(together, "USERMANAGEMENT")
	return 0, brand && slices.Contains(addressWords, words[len(words)-1])
}

// before reports whether m is more probably meant for a setting than other.
func (m NearMiss) before(other NearMiss) bool {
	keys := func(m NearMiss) bool { return m.Setting == "LIVEKIT_KEYS" }
	switch {
	case m.Exposed != other.Exposed:
		return other.Exposed
	case keys(m) != keys(other):
		return keys(other)
	case m.Off != other.Off:
		return m.Off < other.Off
	}
	return m.Name < other.Name
}

// mayBeAddress reports whether a value is no switch and no number.
func mayBeAddress(value string) bool {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "true", "false", "yes", "no", "on", "off":
		return false
	}
	return strings.ContainsFunc(value, unicode.IsLetter) || strings.Contains(value, ".")
}
