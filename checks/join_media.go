package checks

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

// The limits above which MEDIA_SLOW is reported.
const (
	slowMedia = 5 * time.Second
	slowRTT   = 300 * time.Millisecond
)

// joinMedia opens the media connection of the stay that join.websocket began, and
// leaves the room unless join.agent goes on in it.
func joinMedia(c *Case) Check {
	return c.check(Spec{
		ID: "join.media", Stage: check.StageJoin, Timeout: 20 * time.Second,
		Title: finding.Textf("ICE and DTLS connect"),
		Short: finding.Textf("media"),
		Lacks: finding.Textf("media did not connect"),
		Needs: []string{"join.websocket"},
		Uses:  []string{"token.format"},
	}, func(ctx context.Context, c *Case, _ Ended) Report {
		joined := c.joined()
		if !joined.in() {
			return check.BlockedBy("join.websocket")
		}
		record := connectMedia(ctx, joined)
		if !c.staysForAgent() {
			record.close()
		}
		c.produce(record)
		return Report{Findings: mediaFindings(record), Outcome: mediaOutcome(record)}
	})
}

// connectMedia opens the media connection in the joined room and records the
// result.
func connectMedia(ctx context.Context, joined *JoinRecord) *JoinRecord {
	check.Waiting(ctx, "waiting for the media connection (ICE, DTLS)")
	j := *joined
	j.Media = j.Signal.Media(ctx, session.MediaOptions{})
	j.Media.Refresh()
	if j.Media.Connected {
		j.Silent = j.Media.Unreachable(ctx)
		j.SameNetwork = sameNetwork(j.Media.Selected)
	}
	return &j
}

// sameNetwork reports whether a pair leads to a private address of a network that
// this machine is in.
func sameNetwork(pair *session.Pair) bool {
	if pair == nil || !isInner(pair.Remote.Address) {
		return false
	}
	addr, err := netip.ParseAddr(pair.Remote.Address)
	return err == nil && probe.InOwnNetwork(addr)
}

// mediaFindings judges one media connection.
func mediaFindings(j *JoinRecord) []Finding {
	m := j.Media
	switch m.Outcome {
	case session.OutcomeCancelled:
		return nil
	case session.OutcomeConnected:
		return connectedFindings(j)
	case session.OutcomeNoRemoteCandidates, session.OutcomeNoOffer:
		return []Finding{withMediaFacts(finding.New(finding.MediaNoCandidates, finding.Fail,
			"the server offers no address for media"), j)}
	case session.OutcomeDTLSFailed:
		return []Finding{withMediaFacts(finding.New(finding.MediaDTLSFailed, finding.Fail,
			"a path for media was found, and the DTLS handshake over it failed"), j)}
	case session.OutcomeLeft:
		if m.End != nil && m.End.Reason != "CONNECTION_TIMEOUT" {
			return []Finding{withMediaFacts(leftFinding(m.End.Reason, m.End.Action), j)}
		}
	case session.OutcomeSignalLost:
		code := 0
		if m.End != nil {
			code = m.End.CloseCode
		}
		return []Finding{withMediaFacts(finding.New(finding.WebsocketClosed, finding.Fail,
			"the WebSocket was closed (%d) while media was connecting", code).As("during-media").With("close_code", code), j)}
	case session.OutcomeInternal, session.OutcomeBadOffer:
		return []Finding{withMediaFacts(finding.New(finding.MediaFailed, finding.Fail,
			"the media connection could not be negotiated: %s", m.Detail).As("negotiation"), j)}
	case session.OutcomeNoLocalCandidates:
		return []Finding{withMediaFacts(finding.New(finding.MediaFailed, finding.Fail,
			"this machine has no network address that could carry media").As("no-network").By(finding.OwnerNetwork), j)}
	}
	return []Finding{failedFinding(j)}
}

// connectedFindings warns of what works from here and may not from other networks.
func connectedFindings(j *JoinRecord) []Finding {
	m := j.Media
	var findings []Finding
	if m.Selected != nil && m.Selected.Remote.Protocol == "tcp" && !offersUDP(m) {
		findings = append(findings, withMediaFacts(finding.New(finding.MediaUDPBlocked, finding.Warn,
			"media connected over TCP only: the server offers no UDP address").As("not-offered").By(finding.OwnerLiveKitServer), j))
	} else if m.Selected != nil && m.Selected.Remote.Protocol == "tcp" {
		findings = append(findings, withMediaFacts(finding.New(finding.MediaUDPBlocked, finding.Warn,
			"media connected over TCP only: %s did not answer over UDP", firstUDP(m)).As("no-answer").By(finding.OwnerNetwork), j))
	}
	if m.Selected != nil && m.Selected.Local.Type == "relay" {
		findings = append(findings, withMediaFacts(finding.New(finding.MediaUDPBlocked, finding.Warn,
			"media connected through a TURN server only").As("relay").By(finding.OwnerNetwork), j))
	}
	if kind, hidden := onlyUnroutable(j); hidden {
		findings = append(findings, withMediaFacts(finding.New(finding.MediaPrivateCandidates, finding.Warn,
			"the server was reached at %s and advertises only addresses of kind %s for media: it connected all the same, and may not elsewhere",
			j.Signal.Remote.Addr().String(), kind).As(privateVariant(kind)), j))
	}
	if silent := relevantSilent(j); len(silent) > 0 && len(findings) == 0 {
		findings = append(findings, silentFinding(j, silent))
	}
	for _, dial := range m.TCP {
		// Where the address does not answer over UDP either, the address is wrong
		// and not its TCP port.
		if tcpSilent(dial) && !slices.ContainsFunc(j.Silent, func(c session.Candidate) bool { return c.Address == dial.Candidate.Address }) {
			variant := "no-answer"
			if dial.Failure.Kind == probe.KindRefused {
				variant = "refused"
			}
			findings = append(findings, withMediaFacts(failureFacts(finding.New(finding.MediaTCPUnreachable, finding.Warn,
				"the advertised ICE/TCP address %s does not answer", dial.Candidate.HostPort()), dial.Failure).As(variant), j))
			break
		}
	}
	if rtt := selectedRTT(m); m.Phases.Total > slowMedia || rtt > slowRTT {
		f := withMediaFacts(finding.New(finding.MediaSlow, finding.Warn,
			"media took %s to connect, with a round trip of %s", finding.Duration(m.Phases.Total), finding.Duration(rtt)).As(slowVariant(m, rtt)), j)
		if j.Signal.Loopback {
			f = noNetwork(f)
		}
		findings = append(findings, f)
	}
	return findings
}

// noNetwork lowers a warning about the network to info where the server is on this
// machine: there is no network then.
func noNetwork(f Finding) Finding {
	f.Severity = finding.Info
	f.Message = finding.Textf("%s; the server is on this machine, so no network lies between", f.Message)
	return f.As("busy").By(finding.OwnerNone)
}

func slowVariant(m *session.Media, rtt time.Duration) string {
	switch {
	case rtt > slowRTT:
		return "round-trip"
	case m.Selected != nil && (m.Selected.Remote.Protocol == "tcp" || m.Selected.Local.Type == "relay"):
		return "udp-first"
	}
	return "connect"
}

// silentFinding reports advertised addresses that did not answer while media
// connected through another one, mostly found by the server itself (peer
// reflexive).
func silentFinding(j *JoinRecord, silent []session.Candidate) Finding {
	names := addresses(silent)
	f := withMediaFacts(finding.New(finding.MediaAddressUnreachable, finding.Warn,
		"the server advertises %s, which did not answer; media connected another way, which may not be there elsewhere", joinNames(names)).
		As("wrong-address").With("silent", names).By(finding.OwnerLiveKitServer), j)
	pair := j.Media.Selected
	if pair == nil {
		return f
	}
	if pair.Remote.Type == "prflx" {
		// This is the server's real address, which it does not advertise.
		f = f.With("reached", pair.Remote.Address)
	}
	public := func(c session.Candidate) bool { return c.Kind == probe.ScopePublic }
	if j.SameNetwork && !slices.ContainsFunc(silent, func(c session.Candidate) bool { return !public(c) }) {
		f.Message = finding.Textf("the server advertises its public address %s, which did not answer from inside its own network; media connected at %s there",
			joinNames(names), pair.Remote.HostPort())
		return f.As("same-network")
	}
	return f
}

// tcpSilent reports whether an advertised ICE/TCP address did not accept a
// connection. An address family without a route from here says nothing about the
// server.
func tcpSilent(d session.TCPDial) bool {
	return !d.Reachable && !d.Pending && d.Failure != nil &&
		d.Failure.Kind != probe.KindUnreachable && d.Failure.Kind != probe.KindCancelled
}

func offersUDP(m *session.Media) bool {
	return slices.ContainsFunc(m.Remote, func(c session.Candidate) bool { return c.Protocol == "udp" && c.Type != "prflx" })
}

// relevantSilent returns the silent addresses that other clients need. Where
// another advertised address answers, container and private addresses are left out:
// a server in several networks advertises them all. An address that no network can
// have (documentation, a typing error) is always included.
func relevantSilent(j *JoinRecord) []session.Candidate {
	answers := slices.ContainsFunc(j.Media.Pairs, func(p session.Pair) bool {
		return p.Remote.Type == "host" && p.Remote.Protocol == "udp" && p.ResponsesReceived > 0
	})
	var out []session.Candidate
	for _, c := range j.Silent {
		if !answers || c.Kind == probe.ScopePublic || c.Kind == probe.ScopeReserved {
			out = append(out, c)
		}
	}
	return out
}

// firstUDP returns an advertised UDP address that was asked, or "".
func firstUDP(m *session.Media) string {
	for _, p := range m.Pairs {
		if p.Remote.Protocol == "udp" && p.Remote.Type == "host" && p.RequestsSent > 0 {
			return p.Remote.HostPort()
		}
	}
	for _, c := range m.Remote {
		if c.Protocol == "udp" {
			return c.HostPort()
		}
	}
	return ""
}

func selectedRTT(m *session.Media) time.Duration {
	if m.Selected == nil {
		return 0
	}
	return m.Selected.RTT
}
