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
// connection, or the failure.
type JoinRecord struct {
	Signal  *session.Participant
	Failure *session.SignalFailure
	Media   *session.Media
	// At is the time of the join; Agents watches the agents in the room.
	At     time.Time
	Agents *probe.Agents
	// Browser holds a browser's requests to the same server, sent during the join;
	// nil where there were none.
	Browser *browserAsk
	// Silent are advertised UDP addresses that did not answer although media is
	// connected.
	Silent []session.Candidate
	// SameNetwork reports whether media goes to a private address of a network that
	// this machine is in.
	SameNetwork bool
}

// close leaves the room, if it was joined. It may be called more than once.
func (j *JoinRecord) close() {
	if j == nil {
		return
	}
	if j.Signal != nil {
		j.Signal.Leave()
	}
}

// silent reports whether the server did not answer within the limit.
func (j *JoinRecord) silent() bool {
	return j != nil && j.Failure != nil && (j.Failure.Kind == session.SignalSilent || j.Failure.Network != nil && j.Failure.Network.Timeout())
}

// in reports whether the room was joined.
func (j *JoinRecord) in() bool { return j != nil && j.Signal != nil }

// open joins the room of t at u. It sends the token where the verdict v says that
// the server sees it: in the header, or in the query where a proxy drops the
// header. again reports whether the server was silent to another join of this run.
func (c *Case) open(ctx context.Context, u *url.URL, t *token.Token, v *probe.Verdict, again bool) *JoinRecord {
	agents := c.Net.Agents()
	options := session.Options{Again: again, Hear: agents.Hear}
	if v != nil && v.InQuery {
		options.Via = session.ViaQuery
	}
	signal, failure := session.Join(ctx, c.Net, u, t.Reveal(), options)
	return &JoinRecord{Signal: signal, Failure: failure, At: time.Now(), Agents: agents}
}
