package checks

import (
	"net/netip"
	"time"

	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/token"
)

// anySignal is the signalling of this run's join, of whichever token; nil if
// nothing was joined. It may be over: what the server said in it remains.
func (c *Case) anySignal() *session.Participant {
	for _, j := range []*JoinRecord{c.Joined, c.DevJoined} {
		if j.in() {
			return j.Signal
		}
	}
	return nil
}

// mediaAddrs are the addresses at which the server takes media.
func (c *Case) mediaAddrs() []netip.Addr {
	var out []netip.Addr
	have := map[netip.Addr]bool{}
	for _, j := range []*JoinRecord{c.Joined, c.DevJoined} {
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

// withoutUDP tells that this run's media connected, and over UDP nowhere.
func (c *Case) withoutUDP() bool {
	without := false
	for _, j := range []*JoinRecord{c.Joined, c.DevJoined} {
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

// ownJoins tells why the doctor cannot let participants of its own join, with
// the key and secret that are configured here; nil where it can. It waits for
// the joins of this run: where those fail, these would too.
func (c *Case) ownJoins(ended Ended) *Skip {
	switch {
	case !c.hasOwnKeys():
		return NotHere("not checked: it needs participants of its own, and there is no key and secret here to let them join with")
	case c.devURL() == nil:
		return BlockedBy("env.livekit")
	case c.Verdict != nil && c.Verdict.Accepted && c.Local == token.Mismatch:
		return NotHere("not checked: it needs participants of its own, and the secret here is not the server's")
	}
	for _, j := range []*JoinRecord{c.Joined, c.DevJoined} {
		if j.in() && j.Media != nil && j.Media.Connected {
			return nil
		}
	}
	for _, id := range []string{"join.reach", "fallback.join", "fallback.mint", "join.media", "join.websocket"} {
		if ended.Stopped(id) {
			return BlockedBy(id)
		}
	}
	return nil
}

// hasOwnKeys tells whether there are a key and secret to let participants of the
// doctor's own join with. The well-known ones of a local server count once a
// join with them has worked.
func (c *Case) hasOwnKeys() bool {
	key, _, defaults := c.devKeys()
	return key != "" && (!defaults || c.DevJoined.in())
}

// guestToken is a token for a participant of the doctor's own, in a room of its
// own that what for tells from others. It may create that room.
func (c *Case) guestToken(what, identity string) (string, error) {
	key, secret, _ := c.devKeys()
	room := c.guestRoom(what)
	return token.Mint(token.MintOptions{Key: key, Secret: secret, Room: room, Identity: "lkdoctor-" + identity,
		Now: c.serverNow(), TTL: 5 * time.Minute, RoomCreate: true})
}

func (c *Case) guestRoom(what string) string { return "lkdoctor-" + c.Nonce + "-" + what }

// via is how tokens get through to the server.
func (c *Case) via() session.TokenVia {
	if c.Verdict != nil && c.Verdict.InQuery {
		return session.ViaQuery
	}
	return session.ViaHeader
}
