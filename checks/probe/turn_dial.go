package probe

import (
	"context"
	"crypto/tls"
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
)

func uriHostPort(u *stun.URI) string { return net.JoinHostPort(u.Host, strconv.Itoa(u.Port)) }

// PhaseUDP is the phase of a server that was asked over UDP.
const PhaseUDP Phase = "udp"

// maxTURNAddresses is how many addresses of one name are tried over UDP.
const maxTURNAddresses = 3

// turnPacketConn is a connection to a STUN or TURN server. It keeps the error of
// a write: an ICMP answer to one packet is told to whoever uses the socket next,
// reader or writer, and to nobody after that.
type turnPacketConn struct {
	net.PacketConn
	to net.Addr

	mu    sync.Mutex
	wrote error
}

// WriteTo sends to the server.
func (c *turnPacketConn) WriteTo(p []byte, to net.Addr) (int, error) {
	n, err := c.PacketConn.WriteTo(p, to)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.wrote == nil {
			c.wrote = err
		}
	}
	return n, err
}

// writeError is the first error of a write.
func (c *turnPacketConn) writeError() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wrote
}

// dialTURN connects over TCP, and finishes the TLS handshake where the URL asks
// for it. It fills in what it measures.
func (n *Net) dialTURN(ctx context.Context, r *TURNReport, host string) (*turnPacketConn, *Failure) {
	conn, f := n.connectTCP(ctx, net.JoinHostPort(host, portOf(r.Host)))
	if f != nil {
		r.Failed = TURNConnect
		if f.Phase == PhaseDNS {
			r.Failed = TURNResolve
		}
		return nil, f
	}
	r.Address, r.DNS, r.TCP = conn.Address, conn.Phases.DNS, conn.Phases.TCP
	if r.Transport == "tls" {
		if f := n.turnHandshake(ctx, conn, host); f != nil {
			_ = conn.Close()
			r.Failed = TURNHandshake
			return nil, f
		}
		r.TLS, r.Handshake = conn.TLS, conn.Phases.TLS
	}
	to := net.UDPAddrFromAddrPort(conn.Address) // the client keys on the text only
	return &turnPacketConn{PacketConn: turn.NewSTUNConn(conn), to: to}, nil
}

func portOf(hostPort string) string {
	_, port, _ := net.SplitHostPort(hostPort)
	return port
}

// turnHandshake is handshake without ALPN: offered http/1.1, coturn takes the
// connection for a browser's.
func (n *Net) turnHandshake(ctx context.Context, conn *Conn, host string) *Failure {
	hctx, cancel := context.WithTimeout(ctx, n.limits().TLS)
	defer cancel()
	config := n.TLSConfig(host)
	config.NextProtos = nil
	raw := &Conn{Conn: conn.Conn}
	secure := tls.Client(raw, config)
	start := time.Now()
	err := secure.HandshakeContext(hctx)
	if err == nil {
		conn.Conn, conn.Phases.TLS, conn.TLS = secure, time.Since(start), n.tlsInfo(secure.ConnectionState())
		return nil
	}
	f := &Failure{Phase: PhaseTLS, Host: n.line(conn.Host), Address: conn.Address.String(),
		Detail: n.line(err.Error()), Cert: n.refusedCert(err), Took: time.Since(start), Err: err}
	kind, plain := tlsKind(err, raw.Head())
	switch f.Kind = kind; {
	case errors.Is(ctx.Err(), context.Canceled):
		f.Kind, f.Detail = KindCancelled, ""
	case plain:
		f.What, f.Banner = n.banner(raw.Head())
	case hctx.Err() != nil && len(raw.Head()) == 0:
		f.Kind, f.Detail = KindSilent, "the TLS handshake was not answered"
	}
	return f
}

// dialUDP makes a socket that sends to one address only, so that the system
// tells of ICMP errors.
func (n *Net) dialUDP(ctx context.Context, to netip.AddrPort) (*turnPacketConn, *Failure) {
	conn, err := n.dialer()(ctx, "udp", to.String())
	if err != nil {
		return nil, &Failure{Kind: dialKind(err), Phase: PhaseUDP, Host: to.String(), Address: to.String(), Detail: n.line(err.Error()), Err: err}
	}
	addr := net.UDPAddrFromAddrPort(to)
	return &turnPacketConn{PacketConn: &connectedUDP{Conn: conn, to: addr}, to: addr}, nil
}

// connectedUDP is a connected socket with the interface of an unconnected one.
type connectedUDP struct {
	net.Conn
	to net.Addr
}

// ReadFrom reads what the one address sent.
func (c *connectedUDP) ReadFrom(p []byte) (int, net.Addr, error) {
	n, err := c.Read(p)
	return n, c.to, err
}

// WriteTo sends to the one address.
func (c *connectedUDP) WriteTo(p []byte, _ net.Addr) (int, error) { return c.Write(p) }

// silentTURN is the failure of a server that did not answer. The error of its
// socket says more than the client's own.
func (n *Net) silentTURN(ctx context.Context, r *TURNReport, socket, err error) *Failure {
	f := &Failure{Kind: KindSilent, Phase: PhaseTCP, Host: r.Host, Address: r.Address.String(), Err: err}
	if r.Transport == "udp" {
		f.Phase = PhaseUDP
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		f.Kind = KindCancelled
	case errors.Is(socket, syscall.ECONNREFUSED):
		f.Kind = KindRefused
	case errors.Is(socket, syscall.ECONNRESET), errors.Is(socket, syscall.EPIPE):
		f.Kind = KindReset
	case socket != nil && r.Transport != "udp" && !errors.Is(socket, net.ErrClosed) && !errors.Is(socket, os.ErrDeadlineExceeded):
		f.Kind = KindClosed
	}
	if f.Kind != KindSilent && f.Kind != KindCancelled && socket != nil {
		f.Detail = n.line(socket.Error())
	}
	return f
}
