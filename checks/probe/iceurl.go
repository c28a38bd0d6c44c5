package probe

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/caps"
)

// ICEProblem is why a browser refuses an ICE server's URL. One such URL makes
// RTCPeerConnection refuse the whole configuration.
type ICEProblem string

// The problems, in the order in which they are looked for.
const (
	ICETooLong     ICEProblem = "too_long"    // no host name is that long: it was not parsed
	ICEEmpty       ICEProblem = "empty"       // "", or a server without URLs
	ICEScheme      ICEProblem = "scheme"      // none of stun, stuns, turn, turns
	ICESlashes     ICEProblem = "slashes"     // turn://host: these URLs have no slashes
	ICEUserinfo    ICEProblem = "userinfo"    // turn:user@host: the user name is a field of its own
	ICEQuery       ICEProblem = "query"       // stun: takes none, turn: only ?transport=
	ICETransport   ICEProblem = "transport"   // ?transport= is neither udp nor tcp
	ICEHost        ICEProblem = "host"        // empty, or with characters that no host has
	ICEPort        ICEProblem = "port"        // not a number from 1 to 65535
	ICECredentials ICEProblem = "credentials" // turn: and turns: need user name and credential
	ICEUsername    ICEProblem = "username"    // the user name is longer than 509 bytes
)

// ICEURL is the URL of a STUN or TURN server (RFC 7064, RFC 7065).
type ICEURL struct {
	// Scheme is stun, stuns, turn or turns.
	Scheme string
	// Host is a name or an address, an IPv6 address without its brackets. It is not
	// cleaned.
	Host string
	// Port is 3478 or 5349 where the URL names none.
	Port int
	// Transport is udp or tcp: the URL's, else the scheme's default.
	Transport string
}

// TURN reports whether the URL names a TURN server.
func (u ICEURL) TURN() bool { return strings.HasPrefix(u.Scheme, "turn") }

// ParseICEURL parses the URL of an ICE server as RTCPeerConnection does: problem is
// "" for one that it accepts. What Chromium 156 does with each form is in the test;
// where it accepts what the RFCs do not allow ("[::1]3478"), the RFCs count. White
// space around the URL, and tabs and line feeds in it, are ignored: the URL parser
// of browsers drops them.
func ParseICEURL(s string) (u ICEURL, problem ICEProblem) {
	if len(s) > caps.ICEURL {
		return u, ICETooLong
	}
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
	if strings.ContainsAny(s, "\t\n\r") {
		s = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(s)
	}
	if s == "" {
		return u, ICEEmpty
	}
	scheme, rest, colon := strings.Cut(s, ":")
	if !colon {
		return u, ICEScheme
	}
	u.Scheme = strings.ToLower(scheme)
	u.Port, u.Transport = 3478, "udp"
	switch u.Scheme {
	case "stun", "turn":
	case "stuns", "turns":
		u.Port, u.Transport = 5349, "tcp"
	default:
		return u, ICEScheme
	}
	rest, query, hasQuery := strings.Cut(rest, "?")
	switch {
	case strings.HasPrefix(rest, "//"):
		return u, ICESlashes
	case strings.Contains(rest, "@"):
		return u, ICEUserinfo
	}
	if hasQuery {
		value, is := strings.CutPrefix(query, "transport=")
		if !is || !u.TURN() {
			return u, ICEQuery
		}
		if u.Transport = strings.ToLower(value); u.Transport != "udp" && u.Transport != "tcp" {
			return u, ICETransport
		}
	}
	port, problem := u.setHost(rest)
	if problem != "" || port == "" {
		return u, problem
	}
	n, err := strconv.ParseUint(strings.TrimLeft(port[1:], "0"), 10, 16)
	if err != nil || strings.ContainsAny(port[1:], "+_") {
		return u, ICEPort
	}
	u.Port = int(n)
	return u, ""
}

// setHost sets the host, and returns the rest: nothing, or a colon and a port.
func (u *ICEURL) setHost(rest string) (port string, problem ICEProblem) {
	if literal, is := strings.CutPrefix(rest, "["); is {
		host, port, closed := strings.Cut(literal, "]")
		addr, err := netip.ParseAddr(host)
		if !closed || err != nil || !addr.Is6() || port == ":" || port != "" && port[0] != ':' {
			return "", ICEHost
		}
		u.Host = host
		return port, ""
	}
	host, port, hasPort := strings.Cut(rest, ":")
	if host == "" || hasPort && port == "" || strings.ContainsFunc(host, notInHost) {
		return "", ICEHost
	}
	u.Host = host
	if hasPort {
		port = ":" + port
	}
	return port, ""
}

// notInHost reports whether no registered name holds r (RFC 3986 §3.2.2). Browsers
// encode what is not ASCII.
func notInHost(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	return r < 0x80 && !letter && (r < '0' || r > '9') && !strings.ContainsRune("-._~!$&'()*+,;=%", r)
}

// ICEServerProblem is a URL that browsers refuse.
type ICEServerProblem struct {
	// URL is cleaned, at most 300 characters; "" for an entry without URLs.
	URL     string
	Problem ICEProblem
}

// ICEProblems checks every URL of servers. It returns the first 16 problems, and
// the number of all.
func (n *Net) ICEProblems(servers []*livekit.ICEServer) (problems []ICEServerProblem, count int) {
	add := func(u string, problem ICEProblem) {
		if count++; len(problems) < caps.ICEProblems {
			problems = append(problems, ICEServerProblem{URL: n.Line(u[:min(len(u), caps.ICEURL)]), Problem: problem})
		}
	}
	for _, s := range servers {
		if len(s.GetUrls()) == 0 {
			add("", ICEEmpty)
		}
		for _, raw := range s.GetUrls() {
			u, problem := ParseICEURL(raw)
			switch {
			case problem != "" || !u.TURN():
			case s.GetUsername() == "" || s.GetCredential() == "":
				problem = ICECredentials
			case len(s.GetUsername()) > caps.ICEUsername:
				problem = ICEUsername
			}
			if problem != "" {
				add(raw, problem)
			}
		}
	}
	return problems, count
}
