package checks

import (
	"context"
	"slices"
	"strings"
	"time"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/token"
	"lkdoctor/config/clean"
)

// examined is a parsed token. It holds nothing that depends on the settings, because a
// later run with other settings may keep it.
type examined struct {
	*token.Token
	// Format are the findings of the parser.
	Format []Finding
}

func examine(raw string) *examined {
	parsed, findings := token.Parse(raw)
	return &examined{Token: parsed.Effective(), Format: findings}
}

func (c *Case) verify(t *examined) token.Verdict {
	return token.Verify(t.Token, c.Settings.APIKey.Value, c.Settings.APISecret.Secret.Reveal())
}

func (c *Case) given() *examined {
	p := c.products()
	p.givenOnce.Do(func() { p.given = examine(c.Settings.Token.Secret.Reveal()) })
	return p.given
}

// tokenFormat asks whether the text is a JWT, and makes the token under test.
func (c *Case) tokenFormat(_ context.Context, ended Ended) Report {
	t, why := c.tokenUnderTest(ended)
	if t == nil {
		return why
	}
	c.produce(t)
	if f, is := c.pastedRefusal(); is {
		return check.Found(f)
	}
	return Report{Findings: c.handed(t.Format), Outcome: c.formatOutcome(t)}
}

// pastedRefusal returns a finding about a piped answer without a token: the service
// gave a reason, and no JWT was to be expected.
func (c *Case) pastedRefusal() (Finding, bool) {
	raw := c.Settings.Token.Secret.Reveal()
	if c.Source() != check.SourceFlag || !strings.HasPrefix(strings.TrimSpace(raw), "{") {
		return Finding{}, false
	}
	a := answer.Find([]byte(raw), "application/json", answer.TicketService)
	if a.Problem != answer.ErrorObject || a.Said.Text == "" {
		return Finding{}, false
	}
	reason := clean.Line(a.Said.Text, 160)
	return finding.New(finding.TicketTokenMissing, finding.Fail, "what was given is no token, but an answer that says: %s", reason).
		With("said", reason).With("fields", a.Fields).As("said-why"), true
}

// handed gives findings about the token's form or time the variants that depend on
// its origin: a pasted token has to be pasted again, and a login token in an answer
// with the right token was read from the wrong field.
func (c *Case) handed(findings []Finding) []Finding {
	out := slices.Clone(findings)
	for i, f := range out {
		a := c.answer()
		switch f.Code {
		case finding.TokenForeign:
			if a != nil && a.Answer.TokenHasVideo && !a.Answer.TokenUsual {
				out[i] = f.As("wrong-field").With("field", a.path)
			}
		case finding.TokenEmpty, finding.TokenExpired, finding.TokenOpaque, finding.TokenTruncated, finding.TokenWrapped:
			// These are true of a pasted text too.
			about := slices.Contains([]string{"ticket", "key", "refusal", "web-page"}, f.Variant)
			if c.Source() == check.SourceFlag && !about {
				out[i] = f.As("pasted")
			}
		}
	}
	return out
}

// tokenUnderTest returns the token of this run, or nil and why there is none.
func (c *Case) tokenUnderTest(ended Ended) (t *examined, why Report) {
	by := "ticket.consume"
	switch c.Source() {
	case check.SourceFlag:
		return c.given(), Report{}
	case check.SourceMinted, check.SourceNone:
		if ended.Stopped("ticket.reach") && !c.Settings.Ticket.Secret.Empty() {
			return nil, check.BlockedBy("ticket.reach")
		}
		return nil, check.NotHere("not checked: no ticket and no token was given")
	case check.SourceFrontend:
		by = "ticket.frontend"
	}
	if a := c.answer(); a != nil && a.Token != nil {
		return a.Token, Report{}
	}
	if ended.Stopped(by) {
		return nil, check.BlockedBy(by)
	}
	return nil, check.Unasked("not run: no token was fetched")
}

func (c *Case) formatOutcome(t *examined) Outcome {
	if !t.Decoded {
		return Outcome{}
	}
	text := finding.Textf("a JWT signed with %s by key %s", clean.Line(t.Algorithm, 12), clean.Line(t.Claims.Issuer, 40))
	if !c.Options.Pasted.IsZero() {
		text = finding.Textf("%s: %s", c.Options.Pasted, text)
	}
	return Outcome{Text: text, Facts: Facts{
		"algorithm": clean.Line(t.Algorithm, 12), "length": t.Shape.Length, "issuer": clean.Line(t.Claims.Issuer, 80),
	}}
}

// tokenClaims asks whether the claims allow a participant to join a room.
func (c *Case) tokenClaims(_ context.Context, _ Ended) Report {
	t := c.token()
	report := Report{Findings: token.Lint(t.Token)}
	if t.Claims.Video != nil && finding.Worst(report.Findings) != finding.Fail {
		report.Outcome = Outcome{
			Text: finding.Textf("%s may join room %s", clean.Line(t.Identity(), 60), clean.Line(t.Room(), 60)),
			Facts: Facts{"identity": clean.Line(t.Identity(), 256), "room": clean.Line(t.Room(), 256),
				"can_publish": t.Claims.Video.GetCanPublish(), "can_subscribe": t.Claims.Video.GetCanSubscribe()},
		}
	}
	return report
}

// tokenTime asks whether the token is valid now, and whether the clocks agree.
func (c *Case) tokenTime(_ context.Context, ended Ended) Report {
	t, clocks := c.token(), c.clocks()
	for _, id := range []string{"ticket.consume", "ticket.frontend"} {
		for _, f := range ended[id].Findings {
			clocks.Kept = clocks.Kept || f.Code == finding.TicketTokenCached
		}
	}
	report := Report{Findings: c.handed(token.Time(t.Token, clocks))}
	report.Outcome.Facts = Facts{"clocks_compared": clocks.Server != nil}
	if t.Claims.ExpiresAt != nil {
		expires := t.Claims.ExpiresAt.UTC()
		report.Outcome.Facts["expires_at"] = expires.Format(time.RFC3339)
		report.Outcome.Text = endsAt(expires, c.Now().UTC())
	}
	return report
}

// endsAt describes the time until a token expires: what matters is whether that is
// long enough to join. The date is given where it is another day.
func endsAt(expires, now time.Time) finding.Text {
	until := expires.Format("15:04:05 MST")
	if expires.Format(time.DateOnly) != now.Format(time.DateOnly) {
		until = expires.Format("15:04:05 MST, 2006-01-02")
	}
	left := expires.Sub(now)
	if left <= 0 {
		return finding.Textf("ended at %s", until)
	}
	return finding.Textf("good for %s, until %s", token.Elapsed(left), until)
}

// clocks returns the clock readings of this run: this machine's, and the Date
// headers of the LiveKit server and of the service that handed out the token.
func (c *Case) clocks() token.Clocks {
	clocks := token.Clocks{Local: c.Now()}
	if r := c.reach(); r != nil && !c.atOtherServer() {
		clocks.Server = r.Date
	}
	if a := c.answer(); a != nil && a.Reply != nil {
		clocks.TicketService = a.Reply.Date
	}
	return clocks
}
