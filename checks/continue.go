package checks

import "slices"

// Continue makes c go on where an earlier run left off: the stages before from
// keep their results and products, so that a ticket is not consumed again.
// Call it before Execute.
func (c *Case) Continue(earlier *Case, results []Result, from Stage) {
	order := Stages()
	begin := slices.Index(order, from)
	before := func(s Stage) bool { return slices.Index(order, s) < begin }
	for _, r := range results {
		if before(r.Check.Stage) && r.Status != StatusError {
			c.prior = append(c.prior, r)
		}
	}
	if before(StageTicket) {
		c.TicketReach, c.Ticket, c.Frontend = earlier.TicketReach, earlier.Ticket, earlier.Frontend
	}
	if before(StageToken) {
		c.Token, c.ClockNote = earlier.Token, earlier.ClockNote
	}
	if before(StageSignature) {
		c.Local, c.Verdict, c.Present = earlier.Local, earlier.Verdict, earlier.Present
	}
	if before(StageJoin) {
		c.Reach = earlier.Reach
		if earlier.Joined != nil {
			// Only what was learnt: the stay itself is over.
			c.Joined = earlier.Joined
		}
	}
}
