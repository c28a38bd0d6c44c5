package session

import (
	"encoding/json"
	"net"
	"net/netip"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe"
)

// Candidate is one ICE candidate: an address at which one side may be reached. All
// strings are cleaned and capped.
type Candidate struct {
	// Type is host, srflx, prflx or relay. A remote prflx was not advertised:
	// the server's packets came from there.
	Type string
	// Protocol is udp or tcp.
	Protocol string
	Address  string
	Port     int
	// TCPType is passive, active or so for ICE/TCP, and empty for UDP.
	TCPType string
	// Kind is the scope of Address; "invalid" for a name.
	Kind probe.Scope
}

// HostPort returns the candidate's address and port, as net.Dial takes them.
func (c Candidate) HostPort() string {
	return net.JoinHostPort(c.Address, strconv.Itoa(c.Port))
}

// PairState is the state of the checks of one candidate pair.
type PairState string

// The states of RFC 8445 section 6.1.2.6. A pair that pion abandons after its last
// unanswered request is failed.
const (
	PairWaiting    PairState = "waiting"
	PairInProgress PairState = "in-progress"
	PairSucceeded  PairState = "succeeded"
	PairFailed     PairState = "failed"
)

// Pair is one candidate pair with the counters of its connectivity checks, as last
// read.
type Pair struct {
	Local, Remote Candidate
	State         PairState
	// Nominated reports whether this pair was chosen to carry media.
	Nominated bool
	// RequestsSent and ResponsesReceived count the doctor's checks;
	// RequestsReceived and ResponsesSent count the server's. Requests of a TCP pair
	// count when they are queued, connected or not.
	RequestsSent, ResponsesReceived uint64
	RequestsReceived, ResponsesSent uint64
	// FirstRequest is the time of the first check, zero if none was sent.
	FirstRequest time.Time
	// LastRTT is the last round trip, and RTT the mean where that is less: an
	// answer that a busy machine read late is not the network's. 0 when nothing was
	// answered.
	RTT, LastRTT time.Duration
}

// Answered reports whether anything was received over this pair.
func (p Pair) Answered() bool { return p.ResponsesReceived > 0 || p.RequestsReceived > 0 }

// candidateOf returns c, cleaned.
func candidateOf(n *probe.Net, c webrtc.ICECandidate) Candidate {
	out := Candidate{
		Type:     c.Typ.String(),
		Protocol: c.Protocol.String(),
		Address:  n.Line(c.Address),
		Port:     int(c.Port),
		TCPType:  n.Line(c.TCPType),
	}
	addr, err := netip.ParseAddr(out.Address)
	if err != nil {
		addr = netip.Addr{}
	}
	out.Kind = probe.AddrKind(addr)
	return out
}

// parseCandidate parses the candidate attribute of a trickle message or of a
// session description (RFC 8839 section 5.1), with or without its name.
func parseCandidate(n *probe.Net, line string) (Candidate, error) {
	c, err := ice.UnmarshalCandidate(strings.TrimPrefix(line, "candidate:"))
	if err != nil {
		return Candidate{}, err
	}
	read := webrtc.ICECandidate{
		Address: c.Address(), Port: uint16(max(0, min(c.Port(), 65535))),
		Protocol: protocolOf(c.NetworkType().NetworkShort()), TCPType: c.TCPType().String(),
	}
	out := candidateOf(n, read)
	out.Type = c.Type().String()
	return out, nil
}

// candidateLines returns the candidates of a session description.
func candidateLines(sdp string) []string {
	var out []string
	for line := range strings.Lines(sdp) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "a=candidate:"); ok && len(out) < caps.Candidates {
			out = append(out, rest)
		}
	}
	return out
}

// marshalCandidate and unmarshalCandidate convert the JSON in a TrickleRequest, as
// browsers write it.
func marshalCandidate(c webrtc.ICECandidateInit) (string, error) {
	data, err := json.Marshal(c)
	return string(data), err
}

func unmarshalCandidate(s string) (webrtc.ICECandidateInit, error) {
	var c webrtc.ICECandidateInit
	if s == "" {
		return c, nil
	}
	err := json.Unmarshal([]byte(s), &c)
	return c, err
}

// sameTransport reports whether two candidates name the same transport address.
func sameTransport(a, b Candidate) bool {
	return a.Protocol == b.Protocol && a.Address == b.Address && a.Port == b.Port
}

// appendCandidate appends a candidate unless the list holds one with the same type
// and transport address.
func appendCandidate(list []Candidate, c Candidate) []Candidate {
	for _, have := range list {
		if have.Type == c.Type && sameTransport(have, c) {
			return list
		}
	}
	if len(list) >= caps.Candidates {
		return list
	}
	return append(list, c)
}

// collect reads the counters of every pair, and the candidates that only pion knows
// of: the server's reflexive ones, and this side's ends of TCP connections. Pairs
// vanish when a connection fails or closes, so an empty reading changes nothing.
func (t *transport) collect() {
	report := t.pc.GetStats()
	t.mu.Lock()
	defer t.mu.Unlock()
	candidates := map[string]Candidate{}
	for _, stat := range report {
		c, ok := stat.(webrtc.ICECandidateStats)
		if !ok {
			continue
		}
		list := &t.media.Local
		if c.Type == webrtc.StatsTypeRemoteCandidate {
			list = &t.media.Remote
		}
		full, known := knownCandidate(t.p.net, *list, c)
		candidates[c.ID] = full
		if !known {
			*list = appendCandidate(*list, full)
		}
	}
	pairs := make([]Pair, 0, len(t.media.Pairs))
	for _, stat := range report {
		if c, ok := stat.(webrtc.ICECandidatePairStats); ok {
			pairs = append(pairs, pairOf(c, candidates))
		}
	}
	if len(pairs) > 0 {
		sortPairs(pairs)
		t.media.Pairs = pairs
	}
}

// selectPair records the pair that carries media. Before ICE is up, pion v4.2.17
// would be read during its setup.
func (t *transport) selectPair() {
	if state := t.pc.ICEConnectionState(); state == webrtc.ICEConnectionStateNew || state == webrtc.ICEConnectionStateChecking {
		return
	}
	pair, err := t.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.media.Selected = nil; err != nil || pair == nil {
		return
	}
	local, remote := candidateOf(t.p.net, *pair.Local), candidateOf(t.p.net, *pair.Remote)
	t.media.Selected = &Pair{Local: local, Remote: remote, State: PairSucceeded}
	for _, have := range t.media.Pairs {
		if sameTransport(have.Local, local) && sameTransport(have.Remote, remote) {
			have.Local.TCPType = local.TCPType // which the statistics lack
			t.media.Selected = &have
		}
	}
	t.media.Selected.Nominated = true
}

// knownCandidate returns the candidate as it was advertised, or as pion's
// statistics describe it.
func knownCandidate(n *probe.Net, list []Candidate, c webrtc.ICECandidateStats) (Candidate, bool) {
	out := candidateOf(n, webrtc.ICECandidate{
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

// pairOf returns one pair with its counters.
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
		p.RTT, p.LastRTT = time.Duration(rtt*float64(time.Second)), time.Duration(c.CurrentRoundTripTime*float64(time.Second))
	}
	return p
}

// sortPairs sorts the selected pair first, then those that were answered, then by
// address, so that reports are stable.
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
