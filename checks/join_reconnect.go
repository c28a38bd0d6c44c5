package checks

import (
	"context"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe/session"
)

// joinReconnect cuts the WebSocket of a participant of the doctor's own, resumes
// the session, and then joins anew.
func (c *Case) joinReconnect(ctx context.Context, ended Ended) Report {
	if why, is := c.noGuests(ended); is {
		return why
	}
	raw, err := c.guestToken("reconnect", "cut")
	if err != nil {
		return c.noGuest(finding.ReconnectFailed, err)
	}
	check.Waiting(ctx, "cutting the WebSocket and taking the session up again")
	r := session.Reconnect(ctx, c.Net, c.livekitURL(), raw, inQuery(c.verdict()), func(ctx context.Context) {
		key, secret, _ := c.devKeys()
		c.Net.Remove(ctx, c.livekitURL(), key, secret, c.guestRoom("reconnect"), "lkdoctor-cut")
	})
	switch {
	case r.Cancelled:
		return check.Unfinished(ctx)
	case r.Failed != "":
		return check.Found(c.withPorts(reconnectFailed(r, c.here())))
	}
	return Report{Outcome: Outcome{
		Text: finding.Textf("resumed in %s, joined anew in %s", finding.Duration(r.Resume), finding.Duration(r.Full)),
		Facts: Facts{"room": r.Room, "new_session": r.NewSession,
			"join_ms": finding.Milliseconds(r.Join), "resume_signal_ms": finding.Milliseconds(r.Signal),
			"resume_ms": finding.Milliseconds(r.Resume), "full_reconnect_ms": finding.Milliseconds(r.Full)},
	}}
}

// reconnectFailed reports the step that failed.
func reconnectFailed(r *session.Reconnected, at address) Finding {
	facts := Facts{"step": string(r.Failed), "took_ms": finding.Milliseconds(r.Took)}
	if r.Failure != nil {
		facts["kind"], facts["status"] = string(r.Failure.Kind), r.Failure.Status
	}
	failed := func(variant, format string, args ...any) Finding {
		return finding.New(finding.ReconnectFailed, finding.Fail, format, args...).As(variant).WithAll(facts)
	}
	switch f := r.Failure; {
	case r.Failed == session.ReconnectJoin && f != nil:
		return guestRefused(finding.ReconnectFailed, f, at).WithAll(facts)
	case r.End != nil:
		return guestLeft(finding.ReconnectFailed, r.End).As("not-resumed").WithAll(facts)
	case f != nil && f.Kind == session.SignalLeave:
		return failed("not-resumed", "the WebSocket was cut, and the server did not take the session up again: %s (%s)",
			finding.LeaveReason(f.Reason), f.Reason).With("reason", f.Reason).With("action", f.Action)
	case f != nil && r.Failed == session.ReconnectFull:
		return failed("websocket", "the session resumed, and joining anew after a second cut did not work: %s", f.Error())
	case f != nil:
		return failed("websocket", "the WebSocket was cut, and the session did not resume: %s", f.Error())
	case r.Failed == session.ReconnectJoin:
		return failed("refused", "nothing was cut: the media connection of the participant to test with did not come up")
	}
	return failed("media", "after the cut the signalling came back, and the media connection did not")
}
