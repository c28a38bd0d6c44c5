package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/gorilla/websocket"

	"lkdoctor/checks/clean"
)

// signalVersion and signalProtocol are what the upgrade claims to be: the Go
// SDK that the facts about the server were measured with. Protocol 16 is the
// newest whose messages are all understood here.
const (
	signalVersion  = "2.18.1"
	signalProtocol = "16"
)

// maxSignalMessage caps one message of the server; a JoinResponse of a room
// with a thousand people stays far below.
const maxSignalMessage = 4 << 20

// upgraded is an open WebSocket and what is known of its connection.
type upgraded struct {
	ws       *websocket.Conn
	phases   SignalPhases
	remote   netip.AddrPort
	loopback bool
	tls      *TLSInfo
}

// signalURL is where the upgrade goes. No track is subscribed to: the doctor
// watches how it connects and must not draw a room's media to itself.
func signalURL(base *url.URL, token string, via TokenVia) (*url.URL, http.Header) {
	u := WSURL(join(base, "/rtc"))
	q := url.Values{}
	q.Set("version", signalVersion)
	q.Set("protocol", signalProtocol)
	q.Set("sdk", "go")
	q.Set("auto_subscribe", "0")
	h := http.Header{}
	if via == ViaQuery {
		q.Set("access_token", token)
	} else {
		h.Set("Authorization", "Bearer "+token)
	}
	u.RawQuery = q.Encode()
	return u, h
}

// upgrade connects and asks for the WebSocket. A warm connection that turns out
// to have been hung up on is replaced once.
func (n *Net) upgrade(ctx context.Context, base *url.URL, token string, o SignalOptions, start time.Time) (upgraded, *SignalFailure) {
	if f := checkURL(base); f != nil {
		return upgraded{}, &SignalFailure{Kind: SignalNetwork, Network: f}
	}
	uctx, cancel := context.WithTimeout(ctx, o.Upgrade)
	defer cancel()
	warm := n.TakeConn(uctx, base)
	up, f := n.upgradeOnce(ctx, uctx, base, token, o, start, warm)
	if warm != nil && f != nil && f.Network != nil && (f.Network.Kind == KindReset || f.Network.Kind == KindClosed) {
		return n.upgradeOnce(ctx, uctx, base, token, o, start, nil)
	}
	return up, f
}

// upgradeOnce asks over conn, or over a connection of its own.
func (n *Net) upgradeOnce(ctx, uctx context.Context, base *url.URL, token string, o SignalOptions, start time.Time, conn *Conn) (upgraded, *SignalFailure) {
	network := func(f *Failure) *SignalFailure {
		f.Took = time.Since(start)
		return &SignalFailure{Kind: SignalNetwork, Network: f}
	}
	up, dial, f := n.signalDialer(ctx, uctx, base, conn)
	if f != nil {
		return up, network(f)
	}
	o.Observe(Step{StepDialled, time.Since(start)})
	u, header := signalURL(base, token, o.Via)
	header.Set("User-Agent", firstOf(n.UserAgent, "lkdoctor"))
	asked := time.Now()
	ws, resp, err := dial.ws.DialContext(uctx, u.String(), header)
	up.phases.Upgrade = time.Since(asked)
	if err == nil {
		up.ws = ws
		return up, nil
	}
	if resp != nil {
		return up, n.refusedUpgrade(resp, token)
	}
	return up, network(n.upgradeFailure(ctx, uctx, base, dial, err, token))
}

// signalDial is a WebSocket dialer and the connection that it uses.
type signalDial struct {
	ws *websocket.Dialer
	// conn is nil when the dialer goes through a proxy.
	conn *Conn
	// proxied tells that the connection is the proxy's.
	proxied bool
}

// signalDialer uses conn, opens a connection if there is none, or leaves that
// to the WebSocket library when a proxy is in the way.
func (n *Net) signalDialer(ctx, uctx context.Context, base *url.URL, conn *Conn) (upgraded, signalDial, *Failure) {
	up := upgraded{loopback: IsLoopbackHost(base.Hostname())}
	ws := &websocket.Dialer{ReadBufferSize: 16 << 10, WriteBufferSize: 4 << 10}
	proxy, err := n.ProxyFor(base)
	if err != nil {
		return up, signalDial{}, &Failure{Kind: KindProxy, Phase: PhaseProxy, Host: n.line(HostPort(base)), Detail: n.line(err.Error()), Err: err}
	}
	if proxy != nil {
		ws.Proxy = http.ProxyURL(proxy)
		ws.NetDialContext = closesWith(uctx, n.dialer())
		ws.TLSClientConfig = n.TLSConfig(base.Hostname())
		return up, signalDial{ws: ws, proxied: true}, nil
	}
	if conn == nil {
		var f *Failure
		if conn, f = n.Connect(uctx, base); f != nil {
			return up, signalDial{}, f
		}
	}
	up.phases = SignalPhases{DNS: conn.Phases.DNS, TCP: conn.Phases.TCP, TLS: conn.Phases.TLS}
	up.remote, up.tls = conn.Address, conn.TLS
	up.loopback = up.loopback || AddrKind(conn.Address.Addr()) == ScopeLoopback
	open := closesWith(uctx, func(context.Context, string, string) (net.Conn, error) { return conn, nil })
	ws.NetDialContext, ws.NetDialTLSContext = open, open
	return up, signalDial{ws: ws, conn: conn}, nil
}

// closesWith cuts a connection short when ctx is cancelled: the WebSocket
// library heeds only a context's deadline once it is connected.
func closesWith(ctx context.Context, dial DialFunc) DialFunc {
	return func(dctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(dctx, network, addr)
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(ctx, func() {
			if errors.Is(ctx.Err(), context.Canceled) {
				_ = conn.SetDeadline(time.Unix(1, 0))
			}
		})
		return &stoppableConn{Conn: conn, stop: stop}, nil
	}
}

// stoppableConn ends the watch over its context once the library clears the
// deadline, which it does when the upgrade is done.
type stoppableConn struct {
	net.Conn
	stop func() bool
}

// SetDeadline sets the deadline; the zero time also ends the watch. If the
// context was cancelled just then, the upgrade is done all the same: whoever
// waits for Join sees the cancellation, and leaves politely.
func (c *stoppableConn) SetDeadline(t time.Time) error {
	if t.IsZero() {
		c.stop()
	}
	return c.Conn.SetDeadline(t)
}

// Close ends the watch and closes.
func (c *stoppableConn) Close() error {
	c.stop()
	return c.Conn.Close()
}

// refusedUpgrade keeps what an HTTP answer other than 101 said.
func (n *Net) refusedUpgrade(resp *http.Response, token string) *SignalFailure {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1024))
	text := withoutToken(string(body), token)
	verdict := ClassifyVerdict(resp.StatusCode, string(body))
	return &SignalFailure{
		Kind:    SignalUpgradeRefused,
		Status:  resp.StatusCode,
		Header:  n.tellingHeader(resp.Header, token),
		Body:    n.short(text, 1024),
		LiveKit: verdict.FromLiveKit,
		Refusal: verdict.Reason,
		Err:     websocket.ErrBadHandshake,
	}
}

// upgradeFailure says why no HTTP answer came.
func (n *Net) upgradeFailure(ctx, uctx context.Context, base *url.URL, dial signalDial, err error, token string) *Failure {
	f := &Failure{Kind: KindOther, Phase: PhaseHTTP, Host: n.line(HostPort(base)), Err: err,
		Detail: n.line(withoutToken(err.Error(), token))}
	var head []byte
	if dial.conn != nil {
		f.Address, f.Attempts = dial.conn.Address.String(), dial.conn.Attempts
		head = dial.conn.Head()
	}
	var netError net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		f.Kind, f.Detail = KindCancelled, ""
	case dial.proxied:
		f.Kind, f.Phase = KindProxy, PhaseProxy
	case uctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &netError) && netError.Timeout():
		if f.Kind = KindSilent; len(head) > 0 {
			f.Kind = KindHeaderSlow
		}
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		f.Kind = KindReset
	case len(head) == 0 && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		f.Kind = KindClosed
	case len(head) > 0:
		f.Kind = KindNotHTTP
		f.What, f.Banner = n.banner(head)
		if f.What == ServerOtherHTTP {
			f.Kind = KindClosed
		}
	}
	return f
}

// withoutToken takes the token out of text: LiveKit's refusals up to 1.13.5
// echo it. An end that is the token's beginning goes too, since a body may be
// cut off in the middle of it.
func withoutToken(text, token string) string {
	text = without(text, token)
	for k := min(len(token)-1, len(text)); k >= 8; k-- {
		if strings.HasSuffix(text, token[:k]) {
			return text[:len(text)-k] + clean.Hidden
		}
	}
	return text
}
