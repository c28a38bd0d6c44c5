package checks

import (
	"fmt"
	"net"
	"strings"
	"time"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
	"lkdoctor/config/clean"
)

// turnFinding judges one server. A relay that cannot send to this machine is fine
// as long as it can send to LiveKit.
//
// noUDP reports whether media connected, but not over UDP: that a server does not
// answer over UDP says nothing about the server then.
func turnFinding(r session.TURNReport, join *session.RelayJoin, noUDP bool) (Finding, bool) {
	if r.Failed == "" || r.Cancelled {
		return Finding{}, false
	}
	through := join != nil && join.Answered
	build := func(code Code, variant, format string, args ...any) (Finding, bool) {
		f := finding.New(code, finding.Fail, format, args...).As(variant).With("url", r.URL).With("step", string(r.Failed)).
			With("took_ms", finding.Milliseconds(r.Took))
		for name, value := range turnPlace(r) {
			f = f.With(name, value)
		}
		if r.Code != 0 {
			f = f.With("turn_error", r.Code)
		}
		if r.Text != "" {
			f = f.With("server_text", r.Text)
		}
		if r.Failure != nil {
			f = failureFacts(f, r.Failure)
		}
		return f, true
	}
	switch {
	case r.Failed == session.TURNHandshake && r.Failure != nil && r.Failure.Kind == probe.KindCancelled:
		return Finding{}, false
	case r.Failed == session.TURNHandshake:
		f, _ := build(finding.TurnTLS, turnTLSVariant(r.Failure), "the TURN server %s cannot be used over TLS: %s", r.Host, turnTLSWords(r.Failure))
		return f.By(finding.OwnerLiveKitServer), true
	case r.Failure != nil:
		f, _ := build(finding.TurnUnreachable, turnReachVariant(r.Failure), "%s cannot be reached over %s: %s", r.URL, r.Transport, turnReachWords(r.Failure))
		if r.STUN || noUDP && r.Transport == "udp" {
			f.Severity = finding.Warn
		}
		return f.By(turnOwner(r.Failure)), true
	case r.Failed == session.TURNAllocate && (r.Code == 403 || r.Code == 486 || r.Code == 508):
		variant := "quota"
		if r.Code == 403 {
			variant = "refused"
		}
		return build(finding.TurnRelayDenied, variant, "the TURN server %s gives no address to relay from (%s)", r.Host, turnError(r))
	case r.Failed == session.TURNAllocate && r.Code != 0:
		f, _ := build(finding.TurnAuth, "", "the TURN server %s refuses the credentials that the LiveKit server hands out (%s)", r.Host, turnError(r))
		return f.By(finding.OwnerLiveKitServer), true
	case r.Failed == session.TURNAllocate, r.Failed == session.TURNBinding:
		return build(finding.TurnUnreachable, "not-turn", "what answers at %s is no working TURN server: %s", r.Host, r.Text)
	case r.PeersAsked > 0 && len(r.PeersDenied) == r.PeersAsked:
		f, _ := build(finding.TurnRelayDenied, "peer", "the TURN server %s may not relay to the LiveKit server at %s (%s)",
			r.Host, r.PeersDenied[0].String(), turnError(r))
		return f.With("peer", r.PeersDenied[0].String()), true
	case through || r.PeersAsked > len(r.PeersDenied) && r.OwnDenied:
		return Finding{}, false
	case r.OwnDenied:
		return build(finding.TurnRelayDenied, "this-machine", "the TURN server %s may not relay to %s (%s)", r.Host, r.Mapped.Addr().String(), turnError(r))
	case r.Failed == session.TURNRelay:
		return build(finding.TurnRelayDenied, "nothing-through", "the TURN server %s gave the address %s to relay from, and nothing came through it", r.Host, r.Relay.String())
	}
	return build(finding.TurnRelayDenied, "nothing-through", "the TURN server %s did not permit relaying: %s", r.Host, r.Text)
}

// turnError returns the error that a server answered with, with the name of RFC
// 8656 section 19 where the server sent none.
func turnError(r session.TURNReport) string {
	name := r.Text
	if name == "" {
		name = map[int]string{400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 437: "Allocation Mismatch",
			441: "Wrong Credentials", 442: "Unsupported Transport Protocol", 486: "Allocation Quota Reached",
			508: "Insufficient Capacity"}[r.Code]
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", r.Code, name))
}

// turnPlace returns a server's address and protocol, for the fixes; transport is as
// firewalls name it.
func turnPlace(r session.TURNReport) map[string]any {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	transport := "tcp"
	if r.Transport == "udp" || r.Transport == "dtls" {
		transport = "udp"
	}
	place := map[string]any{"turn_host": clean.Line(host, 120), "transport": transport}
	if port != "" {
		place["turn_port"] = port
	}
	return place
}

func turnReachVariant(f *probe.Failure) string {
	switch f.Kind {
	case probe.KindDNSAbsent, probe.KindDNSFailed:
		return "dns"
	case probe.KindRefused, probe.KindClosed, probe.KindReset:
		return "refused"
	case probe.KindUnreachable:
		return "no-route"
	}
	return "no-answer"
}

func turnTLSVariant(f *probe.Failure) string {
	if f == nil {
		return "other"
	}
	switch f.Kind {
	case probe.KindTLSExpired:
		return "expired"
	case probe.KindTLSWrongName:
		return "wrong-name"
	case probe.KindTLSUnknownCA:
		return "unknown-authority"
	case probe.KindTLSPlainPort, probe.KindClosed, probe.KindReset, probe.KindSilent:
		return "not-tls"
	}
	return "other"
}

func turnTLSWords(f *probe.Failure) Text {
	switch f.Kind {
	case probe.KindTLSPlainPort, probe.KindClosed, probe.KindReset, probe.KindSilent:
		return finding.Textf("what listens there does not speak TLS")
	}
	return tlsWords(f)
}

func turnReachWords(f *probe.Failure) Text {
	switch f.Kind {
	case probe.KindDNSAbsent:
		return finding.Textf("its name does not exist")
	case probe.KindDNSFailed:
		return finding.Textf("the name server gave no address")
	case probe.KindRefused:
		return finding.Textf("nobody listens there")
	case probe.KindSilent, probe.KindSYNTimeout:
		return finding.Textf("nobody answers")
	case probe.KindUnreachable:
		return finding.Textf("there is no route to it from here")
	}
	return finding.Textf("%s", orNothing(clean.Line(f.Detail, 160)))
}

func turnOwner(f *probe.Failure) Owner {
	switch f.Kind {
	case probe.KindRefused, probe.KindDNSAbsent, probe.KindClosed:
		return finding.OwnerLiveKitServer
	}
	return finding.OwnerNetwork
}

// turnOutcome returns the outcome of a finished check, with a row for each server.
func turnOutcome(seen *turnRecord) Outcome {
	if len(seen.Reports) == 0 {
		return Outcome{}
	}
	facts := Facts{"servers": turnRows(seen.Reports, seen.Relayed != nil && seen.Relayed.Answered)}
	working, offered := 0, 0
	for _, r := range seen.Reports {
		if !r.STUN {
			offered++
			// What nothing came through from here can still let LiveKit through.
			if _, bad := turnFinding(r, seen.Relayed, seen.NoUDP); !bad && r.Relay.IsValid() {
				working++
			}
		}
	}
	text := finding.Textf("no TURN server is offered")
	if seen.Offered {
		text = finding.Textf("%d of %d TURN addresses relay", working, offered)
	}
	switch j := seen.Relayed; {
	case j != nil && j.Offered:
		facts["relay_join_answered"], facts["relay_join_ms"] = j.Answered, finding.Milliseconds(j.Took)
		if j.Pair != nil {
			facts["relay_join_rtt_ms"] = finding.Milliseconds(j.Pair.RTT)
			text = finding.Textf("%d of %d TURN addresses relay; LiveKit answered through them in %s", working, offered, finding.Duration(j.Took))
		}
	case !seen.NoJoin.IsZero():
		facts["relay_join"] = seen.NoJoin.String()
	}
	return Outcome{Text: text, Facts: facts}
}

// turnRows returns the servers, one line each, without credentials; through reports
// whether a join through them was answered.
func turnRows(reports []session.TURNReport, through bool) []string {
	rows := make([]string, 0, len(reports))
	for _, r := range reports {
		switch {
		case r.NotAsked == "loopback":
			rows = append(rows, fmt.Sprintf("%s: not asked, the LiveKit server is on this machine", r.URL))
		case r.NotAsked != "":
			rows = append(rows, fmt.Sprintf("%s: not asked (%s)", r.URL, r.NotAsked))
		case r.Cancelled:
			rows = append(rows, fmt.Sprintf("%s: not finished", r.URL))
		case r.Failed == session.TURNRelay && through:
			rows = append(rows, fmt.Sprintf("%s: relays from %s, to LiveKit and not to this machine", r.URL, r.Relay))
		case r.Failed != "":
			rows = append(rows, fmt.Sprintf("%s: failed at %s after %s", r.URL, r.Failed, r.Took.Round(time.Millisecond)))
		case r.STUN:
			rows = append(rows, fmt.Sprintf("%s: answers in %s, sees %s", r.URL, r.Answer.Round(100*time.Microsecond), r.Mapped))
		default:
			rows = append(rows, fmt.Sprintf("%s: relays from %s, round trip %s", r.URL, r.Relay, r.RoundTrip.Round(100*time.Microsecond)))
		}
	}
	return rows
}
