package session

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pion/stun/v3"
	"github.com/pion/turn/v5"
	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe"
)

// TURNStep names a step of asking one URL, in the order in which they are taken.
type TURNStep string

// The steps. A STUN server takes TURNBinding instead of the last three.
const (
	TURNResolve    TURNStep = "dns"
	TURNConnect    TURNStep = "connect" // TCP; over UDP the first answer decides
	TURNHandshake  TURNStep = "tls"
	TURNBinding    TURNStep = "binding"
	TURNAllocate   TURNStep = "allocate"
	TURNPermission TURNStep = "permission"
	TURNRelay      TURNStep = "relay"
)

// TURNReport is the result of asking one URL of the JoinResponse's ICE servers. It
// holds no credential; all strings are cleaned.
type TURNReport struct {
	// URL is as the server sent it. STUN reports whether it is a STUN server.
	URL  string
	STUN bool
	// Transport is udp, tcp, tls or dtls; Host is host and port.
	Transport, Host string
	// NotAsked is why nothing was asked: "loopback" for a STUN server on the
	// internet while LiveKit is on this machine, "dtls" for TURN over DTLS. ""
	// otherwise.
	NotAsked string
	// Failed is the first step that failed, "" if none did.
	Failed TURNStep
	// Failure is why it could not be reached; nil from the allocation on.
	Failure *probe.Failure
	// Code and Text are the error that the server answered with (RFC 8656 section
	// 19): 401 for wrong credentials, 403 forbidden, 486 quota. Code is 0 where it
	// answered something else or nothing.
	Code int
	Text string
	// Cancelled reports whether the caller's context ended before the answer.
	Cancelled bool

	// Address is the server's address.
	Address netip.AddrPort
	// Mapped is this machine's address as the server sees it, Relay the relay
	// address.
	Mapped, Relay netip.AddrPort
	// OwnDenied reports whether the relay may not send to this machine. PeersDenied
	// are the peers to which it may not; PeersAsked counts those asked.
	OwnDenied   bool
	PeersAsked  int
	PeersDenied []netip.Addr
	// RoundTrip is the time from this machine to the relay address, through the
	// server back to this machine, and the same way back; 0 if nothing arrived.
	RoundTrip time.Duration

	// Answer and Allocate are the times until the first answer and the relay
	// address, Took is the whole time.
	Answer, Allocate, Took time.Duration
}

// PhaseUDP is the phase of a request over UDP.
const PhaseUDP probe.Phase = "udp"

// TURN asks every STUN and TURN URL that the server handed out, concurrently: name,
// connection, certificate, an allocation with the credentials, permissions and a
// round trip through the relay. peers are addresses at which LiveKit takes media, to
// which the relay must be permitted to send; at most four are used. It uses only the
// JoinResponse and also works after Leave. Everything is closed when it returns.
func (p *Participant) TURN(ctx context.Context, peers []netip.Addr) []TURNReport {
	servers := p.iceList()
	reports := make([]TURNReport, len(servers))
	var all sync.WaitGroup
	for i, server := range servers {
		u, _ := probe.ParseICEURL(server.URLs[0])
		t := &turnTalk{net: p.net, url: u, hostPort: net.JoinHostPort(u.Host, strconv.Itoa(u.Port)), server: server,
			peers: peers[:min(len(peers), caps.TURNPeers)], r: &reports[i]}
		all.Go(func() { t.report(ctx, p.Loopback) })
	}
	all.Wait()
	return reports
}

// OffersTURN reports whether the server handed out a usable TURN server.
func (p *Participant) OffersTURN() bool { return slices.ContainsFunc(p.iceList(), isTURN) }

// turnTalk is an exchange with the server of one URL.
type turnTalk struct {
	net      *probe.Net
	url      probe.ICEURL
	hostPort string
	server   webrtc.ICEServer
	peers    []netip.Addr
	r        *TURNReport
	// conn and client are those of the address that is asked now.
	conn   *turnConn
	client *turn.Client
}

func (t *turnTalk) report(ctx context.Context, loopback bool) {
	start, r := time.Now(), t.r
	*r = TURNReport{URL: t.net.Line(t.server.URLs[0]), STUN: !t.url.TURN(), Transport: t.url.Transport, Host: t.net.Line(t.hostPort)}
	if strings.HasSuffix(t.url.Scheme, "s") { // RFC 7065
		r.Transport = map[string]string{"udp": "dtls", "tcp": "tls"}[t.url.Transport]
	}
	switch {
	case r.Transport == "dtls":
		r.NotAsked = "dtls"
		return
	case r.STUN && loopback && !probe.IsLoopbackHost(t.url.Host):
		r.NotAsked = "loopback"
		return
	}
	uctx, cancel := context.WithTimeout(ctx, t.net.Waits().TURN)
	defer cancel()
	if r.Transport == "udp" {
		t.overUDP(uctx)
	} else {
		t.overTCP(uctx)
	}
	r.Cancelled = r.Failed != "" && ctx.Err() != nil
	r.Took = time.Since(start)
}

func (t *turnTalk) overTCP(ctx context.Context) {
	conn, f := t.net.ConnectTCP(ctx, t.hostPort)
	if f != nil {
		t.r.Failed, t.r.Failure = TURNConnect, f
		if f.Phase == probe.PhaseDNS {
			t.r.Failed = TURNResolve
		}
		return
	}
	t.r.Address = conn.Address
	if t.r.Transport == "tls" {
		// With ALPN http/1.1, coturn treats the connection as a browser's.
		config := t.net.TLSConfig(t.url.Host)
		config.NextProtos = nil
		if f := t.net.Handshake(ctx, conn, t.url.Host, config); f != nil {
			_ = conn.Close()
			t.r.Failed, t.r.Failure = TURNHandshake, f
			return
		}
	}
	t.talk(ctx, turn.NewSTUNConn(conn))
}

// overUDP asks the addresses of the name in turn, until one answers.
func (t *turnTalk) overUDP(ctx context.Context) {
	addrs, f := t.net.Lookup(ctx, t.url.Host)
	if f != nil {
		f.Host = t.r.Host
		t.r.Failed, t.r.Failure = TURNResolve, f
		return
	}
	addrs = addrs[:min(len(addrs), caps.TURNAddresses)]
	for i, addr := range addrs {
		t.r.Address, t.r.Failed, t.r.Failure = netip.AddrPortFrom(addr, uint16(t.url.Port)), "", nil
		t.overSocket(ctx, len(addrs)-i)
		if t.r.Failure == nil || ctx.Err() != nil {
			return
		}
	}
}

// overSocket asks r.Address, within its share of the remaining time. The socket is
// connected, so that the system reports ICMP errors.
func (t *turnTalk) overSocket(ctx context.Context, share int) {
	if deadline, ok := ctx.Deadline(); ok && share > 1 {
		part, cancel := context.WithTimeout(ctx, time.Until(deadline)/time.Duration(share))
		defer cancel()
		ctx = part
	}
	to := t.r.Address.String()
	conn, err := t.net.Dialer()(ctx, "udp", to)
	if err != nil {
		f := t.net.DialFailure(ctx, to, 0, err)
		f.Phase, f.Address = PhaseUDP, to
		t.r.Failed, t.r.Failure = TURNConnect, f
		return
	}
	t.talk(ctx, &connectedUDP{Conn: conn, to: net.UDPAddrFromAddrPort(t.r.Address)})
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

// turnConn is a connection to a STUN or TURN server. It keeps its first error: an
// ICMP answer to one packet is reported only to the next reader or writer of the
// socket.
type turnConn struct {
	net.PacketConn
	err atomic.Pointer[error]
}

// WriteTo sends to the server.
func (c *turnConn) WriteTo(p []byte, to net.Addr) (int, error) {
	n, err := c.PacketConn.WriteTo(p, to)
	if err != nil {
		c.err.CompareAndSwap(nil, &err)
	}
	return n, err
}

// silent returns the failure of a server that did not answer. The socket's error
// says more than the client's.
func (t *turnTalk) silent(ctx context.Context) *probe.Failure {
	f := &probe.Failure{Kind: probe.KindSilent, Phase: probe.PhaseTCP, Host: t.r.Host, Address: t.r.Address.String()}
	udp := t.r.Transport == "udp"
	if udp {
		f.Phase = PhaseUDP
	}
	first := t.conn.err.Load()
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		f.Kind = probe.KindCancelled
		return f
	case first == nil:
		return f
	case errors.Is(*first, syscall.ECONNREFUSED):
		f.Kind = probe.KindRefused
	case errors.Is(*first, syscall.ECONNRESET), errors.Is(*first, syscall.EPIPE):
		f.Kind = probe.KindReset
	case udp, errors.Is(*first, net.ErrClosed), errors.Is(*first, os.ErrDeadlineExceeded):
		return f
	default:
		f.Kind = probe.KindClosed
	}
	f.Detail = t.net.Line((*first).Error())
	return f
}

// turnResend is the time after which an unanswered request is first repeated.
const turnResend = 150 * time.Millisecond

// talk asks over an open connection, and closes it.
func (t *turnTalk) talk(ctx context.Context, conn net.PacketConn) {
	t.conn = &turnConn{PacketConn: conn}
	password, _ := t.server.Credential.(string)
	client, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: t.r.Address.String(), Conn: t.conn, Username: t.server.Username, Password: password,
		RTO: turnResend, LoggerFactory: silentLog(),
		// The peers are LiveKit's own addresses, which are IPv4: a server that is
		// reached over IPv6 need not relay IPv6.
		RequestedAddressFamily: turn.RequestedAddressFamilyIPv4,
	})
	if err != nil {
		_ = conn.Close()
		t.r.Failed, t.r.Text = TURNConnect, t.net.Line(err.Error())
		return
	}
	t.client = client
	reading := make(chan struct{})
	go func() { defer close(reading); t.read() }()
	closeBoth := func() { client.Close(); _ = conn.Close() }
	stop := context.AfterFunc(ctx, closeBoth)
	t.ask(ctx)
	stop()
	closeBoth()
	<-reading
}

// read passes the server's messages to the client. When the socket fails, it ends
// the waits.
func (t *turnTalk) read() {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := t.conn.ReadFrom(buf)
		if err != nil {
			t.conn.err.CompareAndSwap(nil, &err)
			t.client.Close()
			return
		}
		_, _ = t.client.HandleInbound(buf[:n], from)
	}
}

func (t *turnTalk) ask(ctx context.Context) {
	// Some TURN servers answer no binding request: it runs concurrently. Until it is
	// over, Answer and Mapped are its own.
	bound := make(chan struct{})
	var unbound error
	go func() { defer close(bound); unbound = t.bind() }()
	if t.r.STUN {
		if <-bound; unbound != nil {
			t.fail(ctx, TURNBinding, unbound)
		}
		return
	}
	start := time.Now()
	relay, err := t.client.Allocate()
	if err != nil {
		t.client.Close() // ends the binding request, too
		<-bound
		t.fail(ctx, TURNAllocate, err)
		return
	}
	defer func() { _ = relay.Close() }()
	t.r.Allocate, t.r.Relay = time.Since(start), addrPort(relay.LocalAddr())
	var mapped netip.AddrPort
	select {
	case <-bound:
		mapped = t.r.Mapped
	case <-time.After(4*t.r.Allocate + turnResend):
	}
	if t.permit(ctx, mapped) {
		if t.r.RoundTrip, err = t.roundTrip(ctx, relay); err != nil && t.r.Failed == "" {
			t.r.Failed, t.r.Text = TURNRelay, t.net.Line(err.Error())
		}
	}
	t.client.Close()
	<-bound
}

// bind asks for this machine's address as the server sees it.
func (t *turnTalk) bind() error {
	start := time.Now()
	mapped, err := t.client.SendBindingRequestTo(net.UDPAddrFromAddrPort(t.r.Address)) // over TCP, too: the client keys on the text
	if err == nil {
		t.r.Answer, t.r.Mapped = time.Since(start), addrPort(mapped)
	}
	return err
}

// fail records the failed step and its error. The binding request is over, or the
// allocation was made.
func (t *turnTalk) fail(ctx context.Context, step TURNStep, err error) {
	t.r.Failed = step
	switch answer, is := errors.AsType[*stun.TurnError](err); {
	case is:
		t.r.Code, t.r.Text = int(answer.ErrorCodeAttr.Code), t.net.Line(string(answer.ErrorCodeAttr.Reason))
	case t.r.Allocate == 0 && !t.r.Mapped.IsValid() && !errors.Is(err, stun.ErrAttributeNotFound):
		t.r.Failure = t.silent(ctx)
	default:
		t.r.Text = t.net.Line(err.Error())
	}
}

// permit asks for permission to send to this machine and to the peers. It reports
// whether a round trip to this machine is possible. A server that allows none of the
// peers (or not this machine, where no peer is known) cannot be used as a relay; the
// caller judges that.
func (t *turnTalk) permit(ctx context.Context, mapped netip.AddrPort) bool {
	for _, peer := range t.peers {
		t.r.PeersAsked++
		if _, denied := t.permission(ctx, netip.AddrPortFrom(peer, 9)); denied {
			t.r.PeersDenied = append(t.r.PeersDenied, peer)
		}
	}
	if !mapped.IsValid() || mapped.Addr().Is4() != t.r.Relay.Addr().Is4() {
		return false
	}
	var given bool
	given, t.r.OwnDenied = t.permission(ctx, mapped)
	return given
}

// permission asks for permission to send to one address. denied reports whether the
// server refused it.
func (t *turnTalk) permission(ctx context.Context, to netip.AddrPort) (given, denied bool) {
	err := t.client.CreatePermission(net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.fail(ctx, TURNPermission, err)
	}
	_, denied = errors.AsType[*stun.TurnError](err)
	return err == nil, denied
}

func addrPort(a net.Addr) netip.AddrPort {
	if a, ok := a.(interface{ AddrPort() netip.AddrPort }); ok {
		return netip.AddrPortFrom(a.AddrPort().Addr().Unmap(), a.AddrPort().Port())
	}
	return netip.AddrPort{}
}

// echoResend is how soon an unanswered packet through the relay is repeated.
const echoResend = 100 * time.Millisecond

// roundTrip sends a packet to the relay address, reads it from the relay, sends it
// back through the relay, and waits for it.
func (t *turnTalk) roundTrip(ctx context.Context, relay net.PacketConn) (time.Duration, error) {
	socket, err := t.net.Dialer()(ctx, "udp", t.r.Relay.String())
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, t.net.Waits().Echo)
	defer cancel()
	var echo sync.WaitGroup
	echo.Go(func() { echoBack(relay) })
	took, err := exchangeEcho(ctx, socket)
	_ = socket.Close()
	_ = relay.SetReadDeadline(time.Unix(1, 0))
	echo.Wait()
	return took, err
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
