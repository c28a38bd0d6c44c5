package answer

import (
	"slices"
	"strings"
)

// role is what a field's value is, by its name.
type role int

const (
	noRole role = iota
	tokenRole
	urlRole
	roomRole
	identityRole
)

// meaning is a role, and the name's rank among the names of that role, the best first.
type meaning struct {
	role role
	rank int
}

// meanings maps normalised names to their meaning. Most names are from public code.
func meanings() map[string]meaning {
	known := map[string]meaning{}
	for r, names := range map[role][]string{
		tokenRole: {"participanttoken", "livekittoken", "accesstoken", "token", "jwt", "rtctoken", "jointoken"},
		urlRole: {"serverurl", "livekiturl", "wsurl", "url", "livekitwsurl", "livekitsocketurl", "livekithost",
			"host", "endpoint"},
		roomRole:     {"roomname", "room"},
		identityRole: {"participantidentity", "identity", "participantname"},
	} {
		for i, name := range names {
			known[name] = meaning{r, i}
		}
	}
	return known
}

// isWrapper reports whether name is that of a member that holds the whole response.
func isWrapper(name string) bool {
	return slices.Contains([]string{"data", "result", "livekit", "connection", "connectiondetails", "credentials", "payload"}, name)
}

// maxNormal exceeds the length of every name with a meaning.
const maxNormal = 40

var withoutDashes = strings.NewReplacer("_", "", "-", "")

// normal returns a JSON key in lower case, without "_" and "-", for comparison. A key
// with any other character has none, so that "tok\u0000en" is not taken for "token".
func normal(key string) string {
	if len(key) > maxNormal || strings.Contains(key, ".") || strings.ContainsFunc(key, notJWT) {
		return ""
	}
	return withoutDashes.Replace(strings.ToLower(key))
}

// usual are the paths that each profile's client reads.
var usual = map[Profile]struct{ token, url []string }{
	TicketService: {[]string{"token"}, []string{"url"}},
	Endpoint:      {[]string{"participant_token", "participantToken"}, []string{"server_url", "serverUrl"}},
	Frontend:      {[]string{"participantToken"}, []string{"serverUrl"}},
}
