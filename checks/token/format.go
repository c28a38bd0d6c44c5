package token

import (
	"regexp"
	"strings"
	"sync"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
	"lkdoctor/config/secret"
)

// Parse reads a token by the rules of a LiveKit server and reports errors of its form
// (the codes of check token.format). The Token is never nil; Effective().Decoded
// reports whether later checks can judge it.
func Parse(raw string) (*Token, []finding.Finding) {
	t := &Token{raw: secret.New(raw), Shape: shapeOf(raw)}
	if found := absent(raw); found != nil {
		return t, found
	}
	inner, wrappings := answer.Unwrap(raw)
	signed := answer.LooksSigned(inner)
	switch {
	case signed && len(wrappings) > 0:
		return t, t.wrapped(inner, wrappings)
	case signed:
		return t, t.byParts(raw)
	case len(wrappings) == 0:
		return t, []finding.Finding{opaque(t.Shape)}
	}
	if found := absent(inner); found != nil {
		return t, found
	}
	return t, []finding.Finding{opaque(shapeOf(inner)).With("wrapped_in", names(wrappings))}
}

func (t *Token) byParts(raw string) []finding.Finding {
	parts := strings.Count(raw, ".") + 1
	facts := func(f finding.Finding) []finding.Finding {
		return []finding.Finding{f.With("length", len(raw)).With("parts", parts)}
	}
	switch {
	case parts == 3:
		return t.decode()
	case parts == 1:
		return facts(finding.New(finding.TokenTruncated, finding.Fail,
			"the token begins like a JWT but has no dots: %d characters of its first part (header) and nothing "+
				"else; it was cut", len(raw)).As("cut"))
	case parts == 2:
		return facts(finding.New(finding.TokenTruncated, finding.Fail,
			"the token has 2 parts; a JWT has 3 (header.payload.signature); the end is missing").As("no-signature"))
	case parts == 5:
		return facts(finding.New(finding.TokenEncrypted, finding.Fail,
			"the token has 5 parts: it is an encrypted JWT (JWE); LiveKit reads signed ones (JWS), which have 3 parts"))
	}
	return facts(finding.New(finding.TokenUndecodable, finding.Fail,
		"the token has %d parts; a JWT has 3 (header.payload.signature)", parts).As("parts"))
}

func absent(raw string) []finding.Finding {
	bare := strings.Trim(strings.ToLower(answer.TrimHidden(raw)), "\"'`")
	switch bare {
	case "", "null", "undefined", "none", "nil", "<nil>", "nan", "false", "bearer", "bearer undefined", "bearer null":
		said, variant := finding.Textf("nothing at all"), "empty"
		if bare != "" {
			said, variant = finding.Textf("the word “%s”", bare), "word"
		} else if raw != "" {
			said = finding.Textf("only quotes or blanks")
		}
		return []finding.Finding{finding.New(finding.TokenEmpty, finding.Fail, "there is no token: where it should be stands %s", said).
			With("length", len(raw)).With("text", bare).As(variant)}
	}
	// A promise or object is shown in its usual spelling.
	seen := strings.NewReplacer("[object promise]", "[object Promise]", "[object object]", "[object Object]").Replace(clean.Line(bare, 40))
	for _, p := range promises {
		if strings.HasPrefix(bare, p.begins) && (p.begins != "{}" || bare == "{}") {
			return []finding.Finding{finding.New(finding.TokenPromise, finding.Fail,
				"where the token should be stands “%s”: %s", seen, p.means).
				With("length", len(raw)).With("text", seen).As(p.variant)}
		}
	}
	return nil
}

// promises are the texts that an unawaited or uncalled result becomes; {} stands alone.
var promises = []struct {
	variant, begins string
	means           finding.Text
}{
	{"promise", "[object promise]", finding.Textf("a Promise that nobody awaited, made into text")},
	{"promise", "%5bobject", finding.Textf("a Promise that nobody awaited, made into text")},
	{"promise", "promise {", finding.Textf("a Promise that nobody awaited, made into text")},
	{"promise", "[object object]", finding.Textf("an object made into text; a Promise that nobody awaited is the usual one")},
	{"promise", "{}", finding.Textf("an empty object, which is what JSON makes of a Promise that nobody awaited")},
	{"coroutine", "<coroutine object", finding.Textf("a Python coroutine that nobody awaited")},
	{"function", "<bound method", finding.Textf("a Python method that was named but not called")},
	{"function", "<function", finding.Textf("a function that was named but not called")},
	{"function", "function ", finding.Textf("a function that was named but not called")},
	{"function", "[function", finding.Textf("a function that was named but not called")},
}

func opaque(shape Shape) finding.Finding {
	looks := shape.Looks
	if looks.IsZero() {
		looks = finding.Textf("text of another kind (%s)", shape.Alphabet)
	}
	f := finding.New(finding.TokenOpaque, finding.Fail,
		"the token is %d characters long and has no dots, so it is not a JWT (header.payload.signature); it looks like %s",
		shape.Length, looks)
	if shape.Dots == 0 && shape.Prefix != "" {
		f.Message = finding.Textf("the token is %d characters long, begins with %s and has no dots, so it is not a JWT "+
			"(header.payload.signature); it looks like %s", shape.Length, shape.Prefix, looks)
	} else if shape.Dots > 0 {
		f.Message = finding.Textf("the token is %d characters long and does not begin as a JWT does (header.payload.signature, a header "+
			"that decodes to JSON); it looks like %s", shape.Length, looks)
	}
	return f.With("length", shape.Length).With("dots", shape.Dots).With("prefix", shape.Prefix).
		With("alphabet", shape.Alphabet).With("looks_like", shape.Looks.String()).As(shape.kind)
}

func (t *Token) wrapped(inner string, wrappings []answer.Wrapping) []finding.Finding {
	var findings []finding.Finding
	t.Inner, findings = Parse(inner)
	f := finding.New(finding.TokenWrapped, finding.Fail,
		"there is a JWT inside the token, but not alone: it is wrapped in %s; LiveKit needs the JWT and nothing around it",
		sentence(wrappings))
	raw := t.Reveal()
	dot := strings.LastIndexByte(raw, '.')
	if dot > 0 && raw[:dot+1]+strings.NewReplacer("\r", "", "\n", "").Replace(raw[dot+1:]) == inner {
		// base64 decoders ignore line breaks, and the signature is not signed itself.
		f = finding.New(finding.TokenWrapped, finding.Warn,
			"the token ends in a line break, or has one in its signature; LiveKit servers ignore it in a query; in "+
				"an Authorization header it makes the request fail").
			With("accepted_by", "livekit-server, in the query")
	}
	f = f.As(wrappings[0].Kind).With("wrapped_in", names(wrappings)).With("length", len(raw)).With("inner_length", len(inner))
	return append([]finding.Finding{f}, findings...)
}

func names(wrappings []answer.Wrapping) []string {
	list := make([]string, len(wrappings))
	for i, w := range wrappings {
		list[i] = w.Text.String()
	}
	return list
}

// sentence joins up to three wrappings in one text.
func sentence(w []answer.Wrapping) finding.Text {
	switch len(w) {
	case 1:
		return w[0].Text
	case 2:
		return finding.Textf("%s, then %s", w[0].Text, w[1].Text)
	}
	return finding.Textf("%s, then %s, then %s", w[0].Text, w[1].Text, w[2].Text)
}

const maxShaped = 4096

// shapeOf describes a text without revealing it.
func shapeOf(raw string) Shape {
	s := Shape{Length: len(raw), Dots: strings.Count(raw, "."), kind: "random"}
	text := raw[:min(len(raw), maxShaped)]
	s.Prefix = prefixOf(text)
	rest := strings.TrimPrefix(text, s.Prefix)
	s.Alphabet = alphabetOf(rest)
	if len(raw) <= maxShaped {
		s.Looks, s.kind = looksLike(text, rest, s)
	}
	return s
}

var (
	// urlsafeBytes maps the length of base64url to the number of random bytes.
	urlsafeBytes = map[int]int{11: 8, 16: 12, 22: 16, 27: 20, 32: 24, 43: 32, 64: 48, 86: 64}
	prefixes     = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:[a-z]{2,8}[_-]){1,2}`)
	})
	uuid = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	})
)

// prefixOf returns a literal prefix such as "lk_demo_", "" if there is none. It prefers
// the prefix that leaves a well-known length.
func prefixOf(s string) string {
	longest := prefixes().FindString(s)
	if longest == "" || strings.ContainsAny(s, " .{<") || len(s)-len(longest) < 8 {
		return ""
	}
	first := longest[:strings.IndexAny(longest, "_-")+1]
	for _, p := range []string{longest, first} {
		if rest := s[len(p):]; urlsafeBytes[len(rest)] != 0 || alphabetOf(rest) == "hex" || alphabetOf(rest) == "uuid" {
			return p
		}
	}
	return first
}

// alphabetOf returns the smallest well-known alphabet that s fits.
func alphabetOf(s string) string {
	switch {
	case s == "":
		return "nothing"
	case uuid().MatchString(s):
		return "uuid"
	case only(s, "0123456789"):
		return "digits"
	case only(s, "0123456789abcdef"), only(s, "0123456789ABCDEF"):
		return "hex"
	case only(s, base62):
		return "letters and digits"
	case only(s, base62+"-_"):
		return "base64url"
	case only(s, base62+"+/="):
		return "base64"
	case only(s, base62+"-_.~+/="):
		return "letters, digits, punctuation"
	}
	return "text"
}

const base62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func only(s, alphabet string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune(alphabet, r) }) < 0
}

// looksLike recognises what often stands for a token, and gives its variant.
func looksLike(text, rest string, s Shape) (looks finding.Text, variant string) {
	lower := strings.ToLower(strings.TrimSpace(text))
	switch {
	case strings.HasPrefix(lower, "<"):
		return finding.Textf("an HTML or XML page"), "web-page"
	case strings.HasPrefix(lower, "{"), strings.HasPrefix(lower, "["):
		return finding.Textf("JSON without a token in it"), "refusal"
	case strings.Contains(lower, "://"):
		return finding.Textf("a URL without a token in it"), "refusal"
	case strings.ContainsAny(lower, " \t\r\n"):
		return finding.Textf("a sentence or message, not a token"), "refusal"
	case strings.HasPrefix(text, "API") && s.Length == 15 && s.Dots == 0:
		return finding.Textf("a LiveKit API key; the token is made from the key and the secret"), "key"
	case s.Prefix == "tkt_":
		return finding.Textf("a ticket: it has to be traded for a token"), "ticket"
	case strings.HasPrefix(text, "v2.local."), strings.HasPrefix(text, "v4.local."),
		strings.HasPrefix(text, "v2.public."), strings.HasPrefix(text, "v4.public."):
		return finding.Textf("a PASETO token, another format"), "other-service"
	case (strings.HasPrefix(text, "006") || strings.HasPrefix(text, "007")) && s.Length > 60:
		return finding.Textf("a token of Agora, another video service"), "other-service"
	case s.Alphabet == "uuid":
		return finding.Textf("a UUID, as uuid.uuid4() makes"), "id"
	case s.Alphabet == "hex" && len(rest)%2 == 0 && len(rest) >= 16:
		return finding.Textf("%d random bytes in hex, as secrets.token_hex(%d) makes", len(rest)/2, len(rest)/2), "random"
	case s.Dots == 0 && urlsafeBytes[len(rest)] != 0 && only(rest, base62+"-_"):
		n := urlsafeBytes[len(rest)]
		return finding.Textf("%d random bytes in base64url, as secrets.token_urlsafe(%d) makes", n, n), "random"
	case s.Alphabet == "digits":
		return finding.Textf("a number"), "id"
	case s.Alphabet == "letters and digits", s.Alphabet == "base64url", s.Alphabet == "base64":
		return finding.Textf("a random string of %d characters", len(rest)), "random"
	}
	return finding.Text{}, "random"
}
