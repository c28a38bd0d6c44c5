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
	config := turn.ServerConfig{
		Realm: turnRealm,
		AuthHandler: func(a *turn.RequestAttributes) (string, []byte, bool) {
			return a.Username, turn.GenerateAuthKey(a.Username, turnRealm, t.Password), a.Username == t.Username
		},
		LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard, ScopeLevels: map[string]logging.LogLevel{}},
	}
	var relays turn.RelayAddressGenerator = &turn.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"}
	if opts.Mute {
		relays = muteRelays{relays}
	}
	if opts.Blocked != "" {
		relays = openRelays{relays, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(opts.Blocked)), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(opts.Open))}
	}
	permit := func(net.Addr, net.IP) bool { return !opts.Deny }
	if err := t.listen(&config, opts, relays, permit); err != nil {
		return nil, fmt.Errorf("start a TURN server: %w", err)
	}
	server, err := turn.NewServer(config)
	if err != nil {
		return nil, fmt.Errorf("start a TURN server: %w", err)
	}
	t.server = server
	return t, nil
}

func (t *TURN) listen(config *turn.ServerConfig, opts TURNOptions, relays turn.RelayAddressGenerator, permit turn.PermissionHandler) error {
	if t.transport == "udp" {
		conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			return err
		}
		t.Addr = conn.LocalAddr().String()
		config.PacketConnConfigs = []turn.PacketConnConfig{{PacketConn: conn, RelayAddressGenerator: relays, PermissionHandler: permit}}
		return nil
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	t.Addr = listener.Addr().String()
	if t.transport == "tls" {
		listener = tls.NewListener(listener, opts.TLS)
	}
	config.ListenerConfigs = []turn.ListenerConfig{{Listener: listener, RelayAddressGenerator: relays, PermissionHandler: permit}}
	return nil
}

// muteRelays makes relays that send and receive nothing.
type muteRelays struct{ turn.RelayAddressGenerator }

func (m muteRelays) AllocatePacketConn(conf turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	conn, addr, err := m.RelayAddressGenerator.AllocatePacketConn(conf)
	if err != nil {
		return nil, nil, err
	}
	return mutePacketConn{conn}, addr, nil
}

type mutePacketConn struct{ net.PacketConn }

// ReadFrom discards what comes until the connection is closed.
func (c mutePacketConn) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		if _, _, err := c.PacketConn.ReadFrom(p); err != nil {
			return 0, nil, err
		}
	}
}

// WriteTo discards p.
func (c mutePacketConn) WriteTo(p []byte, _ net.Addr) (int, error) { return len(p), nil }

// openRelays makes relays that replace one address by another.
type openRelays struct {
	turn.RelayAddressGenerator
	blocked, open *net.UDPAddr
}

func (o openRelays) AllocatePacketConn(conf turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	conn, addr, err := o.RelayAddressGenerator.AllocatePacketConn(conf)
	if err != nil {
		return nil, nil, err
	}
	return openPacketConn{conn, o.blocked, o.open}, addr, nil
}

type openPacketConn struct {
	net.PacketConn
	blocked, open *net.UDPAddr
}

func (c openPacketConn) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := c.PacketConn.ReadFrom(p)
	if err == nil && from.String() == c.open.String() {
		from = c.blocked
	}
	return n, from, err
}

func (c openPacketConn) WriteTo(p []byte, to net.Addr) (int, error) {
	if to.String() == c.blocked.String() {
		to = c.open
	}
	return c.PacketConn.WriteTo(p, to)
}

// URL returns the server as an ICE URL.
func (t *TURN) URL() string {
	scheme, transport := "turn", t.transport
	if transport == "tls" {
		scheme, transport = "turns", "tcp"
	}
	return scheme + ":" + t.Addr + "?transport=" + transport
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
	err := t.server.Close()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
