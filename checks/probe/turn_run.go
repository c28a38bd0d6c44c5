package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v3"
	"github.com/pion/turn/v5"
	"github.com/pion/webrtc/v4"
)

// turnResend is how soon an unanswered request is sent again, at first.
const turnResend = 150 * time.Millisecond

// askTURN goes through the steps.
func (n *Net) askTURN(ctx context.Context, r *TURNReport, uri *stun.URI, server webrtc.ICEServer, o TURNOptions) {
	if r.Transport != "udp" {
		conn, f := n.dialTURN(ctx, r, uri.Host)
		if f != nil {
			r.Failure = f
			return
		}
		n.talkTURN(ctx, r, conn, server, o)
		return
	}
	start := time.Now()
	addrs, f := n.lookup(ctx, uri.Host)
	if f != nil {
		f.Host = r.Host
		r.Failed, r.Failure = TURNResolve, f
		return
	}
	if _, err := netip.ParseAddr(uri.Host); err != nil {
		r.DNS = time.Since(start)
	}
	addrs = addrs[:min(len(addrs), maxTURNAddresses)]
	for i, addr := range addrs {
		n.askUDP(ctx, r, netip.AddrPortFrom(addr, uint16(uri.Port)), len(addrs)-i, server, o)
		if r.Failure == nil || ctx.Err() != nil {
			return
		}
	}
}

// askUDP asks one address of a name, with its share of the time that is left.
func (n *Net) askUDP(ctx context.Context, r *TURNReport, to netip.AddrPort, share int, server webrtc.ICEServer, o TURNOptions) {
	r.Address, r.Failed, r.Failure = to, "", nil
	if deadline, ok := ctx.Deadline(); ok && share > 1 {
		own, cancel := context.WithTimeout(ctx, time.Until(deadline)/time.Duration(share))
		defer cancel()
		ctx = own
	}
	conn, f := n.dialUDP(ctx, to)
	if f != nil {
		r.Failed, r.Failure = TURNConnect, f
		return
	}
	n.talkTURN(ctx, r, conn, server, o)
}

// turnTalk is a conversation with one server.
type turnTalk struct {
	net    *Net
	ctx    context.Context
	r      *TURNReport
	conn   *turnPacketConn
	client *turn.Client

	mu sync.Mutex
	// socket is the error that ended reading.
	socket error
}

// talkTURN asks over an open connection, and closes it.
func (n *Net) talkTURN(ctx context.Context, r *TURNReport, conn *turnPacketConn, server webrtc.ICEServer, o TURNOptions) {
	password, _ := server.Credential.(string)
	client, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: r.Address.String(), Conn: conn, Username: server.Username, Password: password,
		RTO: turnResend, LoggerFactory: silentLog(),
		// LiveKit's own addresses are asked about, and those are IPv4: a server
		// that is reached over IPv6 need not relay it.
		RequestedAddressFamily: turn.RequestedAddressFamilyIPv4,
	})
	if err != nil {
		_ = conn.Close()
		r.Failed, r.Text = TURNConnect, n.line(err.Error())
		return
	}
	t := &turnTalk{net: n, ctx: ctx, r: r, conn: conn, client: client}
	reading := make(chan struct{})
	go func() { defer close(reading); t.read() }()
	hangUp := func() { client.Close(); _ = conn.Close() }
	stop := context.AfterFunc(ctx, hangUp)
	t.ask(o)
	stop()
	hangUp()
	<-reading
}

// read hands the server's messages to the client. When the socket fails, what
// is waited for will not come.
func (t *turnTalk) read() {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := t.conn.ReadFrom(buf)
		if err != nil {
			t.mu.Lock()
			t.socket = err
			t.mu.Unlock()
			t.client.Close()
			return
		}
		_, _ = t.client.HandleInbound(buf[:n], from)
	}
}

// socketError is why the socket is of no use, if it is not.
func (t *turnTalk) socketError() error {
	if err := t.conn.writeError(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.socket
}

func (t *turnTalk) ask(o TURNOptions) {
	if t.r.STUN {
		if err := t.bind(); err != nil {
			t.fail(TURNBinding, err)
		}
		return
	}
	// Some TURN servers answer no binding request: it is asked beside the rest.
	bound := make(chan struct{})
	go func() { defer close(bound); _ = t.bind() }()
	start := time.Now()
	relay, err := t.client.Allocate()
	if err != nil {
		t.fail(TURNAllocate, err)
		t.client.Close() // ends the binding request, too
		<-bound
		return
	}
	defer func() { _ = relay.Close() }()
	t.r.Allocate, t.r.Relay = time.Since(start), addrPort(relay.LocalAddr())
	timer := time.NewTimer(4*t.r.Allocate + turnResend)
	defer timer.Stop()
	select {
	case <-bound:
	case <-timer.C:
	}
	if t.permit(o) {
		t.roundTrip(relay)
	}
	t.client.Close()
	<-bound
}

// bind asks how the server sees this machine.
func (t *turnTalk) bind() error {
	start := time.Now()
	mapped, err := t.client.SendBindingRequestTo(t.conn.to)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.r.Answer, t.r.Mapped = time.Since(start), addrPort(mapped)
	return nil
}

// mapped is this machine as the server sees it, invalid while it has not said.
func (t *turnTalk) mapped() netip.AddrPort {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.r.Mapped
}

// fail records the step that did not work, and how.
func (t *turnTalk) fail(step TURNStep, err error) {
	t.r.Failed = step
	var answer *stun.TurnError
	switch {
	case errors.As(err, &answer):
		t.r.Code, t.r.Text = int(answer.ErrorCodeAttr.Code), t.net.line(string(answer.ErrorCodeAttr.Reason))
	case t.r.Allocate == 0 && !t.mapped().IsValid() && !errors.Is(err, stun.ErrAttributeNotFound):
		t.r.Failure = t.net.silentTURN(t.ctx, t.r, t.socketError(), err)
	default:
		t.r.Text = t.net.line(err.Error())
	}
}

// permit asks for permission to send to this machine and to the peers. It tells
// whether a round trip to this machine is possible.
func (t *turnTalk) permit(o TURNOptions) bool {
	start := time.Now()
	defer func() { t.r.Permission = time.Since(start) }()
	for _, peer := range o.Peers {
		t.r.PeersAsked++
		err := t.client.CreatePermission(net.UDPAddrFromAddrPort(netip.AddrPortFrom(peer, 9)))
		if t.denied(err) {
			t.r.PeersDenied = append(t.r.PeersDenied, peer)
		}
	}
	mapped := t.mapped()
	if !mapped.IsValid() || mapped.Addr().Is4() != t.r.Relay.Addr().Is4() {
		return false
	}
	err := t.client.CreatePermission(net.UDPAddrFromAddrPort(mapped))
	t.r.OwnDenied = t.denied(err)
	return err == nil
}

// denied keeps the server's refusal. A server that allows none of the peers (or
// not this machine, where no peer is known) is no use as a relay: the caller
// judges that.
func (t *turnTalk) denied(err error) bool {
	var answer *stun.TurnError
	if !errors.As(err, &answer) {
		if err != nil {
			t.fail(TURNPermission, err)
		}
		return false
	}
	t.fail(TURNPermission, err)
	return true
}

func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		p := a.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	case *net.TCPAddr:
		p := a.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return netip.AddrPort{}
}
