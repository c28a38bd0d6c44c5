package checks

import (
	"net/url"
	"strconv"
	"strings"

	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
)

// urlFindings judges LIVEKIT_URL by its text alone.
func urlFindings(raw string) []Finding {
	tell := func(code Code, severity finding.Severity, format string, args ...any) Finding {
		return finding.New(code, severity, format, args...).With("setting", "LIVEKIT_URL").With("url", clean.URL(raw))
	}
	if shown, is := placeholderIn(raw); is {
		return []Finding{tell(finding.EnvPlaceholder, finding.Fail,
			"LIVEKIT_URL is still the placeholder %s from a template", shown).With("placeholder", shown)}
	}
	if reason, at := serverURLFault(raw); !reason.IsZero() {
		f := tell(finding.EnvURLInvalid, finding.Fail, "LIVEKIT_URL is not a URL that can be used: %s", reason)
		if at >= 0 {
			f = f.With("position", at+1)
		}
		return []Finding{f}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return []Finding{tell(finding.EnvURLInvalid, finding.Fail, "LIVEKIT_URL is not a URL that can be used: %s",
			finding.Textf("it cannot be parsed"))}
	}
	return usableURLFindings(u, tell)
}

// usableURLFindings are about a URL that can be dialled, and may mislead all
// the same.
func usableURLFindings(u *url.URL, tell func(Code, finding.Severity, string, ...any) Finding) []Finding {
	var findings []Finding
	host, scheme := clean.Line(u.Host, 120), strings.ToLower(u.Scheme)
	if path := strings.Trim(u.Path, "/"); path != "" {
		f := tell(finding.EnvURLPath, finding.Warn,
			"LIVEKIT_URL carries the path /%s; LiveKit's SDKs add /rtc to it themselves", clean.Line(path, 80))
		if path == "rtc" || strings.HasSuffix(path, "/rtc") {
			f = f.As("rtc")
		}
		findings = append(findings, f.With("path", clean.Line(u.Path, 80)))
	} else if u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		findings = append(findings, tell(finding.EnvURLPath, finding.Warn,
			"LIVEKIT_URL carries a query or a fragment, which LiveKit's SDKs cannot use"))
	}
	if scheme == "http" || scheme == "https" {
		findings = append(findings, tell(finding.EnvURLSchemeHTTP, finding.Info,
			"LIVEKIT_URL begins with %s://; LiveKit's SDKs take it, and use %s:// instead",
			scheme, strings.Replace(scheme, "http", "ws", 1)))
	}
	if (scheme == "ws" || scheme == "http") && !isLoopback(u.Hostname()) {
		findings = append(findings, tell(finding.EnvURLInsecure, finding.Warn,
			"LIVEKIT_URL is not encrypted and %s is not localhost: browsers refuse it on https pages", host))
	}
	if port := u.Port(); port == "7881" || port == "7882" {
		findings = append(findings, tell(finding.EnvURLMediaPort, finding.Warn,
			"LIVEKIT_URL names port %s, which LiveKit uses for media; signalling is on 7880 unless it was changed", port).
			With("port", port))
	}
	return findings
}

// urlFault finds the first thing that makes raw useless as a URL, and where,
// in characters from the start (-1 where there is no one place).
func urlFault(raw string) (Text, int) {
	if i := strings.IndexRune(raw, '='); i >= 0 && i < strings.Index(raw+"://", "://") {
		return finding.Textf("it begins with %q, as if the variable had been written with two =", raw[:i+1]), i
	}
	if at, what := firstQuote(raw); at >= 0 {
		return finding.Textf("it holds %s at character %d", what, at+1), at
	}
	if at, what := firstSpace(raw); at >= 0 {
		return finding.Textf("it holds %s at character %d", what, at+1), at
	}
	scheme, rest, has := strings.Cut(raw, "://")
	if !has {
		return finding.Textf("it has no scheme: it must begin with ws:// or wss://"), 0
	}
	switch strings.ToLower(scheme) {
	case "ws", "wss", "http", "https":
	default:
		return finding.Textf("its scheme is %s://, and must be ws:// or wss://", clean.Line(scheme, 20)), 0
	}
	authority, _, _ := strings.Cut(strings.SplitN(rest, "?", 2)[0], "/")
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		authority = authority[at+1:]
	}
	return hostFault(authority, len([]rune(scheme))+3)
}

// serverURLFault is urlFault for the address of a LiveKit server, which takes
// the token and nothing else as a credential.
func serverURLFault(raw string) (Text, int) {
	if reason, at := urlFault(raw); !reason.IsZero() {
		return reason, at
	}
	if u, err := url.Parse(raw); err == nil && u.User != nil {
		return finding.Textf("it holds a user name or a password before an @, and LiveKit's SDKs send none"), -1
	}
	return Text{}, -1
}

// hostFault looks at host and port; offset is where they begin in the URL.
func hostFault(authority string, offset int) (Text, int) {
	host, port := authority, ""
	if i := strings.LastIndex(authority, ":"); i >= 0 && !strings.HasSuffix(authority, "]") {
		if strings.Count(authority, ":") > 1 && !strings.Contains(authority, "]") {
			return finding.Textf("an IPv6 address must stand in square brackets"), offset
		}
		host, port = authority[:i], authority[i+1:]
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return finding.Textf("its port %q is not a number from 1 to 65535", clean.Line(port, 20)), offset + len(host) + 1
		}
	}
	switch {
	case host == "":
		return finding.Textf("it has no host"), offset
	case strings.HasPrefix(host, "["):
		return Text{}, -1
	case strings.HasPrefix(host, "."), strings.Contains(host, ".."):
		return finding.Textf("a part of its host name is empty, as when a variable in it was not filled"), offset + max(0, strings.Index(host, ".."))
	}
	for i, r := range host {
		if !(r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127) {
			return finding.Textf("its host holds %q at character %d", string(r), offset+i+1), offset + i
		}
	}
	return Text{}, -1
}
