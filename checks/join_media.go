package checks

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
	"lkdoctor/config/clean"
)

// The limits above which MEDIA_SLOW is reported.
const (
	slowMedia = 5 * time.Second
	slowRTT   = 300 * time.Millisecond
)

// joinMedia opens the media connection of the stay that join.websocket began, and
// leaves the room unless join.agent goes on in it.
func (c *Case) joinMedia(ctx context.Context, _ Ended) Report {
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
}

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

// sameNetwork reports whether a pair leads to a private address in this network.
func sameNetwork(pair *session.Pair) bool {
	if pair == nil {
		return false
	}
	addr, err := netip.ParseAddr(pair.Remote.Address)
	return err == nil && isPrivateAddr(pair.Remote.Address) && probe.InOwnNetwork(addr)
}

func mediaFindings(j *JoinRecord) []Finding {
	var findings []Finding
	switch m := j.Media; m.Outcome {
	case session.OutcomeCancelled:
		return nil
	case session.OutcomeConnected:
		findings = connectedFindings(j)
	default:
		findings = []Finding{failedFinding(j)}
	}
	facts := mediaFacts(j)
	for i, f := range findings {
		findings[i] = f.WithAll(facts)
	}
	return findings
}

// connectedFindings warns of what works from here and may not from other networks.
func connectedFindings(j *JoinRecord) []Finding {
	m, rtt, tcp, relay := j.Media, time.Duration(0), false, false
	if m.Selected != nil {
		rtt, tcp, relay = m.Selected.RTT, m.Selected.Remote.Protocol == "tcp", m.Selected.Local.Type == "relay"
	}
	var findings []Finding
	warn := func(code Code, variant string, owner Owner, format string, args ...any) {
		findings = append(findings, finding.New(code, finding.Warn, format, args...).As(variant).By(owner))
	}
	offersUDP := func(c session.Candidate) bool { return c.Protocol == "udp" && c.Type != "prflx" }
	if tcp && !slices.ContainsFunc(m.Remote, offersUDP) {
		warn(finding.MediaUDPBlocked, "not-offered", finding.OwnerLiveKitServer,
			"media connected over TCP only: the server offers no UDP address")
	} else if tcp {
		warn(finding.MediaUDPBlocked, "no-answer", finding.OwnerNetwork,
			"media connected over TCP only: %s did not answer over UDP", firstUDP(m))
	}
	if relay {
		warn(finding.MediaUDPBlocked, "relay", finding.OwnerNetwork, "media connected through a TURN server only")
	}
	if kind := onlyUnroutable(j); kind != "" {
		warn(finding.MediaPrivateCandidates, privateVariant(kind), "",
			"the server was reached at %s and advertises only addresses of kind %s for media: it connected all the "+
				"same, and may not elsewhere",
			j.Signal.Remote.Addr().String(), string(kind))
	}
	if silent := relevantSilent(j); len(silent) > 0 && len(findings) == 0 {
		findings = append(findings, silentFinding(j, silent))
	}
	for _, dial := range m.TCP {
		// Where it does not answer over UDP either, the address is wrong, and not the port.
		isThere := func(c session.Candidate) bool { return c.Address == dial.Candidate.Address }
		if tcpSilent(dial) && !slices.ContainsFunc(j.Silent, isThere) {
			variant := "no-answer"
			if dial.Failure.Kind == probe.KindRefused {
				variant = "refused"
			}
			findings = append(findings, failureFacts(finding.New(finding.MediaTCPUnreachable, finding.Warn,
				"the advertised ICE/TCP address %s does not answer", dial.Candidate.HostPort()), dial.Failure).As(variant))
			break
		}
	}
	if m.Phases.Total > slowMedia || rtt > slowRTT {
		variant := "connect"
		switch {
		case rtt > slowRTT:
			variant = "round-trip"
		case tcp || relay:
			variant = "udp-first"
		}
		f := finding.New(finding.MediaSlow, finding.Warn,
			"media took %s to connect, with a round trip of %s", finding.Duration(m.Phases.Total), finding.Duration(rtt)).As(variant)
		if j.Signal.Loopback {
			f = noNetwork(f)
		}
		findings = append(findings, f)
	}
	return findings
}

// noNetwork lowers a warning about the network to info for a server on this machine.
func noNetwork(f Finding) Finding {
	f.Severity = finding.Info
	f.Message = finding.Textf("%s; the server is on this machine, so no network lies between", f.Message)
	return f.As("busy").By(finding.OwnerNone)
}

// silentFinding reports advertised addresses that did not answer while media connected
// through another one, mostly peer reflexive.
func silentFinding(j *JoinRecord, silent []session.Candidate) Finding {
	names := addresses(silent)
	f := finding.New(finding.MediaAddressUnreachable, finding.Warn,
		"the server advertises %s, which did not answer; media connected another way, which may not be there elsewhere", joinNames(names)).
		As("wrong-address").With("silent", names).By(finding.OwnerLiveKitServer)
	pair := j.Media.Selected
	if pair == nil {
		return f
	}
	if pair.Remote.Type == "prflx" {
		// This is the server's real address, which it does not advertise.
		f = f.With("reached", pair.Remote.Address)
	}
	if j.SameNetwork && !slices.ContainsFunc(silent, func(c session.Candidate) bool { return c.Kind != probe.ScopePublic }) {
		f.Message = finding.Textf("the server advertises its public address %s, which did not answer from inside "+
			"its own network; media connected at %s there",
			joinNames(names), pair.Remote.HostPort())
		return f.As("same-network")
	}
	return f
}

// tcpSilent reports whether an advertised ICE/TCP address took no connection, for
// another reason than an address family without a route from here.
func tcpSilent(d session.TCPDial) bool {
	return !d.Reachable && !d.Pending && d.Failure != nil &&
		d.Failure.Kind != probe.KindUnreachable && d.Failure.Kind != probe.KindCancelled
}

// relevantSilent returns the silent addresses that other clients need. Where
// another advertised address answers, container and private addresses are left out:
// a server in several networks advertises them all. An address that no network can
// have (documentation, a typing error) is always included.
func relevantSilent(j *JoinRecord) []session.Candidate {
	answers := slices.ContainsFunc(j.Media.Pairs, func(p session.Pair) bool {
		return p.Remote.Type == "host" && p.Remote.Protocol == "udp" && p.ResponsesReceived > 0
	})
	return slices.DeleteFunc(slices.Clone(j.Silent), func(c session.Candidate) bool {
		return answers && c.Kind != probe.ScopePublic && c.Kind != probe.ScopeReserved
	})
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

func failedFinding(j *JoinRecord) Finding {
	m, end := j.Media, j.Media.End
	if end == nil {
		end = &session.SignalEnd{}
	}
	switch m.Outcome {
	case session.OutcomeNoRemoteCandidates, session.OutcomeNoOffer:
		return finding.New(finding.MediaNoCandidates, finding.Fail, "the server offers no address for media")
	case session.OutcomeDTLSFailed:
		return finding.New(finding.MediaDTLSFailed, finding.Fail, "a path for media was found, and the DTLS handshake over it failed")
	case session.OutcomeLeft:
		if m.End != nil && end.Reason != "CONNECTION_TIMEOUT" {
			return leftFinding(end.Reason, end.Action)
		}
	case session.OutcomeSignalLost:
		return finding.New(finding.WebsocketClosed, finding.Fail,
			"the WebSocket was closed (%d) while media was connecting", end.CloseCode).As("during-media").With("close_code", end.CloseCode)
	case session.OutcomeInternal, session.OutcomeBadOffer:
		return finding.New(finding.MediaFailed, finding.Fail,
			"the media connection could not be negotiated: %s", m.Detail).As("negotiation")
	case session.OutcomeNoLocalCandidates:
		return finding.New(finding.MediaFailed, finding.Fail,
			"this machine has no network address that could carry media").As("no-network").By(finding.OwnerNetwork)
	}
	return unconnectedFinding(j)
}

// unconnectedFinding reports what was tried when nothing connected. It blames the
// advertised addresses only with proof: their kind, or that the server takes media
// at the address where signalling reached it.
func unconnectedFinding(j *JoinRecord) Finding {
	m, advertised, here, reached := j.Media, joinNames(addresses(j.Media.Remote)), "", ""
	for _, ask := range m.AtReached {
		if ask.Answered && here == "" {
			here = fmt.Sprintf("%s (%s)", ask.Candidate.HostPort(), strings.ToUpper(ask.Candidate.Protocol))
		}
	}
	if j.Signal.Remote.IsValid() {
		reached = j.Signal.Remote.Addr().Unmap().String()
	}
	if kind := onlyUnroutable(j); kind != "" {
		f := finding.New(finding.MediaPrivateCandidates, finding.Fail,
			"the server was reached at %s and advertises only %s for media, of kind %s: nothing answered there",
			reached, advertised, string(kind)).As(privateVariant(kind)).By(finding.OwnerLiveKitServer)
		if here != "" {
			f.Message = finding.Textf("the server was reached at %s and advertises only %s for media, of kind %s: "+
				"nothing answered there, and %s did",
				reached, advertised, string(kind), here)
			f = f.As("answers-outside")
		}
		return f
	}
	build := func(variant string, owner Owner, format string, args ...any) Finding {
		return finding.New(finding.MediaFailed, finding.Fail, format, args...).As(variant).By(owner)
	}
	udp := slices.DeleteFunc(slices.Clone(m.Remote), func(c session.Candidate) bool { return c.Protocol != "udp" })
	tried := triedWords(m, joinNames(addresses(udp)), len(udp) > 0)
	isAt := func(address string) func(session.Candidate) bool {
		return func(c session.Candidate) bool { return c.Address == address }
	}
	relays := slices.ContainsFunc(m.Local, func(c session.Candidate) bool { return c.Type == "relay" })
	switch sent, heard := heardOnly(m); {
	case here != "":
		return build("wrong-address", finding.OwnerLiveKitServer,
			"the server advertises %s for media, where nothing answered; asked at the address where it was reached, %s answered",
			advertised, here)
	case familiesApart(m):
		return build("address-family", finding.OwnerLiveKitServer,
			"the server advertises %s for media, and this machine has no address of that family to reach it from", advertised).
			With("advertised", advertised)
	case heard:
		return build("one-way", finding.OwnerNetwork,
			"the server's packets arrive here, and none of %d checks sent to %s was answered: only one direction is open",
			sent, joinNames(addresses(udp)))
	case reached != "" && len(m.Remote) > 0 && !slices.ContainsFunc(m.Remote, isAt(reached)):
		return build("other-address", finding.OwnerUnknown,
			"no media path connected: %s; the server was reached at %s, which is another address", tried, reached).
			With("advertised", advertised)
	case m.RelayOffered && !relays:
		return build("no-relay", finding.OwnerNetwork,
			"no media path connected: %s; a TURN server is offered, and gave no address to relay from", tried)
	}
	return build("blocked", finding.OwnerNetwork, "no media path connected: %s", tried)
}

// familiesApart reports whether one side has only IPv4, and the other only IPv6.
func familiesApart(m *session.Media) bool {
	if len(m.Local) == 0 || len(m.Remote) == 0 || len(m.Pairs) > 0 {
		return false
	}
	six := func(c session.Candidate) bool { return strings.Contains(c.Address, ":") }
	first := six(m.Local[0])
	differs := func(c session.Candidate) bool { return six(c) != first }
	return !slices.ContainsFunc(m.Local, differs) && !slices.ContainsFunc(m.Remote, func(c session.Candidate) bool { return !differs(c) })
}

// onlyUnroutable returns the kind of the advertised addresses if none of them can be
// reached from the network of the signalling address, otherwise "".
func onlyUnroutable(j *JoinRecord) (kind probe.Scope) {
	if !j.Signal.Remote.IsValid() || probe.AddrKind(j.Signal.Remote.Addr()) != probe.ScopePublic {
		return ""
	}
	for _, c := range j.Media.Remote {
		switch {
		case c.Type == "prflx":
		case c.Kind == probe.ScopePublic:
			return ""
		case kind == "":
			kind = c.Kind
		}
	}
	return kind
}

func privateVariant(kind probe.Scope) string {
	return cmp.Or(map[probe.Scope]string{probe.ScopeContainer: "container", probe.ScopeLoopback: "loopback",
		probe.ScopeUnspecified: "loopback", probe.ScopeCGNAT: "carrier"}[kind], "private")
}

// triedWords describes what was sent to the advertised addresses and what came
// back; udp names those of UDP, if there are any. Checks over TCP count only where
// a connection was made: pion counts them when they are queued.
func triedWords(m *session.Media, udp string, anyUDP bool) Text {
	sent, back := map[string]uint64{}, map[string]uint64{}
	for _, p := range m.Pairs {
		sent[p.Remote.Protocol] += p.RequestsSent
		back[p.Remote.Protocol] += p.ResponsesReceived
	}
	var tcp Text
	for _, dial := range m.TCP {
		switch where := dial.Candidate.HostPort(); {
		case dial.Reachable && (tcp.IsZero() || back["tcp"] > 0):
			tcp = finding.Textf("TCP %s: connected, %d checks answered", where, back["tcp"])
		case dial.Reachable, !tcp.IsZero():
		case dial.Failure != nil && dial.Failure.Kind == probe.KindRefused:
			tcp = finding.Textf("TCP %s: refused", where)
		case dial.Failure != nil && dial.Failure.Kind == probe.KindUnreachable:
			tcp = finding.Textf("TCP %s: no route", where)
		default:
			tcp = finding.Textf("TCP %s: no answer", where)
		}
	}
	words := finding.Textf("UDP %s: %d checks sent, %d answered", udp, sent["udp"], back["udp"])
	switch {
	case !anyUDP && !tcp.IsZero():
		return tcp
	case !tcp.IsZero():
		return finding.Textf("%s; %s", words, tcp)
	}
	return words
}

// heardOnly reports whether packets of the server arrived and none of the doctor's
// checks was answered; sent counts its checks over UDP.
func heardOnly(m *session.Media) (sent uint64, heard bool) {
	for _, p := range m.Pairs {
		if p.ResponsesReceived > 0 {
			return 0, false
		}
		if p.Remote.Protocol == "udp" {
			sent, heard = sent+p.RequestsSent, heard || p.RequestsReceived > 0
		}
	}
	return sent, heard
}

func addresses(list []session.Candidate) []string {
	var out []string
	for _, c := range list {
		if at := clean.Line(c.HostPort(), 80); c.Type != "prflx" && !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	return out
}

func mediaOutcome(j *JoinRecord) Outcome {
	if j == nil || j.Media == nil || !j.Media.Connected {
		return Outcome{}
	}
	protocol := "udp"
	if j.Media.Selected != nil {
		protocol = j.Media.Selected.Remote.Protocol
	}
	took := j.Signal.Took + j.Media.Phases.Total
	out := Outcome{
		Text:  finding.Textf("joined %s over %s, %s", j.Signal.Facts.Room, protocol, finding.Duration(took)),
		Facts: mediaFacts(j),
	}
	withExcess(&out, j.Signal)
	return out
}

func mediaFacts(j *JoinRecord) Facts {
	m, signal, reached := j.Media, j.Signal.Phases, ""
	if j.Signal.Remote.IsValid() {
		reached = j.Signal.Remote.Addr().String()
	}
	facts := Facts{
		"outcome": string(m.Outcome), "ice_state": m.ICEState, "dtls_state": m.DTLSState,
		"remote_candidates": candidateRows(m.Remote, reached), "local_candidates": candidateRows(m.Local, ""), "pairs": pairRows(m.Pairs),
	}
	for name, took := range map[string]time.Duration{
		"dns_ms": signal.DNS, "tcp_ms": signal.TCP, "tls_ms": signal.TLS, "upgrade_ms": signal.Upgrade, "join_ms": signal.Join,
		"offer_ms": m.Phases.Offer, "first_candidate_ms": m.Phases.FirstCandidate, "ice_ms": m.Phases.ICE, "dtls_ms": m.Phases.DTLS,
		"total_ms": m.Phases.Total,
	} {
		facts[name] = finding.Milliseconds(took)
	}
	if reached != "" {
		facts["reached"] = reached
	}
	maps.Copy(facts, mediaPorts(m))
	if excess := j.Signal.Excess(); len(excess) > 0 {
		facts["capped"] = excess
	}
	var asked []string
	for _, ask := range m.AtReached {
		verdict := "no answer"
		if ask.Answered {
			verdict = "answered"
		}
		asked = append(asked, ask.Candidate.Protocol+" "+ask.Candidate.HostPort()+" "+verdict)
	}
	if len(asked) > 0 {
		facts["asked_at_reached"] = asked
	}
	if m.Selected != nil {
		facts["selected_pair"] = pairRow(*m.Selected)
		facts["rtt_ms"] = finding.Milliseconds(m.Selected.RTT)
	}
	return facts
}

// mediaPorts returns the first UDP and TCP ports that the server advertises.
func mediaPorts(m *session.Media) Facts {
	ports := Facts{}
	for _, c := range m.Remote {
		if name := c.Protocol + "_port"; c.Type != "prflx" && c.Port != 0 && ports[name] == nil {
			ports[name] = int(c.Port)
		}
	}
	return ports
}

// candidateRows returns addresses with protocol, type and scope, and marks the one
// at which signalling reached the server. tui/evidence.go parses the rows.
func candidateRows(list []session.Candidate, reached string) []string {
	rows := make([]string, len(list))
	for i, c := range list {
		rows[i] = fmt.Sprintf("%s %s %s %s", c.Protocol, c.HostPort(), c.Type, c.Kind)
		if c.TCPType != "" {
			rows[i] += " " + c.TCPType
		}
		if reached != "" && c.Address == reached {
			rows[i] += ", the address reached"
		}
	}
	return rows
}

func pairRows(list []session.Pair) []string {
	rows := make([]string, len(list))
	for i, p := range list {
		rows[i] = pairRow(p)
	}
	return rows
}

// pairRow returns a pair with its state and checks. tui/evidence.go parses it.
func pairRow(p session.Pair) string {
	return fmt.Sprintf("%s → %s (%s) %s: %d sent, %d answered", p.Local.HostPort(), p.Remote.HostPort(), p.Remote.Type, p.State,
		p.RequestsSent, p.ResponsesReceived)
}
