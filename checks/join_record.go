package checks

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/token"
)

// JoinRecord is one stay in a room: signalling and media connection, or the failure.
type JoinRecord struct {
	Signal      *session.Participant
	Failure     *session.SignalFailure
	Media       *session.Media
	At          time.Time           // the time of the join
	Agents      *probe.Agents       // watches the agents in the room
	Browser     *browserAsk         // a browser's requests, sent during the join; nil without any
	Silent      []session.Candidate // advertised UDP addresses without an answer although media connected
	SameNetwork bool                // whether media goes to a private address in this network
}

// close leaves the room, if it was joined. It may be called more than once.
func (j *JoinRecord) close() {
	if j.in() {
		j.Signal.Leave()
	}
}

// silent reports whether the server did not answer within the limit.
func (j *JoinRecord) silent() bool {
	return j != nil && j.Failure != nil &&
		(j.Failure.Kind == session.SignalSilent || j.Failure.Network != nil && j.Failure.Network.Timeout())
}

func (j *JoinRecord) in() bool { return j != nil && j.Signal != nil }

// inQuery reports whether a token with the verdict v reaches the server in the query
// only, because a proxy drops the header.
func inQuery(v *probe.Verdict) bool { return v != nil && v.InQuery }

// open joins the room of t, whose verdict is v, at u. again reports whether the
// server was silent to another join of this run.
func (c *Case) open(ctx context.Context, at address, t *token.Token, v *probe.Verdict, again bool) *JoinRecord {
	asked, agents := c.askAsBrowser(ctx, at, t, v), c.Net.Agents()
	signal, failure := session.Join(ctx, c.Net, at.URL, t.Reveal(), session.Options{InQuery: inQuery(v), Again: again, Hear: agents.Hear})
	return &JoinRecord{Signal: signal, Failure: failure, At: time.Now(), Agents: agents, Browser: asked}
}

// joins returns the joins of this run, including unfinished ones.
func (c *Case) joins() []*JoinRecord {
	real := c.media()
	if real == nil {
		real = c.joined()
	}
	return slices.DeleteFunc([]*JoinRecord{real, c.devJoined()}, func(j *JoinRecord) bool { return j == nil })
}

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

func (c *Case) connections() []*session.Media {
	var list []*session.Media
	for _, j := range c.joins() {
		if j.Media != nil {
			list = append(list, j.Media)
		}
	}
	return list
}

func (c *Case) mediaAddrs() []netip.Addr {
	var out []netip.Addr
	for _, m := range c.connections() {
		for _, remote := range m.Remote {
			addr, err := netip.ParseAddr(remote.Address)
			if err == nil && addr.Is4() && remote.Protocol == "udp" && !slices.Contains(out, addr) {
				out = append(out, addr)
			}
		}
	}
	return out
}

// withoutUDP reports whether this run's media connected, but never over UDP.
func (c *Case) withoutUDP() bool {
	without := false
	for _, m := range c.connections() {
		if m.Selected != nil && m.Selected.Remote.Protocol == "udp" && m.Selected.Local.Type != "relay" {
			return false
		}
		without = without || m.Selected != nil
	}
	return without
}

// withPorts adds the media ports of this run's join, for the fixes.
func (c *Case) withPorts(f Finding) Finding {
	if list := c.connections(); len(list) > 0 {
		return f.WithAll(mediaPorts(list[0]))
	}
	return f
}
