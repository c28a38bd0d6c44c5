package checks

import (
	"strings"
	"unicode/utf8"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
)

// TicketAnswer is what a ticket service, a front end or a token endpoint
// answered: the product that the token checks read.
type TicketAnswer struct {
	Answer answer.Answer
	Reply  *probe.Reply
	// Spent says that a ticket was consumed for it.
	Spent bool
	// Token is what sits in the token's place, parsed; nil where that is nothing
	// to look at.
	Token *examined
}

// read makes the product of a 2xx answer.
func (c *Case) read(reply *probe.Reply, profile answer.Profile) *TicketAnswer {
	a := &TicketAnswer{Reply: reply, Answer: answer.Find(reply.Body, reply.Header.Get("Content-Type"), profile)}
	if a.usable() {
		a.Token = c.examine(a.Raw())
	}
	return a
}

// URL is the server's address that came with the token, "" if none did.
func (a *TicketAnswer) URL() string {
	if a == nil {
		return ""
	}
	return a.Answer.URL
}

// Raw is the token as the reader of this answer gets it: what sits where it
// looks, even when a better one sits elsewhere; what was found, when nothing
// sits there.
func (a *TicketAnswer) Raw() string {
	if a.Answer.AtUsual == answer.Text {
		return a.Answer.UsualToken.Reveal()
	}
	return a.Answer.Token.Reveal()
}

// TokenPath is where Raw was found.
func (a *TicketAnswer) TokenPath() string {
	if a.Answer.AtUsual != answer.Missing {
		return a.Answer.UsualPath
	}
	return a.Answer.TokenPath
}

// kind is what sits where the token was read.
func (a *TicketAnswer) kind() answer.Kind {
	if a.Answer.AtUsual != answer.Missing {
		return a.Answer.AtUsual
	}
	return a.Answer.TokenKind
}

// usable tells whether there is anything in the token's place that the token
// checks can look at.
func (a *TicketAnswer) usable() bool {
	if _, missing := missingToken(a, Text{}); missing {
		return false
	}
	switch a.kind() {
	case answer.Text, answer.Empty, answer.Null:
		return true
	}
	return false
}

// answerFindings judges a 2xx answer: is there a token, does it sit where the
// reader looks, and does what came with it agree with the rest?
func answerFindings(c *Case, a *TicketAnswer, who Text) []Finding {
	if f, bad := missingToken(a, who); bad {
		return []Finding{f}
	}
	var findings []Finding
	if a.Answer.AtUsual == answer.Text && a.Answer.TokenHasVideo && !a.Answer.TokenUsual {
		findings = append(findings, finding.New(finding.TicketFieldUnusual, finding.Warn,
			"a LiveKit token sits at %s, and its reader takes what sits at %s", a.Answer.TokenPath, a.Answer.UsualPath).
			With("token_path", a.Answer.TokenPath).With("fields", a.Answer.Fields))
	}
	if a.unusual() {
		findings = append(findings, finding.New(finding.TicketFieldUnusual, finding.Warn,
			"%s, where its reader does not look: LiveKit's clients would get empty credentials", a.whereItSits()).
			With("token_path", a.TokenPath()).With("url_path", a.Answer.URLPath).With("fields", a.Answer.Fields))
	}
	findings = append(findings, addressFindings(c, a, who)...)
	return append(findings, roomFindings(a)...)
}

// unusual tells whether token or address sit elsewhere than their reader looks.
func (a *TicketAnswer) unusual() bool {
	tokenElsewhere := a.Answer.AtUsual == answer.Missing && a.Answer.TokenKind == answer.Text
	return tokenElsewhere || a.Answer.URL != "" && !a.Answer.URLUsual
}

func (a *TicketAnswer) whereItSits() Text {
	if a.Answer.AtUsual == answer.Missing {
		return finding.Textf("the token sits at %s", a.TokenPath())
	}
	return finding.Textf("the address sits at %s", a.Answer.URLPath)
}

// missingToken is the finding about an answer that holds no token to look at.
func missingToken(t *TicketAnswer, who Text) (Finding, bool) {
	a, kind, path := t.Answer, t.kind(), t.TokenPath()
	tell := func(code Code, format string, args ...any) (Finding, bool) {
		f := finding.New(code, finding.Fail, format, args...).With("shape", string(a.Shape)).With("fields", append([]string{}, a.Fields...))
		if path != "" {
			f = f.With("token_path", path)
		}
		return f, true
	}
	fields := clean.Line(strings.Join(a.Fields, ", "), 160)
	switch {
	case a.Problem == answer.ErrorObject && a.Said.Text != "" && (kind == answer.Null || kind == answer.Empty):
		return tell(finding.TicketTokenMissing, "%s answered without a token, and says: %s", who, clean.Line(a.Said.Text, 160))
	case a.Problem == answer.NotJSON, a.Problem == answer.BrokenJSON, a.Problem == answer.EmptyBody, a.Problem == answer.TooDeep:
		return tell(finding.TicketNotJSON, "%s answered with %s where JSON with a token was expected", who, bodyKind(t))
	case kind == answer.Promise:
		f, _ := tell(finding.TicketTokenMissing, "the field %s holds {}, which is what a Promise that nobody awaited becomes in JSON", path)
		return f.As("promise"), true
	case kind == answer.NotText:
		what := a.TokenType
		if a.AtUsual == answer.NotText {
			what = a.UsualType
		}
		if a.TokenHasVideo {
			return tell(finding.TicketTokenMissing, "the field %s should hold the token as text and holds this type: %s. The token sits at %s",
				path, what, a.TokenPath)
		}
		return tell(finding.TicketTokenMissing, "the field %s should hold the token as text and holds this type: %s", path, what)
	case kind == answer.Missing && a.Said.Text != "":
		return tell(finding.TicketTokenMissing, "%s answered without a token, and says: %s", who, clean.Line(a.Said.Text, 160))
	case kind == answer.Missing && fields != "":
		return tell(finding.TicketTokenMissing, "%s answered without a token; its fields are: %s", who, fields)
	case kind == answer.Missing:
		return tell(finding.TicketTokenMissing, "%s answered without a token", who)
	}
	return Finding{}, false
}

// bodyKind says what a body is that is not JSON with a token.
func bodyKind(t *TicketAnswer) Text {
	a := t.Answer
	switch {
	case t.Reply.Encoding != "":
		return finding.Textf("a body compressed with %s, which was not asked for", clean.Line(t.Reply.Encoding, 20))
	case a.Problem == answer.EmptyBody:
		return finding.Textf("nothing")
	case a.Problem == answer.TooDeep:
		return finding.Textf("JSON nested deeper than %d levels", answer.MaxDepth)
	case a.Problem == answer.BrokenJSON:
		return finding.Textf("JSON that breaks off or goes wrong at byte %d", a.BrokenAt)
	case a.Shape == answer.ShapeHTML && strings.Contains(strings.ToLower(t.Reply.Header.Get("Content-Type")), "/xml"):
		return finding.Textf("XML")
	case a.Shape == answer.ShapeHTML && a.Said.Text != "":
		return finding.Textf("an HTML page (%s)", clean.Line(a.Said.Text, 80))
	case a.Shape == answer.ShapeHTML:
		return finding.Textf("an HTML page")
	}
	if !utf8.Valid(t.Reply.Body) {
		return finding.Textf("bytes that are no UTF-8 text")
	}
	return finding.Textf("plain text that is no token")
}

// addressFindings compares the address that came with the token with
// LIVEKIT_URL: key pairs of two projects do not mix.
func addressFindings(c *Case, a *TicketAnswer, who Text) []Finding {
	raw := a.Answer.URL
	if raw == "" {
		return []Finding{finding.New(finding.TicketURLMissing, finding.Warn,
			"%s names no LiveKit server; the app does not fall back to LIVEKIT_URL", who).With("fields", a.Answer.Fields)}
	}
	fault, _ := serverURLFault(raw)
	there := usableURL(raw)
	if !fault.IsZero() || there == nil {
		if fault.IsZero() {
			fault = finding.Textf("it cannot be parsed")
		}
		return []Finding{finding.New(finding.TicketURLInvalid, finding.Fail,
			"%s names a LiveKit server that cannot be used: %s", who, fault).
			With("url", clean.URL(raw)).With("url_path", a.Answer.URLPath)}
	}
	if here := c.livekitURL(); here != nil && !sameServer(here, there) {
		return []Finding{finding.New(finding.TicketURLDiffers, finding.Warn,
			"%s names the server %s, and LIVEKIT_URL names %s", who, clean.URL(raw), clean.URL(c.Settings.URL.Value)).
			With("url", clean.URL(raw)).With("livekit_url", clean.URL(c.Settings.URL.Value)).With("url_path", a.Answer.URLPath)}
	}
	return nil
}

// roomFindings compares the room beside the token with the room inside it.
func roomFindings(a *TicketAnswer) []Finding {
	if a.Answer.Room == "" || a.kind() != answer.Text || a.Token == nil {
		return nil
	}
	inside := a.Token.Room()
	if inside == "" || inside == a.Answer.Room {
		return nil
	}
	return []Finding{finding.New(finding.TicketRoomDiffers, finding.Warn,
		"the answer says room %s, and its token is for room %s: the token decides",
		clean.Line(a.Answer.Room, 80), clean.Line(inside, 80)).
		With("room", clean.Line(a.Answer.Room, 256)).With("token_room", clean.Line(inside, 256))}
}
