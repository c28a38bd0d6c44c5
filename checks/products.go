package checks

import (
	"net/url"
	"sync"

	"lkdoctor/checks/check"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/token"
)

// products holds what the checks of a run make, each product by the one check named
// in newProducts. A check reads a product through its method of Case below, which
// panics where the check does not declare the maker.
type products struct {
	serviceReply check.Product[probe.Reply]
	ticket       check.Product[TicketAnswer]
	frontend     check.Product[TicketAnswer]
	token        check.Product[examined]
	local        check.Product[token.Verdict]
	verdict      check.Product[probe.Verdict]
	present      check.Product[Presence]
	region       check.Product[url.URL]
	reach        check.Product[probe.Reach]
	asked        check.Product[earlyVerdict]
	joined       check.Product[JoinRecord]
	media        check.Product[JoinRecord]
	dev          check.Product[DevToken]
	devJoined    check.Product[JoinRecord]

	// given is the token that was given to the run, examined by the first check
	// that reads it.
	given     sync.Once
	givenOnce *examined
	// chosen holds the IDs of the selected checks; it is set before they run.
	chosen map[string]bool
}

func newProducts() *products {
	p := &products{}
	p.serviceReply.By = "ticket.reach"
	p.ticket.By = "ticket.consume"
	p.frontend.By = "ticket.frontend"
	p.token.By = "token.format"
	p.local.By = "signature.local"
	p.verdict.By, p.present.By, p.region.By = "signature.server", "signature.server", "signature.server"
	p.reach.By, p.asked.By = "join.reach", "join.reach"
	p.joined.By = "join.websocket"
	p.media.By = "join.media"
	p.dev.By = "fallback.mint"
	p.devJoined.By = "fallback.join"
	return p
}

// products returns the products of the run; the first call, before the run, creates
// them.
func (c *Case) products() *products {
	if c.made == nil {
		c.made = newProducts()
	}
	return c.made
}

func (c *Case) serviceReply() *probe.Reply { return c.products().serviceReply.For(c.reader) }
func (c *Case) ticket() *TicketAnswer      { return c.products().ticket.For(c.reader) }
func (c *Case) frontend() *TicketAnswer    { return c.products().frontend.For(c.reader) }
func (c *Case) token() *examined           { return c.products().token.For(c.reader) }
func (c *Case) local() *token.Verdict      { return c.products().local.For(c.reader) }
func (c *Case) verdict() *probe.Verdict    { return c.products().verdict.For(c.reader) }
func (c *Case) present() *Presence         { return c.products().present.For(c.reader) }
func (c *Case) region() *url.URL           { return c.products().region.For(c.reader) }
func (c *Case) reach() *probe.Reach        { return c.products().reach.For(c.reader) }
func (c *Case) asked() *earlyVerdict       { return c.products().asked.For(c.reader) }
func (c *Case) joined() *JoinRecord        { return c.products().joined.For(c.reader) }
func (c *Case) media() *JoinRecord         { return c.products().media.For(c.reader) }
func (c *Case) dev() *DevToken             { return c.products().dev.For(c.reader) }
func (c *Case) devJoined() *JoinRecord     { return c.products().devJoined.For(c.reader) }

// carry copies the products of an earlier run whose checks are kept. An early
// question for a verdict and a dev token are not copied.
func (p *products) carry(earlier *products, kept func(id string) bool) {
	carryOne(&p.serviceReply, &earlier.serviceReply, kept)
	carryOne(&p.ticket, &earlier.ticket, kept)
	carryOne(&p.frontend, &earlier.frontend, kept)
	carryOne(&p.token, &earlier.token, kept)
	carryOne(&p.local, &earlier.local, kept)
	carryOne(&p.verdict, &earlier.verdict, kept)
	carryOne(&p.present, &earlier.present, kept)
	carryOne(&p.region, &earlier.region, kept)
	carryOne(&p.reach, &earlier.reach, kept)
	carryOne(&p.joined, &earlier.joined, kept)
	carryOne(&p.media, &earlier.media, kept)
}

func carryOne[T any](to, from *check.Product[T], kept func(id string) bool) {
	if kept(from.By) {
		to.Carry(from)
	}
}
