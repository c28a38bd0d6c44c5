package checks

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
	"lkdoctor/config/clean"
)

type turnRecord struct {
	Reports []session.TURNReport
	// Offered reports whether a TURN server is among them.
	Offered bool
	// Relayed is the join through them; nil for the reason NoJoin.
	Relayed *session.RelayJoin
	NoJoin  Text
	// NoUDP reports whether media connected in this run, but not over UDP: that a
	// server does not answer over UDP says nothing about the server then.
	NoUDP bool
}

// joinTurn asks each STUN and TURN server that the LiveKit server hands out, and
// joins through the TURN servers alone.
func (c *Case) joinTurn(ctx context.Context, ended Ended) Report {
	signal := c.anySignal()
	if why, is := c.noGuests(ended); is && signal == nil {
		return why
	}
	var seen turnRecord
	check.Waiting(ctx, "asking the STUN and TURN servers that the server hands out")
	if signal == nil { // join for the server's ICE servers, and leave immediately
		raw, err := c.guestToken("turn", "asker")
		f := &session.SignalFailure{Kind: session.SignalCancelled}
		if err == nil {
			signal, f = session.Join(ctx, c.Net, c.livekitURL(), raw, session.Options{InQuery: inQuery(c.verdict())})
		}
		if f != nil {
			return Report{Findings: signalFindings(c, f, c.here(), nil)}
		}
		signal.Leave()
	}
	joining, stop := context.WithCancel(ctx)
	defer stop()
	relayed := make(chan struct{})
	go func() { defer close(relayed); seen.Relayed, seen.NoJoin = c.relayJoin(joining, signal) }()
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

// relayJoin joins through the TURN servers alone, where there are any and this
// machine has a key and secret for a participant of the doctor's own.
func (c *Case) relayJoin(ctx context.Context, signal *session.Participant) (*session.RelayJoin, Text) {
	switch {
	case !signal.OffersTURN():
		return nil, Text{}
	case !c.hasOwnKeys() || c.livekitURL() == nil:
		return nil, finding.Textf("no key and secret here for a participant of its own")
	case c.atOtherServer() && c.joined().in():
		return nil, finding.Textf("the key and secret here are for another server")
	}
	raw, err := c.guestToken("turn", "relayed")
	if err != nil {
		return nil, finding.Textf("no token could be made with the key and secret here")
	}
	joined := session.JoinRelayed(ctx, c.Net, c.livekitURL(), raw, inQuery(c.verdict()))
	if relayFailed(joined) {
		// It is reported only if a second join, with a new allocation, fails too.
		joined = session.JoinRelayed(ctx, c.Net, c.livekitURL(), raw, inQuery(c.verdict()))
	}
	return joined, Text{}
}

func relayFailed(j *session.RelayJoin) bool {
	return j != nil && !j.Answered && !j.Cancelled && j.Failure == nil && j.Offered
}

func turnFindings(seen *turnRecord) []Finding {
	var findings []Finding
	for _, r := range seen.Reports {
		findings = append(findings, turnFinding(r, seen)...)
	}
	switch j := seen.Relayed; {
	case !seen.Offered:
		return append(findings, finding.New(finding.TurnNotOffered, finding.Info,
			"the server hands out no TURN server: who is behind a firewall that lets only TLS out cannot get media through"))
	case !relayFailed(j) || finding.Worst(findings) == finding.Fail:
		return findings
	case !j.Relayed:
		return append(findings, finding.New(finding.TurnUnreachable, finding.Fail,
			"a participant that may use the TURN servers only got no address from them").As("no-relay").By(finding.OwnerNetwork))
	default:
		sent := uint64(0)
		for _, p := range j.Pairs {
			sent += p.RequestsSent
		}
		return append(findings, finding.New(finding.TurnRelayDenied, finding.Fail,
			"the LiveKit server did not answer a participant that may use the TURN servers only: %d checks were sent through them", sent).
			As("join").With("pairs", pairRows(j.Pairs)))
	}
}

// turnFinding judges one server. A relay that cannot send to this machine is fine
// as long as it can send to LiveKit.
func turnFinding(r session.TURNReport, seen *turnRecord) []Finding {
	if r.Failed == "" || r.Cancelled {
		return nil
	}
	facts := turnFacts(r)
	severity := finding.Fail
	if r.Failure != nil && r.Failed != session.TURNHandshake && (r.STUN || seen.NoUDP && r.Transport == "udp") {
		severity = finding.Warn
	}
	found := func(code Code, variant string, owner Owner, format string, args ...any) []Finding {
		f := finding.New(code, severity, format, args...).As(variant).By(owner)
		if r.Failure != nil {
			f = failureFacts(f, r.Failure)
		}
		return []Finding{f.WithAll(facts)}
	}
	through := seen.Relayed != nil && seen.Relayed.Answered
	switch {
	case r.Failed == session.TURNHandshake && r.Failure != nil && r.Failure.Kind == probe.KindCancelled:
		return nil
	case r.Failed == session.TURNHandshake:
		variant, words := turnTLS(r.Failure)
		return found(finding.TurnTLS, variant, finding.OwnerLiveKitServer, "the TURN server %s cannot be used over TLS: %s", r.Host, words)
	case r.Failure != nil:
		variant, owner, words := turnReach(r.Failure)
		return found(finding.TurnUnreachable, variant, owner, "%s cannot be reached over %s: %s", r.URL, r.Transport, words)
	case r.Failed == session.TURNAllocate && (r.Code == 403 || r.Code == 486 || r.Code == 508):
		variant := "quota"
		if r.Code == 403 {
			variant = "refused"
		}
		return found(finding.TurnRelayDenied, variant, "", "the TURN server %s gives no address to relay from (%s)", r.Host, turnError(r))
	case r.Failed == session.TURNAllocate && r.Code != 0:
		return found(finding.TurnAuth, "", finding.OwnerLiveKitServer,
			"the TURN server %s refuses the credentials that the LiveKit server hands out (%s)", r.Host, turnError(r))
	case r.Failed == session.TURNAllocate, r.Failed == session.TURNBinding:
		return found(finding.TurnUnreachable, "not-turn", "", "what answers at %s is no working TURN server: %s", r.Host, r.Text)
	case r.PeersAsked > 0 && len(r.PeersDenied) == r.PeersAsked:
		peer := r.PeersDenied[0].String()
		facts["peer"] = peer
		return found(finding.TurnRelayDenied, "peer", "", "the TURN server %s may not relay to the LiveKit server at %s (%s)",
			r.Host, peer, turnError(r))
	case through || r.PeersAsked > len(r.PeersDenied) && r.OwnDenied:
		return nil
	case r.OwnDenied:
		return found(finding.TurnRelayDenied, "this-machine", "", "the TURN server %s may not relay to %s (%s)",
			r.Host, r.Mapped.Addr().String(), turnError(r))
	case r.Failed == session.TURNRelay:
		return found(finding.TurnRelayDenied, "nothing-through", "",
			"the TURN server %s gave the address %s to relay from, and nothing came through it", r.Host, r.Relay.String())
	}
	return found(finding.TurnRelayDenied, "nothing-through", "", "the TURN server %s did not permit relaying: %s", r.Host, r.Text)
}

// turnFacts returns the place and the answer of a server that failed.
func turnFacts(r session.TURNReport) Facts {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	facts := Facts{"url": r.URL, "step": string(r.Failed), "took_ms": finding.Milliseconds(r.Took),
		"turn_host": clean.Line(host, 120), "transport": "tcp"}
	if r.Transport == "udp" || r.Transport == "dtls" {
		facts["transport"] = "udp"
	}
	if port != "" {
		facts["turn_port"] = port
	}
	if r.Code != 0 {
		facts["turn_error"] = r.Code
	}
	if r.Text != "" {
		facts["server_text"] = r.Text
	}
	return facts
}

// turnError returns the error that a server answered with, with the name of RFC
// 8656 section 19 where the server sent none.
func turnError(r session.TURNReport) string {
	name := cmp.Or(r.Text, map[int]string{400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 437: "Allocation Mismatch",
		441: "Wrong Credentials", 442: "Unsupported Transport Protocol", 486: "Allocation Quota Reached",
		508: "Insufficient Capacity"}[r.Code])
	return strings.TrimSpace(fmt.Sprintf("%d %s", r.Code, name))
}

func turnReach(f *probe.Failure) (variant string, owner Owner, words Text) {
	server, network := finding.OwnerLiveKitServer, finding.OwnerNetwork
	other := finding.Textf("%s", orNothing(clean.Line(f.Detail, 160)))
	switch f.Kind {
	case probe.KindDNSAbsent:
		return "dns", server, finding.Textf("its name does not exist")
	case probe.KindDNSFailed:
		return "dns", network, finding.Textf("the name server gave no address")
	case probe.KindRefused:
		return "refused", server, finding.Textf("nobody listens there")
	case probe.KindClosed:
		return "refused", server, other
	case probe.KindReset:
		return "refused", network, other
	case probe.KindUnreachable:
		return "no-route", network, finding.Textf("there is no route to it from here")
	case probe.KindSilent, probe.KindSYNTimeout:
		return "no-answer", network, finding.Textf("nobody answers")
	}
	return "no-answer", network, other
}

// turnTLS returns the variant of TURN_TLS, and what is wrong with the server's TLS.
// f is nil where the failure is not known.
func turnTLS(f *probe.Failure) (variant string, words Text) {
	if f == nil {
		return "other", Text{}
	}
	variant = map[probe.Kind]string{
		probe.KindTLSExpired: "expired", probe.KindTLSWrongName: "wrong-name", probe.KindTLSUnknownCA: "unknown-authority",
	}[f.Kind]
	switch f.Kind {
	case probe.KindTLSPlainPort, probe.KindClosed, probe.KindReset, probe.KindSilent:
		return "not-tls", finding.Textf("what listens there does not speak TLS")
	}
	return cmp.Or(variant, "other"), tlsWords(f)
}

func turnOutcome(seen *turnRecord) Outcome {
	if len(seen.Reports) == 0 {
		return Outcome{}
	}
	through := seen.Relayed != nil && seen.Relayed.Answered
	rows, working, offered := make([]string, len(seen.Reports)), 0, 0
	for i, r := range seen.Reports {
		rows[i] = r.URL + ": " + turnRow(r, through)
		if !r.STUN {
			offered++
			// What nothing came through from here can still let LiveKit through.
			if r.Relay.IsValid() && len(turnFinding(r, seen)) == 0 {
				working++
			}
		}
	}
	facts, text := Facts{"servers": rows}, finding.Textf("no TURN server is offered")
	if seen.Offered {
		text = finding.Textf("%d of %d TURN addresses relay", working, offered)
	}
	switch j := seen.Relayed; {
	case j != nil && j.Offered:
		facts["relay_join_answered"], facts["relay_join_ms"] = j.Answered, finding.Milliseconds(j.Took)
		if j.Pair != nil {
			facts["relay_join_rtt_ms"] = finding.Milliseconds(j.Pair.RTT)
			text = finding.Textf("%d of %d TURN addresses relay; LiveKit answered through them in %s",
				working, offered, finding.Duration(j.Took))
		}
	case !seen.NoJoin.IsZero():
		facts["relay_join"] = seen.NoJoin.String()
	}
	return Outcome{Text: text, Facts: facts}
}

// turnRow returns a server's answer in one line, without credentials; through
// reports whether a join through the servers was answered.
func turnRow(r session.TURNReport, through bool) string {
	switch {
	case r.NotAsked == "loopback":
		return "not asked, the LiveKit server is on this machine"
	case r.NotAsked != "":
		return fmt.Sprintf("not asked (%s)", r.NotAsked)
	case r.Cancelled:
		return "not finished"
	case r.Failed == session.TURNRelay && through:
		return fmt.Sprintf("relays from %s, to LiveKit and not to this machine", r.Relay)
	case r.Failed != "":
		return fmt.Sprintf("failed at %s after %s", r.Failed, r.Took.Round(time.Millisecond))
	case r.STUN:
		return fmt.Sprintf("answers in %s, sees %s", r.Answer.Round(100*time.Microsecond), r.Mapped)
	}
	return fmt.Sprintf("relays from %s, round trip %s", r.Relay, r.RoundTrip.Round(100*time.Microsecond))
}
