package session

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/pion/stun/v3"
	"github.com/pion/turn/v5"
	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe"
)

func uriHostPort(u *stun.URI) string { return net.JoinHostPort(u.Host, strconv.Itoa(u.Port)) }

// PhaseUDP is the phase of a request over UDP.
const PhaseUDP probe.Phase = "udp"

// turnConn is a connection to a STUN or TURN server. It keeps its first error: an
// ICMP answer to one packet is reported only to the next reader or writer of the
// socket.
type turnConn struct {
	net.PacketConn
	to net.Addr

	mu  sync.Mutex
	err error
}

// WriteTo sends to the server.
func (c *turnConn) WriteTo(p []byte, to net.Addr) (int, error) {
	n, err := c.PacketConn.WriteTo(p, to)
	c.keep(err)
	return n, err
}

func (c *turnConn) keep(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
}

func (c *turnConn) firstError() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// dialTURN connects over TCP, and finishes the TLS handshake where the URL asks
// for it.
func dialTURN(ctx context.Context, n *probe.Net, r *TURNReport, host string) (*turnConn, *probe.Failure) {
	_, port, _ := net.SplitHostPort(r.Host)
	conn, f := n.ConnectTCP(ctx, net.JoinHostPort(host, port))
	if f != nil {
		r.Failed = TURNConnect
		if f.Phase == probe.PhaseDNS {
			r.Failed = TURNResolve
		}
		return nil, f
	}
	r.Address = conn.Address
	if r.Transport == "tls" {
		// With ALPN http/1.1, coturn treats the connection as a browser's.
		config := n.TLSConfig(host)
		config.NextProtos = nil
		if f := n.Handshake(ctx, conn, host, config); f != nil {
			_ = conn.Close()
			r.Failed = TURNHandshake
			return nil, f
		}
	}
	to := net.UDPAddrFromAddrPort(conn.Address) // the client keys on the text only
	return &turnConn{PacketConn: turn.NewSTUNConn(conn), to: to}, nil
}

// dialUDP opens a socket connected to one address, so that the system reports ICMP
// errors.
func dialUDP(ctx context.Context, n *probe.Net, to netip.AddrPort) (*turnConn, *probe.Failure) {
	conn, err := n.Dialer()(ctx, "udp", to.String())
	if err != nil {
		f := n.DialFailure(ctx, to.String(), 0, err)
		f.Phase, f.Address = PhaseUDP, to.String()
		return nil, f
	}
	addr := net.UDPAddrFromAddrPort(to)
	return &turnConn{PacketConn: &connectedUDP{Conn: conn, to: addr}, to: addr}, nil
}

// connectedUDP is a connected socket with the interface of an unconnected one.
type connectedUDP struct {
	net.Conn
	to net.Addr
}

// ReadFrom reads from the connected address.
func (c *connectedUDP) ReadFrom(p []byte) (int, net.Addr, error) {
	n, err := c.Read(p)
	return n, c.to, err
}

// WriteTo writes to the connected address.
func (c *connectedUDP) WriteTo(p []byte, _ net.Addr) (int, error) { return c.Write(p) }

// silentTURN returns the failure of a server that did not answer. The socket's
// error says more than the client's.
func silentTURN(ctx context.Context, n *probe.Net, r *TURNReport, socket, err error) *probe.Failure {
	f := &probe.Failure{Kind: probe.KindSilent, Phase: probe.PhaseTCP, Host: r.Host, Address: r.Address.String()}
	if r.Transport == "udp" {
		f.Phase = PhaseUDP
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		f.Kind = probe.KindCancelled
	case errors.Is(socket, syscall.ECONNREFUSED):
		f.Kind = probe.KindRefused
	case errors.Is(socket, syscall.ECONNRESET), errors.Is(socket, syscall.EPIPE):
		f.Kind = probe.KindReset
	case socket != nil && r.Transport != "udp" && !errors.Is(socket, net.ErrClosed) && !errors.Is(socket, os.ErrDeadlineExceeded):
		f.Kind = probe.KindClosed
	}
	if f.Kind != probe.KindSilent && f.Kind != probe.KindCancelled && socket != nil {
		f.Detail = n.Line(socket.Error())
	}
	return f
}

// turnResend is the time after which an unanswered request is first repeated.
const turnResend = 150 * time.Millisecond

// askTURN runs the steps.
func askTURN(ctx context.Context, n *probe.Net, r *TURNReport, uri *stun.URI, server webrtc.ICEServer, o TURNOptions) {
	if r.Transport != "udp" {
		conn, f := dialTURN(ctx, n, r, uri.Host)
		if f != nil {
			r.Failure = f
			return
		}
		talkTURN(ctx, n, r, conn, server, o)
		return
	}
	addrs, f := n.Lookup(ctx, uri.Host)
	if f != nil {
		f.Host = r.Host
		r.Failed, r.Failure = TURNResolve, f
		return
	}
	addrs = addrs[:min(len(addrs), caps.TURNAddresses)]
	for i, addr := range addrs {
		askUDP(ctx, n, r, netip.AddrPortFrom(addr, uint16(uri.Port)), len(addrs)-i, server, o)
		if r.Failure == nil || ctx.Err() != nil {
			return
		}
	}
}

// askUDP asks one address of a name, within its share of the remaining time.
func askUDP(ctx context.Context, n *probe.Net, r *TURNReport, to netip.AddrPort, share int, server webrtc.ICEServer, o TURNOptions) {
	r.Address, r.Failed, r.Failure = to, "", nil
	if deadline, ok := ctx.Deadline(); ok && share > 1 {
		own, cancel := context.WithTimeout(ctx, time.Until(deadline)/time.Duration(share))
		defer cancel()
		ctx = own
	}
	conn, f := dialUDP(ctx, n, to)
	if f != nil {
		r.Failed, r.Failure = TURNConnect, f
		return
	}
	talkTURN(ctx, n, r, conn, server, o)
}

// turnTalk is an exchange with one server.
type turnTalk struct {
	net    *probe.Net
	ctx    context.Context
	r      *TURNReport
	conn   *turnConn
	client *turn.Client

	mu sync.Mutex // of what bind writes
}

// talkTURN asks over an open connection, and closes it.
func talkTURN(ctx context.Context, n *probe.Net, r *TURNReport, conn *turnConn, server webrtc.ICEServer, o TURNOptions) {
	password, _ := server.Credential.(string)
	client, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: r.Address.String(), Conn: conn, Username: server.Username, Password: password,
		RTO: turnResend, LoggerFactory: silentLog(),
		// The peers are LiveKit's own addresses, which are IPv4: a server that is
		// reached over IPv6 need not relay IPv6.
		RequestedAddressFamily: turn.RequestedAddressFamilyIPv4,
	})
	if err != nil {
		_ = conn.Close()
		r.Failed, r.Text = TURNConnect, n.Line(err.Error())
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

// read passes the server's messages to the client. When the socket fails, it ends
// the waits.
func (t *turnTalk) read() {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := t.conn.ReadFrom(buf)
		if err != nil {
			t.conn.keep(err)
			t.client.Close()
			return
		}
		_, _ = t.client.HandleInbound(buf[:n], from)
	}
}

func (t *turnTalk) ask(o TURNOptions) {
	if t.r.STUN {
		if err := t.bind(); err != nil {
			t.fail(TURNBinding, err)
		}
		return
	}
	// Some TURN servers answer no binding request: it runs concurrently.
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

// bind asks for this machine's address as the server sees it.
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

// mapped returns this machine's address as the server sees it, invalid while it is
// unknown.
func (t *turnTalk) mapped() netip.AddrPort {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.r.Mapped
}

// fail records the failed step and its error.
func (t *turnTalk) fail(step TURNStep, err error) {
	t.r.Failed = step
	var answer *stun.TurnError
	switch {
	case errors.As(err, &answer):
		t.r.Code, t.r.Text = int(answer.ErrorCodeAttr.Code), t.net.Line(string(answer.ErrorCodeAttr.Reason))
	case t.r.Allocate == 0 && !t.mapped().IsValid() && !errors.Is(err, stun.ErrAttributeNotFound):
		t.r.Failure = silentTURN(t.ctx, t.net, t.r, t.conn.firstError(), err)
	default:
		t.r.Text = t.net.Line(err.Error())
	}
}

// permit asks for permission to send to this machine and to the peers. It reports
// whether a round trip to this machine is possible.
func (t *turnTalk) permit(o TURNOptions) bool {
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

// denied records the server's refusal. A server that allows none of the peers (or
// not this machine, where no peer is known) cannot be used as a relay; the caller
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

// echoResend is how soon an unanswered packet through the relay is repeated.
const echoResend = 100 * time.Millisecond

// roundTrip sends a packet to the relay address, reads it from the relay, sends it
// back through the relay, and waits for it.
func (t *turnTalk) roundTrip(relay net.PacketConn) {
	socket, err := t.net.Dialer()(t.ctx, "udp", t.r.Relay.String())
	if err != nil {
		t.failRelay(err)
		return
	}
	ctx, cancel := context.WithTimeout(t.ctx, t.net.Waits().Echo)
	defer cancel()
	var echo sync.WaitGroup
	echo.Go(func() { echoBack(relay) })
	took, err := exchangeEcho(ctx, socket)
	_ = socket.Close()
	_ = relay.SetReadDeadline(time.Unix(1, 0))
	echo.Wait()
	if err != nil {
		t.failRelay(err)
		return
	}
	t.r.RoundTrip = took
}

func (t *turnTalk) failRelay(err error) {
	if t.r.Failed == "" {
		t.r.Failed, t.r.Text = TURNRelay, t.net.Line(err.Error())
	}
}

// echoBack returns every packet from the relay to its sender.
func echoBack(relay net.PacketConn) {
	buf := make([]byte, 512)
	for {
		n, from, err := relay.ReadFrom(buf)
		if err != nil {
			return
		}
		if _, err := relay.WriteTo(buf[:n], from); err != nil {
			return
		}
	}
}

var errNothingBack = errors.New("nothing came back through the relay")

// exchangeEcho sends numbered packets of random bytes until one comes back. The
// first ones may be lost before the relay knows its permissions.
func exchangeEcho(ctx context.Context, socket net.Conn) (time.Duration, error) {
	packet, buf := make([]byte, 33), make([]byte, 512)
	_, _ = rand.Read(packet)
	var sent []time.Time
	for ctx.Err() == nil && len(sent) < 256 {
		packet[32] = byte(len(sent))
		sent = append(sent, time.Now())
		if _, err := socket.Write(packet); err != nil {
			return 0, err
		}
		_ = socket.SetReadDeadline(time.Now().Add(echoResend))
		for {
			n, err := socket.Read(buf)
			if err != nil {
				break
			}
			if n == len(packet) && bytes.Equal(buf[:32], packet[:32]) && int(buf[32]) < len(sent) {
				return max(time.Since(sent[buf[32]]), 1), nil
			}
		}
	}
	return 0, errNothingBack
}
