package session

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v3"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe"
)

// askEvery is the time after which an unanswered request is repeated.
const askEvery = 150 * time.Millisecond

// Unreachable returns the advertised UDP addresses that did not answer although
// media is connected and each was asked separately: an ICE agent stops checking the
// other pairs once one is selected, so their counters alone prove nothing. It waits
// at most Limits.Ask, and not at all when every address has answered.
//
// A loopback address of a server on this machine is left out: with node_ip set to
// 127.0.0.1, livekit-server 1.13.5 advertises it for sockets of other interfaces
// too, which then answer from their own address. Clients on other machines do not
// get that address.
func (m *Media) Unreachable(ctx context.Context) []Candidate {
	if m.t == nil {
		return nil
	}
	var silent []Candidate
	for _, c := range m.Remote {
		// Requests from it prove nothing: the path to it may still be closed.
		answers := func(p Pair) bool { return sameTransport(p.Remote, c) && p.ResponsesReceived > 0 }
		local := m.t.p.Loopback && c.Kind == probe.ScopeLoopback
		asked := c.Protocol == "udp" && c.Type == "host" && c.Kind != probe.ScopeInvalid && !local && len(silent) < caps.Asked
		if asked && !slices.ContainsFunc(m.Pairs, answers) && routed(c) {
			silent = append(silent, c)
		}
	}
	name, key, ok := m.t.credentials()
	if !ok || len(silent) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, m.t.p.net.Waits().Ask)
	defer cancel()
	answers := make([]bool, len(silent))
	var all sync.WaitGroup
	for i, c := range silent {
		all.Go(func() { answers[i] = answersBinding(ctx, m.t.p.net, c, name, key) })
	}
	all.Wait()
	var out []Candidate
	for i, c := range silent {
		if !answers[i] {
			out = append(out, c)
		}
	}
	return out
}

// routed reports whether this machine has an address of c's family. Without one,
// silence says nothing about the server. Nothing is sent.
func routed(c Candidate) bool {
	conn, err := net.Dial("udp", c.HostPort())
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// credentials returns user name and key for a connectivity check on the server's
// agent (RFC 8445 section 7.2.2): both sides' user name fragments, and the server's
// password.
func (t *transport) credentials() (name, key string, ok bool) {
	remote, local := t.pc.RemoteDescription(), t.pc.LocalDescription()
	if remote == nil || local == nil {
		return "", "", false
	}
	theirs, password := sdpICE(remote.SDP)
	ours, _ := sdpICE(local.SDP)
	return theirs + ":" + ours, password, theirs != "" && ours != "" && password != ""
}

// sdpICE returns the first ice-ufrag and ice-pwd of a session description.
func sdpICE(sdp string) (ufrag, password string) {
	first := func(attribute string) string {
		_, rest, _ := strings.Cut("\n"+sdp, "\na="+attribute+":")
		value, _, _ := strings.Cut(rest, "\n")
		return strings.TrimRight(value, "\r")
	}
	return first("ice-ufrag"), first("ice-pwd")
}

// answersBinding sends connectivity checks (RFC 8445 section 7.2.2) to one address
// until it answers or ctx ends: from the controlled side, with the priority of a peer
// reflexive candidate.
func answersBinding(ctx context.Context, n *probe.Net, c Candidate, name, key string) bool {
	message, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername(name),
		ice.PriorityAttr(110<<24|65535<<8|255), ice.AttrControlled(rand.Uint64()), // #nosec G404 -- breaks ties only
		stun.NewShortTermIntegrity(key), stun.Fingerprint)
	if err != nil {
		return false
	}
	request := message.Raw
	conn, err := n.Dialer()(ctx, c.Protocol, c.HostPort())
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	defer expireWith(ctx, conn)()
	buf := make([]byte, 1500)
	if c.Protocol == "tcp" { // in the frames of RFC 4571
		_, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(request))), request...))
		if err == nil {
			_, err = io.ReadFull(conn, buf[:2])
		}
		size := min(int(binary.BigEndian.Uint16(buf)), len(buf))
		if err == nil {
			_, err = io.ReadFull(conn, buf[:size])
		}
		return err == nil && stun.IsMessage(buf[:size])
	}
	for ctx.Err() == nil {
		// A refused port shows up as an error of a later write or read. It is asked
		// again: the server may be about to open it.
		_, _ = conn.Write(request)
		_ = conn.SetReadDeadline(time.Now().Add(askEvery))
		n, err := conn.Read(buf)
		if err == nil && stun.IsMessage(buf[:n]) {
			return true
		}
		select {
		case <-time.After(askEvery / 3):
		case <-ctx.Done():
		}
	}
	return false
}

// ReachedAsk is one request to a media port at the address where signalling reached
// the server, where the server advertises that port at another address.
type ReachedAsk struct {
	// Candidate is the advertised one, with the address reached instead of its own.
	Candidate Candidate
	// Answered reports whether the server's ICE agent answered there.
	Answered bool
}

// askReached asks the media ports at the address that signalling reached, when none
// of the advertised addresses has answered yet. An answer, which needs the
// session's credentials, proves that the advertised address is wrong; without one a
// firewall may be the cause. It runs during the wait for the advertised addresses
// and costs no time.
func (t *transport) askReached() {
	name, key, ok := t.credentials()
	if !ok || !t.p.Remote.IsValid() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range atReached(t.media.Remote, t.p.Remote.Addr().Unmap(), t.o) {
		at := len(t.media.AtReached)
		t.media.AtReached = append(t.media.AtReached, ReachedAsk{Candidate: c})
		t.inBackground(func() func() {
			ctx, cancel := context.WithTimeout(t.dialCtx, t.p.net.Waits().Ask)
			defer cancel()
			heard := answersBinding(ctx, t.p.net, c, name, key)
			return func() { t.media.AtReached[at].Answered = heard }
		})
	}
}

// inBackground runs ask in a goroutine, and then the function that it returned,
// with t.mu held. The caller holds t.mu.
func (t *transport) inBackground(ask func() (answer func())) {
	if t.dialCtx.Err() != nil {
		return // closed
	}
	t.dialing++
	t.dials.Go(func() {
		answer := ask()
		t.note(func() { t.dialing--; answer() })
	})
}

// dialTCP dials an ICE/TCP address in the background. The caller holds t.mu.
func (t *transport) dialTCP(c Candidate) {
	if t.o.NoTCP || t.o.ForceRelay || len(t.media.TCP) >= caps.TCPDials {
		return
	}
	at, begun := len(t.media.TCP), time.Now()
	t.media.TCP = append(t.media.TCP, TCPDial{Candidate: c, Pending: true})
	t.inBackground(func() func() {
		result := dialCandidate(t.dialCtx, t.p.net, c)
		result.Took = min(result.Took, time.Since(begun))
		return func() { t.media.TCP[at] = result }
	})
}

// dialCandidate opens and closes a TCP connection to an ICE/TCP candidate. It sends
// nothing: livekit-server accepts connections that do not speak STUN, and then
// resets them.
func dialCandidate(ctx context.Context, n *probe.Net, c Candidate) TCPDial {
	out := TCPDial{Candidate: c}
	start := time.Now()
	dctx, cancel := context.WithTimeout(ctx, n.Waits().CandidateTCP)
	defer cancel()
	conn, err := n.Dialer()(dctx, "tcp", c.HostPort())
	if out.Took = time.Since(start); err != nil {
		out.Failure = n.DialFailure(ctx, c.HostPort(), out.Took, err)
		return out
	}
	_ = conn.Close()
	out.Reachable = true
	return out
}

// atReached returns the advertised ports at the address reached; it is empty where
// that address is advertised.
func atReached(advertised []Candidate, reached netip.Addr, o MediaOptions) []Candidate {
	var out []Candidate
	for _, c := range advertised {
		if c.Type != "host" || c.Kind == probe.ScopeInvalid || c.Protocol == "udp" && o.NoUDP ||
			c.Protocol == "tcp" && (o.NoTCP || c.TCPType != "passive") {
			continue
		}
		if c.Address == reached.String() {
			return nil
		}
		c.Address, c.Kind = reached.String(), probe.AddrKind(reached)
		if before := len(out); before < caps.ReachedAsks {
			out = appendCandidate(out, c)
		}
	}
	return out
}
