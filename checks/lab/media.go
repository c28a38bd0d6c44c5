package lab

import (
	"encoding/json"
	"errors"
	"net"
	"regexp"
	"strconv"

	"github.com/livekit/protocol/livekit"
)

// Candidates says what a signal proxy does to the ICE candidates of both sides. If only
// the server's were changed, the server would still find the client.
type Candidates struct {
	// UDPPort and TCPPort replace the port of each UDP or TCP candidate. 0
	// leaves it alone.
	UDPPort, TCPPort int
	// UDPAddress replaces the address of each UDP candidate; "" leaves it alone.
	UDPAddress string
	// Address replaces the address of each candidate; "" leaves it alone.
	Address string
	// Drop removes every candidate.
	Drop bool
	// ServerOnly leaves the client's candidates alone: the server then finds the
	// client by itself, as one that advertises a wrong address does.
	ServerOnly bool
}

// Rewrite returns the changes for a SignalProxy.
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
			if c.ServerOnly {
				return []*livekit.SignalRequest{m}
			}
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
var candidateLine = regexp.MustCompile(`(?i)(candidate:\S+ \d+ )(udp|tcp)( \d+ )(\S+ )(\d+)( [^\r\n]*)`)

// sdpCandidate is a candidate's whole line in SDP.
var sdpCandidate = regexp.MustCompile(`a=candidate:[^\r\n]*\r?\n`)

func (c Candidates) line(text string) string {
	return candidateLine.ReplaceAllStringFunc(text, func(line string) string {
		part := candidateLine.FindStringSubmatch(line)
		port, address := c.UDPPort, part[4]
		switch {
		case part[2] == "tcp" || part[2] == "TCP":
			port = c.TCPPort
		case c.UDPAddress != "":
			address = c.UDPAddress + " "
		}
		if c.Address != "" {
			address = c.Address + " "
		}
		if port == 0 {
			return part[1] + part[2] + part[3] + address + part[5] + part[6]
		}
		return part[1] + part[2] + part[3] + address + strconv.Itoa(port) + part[6]
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

// trickle changes one trickled candidate and reports whether it is still to be
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

// DeadUDP holds a UDP port of 127.0.0.1 and answers nothing, as a port behind a firewall
// does: there is no ICMP error. Close frees it.
func DeadUDP() (net.PacketConn, int, error) { return deadUDPAt("127.0.0.1") }

// ownAddress is an IPv4 address of this machine other than loopback: what is
// sent to it stays on the machine all the same.
func ownAddress() (string, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	for _, a := range addrs {
		if ip, _, err := net.ParseCIDR(a.String()); err == nil && ip.To4() != nil && !ip.IsLoopback() {
			return ip.String(), nil
		}
	}
	return "", errors.New("this machine has no IPv4 address besides loopback")
}

func deadUDPAt(address string) (net.PacketConn, int, error) {
	conn, err := net.ListenPacket("udp4", net.JoinHostPort(address, "0"))
	if err != nil {
		return nil, 0, err
	}
	return conn, conn.LocalAddr().(*net.UDPAddr).Port, nil
}
