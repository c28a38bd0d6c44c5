package checks

import (
	"net/netip"

	"lkdoctor/checks/check"
	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/token"
)

// anySignal returns the signalling of this run's join, with any token; nil where
// none succeeded. The connection may have ended; what the server sent remains.
func (c *Case) anySignal() *session.Participant {
	for _, j := range c.joins() {
		if j.in() {
			return j.Signal
		}
	}
	return nil
}

// mediaAddrs returns the addresses at which the server takes media.
func (c *Case) mediaAddrs() []netip.Addr {
	var out []netip.Addr
	have := map[netip.Addr]bool{}
	for _, j := range c.joins() {
		if j == nil || j.Media == nil {
			continue
		}
		for _, remote := range j.Media.Remote {
			addr, err := netip.ParseAddr(remote.Address)
			if err == nil && addr.Is4() && remote.Protocol == "udp" && !have[addr] {
				have[addr] = true
				out = append(out, addr)
			}
		}
	}
	return out
}

// withoutUDP reports whether this run's media connected, but never over UDP.
func (c *Case) withoutUDP() bool {
	without := false
	for _, j := range c.joins() {
		if j == nil || j.Media == nil || j.Media.Selected == nil {
			continue
		}
		pair := j.Media.Selected
		if pair.Remote.Protocol == "udp" && pair.Local.Type != "relay" {
			return false
		}
		without = true
	}
	return without
}

// joins returns the joins of this run, including unfinished ones.
func (c *Case) joins() []*JoinRecord {
	real := c.media()
	if real == nil {
		real = c.joined()
	}
	return []*JoinRecord{real, c.devJoined()}
}

// ownJoinUses are the checks that a check with participants of the doctor's own
// waits for: where the run's joins fail, its joins would fail too.
func ownJoinUses() []string {
	return []string{"signature.local", "signature.server", "ticket.consume", "ticket.frontend",
		"join.reach", "join.websocket", "join.media", "fallback.mint", "fallback.join"}
}

// ownJoins returns why no participant of the doctor's own can join with the key and
// secret configured here; nil where one can.
func (c *Case) ownJoins(ended Ended) *Report {
	report := Report{}
	verdict, local := c.verdict(), c.local()
	switch {
	case !c.hasOwnKeys():
		report = check.NotHere("not checked: it needs participants of its own, and there is no key and secret here to let them join with")
		return &report
	case c.devURL() == nil:
		report = check.BlockedBy("env.livekit")
		return &report
	case verdict != nil && verdict.Accepted && local != nil && *local == token.Mismatch:
		report = check.NotHere("not checked: it needs participants of its own, and the secret here is not the server's")
		return &report
	}
	for _, j := range c.joins() {
		if j.in() && j.Media != nil && j.Media.Connected {
			return nil
		}
	}
	for _, id := range []string{"join.reach", "fallback.join", "fallback.mint", "join.media", "join.websocket"} {
		if ended.Stopped(id) {
			report = check.BlockedBy(id)
			return &report
		}
	}
	return nil
}

// hasOwnKeys reports whether there are a key and secret for participants of the
// doctor's own. Those of livekit-server --dev count once a join with them has
// succeeded.
func (c *Case) hasOwnKeys() bool {
	key, _, defaults := c.devKeys()
	return key != "" && (!defaults || c.devJoined().in())
}

// guestToken returns a token for a participant of the doctor's own in a separate
// room named after what. It may create that room.
func (c *Case) guestToken(what, identity string) (string, error) {
	key, secret, _ := c.devKeys()
	room := c.guestRoom(what)
	return token.Mint(token.MintOptions{Key: key, Secret: secret, Room: room, Identity: "lkdoctor-" + identity,
		Now: c.serverNow(), TTL: ownTTL, RoomCreate: true})
}

func (c *Case) guestRoom(what string) string { return "lkdoctor-" + c.Nonce + "-" + what }

// via returns how tokens reach the server: in the header or in the query.
func (c *Case) via() session.TokenVia {
	if v := c.verdict(); v != nil && v.InQuery {
		return session.ViaQuery
	}
	return session.ViaHeader
}
