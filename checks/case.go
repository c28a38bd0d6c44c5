package checks

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/placeholder"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/token"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

// Case is the subject of a run: its inputs, and the products of its checks so far.
// The fields are set before the run and not written during it.
type Case struct {
	Settings *config.Settings
	Options  Options
	Now      func() time.Time
	Net      *probe.Net
	Redact   *clean.Redactor // knows the secrets of this run
	Nonce    string          // makes the dev token's identity and room unique
	// Skips delivers the IDs of running checks to skip. It may be nil, and is never closed.
	Skips <-chan string

	reader *Spec // the check that sees the case like this; nil before and after the run
	made   *products
	prior  []check.Result // of an earlier run, see Continue
}

// Close closes the connections that the run still holds.
func (c *Case) Close() {
	c.asked().close()
	c.joined().close()
	c.media().close()
	c.devJoined().close()
	for _, j := range c.joins() {
		j.Browser.close()
	}
	c.Net.Close()
}

// Source returns where this run's token comes from. A flag wins over the
// environment; a token wins over an address to ask for one.
func (c *Case) Source() check.TokenSource {
	s, o := c.Settings, c.Options
	hasTicket := !s.Ticket.Secret.Empty() && !s.TicketService.Secret.Empty()
	switch {
	case o.DevJoin:
		return check.SourceMinted
	case s.Token.Source.Kind == config.Flag:
		return check.SourceFlag
	case o.TokenEndpoint != "": // then the front end is the page that calls it
		return check.SourceEndpoint
	case o.Frontend != "":
		return check.SourceFrontend
	case hasTicket && s.Ticket.Source.Kind == config.Flag:
		return check.SourceTicket
	case s.Token.IsSet() && !s.Token.Secret.Empty():
		return check.SourceFlag
	case hasTicket:
		return check.SourceTicket
	case !s.APIKey.Secret.Empty() && !s.APISecret.Secret.Empty(), s.Dev:
		return check.SourceMinted
	}
	return check.SourceNone
}

// maker returns the party that made the token under test. An app that was given a
// ticket passes on the ticket service's token; an app that was not makes its own.
func (c *Case) maker() Owner {
	switch c.Source() {
	case check.SourceTicket, check.SourceEndpoint:
		return finding.OwnerTicketService
	case check.SourceFrontend:
		if a := c.frontend(); !c.Settings.Ticket.Secret.Empty() && (a == nil || a.Spent) {
			return finding.OwnerTicketService
		}
		return finding.OwnerFrontend
	}
	return finding.OwnerConfig
}

// livekitURL returns LIVEKIT_URL as a URL, or nil where it cannot be dialled.
func (c *Case) livekitURL() *url.URL { return usableURL(c.Settings.URL.Value) }

func (c *Case) here() address { return address{URL: c.livekitURL()} }

// there returns the address that came with the token under test, or LIVEKIT_URL. A
// check that calls it declares ticket.consume and ticket.frontend.
func (c *Case) there() address {
	here, came := c.here(), usableURL(c.answer().URL())
	if c.Source() == check.SourceFlag {
		came = usableURL(c.Options.GivenURL)
	}
	switch {
	case came == nil:
		return here
	case here.URL != nil && probe.SameOrigin(here.URL, came) && strings.Trim(here.Path, "/") == strings.Trim(came.Path, "/"):
		return address{URL: came}
	}
	return address{URL: came, withToken: true}
}

// takesAddress reports whether the server's address may come with the token, so
// that LIVEKIT_URL need not be set.
func (c *Case) takesAddress() bool {
	switch c.Source() {
	case check.SourceFrontend, check.SourceEndpoint:
		return true
	case check.SourceFlag:
		t := c.given() // where that is no token, no server is asked about it
		return usableURL(c.Options.GivenURL) != nil || !t.Decoded && !slices.ContainsFunc(t.Format, func(f Finding) bool {
			return f.Code == finding.TokenTruncated || f.Code == finding.TokenUndecodable
		})
	}
	return false
}

// reached returns the address that join.reach asks: LIVEKIT_URL, or, where that is
// not set, the one that came with the token.
func (c *Case) reached() address {
	if c.Settings.URL.Secret.Empty() && c.takesAddress() {
		return c.there()
	}
	return c.here()
}

// answer returns the answer that held the token under test; nil if none was asked for.
func (c *Case) answer() *TicketAnswer {
	switch c.Source() {
	case check.SourceFrontend:
		return c.frontend()
	case check.SourceTicket, check.SourceEndpoint:
		return c.ticket()
	}
	return nil
}

// atOtherServer reports whether join.reach asks another server than the token's.
func (c *Case) atOtherServer() bool {
	reached, there := c.reached().URL, c.there().URL
	return there != nil && (reached == nil || !probe.SameOrigin(reached, there))
}

// TicketSpent reports whether this run consumed its ticket.
func (c *Case) TicketSpent() bool {
	ticket, frontend := c.ticket(), c.frontend()
	return ticket != nil && ticket.Spent || frontend != nil && frontend.Spent
}

func (c *Case) target() check.Target {
	t := check.Target{TokenSource: c.Source(), LiveKitURL: clean.URL(c.Settings.URL.Value)}
	if u := c.there().URL; u != nil {
		t.LiveKitURL = clean.URL(u.String())
	}
	if token := c.token(); token != nil {
		t.Room, t.Identity = clean.Line(token.Room(), 256), clean.Line(token.Identity(), 256)
	}
	// A token that cannot be parsed leaves the address that came with it.
	if a := c.answer(); a != nil {
		t.Room, t.Identity = cmp.Or(t.Room, clean.Line(a.Answer.Room, 256)), cmp.Or(t.Identity, clean.Line(a.Answer.Identity, 256))
	}
	own := t.TokenSource == check.SourceMinted || t.TokenSource == check.SourceNone
	if dev := c.dev(); own && dev != nil {
		t.Room, t.Identity = clean.Line(dev.Room, 256), clean.Line(dev.Identity, 256)
	}
	return t
}

// evidence returns the input of the diagnosis. Call it after the run.
func (c *Case) evidence(results []check.Result) diagnosis.Evidence {
	e := c.preview()
	e.Results, e.OwnURL = results, c.atOtherServer()
	if c.there().withToken && e.Source == check.SourceFlag {
		e.Giver = finding.OwnerFrontend // what is pasted with its address is what a browser was handed
	}
	if local := c.local(); local != nil {
		switch *local {
		case token.Verified:
			e.Local = diagnosis.Yes
		case token.Mismatch, token.OtherKey:
			e.Local = diagnosis.No
		}
	}
	e.Server = recognition(c.verdict())
	if dev := c.dev(); dev != nil && !c.notDevServer() {
		e.Minted, e.OwnRoomOnly = recognition(dev.Verdict), c.ownRoomOnly()
		if e.OwnRoomOnly {
			e.Minted = diagnosis.Yes
		}
	}
	target := c.target()
	e.Values["room"], e.Values["identity"] = target.Room, target.Identity
	if t := c.token(); t != nil {
		e.Values["key"] = cmp.Or(clean.Line(t.Claims.Issuer, 80), e.Values["key"])
	}
	if a := c.answer(); a.URL() != "" {
		e.Values["handed_out"] = clean.URL(a.URL())
	}
	e.Values["maker_host"] = e.Values["ticket_host"]
	if e.Maker == finding.OwnerFrontend {
		e.Values["maker_host"] = e.Values["frontend_host"]
	}
	if u := c.there().URL; u != nil {
		e.Here = map[string]string{}
		addressValues(e.Here, "livekit", c.livekitURL())
		addressValues(e.Values, "livekit", u)
		e.Places[finding.OwnerLiveKitServer] = finding.Textf("%s", clean.URL(u.String()))
	}
	return e
}

// preview returns the input of the diagnosis as far as it needs no result.
func (c *Case) preview() diagnosis.Evidence {
	s, key := c.Settings, clean.Line(c.Settings.APIKey.Value, 80)
	e := diagnosis.Evidence{
		Source: c.Source(), Maker: c.maker(), Giver: c.maker(),
		Again: c.Options.Again, AgainSecret: c.Options.AgainSecret, Ticket: !s.Ticket.Secret.Empty(),
		Values: map[string]string{
			"dir": clean.Line(s.Dir, 200), "room": clean.Line(c.Options.Room, 256), "url_source": s.URL.Source.String(),
			"key_source": s.APIKey.Source.String(), "secret_source": s.APISecret.Source.String(),
			"api_key": key, "key": key, // until a token under test names another
		},
		Places: map[Owner]Text{},
	}
	e.Values["service_setting"], e.Values["service_source"] = c.serviceSetting()
	service, endpoint := usableURL(c.Settings.TicketService.Value), usableURL(c.Options.TokenEndpoint)
	ticketPath := strings.ReplaceAll(c.ticketPath(), "{ticket}", "…")
	if endpoint != nil {
		service, ticketPath = endpoint, endpoint.Path
	}
	addressValues(e.Values, "endpoint", endpoint)
	for _, at := range []struct {
		name  string
		owner Owner
		url   *url.URL
	}{
		{"ticket", finding.OwnerTicketService, service},
		{"frontend", finding.OwnerFrontend, usableURL(c.Options.Frontend)},
		{"livekit", finding.OwnerLiveKitServer, c.livekitURL()},
	} {
		if at.url != nil {
			addressValues(e.Values, at.name, at.url)
			e.Places[at.owner] = finding.Textf("%s", clean.URL(at.url.String()))
		}
	}
	e.Values["ticket_path"] = clean.Line(ticketPath, 200) // of the request, not of the service's address
	return e
}

// serviceSetting returns the name of the setting that holds the address of the
// ticket service or token endpoint, and the setting's source.
func (c *Case) serviceSetting() (name, source string) {
	switch service := c.Settings.TicketService; {
	case c.Options.TokenEndpoint != "":
		return "--token-endpoint", "command line"
	case service.Source.Kind == config.Flag:
		return "--ticket-service", "command line"
	default:
		return "USER_MGMT_BASE_URL", service.Source.String()
	}
}

// placed adds the setting to change to each finding that a setting causes.
func (c *Case) placed(findings []Finding) []Finding {
	for i, f := range findings {
		name, source := c.serviceSetting()
		switch f.Code {
		case finding.TicketDNS, finding.TicketTLS, finding.TicketRefused, finding.TicketRedirected, finding.TicketRouteWrong,
			finding.TicketNotHTTP, finding.TicketNotJSON:
		case finding.TicketUnknown, finding.TicketConsumed, finding.TicketExpired:
			name, source = "LKDOCTOR_TICKET", c.Settings.Ticket.Source.String()
			if c.Settings.Ticket.Source.Kind == config.Flag {
				name = "--ticket"
			}
		case finding.FrontendUnreachable:
			name = "--frontend"
		default:
			continue
		}
		f = f.With("setting", name)
		if !strings.HasPrefix(name, "--") {
			f = f.With("source", source)
		}
		findings[i] = f
	}
	return findings
}

// addressValues sets the values name_url, name_host (with the port), name_name (without),
// name_path, name_port and name_site (as Caddy names a site) from u, none if u is nil.
func addressValues(values map[string]string, name string, u *url.URL) {
	if u == nil {
		return
	}
	values[name+"_url"] = clean.URL(u.String())
	values[name+"_host"] = clean.Line(probe.HostPort(u), 200)
	values[name+"_name"] = clean.Line(u.Hostname(), 200)
	values[name+"_path"] = clean.Line(strings.TrimRight(u.Path, "/"), 200)
	values[name+"_port"] = probe.Port(u)
	site := u.Hostname()
	if u.Port() != "" || !probe.Secure(u) {
		site = probe.HTTPURL(u).Scheme + "://" + u.Host
	}
	values[name+"_site"] = clean.Line(site, 200)
}

// acceptance reads a server's verdict on a token; unknown where LiveKit did not answer.
func acceptance(v *probe.Verdict) diagnosis.Trit {
	switch {
	case v == nil:
		return diagnosis.Unknown
	case v.Accepted:
		return diagnosis.Yes
	case !v.FromLiveKit:
		return diagnosis.Unknown
	}
	return diagnosis.No
}

// recognition is acceptance of key, signature and claims only: a server that refuses
// because the room does not exist or no node is free has accepted all three.
func recognition(v *probe.Verdict) diagnosis.Trit {
	if v != nil && slices.Contains([]probe.Reason{probe.ReasonRoomNotFound, probe.ReasonNodeLimit, probe.ReasonNoNodes}, v.Reason) {
		return diagnosis.Yes
	}
	return acceptance(v)
}

// usableURL parses raw leniently, as LiveKit's SDKs do: ws, wss, http or https,
// with a host. It returns nil where raw cannot be dialled, as ws://undefined.
func usableURL(raw string) *url.URL {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Hostname() == "" {
		return nil
	}
	if _, unfilled := placeholder.InURL(raw); unfilled {
		return nil
	}
	switch strings.ToLower(u.Scheme) {
	case "ws", "wss", "http", "https":
		return u
	}
	return nil
}

// Admission is the token and address with which a run could join.
type Admission struct {
	// Token is the token that the server accepts: the one under test, or one made
	// here. It is nil where it accepts none.
	Token       *token.Token
	URL         *url.URL // the address at which to use the token; nil where none is known
	InQuery     bool     // whether the token arrives in the query only
	Present     bool     // whether the token's identity is known to be in its room now
	Refused     bool     // whether the server refused a token that was made here
	DefaultKeys bool     // whether that token uses the keys of livekit-server --dev
}

// Admission returns the token and address to join with. Call it after the run.
func (c *Case) Admission() Admission {
	a := Admission{URL: c.there().URL}
	dev, verdict, present := c.dev(), c.verdict(), c.present()
	if dev != nil {
		a.DefaultKeys, a.Refused = dev.DefaultKeys, dev.Verdict == nil || !dev.Verdict.Accepted
	}
	switch {
	case c.Source() == check.SourceMinted && dev != nil && !a.Refused:
		a.Token, a.InQuery = dev.Token, dev.Verdict.InQuery
	case c.Source() != check.SourceMinted && verdict != nil && verdict.Accepted:
		a.Token, a.InQuery = c.token().Token, verdict.InQuery
		a.Present = present != nil && present.Known && present.Present
	}
	return a
}
