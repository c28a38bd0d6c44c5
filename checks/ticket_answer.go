package checks

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/config/clean"
)

// TicketAnswer is the answer of a ticket service, a front end or a token endpoint.
type TicketAnswer struct {
	Answer answer.Answer
	Reply  *probe.Reply
	Spent  bool      // whether a ticket was consumed for it
	Token  *examined // the value in the token's place, parsed; nil where that is none
	// path and kind describe the token's place: the field that the answer's reader
	// reads, even when another field holds a better value, or, where that field is
	// missing, the place where a token was found.
	path string
	kind answer.Kind
	// own reports whether the answer came from a route that only the app's own
	// client asks, which may choose its own field names.
	own bool
}

// read returns the product of a 2xx answer.
func (c *Case) read(reply *probe.Reply, profile answer.Profile) *TicketAnswer {
	found := answer.Find(reply.Body, reply.Header.Get("Content-Type"), profile)
	a, raw := &TicketAnswer{Reply: reply, Answer: found, path: found.TokenPath, kind: found.TokenKind}, found.Token
	if found.AtUsual != answer.Missing {
		a.path, a.kind, raw = found.UsualPath, found.AtUsual, found.UsualToken
	}
	_, missing := c.missingToken(a, Text{})
	if !missing && (a.kind == answer.Text || a.kind == answer.Empty || a.kind == answer.Null) {
		c.learn(raw.Reveal())
		a.Token = examine(raw.Reveal())
	}
	return a
}

// URL returns the server's address that came with the token, or "".
func (a *TicketAnswer) URL() string {
	if a == nil {
		return ""
	}
	return a.Answer.URL
}

func (a *TicketAnswer) facts() Facts {
	facts := Facts{
		"status": a.Reply.Status, "token_path": a.path, "ticket_spent": a.Spent, "fields": a.Answer.Fields,
		"content_type": clean.Line(a.Reply.Header.Get("Content-Type"), 80),
	}
	return withTexts(Finding{Facts: facts}, map[string]string{"answer_url": clean.URL(a.Answer.URL),
		"answer_room": clean.Line(a.Answer.Room, 256), "answer_identity": clean.Line(a.Answer.Identity, 256)}).Facts
}

// answerFindings judges a 2xx answer: whether there is a token, whether it is in
// the field that the reader reads, and whether the other fields agree with it.
func answerFindings(c *Case, a *TicketAnswer, who Text) []Finding {
	if f, bad := c.missingToken(a, who); bad {
		return []Finding{f}
	}
	var findings []Finding
	if a.Answer.AtUsual != answer.Missing && a.Answer.TokenHasVideo && !a.Answer.TokenUsual {
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

// unusual reports whether token or address are in other fields than their reader reads,
// if that is known. Element Call reads jwt and url.
func (a *TicketAnswer) unusual() bool {
	if a.own || a.Answer.TokenPath == "jwt" && a.Answer.URLPath == "url" && len(a.Answer.Fields) == 2 {
		return false
	}
	tokenElsewhere := a.Answer.AtUsual == answer.Missing && a.Answer.TokenKind == answer.Text
	return tokenElsewhere || a.Answer.URL != "" && !a.Answer.URLUsual
}

// fieldUnusual returns a finding about a token or address in a field that is not
// read. A standard endpoint fails, as its clients get nothing; a ticket service has
// the app between itself and the client.
func (c *Case) fieldUnusual(a *TicketAnswer) Finding {
	severity, who, variant := finding.Warn, finding.Textf("the app would get no token or no address"), "url-name"
	switch {
	case c.Source() == check.SourceEndpoint:
		severity, variant = finding.Fail, "endpoint"
		who = finding.Textf("LiveKit's standard clients read participant_token and server_url, and would get empty credentials")
	case a.path == answer.WholeBody:
		variant = "bare-text"
	case a.Answer.AtUsual == answer.Missing:
		variant = "token-name"
	}
	where := finding.Textf("the address sits at %s", a.Answer.URLPath)
	if a.Answer.AtUsual == answer.Missing {
		where = finding.Textf("the token sits at %s", a.path)
	}
	return finding.New(finding.TicketFieldUnusual, severity, "%s, where its reader does not look: %s", where, who).
		With("token_path", a.path).With("url_path", a.Answer.URLPath).With("fields", a.Answer.Fields).As(variant)
}

// cacheFindings reports a token that was not made for the request that got it.
// Where a second request spends nothing, it sends one: body is nil where it would.
func (c *Case) cacheFindings(ctx context.Context, product *TicketAnswer, a attempt, body func(all bool) []byte, who Text) []Finding {
	if product.Token == nil || product.Token.Effective().ClaimsJSON() == "" {
		return nil // a text that is no token is the same each time, and has its own finding
	}
	variant, header := cachedBy(a.reply)
	f := finding.New(finding.TicketTokenCached, finding.Warn,
		"%s gives out a token from a cache (%s): everybody gets the same one", who, header)
	if variant == "" {
		if body == nil || freshly(product) || !c.sameAgain(ctx, a, body) {
			return nil
		}
		variant = "same-token"
		f.Message = finding.Textf("%s gave the very same token to three requests within two seconds: everybody gets the same one", who)
	}
	// An expired token has its own finding.
	if t := product.Token.Claims.ExpiresAt; t != nil && t.Before(c.Now()) {
		f.Severity = finding.Fail
	}
	return []Finding{f.With("where", header).As(variant)}
}

// freshly reports whether a token's claims say that it was just made. LiveKit's SDK
// for Node.js writes no such claim.
func freshly(a *TicketAnswer) bool {
	return a.Reply.Date != nil && slices.ContainsFunc([]*time.Time{a.Token.Claims.IssuedAt, a.Token.Claims.NotBefore},
		func(made *time.Time) bool { return made != nil && a.Reply.Date.Date.Sub(*made).Abs() <= 5*time.Second })
}

func (c *Case) missingToken(t *TicketAnswer, who Text) (Finding, bool) {
	a, kind, path := t.Answer, t.kind, t.path
	reason := clean.Line(a.Said.Text, 160)
	build := func(code Code, variant, format string, args ...any) (Finding, bool) {
		f := finding.New(code, finding.Fail, format, args...).As(variant).
			With("shape", string(a.Shape)).With("fields", append([]string{}, a.Fields...))
		return withTexts(f, map[string]string{"said": reason, "token_path": path}), true
	}
	fields := clean.Line(strings.Join(a.Fields, ", "), 160)
	missing := "missing"
	if c.Source() == check.SourceEndpoint {
		missing = "endpoint"
	}
	switch {
	case a.Problem == answer.NotJSON, a.Problem == answer.BrokenJSON, a.Problem == answer.EmptyBody, a.Problem == answer.TooDeep:
		what, variant := bodyKind(t)
		f, _ := build(finding.TicketNotJSON, variant, "%s answered with %s where JSON with a token was expected", who, what)
		if variant == "web-page" {
			f = f.By(finding.OwnerConfig)
		}
		return f, true
	case kind == answer.Promise:
		return build(finding.TicketTokenMissing, "promise",
			"the field %s holds {}, which is what a Promise that nobody awaited becomes in JSON", path)
	case kind == answer.NotText:
		what := a.TokenType
		if a.AtUsual == answer.NotText {
			what = a.UsualType
		}
		if a.TokenHasVideo {
			f, _ := build(finding.TicketTokenMissing, "beside",
				"the field %s should hold the token as text and holds this type: %s; the token sits at %s",
				path, what, a.TokenPath)
			return f.With("found", a.TokenPath), true
		}
		return build(finding.TicketTokenMissing, "not-text",
			"the field %s should hold the token as text and holds this type: %s", path, what)
	case reason != "" && (kind == answer.Missing || a.Problem == answer.ErrorObject && (kind == answer.Null || kind == answer.Empty)):
		return build(finding.TicketTokenMissing, "said-why", "%s answered without a token, and says: %s", who, reason)
	case kind == answer.Missing && fields != "":
		return build(finding.TicketTokenMissing, missing, "%s answered without a token; its fields are: %s", who, fields)
	case kind == answer.Missing:
		return build(finding.TicketTokenMissing, missing, "%s answered without a token", who)
	}
	return Finding{}, false
}

// bodyKind describes a body that is not JSON with a token, and returns its variant.
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
	case a.Shape == answer.ShapeHTML && challenged(t.Reply):
		return finding.Textf("a bot challenge (%s)", clean.Line(a.Said.Text, 80)), "challenge"
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

// challenged reports whether a page asks its reader to prove to be no robot, as
// Cloudflare's and others' do.
func challenged(r *probe.Reply) bool {
	page := strings.ToLower(string(r.Body[:min(len(r.Body), 4<<10)]))
	return r.Header.Get("Cf-Mitigated") == "challenge" || strings.Contains(page, "<title>just a moment...</title>") ||
		strings.Contains(page, "captcha")
}

// addressFindings compares the address that came with the token with LIVEKIT_URL:
// the keys of two projects do not mix.
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
	fault, there := serverURLFault(raw), usableURL(raw)
	if fault.IsZero() && there == nil {
		fault = finding.Textf("it cannot be parsed")
	}
	if !fault.IsZero() {
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

// inner reports whether a host name is valid only on one machine or in one network.
func inner(host string) bool { return probe.IsLoopbackHost(host) || containerName(host) }

// answeredBy returns the variant for the party that set the address in an answer:
// with a ticket that is the service, even where the app passes it on.
func (c *Case) answeredBy(a *TicketAnswer) string {
	switch {
	case c.Source() == check.SourceEndpoint:
		return "endpoint"
	case c.Source() == check.SourceFrontend && !a.Spent:
		return "app"
	}
	return "service"
}

func roomFindings(a *TicketAnswer) []Finding {
	if a.Answer.Room == "" || a.kind != answer.Text || a.Token == nil {
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
