package checks

import (
	"context"
	"net/url"

	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/token"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

// signatureServer asks the LiveKit server for its verdict on the token. The request
// has no side effect: /rtc/validate joins nothing.
func (c *Case) signatureServer(ctx context.Context, ended Ended) Report {
	at := c.there()
	switch {
	case at.URL == nil:
		return noServerAddress(ended)
	case !c.atOtherServer() && ended.Stopped("join.reach"):
		return check.BlockedBy("join.reach")
	}
	asking := "asking %s for its verdict on the token"
	if inClear(at.URL) {
		asking = "asking %s for its verdict on the token, which goes there without encryption"
	}
	check.Waiting(ctx, asking, clean.Line(at.Host, 80))
	verdict, present, failure := c.ask(ctx, at)
	if failure != nil {
		return Report{Findings: c.unreached(ctx, failure, at)}
	}
	var pinned []Finding
	if region, again := c.otherRegion(ctx, at, verdict); region != nil {
		c.produce(region)
		pinned = regionPinned(at, region, verdict)
		at, verdict = address{URL: region, withToken: at.withToken}, again
	}
	c.produce(verdict)
	c.produce(&present)
	report := Report{Findings: append(pinned, verdictFindings(ctx, c, verdict, at, ended)...)}
	if acceptance(verdict) == diagnosis.Yes {
		report.Serves = true // a finding then is about the secret here, and not about the token
		report.Outcome = Outcome{
			Text:  finding.Textf("accepted by the server"),
			Facts: Facts{"status": verdict.Status, "path": verdict.Path},
		}
	}
	return report
}

// verdictOn sends the token in the Authorization header, as the server SDKs do.
// Where the server saw no token, it is sent again in the query, as browsers do: a
// proxy may have dropped the header.
func (c *Case) verdictOn(ctx context.Context, u *url.URL, t *token.Token) (*probe.Verdict, *probe.Failure) {
	verdict, failure := c.Net.Validate(ctx, u, t.Reveal())
	if failure != nil || verdict.Reason != probe.ReasonNoPermissions && verdict.Reason != probe.ReasonHeaderMalformed ||
		t.Claims.Video == nil {
		return verdict, failure
	}
	if again, _ := c.Net.ValidateQuery(ctx, u, t.Reveal()); again != nil && again.Accepted {
		return again, nil
	}
	return verdict, nil
}

// otherRegion asks the first region of a LiveKit Cloud project that is pinned to other
// regions, and so answers 403 here. It returns nil for others.
func (c *Case) otherRegion(ctx context.Context, at address, v *probe.Verdict) (*url.URL, *probe.Verdict) {
	if v.FromLiveKit || v.Status != 403 {
		return nil, nil
	}
	t := c.token()
	for _, region := range c.Net.Regions(ctx, at.URL, t.Reveal()) {
		if again, failure := c.verdictOn(ctx, region, t.Token); failure == nil && again.Status != 403 {
			return region, again
		}
	}
	return nil, nil
}

func regionPinned(at address, region *url.URL, v *probe.Verdict) []Finding {
	return []Finding{finding.New(finding.ServerRegionPinned, finding.Warn,
		"LiveKit Cloud answers 403 at %s, because the project is pinned to other regions, and takes "+
			"the token at %s: older SDKs do not go there by themselves",
		clean.Line(at.Host, 80), clean.Line(region.Host, 80)).With("status", v.Status).With("region", clean.URL(region.String()))}
}

// Presence reports whether the token's identity is in its room.
type Presence struct {
	// Known is false where the server was not asked or, with Asked, did not answer.
	Asked, Known, Present bool
	// Unasked reports whether a key and secret are configured and were not used
	// because the address came with the token.
	Unasked bool
}

// ask returns the server's verdict on the token, and whether its identity is in the
// room: the answer to the early question, or to a new one.
func (c *Case) ask(ctx context.Context, at address) (*probe.Verdict, Presence, *probe.Failure) {
	t := c.token()
	if a, ok := c.earlyAnswer(ctx, t.Token, at); ok {
		return a.verdict, a.present, a.failure
	}
	present := c.askPresence(ctx, at, t)
	verdict, failure := c.verdictOn(ctx, at.URL, t.Token)
	return verdict, present(), failure
}

// askPresence starts the question and returns a function that waits for its answer.
// It needs the right key and secret, and sends a token made of them; an address
// that came with the token gets none.
func (c *Case) askPresence(ctx context.Context, at address, t *examined) func() Presence {
	key, secret := c.Settings.APIKey.Value, c.Settings.APISecret.Secret.Reveal()
	room, identity := t.Room(), t.Identity()
	if c.Options.NoJoin || room == "" || identity == "" || c.verify(t) != token.Verified {
		return func() Presence { return Presence{} }
	}
	if at.withToken {
		return func() Presence { return Presence{Unasked: true} }
	}
	answer := make(chan Presence, 1)
	go func() {
		present, known, _ := c.Net.InRoom(ctx, at.URL, key, secret, room, identity)
		answer <- Presence{Asked: true, Known: known, Present: present}
	}()
	return func() Presence { return <-answer }
}

// verdictFindings returns the findings for the server's verdict. It confirms
// earlier findings of the local checks; they remain the cause.
func verdictFindings(ctx context.Context, c *Case, v *probe.Verdict, at address, ended Ended) []Finding {
	issuer := clean.Line(c.token().Claims.Issuer, 80)
	with := func(code Code, variant, format string, args ...any) []Finding {
		return []Finding{finding.New(code, finding.Fail, format, args...).As(variant).
			With("status", v.Status).With("reason", string(v.Reason)).With("server_text", v.Text).With("iss", issuer)}
	}
	switch v.Reason {
	case probe.ReasonAccepted:
		if local := c.local(); local != nil && *local == token.Mismatch {
			return with(finding.ConfigSecretStale, c.staleVariant(),
				"the server accepts the token, and the LIVEKIT_API_SECRET here did not sign it: the secret here is not the server's")
		}
		return unexpected(v, ended)
	case probe.ReasonKeyUnknown, probe.ReasonKeyEmpty:
		if issuer == "" {
			return with(finding.ServerKeyUnknown, c.keyVariant(ctx, at, issuer), "the server finds no API key in the token")
		}
		return with(finding.ServerKeyUnknown, c.keyVariant(ctx, at, issuer),
			"the server does not know the API key %q that the token names as its issuer", issuer)
	case probe.ReasonNeedsExp:
		return with(finding.TokenNoExpiry, "", "the server refuses the token because it has no expiry (exp): LiveKit does from 1.13.6 on")
	case probe.ReasonSignature:
		return with(finding.ServerSignatureRejected, c.signatureVariant(ctx, at, issuer),
			"the server knows the key %s, and its secret for it did not sign this token", issuer)
	}
	if findings, is := c.notTheToken(ctx, v, at, c.token().Token); is {
		return findings
	}
	variant, why := rejection(v)
	return with(finding.ServerTokenRejected, variant, "the server refuses the token: %s", why)
}

// staleVariant returns the variant of CONFIG_SECRET_STALE: where the old secret is
// set, and whether it hides the one that signed the token.
func (c *Case) staleVariant() string {
	set := c.Settings.APISecret
	if set.Source.Kind != config.Environment && set.Source.Kind != config.Flag {
		return "file"
	}
	for _, hidden := range set.Shadows {
		if token.Verify(c.token().Token, "", hidden.Secret.Reveal()) == token.Verified {
			return "shadowed"
		}
	}
	return "environment"
}

func (c *Case) keyVariant(ctx context.Context, at address, key string) string {
	switch {
	case at.withToken && c.livekitURL() != nil:
		return "handed-out-url"
	case c.isDevServer(ctx, at):
		return "dev-server"
	case key == devKey:
		return "devkey"
	case key == c.Settings.APIKey.Value:
		return "both"
	}
	return "signer"
}

func (c *Case) signatureVariant(ctx context.Context, at address, key string) string {
	local := c.local()
	switch {
	case key == devKey && c.isDevServer(ctx, at):
		return "dev-server"
	case local != nil && *local == token.Verified:
		return "both"
	}
	return "signer"
}

// isDevServer reports whether a server on this machine is a livekit-server --dev.
func (c *Case) isDevServer(ctx context.Context, at address) bool {
	if at.withToken || !probe.IsLoopbackHost(at.Hostname()) {
		return false
	}
	raw, _ := token.Mint(token.MintOptions{Key: devKey, Secret: devSecret, Room: "lkdoctor", Identity: "lkdoctor", RoomCreate: true,
		Now: c.serverNow(), TTL: ownTTL})
	verdict, _ := c.Net.Validate(ctx, at.URL, raw)
	return recognition(verdict) == diagnosis.Yes
}

// unexpected reports a token that the server accepts although its text fails a
// check: the server has other limits, or another version, than this doctor knows.
func unexpected(v *probe.Verdict, ended Ended) []Finding {
	for _, id := range []string{"token.claims", "token.time"} {
		for _, f := range ended[id].Findings {
			if f.Severity == finding.Fail && f.Code != finding.ClockSkew && !f.Code.IsDoctor() {
				return []Finding{finding.New(finding.ServerVerdictUnexpected, finding.Warn,
					"the server accepts the token although %s was found in it: other servers may not", string(f.Code)).
					With("status", v.Status).With("despite", string(f.Code)).By(finding.OwnerUnknown)}
			}
		}
	}
	return nil
}

// rejection returns the variant of SERVER_TOKEN_REJECTED, and why in a sentence.
func rejection(v *probe.Verdict) (variant string, why Text) {
	for _, known := range []struct {
		reason         probe.Reason
		variant, words string
	}{
		{probe.ReasonExpired, "expired", "it has expired, by the server's clock"},
		{probe.ReasonNotYetValid, "not-yet-valid", "it is not valid yet, by the server's clock"},
		{probe.ReasonIssuedInFuture, "issued-in-future", "it was issued in the future, by the server's clock"},
		{probe.ReasonAlgorithm, "algorithm", "it is signed with an algorithm that the server does not take"},
		{probe.ReasonMalformed, "unreadable", "it cannot be read as a token"},
		{probe.ReasonClaimType, "claim-type", "one of its claims has the wrong type"},
		{probe.ReasonNeedsExp, "no-expiry", "it has no expiry (exp), which this server requires"},
		{probe.ReasonNoPermissions, "no-grant", "no token reached it, or one without a video grant"},
		{probe.ReasonDenied, "no-room-join", "its video grant does not allow joining (roomJoin)"},
		{probe.ReasonNoRoom, "no-room", "it names no room"},
		{probe.ReasonNoIdentity, "no-identity", "it names no identity (sub)"},
		{probe.ReasonRoomTooLong, "room-too-long", "its room name is too long"},
		{probe.ReasonIdentityTooLong, "identity-too-long", "its identity is too long"},
		{probe.ReasonHeaderMalformed, "header", "the Authorization header did not arrive as it was sent"},
	} {
		if known.reason == v.Reason {
			return known.variant, finding.Textf(known.words)
		}
	}
	if v.Text == "" {
		return "other", finding.Textf("status %d without a reason", v.Status)
	}
	return "other", finding.Textf("status %d, %s", v.Status, v.Text)
}

// earlyVerdict is the question for the server's verdict on the token, asked while
// join.reach still runs, which saves one round trip. Its answer is used only when
// its check runs, which join.reach can prevent.
type earlyVerdict struct {
	at    string // the address that was asked
	token *token.Token
	given *examined // the token that was given to the run
	dev   *DevToken // the one that was made here

	cancel  context.CancelFunc
	done    chan struct{}
	verdict *probe.Verdict
	failure *probe.Failure
	present Presence
}

// askEarly starts the question about the run's token, where the token is known from
// the start and the check that uses the answer is selected.
func (c *Case) askEarly(ctx context.Context, at address) {
	a := &earlyVerdict{at: at.String(), done: make(chan struct{})}
	wanted := "signature.server"
	switch c.Source() {
	case check.SourceFlag:
		if there := c.there(); there.URL == nil || there.String() != a.at {
			return // the token came with another address
		}
		a.given = c.given()
		a.token = a.given.Token
	case check.SourceMinted:
		wanted = "fallback.mint"
		if dev, err := c.mint(c.Now()); err == nil {
			a.dev, a.token = dev, dev.Token
		}
	}
	if a.token == nil || !a.token.Decoded || !c.made.chosen[wanted] {
		return
	}
	ctx, a.cancel = context.WithTimeout(context.WithoutCancel(ctx), c.Net.Waits().Early)
	c.produce(a)
	go func() {
		defer close(a.done)
		present := func() Presence { return Presence{} }
		if a.given != nil {
			present = c.askPresence(ctx, at, a.given)
		}
		a.verdict, a.failure = c.verdictOn(ctx, at.URL, a.token)
		a.present = present()
	}()
}

// earlyAnswer waits for the early question about t at this address, if there is one.
func (c *Case) earlyAnswer(ctx context.Context, t *token.Token, at address) (a *earlyVerdict, ok bool) {
	a = c.asked()
	if a == nil || at.URL == nil || a.at != at.String() || a.token.Reveal() != t.Reveal() {
		return nil, false
	}
	select {
	case <-a.done:
		return a, true
	case <-ctx.Done():
		return nil, false
	}
}

// close cancels the question and waits for its end.
func (a *earlyVerdict) close() {
	if a != nil {
		a.cancel()
		<-a.done
	}
}
