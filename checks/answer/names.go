package answer

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

// meanings maps normalised names to their meaning. The names are from public code,
// with a few plausible ones.
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
	switch name {
	case "data", "result", "livekit", "connection", "connectiondetails", "credentials", "payload":
		return true
	}
	return false
}

// maxNormal exceeds the length of every name with a meaning.
const maxNormal = 40

// normal returns a JSON key in the form in which names are compared: lower case,
// without "_" and "-". A key with any other character has none, so that "tok\u0000en"
// is not taken for "token".
func normal(key string) string {
	if len(key) > maxNormal {
		return ""
	}
	var buffer [maxNormal]byte
	n := 0
	for _, c := range []byte(key) {
		switch {
		case c == '_' || c == '-':
			continue
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
		default:
			return ""
		}
		buffer[n] = c
		n++
	}
	return string(buffer[:n])
}

// usualToken and usualURL return the paths that a profile's client reads.
func (p Profile) usualToken() []string {
	switch p {
	case Endpoint:
		return []string{"participant_token", "participantToken"}
	case Frontend:
		return []string{"participantToken"}
	}
	return []string{"token"}
}

func (p Profile) usualURL() []string {
	switch p {
	case Endpoint:
		return []string{"server_url", "serverUrl"}
	case Frontend:
		return []string{"serverUrl"}
	}
	return []string{"url"}
}
