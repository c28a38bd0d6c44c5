package checks

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/placeholder"
	"lkdoctor/checks/probe"
	"lkdoctor/config/clean"
)

// urlFindings judges LIVEKIT_URL by its text; the diagnosis drops what a probe refutes.
func urlFindings(raw string) []Finding {
	build := func(code Code, severity finding.Severity, format string, args ...any) Finding {
		return finding.New(code, severity, format, args...).With("setting", "LIVEKIT_URL").With("url", clean.URL(raw))
	}
	if found, is := placeholder.InURL(raw); is {
		return []Finding{unfilled(build(finding.EnvPlaceholder, finding.Fail, "%s holds %s",
			"LIVEKIT_URL", placeholderWords(found)), found)}
	}
	if fault := serverFault(raw); !fault.text.IsZero() {
		f := build(finding.EnvURLInvalid, finding.Fail, "LIVEKIT_URL is not a URL that can be used: %s", fault.text).As(fault.variant)
		if fault.at >= 0 {
			f = f.With("position", fault.at+1)
		}
		return []Finding{suggesting(f, corrected(raw, webSockets()))}
	}
	u, _ := url.Parse(raw) // serverFault reports what cannot be parsed
	var findings []Finding
	scheme, name := strings.ToLower(u.Scheme), u.Hostname()
	bare := corrected(u.String(), webSockets())
	if path := strings.Trim(u.Path, "/"); path != "" {
		f := build(finding.EnvURLPath, finding.Warn,
			"LIVEKIT_URL carries the path /%s; LiveKit's SDKs add /rtc to it themselves", clean.Line(path, 80)).As("path")
		if path == "rtc" || strings.HasSuffix(path, "/rtc") {
			f = suggesting(f.As("rtc"), strings.TrimRight(strings.TrimSuffix(bare, "/rtc"), "/"))
		} else {
			f = suggesting(f, strings.TrimSuffix(bare, "/"+path))
		}
		findings = append(findings, f.With("path", clean.Line(u.Path, 80)))
	} else if u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		findings = append(findings, suggesting(build(finding.EnvURLPath, finding.Warn,
			"LIVEKIT_URL carries a query or a fragment, which LiveKit's SDKs cannot use").As("query"), bare))
	}
	if scheme == "http" || scheme == "https" {
		findings = append(findings, suggesting(build(finding.EnvURLSchemeHTTP, finding.Info,
			"LIVEKIT_URL begins with %s://; LiveKit's SDKs take it, and use %s:// instead",
			scheme, strings.Replace(scheme, "http", "ws", 1)), bare))
	}
	if !probe.Secure(u) && !probe.IsLoopbackHost(name) {
		findings = append(findings, build(finding.EnvURLInsecure, finding.Warn,
			"LIVEKIT_URL is not encrypted and %s is not localhost: browsers refuse it on https pages", clean.Line(u.Host, 120)).
			As(insecureHost(name)))
	}
	if port := u.Port(); port == "7881" || port == "7882" {
		to := url.URL{Scheme: "ws", Host: net.JoinHostPort(name, "7880")}
		if probe.Secure(u) {
			to = url.URL{Scheme: "wss", Host: strings.TrimSuffix(u.Host, ":"+port)}
		}
		findings = append(findings, suggesting(build(finding.EnvURLMediaPort, finding.Warn,
			"LIVEKIT_URL names port %s, which LiveKit uses for media; signalling is on 7880 unless it was changed", port).
			With("port", port), to.String()))
	}
	return findings
}

// suggesting adds the address to write instead, where it is known.
func suggesting(f Finding, address string) Finding {
	return withTexts(f, map[string]string{"suggestion": clean.URL(address)})
}

func insecureHost(host string) string {
	ip := net.ParseIP(host)
	switch {
	case isCloud(host):
		return "cloud"
	case ip != nil && ip.IsUnspecified():
		return "listen-address"
	case ip != nil:
		return "bare-address"
	case containerName(host):
		return "container-name"
	}
	return "named-host"
}

// family is a set of URL schemes that an address may have.
type family struct {
	plain, secure string
	both          Text // names the schemes in a sentence
}

func webSockets() family {
	return family{"ws", "wss", finding.Textf("ws:// or wss://")}
}

func webServices() family {
	return family{"http", "https", finding.Textf("http:// or https://")}
}

type urlFault struct {
	variant string // the variant of ENV_URL_INVALID
	text    Text
	at      int // the position of the fault in characters, -1 where it has none
}

var (
	anyScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	webScheme = regexp.MustCompile(`^(?i:wss?|https?):`)
	// secondURL matches the beginning of a second address in a list.
	secondURL   = regexp.MustCompile(`[,;|](?i:wss?|https?)://`)
	innerScheme = regexp.MustCompile(`^[A-Za-z]+:?//`)
)

// faultOf returns the first fault of raw as an address; its text is zero without one.
func faultOf(raw string, kind family) urlFault {
	if i := strings.IndexRune(raw, '='); i >= 0 && i < strings.Index(raw+"://", "://") {
		return urlFault{"two-equals", finding.Textf("it begins with %q, as if the variable had been written with two =",
			clean.Line(raw[:i+1], 40)), i}
	}
	if at, what := first(raw, quote); at >= 0 {
		return urlFault{"quotes", finding.Textf("it holds %s at character %d", what, at+1), at}
	}
	if at, what := first(raw, space); at >= 0 {
		return urlFault{"blanks", finding.Textf("it holds %s at character %d", what, at+1), at}
	}
	scheme := strings.TrimSuffix(anyScheme.FindString(raw), "://")
	if short := webScheme.FindString(raw); scheme == "" && short != "" {
		return urlFault{"no-slashes", finding.Textf("two slashes must follow %s", short), len(short)}
	}
	if scheme == "" {
		return urlFault{"no-scheme", finding.Textf("it has no scheme: it must begin with %s", kind.both), 0}
	}
	if !webScheme.MatchString(scheme + ":") {
		return urlFault{"other-scheme", finding.Textf("its scheme is %s://, and must be %s", clean.Line(scheme, 20), kind.both), 0}
	}
	rest := raw[len(scheme)+3:]
	if inner := innerScheme.FindString(rest); inner != "" {
		return urlFault{"two-schemes", finding.Textf("it has two schemes, %s and %s", scheme+"://", inner), len(scheme) + 3}
	}
	if i := secondURL.FindStringIndex(rest); i != nil {
		return urlFault{"two-addresses", finding.Textf("it holds two addresses, and LiveKit takes one"),
			len([]rune(raw)) - len([]rune(rest[i[0]:]))}
	}
	authority, _, _ := strings.Cut(strings.SplitN(rest, "?", 2)[0], "/")
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		authority = authority[at+1:]
	}
	if fault := hostFault(authority, len([]rune(raw))-len([]rune(rest))); !fault.text.IsZero() {
		return fault
	}
	if _, err := url.Parse(raw); err != nil {
		return urlFault{"unreadable", finding.Textf("it cannot be parsed"), -1}
	}
	return urlFault{at: -1}
}

// serverFault is faultOf for a LiveKit server, whose address may hold no credentials.
func serverFault(raw string) urlFault {
	fault := faultOf(raw, webSockets())
	if u, err := url.Parse(raw); fault.text.IsZero() && err == nil && u.User != nil {
		return urlFault{"credentials", finding.Textf("it holds a user name or a password before an @, and LiveKit's SDKs send none"), -1}
	}
	return fault
}

// serverURLFault returns why an address that came with a token cannot be used.
func serverURLFault(raw string) Text {
	if found, is := placeholder.InURL(raw); is {
		return finding.Textf("it holds %s", placeholderWords(found))
	}
	return serverFault(raw).text
}

// hostFault checks host and port; offset is their position in the URL.
func hostFault(authority string, offset int) urlFault {
	host, port := authority, ""
	if i := strings.LastIndex(authority, ":"); i >= 0 && !strings.HasSuffix(authority, "]") {
		if strings.Count(authority, ":") > 1 && !strings.Contains(authority, "]") {
			return urlFault{"ipv-six", finding.Textf("an IPv6 address must stand in square brackets"), offset}
		}
		host, port = authority[:i], authority[i+1:]
		at := offset + len([]rune(host)) + 1
		if port == "" {
			return urlFault{"port", finding.Textf("a colon stands behind its host, and no port"), at - 1}
		}
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return urlFault{"port", finding.Textf("its port %q is not a number from 1 to 65535", clean.Line(port, 20)), at}
		}
	}
	switch {
	case host == "":
		return urlFault{"host", finding.Textf("it has no host"), offset}
	case strings.HasPrefix(host, "["):
		return urlFault{at: -1}
	case strings.HasPrefix(host, "."), strings.Contains(host, ".."):
		return urlFault{"host", finding.Textf("a part of its host name is empty, as when a variable in it was not filled"),
			offset + max(0, strings.Index(host, ".."))}
	}
	for i, r := range []rune(host) {
		if !(r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127) {
			return urlFault{"host", finding.Textf("its host holds %q at character %d", string(r), offset+i+1), offset + i}
		}
	}
	return urlFault{at: -1}
}

// corrected returns raw as it was probably meant: without surrounding characters
// and query, and with one scheme of kind. It is empty where no address is left.
func corrected(raw string, kind family) string {
	if i := strings.LastIndexByte(raw[:strings.Index(raw+"://", "://")], '='); i >= 0 {
		raw = raw[i+1:]
	}
	raw = strings.Map(func(r rune) rune {
		if quote(r).IsZero() && space(r).IsZero() {
			return r
		}
		return -1
	}, raw)
	if i := secondURL.FindStringIndex(raw); i != nil {
		raw = raw[:i[0]]
	}
	named, secure := false, false
	for {
		scheme := webScheme.FindString(raw)
		if scheme == "" {
			scheme = anyScheme.FindString(raw)
		}
		if scheme == "" {
			break
		}
		name, _, _ := strings.Cut(strings.ToLower(scheme), ":")
		named = named || webScheme.MatchString(scheme)
		secure = secure || name == "wss" || name == "https"
		raw = strings.TrimLeft(raw[len(scheme):], ":/")
		raw = strings.TrimPrefix(strings.TrimPrefix(raw, "https//"), "http//")
	}
	raw = strings.TrimLeft(raw, ":/")
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		raw = raw[:i]
	}
	authority, path, _ := strings.Cut(raw, "/")
	authority = authority[strings.LastIndex(authority, "@")+1:]
	if fault := hostFault(authority, 0); fault.variant == "ipv-six" {
		authority = bracketed(authority)
	} else if fault.variant == "port" {
		authority = authority[:strings.LastIndex(authority, ":")]
		if kind.plain == "ws" && !secure {
			authority += ":7880"
		}
	}
	scheme := kind.secure
	if named && !secure || !named && isPrivateHost((&url.URL{Host: authority}).Hostname()) {
		scheme = kind.plain
	}
	out := strings.TrimRight(scheme+"://"+authority+"/"+path, "/")
	_, unfilled := placeholder.InURL(out)
	if fault := faultOf(out, kind); !fault.text.IsZero() || unfilled {
		return ""
	}
	return out
}

// bracketed puts an IPv6 address into brackets. The last group is taken for a port
// where the rest is an address without it.
func bracketed(authority string) string {
	i := max(0, strings.LastIndex(authority, ":"))
	host, port := authority[:i], authority[i:]
	_, numeric := strconv.Atoi(strings.TrimPrefix(port, ":"))
	if _, err := netip.ParseAddr(host); len(port) > 4 && numeric == nil && err == nil {
		return "[" + host + "]" + port
	}
	return "[" + authority + "]"
}

// placeholderWords names the placeholder, to follow "it holds".
func placeholderWords(found placeholder.Found) Text {
	return finding.Textf(map[placeholder.Kind]string{
		placeholder.Template:  "the placeholder %s of a template",
		placeholder.Reference: "%s, a reference that nothing replaced",
		placeholder.Object:    "%s, which is an object made into text",
		placeholder.Masked:    "%s, which is how a hidden value is shown",
		placeholder.Missing:   "%s, the word that a missing value becomes",
	}[found.Kind], found.Text)
}

func unfilled(f Finding, found placeholder.Found) Finding {
	if found.Kind == placeholder.Object {
		found.Kind = placeholder.Missing
	}
	return f.As(string(found.Kind)).With("placeholder", found.Text)
}

// first returns the position of the first character of value that name names, in
// characters from the start, and its name; -1 where there is none.
func first(value string, name func(rune) Text) (int, Text) {
	for i, r := range []rune(value) {
		if what := name(r); !what.IsZero() {
			return i, what
		}
	}
	return -1, Text{}
}

// quote names a quotation mark of any kind; it is empty for other characters.
func quote(r rune) Text {
	if strings.ContainsRune("“”‘’„«»‚‹›", r) {
		return finding.Textf("a typographic quote (%U)", r)
	}
	return finding.Textf(map[rune]string{'"': "a double quote", '\'': "a single quote", '`': "a backtick"}[r])
}

// space names a white space, control or invisible character.
func space(r rune) Text {
	name := map[rune]string{' ': "a space", '\t': "a tab", '\n': "a line feed", '\r': "a carriage return",
		'\u00a0': "a no-break space (U+00A0)", '\ufeff': "a byte order mark (U+FEFF)"}[r]
	if name == "" && (unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
		return finding.Textf("an invisible character (%U)", r)
	}
	return finding.Textf(name)
}
