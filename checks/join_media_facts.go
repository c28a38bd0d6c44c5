package checks

import (
	"fmt"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe/session"
)

// withMediaFacts adds candidates, pairs and times to f.
func withMediaFacts(f Finding, j *JoinRecord) Finding {
	for name, value := range mediaFacts(j) {
		f = f.With(name, value)
	}
	return f
}

func mediaFacts(j *JoinRecord) Facts {
	m, signal, reached := j.Media, j.Signal.Phases, ""
	if j.Signal.Remote.IsValid() {
		reached = j.Signal.Remote.Addr().String()
	}
	facts := Facts{
		"outcome": string(m.Outcome), "ice_state": m.ICEState, "dtls_state": m.DTLSState,
		"offer_ms": finding.Milliseconds(m.Phases.Offer), "first_candidate_ms": finding.Milliseconds(m.Phases.FirstCandidate),
		"ice_ms": finding.Milliseconds(m.Phases.ICE), "dtls_ms": finding.Milliseconds(m.Phases.DTLS), "total_ms": finding.Milliseconds(m.Phases.Total),
		"remote_candidates": candidateRows(m.Remote, reached), "local_candidates": candidateRows(m.Local, ""), "pairs": pairRows(m.Pairs),
		"dns_ms": finding.Milliseconds(signal.DNS), "tcp_ms": finding.Milliseconds(signal.TCP), "tls_ms": finding.Milliseconds(signal.TLS),
		"upgrade_ms": finding.Milliseconds(signal.Upgrade), "join_ms": finding.Milliseconds(signal.Join),
	}
	if reached != "" {
		facts["reached"] = reached
	}
	for name, port := range mediaPorts(m) {
		facts[name] = port
	}
	if excess := j.Signal.Excess(); len(excess) > 0 {
		facts["capped"] = excess
	}
	if len(m.AtReached) > 0 {
		facts["asked_at_reached"] = reachedRows(m.AtReached)
	}
	if m.Selected != nil {
		facts["selected_pair"] = pairRow(*m.Selected)
		facts["rtt_ms"] = finding.Milliseconds(m.Selected.RTT)
	}
	return facts
}

// mediaPorts returns the first UDP and TCP ports that the server advertises, by
// fact name.
func mediaPorts(m *session.Media) map[string]int {
	ports := map[string]int{}
	for _, c := range m.Remote {
		if name := c.Protocol + "_port"; c.Type != "prflx" && ports[name] == 0 {
			ports[name] = int(c.Port)
		}
	}
	return ports
}

// candidateRows returns addresses with protocol, type and scope, and marks the one
// at which signalling reached the server.
func candidateRows(list []session.Candidate, reached string) []string {
	rows := make([]string, 0, len(list))
	for _, c := range list {
		row := candidateRow(c)
		if reached != "" && c.Address == reached {
			row += ", the address reached"
		}
		rows = append(rows, row)
	}
	return rows
}

// reachedRows returns the questions to the address at which signalling reached the
// server.
func reachedRows(asks []session.ReachedAsk) []string {
	rows := make([]string, 0, len(asks))
	for _, ask := range asks {
		verdict := "no answer"
		if ask.Answered {
			verdict = "answered"
		}
		rows = append(rows, ask.Candidate.Protocol+" "+ask.Candidate.HostPort()+" "+verdict)
	}
	return rows
}

func candidateRow(c session.Candidate) string {
	row := fmt.Sprintf("%s %s %s %s", c.Protocol, c.HostPort(), c.Type, c.Kind)
	if c.TCPType != "" {
		row += " " + c.TCPType
	}
	return row
}

func pairRows(list []session.Pair) []string {
	rows := make([]string, 0, len(list))
	for _, p := range list {
		rows = append(rows, pairRow(p))
	}
	return rows
}

func pairRow(p session.Pair) string {
	return fmt.Sprintf("%s → %s (%s) %s: %d sent, %d answered", p.Local.HostPort(), p.Remote.HostPort(), p.Remote.Type, p.State,
		p.RequestsSent, p.ResponsesReceived)
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
