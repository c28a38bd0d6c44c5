package probe

import (
	"sort"
	"time"

	"github.com/pion/webrtc/v4"
)

// collect reads the counters of every pair, and the candidates that only pion
// knows of: the server's reflexive ones, and our ends of TCP connections. Pairs
// vanish when a connection fails or closes, so an empty reading changes nothing.
func (m *Media) collect(p *peer) {
	n := p.signal.net
	report := p.pc.GetStats()
	candidates := map[string]Candidate{}
	for _, stat := range report {
		c, ok := stat.(webrtc.ICECandidateStats)
		if !ok {
			continue
		}
		remote := c.Type == webrtc.StatsTypeRemoteCandidate
		list := &m.Local
		if remote {
			list = &m.Remote
		}
		full, known := n.knownCandidate(*list, c)
		candidates[c.ID] = full
		if !known {
			*list = appendCandidate(*list, full)
		}
	}
	pairs := make([]Pair, 0, len(m.Pairs))
	for _, stat := range report {
		if c, ok := stat.(webrtc.ICECandidatePairStats); ok {
			pairs = append(pairs, pairOf(c, candidates))
		}
	}
	if len(pairs) > 0 {
		sortPairs(pairs)
		m.Pairs = pairs
	}
	// Before ICE has begun, pion v4.2.17 would be read while it is being set up.
	if p.pc.ICEConnectionState() != webrtc.ICEConnectionStateNew {
		m.Selected = m.selected(p)
	}
}

// knownCandidate is the candidate as it was advertised, or as far as pion's
// statistics describe it.
func (n *Net) knownCandidate(list []Candidate, c webrtc.ICECandidateStats) (Candidate, bool) {
	out := n.candidate(webrtc.ICECandidate{
		Typ: c.CandidateType, Address: c.IP, Port: uint16(max(0, min(c.Port, 65535))), Protocol: protocolOf(c.Protocol),
	})
	for _, have := range list {
		if have.Type == out.Type && sameTransport(have, out) {
			return have, true
		}
	}
	return out, false
}

func protocolOf(s string) webrtc.ICEProtocol {
	if s == "tcp" {
		return webrtc.ICEProtocolTCP
	}
	return webrtc.ICEProtocolUDP
}

// pairOf reads one pair's counters.
func pairOf(c webrtc.ICECandidatePairStats, candidates map[string]Candidate) Pair {
	p := Pair{
		Local: candidates[c.LocalCandidateID], Remote: candidates[c.RemoteCandidateID],
		State: PairState(c.State), Nominated: c.Nominated,
		RequestsSent: c.RequestsSent, ResponsesReceived: c.ResponsesReceived,
		RequestsReceived: c.RequestsReceived, ResponsesSent: c.ResponsesSent,
	}
	if c.RequestsSent > 0 {
		p.FirstRequest = c.FirstRequestTimestamp.Time()
	}
	if c.ResponsesReceived > 0 {
		rtt := c.CurrentRoundTripTime
		if mean := c.TotalRoundTripTime / float64(c.ResponsesReceived); mean > 0 {
			rtt = min(rtt, mean)
		}
		p.RTT = time.Duration(rtt * float64(time.Second))
	}
	return p
}

// selected is the pair that carries media, as a copy.
func (m *Media) selected(p *peer) *Pair {
	pair, err := p.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return nil
	}
	n := p.signal.net
	local, remote := n.candidate(*pair.Local), n.candidate(*pair.Remote)
	for _, have := range m.Pairs {
		if sameTransport(have.Local, local) && sameTransport(have.Remote, remote) {
			found := have
			found.Nominated = true
			return &found
		}
	}
	return &Pair{Local: local, Remote: remote, State: PairSucceeded, Nominated: true}
}

// sortPairs puts the pair that won first, then those that were answered, then
// by address, so that reports do not jump about.
func sortPairs(pairs []Pair) {
	rank := func(p Pair) int {
		switch {
		case p.Nominated:
			return 0
		case p.ResponsesReceived > 0:
			return 1
		case p.Answered():
			return 2
		}
		return 3
	}
	key := func(p Pair) string { return p.Remote.Protocol + p.Remote.HostPort() + " " + p.Local.HostPort() }
	sort.SliceStable(pairs, func(i, j int) bool {
		if a, b := rank(pairs[i]), rank(pairs[j]); a != b {
			return a < b
		}
		return key(pairs[i]) < key(pairs[j])
	})
}
