package lab

import (
	"encoding/json"
	"net"
	"regexp"
	"strconv"

	"github.com/livekit/protocol/livekit"
)

// Candidates says what a signal proxy does to ICE candidates, of both sides:
// were only the server's changed, it would still find the client by itself.
type Candidates struct {
	// UDPPort and TCPPort replace the port of each UDP or TCP candidate. 0
	// leaves it alone.
	UDPPort, TCPPort int
	// Drop removes every candidate.
	Drop bool
}

// Rewrite is how a signal proxy does it.
func (c Candidates) Rewrite() Rewrite {
	return Rewrite{
		ToClient: func(m *livekit.SignalResponse) []*livekit.SignalResponse {
			if t := m.GetTrickle(); t != nil && !c.trickle(t) {
				return nil
			}
			c.description(m.GetOffer())
			c.description(m.GetAnswer())
			return []*livekit.SignalResponse{m}
		},
		ToServer: func(m *livekit.SignalRequest) []*livekit.SignalRequest {
			if t := m.GetTrickle(); t != nil && !c.trickle(t) {
				return nil
			}
			c.description(m.GetOffer())
			c.description(m.GetAnswer())
			return []*livekit.SignalRequest{m}
		},
	}
}

// candidateLine is "candidate:foundation component transport priority address
// port …" (RFC 8839 §5.1), in SDP with its line end.
var candidateLine = regexp.MustCompile(`(?i)(candidate:\S+ \d+ )(udp|tcp)( \d+ \S+ )(\d+)( [^\r\n]*)`)

// sdpCandidate is a candidate's whole line in SDP.
var sdpCandidate = regexp.MustCompile(`a=candidate:[^\r\n]*\r?\n`)

func (c Candidates) line(text string) string {
	return candidateLine.ReplaceAllStringFunc(text, func(line string) string {
		part := candidateLine.FindStringSubmatch(line)
		port := c.UDPPort
		if part[2] == "tcp" || part[2] == "TCP" {
			port = c.TCPPort
		}
		if port == 0 {
			return line
		}
		return part[1] + part[2] + part[3] + strconv.Itoa(port) + part[5]
	})
}

func (c Candidates) description(d *livekit.SessionDescription) {
	switch {
	case d == nil:
	case c.Drop:
		d.Sdp = sdpCandidate.ReplaceAllString(d.Sdp, "")
	default:
		d.Sdp = c.line(d.Sdp)
	}
}

// trickle changes one trickled candidate and tells whether it is still to be
// sent. The empty candidate, which ends the list, always is.
func (c Candidates) trickle(t *livekit.TrickleRequest) bool {
	var init map[string]any
	if json.Unmarshal([]byte(t.CandidateInit), &init) != nil {
		return true
	}
	text, _ := init["candidate"].(string)
	if text == "" {
		return true
	}
	if c.Drop {
		return false
	}
	init["candidate"] = c.line(text)
	if changed, err := json.Marshal(init); err == nil {
		t.CandidateInit = string(changed)
	}
	return true
}

// DeadUDP holds a UDP port of 127.0.0.1 that reads and answers nothing, as a
// port behind a firewall does: no ICMP error gives it away. Close frees it.
func DeadUDP() (net.PacketConn, int, error) {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, 0, err
	}
	return conn, conn.LocalAddr().(*net.UDPAddr).Port, nil
}
