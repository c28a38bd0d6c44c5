package probe

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"net"
	"time"

	"github.com/pion/stun/v3"
)

// askAgain is when an unanswered address is asked anew, from the first time on,
// and askWait how long an answer may take: three round trips of a slow line.
const (
	askEvery = 150 * time.Millisecond
	askWait  = 900 * time.Millisecond
	maxAsked = 8
)

// Unreachable lists the advertised UDP addresses that answered nothing on
// a connection that is up, although each was asked once more on its own: an ICE
// agent stops checking the other pairs as soon as one is selected, so that their
// counters alone prove nothing. It waits askWait at most, and not at all when
// every address has answered.
//
// A loopback address of a server on this machine is left out: with node_ip set
// to 127.0.0.1, livekit-server 1.13.5 advertises it for sockets of other
// interfaces too, which then answer from their own address. Nobody elsewhere
// would be told that address.
func (m *Media) Unreachable(ctx context.Context) []Candidate {
	if m.pc == nil {
		return nil
	}
	var silent []Candidate
	for _, c := range m.Remote {
		local := m.pc.signal.Loopback && c.Kind == ScopeLoopback
		if c.Protocol == "udp" && c.Type == "host" && c.Kind != ScopeInvalid && !local && !m.heard(c) && routed(c) && len(silent) < maxAsked {
			silent = append(silent, c)
		}
	}
	if len(silent) == 0 {
		return nil
	}
	name, key, ok := m.pc.credentials()
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	answers := make(chan int, len(silent))
	for i, c := range silent {
		go func() {
			if !answersBinding(ctx, c.HostPort(), name, key) {
				i = -1
			}
			answers <- i
		}()
	}
	heard := map[int]bool{}
	for range silent {
		heard[<-answers] = true
	}
	var out []Candidate
	for i, c := range silent {
		if !heard[i] {
			out = append(out, c)
		}
	}
	return out
}

// routed tells whether this machine could send to c at all: without an address of
// its family, silence says nothing about the server. Nothing is sent.
func routed(c Candidate) bool {
	conn, err := net.Dial("udp", c.HostPort())
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// heard tells whether c has answered. That its own requests arrived is not
// enough: the way there may be closed all the same.
func (m *Media) heard(c Candidate) bool {
	for _, p := range m.Pairs {
		if sameTransport(p.Remote, c) && p.ResponsesReceived > 0 {
			return true
		}
	}
	return false
}

// credentials are user name and key for a connectivity check on the server's
// agent (RFC 8445 section 7.2.2): both sides' user name fragments, and the
// server's password.
func (p *peer) credentials() (name, key string, ok bool) {
	remote, local := p.pc.RemoteDescription(), p.pc.LocalDescription()
	if remote == nil || local == nil {
		return "", "", false
	}
	theirs, password := sdpICE(remote.SDP)
	ours, _ := sdpICE(local.SDP)
	return theirs + ":" + ours, password, theirs != "" && ours != "" && password != ""
}

// sdpICE finds the first ice-ufrag and ice-pwd of a session description.
func sdpICE(sdp string) (ufrag, password string) {
	for line := range linesOf(sdp) {
		switch {
		case ufrag == "" && len(line) > 12 && line[:12] == "a=ice-ufrag:":
			ufrag = line[12:]
		case password == "" && len(line) > 10 && line[:10] == "a=ice-pwd:":
			password = line[10:]
		}
	}
	return ufrag, password
}

func linesOf(text string) func(func(string) bool) {
	return func(yield func(string) bool) {
		start := 0
		for i := 0; i <= len(text); i++ {
			if i < len(text) && text[i] != '\n' {
				continue
			}
			line := text[start:i]
			if n := len(line); n > 0 && line[n-1] == '\r' {
				line = line[:n-1]
			}
			if !yield(line) {
				return
			}
			start = i + 1
		}
	}
}

// answersBinding sends connectivity checks to one address until anything comes
// back from it or ctx ends.
func answersBinding(ctx context.Context, address, name, key string) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", address)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	request, err := bindingRequest(name, key)
	if err != nil {
		return false
	}
	buf := make([]byte, 1500)
	for ctx.Err() == nil {
		// A refused port shows up as an error of a later write or read: try on, a
		// server may only just be opening it.
		_, _ = conn.Write(request)
		_ = conn.SetReadDeadline(time.Now().Add(askEvery))
		if n, err := conn.Read(buf); err == nil && stun.IsMessage(buf[:n]) {
			return true
		} else if err == nil {
			continue
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= 0 {
			return false
		}
		waitOr(ctx, askEvery/3)
	}
	return false
}

// waitOr waits for d, or less when ctx ends.
func waitOr(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// bindingRequest is a connectivity check of RFC 8445 section 7.2.2, from the
// controlled side, at the priority of a peer reflexive candidate.
func bindingRequest(name, key string) ([]byte, error) {
	tie := make([]byte, 8)
	if _, err := rand.Read(tie); err != nil {
		return nil, err
	}
	priority := make([]byte, 4)
	binary.BigEndian.PutUint32(priority, 110<<24|65535<<8|255)
	msg, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername(name),
		stun.RawAttribute{Type: stun.AttrPriority, Value: priority},
		stun.RawAttribute{Type: stun.AttrICEControlled, Value: tie},
		stun.NewShortTermIntegrity(key), stun.Fingerprint)
	if err != nil {
		return nil, err
	}
	return msg.Raw, nil
}
