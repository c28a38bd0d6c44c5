package token

import (
	"strings"

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
	if f := absent(t.Shape, raw); f != nil {
		return t, []finding.Finding{*f}
	}
	inner, wrappings := answer.Unwrap(raw)
	if len(wrappings) > 0 {
		if answer.LooksSigned(inner) {
			return t, t.wrapped(inner, wrappings)
		}
		if f := absent(shapeOf(inner), inner); f != nil {
			return t, []finding.Finding{*f}
		}
		f := opaque(shapeOf(inner)).With("wrapped_in", names(wrappings))
		return t, []finding.Finding{f}
	}
	if !answer.LooksSigned(raw) {
		return t, []finding.Finding{opaque(t.Shape)}
	}
	return t, t.byParts(raw)
}

// byParts judges a text that begins as a JWT does, by its number of dots.
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
			"the token begins like a JWT but has no dots: %d characters of its first part (header) and nothing else; it was cut", len(raw)).As("cut"))
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

// absent reports texts that stand for a missing token.
func absent(shape Shape, raw string) *finding.Finding {
	trimmed := strings.ToLower(answer.TrimHidden(raw))
	bare := strings.Trim(trimmed, "\"'`")
	switch bare {
	case "", "null", "undefined", "none", "nil", "<nil>", "nan", "false", "bearer", "bearer undefined", "bearer null":
		said, variant := finding.Textf("nothing at all"), "empty"
		if bare != "" {
			said, variant = finding.Textf("the word “%s”", bare), "word"
		} else if raw != "" {
			said = finding.Textf("only quotes or blanks")
		}
		f := finding.New(finding.TokenEmpty, finding.Fail, "there is no token: where it should be stands %s", said).
			With("length", shape.Length).With("text", bare).As(variant)
		return &f
	}
	// A promise or object is shown in its usual spelling.
	seen := strings.NewReplacer("[object promise]", "[object Promise]", "[object object]", "[object Object]").Replace(clean.Line(bare, 40))
	for _, p := range promises {
		if p.begins != "" && strings.HasPrefix(bare, p.begins) || p.whole != "" && bare == p.whole {
			f := finding.New(finding.TokenPromise, finding.Fail,
				"where the token should be stands “%s”: %s", seen, p.means).
				With("length", shape.Length).With("text", seen).As(p.variant)
			return &f
		}
	}
	return nil
}

// promises are the texts that an unawaited or uncalled result is converted to.
var promises = []struct {
	variant, begins, whole string
	means                  finding.Text
}{
	{variant: "promise", begins: "[object promise]", means: finding.Textf("a Promise that nobody awaited, made into text")},
	{variant: "promise", begins: "%5bobject", means: finding.Textf("a Promise that nobody awaited, made into text")},
	{variant: "promise", begins: "promise {", means: finding.Textf("a Promise that nobody awaited, made into text")},
	{variant: "promise", begins: "[object object]", means: finding.Textf("an object made into text; a Promise that nobody awaited is the usual one")},
	{variant: "promise", whole: "{}", means: finding.Textf("an empty object, which is what JSON makes of a Promise that nobody awaited")},
	{variant: "coroutine", begins: "<coroutine object", means: finding.Textf("a Python coroutine that nobody awaited")},
	{variant: "function", begins: "<bound method", means: finding.Textf("a Python method that was named but not called")},
	{variant: "function", begins: "<function", means: finding.Textf("a function that was named but not called")},
	{variant: "function", begins: "function ", means: finding.Textf("a function that was named but not called")},
	{variant: "function", begins: "[function", means: finding.Textf("a function that was named but not called")},
}

// opaque reports a text that does not have the form of a JWT.
func opaque(shape Shape) finding.Finding {
	looks := shape.Looks
	if looks.IsZero() {
		looks = finding.Textf("text of another kind (%s)", shape.Alphabet)
	}
	var f finding.Finding
	switch {
	case shape.Dots == 0 && shape.Prefix != "":
		f = finding.New(finding.TokenOpaque, finding.Fail,
			"the token is %d characters long, begins with %s and has no dots, so it is not a JWT (header.payload.signature); it looks like %s",
			shape.Length, shape.Prefix, looks)
	case shape.Dots == 0:
		f = finding.New(finding.TokenOpaque, finding.Fail,
			"the token is %d characters long and has no dots, so it is not a JWT (header.payload.signature); it looks like %s",
			shape.Length, looks)
	default:
		f = finding.New(finding.TokenOpaque, finding.Fail,
			"the token is %d characters long and does not begin as a JWT does (header.payload.signature, a header that decodes to JSON); it looks like %s",
			shape.Length, looks)
	}
	return f.With("length", shape.Length).With("dots", shape.Dots).With("prefix", shape.Prefix).
		With("alphabet", shape.Alphabet).With("looks_like", shape.Looks.String()).As(shape.kind)
}

// wrapped parses the JWT inside the wrapping.
func (t *Token) wrapped(inner string, wrappings []answer.Wrapping) []finding.Finding {
	var findings []finding.Finding
	t.Inner, findings = Parse(inner)
	var f finding.Finding
	if dot := strings.LastIndexByte(t.Reveal(), '.'); dot > 0 && t.Reveal()[:dot+1]+strings.NewReplacer("\r", "", "\n", "").Replace(t.Reveal()[dot+1:]) == inner {
		// base64 decoders ignore line breaks, and the signature is not signed itself.
		f = finding.New(finding.TokenWrapped, finding.Warn,
			"the token ends in a line break, or has one in its signature; LiveKit servers ignore it in a query; in an Authorization header it makes the request fail").
			With("accepted_by", "livekit-server, in the query")
	} else {
		f = finding.New(finding.TokenWrapped, finding.Fail,
			"there is a JWT inside the token, but not alone: it is wrapped in %s; LiveKit needs the JWT and nothing around it",
			sentence(wrappings))
	}
	f = f.As(wrappings[0].Kind).With("wrapped_in", names(wrappings)).With("length", len(t.Reveal())).With("inner_length", len(inner))
	return append([]finding.Finding{f}, findings...)
}

// names returns the names of wrappings, for facts.
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
