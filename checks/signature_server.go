package checks

import (
	"context"
	"net/url"
	"time"

	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/token"
)

// signatureServer asks the LiveKit server for its verdict on the token, which
// has no side effect: /rtc/validate joins nothing.
func signatureServer() Check {
	return Check{
		ID: "signature.server", Stage: StageSignature, Timeout: 8 * time.Second,
		Title: finding.Textf("The LiveKit server accepts the token"),
		Short: finding.Textf("Server's verdict"),
		Needs: []string{"token.format"},
		After: []string{"join.reach", "env.livekit"},
		Ready: readyForServer,
		Run: func(ctx context.Context, c *Case) []Finding {
			u := c.serverURL()
			Waiting(ctx, "asking %s for its verdict on the token", clean.Line(u.Host, 80))
			verdict, failure := c.ask(ctx, u)
			if failure != nil {
				return serverFailure(c, failure, u)
			}
			c.Verdict = verdict
			return verdictFindings(ctx, c, verdict, u)
		},
		Outcome: func(c *Case) Outcome {
			if acceptance(c.Verdict) != Yes {
				return Outcome{}
			}
			return Outcome{
				Text:  finding.Textf("the LiveKit server accepts the token"),
				Facts: Facts{"status": c.Verdict.Status, "path": c.Verdict.Path},
			}
		},
	}
}

// readyForServer tells what stands between a good token and the server.
func readyForServer(c *Case, ended Ended) *Skip {
	switch {
	case c.serverURL() == nil && ended.Stopped("env.livekit"):
		return BlockedBy("env.livekit")
	case c.serverURL() == nil:
		return BlockedBy("env.files")
	case !c.elsewhere() && ended.Stopped("join.reach"):
		return BlockedBy("join.reach")
	}
	return nil
}

// verdictOn asks with the token in the Authorization header, as the server SDKs
// send it. A server that saw no token there is asked again with the token in
// the query, as browsers send it: a proxy may have dropped the header.
func (c *Case) verdictOn(ctx context.Context, u *url.URL, t *token.Token) (*probe.Verdict, *probe.Failure) {
	verdict, failure := c.Net.Validate(ctx, u, t.Reveal())
	if failure != nil || verdict.Reason != probe.ReasonNoPermissions && verdict.Reason != probe.ReasonHeaderMalformed || t.Claims.Video == nil {
		return verdict, failure
	}
	if again, _ := c.Net.ValidateQuery(ctx, u, t.Reveal()); again != nil && again.Accepted {
		return again, nil
	}
	return verdict, nil
}

// Presence is whether the token's identity is in its room already.
type Presence struct {
	// Known is false where it could not be asked; nothing follows then.
	Known, Present bool
}

// ask has the server's verdict on the token, and whether its identity is in the
// room: from the question that was asked ahead, or now.
func (c *Case) ask(ctx context.Context, u *url.URL) (*probe.Verdict, *probe.Failure) {
	if a, ok := c.answered(ctx, c.Token); ok {
		c.Present = a.present
		return a.verdict, a.failure
	}
	present := c.askPresence(ctx, u, c.Token)
	verdict, failure := c.verdictOn(ctx, u, c.Token)
	c.Present = present()
	return verdict, failure
}

// askPresence starts the question and returns a func that waits for its
// answer. It needs the right key and secret; without them nothing is known, and
// neither at a server that is not the one in LIVEKIT_URL: a token made here goes
// to no address that somebody else named.
func (c *Case) askPresence(ctx context.Context, u *url.URL, t *token.Token) func() Presence {
	key, secret := c.Settings.APIKey.Value, c.Settings.APISecret.Secret.Reveal()
	room, identity := t.Room(), t.Identity()
	if here := c.livekitURL(); here == nil || !sameServer(here, u) {
		return func() Presence { return Presence{} }
	}
	if c.Options.NoJoin || room == "" || identity == "" || token.Verify(t, key, secret) != token.Verified {
		return func() Presence { return Presence{} }
	}
	answer := make(chan Presence, 1)
	go func() {
		present, known, _ := c.Net.InRoom(ctx, u, key, secret, room, identity)
		answer <- Presence{Known: known, Present: present}
	}()
	return func() Presence { return <-answer }
}

// verdictFindings puts the server's verdict into words. What the local checks
// found before it is only confirmed here; they stay the cause.
func verdictFindings(ctx context.Context, c *Case, v *probe.Verdict, u *url.URL) []Finding {
	local := token.Verify(c.Token, c.Settings.APIKey.Value, c.Settings.APISecret.Secret.Reveal())
	tell := func(code Code, severity finding.Severity, format string, args ...any) []Finding {
		return []Finding{finding.New(code, severity, format, args...).
			With("status", v.Status).With("reason", string(v.Reason)).With("server_text", v.Text).By(finding.OwnerMaker)}
	}
	issuer := clean.Line(c.Token.Claims.Issuer, 80)
	switch v.Reason {
	case probe.ReasonAccepted:
		if local == token.Mismatch {
			return tell(finding.ConfigSecretStale, finding.Fail,
				"the server accepts the token, and the LIVEKIT_API_SECRET here did not sign it: the secret here is not the server's")
		}
		return unexpected(c, v)
	case probe.ReasonKeyUnknown, probe.ReasonKeyEmpty:
		return tell(finding.ServerKeyUnknown, finding.Fail, "the server does not know the API key %q that the token names as its issuer", issuer)
	case probe.ReasonSignature:
		return tell(finding.ServerSignatureRejected, finding.Fail, "the server knows the key %s, and its secret for it did not sign this token", issuer)
	}
	if f, is := aside(ctx, c, v, u, c.Token); is {
		return []Finding{f}
	}
	return tell(finding.ServerTokenRejected, finding.Fail, "the server refuses the token: %s", reasonWords(v))
}

// aside puts a refusal into words that is about the place or the room, and not
// about the token t.
func aside(ctx context.Context, c *Case, v *probe.Verdict, u *url.URL, t *token.Token) (Finding, bool) {
	switch v.Reason {
	case probe.ReasonNotLiveKit:
		return notLiveKitThere(ctx, c, v, u), true
	case probe.ReasonNodeLimit:
		return overloaded(v.Status, v.Text), true
	case probe.ReasonNoNodes:
		return notReady(v.Status, v.Text), true
	case probe.ReasonQuota:
		return quota(v.Status, v.Text), true
	case probe.ReasonRoomNotFound:
		return roomNotFound(t), true
	case probe.ReasonOther:
		// It failed, or a gateway before it did: no word on the token.
		return notReady(v.Status, v.Text), v.Status >= 500
	}
	return Finding{}, false
}

// notLiveKitThere is an answer about the token that is not LiveKit's.
func notLiveKitThere(ctx context.Context, c *Case, v *probe.Verdict, u *url.URL) Finding {
	if c.handedOut(u) {
		if found, ok := c.Net.FindPrefix(ctx, u); ok {
			return finding.New(finding.ServerPathPrefix, finding.Fail,
				"LiveKit is not at %s, and answers at %s", clean.URL(u.String()), clean.URL(found)).
				With("found", clean.URL(found)).By(c.maker()).Fixed("", "Hand out %s instead.", clean.URL(found))
		}
	}
	owner := c.placeOwner(v.What, u)
	if c.beside(u) {
		owner = c.maker()
	}
	return finding.New(finding.ServerNotLiveKit, finding.Fail,
		"what answered at /rtc/validate is not LiveKit (%d, looks like %s)", v.Status, string(v.What)).
		With("status", v.Status).With("server_text", v.Text).By(owner)
}

// unexpected tells when the server accepts what fails by the token's own text:
// it has other limits, or is of another age, than this doctor knows.
func unexpected(c *Case, v *probe.Verdict) []Finding {
	for _, f := range append(token.Lint(c.Token, c.maker()), token.Time(c.Token, c.clocks())...) {
		if f.Severity == finding.Fail && f.Code != finding.ClockSkew {
			return []Finding{finding.New(finding.ServerVerdictUnexpected, finding.Warn,
				"the server accepts the token although %s was found in it: other servers may not", string(f.Code)).
				With("status", v.Status).With("despite", string(f.Code)).By(finding.OwnerUnknown)}
		}
	}
	return nil
}

// reasonWords is the server's reason in our words.
func reasonWords(v *probe.Verdict) Text {
	switch v.Reason {
	case probe.ReasonExpired:
		return finding.Textf("it has expired, by the server's clock")
	case probe.ReasonNotYetValid:
		return finding.Textf("it is not valid yet, by the server's clock")
	case probe.ReasonIssuedInFuture:
		return finding.Textf("it was issued in the future, by the server's clock")
	case probe.ReasonAlgorithm:
		return finding.Textf("it is signed with an algorithm that the server does not take")
	case probe.ReasonMalformed:
		return finding.Textf("it cannot be read as a token")
	case probe.ReasonClaimType:
		return finding.Textf("one of its claims has the wrong type")
	case probe.ReasonNeedsExp:
		return finding.Textf("it has no expiry (exp), which this server requires")
	case probe.ReasonNoPermissions:
		return finding.Textf("no token reached it, or one without a video grant")
	case probe.ReasonDenied:
		return finding.Textf("its video grant does not allow joining (roomJoin)")
	case probe.ReasonNoRoom:
		return finding.Textf("it names no room")
	case probe.ReasonNoIdentity:
		return finding.Textf("it names no identity (sub)")
	case probe.ReasonRoomTooLong:
		return finding.Textf("its room name is too long")
	case probe.ReasonIdentityTooLong:
		return finding.Textf("its identity is too long")
	case probe.ReasonHeaderMalformed:
		return finding.Textf("the Authorization header did not arrive as it was sent")
	}
	if v.Text == "" {
		return finding.Textf("status %d without a reason", v.Status)
	}
	return finding.Textf("status %d, %s", v.Status, v.Text)
}
