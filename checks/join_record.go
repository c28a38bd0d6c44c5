package checks

import (
	"context"
	"net/url"
	"time"

	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/token"
)

// JoinRecord is one stay in a room: the signalling connection, the media
// connection, and why there is none.
type JoinRecord struct {
	Signal  *session.Participant
	Failure *session.SignalFailure
	Media   *session.Media
	// At is when the server let us in; Agents are those that are in the room since.
	At     time.Time
	Agents *probe.Agents
	// Browser are the questions of a browser about the same server, asked beside
	// the join; nil where none were.
	Browser *browserAsk
	// Silent are advertised UDP addresses that did not answer although the media
	// is up.
	Silent []session.Candidate
	// SameNetwork says that media runs to an inner address of a network that this
	// machine is in.
	SameNetwork bool
}

// close leaves the room, if it was joined; more than once is harmless.
func (j *JoinRecord) close() {
	if j == nil {
		return
	}
	if j.Signal != nil {
		j.Signal.Leave()
	}
}

// silent reports whether the server was waited for in vain for the full time.
func (j *JoinRecord) silent() bool {
	return j != nil && j.Failure != nil && (j.Failure.Kind == session.SignalSilent || j.Failure.Network != nil && j.Failure.Network.Timeout())
}

// in reports whether the server let us into the room.
func (j *JoinRecord) in() bool { return j != nil && j.Signal != nil }

// open joins the room of t at u. The token goes the way in which the server
// saw it: in the header, or in the query where something drops the header.
// again says that the server was silent to another join of this run.
func (c *Case) open(ctx context.Context, u *url.URL, t *token.Token, v *probe.Verdict, again bool) *JoinRecord {
	agents := c.Net.Agents()
	options := session.Options{Again: again, Hear: agents.Hear}
	if v != nil && v.InQuery {
		options.Via = session.ViaQuery
	}
	signal, failure := session.Join(ctx, c.Net, u, t.Reveal(), options)
	return &JoinRecord{Signal: signal, Failure: failure, At: time.Now(), Agents: agents}
}
