package lab

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/logging"
	"github.com/pion/turn/v5"
)

// TURNOptions configure a TURN server.
type TURNOptions struct {
	// Transport is udp, tcp or tls; empty is udp.
	Transport string
	// TLS is the configuration of transport tls.
	TLS *tls.Config
	// Deny makes it refuse permission to send to any peer.
	Deny bool
	// Mute makes it relay nothing, as a firewall before its relay ports does.
	Mute bool
	// Blocked, if not "", is a UDP address that stands for Open: the server relays to and
	// from Open, and calls it Blocked, as if a firewall let only this server through.
	Blocked, Open string
}

// TURN is a TURN server on a free loopback port. Unlike livekit-server's, it takes any
// port for TLS, and relays to loopback addresses.
type TURN struct {
	// Addr is its host and port.
	Addr string
	// Username and Password are the credentials that it accepts.
	Username, Password string

	transport string
	server    *turn.Server
}

// turnRealm is the realm in the server's challenges.
const turnRealm = "lklab"

// StartTURN starts a TURN server. The caller closes it.
func StartTURN(opts TURNOptions) (*TURN, error) {
	t := &TURN{Username: "lklab-" + randomHex(4), Password: randomHex(16), transport: cmp.Or(opts.Transport, "udp")}
	if err := t.start(opts); err != nil {
		return nil, fmt.Errorf("start a TURN server: %w", err)
	}
	return t, nil
}

func (t *TURN) start(opts TURNOptions) (err error) {
	config := turn.ServerConfig{
		Realm: turnRealm,
		AuthHandler: func(a *turn.RequestAttributes) (string, []byte, bool) {
			return a.Username, turn.GenerateAuthKey(a.Username, turnRealm, t.Password), a.Username == t.Username
		},
		LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard, ScopeLevels: map[string]logging.LogLevel{}},
	}
	relays, permit := opts.relays(), func(net.Addr, net.IP) bool { return !opts.Deny }
	if t.transport == "udp" {
		conn, err := net.ListenPacket("udp4", freePort)
		if err != nil {
			return err
		}
		t.Addr = conn.LocalAddr().String()
		config.PacketConnConfigs = []turn.PacketConnConfig{{PacketConn: conn, RelayAddressGenerator: relays, PermissionHandler: permit}}
	} else {
		listener, err := net.Listen("tcp4", freePort)
		if err != nil {
			return err
		}
		t.Addr = listener.Addr().String()
		if t.transport == "tls" {
			listener = tls.NewListener(listener, opts.TLS)
		}
		config.ListenerConfigs = []turn.ListenerConfig{{Listener: listener, RelayAddressGenerator: relays, PermissionHandler: permit}}
	}
	t.server, err = turn.NewServer(config)
	return err
}

// relays makes relays that put what swap returns in place of the address of a peer.
type relays struct {
	turn.RelayAddressGenerator
	swap func(net.Addr) net.Addr
}

// relays returns the generator of the server's relays.
func (o TURNOptions) relays() relays {
	swapped := map[string]net.Addr{}
	for from, to := range map[string]string{o.Blocked: o.Open, o.Open: o.Blocked} {
		if to != "" {
			swapped[from] = net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to))
		}
	}
	loopback := &turn.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"}
	return relays{loopback, func(addr net.Addr) net.Addr {
		switch other, is := swapped[addr.String()]; {
		case o.Mute:
			return nil
		case is:
			return other
		}
		return addr
	}}
}

func (r relays) AllocatePacketConn(conf turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	conn, addr, err := r.RelayAddressGenerator.AllocatePacketConn(conf)
	if err != nil {
		return nil, nil, err
	}
	return relayConn{conn, r.swap}, addr, nil
}

// relayConn discards packets from and to a peer for which swap returns nil.
type relayConn struct {
	net.PacketConn
	swap func(net.Addr) net.Addr
}

func (c relayConn) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(p)
		if err != nil {
			return 0, nil, err
		}
		if from = c.swap(from); from != nil {
			return n, from, nil
		}
	}
}

func (c relayConn) WriteTo(p []byte, to net.Addr) (int, error) {
	if to = c.swap(to); to == nil {
		return len(p), nil
	}
	return c.PacketConn.WriteTo(p, to)
}

// URL returns the server as an ICE URL.
func (t *TURN) URL() string {
	if t.transport == "tls" {
		return "turns:" + t.Addr + "?transport=tcp"
	}
	return "turn:" + t.Addr + "?transport=" + t.transport
}

// ICEServer returns the server for a JoinResponse.
func (t *TURN) ICEServer() *livekit.ICEServer {
	return &livekit.ICEServer{Urls: []string{t.URL()}, Username: t.Username, Credential: t.Password}
}

// Config returns the server for turn_servers in LiveKitOptions.RTC.
func (t *TURN) Config() string {
	host, port, _ := net.SplitHostPort(t.Addr)
	return fmt.Sprintf("{host: %q, port: %s, protocol: %s, username: %q, credential: %q}", host, port, t.transport, t.Username, t.Password)
}

// Close stops the server and its allocations. It may be called twice.
func (t *TURN) Close() error {
	if err := t.server.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
