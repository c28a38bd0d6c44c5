package answer

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"

	"lkdoctor/checks/finding"
	"lkdoctor/config/secret"
)

// Paste is what Pasted found.
type Paste struct {
	Token secret.Value // empty if there is none
	Said  finding.Text // a description of the paste without the token
	// URL is the LiveKit server in the paste: scheme, host and path prefix without /rtc.
	URL  string
	JSON bool // whether the paste was or contained a JSON response
}

// Pasted finds the token in a text that a user pasted (`--token -`): a bare token,
// `Bearer …`, a header line, a wss://…?access_token=… URL, a curl command, a whole
// JSON response, or a browser's error with such a URL. If there is none, Token is
// empty and Said says so.
func Pasted(input string) Paste {
	text := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(input), "\ufeff"))
	if text == "" {
		return Paste{Said: finding.Textf("Nothing was pasted.")}
	}
	if beginsJSON([]byte(text)) || text[0] == '"' {
		if p, found := pastedJSON(text, text); found {
			return p
		}
	}
	if p, found := pastedAlone(text); found {
		return p
	}
	if p, found := pastedText(text); found {
		return p
	}
	if from, to := strings.IndexByte(text, '{'), strings.LastIndexByte(text, '}'); from >= 0 && to > from {
		if p, found := pastedJSON(text[from:to+1], text); found {
			return p
		}
	}
	return Paste{URL: serverIn(text), Said: finding.Textf("Nothing in the pasted text looks like a token.")}
}

// pastedAlone reads a paste of one token in its wrapping. It keeps b'…': the token
// checks report it as a fault of the issuer.
func pastedAlone(text string) (Paste, bool) {
	if joined := joinedJWT(text); joined != "" && joined != text {
		return Paste{Token: secret.New(joined),
			Said: finding.Textf("The paste was a token with line breaks or spaces in it; they were taken out.")}, true
	}
	word := allQuotesOff(text)
	if rest, bearer := afterWord(word, "bearer "); bearer {
		rest = allQuotesOff(strings.TrimSpace(rest))
		p := Paste{Token: secret.New(rest),
			Said: finding.Textf("The paste was “Bearer” and a token; the token after “Bearer” was taken.")}
		return p, rest != "" && !strings.ContainsAny(rest, " \t\r\n")
	}
	if word == "" || strings.ContainsAny(word, " \t\r\n") || strings.Contains(word, "://") || strings.Contains(word, "access_token=") {
		return Paste{}, false
	}
	p := Paste{Token: secret.New(word), Said: finding.Textf("The paste was a bare token.")}
	name, value, named := strings.Cut(word, "=")
	if before, after, colon := strings.Cut(word, ":"); colon && glance(after).jwt {
		name, value, named = before, after, true
	}
	switch bare := strings.TrimRight(word, ".,;:!?)]>…"); {
	case bare != word && glance(bare).jwt && !glance(word).jwt:
		p.Token, p.Said = secret.New(bare), finding.Textf("The paste was a text; the one token that it holds was taken.")
	case named && plain.MatchString(name) && strings.Contains(strings.ToLower(name), "token") &&
		strings.Trim(value, "=") != "" && !jwtLike(word):
		p.Token = secret.New(allQuotesOff(value))
		p.Said = finding.Textf("The paste was a setting, %s; its value was taken as the token.", shown(name, maxName))
	case word != text:
		p.Said = finding.Textf("The paste was a token in quotes; the quotes were taken off.")
	}
	return p, true
}

// allQuotesOff removes the quotes of a shell or of JSON.
func allQuotesOff(s string) string {
	for len(s) > 2 && strings.IndexByte("\"'`", s[0]) >= 0 && s[len(s)-1] == s[0] {
		s = s[1 : len(s)-1]
	}
	return s
}

// joinedJWT returns a whole JWT, or one that a terminal or a mail has broken into
// lines; "" if the text is neither.
func joinedJWT(text string) string {
	if joined := strings.Join(strings.Fields(text), ""); jwtLike(joined) && strings.IndexFunc(joined, notJWT) < 0 && glance(joined).jwt {
		return joined
	}
	return ""
}

// pastedJSON reads a pasted response. whole is the paste of which body is a part.
func pastedJSON(body, whole string) (Paste, bool) {
	a := Find([]byte(body), "", TicketService)
	if a.Problem == BrokenJSON || a.Problem == NotJSON || a.TokenKind == Missing && body != whole {
		return Paste{}, false
	}
	p := Paste{Token: a.Token, URL: cmp.Or(serverOf(a.URL), a.URL), JSON: true}
	if a.TokenKind == Missing { // such as an error that quotes the token
		if inside, found := pastedText(body); found {
			inside.JSON = true
			return inside, true
		}
	}
	switch {
	case a.Problem == TooDeep:
		p.Said = finding.Textf("The paste was JSON, nested too deeply to be an answer with a token.")
	case !a.Token.Empty() && a.TokenPath == WholeBody:
		p.Said = finding.Textf("The paste was a token in quotes; the quotes were taken off.")
	case !a.Token.Empty():
		p.Said = finding.Textf("The paste was JSON; the token was taken from %s.", a.TokenPath)
	case a.TokenKind != Missing && a.TokenPath != WholeBody:
		p.Said = finding.Textf("The paste was JSON; the value at %s is not a token.", a.TokenPath)
	default:
		p.Said = finding.Textf("The paste was JSON without a token in it.")
	}
	return p, true
}

var (
	// accessTokenPattern matches what is before the token in a query, encoded or not.
	accessTokenPattern = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)(?:[?&]|%3F|%26|\b)(?:access_token|accessToken)(?:=|%3D)`)
	})
	// bearerPattern matches "Bearer" and a token, group 2. Group 1 is the name of the
	// header before it, if any.
	bearerPattern = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)(authorization["'^\\]*\s*[:=]\s*["'^\\]*)?\bbearer(?:\s+|%20|\+)([^\s"'^\\<>,;` + "`" + `]+)`)
	})
)

const maxTokens = 20

// pastedText finds tokens in a URL, a header line, a command or other text. It prefers
// the first with a `video` claim.
func pastedText(text string) (Paste, bool) {
	var found []Paste
	best := 0
	add := func(token string, said finding.Text) {
		token = strings.TrimSuffix(strings.TrimRight(token, ".,;:…"), "\\n")
		if token == "" || len(found) >= maxTokens || slices.ContainsFunc(found, func(p Paste) bool { return p.Token.Reveal() == token }) {
			return
		}
		if glance(token).video && (len(found) == 0 || !glance(found[best].Token.Reveal()).video) {
			best = len(found)
		}
		found = append(found, Paste{Token: secret.New(token), Said: said})
	}
	inURL := func(name string) finding.Text {
		if strings.ContainsAny(text, " \t\r\n") {
			return finding.Textf("The paste was a text with a URL in it; the token was taken from the URL's %s.", name)
		}
		return finding.Textf("The paste was a URL; the token was taken from its %s.", name)
	}
	for _, at := range accessTokenPattern().FindAllStringIndex(text, maxTokens) {
		encoded, _, _ := strings.Cut(text[at[1]:], "%26") // & of a query that is encoded itself
		_, token := queryToken("?access_token=" + encoded)
		add(token, inURL("access_token"))
	}
	_, token := queryToken(text)
	add(token, inURL("token"))
	for _, m := range bearerPattern().FindAllStringSubmatch(text, maxTokens) {
		if m[1] != "" {
			add(m[2], finding.Textf("The paste held an Authorization header; the token was taken from it."))
		} else if tokenLike(m[2]) {
			add(m[2], finding.Textf("The paste held “Bearer” and a token; the token after “Bearer” was taken."))
		}
	}
	for _, jwt := range jwts(text) {
		add(jwt, finding.Text{})
	}
	if len(found) == 0 {
		return Paste{}, false
	}
	p := found[best]
	p.URL = serverIn(text)
	switch {
	case isCurl(text):
		p.Said = finding.Textf("The paste was a curl command; the token was taken from it.")
	case p.Said.IsZero() && len(found) > 1:
		p.Said = finding.Textf("The paste was a text with %d tokens in it; the likeliest was taken.", len(found))
	case p.Said.IsZero():
		p.Said = finding.Textf("The paste was a text; the one token that it holds was taken.")
	}
	return p, true
}

// isCurl reports whether text is a curl command, with or without a shell's prompt.
func isCurl(text string) bool {
	text = strings.TrimLeft(text, "$># \t")
	return strings.HasPrefix(text, "curl ") || strings.HasPrefix(text, "curl.exe ")
}
