package checks

import (
	"context"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe/session"
)

// joinReconnect cuts the WebSocket of a participant of the doctor's own, resumes
// the session, and then joins anew.
func joinReconnect(c *Case) Check {
	return c.check(Spec{
		ID: "join.reconnect", Stage: check.StageJoin, Timeout: 34 * time.Second,
		Title: finding.Textf("A session resumes after its WebSocket was cut"),
		Short: finding.Textf("a reconnect"),
		Also:  finding.Textf("reconnecting"),
		Uses:  ownJoinUses(),
	}, func(ctx context.Context, c *Case, ended Ended) Report {
		if skip := c.ownJoins(ended); skip != nil {
			return *skip
		}
		raw, err := c.guestToken("reconnect", "cut")
		if err != nil {
			return check.Found(finding.New(finding.ReconnectFailed, finding.Fail,
				"no token could be made with the key and secret here: %s", c.Redact.Clean(err.Error(), 160)).As("no-token").By(finding.OwnerConfig))
		}
		check.Waiting(ctx, "cutting the WebSocket and taking the session up again")
		seen := session.Reconnect(ctx, c.Net, c.devURL(), raw, c.via(), c.removeGuest("reconnect", "cut"))
		if seen.Cancelled {
			return check.Unfinished(ctx)
		}
		findings := reconnectFindings(seen)
		for i, f := range findings {
			findings[i] = c.withPorts(f)
		}
		return Report{Findings: findings, Outcome: reconnectOutcome(seen)}
	})
}

// removeGuest returns a function that removes a participant of the doctor's own
// from its room by the server API.
func (c *Case) removeGuest(what, identity string) func(context.Context) {
	return func(ctx context.Context) {
		key, secret, _ := c.devKeys()
		c.Net.Remove(ctx, c.devURL(), key, secret, c.guestRoom(what), "lkdoctor-"+identity)
	}
}

func reconnectFindings(r *session.Reconnected) []Finding {
	if r.Cancelled || r.Failed == "" {
		return nil
	}
	with := func(f Finding) []Finding {
		f = f.With("step", string(r.Failed)).With("took_ms", finding.Milliseconds(r.Took))
		if r.Failure != nil {
			f = f.With("kind", string(r.Failure.Kind)).With("status", r.Failure.Status)
		}
		return []Finding{f}
	}
	switch f := r.Failure; {
	case r.Failed == session.ReconnectJoin && f != nil:
		return with(guestRefused(finding.ReconnectFailed, f).As("refused"))
	case r.End != nil:
		return with(guestLeft(finding.ReconnectFailed, r.End).As("not-resumed"))
	case f != nil && f.Kind == session.SignalLeave:
		return with(finding.New(finding.ReconnectFailed, finding.Fail,
			"the WebSocket was cut, and the server did not take the session up again: %s (%s)", finding.LeaveReason(f.Reason), f.Reason).As("not-resumed").
			With("reason", f.Reason).With("action", f.Action))
	case f != nil && r.Failed == session.ReconnectFull:
		return with(finding.New(finding.ReconnectFailed, finding.Fail,
			"the session resumed, and joining anew after a second cut did not work: %s", f.Error()).As("websocket"))
	case f != nil:
		return with(finding.New(finding.ReconnectFailed, finding.Fail,
			"the WebSocket was cut, and the session did not resume: %s", f.Error()).As("websocket"))
	case r.Failed == session.ReconnectJoin:
		return with(finding.New(finding.ReconnectFailed, finding.Fail,
			"nothing was cut: the media connection of the participant to test with did not come up").As("refused"))
	}
	return with(finding.New(finding.ReconnectFailed, finding.Fail,
		"after the cut the signalling came back, and the media connection did not").As("media"))
}

func reconnectOutcome(r *session.Reconnected) Outcome {
	if r == nil || r.Failed != "" {
		return Outcome{}
	}
	return Outcome{
		Text: finding.Textf("resumed in %s, joined anew in %s", finding.Duration(r.Resume), finding.Duration(r.Full)),
		Facts: Facts{"room": r.Room, "join_ms": finding.Milliseconds(r.Join), "resume_signal_ms": finding.Milliseconds(r.Signal), "resume_ms": finding.Milliseconds(r.Resume),
			"full_reconnect_ms": finding.Milliseconds(r.Full), "new_session": r.NewSession},
	}
}
