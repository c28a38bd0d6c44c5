package lab

import (
	"cmp"
	"encoding/json"
	"errors"
	"net"
	"regexp"
	"strings"

	"github.com/livekit/protocol/livekit"
)

// candidates says what a signal proxy does to the ICE candidates of both sides. If only
// the server's were changed, the server would still find the client.
type candidates struct {
	// UDP and TCP replace the address and port of each UDP or TCP candidate. An empty text,
	// address or port does not.
	UDP, TCP string
	// Drop removes every candidate.
	Drop bool
	// KeepRelayed leaves relayed candidates (RFC 8839 §5.1: typ relay) unchanged.
	KeepRelayed bool
	// ServerOnly leaves the client's candidates unchanged, so that the server finds the
	// client, as a server does that advertises a wrong address.
	ServerOnly bool
}

// rewrite returns the changes for a SignalProxy.
func (c candidates) rewrite() Rewrite {
	to := Rewrite{ToClient: rewriting[*livekit.SignalResponse](c)}
	if !c.ServerOnly {
		to.ToServer = rewriting[*livekit.SignalRequest](c)
	}
	return to
}

// rewriting changes the candidates of the messages of one side.
func rewriting[M interface {
	GetTrickle() *livekit.TrickleRequest
	GetOffer() *livekit.SessionDescription
	GetAnswer() *livekit.SessionDescription
}](c candidates) func(M) []M {
	return func(m M) []M {
		if t := m.GetTrickle(); t != nil && !c.trickle(t) {
			return nil
		}
		c.description(m.GetOffer())
		c.description(m.GetAnswer())
		return []M{m}
	}
}

// candidateLine is "candidate:foundation component transport priority address port …"
// (RFC 8839 §5.1), in SDP without its line end.
var candidateLine = regexp.MustCompile(`(?i)(candidate:\S+ \d+ )(udp|tcp)( \d+ )(\S+) (\d+)( [^\r\n]*)`)

// sdpCandidate is a candidate's whole line in SDP.
var sdpCandidate = regexp.MustCompile(`a=candidate:[^\r\n]*\r?\n`)

func (c candidates) line(text string) string {
	return candidateLine.ReplaceAllStringFunc(text, func(line string) string {
		part := candidateLine.FindStringSubmatch(line)
		to := c.UDP
		if strings.EqualFold(part[2], "tcp") {
			to = c.TCP
		}
		host, port, err := net.SplitHostPort(to)
		if err != nil || c.KeepRelayed && strings.Contains(part[6], " typ relay") {
			return line
		}
		return part[1] + part[2] + part[3] + cmp.Or(host, part[4]) + " " + cmp.Or(port, part[5]) + part[6]
	})
}

func (c candidates) description(d *livekit.SessionDescription) {
	switch {
	case d == nil:
	case c.Drop:
		d.Sdp = sdpCandidate.ReplaceAllString(d.Sdp, "")
	default:
		d.Sdp = c.line(d.Sdp)
	}
}

// trickle changes a trickled candidate, and reports whether it is sent. The empty
// candidate, which ends the list, always is.
func (c candidates) trickle(t *livekit.TrickleRequest) bool {
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

// ownAddress returns an IPv4 address of this machine other than loopback. What is sent to
// it stays on the machine.
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

// deadUDP opens a UDP port at the address that answers nothing, as a port behind a firewall
// does: there is no ICMP error.
func (l *Lab) deadUDP(address string) (addr string, err error) {
	conn, err := net.ListenPacket("udp4", net.JoinHostPort(address, "0"))
	if err != nil {
		return "", err
	}
	l.keep(conn.Close)
	return conn.LocalAddr().String(), nil
}
