package answer

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// serverOf returns the LiveKit server of an address: scheme, host and path prefix,
// without userinfo, /rtc and what follows, query and fragment. In pages of LiveKit
// (meet.livekit.io/custom) the server is a parameter. It returns "" for an address
// that is not absolute.
func serverOf(text string) string {
	text = strings.TrimSpace(text)
	before, query, _ := strings.Cut(text[:min(len(text), 1<<16)], "?")
	before, _, _ = strings.Cut(before, "#")
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		switch strings.ToLower(name) {
		case "livekiturl", "serverurl", "wsurl", "livekit_url":
			if decoded, err := url.QueryUnescape(value); err == nil && wsAddress(decoded) {
				before = decoded
			}
		}
	}
	u, err := url.Parse(before)
	if err != nil || u.Host == "" || !slices.Contains([]string{"ws", "wss", "http", "https"}, strings.ToLower(u.Scheme)) {
		return ""
	}
	path := u.EscapedPath()
	if at := rtcAt(path); at >= 0 {
		path = path[:at]
	}
	return shownValue(strings.ToLower(u.Scheme)+"://"+u.Host+strings.TrimRight(path, "/"), maxURL)
}

// rtcAt returns the index of the signal path in a URL's path, or -1.
func rtcAt(path string) int {
	for _, end := range []string{"/rtc/v1/validate", "/rtc/v1", "/rtc/validate", "/rtc", "/twirp"} {
		at := strings.LastIndex(path, end)
		if at >= 0 && (len(path) == at+len(end) || path[at+len(end)] == '/') {
			return at
		}
	}
	return -1
}

// addressPattern matches an address in a text.
var addressPattern = regexp.MustCompile("[A-Za-z]{0,6}://[^ \t\r\n\"'`<>^\\\\)]*")

// serverIn returns the LiveKit server in a text: the first with ws or wss, as an address
// or in the query of one; else the first with http and LiveKit's path; else "".
func serverIn(text string) string {
	overHTTP := ""
	for _, found := range addressPattern.FindAllString(text, 100) {
		found = strings.TrimRight(found, ".,;:")
		server := serverOf(found)
		if wsAddress(server) {
			return server
		}
		if path, _, _ := strings.Cut(found, "?"); overHTTP == "" && rtcAt(path) >= 0 {
			overHTTP = server
		}
	}
	return overHTTP
}
