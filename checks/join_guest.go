package checks

import (
	"slices"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/token"
)

// This file is about participants of the doctor's own, which join with the key and
// secret configured here.

// ownJoinUses are the checks that a check with participants of the doctor's own
// waits for: where the run's joins fail, its joins would fail too.
func ownJoinUses() []string {
	return []string{"signature.local", "signature.server", "ticket.consume", "ticket.frontend",
		"join.reach", "join.websocket", "join.media", "fallback.mint", "fallback.join"}
}

// noGuests returns why no participant of the doctor's own can join with the key and
// secret configured here; is is false where one can.
func (c *Case) noGuests(ended Ended) (why Report, is bool) {
	verdict, local := c.verdict(), c.local()
	switch {
	case !c.hasOwnKeys():
		return check.NotHere("not checked: it needs participants of its own, " +
			"and there is no key and secret here to let them join with"), true
	case c.livekitURL() == nil:
		return check.BlockedBy("env.livekit"), true
	case verdict != nil && verdict.Accepted && local != nil && *local == token.Mismatch:
		return check.NotHere("not checked: it needs participants of its own, and the secret here is not the server's"), true
	case slices.ContainsFunc(c.connections(), func(m *session.Media) bool { return m.Connected }):
		return Report{}, false
	}
	return blocked(ended, "join.reach", "fallback.join", "fallback.mint", "join.media", "join.websocket")
}

// blocked returns the report of a check that the first stopped one of ids prevents.
func blocked(ended Ended, ids ...string) (why Report, is bool) {
	i := slices.IndexFunc(ids, ended.Stopped)
	if i < 0 {
		return Report{}, false
	}
	return check.BlockedBy(ids[i]), true
}

// hasOwnKeys reports whether there are a key and secret to let participants in with.
// Those of livekit-server --dev count once a join with them has succeeded.
func (c *Case) hasOwnKeys() bool {
	key, _, defaults := c.devKeys()
	return key != "" && (!defaults || c.devJoined().in())
}

// guestToken returns a token for a participant of the doctor's own in a separate
// room named after what. It may create that room.
func (c *Case) guestToken(what, identity string) (string, error) {
	key, secret, _ := c.devKeys()
	return token.Mint(token.MintOptions{Key: key, Secret: secret, Room: c.guestRoom(what), Identity: "lkdoctor-" + identity,
		Now: c.serverNow(), TTL: ownTTL, RoomCreate: true})
}

func (c *Case) guestRoom(what string) string { return "lkdoctor-" + c.Nonce + "-" + what }

func (c *Case) noGuest(code Code, err error) Report {
	return check.Found(finding.New(code, finding.Fail,
		"no token could be made with the key and secret here: %s", c.Redact.Clean(err.Error(), 160)).As("no-token").By(finding.OwnerConfig))
}

// guestRefused returns a finding about a participant of the doctor's own that was
// refused at an address where another one has joined in this run.
func guestRefused(code Code, f *session.SignalFailure, at address) Finding {
	if f.Kind == session.SignalUpgradeRefused && !f.LiveKit {
		front := probe.Front(f.Status, f.Header, f.Body)
		switch f.Status {
		case 429:
			return quota(f.Status, f.Body, front, at)
		case 502, 503, 504:
			return refusedLater(f.Status, f.Body, front)
		}
	}
	if f.Kind == session.SignalUpgradeRefused && (f.Status == 401 || f.Status == 403) {
		return finding.New(code, finding.Fail, "the server refuses a participant with a token made here (%d): %s",
			f.Status, orNothing(f.Body)).
			As("refused").With("status", f.Status).By(finding.OwnerConfig)
	}
	return finding.New(code, finding.Fail, "a participant with a token made here could not join: %s", f.Error()).
		As("refused").With("kind", string(f.Kind)).With("status", f.Status)
}

func guestLeft(code Code, end *session.SignalEnd) Finding {
	if end != nil && end.Left {
		return finding.New(code, finding.Fail, "the server ended the stay: %s (%s)", finding.LeaveReason(end.Reason), end.Reason).
			With("reason", end.Reason).With("action", end.Action)
	}
	return finding.New(code, finding.Fail, "the WebSocket was closed (%d) in the middle of it", closeCode(end)).
		With("close_code", closeCode(end))
}

// closeCode returns the code with which a WebSocket was closed, 0 where none is known.
func closeCode(end *session.SignalEnd) int {
	if end == nil {
		return 0
	}
	return end.CloseCode
}
