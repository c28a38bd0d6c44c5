package checks

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/config/clean"
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
	// own says that it came from a route that the app's own client asks, so that
	// the names of its fields are between those two.
	own bool
}

// read makes the product of a 2xx answer.
func (c *Case) read(reply *probe.Reply, profile answer.Profile) *TicketAnswer {
	a := &TicketAnswer{Reply: reply, Answer: answer.Find(reply.Body, reply.Header.Get("Content-Type"), profile)}
	if a.usable() {
		c.learn(a.Raw())
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

// facts are what came with the token, and how.
func (a *TicketAnswer) facts() Facts {
	facts := Facts{
		"status": a.Reply.Status, "token_path": a.TokenPath(), "ticket_spent": a.Spent, "fields": a.Answer.Fields,
		"content_type": clean.Line(a.Reply.Header.Get("Content-Type"), 80),
	}
	if a.Answer.URL != "" {
		facts["answer_url"] = clean.URL(a.Answer.URL)
	}
	if a.Answer.Room != "" {
		facts["answer_room"] = clean.Line(a.Answer.Room, 256)
	}
	if a.Answer.Identity != "" {
		facts["answer_identity"] = clean.Line(a.Answer.Identity, 256)
	}
	return facts
}

// kind is what sits where the token was read.
func (a *TicketAnswer) kind() answer.Kind {
	if a.Answer.AtUsual != answer.Missing {
		return a.Answer.AtUsual
	}
	return a.Answer.TokenKind
}

// usable reports whether there is anything in the token's place that the token
// checks can look at.
func (a *TicketAnswer) usable() bool {
	if _, missing := missingToken(nil, a, Text{}); missing {
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
	if f, bad := missingToken(c, a, who); bad {
		return []Finding{f}
	}
	var findings []Finding
	if a.Answer.AtUsual == answer.Text && a.Answer.TokenHasVideo && !a.Answer.TokenUsual {
		findings = append(findings, finding.New(finding.TicketFieldUnusual, finding.Warn,
			"a LiveKit token sits at %s, and its reader takes what sits at %s", a.Answer.TokenPath, a.Answer.UsualPath).
			With("token_path", a.Answer.TokenPath).With("usual_path", a.Answer.UsualPath).With("fields", a.Answer.Fields).As("other-token"))
	}
	if a.unusual() {
		findings = append(findings, c.fieldUnusual(a))
	}
	findings = append(findings, addressFindings(c, a, who)...)
	return append(findings, roomFindings(a)...)
}

// unusual reports whether token or address sit elsewhere than their reader
// looks. Where the reader is not known, or is Element Call, which reads jwt and
// url, they do not.
func (a *TicketAnswer) unusual() bool {
	if a.own || a.Answer.TokenPath == "jwt" && a.Answer.URLPath == "url" && len(a.Answer.Fields) == 2 {
		return false
	}
	tokenElsewhere := a.Answer.AtUsual == answer.Missing && a.Answer.TokenKind == answer.Text
	return tokenElsewhere || a.Answer.URL != "" && !a.Answer.URLUsual
}

// fieldUnusual is a token or an address under a name that is not read. The
// clients of a standard endpoint would get nothing, so that it fails there; a
// ticket service has the app between itself and the client.
func (c *Case) fieldUnusual(a *TicketAnswer) Finding {
	severity, who, variant := finding.Warn, finding.Textf("the app would get no token or no address"), "url-name"
	switch {
	case c.Source() == check.SourceEndpoint:
		severity, variant = finding.Fail, "endpoint"
		who = finding.Textf("LiveKit's standard clients read participant_token and server_url, and would get empty credentials")
	case a.TokenPath() == answer.WholeBody:
		variant = "bare-text"
	case a.Answer.AtUsual == answer.Missing:
		variant = "token-name"
	}
	where := finding.Textf("the address sits at %s", a.Answer.URLPath)
	if a.Answer.AtUsual == answer.Missing {
		where = finding.Textf("the token sits at %s", a.TokenPath())
	}
	return finding.New(finding.TicketFieldUnusual, severity, "%s, where its reader does not look: %s", where, who).
		With("token_path", a.TokenPath()).With("url_path", a.Answer.URLPath).With("fields", a.Answer.Fields).As(variant)
}

// cacheFindings reports a token that was not made for the request that got it.
// Where asking once more spends nothing, that is done: body is nil where it
// would.
func (c *Case) cacheFindings(ctx context.Context, product *TicketAnswer, a attempt, body func(all bool) []byte, who Text) []Finding {
	if product.Token == nil || product.Token.Effective().ClaimsJSON() == "" {
		return nil // a text that is no token is the same each time, and has its own finding
	}
	variant, header := cachedBy(a.reply)
	f := finding.New(finding.TicketTokenCached, finding.Warn, "%s gives out a token from a cache (%s): everybody gets the same one", who, header)
	if variant == "" {
		if body == nil || freshly(product) || !c.sameAgain(ctx, a, body) {
			return nil
		}
		variant = "same-token"
		f.Message = finding.Textf("%s gave the very same token to three requests within two seconds: everybody gets the same one", who)
	}
	// A token that is over when it is handed out is so for that reason.
	if t := product.Token.Claims.ExpiresAt; t != nil && t.Before(c.Now()) {
		f.Severity = finding.Fail
	}
	return []Finding{f.With("where", header).As(variant)}
}

// freshly reports whether a token says that it was made when it was handed out.
// LiveKit's SDK for Node.js writes no such claim.
func freshly(a *TicketAnswer) bool {
	date := a.Reply.Date
	if date == nil {
		return false
	}
	for _, made := range []*time.Time{a.Token.Claims.IssuedAt, a.Token.Claims.NotBefore} {
		if made != nil && date.Date.Sub(*made).Abs() <= 5*time.Second {
			return true
		}
	}
	return false
}

// missingToken is the finding about an answer that holds no token to look at.
func missingToken(c *Case, t *TicketAnswer, who Text) (Finding, bool) {
	a, kind, path := t.Answer, t.kind(), t.TokenPath()
	tell := func(code Code, variant, format string, args ...any) (Finding, bool) {
		f := finding.New(code, finding.Fail, format, args...).As(variant).
			With("shape", string(a.Shape)).With("fields", append([]string{}, a.Fields...))
		if a.Said.Text != "" {
			f = f.With("said", clean.Line(a.Said.Text, 160))
		}
		if path != "" {
			f = f.With("token_path", path)
		}
		return f, true
	}
	fields := clean.Line(strings.Join(a.Fields, ", "), 160)
	missing := "missing"
	if c != nil && c.Source() == check.SourceEndpoint {
		missing = "endpoint"
	}
	switch {
	case a.Problem == answer.ErrorObject && a.Said.Text != "" && (kind == answer.Null || kind == answer.Empty):
		return tell(finding.TicketTokenMissing, "said-why", "%s answered without a token, and says: %s", who, clean.Line(a.Said.Text, 160))
	case a.Problem == answer.NotJSON, a.Problem == answer.BrokenJSON, a.Problem == answer.EmptyBody, a.Problem == answer.TooDeep:
		what, variant := bodyKind(t)
		f, _ := tell(finding.TicketNotJSON, variant, "%s answered with %s where JSON with a token was expected", who, what)
		if variant == "web-page" {
			f = f.By(finding.OwnerConfig)
		}
		return f, true
	case kind == answer.Promise:
		return tell(finding.TicketTokenMissing, "promise", "the field %s holds {}, which is what a Promise that nobody awaited becomes in JSON", path)
	case kind == answer.NotText:
		what := a.TokenType
		if a.AtUsual == answer.NotText {
			what = a.UsualType
		}
		if a.TokenHasVideo {
			f, _ := tell(finding.TicketTokenMissing, "beside", "the field %s should hold the token as text and holds this type: %s. The token sits at %s",
				path, what, a.TokenPath)
			return f.With("found", a.TokenPath), true
		}
		return tell(finding.TicketTokenMissing, "not-text", "the field %s should hold the token as text and holds this type: %s", path, what)
	case kind == answer.Missing && a.Said.Text != "":
		return tell(finding.TicketTokenMissing, "said-why", "%s answered without a token, and says: %s", who, clean.Line(a.Said.Text, 160))
	case kind == answer.Missing && fields != "":
		return tell(finding.TicketTokenMissing, missing, "%s answered without a token; its fields are: %s", who, fields)
	case kind == answer.Missing:
		return tell(finding.TicketTokenMissing, missing, "%s answered without a token", who)
	}
	return Finding{}, false
}

// bodyKind says what a body is that is not JSON with a token, and names its
// variant.
func bodyKind(t *TicketAnswer) (what Text, variant string) {
	a := t.Answer
	switch {
	case t.Reply.Encoding != "":
		return finding.Textf("a body compressed with %s, which was not asked for", clean.Line(t.Reply.Encoding, 20)), "compression"
	case a.Problem == answer.EmptyBody:
		return finding.Textf("nothing"), "empty"
	case a.Problem == answer.TooDeep:
		return finding.Textf("JSON nested deeper than %d levels", answer.MaxDepth), "too-deep"
	case a.Problem == answer.BrokenJSON:
		return finding.Textf("JSON that breaks off or goes wrong at byte %d", a.BrokenAt), "broken"
	case a.Shape == answer.ShapeHTML && strings.Contains(strings.ToLower(t.Reply.Header.Get("Content-Type")), "/xml"):
		return finding.Textf("XML"), "text"
	case a.Shape == answer.ShapeHTML && a.Said.Text != "":
		return finding.Textf("an HTML page (%s)", clean.Line(a.Said.Text, 80)), "web-page"
	case a.Shape == answer.ShapeHTML:
		return finding.Textf("an HTML page"), "web-page"
	}
	if !utf8.Valid(t.Reply.Body) {
		return finding.Textf("bytes that are no UTF-8 text"), "text"
	}
	return finding.Textf("plain text that is no token"), "text"
}

// addressFindings compares the address that came with the token with
// LIVEKIT_URL: key pairs of two projects do not mix.
func addressFindings(c *Case, a *TicketAnswer, who Text) []Finding {
	raw, by := a.Answer.URL, c.answeredBy(a)
	if raw == "" && a.own {
		return nil // its own client knows the address
	}
	if raw == "" {
		f := finding.New(finding.TicketURLMissing, finding.Warn,
			"%s names no LiveKit server; the app does not fall back to LIVEKIT_URL", who)
		if by == "endpoint" {
			f = finding.New(finding.TicketURLMissing, finding.Fail,
				"%s names no LiveKit server: LiveKit's standard clients read server_url, and would not know where to connect", who)
		}
		return []Finding{f.With("fields", a.Answer.Fields).As(by)}
	}
	fault, _ := serverURLFault(raw)
	there := usableURL(raw)
	if !fault.IsZero() || there == nil {
		if fault.IsZero() {
			fault = finding.Textf("it cannot be parsed")
		}
		return []Finding{finding.New(finding.TicketURLInvalid, finding.Fail,
			"%s names a LiveKit server that cannot be used: %s", who, fault).
			With("url", clean.URL(raw)).With("url_path", a.Answer.URLPath).As(by)}
	}
	if here := c.livekitURL(); here != nil && !probe.SameServer(here, there) {
		variant := "other-server"
		if inner(there.Hostname()) && !inner(here.Hostname()) {
			variant = "inner-name"
		}
		return []Finding{finding.New(finding.TicketURLDiffers, finding.Warn,
			"%s names the server %s, and LIVEKIT_URL names %s", who, clean.URL(raw), clean.URL(c.Settings.URL.Value)).
			With("url", clean.URL(raw)).With("livekit_url", clean.URL(c.Settings.URL.Value)).With("url_path", a.Answer.URLPath).As(variant)}
	}
	return nil
}

// inner reports whether a host name means something on one machine or in one
// network only.
func inner(host string) bool { return probe.IsLoopbackHost(host) || containerName(host) }

// answeredBy names the variant of whoever wrote the address of an answer: with a
// ticket that is the service, also where the app passes it on.
func (c *Case) answeredBy(a *TicketAnswer) string {
	switch {
	case c.Source() == check.SourceEndpoint:
		return "endpoint"
	case c.Source() == check.SourceFrontend && !a.Spent:
		return "app"
	}
	return "service"
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
