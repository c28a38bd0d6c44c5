package checks

import (
	"context"
	"slices"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe/session"
)

// turnRecord is the result of asking the ICE servers.
type turnRecord struct {
	Reports []session.TURNReport
	// Offered reports whether a TURN server is among them.
	Offered bool
	// Relayed is the join through them; nil where there was none, for the reason
	// NoJoin.
	Relayed *session.RelayJoin
	NoJoin  Text
	// NoUDP reports whether media connected in this run, but not over UDP.
	NoUDP bool
}

// joinTurn asks each STUN and TURN server that the LiveKit server hands out, and
// joins through the TURN servers alone.
func joinTurn(c *Case) Check {
	return c.check(Spec{
		ID: "join.turn", Stage: check.StageJoin, Timeout: 14 * time.Second,
		Title: finding.Textf("The TURN servers that the server hands out relay media"),
		Short: finding.Textf("TURN"),
		Also:  finding.Textf("TURN"),
		Uses:  ownJoinUses(),
	}, func(ctx context.Context, c *Case, ended Ended) Report {
		if c.anySignal() == nil {
			if skip := c.ownJoins(ended); skip != nil {
				return *skip
			}
		}
		return c.turn(ctx)
	})
}

// turn asks, joins and judges.
func (c *Case) turn(ctx context.Context) Report {
	var seen turnRecord
	check.Waiting(ctx, "asking the STUN and TURN servers that the server hands out")
	signal := c.anySignal()
	if signal == nil {
		var f *session.SignalFailure
		if signal, f = c.lookIn(ctx); f != nil {
			return Report{Findings: signalFindings(c, f, c.here(), nil)}
		}
	}
	jctx, stop := context.WithCancel(ctx)
	defer stop()
	relayed := make(chan struct{})
	go func() { defer close(relayed); seen.Relayed, seen.NoJoin = c.relayJoin(jctx, signal) }()
	seen.Reports = signal.TURN(ctx, c.mediaAddrs())
	if !slices.ContainsFunc(seen.Reports, mayRelay) {
		stop() // what cannot work is not waited for
	}
	<-relayed
	if j := seen.Relayed; j != nil && j.Cancelled {
		seen.Relayed, seen.NoJoin = nil, finding.Textf("not waited for: no TURN server relays")
	}
	seen.Offered, seen.NoUDP = signal.OffersTURN() || signal.Facts.NamesTURN, c.withoutUDP()
	if ctx.Err() != nil {
		return check.Unfinished(ctx)
	}
	return Report{Findings: turnFindings(&seen), Outcome: turnOutcome(&seen)}
}

// mayRelay reports whether a TURN server's answers allow media through it.
func mayRelay(r session.TURNReport) bool {
	return r.Relay.IsValid() && (r.PeersAsked == 0 || len(r.PeersDenied) < r.PeersAsked)
}

// lookIn joins for the server's ICE servers, and leaves immediately.
func (c *Case) lookIn(ctx context.Context) (*session.Participant, *session.SignalFailure) {
	raw, err := c.guestToken("turn", "asker")
	if err != nil {
		return nil, &session.SignalFailure{Kind: session.SignalCancelled}
	}
	signal, f := session.Join(ctx, c.Net, c.devURL(), raw, session.Options{Via: c.via()})
	if f == nil {
		signal.Leave()
	}
	return signal, f
}

// relayJoin joins through the TURN servers alone, where there are any and this
// machine has a key and secret for a participant of the doctor's own.
func (c *Case) relayJoin(ctx context.Context, signal *session.Participant) (*session.RelayJoin, Text) {
	switch {
	case !signal.OffersTURN():
		return nil, Text{}
	case !c.hasOwnKeys() || c.devURL() == nil:
		return nil, finding.Textf("no key and secret here for a participant of its own")
	case c.atOtherServer() && c.joined().in():
		return nil, finding.Textf("the key and secret here are for another server")
	}
	raw, err := c.guestToken("turn", "relayed")
	if err != nil {
		return nil, finding.Textf("no token could be made with the key and secret here")
	}
	joined := session.JoinRelayed(ctx, c.Net, c.devURL(), raw, c.via())
	if relayFailed(joined) {
		// A verdict this heavy takes two tries, each with an allocation of its own.
		joined = session.JoinRelayed(ctx, c.Net, c.devURL(), raw, c.via())
	}
	return joined, Text{}
}

// turnFindings judges each server, then the join through them.
func turnFindings(seen *turnRecord) []Finding {
	var findings []Finding
	for _, r := range seen.Reports {
		if f, found := turnFinding(r, seen.Relayed, seen.NoUDP); found {
			findings = append(findings, f)
		}
	}
	if !seen.Offered {
		return append(findings, finding.New(finding.TurnNotOffered, finding.Info,
			"the server hands out no TURN server: who is behind a firewall that lets only TLS out cannot get media through"))
	}
	if j := seen.Relayed; j != nil && relayFailed(j) && finding.Worst(findings) != finding.Fail {
		findings = append(findings, relayFinding(j))
	}
	return findings
}

// relayFailed reports whether a join through the TURN servers failed.
func relayFailed(j *session.RelayJoin) bool {
	return !j.Answered && !j.Cancelled && j.Failure == nil && j.Offered
}

func relayFinding(j *session.RelayJoin) Finding {
	if !j.Relayed {
		return finding.New(finding.TurnUnreachable, finding.Fail,
			"a participant that may use the TURN servers only got no address from them").As("no-relay").By(finding.OwnerNetwork)
	}
	return finding.New(finding.TurnRelayDenied, finding.Fail,
		"the LiveKit server did not answer a participant that may use the TURN servers only: %d checks were sent through them", relayChecks(j)).
		As("join").With("pairs", pairRows(j.Pairs))
}

func relayChecks(j *session.RelayJoin) (sent uint64) {
	for _, p := range j.Pairs {
		sent += p.RequestsSent
	}
	return sent
}
