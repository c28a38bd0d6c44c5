package checks

import (
	"net/url"
	"reflect"
	"sync"

	"lkdoctor/checks/probe"
	"lkdoctor/checks/token"
)

// products holds what the checks of a run make for others. A check makes at most one
// value of each type.
type products struct {
	made sync.Map // maps a productKey to a pointer

	// given is the token that was given to the run, which the first check that reads
	// it examines.
	given     *examined
	givenOnce sync.Once
	// chosen holds the IDs of the selected checks; it is set before they run.
	chosen map[string]bool
}

// productKey is the ID of the check that makes a product, and the product's type.
type productKey struct {
	by   string
	kind reflect.Type
}

// products returns the products of the run; the first call creates them.
func (c *Case) products() *products {
	if c.made == nil {
		c.made = &products{}
	}
	return c.made
}

func (p *products) set(by string, value any) {
	p.made.Store(productKey{by, reflect.TypeOf(value)}, value)
}

// produce stores value, a pointer, as a product of the check that runs.
func (c *Case) produce(value any) { c.made.set(c.reader.ID, value) }

// product returns what the check by made, nil if it made none. It panics where the
// running check does not declare by, which is a data race.
func product[T any](c *Case, by string) *T {
	if c.reader != nil && !c.reader.Reads(by) {
		panic("the check " + c.reader.ID + " reads the product of " + by + ", which is in neither its Needs nor its Uses")
	}
	value, _ := c.products().made.Load(productKey{by, reflect.TypeFor[*T]()})
	made, _ := value.(*T)
	return made
}

func (c *Case) serviceReply() *probe.Reply { return product[probe.Reply](c, "ticket.reach") }
func (c *Case) ticket() *TicketAnswer      { return product[TicketAnswer](c, "ticket.consume") }
func (c *Case) frontend() *TicketAnswer    { return product[TicketAnswer](c, "ticket.frontend") }
func (c *Case) token() *examined           { return product[examined](c, "token.format") }
func (c *Case) local() *token.Verdict      { return product[token.Verdict](c, "signature.local") }
func (c *Case) verdict() *probe.Verdict    { return product[probe.Verdict](c, "signature.server") }
func (c *Case) present() *Presence         { return product[Presence](c, "signature.server") }
func (c *Case) region() *url.URL           { return product[url.URL](c, "signature.server") }
func (c *Case) reach() *probe.Reach        { return product[probe.Reach](c, "join.reach") }
func (c *Case) asked() *earlyVerdict       { return product[earlyVerdict](c, "join.reach") }
func (c *Case) joined() *JoinRecord        { return product[JoinRecord](c, "join.websocket") }
func (c *Case) media() *JoinRecord         { return product[JoinRecord](c, "join.media") }
func (c *Case) dev() *DevToken             { return product[DevToken](c, "fallback.mint") }
func (c *Case) devJoined() *JoinRecord     { return product[JoinRecord](c, "fallback.join") }

// carry copies the products of an earlier run whose checks are kept, except the
// earlyVerdict, which ends with its run.
func (p *products) carry(earlier *products, kept map[string]bool) {
	earlier.made.Range(func(key, value any) bool {
		if _, question := value.(*earlyVerdict); !question && kept[key.(productKey).by] {
			p.made.Store(key, value)
		}
		return true
	})
}
