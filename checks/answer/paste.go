package answer

import (
	"regexp"
	"strings"
	"sync"

	"lkdoctor/checks/finding"
	"lkdoctor/config/secret"
)

// Form is the form of a pasted text.
type Form string

// The forms.
const (
	FormNothing Form = "nothing"
	FormBare    Form = "bare"
	FormBearer  Form = "bearer"
	FormHeader  Form = "header"
	FormURL     Form = "url"
	FormCurl    Form = "curl"
	FormJSON    Form = "json"
	FormText    Form = "text"
)

// Paste is what Pasted found.
type Paste struct {
	// Token is empty if there is none.
	Token secret.Value
	// Form is where in the paste the token was.
	Form Form
	// Said describes the paste without the token.
	Said finding.Text
	// URL is the LiveKit server in the paste, as scheme, host and path prefix without
	// /rtc; empty if none.
	URL string
	// Answer is the result of Find, if the paste was or contained JSON.
	Answer *Answer
	// Candidates are the other tokens of the paste.
	Candidates []Candidate
}

// Pasted finds the token in a text that a user pasted (`--token -`): a bare token,
// `Bearer …`, a header line, a wss://…?access_token=… URL, a curl command, a whole
// JSON response, or a browser's error with such a URL. If there is none, Token is
// empty and Said says so.
func Pasted(input string) Paste {
	text := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(input), "\ufeff"))
	if text == "" {
		return Paste{Form: FormNothing, Said: finding.Textf("Nothing was pasted.")}
	}
	if beginsJSON([]byte(text)) || text[0] == '"' {
		if p, found := pastedJSON(text, text); found {
			if inside, other := pastedText(text); other && p.Token.Empty() && p.Answer.TokenKind == Missing {
				// Such as an error that quotes the token.
				inside.Answer = p.Answer
				return inside
			}
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
	return Paste{Form: FormNothing, URL: serverIn(text), Said: finding.Textf("Nothing in the pasted text looks like a token.")}
}

// pastedAlone reads a paste of one token in its wrapping. It keeps b'…': the token
// checks report it as a fault of the issuer.
func pastedAlone(text string) (Paste, bool) {
	if joined := joinedJWT(text); joined != "" && joined != text {
		return Paste{Token: secret.New(joined), Form: FormBare,
			Said: finding.Textf("The paste was a token with line breaks or spaces in it; they were taken out.")}, true
	}
	word := allQuotesOff(text)
	if rest, bearer := afterWord(word, "bearer "); bearer {
		rest = allQuotesOff(strings.TrimSpace(rest))
		return Paste{Token: secret.New(rest), Form: FormBearer,
			Said: finding.Textf("The paste was “Bearer” and a token; the token after “Bearer” was taken.")}, rest != "" && !strings.ContainsAny(rest, " \t\r\n")
	}
	if word == "" || strings.ContainsAny(word, " \t\r\n") || strings.Contains(word, "://") || strings.Contains(word, "access_token=") {
		return Paste{}, false
	}
	p := Paste{Token: secret.New(word), Form: FormBare, Said: finding.Textf("The paste was a bare token.")}
	name, value, named := strings.Cut(word, "=")
	if before, after, colon := strings.Cut(word, ":"); colon && glance(after).jwt {
		name, value, named = before, after, true
	}
	switch bare := strings.TrimRight(word, ".,;:!?)]>…"); {
	case bare != word && glance(bare).jwt && !glance(word).jwt:
		p.Token, p.Said = secret.New(bare), finding.Textf("The paste was a text; the one token that it holds was taken.")
	case named && plainKey(name) && strings.Contains(strings.ToLower(name), "token") && strings.Trim(value, "=") != "" && !jwtLike(word):
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

func notJWT(r rune) bool { return r > 0x7f || !isJWTByte(byte(r)) }

// pastedJSON reads a pasted response. whole is the paste of which body is a part.
func pastedJSON(body, whole string) (Paste, bool) {
	a := Find([]byte(body), "", TicketService)
	if a.Problem == BrokenJSON || a.Problem == NotJSON || a.TokenKind == Missing && body != whole {
		return Paste{}, false
	}
	p := Paste{Token: a.Token, Form: FormJSON, URL: serverOf(a.URL), Answer: &a, Candidates: a.Candidates}
	if p.URL == "" {
		p.URL = a.URL
	}
	switch {
	case a.Problem == TooDeep:
		p.Said = finding.Textf("The paste was JSON, nested too deeply to be an answer with a token.")
	case !a.Token.Empty() && a.TokenPath == WholeBody:
		p.Form = FormBare
		p.Said = finding.Textf("The paste was a token in quotes; the quotes were taken off.")
	case !a.Token.Empty():
		p.Said = finding.Textf("The paste was JSON; the token was taken from %s.", a.TokenPath)
	case a.TokenKind != Missing && a.TokenPath != WholeBody:
		p.Said = finding.Textf("The paste was JSON; what stands at %s is not a token.", a.TokenPath)
	default:
		p.Said = finding.Textf("The paste was JSON without a token in it.")
	}
	return p, true
}

// tokenPatterns find tokens in other text: in a query parameter, after "Bearer", or a
// JWT anywhere.
var tokenPatterns = sync.OnceValue(func() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`(?i)(?:[?&]|%3F|%26|\b)(?:access_token|accessToken)(?:=|%3D)`),
		regexp.MustCompile(`(?i)(authorization["'^\\]*\s*[:=]\s*["'^\\]*)?\bbearer(?:\s+|%20|\+)([^\s"'^\\<>,;` + "`" + `]+)`),
	}
})

// pastedText finds tokens in a URL, a header line, a command or other text. It prefers
// the first with a `video` claim.
func pastedText(text string) (Paste, bool) {
	var found []foundToken
	add := func(form Form, path, token string) {
		token = strings.TrimSuffix(strings.TrimRight(token, ".,;:…"), "\\n")
		if token == "" || len(found) >= maxCandidates {
			return
		}
		for _, f := range found {
			if f.token == token {
				return
			}
		}
		found = append(found, foundToken{form, path, token, glance(token)})
	}
	for _, at := range tokenPatterns()[0].FindAllStringIndex(text, maxCandidates) {
		if _, token := queryToken("?access_token=" + untilEncodedAmp(text[at[1]:])); token != "" {
			add(FormURL, "access_token", token)
		}
	}
	if _, token := queryToken(text); token != "" {
		add(FormURL, "token", token)
	}
	for _, m := range tokenPatterns()[1].FindAllStringSubmatchIndex(text, maxCandidates) {
		token := text[m[4]:m[5]]
		if m[2] >= 0 {
			add(FormHeader, "Authorization", token)
		} else if tokenLike(token) {
			add(FormBearer, "Bearer", token)
		}
	}
	eachJWT(text, func(_ int, jwt string) bool {
		add(FormText, "", jwt)
		return len(found) < maxCandidates
	})
	if len(found) == 0 {
		return Paste{}, false
	}
	best := 0
	for i, f := range found {
		if f.glimpse.video && !found[best].glimpse.video {
			best = i
		}
	}
	return describe(text, found, best), true
}

// untilEncodedAmp cuts a value of a percent-encoded query at the next parameter.
func untilEncodedAmp(rest string) string {
	if end := strings.Index(rest, "%26"); end >= 0 {
		return rest[:end]
	}
	return rest
}

// foundToken is a token in a text, and how it was found.
type foundToken struct {
	form    Form
	path    string
	token   string
	glimpse glimpse
}

// describe returns the Paste for the tokens found in a text.
func describe(text string, found []foundToken, best int) Paste {
	f := found[best]
	p := Paste{Token: secret.New(f.token), Form: f.form, URL: serverIn(text)}
	oneURL := !strings.ContainsAny(text, " \t\r\n")
	switch {
	case isCurl(text):
		p.Form = FormCurl
		p.Said = finding.Textf("The paste was a curl command; the token was taken from it.")
	case f.form == FormURL && oneURL:
		p.Said = finding.Textf("The paste was a URL; the token was taken from its %s.", f.path)
	case f.form == FormURL:
		p.Said = finding.Textf("The paste was a text with a URL in it; the token was taken from the URL's %s.", f.path)
	case f.form == FormHeader:
		p.Said = finding.Textf("The paste held an Authorization header; the token was taken from it.")
	case f.form == FormBearer:
		p.Said = finding.Textf("The paste held “Bearer” and a token; the token after “Bearer” was taken.")
	default:
		p.Said = finding.Textf("The paste was a text; the one token that it holds was taken.")
		if len(found) > 1 {
			p.Said = finding.Textf("The paste was a text with %d tokens in it; the likeliest was taken.", len(found))
		}
	}
	for i, other := range found {
		if i != best {
			p.Candidates = append(p.Candidates, Candidate{Path: other.path, Token: secret.New(other.token),
				JWT: other.glimpse.jwt, HasVideo: other.glimpse.video})
		}
	}
	return p
}

// isCurl reports whether text is a curl command, with or without a shell's prompt.
func isCurl(text string) bool {
	text = strings.TrimLeft(text, "$># \t")
	return strings.HasPrefix(text, "curl ") || strings.HasPrefix(text, "curl.exe ")
}
