package session

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
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

// Pair is one candidate pair with the counters of its connectivity checks, as last
// read.
type Pair struct {
	Local, Remote Candidate
	// State is failed for a pair that pion gave up after its last unanswered request.
	State webrtc.StatsICECandidatePairState
	// Nominated reports whether this pair was chosen to carry media.
	Nominated bool
	// RequestsSent and ResponsesReceived count the doctor's checks, RequestsReceived
	// the server's. Requests of a TCP pair count when they are queued, connected or
	// not.
	RequestsSent, ResponsesReceived, RequestsReceived uint64
	// FirstRequest is the time of the first check, zero if none was sent.
	FirstRequest time.Time
	// LastRTT is the last round trip, and RTT the mean where that is less: an
	// answer that a busy machine read late is not the network's. 0 when nothing was
	// answered.
	RTT, LastRTT time.Duration
}

// Answered reports whether anything was received over this pair.
func (p Pair) Answered() bool { return p.ResponsesReceived > 0 || p.RequestsReceived > 0 }

func newCandidate(n *probe.Net, kind, protocol, address string, port int, tcpType string) Candidate {
	address = n.Line(address)
	addr, _ := netip.ParseAddr(address)
	return Candidate{Type: kind, Protocol: protocol, Address: address, Port: max(0, min(port, 65535)), TCPType: n.Line(tcpType),
		Kind: probe.AddrKind(addr)}
}

func candidateOf(n *probe.Net, c webrtc.ICECandidate) Candidate {
	return newCandidate(n, c.Typ.String(), c.Protocol.String(), c.Address, int(c.Port), c.TCPType)
}

// parseCandidate parses the candidate attribute of a trickle message or of a
// session description (RFC 8839 section 5.1), with or without its name.
func parseCandidate(n *probe.Net, line string) (Candidate, error) {
	c, err := ice.UnmarshalCandidate(strings.TrimPrefix(line, "candidate:"))
	if err != nil {
		return Candidate{}, err
	}
	return newCandidate(n, c.Type().String(), c.NetworkType().NetworkShort(), c.Address(), c.Port(), c.TCPType().String()), nil
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

func sameTransport(a, b Candidate) bool {
	return a.Protocol == b.Protocol && a.Address == b.Address && a.Port == b.Port
}

func (c Candidate) same(other Candidate) bool { return c.Type == other.Type && sameTransport(c, other) }

// appendCandidate appends a candidate unless the list holds it, or is full.
func appendCandidate(list []Candidate, c Candidate) []Candidate {
	if len(list) >= caps.Candidates || slices.ContainsFunc(list, c.same) {
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
		// The statistics lack what was advertised.
		full := newCandidate(t.p.net, c.CandidateType.String(), c.Protocol, c.IP, int(c.Port), "")
		if i := slices.IndexFunc(*list, full.same); i >= 0 {
			full = (*list)[i]
		}
		candidates[c.ID] = full
		*list = appendCandidate(*list, full)
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
	t.media.Selected = &Pair{Local: local, Remote: remote, State: webrtc.StatsICECandidatePairStateSucceeded}
	for _, have := range t.media.Pairs {
		if sameTransport(have.Local, local) && sameTransport(have.Remote, remote) {
			have.Local.TCPType = local.TCPType // which the statistics lack
			t.media.Selected = &have
		}
	}
	t.media.Selected.Nominated = true
}

func pairOf(c webrtc.ICECandidatePairStats, candidates map[string]Candidate) Pair {
	p := Pair{
		Local: candidates[c.LocalCandidateID], Remote: candidates[c.RemoteCandidateID],
		State: c.State, Nominated: c.Nominated,
		RequestsSent: c.RequestsSent, ResponsesReceived: c.ResponsesReceived, RequestsReceived: c.RequestsReceived,
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
	slices.SortStableFunc(pairs, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(key(a), key(b)))
	})
}
