package checks

import (
	"context"
	"time"

	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/token"
)

// tokenFormat asks whether what was handed out is a JWT at all. It makes the
// token that every later check reads.
func tokenFormat() Check {
	return Check{
		ID: "token.format", Stage: StageToken, Timeout: 2 * time.Second,
		Title: finding.Textf("The token is a JWT"),
		Short: finding.Textf("Token format"),
		After: []string{"ticket.consume", "ticket.frontend"},
		Ready: readyForToken,
		Run: func(_ context.Context, c *Case) []Finding {
			parsed, findings := token.Parse(c.rawToken())
			c.Token = parsed.Effective()
			return byMaker(c, findings)
		},
		Outcome: func(c *Case) Outcome {
			if c.Token == nil || !c.Token.Decoded {
				return Outcome{}
			}
			text := finding.Textf("a JWT signed with %s by key %s",
				clean.Line(c.Token.Header.Algorithm, 12), clean.Line(c.Token.Claims.Issuer, 40))
			if !c.Options.Pasted.IsZero() {
				text = finding.Textf("%s: %s", c.Options.Pasted, text)
			}
			return Outcome{
				Text: text,
				Facts: Facts{"algorithm": clean.Line(c.Token.Header.Algorithm, 12), "length": c.Token.Shape.Length,
					"issuer": clean.Line(c.Token.Claims.Issuer, 80)},
			}
		},
	}
}

// readyForToken tells why there is no token to look at, if there is none.
func readyForToken(c *Case, ended Ended) *Skip {
	source := c.Source()
	switch source {
	case SourceMinted, SourceNone:
		if ended.Stopped("ticket.reach") && !c.Settings.Ticket.Secret.Empty() {
			return BlockedBy("ticket.reach")
		}
		return NotHere("not checked: no ticket and no token was given")
	case SourceFlag:
		return nil
	}
	by := "ticket.consume"
	if source == SourceFrontend {
		by = "ticket.frontend"
	}
	if a := c.answer(); a == nil || !a.usable() {
		if ended.Stopped(by) {
			return BlockedBy(by)
		}
		return &Skip{Reason: NotRequested, Text: finding.Textf("not run: no token was fetched")}
	}
	return nil
}

// rawToken is the token under test as it was handed out.
func (c *Case) rawToken() string {
	if a := c.answer(); a != nil {
		return a.Raw()
	}
	return c.Settings.Token.Secret.Reveal()
}

// byMaker lets findings about a token blame whoever made this one.
func byMaker(c *Case, findings []Finding) []Finding {
	for i := range findings {
		if findings[i].Owner == "" || findings[i].Owner == finding.OwnerMaker {
			if findings[i].Code != finding.ClockSkew {
				findings[i].Owner = c.maker()
			}
		}
	}
	return findings
}

// tokenClaims asks whether the claims let somebody join a room.
func tokenClaims() Check {
	return Check{
		ID: "token.claims", Stage: StageToken, Timeout: 2 * time.Second,
		Title: finding.Textf("The token's claims let somebody join a room"),
		Short: finding.Textf("Token claims"),
		Needs: []string{"token.format"},
		Run: func(_ context.Context, c *Case) []Finding {
			return byMaker(c, token.Lint(c.Token, c.maker()))
		},
		Outcome: func(c *Case) Outcome {
			if c.Token == nil || c.Token.Claims.Video == nil {
				return Outcome{}
			}
			return Outcome{
				Text: finding.Textf("%s may join room %s", clean.Line(c.Token.Identity(), 60), clean.Line(c.Token.Room(), 60)),
				Facts: Facts{"identity": clean.Line(c.Token.Identity(), 256), "room": clean.Line(c.Token.Room(), 256),
					"can_publish": c.Token.Claims.Video.CanPublish, "can_subscribe": c.Token.Claims.Video.CanSubscribe},
			}
		},
	}
}

// ClockNote is what token.time learnt of the clocks.
type ClockNote struct {
	// Compared tells that at least the LiveKit server's clock was read.
	Compared bool
}

// tokenTime asks whether the token is valid now, by the server's clock where
// that is known, and whether the clocks agree.
func tokenTime() Check {
	return Check{
		ID: "token.time", Stage: StageToken, Timeout: 2 * time.Second,
		Title: finding.Textf("The token is valid now, and the clocks agree"),
		Short: finding.Textf("Token time"),
		Needs: []string{"token.format"},
		After: []string{"join.reach"},
		Run: func(_ context.Context, c *Case) []Finding {
			clocks := c.clocks()
			c.ClockNote.Compared = clocks.Server != nil
			return byMaker(c, token.Time(c.Token, clocks))
		},
		Outcome: func(c *Case) Outcome {
			facts := Facts{"clocks_compared": c.ClockNote.Compared}
			if c.Token == nil || c.Token.Claims.ExpiresAt == nil {
				return Outcome{Facts: facts}
			}
			expires := c.Token.Claims.ExpiresAt.UTC()
			facts["expires_at"] = expires.Format(time.RFC3339)
			return Outcome{Text: finding.Textf("valid until %s", expires.Format("15:04:05 MST on 2 January 2006")), Facts: facts}
		},
	}
}

// clocks are the readings that this run has: this machine's, and the Date
// headers of the LiveKit server and of whoever handed out the token.
func (c *Case) clocks() token.Clocks {
	clocks := token.Clocks{Local: c.Now()}
	if c.Reach != nil && !c.elsewhere() {
		clocks.Server = sample(c.Reach.Date)
	}
	if a := c.answer(); a != nil && a.Reply != nil {
		clocks.TicketService = sample(a.Reply.Date)
	}
	return clocks
}

// sample turns a reading at half-way into one at the time of receipt.
func sample(s *probe.ClockSample) *token.Sample {
	if s == nil {
		return nil
	}
	return &token.Sample{Date: s.Date, At: s.At.Add(s.RTT / 2), RTT: s.RTT}
}
