package answer

// role is what a field's name promises.
type role int

const (
	noRole role = iota
	tokenRole
	urlRole
	roomRole
	identityRole
	expiryRole
	convRole
)

// meaning is a role and the name's place among the names of that role, the most
// telling first.
type meaning struct {
	role role
	rank int
}

// meanings maps normalised names to what they promise. The names are those seen
// in public code, with a few that are plausible.
func meanings() map[string]meaning {
	known := map[string]meaning{}
	for r, names := range map[role][]string{
		tokenRole: {"participanttoken", "livekittoken", "accesstoken", "token", "jwt", "rtctoken", "jointoken"},
		urlRole: {"serverurl", "livekiturl", "wsurl", "url", "livekitwsurl", "livekitsocketurl", "livekithost",
			"host", "endpoint"},
		roomRole:     {"roomname", "room"},
		identityRole: {"participantidentity", "identity", "participantname"},
		expiryRole:   {"expiresat", "expires", "expiry", "exp"},
		convRole:     {"convid", "conversationid"},
	} {
		for i, name := range names {
			known[name] = meaning{r, i}
		}
	}
	return known
}

// wrappers are the names under which answers put everything one level down.
func isWrapper(name string) bool {
	switch name {
	case "data", "result", "livekit", "connection", "connectiondetails", "credentials", "payload":
		return true
	}
	return false
}

// maxNormal is longer than any name that means something.
const maxNormal = 40

// normal brings a JSON key to the form that names are compared in: lower
// case, without "_" and "-". A key with any other character has no normal form,
// so that "tok\u0000en" is never taken for "token".
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

// usualToken and usualURL are the paths that a profile's reader reads.
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
