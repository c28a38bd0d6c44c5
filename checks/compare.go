package checks

import (
	"bytes"
	"encoding/json"
	"time"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/token"
	"lkdoctor/config/clean"
)

// compared returns the token under test and a correct one, part by part, or nil
// where there is no token. Parts are marked wrong by the findings of results, not
// judged again. hide removes the run's secrets.
func (c *Case) compared(results []check.Result, hide func(string) string) []check.TokenPart {
	t := c.token()
	if t == nil {
		return nil
	}
	wrong := wrongParts(results)
	var parts []check.TokenPart
	add := func(name string, want, came Text) {
		if came.IsZero() {
			came = finding.Textf("–")
		}
		parts = append(parts, check.TokenPart{Name: name, Want: want, Came: came, Differs: wrong[name]})
	}
	wrong["token"] = !t.Decoded
	add("token", finding.Textf("header.payload.signature"), shapeOf(t.Token))
	came := map[string]Text{}
	var names []string
	if t.Decoded {
		for _, m := range append(membersOf("", t.HeaderJSON(), hide), membersOf("", t.ClaimsJSON(), hide)...) {
			came[m.name], names = m.value, append(names, m.name)
		}
	}
	for _, w := range c.correct() {
		add(w.name, w.value, came[w.name])
		delete(came, w.name)
	}
	for _, name := range names {
		if value, left := came[name]; left {
			add(name, Text{}, value)
			delete(came, name)
		}
	}
	add("signature", finding.Textf("made with the secret of that API key"), c.signatureOf())
	return parts
}

type part struct {
	name  string
	value Text
}

func (c *Case) correct() []part {
	issuer := finding.Textf("an API key of the LiveKit server")
	if key := c.Settings.APIKey; !key.Secret.Empty() {
		for _, shown := range c.Settings.Shown() {
			if shown.Name == key.Name {
				issuer = finding.Textf("%s, the API key here", shown.Value)
			}
		}
	}
	return []part{
		{"alg", finding.Textf("HS256")},
		{"iss", issuer},
		{"sub", finding.Textf("the identity: who joins")},
		{"video.roomJoin", finding.Textf("true")},
		{"video.room", finding.Textf("the name of the room")},
		{"exp", finding.Textf("in the future; 15 minutes are usual")},
		{"nbf", finding.Textf("now or earlier, or left out")},
	}
}

// shapeOf returns as much of a token as may be shown, and its form.
func shapeOf(t *token.Token) Text {
	if t.Decoded {
		return finding.Textf("%d characters, %d dots", t.Shape.Length, t.Shape.Dots)
	}
	begins := clean.Line(t.Shape.Prefix, 20)
	if begins != "" {
		begins += "… "
	}
	return finding.Textf("%s%d characters, %d dots", begins, t.Shape.Length, t.Shape.Dots)
}

func (c *Case) signatureOf() Text {
	local, verdict := c.local(), c.verdict()
	switch {
	case verdict != nil && verdict.Accepted:
		return finding.Textf("the LiveKit server accepts it")
	case local == nil:
		return Text{}
	case *local == token.Verified:
		return finding.Textf("fits the secret here")
	case *local == token.Mismatch, *local == token.OtherKey:
		return finding.Textf("does not fit the secret here")
	}
	return finding.Textf("not checked")
}

// membersOf returns the members of a JSON object in their order, each member of the
// video claim separately. A text that is no object is one member.
func membersOf(in, text string, hide func(string) string) []part {
	if !json.Valid([]byte(text)) || answer.ShapeOf([]byte(text)) != answer.ShapeObject {
		return []part{{in + "JSON", finding.Textf("%s", clean.Line(hide(text), 300))}}
	}
	var out []part
	for _, m := range token.Members([]byte(text)) {
		if in == "" && m.Name == "video" && answer.ShapeOf(m.Value) == answer.ShapeObject {
			out = append(out, membersOf("video.", string(m.Value), hide)...)
			continue
		}
		out = append(out, part{in + clean.Line(hide(m.Name), 60), memberValue(m.Name, m.Value, hide)})
	}
	return out
}

func memberValue(name string, raw json.RawMessage, hide func(string) string) Text {
	shown := string(raw)
	var compact bytes.Buffer
	if json.Compact(&compact, raw) == nil {
		shown = compact.String()
	}
	// A text is shown without quotes, unless it would read as another type.
	var text string
	if json.Unmarshal(raw, &text) == nil && text != "" && !json.Valid([]byte(text)) {
		shown = text
	}
	shown = clean.Line(hide(shown), 300)
	var seconds float64
	if (name == "exp" || name == "nbf" || name == "iat") && json.Unmarshal(raw, &seconds) == nil && seconds > 0 && seconds < 1e11 {
		return finding.Textf("%s (%s)", shown, time.Unix(int64(seconds), 0).UTC().Format("2006-01-02 15:04:05 MST"))
	}
	return finding.Textf("%s", shown)
}

// wrongParts returns the parts of the token that findings are about: those that a
// finding names, otherwise those of its code.
func wrongParts(results []check.Result) map[string]bool {
	about := map[Code]string{
		finding.TokenAlg: "alg", finding.TokenNoIssuer: "iss", finding.SignatureOtherKey: "iss", finding.ServerKeyUnknown: "iss",
		finding.TokenNoIdentity: "sub", finding.TokenNoRoomJoin: "video.roomJoin", finding.TokenNoVideo: "video.roomJoin",
		finding.TokenNoRoom: "video.room", finding.TokenCannotPublish: "video.canPublish",
		finding.TokenCannotSubscribe: "video.canSubscribe", finding.TokenExpired: "exp", finding.TokenExpiresSoon: "exp",
		finding.TokenLivesLong: "exp", finding.TokenNoExpiry: "exp", finding.TokenNotYetValid: "nbf", finding.TokenIssuedInFuture: "iat",
		finding.SignatureMismatch: "signature", finding.SignatureSecretVariant: "signature", finding.ServerSignatureRejected: "signature",
	}
	wrong := map[string]bool{}
	for _, r := range results {
		for _, f := range r.Findings {
			if f.Severity == finding.Info || r.Check.Stage != check.StageToken && r.Check.Stage != check.StageSignature {
				continue
			}
			named := false
			for _, fact := range []string{"path", "claim", "found_at", "part"} {
				if name, is := f.Facts[fact].(string); is && name != "" {
					wrong[name], named = true, true
				}
			}
			if name := about[f.Code]; name != "" && !named {
				wrong[name] = true
			}
		}
	}
	return wrong
}
