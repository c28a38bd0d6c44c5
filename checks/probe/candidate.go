package probe

import (
	"encoding/json"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
)

// Candidate is one ICE candidate: an address at which one side hopes to be
// reached. All strings are cleaned and capped.
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
	// RelatedAddress and RelatedPort are the base of a srflx or relay candidate;
	// empty and 0 where there is none.
	RelatedAddress string
	RelatedPort    int
	// Kind says from where Address can be reached; "invalid" for a name.
	Kind Scope
}

// HostPort is the candidate's address and port, as net.Dial takes them.
func (c Candidate) HostPort() string {
	return net.JoinHostPort(c.Address, strconv.Itoa(c.Port))
}

// PairState is how far the checks of one candidate pair got.
type PairState string

// The states of RFC 8445 section 6.1.2.6. A pair that pion gives up on after its last
// unanswered request is failed.
const (
	PairWaiting    PairState = "waiting"
	PairInProgress PairState = "in-progress"
	PairSucceeded  PairState = "succeeded"
	PairFailed     PairState = "failed"
)

// Pair is one candidate pair with the counters of its connectivity checks, as
// they were when the join was last looked at.
type Pair struct {
	Local, Remote Candidate
	State         PairState
	// Nominated tells that this pair was chosen to carry media.
	Nominated bool
	// RequestsSent and ResponsesReceived count our own checks;
	// RequestsReceived and ResponsesSent count the server's. Requests of a TCP
	// pair count from when they are queued, connected or not.
	RequestsSent, ResponsesReceived uint64
	RequestsReceived, ResponsesSent uint64
	// FirstRequest is when the first check was sent, zero if none was.
	FirstRequest time.Time
	// RTT is the last round trip, or the mean where that is less: one answer that
	// a busy machine read late is not the line's. 0 when nothing was answered.
	RTT time.Duration
}

// Answered tells whether anything at all came back over this pair.
func (p Pair) Answered() bool { return p.ResponsesReceived > 0 || p.RequestsReceived > 0 }

// candidate keeps what a candidate says, cleaned.
func (n *Net) candidate(c webrtc.ICECandidate) Candidate {
	out := Candidate{
		Type:           c.Typ.String(),
		Protocol:       c.Protocol.String(),
		Address:        n.line(c.Address),
		Port:           int(c.Port),
		RelatedAddress: n.line(c.RelatedAddress),
		RelatedPort:    int(c.RelatedPort),
		TCPType:        n.line(c.TCPType),
	}
	addr, err := netip.ParseAddr(out.Address)
	if err != nil {
		addr = netip.Addr{}
	}
	out.Kind = AddrKind(addr)
	return out
}

// parseCandidate reads the candidate attribute of a trickle message or of a
// session description (RFC 8839 section 5.1), with or without its name.
func (n *Net) parseCandidate(line string) (Candidate, error) {
	c, err := ice.UnmarshalCandidate(strings.TrimPrefix(line, "candidate:"))
	if err != nil {
		return Candidate{}, err
	}
	read := webrtc.ICECandidate{
		Address: c.Address(), Port: uint16(max(0, min(c.Port(), 65535))),
		Protocol: protocolOf(c.NetworkType().NetworkShort()), TCPType: c.TCPType().String(),
	}
	if related := c.RelatedAddress(); related != nil {
		read.RelatedAddress, read.RelatedPort = related.Address, uint16(max(0, min(related.Port, 65535)))
	}
	out := n.candidate(read)
	out.Type = c.Type().String()
	return out, nil
}

// candidateLines are the candidates inside a session description.
func candidateLines(sdp string) []string {
	var out []string
	for line := range strings.Lines(sdp) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "a=candidate:"); ok && len(out) < maxCandidates {
			out = append(out, rest)
		}
	}
	return out
}

// marshalCandidate and unmarshalCandidate are the JSON inside a TrickleRequest,
// as browsers write it.
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

// sameTransport tells whether two candidates name the same transport address.
func sameTransport(a, b Candidate) bool {
	return a.Protocol == b.Protocol && a.Address == b.Address && a.Port == b.Port
}

// appendCandidate adds a candidate unless one with the same type and transport
// address is there already.
func appendCandidate(list []Candidate, c Candidate) []Candidate {
	for _, have := range list {
		if have.Type == c.Type && sameTransport(have, c) {
			return list
		}
	}
	if len(list) >= maxCandidates {
		return list
	}
	return append(list, c)
}

// maxCandidates caps what a server can make us keep and try; a real one has a
// handful for each interface.
const maxCandidates = 64
