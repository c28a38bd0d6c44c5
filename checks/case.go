package checks

import (
	"cmp"
	"net/url"
	"strings"
	"time"

	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/token"
	"lkdoctor/config"
)

// Case is one patient: what a run was given, and what its checks have learnt
// so far. Inputs are set before the run and never written in it. Each product
// is written by the one check named beside it; whoever reads it names that
// check in Needs or After.
type Case struct {
	Settings *config.Settings
	Options  Options
	Now      func() time.Time
	Net      *probe.Net
	// Redact knows the secrets of this run.
	Redact *clean.Redactor
	// Nonce makes the dev token's identity and room unique.
	Nonce string

	TicketReach *probe.Reply   // ticket.reach
	Ticket      *TicketAnswer  // ticket.consume
	Frontend    *TicketAnswer  // ticket.frontend
	Token       *token.Token   // token.format
	ClockNote   ClockNote      // token.time
	Local       token.Verdict  // signature.local
	Verdict     *probe.Verdict // signature.server
	Present     Presence       // signature.server
	Reach       *probe.Reach   // join.reach
	Joined      *JoinRecord    // join.websocket, join.media
	Dev         *DevToken      // fallback.mint
	DevJoined   *JoinRecord    // fallback.join

	ahead *ahead   // join.reach
	prior []Result // of an earlier run, see Continue
}

// Close ends what the run still holds open.
func (c *Case) Close() {
	c.ahead.close()
	c.Joined.close()
	c.DevJoined.close()
	c.Net.Close()
}

// Source says which token this run is about. A flag beats what merely lies
// about in the environment; among equals a token beats the places that would
// have to be asked for one.
func (c *Case) Source() TokenSource {
	s, o := c.Settings, c.Options
	given := func(set config.Setting, kind config.SourceKind) bool {
		return set.Source.Kind == kind && !set.Secret.Empty()
	}
	switch {
	case o.DevJoin:
		return SourceMinted
	case s.Token.Source.Kind == config.Flag:
		return SourceFlag
	case o.Frontend != "":
		return SourceFrontend
	case o.TokenEndpoint != "":
		return SourceEndpoint
	case given(s.Ticket, config.Flag) && !s.TicketService.Secret.Empty():
		return SourceTicket
	case s.Token.IsSet() && !s.Token.Secret.Empty():
		return SourceFlag
	case !s.Ticket.Secret.Empty() && !s.TicketService.Secret.Empty():
		return SourceTicket
	case !s.APIKey.Secret.Empty() && !s.APISecret.Secret.Empty(), s.Dev:
		return SourceMinted
	}
	return SourceNone
}

// maker is who made the token under test.
func (c *Case) maker() Owner {
	switch c.Source() {
	case SourceTicket, SourceEndpoint:
		return finding.OwnerTicketService
	case SourceFrontend:
		return finding.OwnerFrontend
	}
	return finding.OwnerConfig
}

// livekitURL is LIVEKIT_URL as a URL, or nil when nothing can be dialled at it.
func (c *Case) livekitURL() *url.URL { return usableURL(c.Settings.URL.Value) }

// serverURL is where the token under test is to be used: the address that came
// with it, or LIVEKIT_URL. Whoever calls it waits for ticket.consume and
// ticket.frontend.
func (c *Case) serverURL() *url.URL {
	if answer := c.answer(); answer != nil {
		if u := usableURL(answer.URL()); u != nil {
			return u
		}
	}
	return c.livekitURL()
}

// answer is what handed out the token under test, nil when nothing was asked.
func (c *Case) answer() *TicketAnswer {
	switch c.Source() {
	case SourceFrontend:
		return c.Frontend
	case SourceTicket, SourceEndpoint:
		return c.Ticket
	}
	return nil
}

// elsewhere tells whether the token is to be used at another server than the
// one that join.reach looked at.
func (c *Case) elsewhere() bool {
	here, there := c.livekitURL(), c.serverURL()
	return there != nil && (here == nil || !sameOrigin(here, there))
}

// TicketSpent tells whether this run consumed its ticket.
func (c *Case) TicketSpent() bool {
	return c.Ticket != nil && c.Ticket.Spent || c.Frontend != nil && c.Frontend.Spent
}

func (c *Case) target() Target {
	t := Target{TokenSource: c.Source(), LiveKitURL: clean.URL(c.Settings.URL.Value)}
	if u := c.serverURL(); u != nil {
		t.LiveKitURL = clean.URL(u.String())
	}
	if c.Token != nil {
		t.Room, t.Identity = clean.Line(c.Token.Room(), 256), clean.Line(c.Token.Identity(), 256)
	}
	// A token that cannot be read leaves what came with it.
	if a := c.answer(); a != nil {
		t.Room, t.Identity = cmp.Or(t.Room, clean.Line(a.Answer.Room, 256)), cmp.Or(t.Identity, clean.Line(a.Answer.Identity, 256))
	}
	if own := t.TokenSource == SourceMinted || t.TokenSource == SourceNone; own && c.Dev != nil {
		t.Room, t.Identity = clean.Line(c.Dev.Room, 256), clean.Line(c.Dev.Identity, 256)
	}
	return t
}

// evidence is what the diagnosis needs of this case.
func (c *Case) evidence(results []Result) Evidence {
	e := Evidence{Results: results, Source: c.Source(), Maker: c.maker(), OwnURL: c.elsewhere()}
	switch c.Local {
	case token.Verified:
		e.Local = Yes
	case token.Mismatch, token.OtherKey:
		e.Local = No
	}
	e.Server = recognition(c.Verdict)
	if c.Dev != nil && c.notDevServer() == nil {
		e.Minted = recognition(c.Dev.Verdict)
	}
	return e
}

// acceptance reads a server's verdict on a token: yes, no, or not a word from
// LiveKit at all.
func acceptance(v *probe.Verdict) Trit {
	switch {
	case v == nil:
		return Unknown
	case v.Accepted:
		return Yes
	case !v.FromLiveKit:
		return Unknown
	}
	return No
}

// recognition is acceptance of key, signature and claims: a server that lets
// nobody in for want of a room or of capacity has found all of them good.
func recognition(v *probe.Verdict) Trit {
	if v != nil {
		switch v.Reason {
		case probe.ReasonRoomNotFound, probe.ReasonNodeLimit, probe.ReasonNoNodes:
			return Yes
		}
	}
	return acceptance(v)
}

// usableURL parses raw leniently, as LiveKit's SDKs do: ws, wss, http or
// https, with a host; nil for anything that cannot be dialled.
func usableURL(raw string) *url.URL {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Hostname() == "" {
		return nil
	}
	switch strings.ToLower(u.Scheme) {
	case "ws", "wss", "http", "https":
		return u
	}
	return nil
}

func sameOrigin(a, b *url.URL) bool {
	return probe.HTTPURL(a).Scheme == probe.HTTPURL(b).Scheme && hostPort(a) == hostPort(b)
}

// sameServer is sameOrigin with all names of this machine taken for one.
func sameServer(a, b *url.URL) bool {
	local := probe.IsLoopbackHost(a.Hostname()) && probe.IsLoopbackHost(b.Hostname())
	return sameOrigin(a, b) ||
		local && probe.HTTPURL(a).Scheme == probe.HTTPURL(b).Scheme && probe.HTTPURL(a).Port() == probe.HTTPURL(b).Port()
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		if s := probe.HTTPURL(u).Scheme; s == "https" {
			port = "443"
		}
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}
