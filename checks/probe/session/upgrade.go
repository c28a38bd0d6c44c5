package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe"
	"lkdoctor/config/clean"
)

// SignalKind says how the signalling connection failed.
type SignalKind string

// The kinds, in the order in which a join meets them.
const (
	// SignalNetwork: no HTTP answer to the upgrade; Network says why.
	SignalNetwork SignalKind = "network"
	// SignalUpgradeRefused: an HTTP answer other than 101; Status, Header and
	// Body are its own.
	SignalUpgradeRefused SignalKind = "upgrade_refused"
	// SignalClosed: the WebSocket opened and ended before the server said Join.
	SignalClosed SignalKind = "closed"
	// SignalSilent: the WebSocket opened and no first frame came in time. The Go
	// SDK waits forever here.
	SignalSilent SignalKind = "silent"
	// SignalNotSignal: the first frame is not LiveKit's protocol.
	SignalNotSignal SignalKind = "not_signal"
	// SignalLeave: the server answered Leave instead of Join.
	SignalLeave SignalKind = "leave"
	// SignalCancelled: the caller's context was cancelled after the upgrade.
	SignalCancelled SignalKind = "cancelled"
)

// SignalFailure is why there is no Join. It is an error whose text is safe to show;
// every string in it is cleaned and redacted.
type SignalFailure struct {
	Kind SignalKind
	// Network is set for SignalNetwork.
	Network *probe.Failure
	// Status, Header and Body are the HTTP answer that refused the upgrade. Header
	// holds only fields that identify the server: Server, Via, CF-Ray, Location,
	// Content-Type, X-Powered-By, Retry-After, Date. Body is capped at 1 KiB.
	Status int
	Header http.Header
	Body   string
	// LiveKit reports whether Body is a known answer of livekit-server, and Refusal
	// its meaning, as for /rtc/validate.
	LiveKit bool
	Refusal probe.Reason
	// Upgraded reports whether the WebSocket opened.
	Upgraded bool
	// CloseCode and CloseText come from the server's close frame. CloseCode 1006
	// (never sent on the wire, RFC 6455 section 7.4.1) means that the connection ended
	// without one.
	CloseCode int
	CloseText string
	// FrameType is text or binary, FrameLength its bytes and Excerpt its readable
	// beginning: the frame that came instead of Join.
	FrameType   string
	FrameLength int
	Excerpt     string
	// Reason and Action are those of Leave, in LiveKit's own words:
	// DUPLICATE_IDENTITY, DISCONNECT.
	Reason, Action string
	// Phases are the times of the steps, Took is the whole time.
	Phases SignalPhases
	Took   time.Duration
	// Err is the cause, for errors.Is and errors.As. Show Error, never this.
	Err error
}

// Error returns what failed, in words that are safe to show.
func (f *SignalFailure) Error() string {
	if f == nil {
		return "no failure"
	}
	switch f.Kind {
	case SignalNetwork:
		return "signal: " + f.Network.Error()
	case SignalUpgradeRefused:
		if f.Body == "" {
			return fmt.Sprintf("signal: upgrade refused: %d, empty body", f.Status)
		}
		return fmt.Sprintf("signal: upgrade refused: %d: %s", f.Status, f.Body)
	case SignalClosed:
		return strings.TrimSpace(fmt.Sprintf("signal: closed before join: %d %s", f.CloseCode, f.CloseText))
	case SignalNotSignal:
		return fmt.Sprintf("signal: first frame is not a signal response: %s, %d bytes", f.FrameType, f.FrameLength)
	case SignalLeave:
		return fmt.Sprintf("signal: leave instead of join: %s", f.Reason)
	}
	return "signal: " + string(f.Kind)
}

// Unwrap returns the cause.
func (f *SignalFailure) Unwrap() error {
	switch {
	case f == nil:
		return nil
	case f.Network != nil:
		return f.Network
	}
	return f.Err
}

// The client that the upgrade names: the Go SDK with which the facts about the
// server were measured. Protocol 16 is the newest of which this package reads all
// messages.
const (
	signalProtocol = "16"
)

// upgraded is an open WebSocket and the measurements of its connection.
type upgraded struct {
	ws       *websocket.Conn
	phases   SignalPhases
	remote   netip.AddrPort
	loopback bool
	bytes    *pacer // of all that is read
}

// upgrade is one request for a WebSocket.
type upgrade struct {
	net   *probe.Net
	base  *url.URL
	token string
	o     Options
	// resume is the SID of the participant to resume, "" for a join.
	resume string
	start  time.Time
}

// address returns the URL and the header of the request.
func (g *upgrade) address() (*url.URL, http.Header) {
	u := probe.WSURL(probe.Endpoint(g.base, "/rtc"))
	q := url.Values{"version": {probe.ClientVersion}, "protocol": {signalProtocol}, "sdk": {"go"}, "auto_subscribe": {"0"}}
	if g.o.Subscribe {
		q.Set("auto_subscribe", "1")
	}
	if g.resume != "" {
		q.Set("reconnect", "1")
		q.Set("sid", g.resume)
	}
	h := http.Header{"User-Agent": {cmp.Or(g.net.UserAgent, "lkdoctor")}}
	if g.o.Via == ViaQuery {
		q.Set("access_token", g.token)
	} else {
		h.Set("Authorization", "Bearer "+g.token)
	}
	u.RawQuery = q.Encode()
	return u, h
}

// ask connects and requests the WebSocket. A warm connection that the server has
// closed is replaced once.
func (g *upgrade) ask(ctx context.Context) (upgraded, *SignalFailure) {
	if f := probe.CheckURL(g.base); f != nil {
		return upgraded{}, &SignalFailure{Kind: SignalNetwork, Network: f}
	}
	uctx, cancel := context.WithTimeout(ctx, g.o.waits(g.net).Upgrade)
	defer cancel()
	warm := g.net.TakeConn(uctx, g.base)
	up, f := g.once(ctx, uctx, warm)
	if warm != nil && f != nil && f.Network != nil && (f.Network.Kind == probe.KindReset || f.Network.Kind == probe.KindClosed) {
		return g.once(ctx, uctx, nil)
	}
	return up, f
}

// once sends the request over conn, or over a new connection.
func (g *upgrade) once(ctx, uctx context.Context, conn *probe.Conn) (upgraded, *SignalFailure) {
	network := func(f *probe.Failure) *SignalFailure {
		f.Took = time.Since(g.start)
		return &SignalFailure{Kind: SignalNetwork, Network: f}
	}
	up, dialer, conn, f := g.dialer(uctx, conn)
	if f != nil {
		return up, network(f)
	}
	u, header := g.address()
	asked := time.Now()
	ws, resp, err := dialer.DialContext(uctx, u.String(), header)
	up.phases.Upgrade = time.Since(asked)
	switch {
	case err == nil:
		up.ws = ws
		return up, nil
	case resp != nil:
		return up, g.refused(resp)
	}
	return up, network(g.unanswered(ctx, uctx, conn, err))
}

// dialer uses conn, opens a connection if it is nil, or leaves that to the
// WebSocket library when a proxy is used: no connection is returned then.
func (g *upgrade) dialer(uctx context.Context, conn *probe.Conn) (up upgraded, ws *websocket.Dialer, _ *probe.Conn, f *probe.Failure) {
	n, base := g.net, g.base
	up.loopback = probe.IsLoopbackHost(base.Hostname())
	up.bytes = &pacer{burst: caps.SignalBytesBurst, perSecond: caps.SignalBytesPerSecond}
	ws = &websocket.Dialer{ReadBufferSize: 16 << 10, WriteBufferSize: 4 << 10}
	switch proxy, err := n.ProxyFor(base); {
	case err != nil:
		return up, nil, nil, &probe.Failure{Kind: probe.KindProxy, Phase: probe.PhaseProxy, Host: n.Line(probe.HostPort(base)), Detail: n.Line(err.Error())}
	case proxy != nil:
		ws.Proxy = http.ProxyURL(proxy)
		ws.NetDialContext = closesWith(uctx, up.bytes, n.Dialer())
		ws.TLSClientConfig = n.TLSConfig(base.Hostname())
		return up, ws, nil, nil
	}
	if conn == nil {
		if conn, f = n.Connect(uctx, base); f != nil {
			return up, nil, nil, f
		}
	}
	up.phases = SignalPhases{DNS: conn.Phases.DNS, TCP: conn.Phases.TCP, TLS: conn.Phases.TLS}
	up.remote = conn.Address
	up.loopback = up.loopback || probe.AddrKind(conn.Address.Addr()) == probe.ScopeLoopback
	ws.NetDialContext = closesWith(uctx, up.bytes, func(context.Context, string, string) (net.Conn, error) { return conn, nil })
	ws.NetDialTLSContext = ws.NetDialContext
	return up, ws, conn, nil
}

// closesWith limits the reading of a connection, and closes it when ctx is
// cancelled: once connected, the WebSocket library heeds only a context's deadline.
func closesWith(ctx context.Context, pace *pacer, dial probe.DialFunc) probe.DialFunc {
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
		return &stoppableConn{Conn: &pacedConn{Conn: conn, pace: pace}, stop: stop}, nil
	}
}

// stoppableConn stops watching its context once the library clears the deadline,
// which it does when the upgrade is done.
type stoppableConn struct {
	net.Conn
	stop func() bool
}

// SetDeadline sets the deadline; the zero time also stops watching. If the context
// was cancelled at that moment, the upgrade is done: the wait for Join then sees
// the cancellation, and leaves.
func (c *stoppableConn) SetDeadline(t time.Time) error {
	if t.IsZero() {
		c.stop()
	}
	return c.Conn.SetDeadline(t)
}

// refused returns the failure for an HTTP answer other than 101.
func (g *upgrade) refused(resp *http.Response) *SignalFailure {
	header := http.Header{}
	for _, name := range []string{"Server", "Via", "Cf-Ray", "Location", "Content-Type", "X-Powered-By", "Retry-After", "Date"} {
		if v := resp.Header.Get(name); v != "" {
			header.Set(name, g.net.Line(withoutToken(v, g.token)))
		}
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, caps.Refusal))
	verdict := probe.ClassifyVerdict(resp.StatusCode, string(body))
	return &SignalFailure{
		Kind:    SignalUpgradeRefused,
		Status:  resp.StatusCode,
		Header:  header,
		Body:    g.net.Short(withoutToken(string(body), g.token), 1024),
		LiveKit: verdict.FromLiveKit,
		Refusal: verdict.Reason,
		Err:     websocket.ErrBadHandshake,
	}
}

// unanswered returns why no HTTP answer came.
func (g *upgrade) unanswered(ctx, uctx context.Context, conn *probe.Conn, err error) *probe.Failure {
	f := &probe.Failure{Kind: probe.KindOther, Phase: probe.PhaseHTTP, Host: g.net.Line(probe.HostPort(g.base)),
		Detail: g.net.Line(withoutToken(err.Error(), g.token))}
	var head []byte
	if conn != nil {
		f.Address = conn.Address.String()
		head = conn.Head()
	}
	var netError net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		f.Kind, f.Detail = probe.KindCancelled, ""
	case conn == nil: // the proxy
		f.Kind, f.Phase = probe.KindProxy, probe.PhaseProxy
	case uctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &netError) && netError.Timeout():
		if f.Kind = probe.KindSilent; len(head) > 0 {
			f.Kind = probe.KindHeaderSlow
		}
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		f.Kind = probe.KindReset
	case len(head) == 0 && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		f.Kind = probe.KindClosed
	case len(head) > 0:
		f.Kind = probe.KindNotHTTP
		f.What, f.Banner = g.net.Banner(head)
		if f.What == probe.ServerOtherHTTP {
			f.Kind = probe.KindClosed
		}
	}
	return f
}

// withoutToken removes the token from text: LiveKit's refusals up to 1.13.5 echo
// it. A beginning of the token at the end of text is removed too, since a body may
// be cut off in it.
func withoutToken(text, token string) string {
	text = probe.Without(text, token)
	for k := min(len(token)-1, len(text)); k >= 8; k-- {
		if strings.HasSuffix(text, token[:k]) {
			return text[:len(text)-k] + clean.Hidden
		}
	}
	return text
}
