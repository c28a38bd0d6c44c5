package checks

import (
	"cmp"
	"context"
	"slices"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/token"
	"lkdoctor/config/clean"
)

// DevToken is a token made here, for the fallback.
type DevToken struct {
	Token          *token.Token
	Room, Identity string
	DefaultKeys    bool           // whether devkey and secret were used
	Verdict        *probe.Verdict // the server's verdict on it; nil where that is not known
	Failure        *probe.Failure
}

// fallbackMint makes a development token with the key and secret configured here,
// and asks the server for its verdict.
func (c *Case) fallbackMint(ctx context.Context, _ Ended) Report {
	switch key, _, _ := c.devKeys(); {
	case c.joined().in() && !c.askedForFallback():
		return check.NotHere("not needed: the token under test got in")
	case c.Options.NoJoin && acceptance(c.verdict()) == diagnosis.Yes && !c.askedForFallback():
		return check.NotHere("not needed: the server accepts the token under test")
	case !c.Settings.APIKey.Secret.Empty() && c.Settings.APISecret.Secret.Empty() && c.atLiveKit():
		return c.askKey(ctx)
	case key == "":
		return unmade("not checked: no key and secret here, and the server is not a local one", finding.New(finding.DevTokenNoKeys,
			finding.Info, "no LIVEKIT_API_KEY and LIVEKIT_API_SECRET here, so no token can be made").As("no-keys"))
	}
	dev, err := c.devToken(ctx)
	if err != nil {
		return check.Found(finding.New(finding.DevJoinFailed, finding.Fail,
			"no token could be made with the key and secret here: %s", c.Redact.Clean(err.Error(), 160)))
	}
	c.produce(dev)
	if c.notDevServer() {
		return unmade("not checked: no key and secret here, and the server is not a local dev server", finding.New(finding.DevTokenNoKeys,
			finding.Info, "no LIVEKIT_API_KEY and LIVEKIT_API_SECRET here, and the server on this machine does not know "+
				"devkey: it is no livekit-server --dev").As("own-keys"))
	}
	report := Report{Outcome: Outcome{
		Text:  finding.Textf("made a token for %s in %s", clean.Line(dev.Identity, 60), clean.Line(dev.Room, 60)),
		Facts: Facts{"identity": clean.Line(dev.Identity, 256), "room": clean.Line(dev.Room, 256), "default_keys": dev.DefaultKeys}}}
	if dev.DefaultKeys {
		report.Findings = []Finding{finding.New(finding.DevTokenDefaultKeys, finding.Info,
			"no key and secret here, and the server is on this machine: used devkey and secret, which livekit-server --dev knows")}
	}
	return report
}

// askedForFallback reports whether --only or --dev-join asks for it, needed or not.
func (c *Case) askedForFallback() bool {
	return c.Options.DevJoin || len(c.Options.Only) > 0 && c.Options.Selection().Asked(*c.reader)
}

func (c *Case) atLiveKit() bool {
	r := c.reach()
	return r != nil && r.IsLiveKit
}

// askKey sends the server a token with the configured key and a random signature:
// its answer differs between an unknown key and a wrong signature.
func (c *Case) askKey(ctx context.Context) Report {
	key := clean.Line(c.Settings.APIKey.Value, 80)
	known, sure, _ := c.Net.KeyKnown(ctx, c.livekitURL(), token.Garbage(c.Settings.APIKey.Value, c.serverNow()))
	if sure && !known {
		return check.Found(finding.New(finding.ServerKeyUnknown, finding.Fail,
			"the server does not know the API key %q that is configured here", key).As(c.ownKeyVariant(ctx, key)).By(finding.OwnerConfig))
	}
	f := finding.New(finding.DevTokenNoKeys, finding.Info, "no LIVEKIT_API_SECRET here, so no token can be made").As("no-secret")
	if sure {
		f.Message = finding.Textf("no LIVEKIT_API_SECRET here, so no token can be made; the server knows the key %s", key)
	}
	return unmade("not checked: no secret is configured here", f.With("key_known", sure && known))
}

// unmade returns the report of a check that does not apply, for the reason in f.
func unmade(why string, f Finding) Report {
	return Report{Skip: check.NotHere(why).Skip, Findings: []Finding{f}}
}

func (c *Case) ownKeyVariant(ctx context.Context, key string) string {
	switch {
	case c.isDevServer(ctx, c.here()):
		return "dev-server"
	case key == devKey:
		return "devkey"
	}
	return "here"
}

// notDevServer reports whether the server refused the keys of livekit-server --dev
// and so has keys of its own, which is no fault.
func (c *Case) notDevServer() bool {
	dev := c.dev()
	return dev != nil && dev.DefaultKeys && acceptance(dev.Verdict) == diagnosis.No
}

const devKey, devSecret = "devkey", "secret"

// devKeys returns the key and secret to make a token with; defaults reports whether
// they are those of livekit-server --dev.
func (c *Case) devKeys() (key, secret string, defaults bool) {
	key, secret = c.Settings.APIKey.Value, c.Settings.APISecret.Secret.Reveal()
	if key != "" && secret != "" {
		return key, secret, false
	}
	if u := c.livekitURL(); key == "" && secret == "" && u != nil && probe.IsLoopbackHost(u.Hostname()) {
		return devKey, devSecret, true
	}
	return "", "", false
}

// ownTTL is the lifetime of a token made here for a question or a short stay.
const ownTTL = 2 * time.Minute

// mint makes a dev token that is valid at now. The token may create its room: with
// auto_create: false the server refuses it otherwise.
func (c *Case) mint(now time.Time) (*DevToken, error) {
	key, secret, defaults := c.devKeys()
	name := "lkdoctor-" + c.Nonce
	dev := &DevToken{Room: cmp.Or(c.Options.Room, name), Identity: cmp.Or(c.Options.Identity, name), DefaultKeys: defaults}
	raw, err := token.Mint(token.MintOptions{
		Key: key, Secret: secret, Room: dev.Room, Identity: dev.Identity, Name: c.Options.DisplayName, RoomCreate: true, Now: now,
		TTL: cmp.Or(c.Options.TTL, ownTTL),
	})
	if err != nil {
		return nil, err
	}
	dev.Token, _ = token.Parse(raw)
	return dev, nil
}

// MintAgain returns a new dev token after a run that made one, valid from now on.
func (c *Case) MintAgain() (*token.Token, error) {
	dev, err := c.mint(c.serverNow())
	if err != nil {
		return nil, err
	}
	return dev.Token, nil
}

// devToken returns a dev token with the server's verdict: that of the early
// question, unless the server's clock differs from this machine's.
func (c *Case) devToken(ctx context.Context) (*DevToken, error) {
	if a := c.asked(); a != nil && a.dev != nil && c.serverNow().Sub(c.Now()).Abs() < time.Second {
		if _, ok := c.earlyAnswer(ctx, a.dev.Token, c.here()); ok {
			a.dev.Verdict, a.dev.Failure = a.verdict, a.failure
			return a.dev, nil
		}
	}
	dev, err := c.mint(c.serverNow())
	if err != nil {
		return nil, err
	}
	if u := c.livekitURL(); u != nil && c.atLiveKit() {
		dev.Verdict, dev.Failure = c.verdictOn(ctx, u, dev.Token)
	}
	return dev, nil
}

// serverNow returns the time by the LiveKit server's clock where it is known, so
// that a dev token is valid although this machine's clock is wrong.
func (c *Case) serverNow() time.Time {
	now := c.Now()
	r := c.reach()
	if r == nil || r.Date == nil {
		return now
	}
	if offset := r.Date.Offset(); offset.Abs() > r.Date.Uncertainty()+2*time.Second {
		return now.Add(offset)
	}
	return now
}

// fallbackJoin joins with the dev token, and leaves immediately. Its success does
// not make a failed run pass; it narrows down the cause.
func (c *Case) fallbackJoin(ctx context.Context, ended Ended) Report {
	switch {
	case c.livekitURL() == nil:
		return noServerAddress(ended)
	case ended.Stopped("join.reach"):
		return check.BlockedBy("join.reach")
	case c.ownRoomOnly():
		return check.NotHere("not joined: the server takes the key and secret here, and not the room that lkdoctor made up")
	}
	record, findings := c.devJoin(ctx)
	report := Report{Findings: findings, Outcome: mediaOutcome(record)}
	if finding.Worst(findings) != finding.Fail {
		return report
	}
	cause := findings[slices.IndexFunc(findings, func(f Finding) bool { return f.Severity == finding.Fail })]
	failed := finding.New(finding.DevJoinFailed, finding.Fail, "a token made here does not get in either, because of %s",
		string(cause.Code))
	if s := c.Source(); s == check.SourceMinted || s == check.SourceNone {
		failed.Message = finding.Textf("a token made here does not get in, because of %s", string(cause.Code))
	}
	report.Findings = append([]Finding{failed.With("cause", string(cause.Code)).By(cause.Party)}, findings...)
	return report
}

// ownRoomOnly reports whether the server refuses only the doctor's own room or
// identity: it creates none, or allows shorter names only. That is no fault.
func (c *Case) ownRoomOnly() bool {
	dev := c.dev()
	return dev != nil && dev.Verdict != nil && c.Options.Room == "" && slices.Contains([]probe.Reason{
		probe.ReasonRoomNotFound, probe.ReasonRoomTooLong, probe.ReasonIdentityTooLong}, dev.Verdict.Reason)
}

// devJoin joins with the dev token; the record is nil where no join was tried.
func (c *Case) devJoin(ctx context.Context) (*JoinRecord, []Finding) {
	at, dev := c.here(), c.dev()
	switch {
	case dev.Failure != nil:
		return nil, c.unreached(ctx, dev.Failure, at)
	case dev.Verdict != nil && !dev.Verdict.Accepted:
		return nil, c.devVerdictFindings(ctx, dev, at)
	}
	check.Waiting(ctx, "joining %s with a token made here", clean.Line(dev.Room, 60))
	record := c.open(ctx, at, dev.Token, dev.Verdict, c.joined().silent())
	c.produce(record)
	findings := joinedFindings(c, record, at, dev.Token, dev.Verdict)
	if record.Failure == nil {
		record = connectMedia(ctx, record)
		record.close()
		c.produce(record)
		findings = append(findings, mediaFindings(record)...)
	}
	return record, findings
}

// devVerdictFindings returns the server's refusal of a token made here. The key and
// secret configured here are the cause of a wrong token.
func (c *Case) devVerdictFindings(ctx context.Context, dev *DevToken, at address) []Finding {
	v := dev.Verdict
	if findings, is := c.notTheToken(ctx, v, at, dev.Token); is {
		return findings
	}
	key := clean.Line(dev.Token.Claims.Issuer, 80)
	build := func(code Code, variant, format string, args ...any) []Finding {
		return []Finding{finding.New(code, finding.Fail, format, args...).As(variant).With("status", v.Status).With("iss", key).
			With("reason", string(v.Reason)).With("server_text", v.Text).By(finding.OwnerConfig)}
	}
	switch v.Reason {
	case probe.ReasonKeyUnknown, probe.ReasonKeyEmpty:
		return build(finding.ServerKeyUnknown, c.ownKeyVariant(ctx, key),
			"the server does not know the API key %q that is configured here", key)
	case probe.ReasonSignature:
		variant := "here"
		if key == devKey && c.isDevServer(ctx, at) {
			variant = "dev-server"
		}
		return build(finding.ServerSignatureRejected, variant,
			"the server knows the key %s, and the secret configured here is not its secret for it", key)
	}
	variant, why := rejection(v)
	return build(finding.ServerTokenRejected, variant, "the server refuses a token made here: %s", why)
}
